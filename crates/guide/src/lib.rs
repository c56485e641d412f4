//! What a document reads of an element: every field that it makes, the paths that a source may send it in, what is expected of them, and an
//! example element. Pure.
//!
//! A document is read by its structure alone: what paths, functions and rules do is known to the plugin that runs it. So what is written here
//! of an element is a proposal ([`Example`]), which whoever has the plugin tries and has corrected ([`Example::advance`]) until it maps.

mod candidates;
mod example;
mod fields;
mod formats;
mod phrase;
mod place;
mod recipe;
mod rules;
mod yaml;

pub use candidates::Setting;
pub use example::{Example, ExampleRequest};
pub use fields::{Document, Field, Kind, Need, ReadFrom, Unknown};
pub use phrase::{Part, Phrase};
pub use rules::STANDARD_FIELDS;

/// How many values an example tries for one input at most.
const CANDIDATES_MAX: usize = 40;
/// How deep variables and fields are followed to what they are made of.
const FOLLOWED_MAX: usize = 4;
/// How many paths of a document are followed at most; what comes after them is left out.
const PATHS_FOLLOWED_MAX: usize = 20_000;
/// How many paths one field has at most.
const PATHS_OF_FIELD_MAX: usize = 100;
/// How many values an example has at most.
const INPUTS_MAX: usize = 1_000;
/// How deep a document is nested at most; as the plugin has it.
const DEPTH_MAX: usize = 64;
