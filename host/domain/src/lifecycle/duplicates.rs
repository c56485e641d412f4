//! The duplicate rule (L3): which lead came before.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

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
