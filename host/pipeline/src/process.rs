//! Process: a claimed batch of one campaign, mapped, judged and shaped in one fresh instance, and written in one commit.

use super::Pipeline;
use super::conclude::{Candidate, Conclusion, Setting, Stand};
use super::context;
use super::element::Reread;
use super::lookups::Lookups;
use super::programs::NotReady;
use super::rendered;
use super::runner::Run;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::lead::{Identity, IdentityHash};
use hookmill_domain::state::State;
use hookmill_engine::contract::{Destination, DestinationKind, Inbound, Severity, ShapeRequest, Subject};
use hookmill_engine::{ItemError, Program};
use hookmill_store::StoreError;
use hookmill_store::claims::{ClaimedRequest, ClaimedSubmission};
use hookmill_store::processed::Born;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// How long a batch waits that could not be read or written, in milliseconds.
const PUT_OFF_MS: i64 = 10_000;
/// How long a submission waits that the host itself could not run, in milliseconds.
const HAND_BACK_MS: i64 = 2_000;

impl Pipeline {
    /// Claims what is due and processes it; answers how many submissions it claimed.
    pub async fn process_once(&self) -> Result<usize, StoreError> {
        let token = self.hold_token();
        let claimed = self
            .store
            .claim_submissions(token.as_str(), self.settings.limits.process_batch_max, self.clock.now())
            .await?;
        let count = claimed.len();
        let (claimed, rest) = within_bytes(claimed, self.settings.limits.process_batch_bytes_max);
        if !rest.is_empty() {
            let (ids, now) = (rest.iter().map(|claimed| claimed.id.as_str()).collect::<Vec<_>>(), self.clock.now());
            self.store.hand_back(token.as_str(), &ids, now, now).await?;
        }
        for (campaign_id, batch) in by_campaign(claimed) {
            let ids: Vec<String> = batch.iter().map(|claimed| claimed.id.clone()).collect();
            if let Err(error) = self.process_batch(token.as_str(), &campaign_id, batch).await {
                self.put_off(token.as_str(), &campaign_id, &ids, error).await?;
            }
        }
        Ok(count)
    }

    /// What could not be processed goes back in line, and no other campaign's leads wait for it.
    async fn put_off(
        &self,
        token: &str,
        campaign_id: &str,
        ids: &[String],
        error: StoreError,
    ) -> Result<(), StoreError> {
        tracing::error!(campaign_id, submissions = ids.len(), error = %error, "a batch could not be processed; it is put off");
        let (ids, now) = (ids.iter().map(String::as_str).collect::<Vec<_>>(), self.clock.now());
        self.store.hand_back(token, &ids, now.plus_ms(PUT_OFF_MS), now).await
    }

    async fn process_batch(
        &self,
        token: &str,
        campaign_id: &str,
        batch: Vec<ClaimedSubmission>,
    ) -> Result<(), StoreError> {
        let started_at = self.clock.now();
        let mut setting = self.setting_of(campaign_id, &batch).await?;
        let candidates = match setting.campaign.state()? {
            CampaignState::Draft | CampaignState::Paused => {
                all(&batch, |_| Conclusion::pending(&setting.campaign.state))
            }
            CampaignState::Archived => all(&batch, |_| Conclusion::canceled("campaign_archived")),
            CampaignState::Active => match self.program_of(&setting.campaign).await {
                Ok(program) => self.run_program(&mut setting, &program, &batch, started_at).await?,
                Err(NotReady::Later(why)) => {
                    tracing::warn!(campaign_id, why, "a batch goes back in line");
                    batch.iter().map(Candidate::postponed).collect()
                }
                Err(NotReady::Never(why)) => all(&batch, |_| Conclusion::unusable(&why)),
            },
        };
        let is_handed_back = |c: &&Candidate| matches!(c.stand, Stand::Postponed) && !c.is_born();
        let postponed: Vec<&str> = candidates.iter().filter(is_handed_back).map(|c| c.id.as_str()).collect();
        if !postponed.is_empty() {
            let now = self.clock.now();
            self.store.hand_back(token, &postponed, now.plus_ms(HAND_BACK_MS), now).await?;
        }
        let postponed: HashSet<&str> = postponed.into_iter().collect();
        // A lead made from an element that is looked at again is made again, too.
        let decided = candidates.iter().filter(|c| !postponed.contains(c.family())).collect();
        let processed = self.conclude(&setting, decided);
        self.store.commit_processed(token, &processed, started_at, self.clock.now()).await?;
        if processed.iter().any(|p| p.delivery.is_some()) {
            self.wake.deliver.notify_one();
        }
        if processed.iter().any(|p| p.events.iter().any(|event| !event.deliveries.is_empty())) {
            self.wake.notify.notify_one();
        }
        Ok(())
    }

