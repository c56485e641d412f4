//! JSON in and out, the only place that knows how input is held: a tree of slices that borrows from the text. Numbers stay
//! the text they were sent as, so no digit is ever lost, and the depth has a bound, so no input can exhaust the stack.

mod decimal;
mod parse;
mod value;
mod write;

pub use decimal::Decimal;
pub use parse::{Build, DEPTH_MAX, Parsed, Refused, Scalar, parse, parse_with};
pub use value::Value;
pub use write::{text_of, write_members, write_text, write_value};
