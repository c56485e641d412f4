//! Leads through inbound webhooks (I9): the raw request is made durable, its lead is mapped and validated while its sender waits, the person is put in
//! place, and only then does the submission go on. Where that takes too long, it goes on as any other and the sender is told that it was accepted.

use super::Pipeline;
use super::context;
use super::element::Received;
use super::finish::CampaignContext;
use super::ingest::{Channel, IngestResponse, Post, Source};
use super::process::id_of_made;
use super::rendered::json;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::budget::Permit;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::inbound::fields::{Wishes, normalize};
use hookmill_domain::inbound::response::{InboundLead, Known, check_addresses};
use hookmill_domain::lead::{Identity, IdentityHash, tags};
use hookmill_domain::metadata::media_type;
use hookmill_domain::net_policy::Schemes;
use hookmill_engine::ItemError;
use hookmill_engine::contract::{Failure, MappedLead};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::inbound_webhooks::{HeldRequest, InboundPerson, InboundWebhook, token_hash};
use hookmill_store::ingest::NewRequest;
use hookmill_store::keys::SourceKey;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How much longer than it is waited for a submission is held, in milliseconds: if its host dies meanwhile, it is taken up then.
const HOLD_MS: i64 = 30_000;
/// The warning about a field that could not be read.
const KEPT_RAW: &str = "kept_raw";

/// A post to an inbound webhook.
pub struct InboundPost {
    /// The id this request has in logs, responses and the store.
    pub request_id: String,
    /// The webhook.
    pub webhook: Arc<InboundWebhook>,
    /// What came besides the body.
    pub source: Source,
    /// The body.
    pub body: Bytes,
    /// The permit for it.
    pub permit: Permit,
    /// Whether its sender does not want to wait.
    pub is_async: bool,
}

/// What an inbound webhook responds.
#[derive(Debug)]
pub enum InboundResponse {
    /// The request is durable, and its lead is looked at later.
    Accepted {
        /// What is said of it.
        response: IngestResponse,
        /// Where a form is to be redirected to.
        redirect: Option<String>,
    },
    /// The leads that were made of it.
    Leads {
        /// They, in their order.
        leads: Vec<InboundLead>,
        /// Whether one of them is somebody who was not known.
        has_new: bool,
        /// Where a form is to be redirected to.
        redirect: Option<String>,
    },
}

/// What was found of a body while its sender waits.
enum Found {
    /// Its leads, and those that could not be made.
    Mapped(Vec<Result<MappedLead, Failure>>),
    /// Nobody knows yet.
    Unknown,
}

/// What was decided about a held request.
enum Decided {
    /// Its leads are in place, and it goes on.
    Leads { leads: Vec<InboundLead>, has_new: bool },
    /// It goes on, and will be quarantined for this reason.
    Quarantined(ApiError),
    /// It is gone.
    Rejected(ApiError),
    /// It goes on, and nothing is known of it yet.
    Later,
}

impl Pipeline {
    /// The inbound webhook of a token.
    #[boxed]
    pub async fn inbound_webhook(&self, token: &str) -> Result<Option<Arc<InboundWebhook>>, ApiError> {
        let (hash, now) = (token_hash(token), self.clock.boot_time());
        let found = self.inbound_webhooks.get_or_find(hash, now, self.store.inbound_webhook_by_token(&hash));
        found.await.map_err(unavailable)
    }

    /// The campaign of an inbound webhook, as its users know it.
    pub async fn campaign_id_of(&self, webhook: &InboundWebhook) -> Result<String, ApiError> {
        let context = self.campaign_context(&webhook.campaign_key).await.map_err(unavailable)?;
        Ok(context.campaign.campaign_id.clone())
    }

    /// Takes a post to an inbound webhook.
    #[boxed]
    pub async fn ingest_inbound(&self, inbound: InboundPost) -> Result<InboundResponse, ApiError> {
        let InboundPost { request_id, webhook, source, body, permit, is_async } = inbound;
        let context = self.campaign_context(&webhook.campaign_key).await.map_err(unavailable)?;
        let channel = Channel::Inbound { campaign_id: context.campaign.campaign_id.clone() };
        let mut post = Post { request_id, source, channel, body, permit };
        match self.map_and_keep(&webhook, &context, &mut post, is_async).await {
            Ok(response) => response,
            Err(error) => Err(self.reject(post, error).await),
        }
    }

