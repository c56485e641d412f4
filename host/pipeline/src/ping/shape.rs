//! The message of a ping: shaped by what the client's campaign runs, from what of the lead a ping may tell, and kept before it is sent.

use crate::Pipeline;
use crate::context;
use crate::delivery::{Delivery, NoRequest};
use crate::events::{KeptMessages, ShapedDeliveries};
use crate::finish::{CampaignContext, message};
use crate::interpret::client_destination;
use crate::programs::NotReady;
use crate::rendered;
use hookmill_domain::ping::{Ping, redact_lead};
use hookmill_engine::contract::{Destination, DestinationKind, Payload, Subject, Submission};
use hookmill_engine::{FaultKind, ItemError, Stage};
use hookmill_store::StoreError;
use hookmill_store::deliveries::{DeliveryKey, Shaped};
use hookmill_store::pings::AskedLead;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What came of shaping pings.
pub(crate) struct ShapedPings {
    /// Those whose message is kept.
    pub(crate) ready: Vec<Delivery>,
    /// Those whose message could not be written now: they stay as they are.
    pub(crate) left: HashSet<String>,
    /// Those that are not sent, and why.
    pub(crate) ended: Vec<(Delivery, NoRequest)>,
}

const SHAPING_FAILED: NoRequest = NoRequest::Because("shaping_failed");

impl From<ShapedDeliveries> for ShapedPings {
    fn from(ShapedDeliveries { ready, left, undecided }: ShapedDeliveries) -> Self {
        let ended = undecided.into_iter().map(|delivery| (delivery, SHAPING_FAILED)).collect();
        Self { ready, left, ended }
    }
}

impl Pipeline {
    /// Gives pings to one client their messages, and keeps these first. Why, while it can't be known.
    pub(crate) async fn shape_pings(
        &self,
        context: &CampaignContext,
        pings: Vec<Delivery>,
    ) -> Result<Result<ShapedPings, NotReady>, StoreError> {
        let Some(ping) = context.ping() else {
            let removed = |delivery| (delivery, NoRequest::Because("destination_removed"));
            let ended = pings.into_iter().map(removed).collect();
            return Ok(Ok(ShapedPings { ready: Vec::new(), left: HashSet::new(), ended }));
        };
        let (open, expired): (Vec<_>, Vec<_>) = pings.into_iter().partition(|delivery| !self.is_expired(delivery));
        let expired = expired.into_iter().map(|delivery| (delivery, NoRequest::Because(super::send::DEADLINE_PASSED)));
        let (mut kept, mut ready, mut ended) = (Vec::new(), Vec::new(), expired.collect::<Vec<_>>());
        let leads = self.asked_leads(context, &open).await?;
        let mut by_program: BTreeMap<Option<String>, Vec<Delivery>> = BTreeMap::new();
        for delivery in open {
            by_program.entry(delivery.row.campaign_version_id.clone()).or_default().push(delivery);
        }
        for (campaign_version_id, of_program) in by_program {
            let (told, gone): (Vec<_>, Vec<_>) =
                of_program.into_iter().partition(|delivery| leads.contains_key(&delivery.row.submission_id));
            ended.extend(gone.into_iter().map(|delivery| (delivery, NoRequest::Because("lead_deleted"))));
            let subjects = told.iter().filter_map(|delivery| {
                let lead = leads.get(&delivery.row.submission_id)?;
                Some(Arc::new(tell(ping, lead, &delivery.row.id)))
            });
            let shaped = self.shape_pings_by(context, campaign_version_id.as_deref(), ping, subjects.collect()).await?;
            let (payloads, read) = match shaped {
                Ok(shaped) => shaped,
                Err(NotReady::Never(_)) => {
                    ended.extend(
                        told.into_iter().map(|delivery| (delivery, NoRequest::Because("campaign_version_unusable"))),
                    );
                    continue;
                }
                Err(not_ready) => return Ok(Err(not_ready)),
            };
            for (mut delivery, payload) in told.into_iter().zip(payloads) {
                match payload {
                    Ok(payload) => {
                        let message = message(&payload).with_value_sets(read.clone());
                        delivery.row.message = Some(message.clone());
                        let (organization_id, id) = (delivery.row.organization_id.clone(), delivery.row.id.clone());
                        kept.push((DeliveryKey { organization_id, id }, Shaped::Message(message)));
                        ready.push(delivery);
                    }
                    // The host could not run it: nothing is known.
                    Err(ItemError::Fault(fault)) if fault.kind == FaultKind::Host => {
                        return Ok(Err(NotReady::later(fault)));
                    }
                    Err(error) => {
                        let Some((cause, detail)) = rendered::item_error(Stage::Shape, &error) else {
                            return Ok(Err(NotReady::later("the plugin took too long for others of the batch")));
                        };
                        ended.push((delivery, NoRequest::Failed { cause, detail }));
                    }
                }
            }
        }
        let KeptMessages { ready, left, unwritten } = self.keep_messages(&kept, ready).await;
        ended.extend(unwritten.into_iter().map(|delivery| (delivery, SHAPING_FAILED)));
        Ok(Ok(ShapedPings { ready, left, ended }))
    }

