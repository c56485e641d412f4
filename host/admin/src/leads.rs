//! Leads: persons with their submissions across campaigns (O4). A key that is scoped to campaigns sees those who have a submission there, and of
//! them what those submissions say.

use super::access::{Scope, unavailable};
use super::input::lookup_id;
use super::page::{Listed, PageRequest, without_nul};
use super::search::Search;
use super::use_cases::{GET_LEAD, LIST_LEADS};
use crate::rows::{Lead, SubmissionRow};
use hookmill_domain::error::ApiError;
use hookmill_domain::lead::{Identity, IdentityHash};
use hookmill_store::search::SubmissionFilter;
use hookmill_store::submissions::first_within;
use std::collections::{BTreeSet, HashMap};

/// How long an id may be; nothing longer is looked up.
const ID_CHARS_MAX: usize = 64;
/// How many tags of one lead are shown.
const TAGS_SHOWN_MAX: usize = 100;

/// Which leads are asked for.
#[derive(Debug, Clone, Default)]
pub struct LeadQuery {
    /// Only the one with this e-mail address.
    pub email: Option<String>,
    /// Only the one with this phone number.
    pub phone: Option<String>,
    /// Only those with a submission in one of these campaigns, with commas between them.
    pub campaign: Option<String>,
    /// Only those who came with this tag.
    pub tag: Option<String>,
}

/// A lead, as far as the key sees it.
#[derive(Debug)]
pub struct LeadSummary {
    /// Its id.
    pub id: String,
    /// When it was processed first, and how many submissions it has; none for a key that is scoped to campaigns.
    pub whole: Option<Lead>,
    /// Its newest submission; none when there is none any more.
    pub newest: Option<SubmissionRow>,
    /// Its tags, in alphabetical order.
    pub tags: Vec<String>,
}

/// A page of leads.
#[derive(Debug)]
pub struct ListedLeads {
    /// The page.
    pub page: Listed<LeadSummary>,
    /// When the last submission was received that was looked at, where a bound ended the search before the page was full.
    pub searched_until: Option<i64>,
}

/// A lead with a page of its submissions.
#[derive(Debug)]
pub struct LeadDetails {
    /// The lead.
    pub lead: LeadSummary,
    /// Its submissions, the newest first.
    pub submissions: Listed<SubmissionRow>,
}

/// The ids of leads that were found.
#[derive(Default)]
struct FoundLeads {
    ids: Vec<String>,
    /// Where the list goes on after each of them: the id of the lead, or of the submission by which it was found.
    cursors: Vec<String>,
    next: Option<String>,
    searched_until: Option<i64>,
}

impl Scope {
    /// Lists leads: by e-mail address and phone number the person who is known by them, by a tag those who came with it, and otherwise those with
    /// the newest submissions first.
    pub async fn list_leads(&self, query: &LeadQuery, page: &PageRequest) -> Result<ListedLeads, ApiError> {
        self.authorize(&LIST_LEADS)?;
        let limit = self.rows_of(page)?;
        let campaigns = self.named_campaigns(query.campaign.as_deref()).await?;
        let [email, phone, tag] = [&query.email, &query.phone, &query.tag].map(|text| without_nul(text.as_deref()));
        let found = match (email, phone, tag.map(str::trim)) {
            (None, None, None) => self.leads_by_time(campaigns.clone(), page.from(), limit).await?,
            (None, None, Some(tag)) => self.leads_by_tag(tag, campaigns.as_deref(), page.from(), limit).await?,
            (email, phone, tag) => self.leads_by_identity(email, phone, tag, campaigns.as_deref()).await?,
        };
        self.summarize_page(found).await
    }

