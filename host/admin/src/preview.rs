//! What a campaign would send of the leads that it has, with nothing stored and nothing sent (L10).

use super::access::{Scope, erased, unavailable};
use super::input::check_count;
use super::search::Search;
use super::use_cases::{GENERATE_MESSAGE, PREVIEW_CAMPAIGN};
use crate::rows::Campaign;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_pipeline::{Generated, Preview};
use hookmill_store::search::SubmissionFilter;
use hookmill_store::submissions::first_within;

/// How many leads are previewed when nothing is said.
const LEADS_DEFAULT: i64 = 5;
/// How many at most.
const LEADS_MAX: i64 = 20;

impl Scope {
    /// The newest leads of an active campaign, and for each the message that would be sent to its client now.
    pub async fn preview_campaign(&self, campaign_id: &str, leads: Option<i64>) -> Result<Preview, ApiError> {
        let campaign = self.read_campaign(&PREVIEW_CAMPAIGN, campaign_id).await?;
        let leads = check_count("leads", leads.unwrap_or(LEADS_DEFAULT), LEADS_MAX)?;
        check_active(&campaign)?;
        self.begin_heavy_call()?;
        let filter = SubmissionFilter {
            campaigns: Some(vec![campaign.key.clone()]),
            newest_of_lead: true,
            ..SubmissionFilter::default()
        };
        let found = self.search(&Search { filter, ..Search::default() }, "", leads).await?;
        let sizes: Vec<i64> = found.seen.iter().map(|row| row.bytes).collect();
        let fits = first_within(&sizes, self.limits().page_bytes_max).min(sizes.len());
        let ids: Vec<&str> = found.seen[..fits].iter().map(|row| row.id.as_str()).collect();
        let rows = self.store().submissions_by_id(&self.organization_id, &ids).await.map_err(unavailable)?;
        // Who is erased meanwhile has no lead any more.
        let rows = rows.into_iter().filter(|row| row.lead.is_some()).collect();
        self.pipeline().preview(&campaign, rows, self.url_view(), self.holding()).await
    }

    /// The message that an active campaign would send of a submission now, and how its plugin came to it.
    pub async fn generate_message(&self, submission_id: &str) -> Result<Generated, ApiError> {
        self.authorize(&GENERATE_MESSAGE)?;
        let row = self.find_submission(submission_id).await?;
        let campaign = self.store().campaign(&row.campaign_key).await.map_err(unavailable)?;
        let campaign = campaign.ok_or_else(|| ApiError::not_found("campaign", &row.campaign_id))?;
        check_active(&campaign)?;
        if let Some(erased_at) = row.erased_at {
            return Err(erased("submission", &row.id, erased_at));
        }
        if row.lead.is_none() {
            let message = "this submission has no mapped lead, so that no message can be made of it; `why` says why";
            return Err(ApiError::new(Kind::Conflict, "not_mapped", message));
        }
        self.begin_heavy_call()?;
        self.pipeline().generate(&campaign, row, self.url_view(), self.holding()).await
    }
}

/// Rejects a campaign that sends nothing in its state.
fn check_active(campaign: &Campaign) -> Result<(), ApiError> {
    let state = campaign.state().map_err(unavailable)?;
    let what = match state {
        CampaignState::Active => return Ok(()),
        CampaignState::Draft => "is a draft; activate it, or dry-run a sample",
        CampaignState::Paused => "is paused; activate it, or dry-run a sample",
        CampaignState::Archived => "is archived, and sends nothing any more",
    };
    let message =
        format!("campaign `{}` {what}: only what an active campaign would send is shown", campaign.campaign_id);
    Err(ApiError::new(Kind::Conflict, "campaign_not_active", message))
}
