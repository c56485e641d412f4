//! Submissions run again, and versions run beside each other, with nothing kept and nothing sent (P8, O5).

use super::access::{Scope, erased, unavailable};
use super::input::check_count;
use super::use_cases::{COMPARE_VERSIONS, REPLAY_SUBMISSION};
use crate::rows::{Campaign, CampaignVersion, SubmissionRow};
use hookmill_domain::error::ApiError;
use hookmill_pipeline::{Compared, Replay, version_gone};
use serde::Serialize;
use utoipa::ToSchema;

/// How many submissions one comparison runs when nothing is said.
const COMPARED_DEFAULT: i64 = 20;
/// How many it runs at most.
const COMPARED_MAX: i64 = 100;

/// Two versions of a campaign on its newest submissions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// The version that was tried.
    pub version: i64,
    /// The version that it was compared with; null for the standard document of this host.
    pub against: Option<i64>,
    /// How many submissions were run on both.
    pub compared: usize,
    /// How many of them came out the same, to the byte.
    pub same: usize,
    /// The submissions that differ, or that could not be run; the newest first.
    pub submissions: Vec<Compared>,
}

impl Scope {
    /// Runs a submission again as it was run, or on another version of its campaign.
    pub async fn replay_submission(&self, id: &str, version: Option<i64>) -> Result<Replay, ApiError> {
        self.authorize(&REPLAY_SUBMISSION)?;
        self.begin_heavy_call()?;
        let row = self.find_submission(id).await?;
        if let Some(erased_at) = row.erased_at {
            return Err(erased("submission", &row.id, erased_at));
        }
        let version = match version {
            Some(version) => Some(self.version_of(&row.campaign_key, version).await?.id),
            None => None,
        };
        self.pipeline().replay(&row, version.as_deref(), self.url_view(), self.holding()).await
    }

    /// Runs a campaign's newest submissions on one of its versions and on another, the active one if none is named.
    pub async fn compare_versions(
        &self,
        campaign_id: &str,
        version: &str,
        against: Option<i64>,
        last: Option<i64>,
    ) -> Result<Comparison, ApiError> {
        let campaign = self.read_campaign(&COMPARE_VERSIONS, campaign_id).await?;
        let last = check_count("last", last.unwrap_or(COMPARED_DEFAULT), COMPARED_MAX)?;
        let number = version.parse().map_err(|_| ApiError::not_found("version", version))?;
        self.begin_heavy_call()?;
        let after = self.version_of(&campaign.key, number).await?;
        let before = match against {
            Some(number) => Some(self.version_of(&campaign.key, number).await?),
            None => self.active_version(&campaign).await?,
        };
        let bytes_max = self.limits().load_bytes_max;
        let rows = self.store().newest_submissions(&campaign.key, last, bytes_max).await.map_err(unavailable)?;
        let rows: Vec<SubmissionRow> = rows.into_iter().filter(|row| row.erased_at.is_none()).collect();
        let before_id = before.as_ref().map(|version| version.id.as_str());
        let versions = (before_id, after.id.as_str());
        let all = self.pipeline().compare(&campaign, versions, &rows, self.url_view(), self.holding()).await?;
        let compared = all.iter().filter(|one| one.error.is_none()).count();
        let submissions: Vec<Compared> =
            all.into_iter().filter(|one| one.error.is_some() || !one.differences.is_empty()).collect();
        let differ = submissions.iter().filter(|one| one.error.is_none()).count();
        let against = before.map(|version| version.version);
        Ok(Comparison { version: after.version, against, compared, same: compared - differ, submissions })
    }

    async fn active_version(&self, campaign: &Campaign) -> Result<Option<CampaignVersion>, ApiError> {
        match &campaign.active_version_id {
            Some(id) => self.store().campaign_version(id).await.map_err(unavailable),
            None => Ok(None),
        }
    }

    /// The version of a campaign with this number.
    async fn version_of(&self, campaign_key: &str, version: i64) -> Result<CampaignVersion, ApiError> {
        let found = self.store().campaign_version_by_number(campaign_key, version).await.map_err(unavailable)?;
        let found = found.ok_or_else(|| ApiError::not_found("version", &version.to_string()))?;
        if found.deleted_at.is_some() { Err(version_gone(version)) } else { Ok(found) }
    }
}
