//! JSONPath by RFC 9535: a parser with errors that say what to write instead, and an evaluator over [`hookmill_json`] that counts
//! all that it looks at.
//!
//! The parser is our own: the grammar is small, and so every number keeps its digits, every error has its column and a suggested
//! fix, and nothing recurses deeper than a bound. It decides everything that the RFC lets a parser decide.
//!
//! One rule is stricter than the RFC: a pattern of `match` and `search` is a text in the path, never a value of the data, since
//! who sends the data could make it costly or make it match.

mod ast;
mod category;
mod evaluate;
mod parse;
mod pattern;

use std::fmt;

pub use ast::{Comparison, Filter, Key, Operand, Query, Segment, Selector, Singular, Start, owned};
pub use evaluate::{find, is_equal};
pub use parse::{PathError, parse, parse_short, singular_keys};
pub use pattern::{PATTERN_SIZE_MAX, Pattern, STEPS_PER_BYTE, match_cost};

/// How deep brackets and parentheses of one path may be nested.
pub const PATH_DEPTH_MAX: usize = 8;

/// How many values one path may look at.
pub const PATH_VISITS_MAX: usize = 100_000;

/// A path would look at more than [`PATH_VISITS_MAX`] values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooWide;

impl fmt::Display for TooWide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this path would look at more than {PATH_VISITS_MAX} values")
    }
}

impl std::error::Error for TooWide {}
