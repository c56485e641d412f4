//! Kinds of destinations and states of deliveries.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_names_are_read_back() {
        for kind in DestinationKind::ALL {
            assert_eq!(DestinationKind::parse(kind.as_str()), Some(kind));
        }
    }
}