    /// Keeps a post and maps its lead. An outer error has the post rejected; an inner one is of a submission that is kept, and quarantined for the same reason.
    async fn map_and_keep(
        &self,
        webhook: &InboundWebhook,
        context: &CampaignContext,
        post: &mut Post,
        is_async: bool,
    ) -> Result<Result<InboundResponse, ApiError>, ApiError> {
        let is_standard =
            self.runs_standard(context.campaign.active_version_id.as_deref()).await.map_err(unavailable)?;
        let (mut request, mut elements, response) = self.admit_inbound(post, &context.campaign.campaign_id).await?;
        let Some(item) = elements.first_mut() else {
            return Err(ApiError::new(Kind::Invalid, "no_lead", "there is nothing in the body"));
        };
        let (wishes, body) = self.read_lead_body(&item.work, is_standard).await?;
        // Whoever posts anything but a form reads the response.
        let redirect = check_redirect(webhook, &wishes, self.schemes())?.filter(|_| is_form(&post.source.content_type));
        // Whoever maps it, now or after a restart, has to know them.
        note_wishes(&mut item.work, &mut request, &wishes);
        let permit = post.permit.split(usize::MAX);
        let accepted = InboundResponse::Accepted { response: response.clone(), redirect: redirect.clone() };
        if is_async {
            return Ok(self.keep(request, elements, response, permit).await.map(|_| accepted));
        }
        let Some(received) = elements.into_iter().next().map(|item| item.work) else { return Ok(Ok(accepted)) };
        let wait_ms = self.settings.limits.inbound_wait_ms;
        let hold_ms = i64::try_from(wait_ms).unwrap_or(HOLD_MS).saturating_add(HOLD_MS);
        request.held_until = Some(request.received_at.plus_ms(hold_ms));
        let (request_id, received_at) = (request.id.clone(), request.received_at);
        self.keep(request, Vec::new(), response, permit).await?;
        let submission_id = received.row.id.clone();
        let held = HeldRequest {
            organization_id: &context.organization.id,
            campaign_key: &context.campaign.key,
            request_id: &request_id,
            submission_id: &submission_id,
        };
        // From here on the request is on disk, and goes on whatever happens: an error of the host must not have its sender post it again.
        let wait = Duration::from_millis(wait_ms);
        let found =
            tokio::time::timeout(wait, self.map_one(context, received, body)).await.unwrap_or(Ok(Found::Unknown));
        let decided = match found {
            Ok(found) => self.decide_held(context, held, found, (is_standard, &wishes), received_at).await,
            Err(error) => Err(error),
        };
        match decided {
            Ok(Decided::Leads { leads, has_new }) => Ok(Ok(InboundResponse::Leads { leads, has_new, redirect })),
            Ok(Decided::Quarantined(error)) => Ok(Err(error)),
            Ok(Decided::Rejected(error)) => Err(error),
            Ok(Decided::Later) => Ok(Ok(accepted)),
            Err(error) => {
                tracing::error!(error = %error, "an inbound webhook could not put its lead in place while its sender waited; its submission goes on by itself");
                Ok(Ok(accepted))
            }
        }
    }

    /// What a body asks for besides its lead, and what the standard document finds a lead in, where that is run; why it can't be one, where that is plain.
    async fn read_lead_body(
        &self,
        received: &Received,
        is_standard: bool,
    ) -> Result<(Wishes, Option<String>), ApiError> {
        let body = received.body.clone().unwrap_or_default();
        let (origin, address) = (received.origin.metadata.inbound.clone(), received.origin.remote_address.clone());
        let metadata = &received.origin.metadata;
        let (referrer, is_xml) = (metadata.header("referer").map(str::to_owned), metadata.is_xml());
        let work = move || {
            let mut wishes = Wishes::read(&body, is_xml);
            wishes.referrer = wishes.referrer.or(referrer);
            match origin.filter(|_| is_standard) {
                Some(origin) => normalize(&body, is_xml, &origin, address.as_deref()).map(|body| (wishes, Some(body))),
                None => Ok((wishes, None)),
            }
        };
        let bytes = received.body.as_ref().map_or(0, String::len);
        self.large_of_sources.work(bytes, work).await?
    }

    /// Maps an element by what its campaign runs, whatever the campaign's state. `body` stands in place of the element's own, as the standard document finds a
    /// lead in it.
    async fn map_one(
        &self,
        context: &CampaignContext,
        received: Received,
        body: Option<String>,
    ) -> Result<Found, StoreError> {
        let version_id = context.campaign.active_version_id.as_deref();
        // It may have to be loaded or compiled: that is waited for.
        let Ok(program) = self.campaign_program(&context.campaign).await else { return Ok(Found::Unknown) };
        let Some(mut element) = context::inbound(&received) else { return Ok(Found::Unknown) };
        if let Some(body) = body {
            element.body = body;
        }
        let now = self.clock.now();
        let call = context::context(&context.organization, &context.campaign, now, &self.ids.new_id("run", now));
        let call = Arc::new(call);
        let mut lookups = self.lookups(&context.campaign, version_id).await?;
        loop {
            let mut run = self.run(&program, Arc::clone(&call), &lookups);
            let mapped = run.map(vec![element.clone()]).await;
            run.finish();
            if let Some(more) = self.fetch_missing(&lookups).await? {
                lookups = more;
                continue;
            }
            return Ok(match mapped.into_iter().next() {
                Some(Ok(mapped)) => Found::Mapped(mapped.leads),
                Some(Err(ItemError::Failure(failure))) => Found::Mapped(vec![Err(failure)]),
                // A fault of the plugin is not the sender's to fix.
                _ => Found::Unknown,
            });
        }
    }

