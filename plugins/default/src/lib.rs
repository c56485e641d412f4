//! The default plugin: runs declarative documents.

pub mod functions;
pub mod json;
pub mod lead;
pub mod plan;
