//! What a document can do to a value, one file for each group, with its tests.

mod apply;
mod email;
mod list;
mod name;
pub mod phone;
mod text;
mod time;

pub use apply::{Refusal, Surroundings, apply};
pub use email::normalized as email_normalized;
pub use time::rfc3339;
