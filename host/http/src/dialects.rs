//! The dialects of other platforms, each a thin facade over the same use cases: what a system written for such a platform sends and expects
//! (docs/dialects.md).

pub(super) mod inbound_webhooks;
pub(super) mod scoped_webhooks;