    /// A lead with a page of its submissions across campaigns, the newest first.
    pub async fn lead(&self, id: &str, page: &PageRequest) -> Result<LeadDetails, ApiError> {
        self.authorize(&GET_LEAD)?;
        let limit = self.rows_of(page)?;
        let id: String = lookup_id(id).chars().take(ID_CHARS_MAX).collect();
        let covered = self.covered_campaigns().await?;
        let ids = std::slice::from_ref(&id);
        let newest = self.newest_of(ids, covered.as_deref()).await?;
        let lead = self.summarize(ids, covered.as_deref(), &newest).await?.pop();
        let lead = lead.ok_or_else(|| ApiError::not_found("lead", &id))?;
        let filter = SubmissionFilter { lead_id: Some(id), campaigns: covered, ..SubmissionFilter::default() };
        let found = self.search(&Search { filter, ..Search::default() }, page.from(), limit).await?;
        let sizes: Vec<i64> = found.seen.iter().map(|row| row.bytes).collect();
        let fits = first_within(&sizes, self.limits().page_bytes_max).min(sizes.len());
        let ids: Vec<&str> = found.seen[..fits].iter().map(|row| row.id.as_str()).collect();
        let rows = self.store().submissions_by_id(&self.organization_id, &ids).await.map_err(unavailable)?;
        let is_cut = fits < sizes.len();
        let next = if is_cut { ids.last().map(|id| (*id).to_owned()) } else { found.next };
        Ok(LeadDetails { lead, submissions: Listed { items: rows, next } })
    }

    /// Those with the newest submissions, each once: where its newest one is.
    async fn leads_by_time(
        &self,
        campaigns: Option<Vec<String>>,
        before: &str,
        limit: i64,
    ) -> Result<FoundLeads, ApiError> {
        let filter = SubmissionFilter { campaigns, newest_of_lead: true, ..SubmissionFilter::default() };
        let found = self.search(&Search { filter, ..Search::default() }, before, limit).await?;
        let (cursors, ids) = found.seen.into_iter().filter_map(|row| Some((row.id, row.lead_id?))).unzip();
        Ok(FoundLeads { ids, cursors, next: found.next, searched_until: found.searched_until })
    }

    /// Those who came with a tag, in the order of their ids.
    async fn leads_by_tag(
        &self,
        tag: &str,
        campaigns: Option<&[String]>,
        before: &str,
        limit: i64,
    ) -> Result<FoundLeads, ApiError> {
        let found = self.store().leads_with_tag(&self.organization_id, tag, campaigns, before, limit).await;
        let listed = Listed::page(found.map_err(unavailable)?, limit, Clone::clone);
        Ok(FoundLeads { cursors: listed.items.clone(), ids: listed.items, next: listed.next, searched_until: None })
    }

    /// The person with an e-mail address and a phone number, as far as they are given, if tag and campaigns are theirs.
    async fn leads_by_identity(
        &self,
        email: Option<&str>,
        phone: Option<&str>,
        tag: Option<&str>,
        campaigns: Option<&[String]>,
    ) -> Result<FoundLeads, ApiError> {
        let salt = self.own_organization().await?.salt;
        let mut ids: Option<BTreeSet<String>> = None;
        let hashes =
            [email.map(|text| Identity::of_email(&salt, text)), phone.map(|text| Identity::of_phone(&salt, text))];
        for hashes in hashes.into_iter().flatten() {
            let known = self.leads_by_hash(&hashes).await?;
            ids = Some(match ids {
                Some(ids) => ids.intersection(&known).cloned().collect(),
                None => known,
            });
        }
        let mut ids: Vec<String> = ids.unwrap_or_default().into_iter().collect();
        if let Some(keys) = campaigns {
            let there = self.newest_of(&ids, Some(keys)).await?;
            ids.retain(|id| there.contains_key(id));
        }
        if let Some(tag) = tag {
            let tags = self.tags_of(&ids, campaigns).await?;
            ids.retain(|id| tags.get(id).is_some_and(|tags| tags.iter().any(|one| one == tag)));
        }
        Ok(FoundLeads { cursors: ids.clone(), ids, ..FoundLeads::default() })
    }

