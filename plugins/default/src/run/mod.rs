//! Running a plan: map, qualify and shape, each on a batch, each item by itself.

mod body;
mod budget;
mod check;
pub(crate) mod compare;
mod context;
mod custom;
mod element;
mod encode;
mod form;
mod interpret;
mod item;
mod map;
mod mapping;
mod qualify;
mod recipe;
mod response;
mod rule;
mod scope;
mod select;
mod shape;
mod trace;
mod unknown;
mod valid;
mod value_set;
mod walk;
pub(crate) mod xml;

pub use budget::{OUTPUT_BYTES_MAX, TRACE_BYTES_MAX, WORK_MAX, WORK_PER_LEAD};
pub use context::value_in;
pub use hookmill_jsonpath::PATH_VISITS_MAX;
pub use interpret::interpret;
pub use map::{LEADS_MAX, map};
pub use qualify::qualify;
pub use scope::Call;
pub use select::{Found, select_in};
pub use shape::{MESSAGE_VALUES_MAX, shape};
