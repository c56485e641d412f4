//! The description of the API (H3), made from the code that serves it: no route can be registered without its description, and
//! nothing is described that has no route. Handlers say what is their own (summary, bodies, responses); what follows from who calls,
//! from the address and from having a body is added here.

mod common;
mod document;
mod page;
mod routes;
mod schema;
pub(super) mod serve;

pub(super) use document::{Description, PostingDescription};
pub(super) use routes::{Access, Routes};
