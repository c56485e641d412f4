//! What wit-bindgen makes of `wit/v1`: the types once, then one module for each single-stage world on top of them.
//!
//! A custom section of the core module tells `wit-component` what to export. With `pub_export_macro` it comes with the
//! registration and not with these modules, so what a plugin's [`export!`](crate::export) lists alone is exported.

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
    additional_derives: [PartialEq],
    generate_all,
});

/// Generates the module of one world, with the macro that wit-bindgen makes for registering a type in it.
macro_rules! world {
    ($module:ident, $world:literal $(, $types:literal)?) => {
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

world!(mapper, "hookmill:plugin/mapper", "hookmill:plugin/types@1.0.0");
world!(enricher, "hookmill:plugin/enricher", "hookmill:plugin/types@1.0.0");
world!(qualifier, "hookmill:plugin/qualifier", "hookmill:plugin/types@1.0.0");
world!(shaper, "hookmill:plugin/shaper", "hookmill:plugin/types@1.0.0");
world!(interpreter, "hookmill:plugin/interpreter", "hookmill:plugin/types@1.0.0");
world!(configurable, "hookmill:plugin/configurable", "hookmill:plugin/types@1.0.0");
world!(prepared, "hookmill:plugin/prepared");
