//! The host's side of the contract, generated from `wit/v1`. Nothing here is written by hand.

// The generated code implements wasmtime's unsafe traits and documents its functions only as far as the WIT does.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic)]

wasmtime::component::bindgen!({
    path: "../../wit/v1",
    world: "plugin",
    imports: { default: trappable },
    additional_derives: [PartialEq],
});
