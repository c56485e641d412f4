//! Ingest: from bytes to durable submissions, in the order of checks that I5 gives.

use super::Pipeline;
use super::element::{ITEM_BYTES, Origin, Received};
use super::health::Queue;
use super::inbound::check_not_archived;
use super::rendered::json;
use super::unavailable::{requests_quota_reached, unavailable};
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::body::{self, Element, Head, Opened};
use hookmill_domain::budget::Permit;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::envelope::{self, Envelope, IDEMPOTENCY_KEY_BYTES_MAX};
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::flow::lanes::Item;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::ingest::{FirstUse, IngestError, Ingested, KeyUse, NewRequest, NewSubmission, submission_id};
use hookmill_store::keys::{SourceKey, key_hash};
use hookmill_store::quotas::Held;
use hookmill_store::rejected::Repost;
use hookmill_store::work::SubmissionWork;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// How many times more room a compressed body gets that does not fit.
const INFLATE_STEP: usize = 16;

/// What a request carries apart from its body.
#[derive(Debug, Clone)]
pub struct Source {
    /// The source key that posted it.
    pub key: Arc<SourceKey>,
    /// Its content type as it was sent; empty when it sent none.
    pub content_type: String,
    /// Its content encoding as it was sent; empty when it sent none.
    pub content_encoding: String,
    /// The headers that matter, and the query.
    pub metadata: RequestMetadata,
    /// The address of the sender.
    pub remote_address: Option<String>,
}

impl Source {
    /// The content headers of the body, with the charset that counts where they name none.
    fn head(&self, parse: fn(&str, &str) -> Result<Head, ApiError>) -> Result<Head, ApiError> {
        let head = parse(&self.content_type, &self.content_encoding)?;
        body::with_default_charset(head, self.metadata.charset.as_deref())
    }
}

/// How leads come.
#[derive(Debug, Clone)]
pub enum Channel {
    /// A batch push (I1).
    Batch,
    /// Leads for one campaign, in any shape it maps (I7).
    Campaign {
        /// The campaign, as its users know it.
        campaign_id: String,
        /// The idempotency key, if one was sent.
        idempotency_key: Option<Vec<u8>>,
    },
    /// Through an inbound webhook: the whole body, in any shape that the campaign maps (I9).
    Inbound {
        /// The campaign, as its users know it.
        campaign_id: String,
    },
}

/// The name of the channel through inbound webhooks.
pub(crate) const INBOUND: &str = "inbound_webhook";

/// A post of leads.
#[derive(Debug)]
pub struct Post {
    /// The id this request has in logs, responses and the store.
    pub request_id: String,
    /// Who posts, and how.
    pub source: Source,
    /// How its leads come.
    pub channel: Channel,
    /// The body.
    pub body: Bytes,
    /// The permit for it.
    pub permit: Permit,
}

/// A post that may be stored: its request, its elements as they continue in memory, and the response.
pub(crate) type Admitted = (NewRequest, Vec<Item<Received>>, IngestResponse);

/// What was read out of a body.
struct ReadBody<P> {
    /// Its envelope, or the places of its elements.
    parts: P,
    /// The elements, in their order.
    elements: Vec<Element>,
}

/// The response to a request that is durable (I2).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Accepted)]
pub struct IngestResponse {
    /// The request.
    #[schema(example = "req_01kxs3n9v6z4c6c0x5h2rg5m7k")]
    pub request_id: String,
    /// The leads that were taken.
    pub accepted: Vec<AcceptedLead>,
    /// The leads that were not.
    pub rejected: Vec<RejectedLead>,
    /// Keys of the envelope that mean nothing here; left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_keys: Vec<String>,
}

/// A lead that was taken.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AcceptedLead {
    /// Its index in `leads`.
    pub index: usize,
    /// Its submission: the request's id, a dash and the index.
    pub submission_id: String,
    /// Its campaign.
    pub campaign_id: String,
}

