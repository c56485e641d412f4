//! The duplicate rule (L3): which lead came before.

use crate::lead::{IdentityHash, hash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;
use strum::IntoStaticStr;

/// How many days back leads may be compared.
pub const WINDOW_DAYS: RangeInclusive<u16> = 1..=365;
/// What stands between the fields of a key's name.
const AND: &str = "+";

/// The duplicate rule of a campaign. Test leads are exempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// The fields that are compared; at least one, each once.
    pub fields: Vec<DuplicateField>,
    /// Whether any of the fields or all of them must be the same.
    pub matches: Matches,
    /// How many days back leads are compared, 1 to 365, from when each was received.
    pub window_days: u16,
    /// Whose leads are compared.
    pub scope: DuplicateScope,
    /// What becomes of a duplicate.
    pub action: DuplicateAction,
}

/// A field by which duplicates are found.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DuplicateField {
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
    /// The lead's id at its source.
    ExternalId,
}

/// How many of the fields must be the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matches {
    /// One of them is enough.
    #[default]
    Any,
    /// Every one; a lead that lacks one of them is not a duplicate.
    All,
}

/// Whose leads are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DuplicateScope {
    /// Those of the campaign.
    #[default]
    Campaign,
    /// Those of all campaigns of the campaign's client (the customer); without one, those of the campaign.
    Client,
    /// Those of the whole organization.
    Organization,
}

/// What becomes of a duplicate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DuplicateAction {
    /// It ends as `duplicate`.
    #[default]
    Reject,
    /// It goes on and is marked.
    Mark,
    /// It waits for a person.
    Quarantine,
    /// What it says is merged into the lead that came before, and that goes on.
    Update,
}

/// By what a lead is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The names of the fields that it is made of, such as `email` or `email+phone`: a part of its scope.
    pub fields: String,
    /// The hash of their values.
    pub hash: IdentityHash,
}

impl DuplicateRule {
    /// The keys of a lead, a JSON object: one for each field that it has where any of them may match, and one for all fields, if it has them
    /// all, where all must. Blanks around a value don't count, nor does case but in an id of another system. A number stands for its digits.
    pub fn keys(&self, salt: &[u8], lead: &str) -> Vec<DuplicateKey> {
        let Ok(lead) = serde_json::from_str::<Fields>(lead) else { return Vec::new() };
        let mut fields = self.fields.clone();
        fields.sort_unstable();
        fields.dedup();
        let parts: Vec<DuplicateKey> = fields.iter().filter_map(|field| field.key(salt, &lead)).collect();
        match self.matches {
            Matches::Any => parts,
            Matches::All if parts.len() == fields.len() => combine(salt, parts).into_iter().collect(),
            Matches::All => Vec::new(),
        }
    }

    /// The scope in which a key is compared, among all of an organization. `fields` are the key's; without a client the scope `client` is the
    /// campaign alone.
    pub fn scope_name(&self, fields: &str, campaign_key: &str, client_id: Option<&str>) -> String {
        match (self.scope, client_id) {
            (DuplicateScope::Organization, _) => format!("dup:organization::{fields}"),
            (DuplicateScope::Client, Some(client_id)) => format!("dup:client:{client_id}:{fields}"),
            (DuplicateScope::Client, None) | (DuplicateScope::Campaign, _) => {
                format!("dup:campaign:{campaign_key}:{fields}")
            }
        }
    }
}

impl DuplicateField {
    /// The name of the field in a lead.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn key(self, salt: &[u8], lead: &Fields) -> Option<DuplicateKey> {
        let value = match self.value(lead) {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let value = if self == Self::ExternalId { value } else { value.to_lowercase() };
        let hash = (!value.is_empty()).then(|| hash(salt, self.as_str(), &value))?;
        Some(DuplicateKey { fields: self.as_str().to_owned(), hash })
    }

    fn value(self, lead: &Fields) -> &Value {
        match self {
            Self::Email => &lead.email,
            Self::Phone => &lead.phone,
            Self::ExternalId => &lead.external_id,
        }
    }
}

/// What is compared of a lead.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    email: Value,
    #[serde(default)]
    phone: Value,
    #[serde(default)]
    external_id: Value,
}

/// One key of several: its hash is of their hashes, so that no two lists of values read the same.
fn combine(salt: &[u8], parts: Vec<DuplicateKey>) -> Option<DuplicateKey> {
    if parts.len() < 2 {
        return parts.into_iter().next();
    }
    let fields = parts.iter().map(|part| part.fields.as_str()).collect::<Vec<_>>().join(AND);
    let mut digest = Sha256::new_with_prefix(salt);
    parts.iter().for_each(|part| digest.update(part.hash));
    Some(DuplicateKey { fields, hash: digest.finalize().into() })
}

#[cfg(test)]
mod tests;
