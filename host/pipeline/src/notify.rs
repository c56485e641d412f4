//! Notify: what happened is shaped for the webhooks that want it. Shaping comes before sending and is kept, so that every attempt
//! sends the same bytes.

use super::Pipeline;
use super::conclude::message;
use super::context;
use super::ingest::json;
use super::programs::NotReady;
use super::rendered;
use super::runner::Run;
use hookmill_engine::contract::{Destination, DestinationKind, Event, ShapeRequest, Subject};
use hookmill_engine::{FaultKind, ItemError, Program};
use hookmill_store::StoreError;
use hookmill_store::claims::ClaimedShaping;
use hookmill_store::deliveries::Shaped;
use serde_json::json;
use std::collections::BTreeMap;

impl Pipeline {
    /// Claims the events that wait to be shaped, and shapes them; answers how many.
    pub(crate) async fn notify_once(&self) -> Result<usize, StoreError> {
        let token = self.hold_token();
        let claimed =
            self.store.claim_shaping(token.as_str(), self.settings.limits.shape_batch_max, self.clock.now()).await?;
        let count = claimed.len();
        let mut batches: BTreeMap<(String, Option<String>), Vec<ClaimedShaping>> = BTreeMap::new();
        for shaping in claimed {
            batches.entry((shaping.campaign_id.clone(), shaping.program_id.clone())).or_default().push(shaping);
        }
        let mut shaped = Vec::with_capacity(count);
        for ((campaign_id, program_id), batch) in batches {
            match self.shape_events(&campaign_id, program_id.as_deref(), batch).await {
                Ok(messages) => shaped.extend(messages),
                // Their claim runs out, and no other campaign's events wait for them.
                Err(error) => {
                    tracing::error!(campaign_id, error = %error, "events could not be shaped; they are put off")
                }
            }
        }
        if !shaped.is_empty() {
            self.store.commit_shaped(token.as_str(), &shaped, self.clock.now()).await?;
            self.wake.deliver.notify_one();
        }
        Ok(count)
    }

    async fn shape_events(
        &self,
        campaign_id: &str,
        program_id: Option<&str>,
        batch: Vec<ClaimedShaping>,
    ) -> Result<Vec<(String, Shaped)>, StoreError> {
        let (organization, campaign) = self.home_of(campaign_id, "an event").await?;
        let settings = self.store.webhook_settings(&organization.id).await?;
        let url = settings.map(|(settings, _)| settings.url).unwrap_or_default();
        let Some(program) = self.shaping_program(program_id).await else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let context = context::context(&organization, &campaign, now, &self.minter.mint("run", now));
        let destination = Destination {
            kind: DestinationKind::Settings,
            id: organization.id.clone(),
            name: organization.name.clone(),
            method: "POST".into(),
            url,
            content_type: "application/json".into(),
            settings: None,
        };
        let request =
            |shaping| ShapeRequest { destination: destination.clone(), subject: Subject::Event(event(shaping)) };
        let mut lookups = self.lookups(&campaign, program_id).await?;
        let (payloads, read) = loop {
            let mut run = Run::new(self, &program, context.clone(), &lookups);
            let Ok(payloads) = run.shape(batch.iter().map(request).collect()).await else { return Ok(Vec::new()) };
            match self.fetched(&lookups).await? {
                Some(more) => lookups = more,
                None => break (payloads, lookups.read()),
            }
        };
        let results = batch
            .into_iter()
            .zip(payloads)
            .filter_map(|(shaping, payload)| Some((shaping.id, shaped(payload, &read)?)));
        Ok(results.collect())
    }

    /// The program the submission ran on shapes what is told of it; where it can never be run, the standard payload is told. None
    /// while the store does not answer.
    async fn shaping_program(&self, program_id: Option<&str>) -> Option<Program> {
        let Some(id) = program_id else { return Some(self.standard.clone()) };
        match self.program_by_id(id).await {
            Ok(program) => Some(program),
            Err(NotReady::Never(_)) => Some(self.standard.clone()),
            Err(NotReady::Later(_)) => None,
        }
    }
}

fn shaped(
    payload: Result<hookmill_engine::contract::Payload, ItemError>,
    read: &BTreeMap<String, String>,
) -> Option<Shaped> {
    match payload {
        Ok(payload) => Some(Shaped::Message(message(&payload).with_value_sets(read.clone()).write())),
        // The host could not run it: nothing is known, its claim runs out.
        Err(ItemError::Fault(fault)) if fault.kind == FaultKind::Host => None,
        Err(error) => {
            let (cause, detail) = rendered::item_error(&error)?;
            Some(Shaped::Failed(json(&json!({ "error": cause, "detail": detail }))))
        }
    }
}

fn event(shaping: &ClaimedShaping) -> Event {
    let lead = shaping.lead.as_deref().map_or_else(|| "{}".to_owned(), context::text_of);
    Event {
        id: shaping.event_id.clone(),
        name: shaping.event_name.clone(),
        occurred_at: shaping.occurred_at,
        status: Some(shaping.status.clone()),
        submission: Some(context::submission(
            &shaping.submission_id,
            shaping.lead_id.as_deref(),
            &lead,
            shaping.is_test,
            shaping.received_at,
        )),
        details: context::text_of(&shaping.details),
        payload: None,
        category: None,
    }
}
