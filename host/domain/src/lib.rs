//! The values and rules of lead campaigns, pure: no input or output. Time, ids and randomness are arguments ([`clock`], [`ids`]), and
//! every bound of the host has its name in [`config`].

pub mod action;
pub mod body;
pub mod budget;
pub mod bulk;
pub mod campaign;
pub mod causes;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod edited_lead;
pub mod endpoint;
pub mod envelope;
pub mod erasure;
pub mod error;
pub mod event;
pub mod flow;
pub mod hex;
pub mod ids;
pub mod input;
pub mod integer;
pub mod interpret;
pub mod lead;
pub mod lifecycle;
pub mod metadata;
pub mod net_policy;
pub mod person;
pub mod ping;
pub mod retry;
pub mod role;
pub mod search;
pub mod settings;
pub mod signature;
pub mod state;
pub mod value_set;
pub mod why;
