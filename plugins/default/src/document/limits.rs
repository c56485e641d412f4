//! How large a document may be, in one table.

/// Bytes of a document's text.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 10;
/// Values in a document.
pub const NODES_MAX: usize = 20_000;
/// How deep a document may be nested.
pub const DEPTH_MAX: usize = 32;
/// Fields of `map`.
pub const FIELDS_MAX: usize = 500;
/// Rules, those inside others counted.
pub const RULES_MAX: usize = 500;
/// Bytes of one path.
pub const PATH_BYTES_MAX: usize = 1000;
/// How deep brackets and parentheses of one path may be nested.
pub const PATH_DEPTH_MAX: usize = 8;
/// Alternatives of one field, functions of one chain, values of one list.
pub const ITEMS_MAX: usize = 1000;
/// Problems that are reported; there may be more.
pub const DIAGNOSTICS_MAX: usize = 100;
