//! What a document can do to a value. Every function is declared once, beside its code ([`Spec`]), one file for each group;
//! the [`registry`] lists them all.

mod apply;
pub mod calendar;
mod call;
mod century;
mod choice;
pub mod clock;
mod coding;
mod date_format;
mod date_hint;
mod declared;
mod digest;
mod email;
mod error;
mod fold;
mod hidden;
mod invisible;
mod items;
mod limits;
mod list;
mod lookup;
mod measure;
mod name;
mod number;
mod object;
mod pattern;
pub mod phone;
pub mod place;
pub mod plain;
pub mod registry;
mod rfc3339;
mod spec;
mod tags;
pub mod template;
mod text;
mod time;
mod unflatten;
mod written;
mod zone_name;

pub use apply::{apply, apply_all};
pub use call::{Call, EvalContext};
pub use declared::Declared;
pub use email::normalize as normalize_email;
pub use error::FunctionError;
pub use limits::*;
pub use list::is_wanted;
pub use measure::{cost, text_size};
pub use plain::{plain_codes, plain_functions};
pub use rfc3339::rfc3339;
pub use spec::{ArgumentKind, EmptyInput, Example, Kind, Lists, Parameter, Presence, Run, Spec};
pub use written::{currency_words, suffix_words};

#[cfg(test)]
mod tests;
