//! The fields of a campaign's newest leads (M11).

use super::access::Scope;
use super::input::check_count;
use super::use_cases::{DRAFT_DOCUMENT, LIST_FIELDS, UseCase};
use hookmill_discovery::{ELEMENTS_DEFAULT, ELEMENTS_MAX};
use hookmill_domain::error::ApiError;
use hookmill_pipeline::Discovered;

impl Scope {
    /// Every path of a campaign's newest leads, and which fields are made of it.
    pub async fn list_fields(&self, campaign_id: &str, leads: Option<i64>) -> Result<Discovered, ApiError> {
        self.discover(&LIST_FIELDS, campaign_id, leads, true).await
    }

    /// A document that is drafted from a campaign's newest leads.
    pub async fn draft_document(&self, campaign_id: &str, leads: Option<i64>) -> Result<String, ApiError> {
        Ok(hookmill_discovery::draft(&self.discover(&DRAFT_DOCUMENT, campaign_id, leads, false).await?.fields))
    }

    async fn discover(
        &self,
        use_case: &UseCase,
        campaign_id: &str,
        leads: Option<i64>,
        tries: bool,
    ) -> Result<Discovered, ApiError> {
        let campaign = self.read_campaign(use_case, campaign_id).await?;
        let leads = checked_leads(leads)?;
        self.begin_heavy_call()?;
        let organization = self.own_organization().await?;
        self.pipeline().discover(&organization, &campaign, leads, tries, self.holding()).await
    }
}

fn checked_leads(leads: Option<i64>) -> Result<i64, ApiError> {
    let (default, max) = (i64::try_from(ELEMENTS_DEFAULT).unwrap_or(1), i64::try_from(ELEMENTS_MAX).unwrap_or(1));
    check_count("leads", leads.unwrap_or(default), max)
}
