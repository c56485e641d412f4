//! The default plugin: runs declarative documents.
//!
//! A document is compiled once, when it is saved ([`document`]), to a [`plan`]; a fresh instance loads the plan and runs it
//! on batches ([`run`]) with its [`functions`]. What comes in is read by `hookmill_json` alone.

pub mod bounds;
pub mod document;
pub mod functions;
mod guest;
pub mod lead;
pub mod moment;
pub mod plan;
pub mod run;

pub use document::{STANDARD_DOCUMENT, STANDARD_PAYLOAD};
pub use guest::Declarative;