/// A lead that was not taken.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RejectedLead {
    /// Its index in `leads`.
    pub index: usize,
    /// Why: `campaign_unknown`, `campaign_archived` or `not_an_object`.
    pub code: &'static str,
    /// Where.
    pub path: String,
    /// For people.
    pub message: String,
}

impl Pipeline {
    /// The source key behind this text, if it counts now.
    #[boxed]
    pub async fn source_key(&self, key: &str) -> Result<Option<Arc<SourceKey>>, ApiError> {
        let (hash, now, age) = (key_hash(key), self.clock.now(), self.clock.boot_time());
        let found = self.source_keys.get_or_find(hash, age, self.store.source_key_by_hash(&hash, now));
        let found = found.await.map_err(unavailable)?;
        Ok(found.filter(|key| key.expires_at.is_none_or(|end| now.0 < end)))
    }

    /// A campaign by the id its users know.
    pub async fn campaign_by_id(
        &self,
        organization_id: &str,
        campaign_id: &str,
    ) -> Result<Option<Arc<Campaign>>, ApiError> {
        self.known_campaign(organization_id, campaign_id).await.map_err(unavailable)
    }

    /// The same; it may be as old as `lookup_ttl_ms`.
    #[boxed]
    pub(crate) async fn known_campaign(
        &self,
        organization_id: &str,
        campaign_id: &str,
    ) -> Result<Option<Arc<Campaign>>, StoreError> {
        if campaign_id.contains('\0') {
            return Ok(None);
        }
        let (key, now) = ((organization_id.to_owned(), campaign_id.to_owned()), self.clock.boot_time());
        self.campaigns.get_or_find(key, now, self.store.campaign_by_id(organization_id, campaign_id)).await
    }

