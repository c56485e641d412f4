//! Registering a plugin's type: one macro for each stage, and the wrapper that makes panics speak first.
//!
//! Natively the macros make nothing: the names of exports have characters that no native linker takes in a shared library,
//! and unit tests call the trait's functions directly.

use std::marker::PhantomData;

/// The type that is really registered: installs the panic hook, then calls the plugin.
#[doc(hidden)]
pub struct Reporting<T>(PhantomData<T>);

/// Forwards one interface through [`Reporting`] and makes the macro that registers it.
macro_rules! stage {
    (
        $feature:literal, $module:ident, $interface:ident, $macro_name:ident, $doc:literal,
        $(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)+
    ) => {
        #[cfg(feature = $feature)]
        impl<T: crate::$interface::Guest> crate::$interface::Guest for Reporting<T> {
            $(fn $name($($argument: $type),*) $(-> $result)? {
                crate::report_panics();
                T::$name($($argument),*)
            })+
        }

        #[cfg(feature = $feature)]
        #[doc = $doc]
        #[macro_export]
        macro_rules! $macro_name {
            ($plugin:ty) => {
                #[cfg(target_arch = "wasm32")]
                const _: () = {
                    type Plugin = $crate::Reporting<$plugin>;
                    $crate::bindings::$module::export!(Plugin with_types_in $crate::bindings::$module);
                };
            };
        }
    };
}

#[allow(unused_imports, clippy::wildcard_imports)] // which of these are used depends on the features
use crate::types::*;

stage! { "mapping", mapper, mapping, export_mapping,
    "Exports the mapping stage of a type that implements [`mapping::Guest`](crate::mapping::Guest).",
    fn map(context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>>;
}
stage! { "enrichment", enricher, enrichment, export_enrichment,
    "Exports the enrichment stage of a type that implements [`enrichment::Guest`](crate::enrichment::Guest).",
    fn enrich(context: Context, submissions: Vec<Submission>) -> Vec<Result<Vec<Question>, Failure>>;
}
stage! { "qualification", qualifier, qualification, export_qualification,
    "Exports the qualification stage of a type that implements [`qualification::Guest`](crate::qualification::Guest).",
    fn qualify(context: Context, severity: Severity, submissions: Vec<Submission>) -> Vec<Result<Verdict, Failure>>;
}
stage! { "shaping", shaper, shaping, export_shaping,
    "Exports the shaping stage of a type that implements [`shaping::Guest`](crate::shaping::Guest).",
    fn shape(context: Context, requests: Vec<ShapeRequest>) -> Vec<Result<Payload, Failure>>;
}
stage! { "response", interpreter, response, export_response,
    "Exports the response stage of a type that implements [`response::Guest`](crate::response::Guest).",
    fn interpret(context: Context, answers: Vec<ClientAnswer>) -> Vec<Result<Option<Outcome>, Failure>>;
}
stage! { "configuration", configurable, configuration, export_configuration,
    "Exports the configuration of a type that implements [`configuration::Guest`](crate::configuration::Guest).",
    fn compile(document: String) -> Result<Compiled, Vec<Diagnostic>>;
    fn load(plan: Vec<u8>) -> Result<(), Failure>;
    fn describe() -> Description;
}
stage! { "lifecycle", prepared, lifecycle, export_lifecycle,
    "Exports the preparation of a type that implements [`lifecycle::Guest`](crate::lifecycle::Guest).",
    fn initialize();
}
