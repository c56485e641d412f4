//! Kinds of destinations and states of deliveries.

use serde::Deserialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The kinds of destinations. What differs between receivers follows from it, and from nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DestinationKind {
    /// The campaign's client: it decides what becomes of the submission.
    Client,
    /// The ping of a client (L13): it is asked for a bid.
    Ping,
    /// The campaign's first-submission action (L4): it decides whether a submission goes on.
    Action,
    /// The webhook of an organization's settings (W3): it is told what happened.
    OrganizationWebhook,
    /// The webhook of a campaign's own settings (W3), in place of the organization's.
    CampaignWebhook,
    /// A subscription (W4).
    Subscription,
    /// A scoped webhook (W6).
    ScopedWebhook,
}

impl DestinationKind {
    /// Every kind.
    pub const ALL: &[DestinationKind] = DestinationKind::VARIANTS;

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether its responses decide what becomes of the submission: then they are read or interpreted, its deliveries stop while the campaign
    /// is not active, and a repeat is a repost and no resend.
    pub fn decides(self) -> bool {
        matches!(self, Self::Client | Self::Action)
    }

    /// Whether it is told what happened, and nothing depends on its responses.
    pub fn is_told(self) -> bool {
        matches!(self, Self::OrganizationWebhook | Self::CampaignWebhook | Self::Subscription | Self::ScopedWebhook)
    }

    /// Whether there may be any number of them, each with an id that its owner knows.
    pub fn is_numerous(self) -> bool {
        matches!(self, Self::Subscription | Self::ScopedWebhook)
    }

    /// Whether the campaign's plugin interprets its responses.
    pub fn is_interpreted(self) -> bool {
        matches!(self, Self::Client | Self::Ping)
    }
}

/// The settings of a destination, as far as they say who receives.
pub trait ReceiverSettings {
    /// The method of its requests, upper case, unless a message says otherwise.
    fn method(&self) -> &str;

    /// The URL.
    fn url(&self) -> &str;

    /// Whether both say the same receiver: what differs besides, such as credentials, does not make another one.
    fn has_receiver_of(&self, other: &Self) -> bool {
        (self.method(), self.url()) == (other.method(), other.url())
    }
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, utoipa::ToSchema, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its first or next attempt.
    Waiting,
    /// Its campaign is not active.
    Held,
    /// The receiver accepted it.
    Delivered,
    /// The receiver rejected it, or retries are exhausted.
    Failed,
    /// The webhook was paused, switched off or inactive.
    Suppressed,
    /// Canceled: the campaign was archived before it was sent, or the bid that it asks for can't count any more.
    Canceled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: &[DeliveryState] = DeliveryState::VARIANTS;

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_names_are_read_back() {
        for &kind in DestinationKind::ALL {
            assert_eq!(DestinationKind::parse(kind.as_str()), Some(kind));
        }
        for &state in DeliveryState::ALL {
            let read: DeliveryState = serde_json::from_value(state.as_str().into()).unwrap();
            assert_eq!(read, state);
        }
    }
}
