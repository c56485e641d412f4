//! Bounds with their names: each table of limits is written once, as constants, and can be read as a list by the reference.

/// A bound.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The name by which messages call it.
    pub name: &'static str,
    /// How much is allowed.
    pub max: i128,
    /// What is counted.
    pub about: &'static str,
}

/// Constants, and the list of them.
macro_rules! bounds {
    ($($(#[doc = $about:literal])+ pub const $name:ident: $kind:ty = $max:expr;)+) => {
        $($(#[doc = $about])+ pub const $name: $kind = $max;)+

        /// All of them.
        pub const BOUNDS: &[$crate::bounds::Bound] = &[
            $($crate::bounds::Bound { name: stringify!($name), max: $name as i128, about: concat!($($about),+) }),+
        ];
    };
}

pub(crate) use bounds;
