//! The lifecycle of a campaign (L3, L5-L8): duplicates, caps, schedule, queue and fallback, saved as a whole.

use super::access::{Scope, unavailable};
use super::input::Input;
use super::use_cases::{GET_LIFECYCLE, SET_LIFECYCLE};
use crate::rows::Campaign;
use fallback::Lists;
use hookmill_domain::campaign::{CampaignId, CampaignState};
use hookmill_domain::endpoint::Faults;
use hookmill_domain::error::ApiError;
use hookmill_domain::lifecycle::Lifecycle;
use hookmill_domain::lifecycle::draft::{LifecycleDraft, fallback_path};
use hookmill_domain::lifecycle::fallback::MOVES_MAX;
use hookmill_domain::lifecycle::schedule::{LOOK_AHEAD_DAYS, Opening};
use std::collections::BTreeSet;

mod fallback;

/// How many campaigns' fallback lists are read to find a circle.
const LISTS_READ_MAX: usize = 200;

impl Scope {
    /// A campaign's lifecycle.
    pub async fn lifecycle(&self, campaign_id: &str) -> Result<Lifecycle, ApiError> {
        self.read_campaign(&GET_LIFECYCLE, campaign_id).await?.lifecycle().map_err(unavailable)
    }

    /// Replaces a campaign's lifecycle. Leads that are not decided yet go by it; what waits in the queue is looked at again.
    pub async fn set_lifecycle(&self, campaign_id: &str, draft: Input<LifecycleDraft>) -> Result<Lifecycle, ApiError> {
        let (campaign, entry) = self.change_of(&SET_LIFECYCLE, campaign_id).await?;
        let mut faults = Faults::default();
        let lifecycle = draft?.check(&campaign.campaign_id, &mut faults);
        self.check_opens(&campaign, &lifecycle, &mut faults)?;
        self.check_fallback(&campaign, &lifecycle, &mut faults).await?;
        faults.end()?;
        let saved = self.store().set_lifecycle(&campaign, &lifecycle, &entry, self.now()).await;
        saved.map_err(unavailable)?;
        self.pipeline().forget_lookups();
        Ok(lifecycle)
    }

    /// A schedule whose holidays leave nothing of it is a mistake.
    fn check_opens(&self, campaign: &Campaign, lifecycle: &Lifecycle, faults: &mut Faults) -> Result<(), ApiError> {
        let Some(schedule) = lifecycle.schedule.as_ref().filter(|_| faults.is_empty()) else { return Ok(()) };
        let zone = campaign.zone().map_err(unavailable)?;
        if schedule.at(self.now(), &zone) == (Opening::Closed { opens_at: None }) {
            let message =
                format!("leave no window open within {LOOK_AHEAD_DAYS} days; remove some, or pause the campaign");
            faults.add("schedule.holidays", message);
        }
        Ok(())
    }

    /// The campaigns of a fallback list take leads, are this key's to choose, and don't lead back.
    async fn check_fallback(
        &self,
        campaign: &Campaign,
        lifecycle: &Lifecycle,
        faults: &mut Faults,
    ) -> Result<(), ApiError> {
        let Some(fallback) = &lifecycle.fallback else { return Ok(()) };
        let kept: BTreeSet<String> = listed(campaign)?.into_iter().collect();
        let mut lists = Lists::new(LISTS_READ_MAX);
        for (index, id) in fallback.campaigns.iter().take(MOVES_MAX).enumerate() {
            if *id == campaign.campaign_id {
                continue;
            }
            let path = fallback_path(index);
            let Some(next) = self.campaign_of_list(id).await? else {
                faults.add(
                    &path,
                    "is not the id of a campaign of this organization; create the campaign first, or remove it",
                );
                continue;
            };
            if next.state().map_err(unavailable)? == CampaignState::Archived {
                faults.add(&path, format!("is `{id}`, which is archived and takes no leads; remove it"));
            } else if !self.actor.covers(id) && !kept.contains(id) {
                faults.add(&path, format!("is `{id}`, which this key is not for; use a key for both campaigns"));
            } else {
                self.check_way_on(campaign, next, &path, &mut lists, faults).await?;
            }
        }
        Ok(())
    }

    /// No list leads back from a campaign of the fallback list.
    async fn check_way_on(
        &self,
        campaign: &Campaign,
        next: Campaign,
        path: &str,
        lists: &mut Lists,
        faults: &mut Faults,
    ) -> Result<(), ApiError> {
        let first = next.campaign_id.clone();
        lists.add(first.clone(), listed(&next)?);
        while let Some(id) = lists.next_unread(&campaign.campaign_id) {
            // A campaign that is gone from the lists of others leads nowhere.
            let ids = self.campaign_of_list(&id).await?.as_ref().map(listed).transpose()?;
            lists.add(id, ids.unwrap_or_default());
        }
        if lists.is_full() {
            let message = format!("leads on to more than {LISTS_READ_MAX} campaigns; shorten their fallback lists");
            faults.add(path, message);
        } else if let Some(way) = lists.way(&first, &campaign.campaign_id) {
            let way: Vec<String> = way.iter().map(|id| format!("`{id}`")).collect();
            let message = format!(
                "leads back here, by the fallback lists of {}; remove it, or change one of them",
                way.join(", ")
            );
            faults.add(path, message);
        }
        Ok(())
    }

    async fn campaign_of_list(&self, id: &str) -> Result<Option<Campaign>, ApiError> {
        let Ok(id) = CampaignId::parse(id) else { return Ok(None) };
        self.store().campaign_by_id(&self.organization_id, id.as_str()).await.map_err(unavailable)
    }
}

/// The fallback list of a campaign.
fn listed(campaign: &Campaign) -> Result<Vec<String>, ApiError> {
    let lifecycle = campaign.lifecycle().map_err(unavailable)?;
    Ok(lifecycle.fallback.map(|fallback| fallback.campaigns).unwrap_or_default())
}
