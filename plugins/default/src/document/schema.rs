//! The JSON Schema of documents, for editors.

/// Describes documents.
pub const SCHEMA: &str = include_str!("../../documents/schema.json");
