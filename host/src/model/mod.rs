//! Floor 1: the values and rules of lead campaigns, pure. No clock, no chance, no input or output.

pub mod beside;
pub mod body;
pub mod campaign;
pub mod destination;
pub mod discovery;
pub mod endpoint;
pub mod envelope;
pub mod event;
pub mod interpret;
pub mod lead;
pub mod refusal;
pub mod retry;
pub mod role;
pub mod settings;
pub mod signature;
pub mod state;
pub mod value_set;
pub mod whole;
