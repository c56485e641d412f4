//! Whom reported events are about: looked up for all events of a request together, so that many cost as many statements as one.

use super::Pipeline;
use super::finish::CampaignContext;
use async_recursion::async_recursion as boxed;
use hookmill_domain::hex::write_hex;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::reported_event::ReportedEvent;
use hookmill_store::StoreError;
use hookmill_store::reported_events::EventSubject;
use hookmill_store::submissions::SubmissionPlace;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// An event whose campaign is known.
pub(crate) struct OfCampaign {
    pub(crate) context: Arc<CampaignContext>,
    pub(crate) event: ReportedEvent,
}

/// Whom an event is about.
pub(crate) struct Subject {
    pub(crate) subject: EventSubject,
    /// By what it is the same person however an event names them; none where nobody is known.
    pub(crate) person: Option<String>,
    /// The shard of its submission: whoever erases that has what is sent of it in memory.
    pub(crate) shard: Option<u16>,
    /// How many bytes the lead of its submission has.
    pub(crate) bytes: i64,
}

impl Subject {
    fn submission(id: String, person: String, (shard, bytes): (u16, i64)) -> Self {
        Self { subject: EventSubject::Submission(id), person: Some(person), shard: Some(shard), bytes }
    }

    fn without_submission(subject: EventSubject, person: Option<String>) -> Self {
        Self { subject, person, shard: None, bytes: 0 }
    }
}

/// The newest submission of a lead in a campaign, its shard, and how many bytes its lead has.
type Newest = HashMap<(String, String), (String, (u16, i64))>;

/// What the store knows of the persons and submissions that events name.
#[derive(Default)]
struct Known {
    named: HashMap<String, SubmissionPlace>,
    leads: HashMap<IdentityHash, String>,
    newest: Newest,
}

impl Pipeline {
    /// Whom each of these events of one organization is about: the submission that it names, or the newest one of its person in the campaign.
    #[boxed]
    pub(crate) async fn find_subjects(
        &self,
        organization_id: &str,
        events: &[&OfCampaign],
    ) -> Result<Vec<Subject>, StoreError> {
        let mut known = Known { named: self.named_submissions(organization_id, events).await?, ..Known::default() };
        let identities: Vec<Vec<IdentityHash>> = events
            .iter()
            .map(|one| match known.named_by(one) {
                Some(_) => Vec::new(),
                None => one.event.lead.identities(&one.context.organization.salt),
            })
            .collect();
        let hashes: Vec<IdentityHash> = identities.iter().flatten().copied().collect();
        known.leads = match hashes.is_empty() {
            true => HashMap::new(),
            false => self.store.known_leads(organization_id, &hashes).await?,
        };
        known.newest = self.newest_submissions(organization_id, events, &identities, &known.leads).await?;
        Ok(events.iter().zip(&identities).map(|(one, identities)| known.subject(one, identities)).collect())
    }

    async fn named_submissions(
        &self,
        organization_id: &str,
        events: &[&OfCampaign],
    ) -> Result<HashMap<String, SubmissionPlace>, StoreError> {
        let ids: BTreeSet<&str> = events.iter().filter_map(|one| one.event.lead.submission_id.as_deref()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = ids.into_iter().collect();
        let places = self.store.submission_places(organization_id, &ids).await?;
        Ok(places.into_iter().map(|place| (place.id.clone(), place)).collect())
    }

    async fn newest_submissions(
        &self,
        organization_id: &str,
        events: &[&OfCampaign],
        identities: &[Vec<IdentityHash>],
        leads: &HashMap<IdentityHash, String>,
    ) -> Result<Newest, StoreError> {
        let mut by_campaign: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for (one, identities) in events.iter().zip(identities) {
            if let Some(lead_id) = lead_of(identities, leads) {
                by_campaign.entry(&one.context.campaign.key).or_default().insert(lead_id);
            }
        }
        let mut found = Newest::new();
        for (campaign_key, lead_ids) in by_campaign {
            let lead_ids: Vec<&str> = lead_ids.into_iter().collect();
            let among = [campaign_key.to_owned()];
            let newest = self.store.newest_submissions_of_leads(organization_id, &lead_ids, Some(&among)).await?;
            let each = newest.into_iter().map(|one| {
                let shard = u16::try_from(one.shard).unwrap_or(0);
                ((campaign_key.to_owned(), one.lead_id), (one.id, (shard, one.bytes)))
            });
            found.extend(each);
        }
        Ok(found)
    }
}

/// The lead that one of these addresses is of.
fn lead_of<'a>(identities: &[IdentityHash], leads: &'a HashMap<IdentityHash, String>) -> Option<&'a str> {
    identities.iter().find_map(|hash| leads.get(hash)).map(String::as_str)
}

impl Known {
    /// The submission that an event names, if it is one of its campaign.
    fn named_by(&self, one: &OfCampaign) -> Option<&SubmissionPlace> {
        let named = self.named.get(one.event.lead.submission_id.as_deref()?)?;
        (named.campaign_key == one.context.campaign.key).then_some(named)
    }

    fn subject(&self, one: &OfCampaign, identities: &[IdentityHash]) -> Subject {
        if let Some(SubmissionPlace { id, lead_id, shard, bytes, .. }) = self.named_by(one) {
            return Subject::submission(id.clone(), lead_id.clone().unwrap_or_else(|| id.clone()), (*shard, *bytes));
        }
        let Some(first) = identities.first() else {
            return Subject::without_submission(EventSubject::Nobody, one.event.lead.external_id.clone());
        };
        let Some(lead_id) = lead_of(identities, &self.leads) else {
            let hash = write_hex(first);
            return Subject::without_submission(EventSubject::Person(hash.clone()), Some(hash));
        };
        match self.newest.get(&(one.context.campaign.key.clone(), lead_id.to_owned())) {
            Some((id, place)) => Subject::submission(id.clone(), lead_id.to_owned(), *place),
            None => Subject::without_submission(EventSubject::Lead(lead_id.to_owned()), Some(lead_id.to_owned())),
        }
    }
}
