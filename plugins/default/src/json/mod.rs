//! JSON in and out, the only place that knows how input is held: as places in the text that it came as. Numbers stay the
//! text they were sent as, so no digit is ever lost, and the depth has a bound, so no input can exhaust the stack.

mod decimal;
mod habit;
mod node;
mod outline;
mod pick;
mod skip;
mod spot;
mod tape;
mod text;
mod value;
mod write;

pub use decimal::Decimal;
pub use node::{Children, Node};
pub use outline::{Outline, OutlineBuilder, OutlineStep, is_loosely};
pub use spot::Spot;
pub use tape::{DEPTH_MAX, Kind, Refused, Tape, VALUES_MAX};
pub use value::Value;
pub use write::{text_of, write_text, write_value};

/// Reads one value that borrows what it can from the text.
pub fn parse(text: &str) -> Result<Value<'_>, Refused> {
    Tape::read(text).map(|tape| tape.value())
}
