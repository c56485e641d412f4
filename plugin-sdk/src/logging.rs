//! The former names of what [`log`](crate::log) and [`export!`](crate::export) do, while guests move over.

use crate::log::{Level, write};

macro_rules! level {
    ($($name:ident: $level:ident),+) => {
        $(
            /// Writes one line.
            #[doc(hidden)]
            pub fn $name(message: &str) {
                write(Level::$level, message);
            }
        )+
    };
}

level!(debug: Debug, info: Info, warn: Warn, error: Error);

macro_rules! export {
    ($dollar:tt: $($name:ident $interface:ident),+) => {
        $(
            #[doc(hidden)]
            #[macro_export]
            macro_rules! $name {
                ($dollar plugin:ty) => { $dollar crate::export!(guest $dollar plugin: $interface); };
            }
        )+
    };
}

export!($: export_mapping mapping, export_enrichment enrichment, export_qualification qualification,
    export_shaping shaping, export_response response, export_configuration configuration, export_lifecycle lifecycle);