    /// Decides about a held request by its leads, and lets it go.
    async fn decide_held(
        &self,
        context: &CampaignContext,
        held: HeldRequest<'_>,
        found: Found,
        (is_standard, wishes): (bool, &Wishes),
        received_at: Timestamp,
    ) -> Result<Decided, StoreError> {
        let Found::Mapped(leads) = found else {
            self.let_go(held, &[]).await?;
            return Ok(Decided::Later);
        };
        let (good, failures) = split(leads);
        if good.is_empty() && !failures.is_empty() {
            self.let_go(held, &[]).await?;
            return Ok(Decided::Quarantined(not_mapped(&failures)));
        }
        let people = self.identify_people(context, &good, held.submission_id).await?;
        let verdict = match wishes.must_exist && !people.iter().all(|(_, is_known)| *is_known) {
            true => Err(no_match()),
            // Another document says itself what it needs.
            false if is_standard && good.is_empty() => check_addresses("{}", &[]),
            false if is_standard => {
                good.iter().try_for_each(|(_, lead)| check_addresses(&lead.lead, &unreadable(lead)))
            }
            false => Ok(()),
        };
        if let Err(error) = verdict {
            let is_gone = self.store.discard_held(held, self.clock.now()).await?;
            // It was taken up meanwhile: then it is not rejected any more.
            return Ok(if is_gone { Decided::Rejected(error) } else { Decided::Later });
        }
        let rows: Vec<InboundPerson> = people.iter().map(|(person, _)| person.clone()).collect();
        let counters = self.let_go(held, &rows).await?;
        let has_new = people.iter().any(|(_, is_known)| !is_known);
        let leads = good.iter().zip(&rows).zip(counters).map(|(((_, lead), person), counter)| {
            let known = Known {
                lead_id: &person.lead_id,
                counter,
                campaign_id: &context.campaign.campaign_id,
                referrer: wishes.referrer.as_deref(),
                received_at,
            };
            InboundLead::new(&lead.lead, known)
        });
        Ok(Decided::Leads { leads: leads.collect(), has_new })
    }

    /// Lets a held submission go on.
    async fn let_go(&self, held: HeldRequest<'_>, people: &[InboundPerson]) -> Result<Vec<i64>, StoreError> {
        let now = self.clock.now();
        let counters = self.store.end_held(held, people, now).await?;
        self.flow.read_submissions(held.organization_id, held.campaign_key, now);
        Ok(counters)
    }

    /// Who each lead is, as processing will find it, and whether that is known.
    async fn identify_people(
        &self,
        context: &CampaignContext,
        leads: &[(usize, MappedLead)],
        submission_id: &str,
    ) -> Result<Vec<(InboundPerson, bool)>, StoreError> {
        let salt = &context.organization.salt;
        let identities: Vec<Identity> = leads.iter().map(|(_, lead)| Identity::of(salt, &lead.lead)).collect();
        let hashes: Vec<IdentityHash> = identities.iter().flat_map(|one| one.hashes.iter().copied()).collect();
        let mut known = self.store.known_leads(&context.organization.id, &hashes).await?;
        let stored: BTreeSet<String> = known.values().cloned().collect();
        let mut people = Vec::with_capacity(leads.len());
        for ((at, lead), identity) in leads.iter().zip(identities) {
            // As processing will call what it makes of the element.
            let id = if *at == 0 { submission_id.to_owned() } else { id_of_made(submission_id, *at) };
            let found = identity.hashes.iter().find_map(|hash| known.get(hash).cloned());
            let lead_id = found.unwrap_or_else(|| identity.lead_id(salt, &id));
            for hash in &identity.hashes {
                known.entry(*hash).or_insert_with(|| lead_id.clone());
            }
            let is_known = stored.contains(&lead_id);
            let (tags, is_own) = (tags(&lead.lead), *at == 0);
            people.push((InboundPerson { lead_id, identities: identity.hashes, tags, is_own }, is_known));
        }
        Ok(people)
    }

