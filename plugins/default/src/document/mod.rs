//! The declarative document: from text to a plan, or to every problem in it at once, each with its place and a suggested fix.

mod arguments;
mod body;
mod brackets;
mod check;
pub mod codes;
mod compile;
mod defined_fields;
mod fields;
mod functions;
mod interpret;
mod json;
pub mod keys;
mod known_paths;
mod limits;
mod literal;
mod message;
mod names;
mod node;
mod operand;
pub mod path;
mod placing;
mod reach;
mod recipe;
mod references;
mod rules;
mod schema;
mod suggest;
mod synonyms;
mod template;
mod variables;
mod visit;
mod words;
mod yaml;

pub use check::{Problem, ProblemLevel};
pub use compile::{Compiled, STANDARD_DOCUMENT, STANDARD_PAYLOAD, compile, standard};
pub use functions::chain_of;
pub use limits::{
    BOUNDS, DEPTH_MAX, DIAGNOSTICS_MAX, DOCUMENT_BYTES_MAX, FIELDS_MAX, NODES_MAX, OUTCOMES_MAX, PATH_BYTES_MAX,
    PATTERN_BYTES_MAX, RULES_MAX, VARIABLES_MAX,
};
pub use schema::schema;
