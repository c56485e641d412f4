//! Hookmill: a WebAssembly plugin host for webhook transforms in lead campaigns.
pub mod model;
pub mod outbound;
