//! Kinds of destinations and states of deliveries.

use serde::Deserialize;

/// The kinds of destinations. What differs between receivers follows from it, and from nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DestinationKind {
    /// The campaign's client: it decides what becomes of the submission.
    Client,
    /// The webhook of an organization's settings (W3): it is told what happened.
    OrganizationWebhook,
}

impl DestinationKind {
    /// Every kind.
    pub const ALL: [DestinationKind; 2] = [Self::Client, Self::OrganizationWebhook];

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::OrganizationWebhook => "organization_webhook",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether its responses decide what becomes of the submission: then they are interpreted, its deliveries stop while the campaign
    /// is not active, and a repeat is a repost and no resend.
    pub fn decides(self) -> bool {
        self == Self::Client
    }
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its first or next attempt.
    Waiting,
    /// Its campaign is not active.
    Held,
    /// The receiver accepted it.
    Delivered,
    /// The receiver rejected it, or retries are exhausted.
    Failed,
    /// The webhook was paused or switched off.
    Suppressed,
    /// Canceled: the campaign was archived before it was sent.
    Canceled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 6] =
        [Self::Waiting, Self::Held, Self::Delivered, Self::Failed, Self::Suppressed, Self::Canceled];

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Canceled => "canceled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_names_are_read_back() {
        for kind in DestinationKind::ALL {
            assert_eq!(DestinationKind::parse(kind.as_str()), Some(kind));
        }
        for state in DeliveryState::ALL {
            let read: DeliveryState = serde_json::from_value(state.as_str().into()).unwrap();
            assert_eq!(read, state);
        }
    }
}
