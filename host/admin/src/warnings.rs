//! The decisions on a campaign's newest leads, whose warnings are counted.

use super::access::{Scope, unavailable};
use super::input::check_count;
use super::use_cases::COUNT_WARNINGS;
use crate::rows::DecisionRow;
use hookmill_domain::error::ApiError;

/// How many leads are read when nothing is said.
const LEADS_DEFAULT: i64 = 1_000;
/// How many at most.
const LEADS_MAX: i64 = 10_000;

impl Scope {
    /// The decisions on a campaign's newest leads, the newest first.
    pub async fn newest_decisions(&self, campaign_id: &str, leads: Option<i64>) -> Result<Vec<DecisionRow>, ApiError> {
        let campaign = self.read_campaign(&COUNT_WARNINGS, campaign_id).await?;
        let leads = check_count("leads", leads.unwrap_or(LEADS_DEFAULT), LEADS_MAX)?;
        self.show_rows(leads)?;
        self.store().newest_decisions(&campaign.key, leads).await.map_err(unavailable)
    }
}
