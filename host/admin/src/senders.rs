//! Ready documents for well-known senders.

use super::access::Scope;
use super::use_cases::{GET_SENDER_DOCUMENT, LIST_SENDER_DOCUMENTS};
use hookmill_domain::error::ApiError;
use hookmill_pipeline::{SENDER_DOCUMENTS, sender_document};

/// How much of an unknown name an error repeats.
const NAME_CHARS_SHOWN: usize = 64;

impl Scope {
    /// The senders that there are documents for.
    pub fn list_sender_documents(&self) -> Result<Vec<&'static str>, ApiError> {
        self.authorize(&LIST_SENDER_DOCUMENTS)?;
        Ok(SENDER_DOCUMENTS.iter().map(|(name, _)| *name).collect())
    }

    /// The document of a sender.
    pub fn sender_document(&self, sender: &str) -> Result<&'static str, ApiError> {
        self.authorize(&GET_SENDER_DOCUMENT)?;
        let not_found =
            || ApiError::not_found("sender document", &sender.chars().take(NAME_CHARS_SHOWN).collect::<String>());
        sender_document(sender).ok_or_else(not_found)
    }
}
