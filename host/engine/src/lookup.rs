//! Named tables, as a plugin reads them (P5). Where they come from is the caller's.

use super::contract_types::LookupError;

/// The tables that one session may read: those of its organization, as far as an admin granted them.
///
/// It is called from within a running guest, so it must respond from memory and never wait.
pub trait ValueSets: Send + Sync {
    /// The value under `key` as JSON text; none when the table has no such key.
    fn get(&self, table: &str, key: &str) -> Result<Option<String>, LookupError>;

    /// Whether the table has to be fetched before [`Self::get`] can respond. The call then ends as one that the host could not
    /// run ([`super::FaultKind::Host`]), and no item caused it: fetch what is missing, and run it again.
    fn must_fetch(&self, _table: &str) -> bool {
        false
    }
}

/// No table is granted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoValueSets;

impl ValueSets for NoValueSets {
    fn get(&self, _table: &str, _key: &str) -> Result<Option<String>, LookupError> {
        Err(LookupError::NotGranted)
    }
}
