//! Deliver: messages that are due are sent, as many at once as their destinations and the host bear. What a response means and what follows
//! is the next step's ([`super::outcome`]).

use super::Pipeline;
use super::delivery::{Delivery, NoRequest};
use super::finish::CampaignContext;
use super::flow::InFlight;
use super::outcome::{CompletedAttempt, Responded};
use super::ping::ShapedPings;
use super::programs::NotReady;
use super::receivers::Addressee;
use super::send;
use super::steps::Steps;
use super::warm_ups::WaitingLane;
use async_recursion::async_recursion as boxed;
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::flow::lanes::{Item, PlaceEnd};
use hookmill_domain::net_policy::Schemes;
use hookmill_engine::Program;
use hookmill_outbound::{OutboundResponse, SendError, SendErrorKind};
use hookmill_store::StoreError;
use hookmill_store::outcome::Next;
use std::collections::HashMap;

/// How long a delivery waits for which this host had no place, in milliseconds.
const BUSY_MS: i64 = 1_000;
impl Pipeline {
    /// Takes deliveries for one destination and sends them; returns whether there were some that may be sent now.
    pub(crate) fn deliver_next(&self, steps: &Steps) -> bool {
        let Some((in_flight, items)) = self.flow.take_deliveries(self.clock.now()) else { return false };
        let (pipeline, steps) = (self.clone(), steps.clone());
        tokio::spawn(async move { pipeline.send_all(in_flight, items, steps).await });
        true
    }

    async fn send_all(&self, in_flight: InFlight<Delivery>, items: Vec<Item<Delivery>>, steps: Steps) {
        let again_at = self.clock.now().plus_ms(BUSY_MS);
        // Whatever happens from here on, what is not written is read again.
        let each = in_flight.ask_again_at(again_at).split();
        let mut unshaped: HashMap<(String, bool), Unshaped> = HashMap::new();
        for (item, in_flight) in items.into_iter().zip(each) {
            let delivery = item.work;
            if delivery.row.message.is_some() {
                self.spawn_send(delivery, in_flight, &steps);
            } else {
                let is_ping = delivery.kind() == Some(DestinationKind::Ping);
                unshaped.entry((delivery.row.campaign_key.clone(), is_ping)).or_default().push((delivery, in_flight));
            }
        }
        for ((campaign_key, is_ping), of_campaign) in unshaped {
            let submissions = of_campaign.len();
            if let Err(error) = self.shape_and_send(&campaign_key, is_ping, of_campaign, &steps).await {
                tracing::error!(campaign_key, submissions, error = %error, "messages could not be shaped; will be retried");
            }
        }
    }

    #[boxed]
    async fn shape_and_send(
        &self,
        campaign_key: &str,
        is_ping: bool,
        waiting: Unshaped,
        steps: &Steps,
    ) -> Result<(), StoreError> {
        let context = self.campaign_context(campaign_key).await?;
        let mut held = HashMap::new();
        let mut deliveries = Vec::with_capacity(waiting.len());
        for (delivery, in_flight) in waiting {
            held.insert(delivery.row.id.clone(), in_flight);
            deliveries.push(delivery);
        }
        let lane = deliveries.first().map(|delivery| WaitingLane::Deliveries(delivery.lane()));
        let shaped = if is_ping {
            self.shape_pings(&context, deliveries).await?
        } else {
            let of_events = self.shape_deliveries(&context, deliveries).await?;
            of_events.map(ShapedPings::from)
        };
        let ShapedPings { ready, left, ended } = match shaped {
            Ok(shaped) => shaped,
            Err(not_ready) => {
                if let Some(lane) = lane {
                    self.park(held.into_values(), &lane, &not_ready);
                }
                return Ok(());
            }
        };
        for delivery in ready {
            if let Some(in_flight) = held.remove(&delivery.row.id) {
                self.spawn_send(delivery, in_flight, steps);
            }
        }
        for (delivery, why) in ended {
            let Some(in_flight) = held.remove(&delivery.row.id) else { continue };
            let now = self.clock.now();
            steps.commit(CompletedAttempt::without_request(self, &context, delivery, in_flight, why, now).await).await;
        }
        // What was not written is asked for again; the others have ended without a message.
        for (_, in_flight) in held.into_iter().filter(|(id, _)| !left.contains(id)) {
            in_flight.finish(None);
        }
        Ok(())
    }

    fn spawn_send(&self, delivery: Delivery, in_flight: InFlight<Delivery>, steps: &Steps) {
        let (pipeline, steps) = (self.clone(), steps.clone());
        tokio::spawn(async move {
            let id = delivery.row.id.clone();
            if let Err(error) = pipeline.send_one(delivery, in_flight, &steps).await {
                tracing::error!(delivery_id = id, error = %error, "delivery failed inside the host; will be retried");
            }
        });
    }

