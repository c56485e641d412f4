//! Webhooks (W3 to W6): who is told of events, and of which. Their settings are of one type, whatever their kind; [`routing`] says which of
//! them an event goes to, and why not to the others.

pub mod custom_payload;
pub mod failing;
pub mod routing;
pub mod scoped;
pub mod settings;
pub mod subscription;