    async fn leads_by_hash(&self, hashes: &[IdentityHash]) -> Result<BTreeSet<String>, ApiError> {
        let known = self.store().known_leads(&self.organization_id, hashes).await.map_err(unavailable)?;
        Ok(known.into_values().collect())
    }

    /// The leads of a page as they are shown, as many as fit into one.
    async fn summarize_page(&self, found: FoundLeads) -> Result<ListedLeads, ApiError> {
        let covered = self.covered_campaigns().await?;
        let newest = self.newest_of(&found.ids, covered.as_deref()).await?;
        let sizes: Vec<i64> = found.ids.iter().map(|id| newest.get(id).map_or(0, |(_, bytes)| *bytes)).collect();
        let fits = first_within(&sizes, self.limits().page_bytes_max).min(sizes.len());
        let items = self.summarize(&found.ids[..fits], covered.as_deref(), &newest).await?;
        let (next, searched_until) = match found.cursors[..fits].last().filter(|_| fits < sizes.len()) {
            Some(last) => (Some(last.clone()), None),
            None => (found.next, found.searched_until),
        };
        Ok(ListedLeads { page: Listed { items, next }, searched_until })
    }

    /// Leads in the order of their ids as they are given, as far as the key sees them; those that it does not see are left out.
    async fn summarize(
        &self,
        ids: &[String],
        covered: Option<&[String]>,
        newest: &HashMap<String, (String, i64)>,
    ) -> Result<Vec<LeadSummary>, ApiError> {
        let given: Vec<&str> = ids.iter().map(String::as_str).collect();
        let leads = self.store().leads(&self.organization_id, &given).await.map_err(unavailable)?;
        let mut leads: HashMap<String, Lead> = leads.into_iter().map(|lead| (lead.id.clone(), lead)).collect();
        let submission_ids: Vec<&str> = ids.iter().filter_map(|id| Some(newest.get(id)?.0.as_str())).collect();
        let rows = self.store().submissions_by_id(&self.organization_id, &submission_ids).await.map_err(unavailable)?;
        let mut rows: HashMap<String, SubmissionRow> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut tags = self.tags_of(ids, covered).await?;
        let summary = |id: &String| {
            let lead = leads.remove(id)?;
            let newest = newest.get(id).and_then(|(submission_id, _)| rows.remove(submission_id));
            if covered.is_some() && newest.is_none() {
                return None;
            }
            let whole = Some(lead).filter(|_| covered.is_none());
            let mut tags = tags.remove(id).unwrap_or_default();
            tags.truncate(TAGS_SHOWN_MAX);
            Some(LeadSummary { id: id.clone(), whole, newest, tags })
        };
        Ok(ids.iter().filter_map(summary).collect())
    }

    /// The newest submission of each lead, with the bytes of its lead, by lead.
    async fn newest_of(
        &self,
        ids: &[String],
        campaigns: Option<&[String]>,
    ) -> Result<HashMap<String, (String, i64)>, ApiError> {
        if campaigns.is_some_and(<[String]>::is_empty) {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let newest = self.store().newest_submissions_of_leads(&self.organization_id, &ids, campaigns).await;
        Ok(newest.map_err(unavailable)?.into_iter().map(|row| (row.lead_id, (row.id, row.bytes))).collect())
    }

    /// The tags of each lead that has some, by lead.
    async fn tags_of(
        &self,
        ids: &[String],
        campaigns: Option<&[String]>,
    ) -> Result<HashMap<String, Vec<String>>, ApiError> {
        if campaigns.is_some_and(<[String]>::is_empty) {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = self.store().tags_of_leads(&self.organization_id, &ids, campaigns).await.map_err(unavailable)?;
        let mut tags: HashMap<String, Vec<String>> = HashMap::new();
        for (lead_id, tag) in found {
            tags.entry(lead_id).or_default().push(tag);
        }
        Ok(tags)
    }
}
