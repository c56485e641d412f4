//! What wit-bindgen makes of `wit/v1`: the types once, then one module for each single-stage world on top of them.
//!
//! A world's module carries a custom section that tells `wit-component` what the module exports. Sections of several
//! worlds are merged, so a plugin that turns on `mapping` and `shaping` becomes a component of exactly these two.

// The code is generated: its lints are wit-bindgen's affair, and the canonical ABI cannot be had without `unsafe`.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::wildcard_imports)]

wit_bindgen::generate!({
    path: "../wit/v1",
    inline: "
        package hookmill:sdk;
        world types {
            import hookmill:plugin/types@1.0.0;
            import hookmill:plugin/log@1.0.0;
            import hookmill:plugin/lookup@1.0.0;
        }
    ",
    world: "hookmill:sdk/types",
    generate_unused_types: true,
    generate_all,
});

/// Generates the module of one world, with the macro that wit-bindgen makes for registering a type in it.
macro_rules! world {
    ($feature:literal, $module:ident, $world:literal $(, $types:literal)?) => {
        #[cfg(feature = $feature)]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../wit/v1",
                world: $world,
                with: {
                    $($types: crate::bindings::hookmill::plugin::types,)?
                    "hookmill:plugin/log@1.0.0": crate::bindings::hookmill::plugin::log,
                    "hookmill:plugin/lookup@1.0.0": crate::bindings::hookmill::plugin::lookup,
                },
                pub_export_macro: true,
                export_macro_name: "export",
            });
        }
    };
}

world!("mapping", mapper, "hookmill:plugin/mapper", "hookmill:plugin/types@1.0.0");
world!("enrichment", enricher, "hookmill:plugin/enricher", "hookmill:plugin/types@1.0.0");
world!("qualification", qualifier, "hookmill:plugin/qualifier", "hookmill:plugin/types@1.0.0");
world!("shaping", shaper, "hookmill:plugin/shaper", "hookmill:plugin/types@1.0.0");
world!("response", interpreter, "hookmill:plugin/interpreter", "hookmill:plugin/types@1.0.0");
world!("configuration", configurable, "hookmill:plugin/configurable", "hookmill:plugin/types@1.0.0");
world!("lifecycle", prepared, "hookmill:plugin/prepared");