    /// An element that came through an inbound webhook, as the standard document finds a lead in it, where the campaign runs that. Why not, where it has
    /// fields that it may not have.
    pub(crate) async fn normalized(
        &self,
        context: &CampaignContext,
        received: &Received,
        element: hookmill_engine::contract::Inbound,
    ) -> Result<Result<hookmill_engine::contract::Inbound, ApiError>, StoreError> {
        let Some(origin) = &received.origin.metadata.inbound else { return Ok(Ok(element)) };
        if !self.runs_standard(context.campaign.active_version_id.as_deref()).await? {
            return Ok(Ok(element));
        }
        let (origin, address) = (origin.clone(), received.origin.remote_address.clone());
        let is_xml = received.origin.metadata.is_xml();
        let work = move || {
            let body = normalize(&element.body, is_xml, &origin, address.as_deref());
            body.map(|body| hookmill_engine::contract::Inbound { body, ..element })
        };
        let bytes = received.body.as_ref().map_or(0, String::len);
        let normalized = self.large_of_sources.work(bytes, work).await;
        Ok(normalized.and_then(|normalized| normalized))
    }
}

/// A source that has no key of its own: what comes through an inbound webhook.
pub fn source_of_inbound(webhook: &InboundWebhook) -> SourceKey {
    SourceKey {
        id: webhook.id.clone(),
        source_id: webhook.id.clone(),
        organization_id: webhook.organization_id.clone(),
        name: webhook.settings.name.clone(),
        charset: None,
        prefix: String::new(),
        created_at: webhook.created_at,
        expires_at: None,
    }
}

/// The campaign takes no leads any more.
pub(crate) fn check_not_archived(campaign: &Campaign) -> Result<(), ApiError> {
    use hookmill_domain::campaign::CampaignState;
    if campaign.state == CampaignState::Archived.as_str() {
        return Err(ApiError::new(Kind::Conflict, "campaign_archived", "this campaign is archived and takes no leads"));
    }
    Ok(())
}

fn check_redirect(webhook: &InboundWebhook, wishes: &Wishes, schemes: Schemes) -> Result<Option<String>, ApiError> {
    let Some(url) = &wishes.redirect_url else { return Ok(None) };
    let listed = webhook.settings.redirect(url, schemes);
    listed.map(Some).ok_or_else(|| {
        let message =
            "`redirect_url` leads to a host that is not listed; add it to `redirect_hosts` of the inbound webhook";
        ApiError::new(Kind::Invalid, "redirect_not_allowed", message).at(
            "redirect_url",
            "redirect_not_allowed",
            message,
        )
    })
}

/// The leads that could be made, each with its place, and why the others could not.
fn split(leads: Vec<Result<MappedLead, Failure>>) -> (Vec<(usize, MappedLead)>, Vec<Failure>) {
    let (mut good, mut failures) = (Vec::new(), Vec::new());
    for (at, lead) in leads.into_iter().enumerate() {
        match lead {
            Ok(lead) => good.push((at, lead)),
            Err(failure) => failures.push(failure),
        }
    }
    (good, failures)
}

fn is_form(content_type: &str) -> bool {
    matches!(media_type(content_type).as_str(), "application/x-www-form-urlencoded" | "multipart/form-data")
}

/// Keeps with a request what its body asks for.
fn note_wishes(received: &mut Received, request: &mut NewRequest, wishes: &Wishes) {
    let origin = Arc::make_mut(&mut received.origin);
    if let Some(inbound) = &mut origin.metadata.inbound {
        (inbound.skip_actions, inbound.must_exist) = (wishes.skip_actions, wishes.must_exist);
    }
    request.metadata = json(&origin.metadata);
}

/// The fields of a lead that were kept as they came, for they could not be read.
fn unreadable(lead: &MappedLead) -> Vec<&str> {
    let kept = lead.warnings.iter().filter(|warning| warning.code == KEPT_RAW);
    kept.map(|warning| warning.path.rsplit('.').next().unwrap_or(&warning.path)).collect()
}

fn no_match() -> ApiError {
    ApiError::new(
        Kind::Invalid,
        "no_match",
        "`must_exist` is set, and nobody is known by this e-mail address or phone number",
    )
}

/// What a campaign's plugin says of leads that it could not make.
fn not_mapped(failures: &[Failure]) -> ApiError {
    let details = failures.iter().map(|failure| Detail {
        path: failure.field.clone().unwrap_or_default(),
        code: failure.code.clone(),
        message: failure.message.clone(),
    });
    let message = failures.iter().map(|failure| failure.message.as_str()).collect::<Vec<_>>().join("; ");
    ApiError::new(Kind::Invalid, "lead_invalid", message).with_details(details.collect())
}
