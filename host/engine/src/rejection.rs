//! Why foreign bytes are rejected.

use std::fmt;

/// Why the bytes are rejected: at least one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionError {
    /// Every reason found.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable code in snake case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The suggested fix.
    pub hint: String,
}

impl AdmissionError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        AdmissionError { reasons: vec![Reason { code, message: message.into(), hint: hint.into() }] }
    }
}

impl fmt::Display for AdmissionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> =
            self.reasons.iter().map(|reason| format!("{} ({})", reason.message, reason.hint)).collect();
        write!(f, "the plugin is rejected: {}", reasons.join("; "))
    }
}

impl std::error::Error for AdmissionError {}

/// Why foreign bytes were not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// They are rejected.
    #[error(transparent)]
    Rejected(#[from] AdmissionError),
    /// The host could not examine them: nothing is known about them, and trying again may succeed.
    #[error("the host could not examine the plugin: {reason}")]
    Host {
        /// Why.
        reason: String,
    },
}

impl NotAdmitted {
    /// The reasons against the bytes; none where the host failed.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            NotAdmitted::Rejected(rejection) => &rejection.reasons,
            NotAdmitted::Host { .. } => &[],
        }
    }
}
