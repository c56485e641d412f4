//! The first-submission action (L4): a webhook or a person decides about a person's first submission to a campaign. What an admin sets, what
//! a webhook responds, and what either adds to the lead.

mod data;
mod response;
mod settings;

pub use data::{ActionData, DATA_BYTES_MAX};
pub use response::{ActionResponse, Decision, REASON_CHARS_MAX, read_response};
pub use settings::{Action, ActionDraft, ActionKind, ActionWebhook, Priority};
