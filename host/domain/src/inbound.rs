//! Inbound webhooks (O6, I8 to I13): addresses that are capabilities, for senders that can set no header. What is special about them is here: their settings,
//! how a sender shows that it is one ([`proof`]), which fields of a body mean something besides the lead ([`fields`]), and the response ([`response`]).

pub mod fields;
pub mod proof;
pub mod response;
pub mod settings;