    async fn send_one(
        &self,
        delivery: Delivery,
        mut in_flight: InFlight<Delivery>,
        steps: &Steps,
    ) -> Result<(), StoreError> {
        let context = self.campaign_context(&delivery.row.campaign_key).await?;
        let started_at = self.clock.now();
        let (addressee, program) = match self.prepare(&context, &delivery).await? {
            Preparation::Send(addressee, program) => (addressee, program),
            Preparation::Wait(not_ready) => {
                self.park([in_flight], &WaitingLane::Deliveries(delivery.lane()), &not_ready);
                return Ok(());
            }
            Preparation::End(outcome) => {
                in_flight.free_places(PlaceEnd::Unused);
                let ended =
                    CompletedAttempt::without_request(self, &context, delivery, in_flight, outcome, started_at).await;
                steps.commit(ended).await;
                return Ok(());
            }
        };
        let Addressee { receiver, revision, probe_at } = *addressee;
        if let Err(again_at) = in_flight.keep_rate(receiver.rate_per_minute(), started_at) {
            in_flight.finish(Some(again_at));
            return Ok(());
        }
        self.later.succeeded(&delivery.row.destination_id);
        let Some(message) = &delivery.row.message else { return Ok(()) };
        let id = match delivery.kind() {
            Some(DestinationKind::Ping) => &delivery.row.id,
            _ => delivery.row.event_id.as_ref().unwrap_or(&delivery.row.submission_id),
        };
        let (organization_id, now_s) = (&delivery.row.organization_id, started_at.0.div_euclid(1000));
        let request = send::request(organization_id, &receiver, message, id, now_s, self.schemes());
        // A lease that ends now is somebody else's in a moment: whoever has it then sends.
        if !self.flow.may_start(delivery.row.shard) {
            in_flight.finish(None);
            return Ok(());
        }
        let response = match request {
            Ok(mut request) => {
                request.timeout = self.timeout_within(&delivery, request.timeout);
                in_flight.set_host(request.url.host());
                self.sender.send(request).await
            }
            Err(why) => {
                Err(SendError { kind: SendErrorKind::Blocked, sent: false, elapsed_ms: 0, resent: false, message: why })
            }
        };
        in_flight.free_places(place_end(&response));
        let response = match response {
            Ok(response) => Ok(self.read_response(response).await),
            Err(error) => Err(error),
        };
        if response.as_ref().is_err_and(|error| error.kind == SendErrorKind::Busy) {
            let next = NoRequest::Then(Next::Defer(started_at.plus_ms(BUSY_MS)));
            let ended = CompletedAttempt::without_request(self, &context, delivery, in_flight, next, started_at).await;
            steps.commit(ended).await;
            return Ok(());
        }
        steps
            .interpret(Responded {
                context,
                delivery,
                receiver,
                revision,
                is_probe: probe_at.is_some(),
                program,
                response,
                started_at,
                in_flight,
            })
            .await;
        Ok(())
    }

    /// What stands between a delivery and its request.
    #[boxed]
    async fn prepare(&self, context: &CampaignContext, delivery: &Delivery) -> Result<Preparation, StoreError> {
        let addressee = match self.addressee(context, delivery).await? {
            Ok(addressee) => addressee,
            Err(nobody) => return Ok(Preparation::End(NoRequest::Because(nobody.as_str()))),
        };
        if delivery.kind() == Some(DestinationKind::Ping) {
            return self.prepare_ping(context, delivery, addressee).await;
        }
        if !delivery.kind().is_some_and(DestinationKind::decides) {
            return self.prepare_told(delivery, addressee).await;
        }
        match context.campaign.state()? {
            CampaignState::Active => {}
            CampaignState::Archived => return Ok(Preparation::End(NoRequest::Archived)),
            // Pausing stops release; what was not sent yet waits.
            CampaignState::Draft | CampaignState::Paused => return Ok(Preparation::End(NoRequest::Then(Next::Hold))),
        }
        if delivery.kind() == Some(DestinationKind::Action) {
            return Ok(match self.awaits(delivery).await? {
                true => Preparation::Send(Box::new(addressee), None),
                false => Preparation::End(NoRequest::Decided),
            });
        }
        match self.program_if_ready(delivery.row.campaign_version_id.as_deref()).await {
            Ok(program) => Ok(Preparation::Send(Box::new(addressee), Some(program))),
            // It can never read the response, so nobody would know what the client said: nothing is sent.
            Err(NotReady::Never(_)) => Ok(Preparation::End(NoRequest::Because("campaign_version_unusable"))),
            // Who would read the response is not known: nothing is sent before it is.
            Err(not_ready) => {
                tracing::debug!(delivery_id = delivery.row.id, why = %not_ready, "delivery deferred");
                Ok(Preparation::Wait(not_ready))
            }
        }
    }

    /// Which URLs may be dialled.
    pub fn schemes(&self) -> Schemes {
        if self.settings.development { Schemes::HttpToo } else { Schemes::HttpsOnly }
    }
}

/// What the end of a request says of its receiver: whoever does not respond gets one request at a time until it does.
fn place_end(response: &Result<OutboundResponse, SendError>) -> PlaceEnd {
    match response {
        // It began a response and stalled in its body.
        Ok(response) if response.cut.as_ref().is_some_and(|cut| cut.kind == SendErrorKind::Timeout) => {
            PlaceEnd::NoResponse
        }
        Ok(_) => PlaceEnd::Responded,
        Err(error) if matches!(error.kind, SendErrorKind::Busy | SendErrorKind::Blocked) => PlaceEnd::Unused,
        Err(_) => PlaceEnd::NoResponse,
    }
}

/// Deliveries whose messages are still to be shaped.
type Unshaped = Vec<(Delivery, InFlight<Delivery>)>;

/// What comes of a look at a delivery before it is sent.
pub(crate) enum Preparation {
    Send(Box<Addressee>, Option<Program>),
    /// The program is not ready: it stays with the store as it is.
    Wait(NotReady),
    End(NoRequest),
}
