//! The default interpretation of a response.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// What became of something sent. The names are those of the plugin contract's `outcome-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OutcomeKind {
    /// The receiver took it.
    Accepted,
    /// The receiver rejected it.
    Rejected,
    /// The receiver has it already.
    Duplicate,
    /// Try again later.
    Retry,
    /// Failed for good.
    Failed,
}

impl OutcomeKind {
    /// Every kind, in the contract's order.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name in storage, API and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The kind of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// The default interpretation of a response's status, none standing for no response: 2xx is accepted, 408, 425, 429, 5xx and
/// no response are retry, all else is failed. A redirect is failed: following it is not ours, and it is not an acceptance.
pub fn default_outcome(status: Option<u16>) -> OutcomeKind {
    match status {
        Some(200..=299) => OutcomeKind::Accepted,
        None | Some(408 | 425 | 429 | 500..=599) => OutcomeKind::Retry,
        Some(_) => OutcomeKind::Failed,
    }
}

/// The interpretation of a response to what only tells (W9): 2xx is accepted, `410` is failed, and all else, as no response, is retry. Nobody
/// decides by it, and what a receiver rejects now, by a mistake in its set-up as a rule, it takes once that is corrected.
pub fn outcome_of_told(status: Option<u16>) -> OutcomeKind {
    match status {
        Some(200..=299) => OutcomeKind::Accepted,
        Some(status) if pauses_endpoint(status) => OutcomeKind::Failed,
        _ => OutcomeKind::Retry,
    }
}

/// Whether this status pauses the endpoint: `410 Gone`.
pub fn pauses_endpoint(status: u16) -> bool {
    status == 410
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M9: real responses for which nothing is configured.
    #[test]
    fn m9_the_default_reads_the_status_alone() {
        use OutcomeKind::{Accepted, Failed, Retry};
        let table = [
            ("taken, JSON body", Some(200), Accepted),
            ("taken, says created", Some(201), Accepted),
            ("taken, nothing to say", Some(204), Accepted),
            ("the last of the class", Some(299), Accepted),
            ("plain redirect with a Location", Some(302), Failed),
            ("permanent redirect", Some(308), Failed),
            ("not modified", Some(304), Failed),
            ("not found, HTML body", Some(404), Failed),
            ("bad request", Some(400), Failed),
            ("unauthorized", Some(401), Failed),
            ("gone", Some(410), Failed),
            ("unprocessable", Some(422), Failed),
            ("switching protocols", Some(101), Failed),
            ("request timeout", Some(408), Retry),
            ("too early", Some(425), Retry),
            ("throttled, with Retry-After", Some(429), Retry),
            ("internal error", Some(500), Retry),
            ("unavailable", Some(503), Retry),
            ("the last of the class", Some(599), Retry),
            ("outside every class", Some(600), Failed),
            ("outside every class", Some(999), Failed),
            ("no response", None, Retry),
        ];
        for (what, status, expected) in table {
            assert_eq!(default_outcome(status), expected, "{what}: {status:?}");
        }
    }

    /// W9 C3: what a webhook does not take is sent again, whatever it says; only one that is gone is not asked again.
    #[test]
    fn w9_what_is_told_is_told_again() {
        for status in 0..=u16::MAX {
            let expected = match (status / 100, status) {
                (2, _) => OutcomeKind::Accepted,
                (_, 410) => OutcomeKind::Failed,
                _ => OutcomeKind::Retry,
            };
            assert_eq!(outcome_of_told(Some(status)), expected, "{status}");
        }
        assert_eq!(outcome_of_told(None), OutcomeKind::Retry);
    }

    /// M9: over every status, exactly the named ones are accepted or retried.
    #[test]
    fn m9_every_status_has_one_outcome() {
        for status in 0..=u16::MAX {
            let expected = match (status / 100, status) {
                (2, _) => OutcomeKind::Accepted,
                (5, _) | (_, 408 | 425 | 429) => OutcomeKind::Retry,
                _ => OutcomeKind::Failed,
            };
            assert_eq!(default_outcome(Some(status)), expected, "{status}");
        }
    }

    /// M9: names go both ways.
    #[test]
    fn m9_kinds_are_named_as_in_the_contract() {
        for &kind in OutcomeKind::ALL {
            assert_eq!(OutcomeKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(OutcomeKind::from_name("Accepted"), None);
    }

    /// W9: only 410 pauses.
    #[test]
    fn w9_gone_pauses_the_endpoint() {
        assert_eq!((0..=999).filter(|status| pauses_endpoint(*status)).collect::<Vec<_>>(), [410]);
    }
}