    /// Takes a post of leads. It returns when the request is on disk. One that is rejected as a whole is kept for its organization to see.
    #[boxed]
    pub async fn ingest(&self, mut post: Post) -> Result<IngestResponse, ApiError> {
        match self.admit_and_keep(&mut post, None).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.reject(post, error).await),
        }
    }

    /// Takes a rejected post once more, in the very same way; what is rejected again is not kept a second time.
    #[boxed]
    pub async fn ingest_again(&self, mut post: Post, repost: Repost) -> Result<IngestResponse, ApiError> {
        self.admit_and_keep(&mut post, Some(repost)).await
    }

    async fn admit_and_keep(&self, post: &mut Post, repost: Option<Repost>) -> Result<IngestResponse, ApiError> {
        let (mut request, elements, response) = match post.channel.clone() {
            Channel::Batch => self.admit_batch(post).await?,
            Channel::Campaign { campaign_id, idempotency_key } => {
                self.admit_post(post, &campaign_id, idempotency_key).await?
            }
            Channel::Inbound { campaign_id } => self.admit_inbound(post, &campaign_id).await?,
        };
        request.repost = repost;
        self.keep(request, elements, response, post.permit.split(usize::MAX)).await
    }

    async fn admit_batch(&self, post: &mut Post) -> Result<Admitted, ApiError> {
        let head = post.source.head(body::json_head)?;
        let ReadBody { parts: envelope, elements: read } = self.read_body(&head, post, read_batch).await?;
        let now = self.clock.now();
        let key = self.key_use(envelope.idempotency_key.as_bytes(), self.digest(&post.body).await?, now)?;
        let (response, submissions) = self.admit_leads(post.request_id.clone(), &post.source, &envelope).await?;
        if response.accepted.is_empty() || (envelope.atomic && !response.rejected.is_empty()) {
            // A key that was used is told before what is wrong with the leads (I5).
            let first = self.store.first_use(&post.source.key.organization_id, &key, now).await;
            if let Some(first) = first.map_err(unavailable)? {
                return Err(duplicate(&first, &key));
            }
            return Err(no_good_lead(response));
        }
        let request = NewRequest {
            id: response.request_id.clone(),
            organization_id: post.source.key.organization_id.clone(),
            source_key_id: post.source.key.id.clone(),
            channel: "batch",
            content_type: post.source.content_type.clone(),
            metadata: json(&post.source.metadata),
            remote_address: post.source.remote_address.clone(),
            body: post.body.clone(),
            response: json(&response),
            received_at: now,
            held_until: None,
            key: Some(key),
            submissions,
            repost: None,
        };
        let elements = received(&request, &post.source, read);
        Ok((request, elements, response))
    }

    async fn admit_post(
        &self,
        post: &mut Post,
        campaign_id: &str,
        idempotency_key: Option<Vec<u8>>,
    ) -> Result<Admitted, ApiError> {
        let now = self.clock.now();
        let head = post.source.head(body::head)?;
        let ReadBody { parts: places, elements: read } = self.read_body(&head, post, read_post).await?;
        let key = match &idempotency_key {
            Some(key) => Some(self.key_use(key, self.digest(&post.body).await?, now)?),
            None => None,
        };
        let organization_id = &post.source.key.organization_id;
        if let Some(key) = &key
            && let Some(first) = self.store.first_use(organization_id, key, now).await.map_err(unavailable)?
        {
            return Err(duplicate(&first, key));
        }
        let campaign = self.open_campaign(organization_id, campaign_id).await?;
        Ok(self.admit(post, &campaign, "campaign", (places, read), key, now))
    }

    /// The whole body as one element.
    pub(crate) async fn admit_inbound(&self, post: &mut Post, campaign_id: &str) -> Result<Admitted, ApiError> {
        let now = self.clock.now();
        let head = post.source.head(body::head)?;
        let ReadBody { parts: places, elements: read } = self.read_body(&head, post, read_whole).await?;
        let campaign = self.open_campaign(&post.source.key.organization_id, campaign_id).await?;
        Ok(self.admit(post, &campaign, INBOUND, (places, read), None, now))
    }

    /// A campaign that takes leads.
    async fn open_campaign(&self, organization_id: &str, campaign_id: &str) -> Result<Arc<Campaign>, ApiError> {
        let campaign = self.campaign_by_id(organization_id, campaign_id).await?;
        let campaign = campaign.ok_or_else(|| {
            ApiError::new(Kind::NotFound, "campaign_unknown", "campaign not found in this organization")
        })?;
        check_not_archived(&campaign)?;
        Ok(campaign)
    }

    fn admit(
        &self,
        post: &Post,
        campaign: &Campaign,
        channel: &'static str,
        (places, read): (Vec<(usize, usize)>, Vec<Element>),
        key: Option<KeyUse>,
        now: Timestamp,
    ) -> Admitted {
        let (id, organization_id) = (&post.request_id, &post.source.key.organization_id);
        let accepted = (0..places.len()).map(|index| AcceptedLead {
            index,
            submission_id: submission_id(id, index),
            campaign_id: campaign.campaign_id.clone(),
        });
        let response = IngestResponse {
            request_id: id.clone(),
            accepted: accepted.collect(),
            rejected: Vec::new(),
            unknown_keys: Vec::new(),
        };
        let (shard, _) = self.flow.choose_shard(&campaign.key);
        let submissions = places.into_iter().enumerate().map(|(index, (element_start, element_bytes))| NewSubmission {
            index,
            campaign_key: campaign.key.clone(),
            shard,
            element_start,
            element_bytes,
        });
        let request = NewRequest {
            id: id.clone(),
            organization_id: organization_id.clone(),
            source_key_id: post.source.key.id.clone(),
            channel,
            content_type: post.source.content_type.clone(),
            metadata: json(&post.source.metadata),
            remote_address: post.source.remote_address.clone(),
            body: post.body.clone(),
            response: json(&response),
            received_at: now,
            held_until: None,
            key,
            submissions: submissions.collect(),
            repost: None,
        };
        let elements = received(&request, &post.source, read);
        (request, elements, response)
    }

    /// Reads the body of a post on the thread it belongs on. Its permit grows with what is made of the body.
    async fn read_body<P: Send + 'static>(
        &self,
        head: &Head,
        post: &mut Post,
        read: Reader<P>,
    ) -> Result<ReadBody<P>, ApiError> {
        let (body, mut permit) = (&post.body, post.permit.split(usize::MAX));
        if let Some(read) = self.read_here(head, body, &mut permit, read) {
            post.permit = permit;
            return read;
        }
        // Who waits for the place holds the first of what it will need: so it is the organization's part that waits, and not all it sends.
        let of_body = permit.amount();
        let inflated_bytes = if head.is_compressed() {
            self.more_room(body.len().max(self.large_of_sources.inline_bytes_max()))
        } else {
            body.len()
        };
        permit.grow(body::opening_bytes(head, inflated_bytes))?;
        let (pipeline, head, body) = (self.clone(), head.clone(), body.clone());
        let work = move || {
            let read = pipeline.read_large(&head, &body, (of_body, inflated_bytes), &mut permit, read);
            // The permit outlives the body.
            drop(body);
            (permit, read)
        };
        let (permit, read) = self.large_of_sources.work_apart(work).await?;
        post.permit = permit;
        read
    }

    /// The room that a compressed body gets that did not fit into so much.
    fn more_room(&self, inflated_bytes: usize) -> usize {
        inflated_bytes.saturating_mul(INFLATE_STEP).min(self.settings.limits.inflated_bytes_max)
    }

    /// Reads a body that is small, inflated too; none when it is not.
    fn read_here<P>(
        &self,
        head: &Head,
        body: &[u8],
        permit: &mut Permit,
        read: Reader<P>,
    ) -> Option<Result<ReadBody<P>, ApiError>> {
        let (limits, inline_bytes_max) = (&self.settings.limits, self.large_of_sources.inline_bytes_max());
        if inline_bytes_max < body.len() {
            return None;
        }
        match body::open_within(head, body, inline_bytes_max, limits) {
            Err(error) if is_larger(&error, inline_bytes_max, limits) => None,
            Err(error) => Some(Err(error)),
            Ok(opened) => Some(read(&opened, limits).and_then(|read| read.charge(permit))),
        }
    }

    /// Reads any body. How large a compressed one becomes is only known when it is inflated: it is tried with more and more room, so that
    /// it does not take the room of the largest. The permit is for the body and for the first of this room.
    fn read_large<P>(
        &self,
        head: &Head,
        body: &[u8],
        (of_body, mut inflated_bytes): (usize, usize),
        permit: &mut Permit,
        read: Reader<P>,
    ) -> Result<ReadBody<P>, ApiError> {
        let limits = &self.settings.limits;
        loop {
            match body::open_within(head, body, inflated_bytes, limits) {
                Err(error) if head.is_compressed() && is_larger(&error, inflated_bytes, limits) => {
                    inflated_bytes = self.more_room(inflated_bytes);
                    permit.shrink_to(of_body);
                    permit.grow(body::opening_bytes(head, inflated_bytes))?;
                }
                opened => {
                    let read = opened.and_then(|opened| read(&opened, limits));
                    permit.shrink_to(of_body);
                    return read.and_then(|read| read.charge(permit));
                }
            }
        }
    }

    /// SHA-256 of a body.
    pub(crate) async fn digest(&self, body: &Bytes) -> Result<[u8; 32], ApiError> {
        let bytes = body.clone();
        self.large_of_sources.work(body.len(), move || Sha256::digest(&bytes).into()).await
    }

    fn key_use(&self, key: &[u8], body_digest: [u8; 32], now: Timestamp) -> Result<KeyUse, ApiError> {
        if key.is_empty() || IDEMPOTENCY_KEY_BYTES_MAX < key.len() {
            let message = format!("the header Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes");
            return Err(ApiError::new(Kind::Invalid, "idempotency_key_invalid", message));
        }
        Ok(KeyUse {
            key_hash: Sha256::digest(key).into(),
            body_digest,
            expires_at: now.plus_ms(self.settings.limits.idempotency_ttl_ms),
        })
    }

    /// Makes a request durable; then its submissions continue in memory, if this host still holds their shards.
    pub(crate) async fn keep(
        &self,
        request: NewRequest,
        elements: Vec<Item<Received>>,
        response: IngestResponse,
        mut permit: Permit,
    ) -> Result<IngestResponse, ApiError> {
        self.check_room(&request.organization_id).await?;
        self.check_backlog(&request.organization_id).await?;
        let digest = request.key.as_ref().map(|key| key.body_digest);
        let is_repost = request.repost.is_some();
        let received_at = request.received_at;
        let mut shards: Vec<u16> = request.submissions.iter().map(|new| new.shard).collect();
        shards.dedup();
        let epochs: Vec<(u16, Option<i64>)> = shards.iter().map(|shard| (*shard, self.flow.epoch(*shard))).collect();
        let reserved = elements.iter().map(|item| (item.work.lane(), Arc::clone(&item.id))).collect();
        let reservation = self.flow.reserve_submissions(reserved, received_at);
        let waiting = self.health.pass(Queue::Intake, 1);
        // The request waits for its commit also when its source has left; the elements do not.
        let of_request = permit.split(request.body.len());
        let kept = self.ingest.keep(request, of_request).await;
        drop(waiting);
        match kept {
            Ok(Ingested::Accepted) => {
                let is_held = |shard: u16| {
                    let epoch = epochs.iter().find(|(held, _)| *held == shard).and_then(|(_, epoch)| *epoch);
                    epoch.is_some_and(|epoch| self.flow.is_epoch(shard, epoch))
                };
                let strangers: Vec<u16> = shards.into_iter().filter(|shard| !is_held(*shard)).collect();
                let mine = elements.into_iter().filter(|item| !strangers.contains(&item.shard));
                reservation.hand_over(mine.map(|item| (item.work.lane(), item)).collect());
                // Whoever has the shard looks regularly as well; this only makes it sooner.
                if let Err(error) = self.store.signal_shards(&strangers).await {
                    tracing::debug!(error = %error, "the owner of a shard could not be notified of new work");
                }
                Ok(response)
            }
            Ok(Ingested::Duplicate(first)) => {
                reservation.cancel();
                Err(duplicate_error(&first, digest.as_ref().map(<[u8; 32]>::as_slice).unwrap_or_default()))
            }
            Err(IngestError::Overloaded) => {
                reservation.cancel();
                Err(ApiError::new(
                    Kind::Overload,
                    "overloaded",
                    "too many requests wait to be written; try again shortly",
                ))
            }
            Err(IngestError::Stopping) => {
                self.health.die("requests can't be written any more");
                Err(ApiError::new(
                    Kind::Unavailable,
                    "stopping",
                    "this host is stopping; post again with the same idempotency key",
                ))
            }
            // Dropping the reservation has the store asked: the request may be in it.
            Err(IngestError::Unknown) => Err(ApiError::new(
                Kind::Unavailable,
                "unavailable",
                "it is not known whether the request was written; post again with the same idempotency key",
            )),
            Err(IngestError::Store(error)) if is_repost && matches!(*error, StoreError::Conflict) => {
                Err(reposted_meanwhile())
            }
            Err(IngestError::Store(error)) => Err(unavailable(error)),
        }
    }

    /// Rejects requests of an organization that has as many bytes of them as it may have, by a figure that may be a moment old.
    async fn check_room(&self, organization_id: &str) -> Result<(), ApiError> {
        let (key, now) = (organization_id.to_owned(), self.clock.boot_time());
        let held = self.request_bytes.get_or_read(key, now, self.store.bytes_held(organization_id, Held::Requests));
        let held = *held.await.map_err(unavailable)?;
        let max = Held::Requests.max(&self.settings.limits);
        if held < max { Ok(()) } else { Err(requests_quota_reached(held, max)) }
    }

    async fn admit_leads(
        &self,
        request_id: String,
        source: &Source,
        envelope: &Envelope,
    ) -> Result<(IngestResponse, Vec<NewSubmission>), ApiError> {
        let organization_id = &source.key.organization_id;
        let (mut accepted, mut rejected, mut submissions) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen: HashMap<&str, Option<Arc<Campaign>>> = HashMap::new();
        for (index, element) in envelope.elements.iter().enumerate() {
            let Ok(named) = &element.campaign else {
                rejected.push(RejectedLead::not_an_object(index));
                continue;
            };
            let campaign = match named.as_deref() {
                None => None,
                Some(id) => match seen.get(id) {
                    Some(known) => known.clone(),
                    None => {
                        let found = self.campaign_by_id(organization_id, id).await?;
                        seen.insert(id, found.clone());
                        found
                    }
                },
            };
            match campaign {
                None => rejected.push(RejectedLead::campaign_unknown(index)),
                Some(campaign) if campaign.state == CampaignState::Archived.as_str() => {
                    rejected.push(RejectedLead::campaign_archived(index))
                }
                Some(campaign) => {
                    submissions.push(NewSubmission {
                        index,
                        shard: self.flow.choose_shard(&campaign.key).0,
                        campaign_key: campaign.key.clone(),
                        element_start: element.start,
                        element_bytes: element.len,
                    });
                    accepted.push(AcceptedLead {
                        index,
                        submission_id: submission_id(&request_id, index),
                        campaign_id: campaign.campaign_id.clone(),
                    });
                }
            }
        }
        Ok((
            IngestResponse { request_id, accepted, rejected, unknown_keys: envelope.unknown_keys.clone() },
            submissions,
        ))
    }
}

