//! What an author of Hookmill plugins uses: the contract in Rust types, one trait and one macro for each stage, and a
//! panic that says where it happened.
//!
//! A plugin is a crate of type `cdylib` that names the stages it exports as features of this crate, implements their
//! traits, and registers the type that does so:
//!
//! ```toml
//! hookmill-plugin-sdk = { version = "0.1", features = ["mapping"] }
//! ```
//! ```
//! # #[cfg(feature = "mapping")] mod plugin {
//! use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped, MappedLead};
//! use hookmill_plugin_sdk::mapping;
//!
//! struct PassThrough;
//!
//! impl mapping::Guest for PassThrough {
//!     fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
//!         let lead = |body| MappedLead { lead: body, is_test: false, notices: vec![] };
//!         elements.into_iter().map(|element| Ok(Mapped { leads: vec![Ok(lead(element.body))], trace: None })).collect()
//!     }
//! }
//!
//! hookmill_plugin_sdk::export_mapping!(PassThrough);
//! # }
//! ```
//!
//! The component exports **exactly** the interfaces whose features are on: each feature brings the description of its
//! world into the module, and a described interface that nobody registers makes the module invalid. So turn on what you
//! export and nothing else.
//!
//! Everything compiles natively too, so that a plugin's stages are plain functions in its unit tests; there
//! [`log::write`] and [`lookup::get`] must not be called (they panic), only [`logging`] is safe.

#[doc(hidden)]
pub mod bindings;
mod export;
mod failures;
pub mod logging;
mod panics;

pub use bindings::hookmill::plugin::{log, lookup};
#[doc(hidden)]
pub use export::Reporting;
pub use panics::report_panics;

/// The records of the contract, as `wit/v1/types.wit` documents them.
pub mod types {
    pub use crate::bindings::hookmill::plugin::types::*;
}

#[cfg(feature = "configuration")]
pub use bindings::configurable::exports::hookmill::plugin::configuration;
#[cfg(feature = "enrichment")]
pub use bindings::enricher::exports::hookmill::plugin::enrichment;
#[cfg(feature = "response")]
pub use bindings::interpreter::exports::hookmill::plugin::response;
#[cfg(feature = "mapping")]
pub use bindings::mapper::exports::hookmill::plugin::mapping;
#[cfg(feature = "lifecycle")]
pub use bindings::prepared::exports::hookmill::plugin::lifecycle;
#[cfg(feature = "qualification")]
pub use bindings::qualifier::exports::hookmill::plugin::qualification;
#[cfg(feature = "shaping")]
pub use bindings::shaper::exports::hookmill::plugin::shaping;
