//! What a client's response means.

use crate::types::{Outcome, OutcomeKind};

impl Outcome {
    fn of(kind: OutcomeKind, reason: Option<String>) -> Self {
        Self {
            kind,
            reason,
            reference: None,
            price: None,
            retry_after_ms: None,
            rule: None,
            warnings: Vec::new(),
            trace: None,
        }
    }

    /// The client took the lead.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::{Outcome, OutcomeKind};
    ///
    /// let outcome = Outcome::accepted().with_reference("L-77").with_price("12.50");
    /// assert_eq!((outcome.kind, outcome.price.as_deref()), (OutcomeKind::Accepted, Some("12.50")));
    /// ```
    pub fn accepted() -> Self {
        Self::of(OutcomeKind::Accepted, None)
    }

    /// The client rejected the lead, for its own reason.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Outcome;
    /// assert_eq!(Outcome::rejected("out of area").reason.as_deref(), Some("out of area"));
    /// ```
    pub fn rejected(reason: impl Into<String>) -> Self {
        Self::of(OutcomeKind::Rejected, Some(reason.into()))
    }

    /// The client has the lead already.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::{Outcome, OutcomeKind};
    /// assert_eq!(Outcome::duplicate().kind, OutcomeKind::Duplicate);
    /// ```
    pub fn duplicate() -> Self {
        Self::of(OutcomeKind::Duplicate, None)
    }

    /// Try again, after the host's backoff or what [`after_ms`](Self::after_ms) says.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Outcome;
    /// assert_eq!(Outcome::retry("busy").after_ms(5_000).retry_after_ms, Some(5_000));
    /// ```
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::of(OutcomeKind::Retry, Some(reason.into()))
    }

    /// Failed for good.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::{Outcome, OutcomeKind};
    /// assert_eq!(Outcome::failed("account closed").kind, OutcomeKind::Failed);
    /// ```
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::of(OutcomeKind::Failed, Some(reason.into()))
    }

    /// How long to wait before the next try, within the host's bounds.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Outcome;
    /// assert_eq!(Outcome::retry("busy").after_ms(1).retry_after_ms, Some(1));
    /// ```
    #[must_use]
    pub fn after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    /// The client's own id for the lead.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Outcome;
    /// assert_eq!(Outcome::accepted().with_reference("7").reference.as_deref(), Some("7"));
    /// ```
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// The price, a decimal number as text, so that every digit is kept.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Outcome;
    /// assert_eq!(Outcome::accepted().with_price("1.10").price.as_deref(), Some("1.10"));
    /// ```
    #[must_use]
    pub fn with_price(mut self, price: impl Into<String>) -> Self {
        self.price = Some(price.into());
        self
    }
}