    /// The leads that pings tell of, as memory or the store has them.
    async fn asked_leads(
        &self,
        context: &CampaignContext,
        pings: &[Delivery],
    ) -> Result<HashMap<String, AskedLead>, StoreError> {
        let mut leads = HashMap::with_capacity(pings.len());
        for subject in pings.iter().filter_map(|delivery| delivery.subject.as_ref()) {
            let Submission { id, lead, is_test, received_at, .. } = &**subject;
            let lead = Some(lead.clone().into_bytes());
            leads.insert(id.clone(), AskedLead { id: id.clone(), lead, is_test: *is_test, received_at: *received_at });
        }
        let missing: Vec<&str> = pings
            .iter()
            .map(|delivery| delivery.row.submission_id.as_str())
            .filter(|id| !leads.contains_key(*id))
            .collect();
        if !missing.is_empty() {
            let stored = self.store.asked_leads(&context.organization.id, &missing).await?;
            leads.extend(stored.into_iter().filter(|lead| lead.lead.is_some()).map(|lead| (lead.id.clone(), lead)));
        }
        Ok(leads)
    }

    async fn shape_pings_by(
        &self,
        context: &CampaignContext,
        campaign_version_id: Option<&str>,
        ping: &Ping,
        subjects: Vec<Arc<Submission>>,
    ) -> Result<Result<ShapedBy, NotReady>, StoreError> {
        let program = match self.program_if_ready(campaign_version_id).await {
            Ok(program) => program,
            Err(not_ready) => return Ok(Err(not_ready)),
        };
        let now = self.clock.now();
        let run_id = self.ids.new_id("run", now);
        let call = Arc::new(context::context(&context.organization, &context.campaign, now, &run_id));
        let destination = asked_destination(context, ping);
        let subjects: Vec<Subject> = subjects.into_iter().map(Subject::Submission).collect();
        let mut lookups = self.lookups(&context.campaign, campaign_version_id).await?;
        loop {
            let mut run = self.run(&program, call.clone(), &lookups);
            let payloads = run.shape_subjects(destination.clone(), subjects.clone()).await;
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok(Ok((payloads, lookups.read()))),
            }
        }
    }
}

/// Messages, and the digests of the tables that were read for them.
type ShapedBy = (Vec<Result<Payload, ItemError>>, BTreeMap<String, String>);

/// Where a campaign's client is asked; none where its leads are posted at once.
pub(crate) fn contract_ping(context: &CampaignContext) -> Option<Destination> {
    Some(asked_destination(context, context.ping()?))
}

fn asked_destination(context: &CampaignContext, ping: &Ping) -> Destination {
    client_destination(&context.campaign, DestinationKind::Ping, &ping.method, &ping.url)
}

/// What of a lead a client is told: where it is, and nothing of who it is. The ids are the ping's own.
pub(crate) fn tell(ping: &Ping, lead: &AskedLead, ping_id: &str) -> Submission {
    let text = lead.lead.as_deref().map(context::to_text).unwrap_or_default();
    let told = redact_lead(&text, &ping.custom_fields);
    context::submission(ping_id, None, told, lead.is_test, lead.received_at)
}
