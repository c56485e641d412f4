//! What an author of Hookmill plugins uses: the contract in Rust types, one trait for each stage, and one macro that
//! registers them.
//!
//! A plugin is a crate of type `cdylib`. It implements the stages it wants to serve, the host's default plugin serves the rest:
//!
//! ```
//! use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped};
//! use hookmill_plugin_sdk::{Configure, Map, NewLead, export, log, testing};
//!
//! /// What an admin configures: the keys of a JSON document.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Labels {
//!     /// The label that every lead gets.
//!     source: String,
//! }
//!
//! impl Configure for Labels {}
//!
//! impl Map for Labels {
//!     fn map(&self, _context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
//!         let mut body = element.object()?;
//!         let email = body.take("Mail Address");
//!         if email.is_blank() {
//!             log::info!("{} has no address", element.submission_id);
//!         }
//!         Ok(NewLead::new().email(email).source(&self.source).keep_rest(&body).into())
//!     }
//! }
//!
//! export!(Labels: configuration, mapping);
//!
//! // In a unit test:
//! let plugin: Labels = testing::configured(r#"{"source": "fair"}"#).unwrap();
//! let mapped = plugin.map(&testing::context(), &testing::inbound(r#"{"Mail Address": "a@example.com", "n": 1.0}"#));
//! assert_eq!(testing::lead(&mapped.unwrap()), r#"{"email":"a@example.com","source":"fair","custom":{"n":1.0}}"#);
//! ```
//!
//! Three layers, from far to near: [`types`] are the records of the contract; [`mapping`], [`enrichment`], [`qualification`],
//! [`shaping`], [`interpretation`], [`configuration`] and [`lifecycle`] are its interfaces as wit-bindgen makes them, for plugins that
//! count microseconds; [`Map`], [`Enrich`], [`Qualify`], [`Shape`], [`Interpret`], [`Configure`] and [`Prepare`] are what one
//! writes.
//!
//! With the feature `jsonpath`, what a stage is given can be queried: `element.select("$.field_data[?@.name=='email'].values[0]")`.
//!
//! Everything compiles natively too, so a plugin's unit tests need no server and no WebAssembly: see [`testing`].

#![deny(missing_docs)]

#[doc(hidden)]
pub mod bindings;
mod builders;
mod compiling;
mod configure;
mod field;
mod inputs;
#[cfg(feature = "jsonpath")]
pub mod jsonpath;
mod lead;
pub mod log;
pub mod lookup;
mod new_lead;
mod object;
mod panics;
mod registration;
mod stages;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text_fields;

pub use configure::Configure;
pub use field::Field;
pub use lead::Lead;
pub use new_lead::{IntoField, NewLead};
pub use object::Object;
pub use panics::report_panics;
#[doc(hidden)]
pub use registration::{Adapter, Registration, Reporting, Slot, Unconfigured};
pub use schemars;
pub use serde;
pub use stages::{Enrich, Interpret, Map, Prepare, Qualify, Shape};

/// The records of the contract, as `wit/v1/types.wit` documents them, with builders.
///
/// ```
/// use hookmill_plugin_sdk::types::{Failure, Outcome, Payload, HttpRequest, Verdict};
///
/// let failure = Failure::new("no_roof", "the lead says nothing of a roof").in_field("custom.roof");
/// let verdict = Verdict::qualified();
/// let payload = Payload::form([("zip", "78701")]).with_header("x-partner", "7");
/// let request = HttpRequest::get("roof", "https://roofs.example.com/78701");
/// let outcome = Outcome::rejected("out of area");
/// # let _ = (failure, verdict, payload, request, outcome);
/// ```
pub mod types {
    pub use crate::bindings::hookmill::plugin::types::*;
}

pub use bindings::configurable::exports::hookmill::plugin::configuration;
pub use bindings::enricher::exports::hookmill::plugin::enrichment;
pub use bindings::interpreter::exports::hookmill::plugin::interpretation;
pub use bindings::mapper::exports::hookmill::plugin::mapping;
pub use bindings::prepared::exports::hookmill::plugin::lifecycle;
pub use bindings::qualifier::exports::hookmill::plugin::qualification;
pub use bindings::shaper::exports::hookmill::plugin::shaping;