/// How a channel reads an opened body.
type Reader<P> = fn(&Opened, &Limits) -> Result<ReadBody<P>, ApiError>;

impl<P> ReadBody<P> {
    /// Takes the room of the elements.
    fn charge(self, permit: &mut Permit) -> Result<Self, ApiError> {
        permit.grow(self.elements.iter().map(|element| ITEM_BYTES + element.text.len()).sum())?;
        Ok(self)
    }
}

/// Whether a compressed body had no room that it may have.
fn is_larger(error: &ApiError, inflated_bytes: usize, limits: &Limits) -> bool {
    error.code == "body_too_large" && inflated_bytes < limits.inflated_bytes_max
}

fn read_batch(opened: &Opened, limits: &Limits) -> Result<ReadBody<Envelope>, ApiError> {
    let envelope = envelope::parse(opened.text(), limits.leads_per_request_max)?;
    let places = envelope.elements.iter().map(|element| (element.start, element.len));
    let elements = read_elements(opened, places);
    Ok(ReadBody { parts: envelope, elements })
}

fn read_post(opened: &Opened, limits: &Limits) -> Result<ReadBody<Vec<(usize, usize)>>, ApiError> {
    let places = post_elements(opened, (limits.leads_per_request_max, "leads_per_request_max"))?;
    let elements = read_elements(opened, places.iter().copied());
    Ok(ReadBody { parts: places, elements })
}

