//! One JSON value from a body of any kind (I10), so that one path language reaches them all.
//!
//! No input or output happens here: text or bytes go in, the text of one JSON value or a refusal with its place comes out. Plugins use
//! the part that reads XML ([`xml`]); the host uses all of it.
//!
//! What is true of every kind: nothing is guessed (what was text stays text, `02139` too), nothing is lost without a refusal, and every
//! bound has a name.

mod error;
mod json;
pub mod xml;

pub use error::{BodyError, Fault, Place};
