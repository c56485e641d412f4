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