    async fn setting_of(&self, campaign_id: &str, batch: &[ClaimedSubmission]) -> Result<Setting, StoreError> {
        let (organization, campaign) = self.home_of(campaign_id, "a submission").await?;
        let webhook = self.store.webhook_settings(&organization.id).await?.map(|(settings, _)| settings);
        let endpoint = self.store.endpoint_of(&campaign)?;
        let run_id = self.minter.mint("run", self.clock.now());
        debug_assert!(batch.iter().all(|claimed| claimed.organization_id == organization.id));
        Ok(Setting { organization, campaign, endpoint, webhook, run_id, value_sets: None })
    }

    /// Runs a batch on the tables as they stand now, once more for each time it asks for one that is not in memory yet.
    async fn run_program(
        &self,
        setting: &mut Setting,
        program: &Program,
        batch: &[ClaimedSubmission],
        now: Timestamp,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut lookups = self.lookups(&setting.campaign, setting.campaign.program_id.as_deref()).await?;
        loop {
            let candidates = self.run_stages(setting, program, &lookups, batch, now).await?;
            match self.fetched(&lookups).await? {
                Some(more) => lookups = more,
                None => {
                    setting.value_sets = lookups.record();
                    return Ok(candidates);
                }
            }
        }
    }

    async fn run_stages(
        &self,
        setting: &Setting,
        program: &Program,
        lookups: &Lookups,
        batch: &[ClaimedSubmission],
        now: Timestamp,
    ) -> Result<Vec<Candidate>, StoreError> {
        let context = context::context(&setting.organization, &setting.campaign, now, &setting.run_id);
        let mut run = Run::new(self, program, context, lookups);
        let mut candidates = self.map(&mut run, batch).await?;
        self.identify(setting, &mut candidates).await?;
        let client = client_of(setting);
        // The store is not asked any more: what is left stays on one thread, also the end of the instance.
        let judged = self.engine.on_guest_thread(async move {
            qualify(&mut run, Severity::Hard, &mut candidates).await;
            qualify(&mut run, Severity::Soft, &mut candidates).await;
            shape(&mut run, client.as_ref(), &mut candidates).await;
            (run.finish(), candidates)
        });
        let Ok((reports, candidates)) = judged.await else {
            return Ok(batch.iter().map(Candidate::postponed).collect());
        };
        for report in reports.iter().filter(|report| !report.log.is_empty() || !report.faults.is_empty()) {
            // What a plugin writes may be personal: its lines are not for the host's own log.
            let (lines, dropped) = (report.log.len(), report.log_lines_dropped);
            tracing::info!(campaign_id = setting.campaign.id, faults = ?report.faults, lines, dropped, "a plugin spoke");
        }
        Ok(candidates)
    }