/// The whole body, whatever it is.
fn read_whole(opened: &Opened, _: &Limits) -> Result<ReadBody<Vec<(usize, usize)>>, ApiError> {
    let text = opened.text();
    if opened.is_json() {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| body::syntax(text))?;
    }
    let places = vec![(0, text.len())];
    let elements = read_elements(opened, places.iter().copied());
    Ok(ReadBody { parts: places, elements })
}

pub(crate) fn read_elements(opened: &Opened, places: impl Iterator<Item = (usize, usize)>) -> Vec<Element> {
    places.map(|(start, bytes)| body::element(opened, start, bytes).unwrap_or_default()).collect()
}

/// The submissions of a request with their elements, as they continue in memory once the request is durable.
fn received(request: &NewRequest, source: &Source, mut elements: Vec<Element>) -> Vec<Item<Received>> {
    let origin = Arc::new(Origin {
        channel: request.channel.to_owned(),
        source_name: source.key.name.clone(),
        metadata: source.metadata.clone(),
        remote_address: request.remote_address.clone(),
    });
    let received = request.submissions.iter().filter_map(|new| {
        let row = SubmissionWork {
            id: submission_id(&request.id, new.index),
            request_id: request.id.clone(),
            organization_id: request.organization_id.clone(),
            campaign_key: new.campaign_key.clone(),
            parent_id: None,
            shard: i64::from(new.shard),
            element_start: i64::try_from(new.element_start).ok()?,
            element_bytes: i64::try_from(new.element_bytes).ok()?,
            revision: 0,
            received_at: request.received_at.0,
            run_at: request.received_at.0,
            state: State::Received.as_str().to_owned(),
            lead_id: None,
            queued_at: None,
            kept: None,
        };
        let element = std::mem::take(elements.get_mut(new.index)?);
        Some(Received::readable(row, element, Arc::clone(&origin)).into_item())
    });
    received.collect()
}

