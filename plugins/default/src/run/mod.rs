//! Running a plan: map, qualify and shape, each on a batch, each item by itself.

mod around;
mod custom;
mod element;
mod form;
mod map;
mod mapping;
mod qualify;
mod query;
mod recipe;
mod rule;
mod scope;
mod select;
mod shape;
mod trace;
mod unknown;

pub use around::value_in;
pub use map::{LEADS_MAX, map};
pub use qualify::qualify;
pub use scope::Call;
pub use select::{Found, PATH_VISITS_MAX, select_in};
pub use shape::shape;
