//! JSON in and out, shared by the host and plugins: a text becomes a flat index over itself ([`JsonIndex`]), on which paths skip
//! along ([`PathTrie`], [`Node`]). Numbers stay the text they were sent as, so no digit is ever lost, and the depth has a bound,
//! so no input can exhaust the stack.

mod check;
mod entry;
mod error;
mod explain;
mod form_name;
mod index;
mod lexer;
mod loose;
mod node;
mod node_ref;
mod number;
mod pick;
mod predictor;
mod reader;
mod repair;
mod skip;
mod string;
mod trie;
mod value;
mod write;

pub use check::{check, is_object, scan};
pub use entry::Kind;
pub use error::JsonError;
pub use explain::{Explanation, ends_inside, explain};
pub use form_name::{FormName, NamePart, are_places, place};
pub use index::JsonIndex;
pub use loose::is_loosely;
pub use node::{Children, Node};
pub use node_ref::{NodeRef, NodeRefChildren, place_at};
pub use number::CanonicalNumber;
pub use reader::{DEPTH_MAX, VALUES_MAX};
pub use repair::{REPAIRS_MAX, Repair, RepairKind, Repaired, repair};
pub use skip::Scan;
pub use trie::{PathStep, PathTrie, PathTrieBuilder};
pub use value::Value;
pub use write::{text_of, write_text, write_value};

/// Reads one value that borrows what it can from the text.
pub fn parse(text: &str) -> Result<Value<'_>, JsonError> {
    JsonIndex::parse(text).map(|index| index.value())
}