/// The leads of a post: the elements of a JSON list, of which there is a bound with a name, or the whole value that its body is, as places in the
/// value's text.
pub(crate) fn post_elements(
    opened: &Opened,
    (leads_max, bound): (usize, &str),
) -> Result<Vec<(usize, usize)>, ApiError> {
    let text = opened.text();
    if !opened.is_json() {
        return Ok(vec![(0, text.len())]);
    }
    if !text.trim_start().starts_with('[') {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| body::syntax(text))?;
        return Ok(vec![(0, text.len())]);
    }
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).map_err(|_| body::syntax(text))?;
    if list.is_empty() || leads_max < list.len() {
        return Err(ApiError::new(
            Kind::Invalid,
            "leads_invalid",
            format!("a list of leads must have 1 to {leads_max} elements ({bound}); this one has {}", list.len()),
        ));
    }
    let offset = |element: &str| element.as_ptr() as usize - text.as_ptr() as usize;
    Ok(list.into_iter().map(|element| (offset(element.get()), element.get().len())).collect())
}

impl RejectedLead {
    fn not_an_object(index: usize) -> Self {
        Self::new(index, "not_an_object", format!("leads[{index}]"), "a lead must be a JSON object")
    }

    /// One error for missing, unknown and another organization's, so that ids can't be probed (I5).
    fn campaign_unknown(index: usize) -> Self {
        Self::new(
            index,
            "campaign_unknown",
            format!("leads[{index}].campaign_id"),
            "campaign not found in this organization",
        )
    }

