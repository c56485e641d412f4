//! The state of an item that asks or waits, as it is kept: what is needed to go on as if nothing had come between. The lead and the
//! responses are rows of their own.

use super::item::{Item, Status};
use super::way::Way;
use hookmill_engine::contract::Submission;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the format that is written.
const FORMAT: u32 = 1;

/// Where an item stands, and what it must go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    format: u32,
    /// The stage that asked or let it wait.
    pub stage: String,
    /// The campaign version it runs on; none for the standard document.
    pub campaign_version_id: Option<String>,
    /// The digests of the tables that were read so far, by name.
    pub value_sets: BTreeMap<String, String>,
}

/// Why an item can't go on with what was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It is not this format.
    #[error("the kept state of a submission can't be read: {0}; reprocess the submission")]
    Unreadable(String),
    /// It was written by another version of the host.
    #[error(
        "the kept state of a submission has format {0}, and this host reads format {FORMAT}; reprocess the submission"
    )]
    Format(u32),
    /// The stage is not on the way any more.
    #[error(
        "the submission stands at the stage `{0}`, which its campaign does not have any more; reprocess the submission"
    )]
    NoStage(String),
}

impl Kept {
    /// What is to be kept of an item; none while it does not stand at a stage of the host.
    pub fn of(
        item: &Item,
        way: &Way,
        campaign_version_id: Option<&str>,
        value_sets: BTreeMap<String, String>,
    ) -> Option<Self> {
        if !matches!(item.status, Status::Asking(_) | Status::Waiting { .. }) {
            return None;
        }
        let stage = way.host_stage(item.next)?.name().to_owned();
        Some(Self { format: FORMAT, stage, campaign_version_id: campaign_version_id.map(str::to_owned), value_sets })
    }

    /// As a database keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where it is something else, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let unreadable = |error: serde_json::Error| KeptError::Unreadable(error.to_string());
        // The version first: what follows it may have changed.
        let Format { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(KeptError::Format(format));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// The item, ready to go on at the stage where it stood. The submission has the responses to what was asked.
    ///
    /// # Errors
    /// Where the way does not have the stage.
    pub fn resume(&self, submission: Arc<Submission>, way: &Way) -> Result<Item, KeptError> {
        let at = (0..way.steps.len()).find(|at| way.host_stage(*at).is_some_and(|stage| stage.name() == self.stage));
        let next = at.ok_or_else(|| KeptError::NoStage(self.stage.clone()))?;
        Ok(Item { submission, next, status: Status::Moving })
    }
}
