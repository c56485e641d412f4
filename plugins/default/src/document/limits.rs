//! How large a document may be, in one table.

use crate::bounds::bounds;

bounds! {
    /// Bytes of a document's text.
    pub const DOCUMENT_BYTES_MAX: usize = 256 << 10;
    /// Values in a document.
    pub const NODES_MAX: usize = 20_000;
    /// How deep a document may be nested.
    pub const DEPTH_MAX: usize = 32;
    /// Fields of `map`.
    pub const FIELDS_MAX: usize = 500;
    /// Variables of `map`.
    pub const VARIABLES_MAX: usize = 100;
    /// Rules, those inside others counted.
    pub const RULES_MAX: usize = 500;
    /// Rules side by side that are compared with each other to find those that can't hold together.
    pub const RULES_COMPARED_MAX: usize = 100;
    /// Values of one list that are compared with those of another rule.
    pub const RULE_VALUES_COMPARED_MAX: usize = 50;
    /// Outcomes of `interpret`.
    pub const OUTCOMES_MAX: usize = 100;
    /// Bytes of a regular expression.
    pub const PATTERN_BYTES_MAX: usize = 1000;
    /// Bytes of the name of a value set.
    pub const SET_NAME_BYTES_MAX: usize = 255;
    /// Bytes of one path.
    pub const PATH_BYTES_MAX: usize = 1000;
    /// How deep brackets and parentheses of one path may be nested.
    pub const PATH_DEPTH_MAX: usize = hookmill_jsonpath::PATH_DEPTH_MAX;
    /// Alternatives of one field, functions of one chain, values of one list.
    pub const ITEMS_MAX: usize = 1000;
    /// Problems that are reported; there may be more.
    pub const DIAGNOSTICS_MAX: usize = 100;
}