    fn campaign_archived(index: usize) -> Self {
        Self::new(
            index,
            "campaign_archived",
            format!("leads[{index}].campaign_id"),
            "this campaign is archived and takes no leads",
        )
    }

    fn new(index: usize, code: &'static str, path: String, message: &str) -> Self {
        Self { index, code, path, message: message.into() }
    }
}

fn no_good_lead(response: IngestResponse) -> ApiError {
    let details = response
        .rejected
        .into_iter()
        .map(|lead| Detail { path: lead.path, code: lead.code.into(), message: lead.message })
        .collect();
    let message = if response.accepted.is_empty() {
        "no lead of this request is acceptable"
    } else {
        "`atomic` is set and not every lead is acceptable"
    };
    ApiError::new(Kind::Invalid, "leads_rejected", message).with_details(details)
}

/// Two posted a rejected request again at one moment, or one deleted it.
fn reposted_meanwhile() -> ApiError {
    let message = "somebody else has just posted this rejected request again, or deleted it; nothing was added";
    ApiError::new(Kind::Conflict, "already_reposted", message)
}

fn duplicate(first: &FirstUse, key: &KeyUse) -> ApiError {
    duplicate_error(first, &key.body_digest)
}

fn duplicate_error(first: &FirstUse, body_digest: &[u8]) -> ApiError {
    ApiError::new(
        Kind::Conflict,
        "duplicate_request",
        format!("this idempotency key was used by request {}; nothing was added", first.request_id),
    )
    .with_fields(serde_json::json!({
        "original_request_id": first.request_id,
        "first_seen_at": first.first_seen_at.rfc3339(),
        "expires_at": first.expires_at.rfc3339(),
        "same_body": first.body_digest == body_digest,
    }))
}