    async fn map(&self, run: &mut Run, batch: &[ClaimedSubmission]) -> Result<Vec<Candidate>, StoreError> {
        let mut found = self.elements_of(batch).await?;
        let (mut candidates, mut elements, mut order) = (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
        for claimed in batch {
            match found.remove(&claimed.id) {
                Some(Ok(element)) => {
                    elements.push(element);
                    order.push(claimed);
                }
                Some(Err(why)) => candidates.push(Candidate::over(claimed, Conclusion::unusable(&why))),
                None => candidates.push(Candidate::over(
                    claimed,
                    Conclusion::unusable("the raw request is gone: its retention has ended"),
                )),
            }
        }
        let mapped = map_all(run, elements).await;
        let known = self.children_of(&order, &mapped).await?;
        for (claimed, result) in order.into_iter().zip(mapped) {
            candidates.extend(candidates_of(claimed, result, &known));
        }
        Ok(candidates)
    }

    /// The elements of a batch, by submission, or why a body can't be read any more. Requests are read some megabytes at a time:
    /// bodies are large, elements are not.
    async fn elements_of(
        &self,
        batch: &[ClaimedSubmission],
    ) -> Result<HashMap<String, Result<Inbound, String>>, StoreError> {
        let mut wanted: HashMap<&str, Vec<&ClaimedSubmission>> = HashMap::new();
        for claimed in batch {
            wanted.entry(claimed.request_id.as_str()).or_default().push(claimed);
        }
        let ids: Vec<&str> = wanted.keys().copied().collect();
        let sizes = self.store.request_sizes(&ids).await?;
        let mut elements = HashMap::with_capacity(batch.len());
        for group in in_groups(&sizes, self.settings.limits.process_batch_bytes_max) {
            for request in self.store.claimed_requests(&group).await? {
                let of_request = wanted.get(request.id.as_str()).map(Vec::as_slice).unwrap_or_default();
                elements.extend(read_again(&request, of_request, &self.settings.limits));
            }
        }
        Ok(elements)
    }

    /// The submissions that elements with several leads have become before: they are not made twice.
    async fn children_of(
        &self,
        order: &[&ClaimedSubmission],
        mapped: &[Mapped],
    ) -> Result<HashSet<String>, StoreError> {
        let several: Vec<&str> = order
            .iter()
            .zip(mapped)
            .filter(|(_, result)| result.as_ref().is_ok_and(|m| 1 < m.leads.len()))
            .map(|(claimed, _)| claimed.id.as_str())
            .collect();
        if several.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(self.store.children_of(&several).await?.into_iter().collect())
    }

    /// Finds out who each lead is.
    async fn identify(&self, setting: &Setting, candidates: &mut [Candidate]) -> Result<(), StoreError> {
        let salt = &setting.organization.salt;
        let identities: Vec<Option<Identity>> =
            candidates.iter().map(|c| c.mapped().map(|lead| Identity::of(salt, &lead.lead))).collect();
        let hashes: Vec<IdentityHash> =
            identities.iter().flatten().flat_map(|identity| identity.hashes.iter().copied()).collect();
        let mut known = self.store.known_leads(&setting.organization.id, &hashes).await?;
        for (candidate, identity) in candidates.iter_mut().zip(identities) {
            let Some(identity) = identity else { continue };
            let found = identity.hashes.iter().find_map(|hash| known.get(hash).cloned());
            let lead_id = found.unwrap_or_else(|| identity.lead_id(salt, &candidate.id));
            for hash in &identity.hashes {
                known.entry(*hash).or_insert_with(|| lead_id.clone());
            }
            candidate.person = Some((lead_id, identity.hashes));
        }
        Ok(())
    }
}

/// The elements of one request, whose body is opened once for all of them.
fn read_again(
    request: &ClaimedRequest,
    claimed: &[&ClaimedSubmission],
    limits: &Limits,
) -> Vec<(String, Result<Inbound, String>)> {
    let reread = Reread::open(&request.content_type, &request.beside, &request.body, limits);
    let element_of = |claimed: &ClaimedSubmission| match &reread {
        Ok(body) => match body.element(claimed.element_start, claimed.element_bytes) {
            Some(element) => Ok(context::inbound(claimed, request, element)),
            None => Err("the raw request has no such element".to_owned()),
        },
        Err(refusal) => Err(format!("the raw request can't be read any more: {refusal}")),
    };
    claimed.iter().map(|claimed| (claimed.id.clone(), element_of(claimed))).collect()
}

type Mapped = Result<hookmill_engine::contract::Mapped, ItemError>;

/// Maps; when no plugin serves the stage, nothing is known about any element.
async fn map_all(run: &mut Run, elements: Vec<Inbound>) -> Vec<Mapped> {
    let count = elements.len();
    run.map(elements).await.unwrap_or_else(|missing| {
        tracing::error!(%missing, "nobody maps");
        (0..count).map(|_| Err(ItemError::Postponed)).collect()
    })
}

/// The first submissions whose elements together stay within a bound, one at least, and the others.
fn within_bytes(
    mut claimed: Vec<ClaimedSubmission>,
    bytes_max: i64,
) -> (Vec<ClaimedSubmission>, Vec<ClaimedSubmission>) {
    let mut bytes = 0_i64;
    let fits = claimed.iter().take_while(|one| {
        bytes = bytes.saturating_add(one.element_bytes);
        bytes <= bytes_max
    });
    let kept = fits.count().max(1).min(claimed.len());
    let rest = claimed.split_off(kept);
    (claimed, rest)
}

/// Requests in groups whose bodies together stay within a bound; a body beyond it is a group of its own.
fn in_groups(sizes: &[(String, i64)], bytes_max: i64) -> Vec<Vec<&str>> {
    let (mut groups, mut bytes) = (Vec::<Vec<&str>>::new(), i64::MAX);
    for (id, size) in sizes {
        bytes = bytes.saturating_add(*size);
        if bytes_max < bytes {
            groups.push(Vec::new());
            bytes = *size;
        }
        if let Some(group) = groups.last_mut() {
            group.push(id.as_str());
        }
    }
    groups
}

fn by_campaign(claimed: Vec<ClaimedSubmission>) -> Vec<(String, Vec<ClaimedSubmission>)> {
    let mut batches: Vec<(String, Vec<ClaimedSubmission>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for submission in claimed {
        let place = *places.entry(submission.campaign_id.clone()).or_insert_with(|| {
            batches.push((submission.campaign_id.clone(), Vec::new()));
            batches.len() - 1
        });
        batches[place].1.push(submission);
    }
    batches
}

fn all(batch: &[ClaimedSubmission], conclusion: impl Fn(&ClaimedSubmission) -> Conclusion) -> Vec<Candidate> {
    batch.iter().map(|claimed| Candidate::over(claimed, conclusion(claimed))).collect()
}

/// What one element became: the claimed submission takes its first lead, the others are made anew. A submission that was made
/// so takes only its own.
fn candidates_of(claimed: &ClaimedSubmission, mapped: Mapped, known: &HashSet<String>) -> Vec<Candidate> {
    let mapped = match mapped {
        Ok(mapped) => mapped,
        Err(error) => return vec![Candidate::from_error(claimed, &error)],
    };
    let own =
        claimed.parent_id.as_ref().and_then(|_| claimed.id.rsplit_once('.')?.1.parse::<usize>().ok()).unwrap_or(0);
    if mapped.leads.len() <= own {
        return vec![Candidate::over(claimed, Conclusion::canceled("no_lead"))];
    }
    let mut candidates = Vec::with_capacity(mapped.leads.len());
    for (index, lead) in mapped.leads.into_iter().enumerate() {
        let stand = match lead {
            Ok(lead) => Stand::Mapped(lead),
            Err(failure) => Stand::Over(Conclusion::quarantined("mapping_failed", rendered::failure(&failure))),
        };
        if index == own {
            candidates.push(Candidate::new(claimed, claimed.id.clone(), None, stand));
        } else if claimed.parent_id.is_none() && !known.contains(&format!("{}.{index}", claimed.id)) {
            let born = Born {
                parent_id: claimed.id.clone(),
                request_id: claimed.request_id.clone(),
                campaign_id: claimed.campaign_id.clone(),
                element_start: claimed.element_start,
                element_bytes: claimed.element_bytes,
                received_at: claimed.received_at,
            };
            candidates.push(Candidate::new(claimed, format!("{}.{index}", claimed.id), Some(born), stand));
        }
    }
    candidates
}

/// Judges those that are still on their way.
async fn qualify(run: &mut Run, severity: Severity, candidates: &mut [Candidate]) {
    let (order, submissions): (Vec<usize>, Vec<_>) =
        candidates.iter().enumerate().filter_map(|(at, c)| Some((at, c.submission()?))).unzip();
    if order.is_empty() {
        return;
    }
    let count = submissions.len();
    let verdicts = run
        .qualify(severity, submissions)
        .await
        .unwrap_or_else(|_| (0..count).map(|_| Err(ItemError::Postponed)).collect());
    for (at, verdict) in order.into_iter().zip(verdicts) {
        match verdict {
            Ok(verdict) if verdict.qualified => {}
            Ok(verdict) => candidates[at].disqualify(verdict),
            Err(error) => candidates[at].fail(&error),
        }
    }
}

/// Where the campaign sends its leads.
fn client_of(setting: &Setting) -> Option<Destination> {
    let endpoint = setting.endpoint.as_ref()?;
    Some(Destination {
        kind: DestinationKind::ClientEndpoint,
        id: setting.campaign.public_id.clone(),
        name: setting.campaign.name.clone(),
        method: endpoint.method.clone(),
        url: endpoint.url.clone(),
        content_type: "application/json".into(),
        settings: None,
    })
}

/// Shapes the message to the client for those that are still on their way; without a client there is none to shape.
async fn shape(run: &mut Run, client: Option<&Destination>, candidates: &mut [Candidate]) {
    let Some(destination) = client else { return };
    let waiting = candidates.iter().enumerate().filter_map(|(at, c)| Some((at, c.submission()?)));
    let (order, requests): (Vec<usize>, Vec<ShapeRequest>) = waiting
        .map(|(at, submission)| {
            (at, ShapeRequest { destination: destination.clone(), subject: Subject::Submission(submission) })
        })
        .unzip();
    if order.is_empty() {
        return;
    }
    let count = requests.len();
    let payloads =
        run.shape(requests).await.unwrap_or_else(|_| (0..count).map(|_| Err(ItemError::Postponed)).collect());
    for (at, payload) in order.into_iter().zip(payloads) {
        match payload {
            Ok(payload) => candidates[at].payload = Some(payload),
            Err(error) => candidates[at].fail(&error),
        }
    }
}

impl Conclusion {
    /// It waits for its campaign.
    fn pending(campaign_state: &str) -> Self {
        Self {
            state: State::Pending,
            cause: if campaign_state == "draft" { "campaign_draft" } else { "campaign_paused" },
            detail: None,
        }
    }

    /// It will not be sent.
    fn canceled(cause: &'static str) -> Self {
        Self { state: State::Canceled, cause, detail: None }
    }

    /// What the campaign runs can't be run.
    fn unusable(why: &str) -> Self {
        Self::quarantined("program_unusable", json!({ "code": "program_unusable", "message": why }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(id: &str, element_bytes: i64) -> ClaimedSubmission {
        ClaimedSubmission {
            id: id.into(),
            request_id: "req".into(),
            organization_id: "org".into(),
            campaign_id: "cmp".into(),
            parent_id: None,
            element_start: 0,
            element_bytes,
            revision: 0,
            received_at: 0,
        }
    }

    #[test]
    fn h6_a_batch_is_bounded_in_bytes_and_never_empty() {
        let table =
            [(vec![], 0), (vec![5], 1), (vec![50], 1), (vec![5, 5, 1], 2), (vec![1, 1, 1], 3), (vec![50, 1], 1)];
        for (sizes, kept) in table {
            let batch: Vec<_> = sizes.iter().enumerate().map(|(at, size)| claimed(&at.to_string(), *size)).collect();
            let (first, rest) = within_bytes(batch, 10);
            assert_eq!((first.len(), rest.len()), (kept, sizes.len() - kept), "{sizes:?}");
        }
    }

    #[test]
    fn h6_bodies_are_read_in_bounded_groups() {
        let sizes: Vec<(String, i64)> =
            [4, 5, 3, 20, 1].iter().enumerate().map(|(at, size)| (at.to_string(), *size)).collect();
        assert_eq!(in_groups(&sizes, 10), [vec!["0", "1"], vec!["2"], vec!["3"], vec!["4"]]);
        assert!(in_groups(&[], 10).is_empty());
    }
}
