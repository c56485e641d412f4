//! Dry run (M10): a sample through every stage, with the very code production runs and nothing kept or sent.

mod interpret;

use super::Pipeline;
use super::context;
use super::lookups::Lookups;
use super::rendered::{self, raw};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::event::{EventName, events_after};
use hookmill_domain::lead::Identity;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_engine::contract::{
    Context, Destination, DestinationKind, Event, MappedLead, Pair, Payload, Subject, Submission, Verdict,
};
use hookmill_engine::{ItemError, Program, Stage};
use hookmill_stages::{End, Item, Run, Status, Watch, Way, advance};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

pub use interpret::SampleResponse;

/// A sample, and where it is to be run.
#[derive(Debug, Clone)]
pub struct DryRunInput {
    /// The organization as the plugin sees it.
    pub organization: Organization,
    /// The campaign as the plugin sees it.
    pub campaign: Campaign,
    /// The element as one JSON value.
    pub body: String,
    /// What comes with it: the headers that matter, names in lower case, and the query.
    pub metadata: RequestMetadata,
    /// The URL of the client to shape for; the destination's is used where there is one.
    pub client_url: String,
    /// What the client responds with; without one, it accepts the lead.
    pub response: Option<SampleResponse>,
}

/// The input and output of every stage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DryRun {
    /// The stages in their order.
    pub stages: Vec<StageRun>,
    /// The state of the submission after the run.
    pub state: State,
    /// The messages that would be sent.
    pub messages: Vec<ShapedMessage>,
    /// CPU time of all calls, in microseconds.
    pub cpu_time_us: u64,
    /// The plugin's log.
    pub log: Vec<String>,
    /// The digests of the tables that were read, by name.
    pub value_sets: BTreeMap<String, String>,
}

/// One call of a stage.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct StageRun {
    /// `map`, `qualify`, `shape` or `interpret`.
    pub stage: &'static str,
    /// The receiver of the shaped message: `client`, or the name of an event.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// The input of the stage.
    pub input: Value,
    /// Its output; absent when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The error when it failed; for `interpret`, why the HTTP status decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The lines of the document that made each value; null when it failed or its plugin has no trace.
    pub trace: Option<Value>,
}

/// A message as it would be sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShapedMessage {
    /// The receiver: `client`, or the name of an event.
    #[serde(rename = "for")]
    pub receiver: String,
    /// The method.
    pub method: String,
    /// The query, as pairs of name and value.
    pub query: Vec<Vec<String>>,
    /// The headers, as pairs of name and value.
    pub headers: Vec<Vec<String>>,
    /// The content type.
    pub content_type: String,
    /// The body, if there is one.
    pub body: Option<String>,
}

const SAMPLE_ID: &str = "req_sample-0";

impl Pipeline {
    /// Runs a sample through a program, on the current tables.
    #[boxed]
    pub async fn dry_run(&self, program: &Program, input: &DryRunInput) -> Result<DryRun, StoreError> {
        let _place = self.people_place().await;
        // A document that is only tried is the default plugin's, whatever the campaign runs.
        let is_document = program.component.digest().to_string() == self.standard_digest;
        let campaign_version_id = input.campaign.active_version_id.as_deref().filter(|_| !is_document);
        let mut lookups = self.lookups(&input.campaign, campaign_version_id).await?;
        loop {
            let done = self.try_sample(program, input, &lookups).await;
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok(DryRun { value_sets: lookups.read(), ..done }),
            }
        }
    }

    async fn try_sample(&self, program: &Program, input: &DryRunInput, lookups: &Lookups) -> DryRun {
        let now = self.clock.now();
        let mut context = context::context(&input.organization, &input.campaign, now, "run_sample");
        context.trace = true;
        let context = Arc::new(context);
        let run = self.run(program, Arc::clone(&context), lookups);
        let mut trial = SampleRun { run, shown: Shown::default() };
        let leads = trial.map(input, now.0).await;
        let mut state = if leads.is_empty() { State::Canceled } else { State::Quarantined };
        for (index, lead) in leads.into_iter().enumerate() {
            let reached = trial.lead(input, &context, index, lead).await;
            if index == 0 {
                state = reached;
            }
        }
        let reports = trial.run.finish();
        DryRun {
            stages: trial.shown.stages,
            state,
            messages: trial.shown.messages,
            cpu_time_us: reports.iter().map(|report| report.cpu_time_us).sum(),
            log: reports.into_iter().flat_map(|report| report.log).map(|line| line.message).collect(),
            value_sets: BTreeMap::new(),
        }
    }
}

struct SampleRun {
    run: Run,
    shown: Shown,
}

/// What is shown of a run: each call as it was made.
#[derive(Default)]
struct Shown {
    stages: Vec<StageRun>,
    messages: Vec<ShapedMessage>,
}

impl SampleRun {
    /// The leads the sample becomes; an error ends the run.
    async fn map(&mut self, input: &DryRunInput, now_ms: i64) -> Vec<Option<MappedLead>> {
        let element = context::sample_inbound(SAMPLE_ID, input.body.clone(), &input.metadata, now_ms);
        let shown =
            json!({ "body": raw(&input.body), "headers": input.metadata.headers, "query": input.metadata.query });
        let result = self.run.map(vec![element]).await.pop();
        match result {
            Some(Ok(mapped)) => {
                let trace = mapped.trace.as_deref().map(raw);
                let leads: Vec<Value> = mapped.leads.iter().map(lead_value).collect();
                self.shown.record_output("map", None, shown, leads.into(), trace);
                mapped.leads.into_iter().map(Result::ok).collect()
            }
            Some(Err(error)) => {
                self.shown.record_failure("map", None, shown, &error);
                vec![None]
            }
            None => Vec::new(),
        }
    }

    async fn lead(&mut self, input: &DryRunInput, context: &Context, index: usize, lead: Option<MappedLead>) -> State {
        let Some(lead) = lead else { return State::Quarantined };
        let id = if index == 0 { SAMPLE_ID.to_owned() } else { format!("{SAMPLE_ID}.{index}") };
        let lead_id = Identity::of(&input.organization.salt, &lead.lead).lead_id(&input.organization.salt, &id);
        let submission = context::submission(&id, Some(lead_id), lead.lead, lead.is_test, context.now);
        let submission = Arc::new(submission);
        let way = Way::new(Some(destination(input, DestinationKind::Client, &input.client_url)));
        let mut item = [Item::new(Arc::clone(&submission))];
        advance(&mut self.run, &way, &mut item, Timestamp(context.now), &mut self.shown).await;
        let [item] = item;
        match item.status {
            Status::Ended(End::Passed(_)) => {
                let (state, details) = self.interpret_sample(input, context.now).await;
                self.tell(input, context, state, &submission, &details).await
            }
            Status::Ended(End::Disqualified(verdict)) => {
                let details = rendered::disqualification(&verdict);
                self.tell(input, context, State::Disqualified, &submission, &details).await
            }
            _ => State::Quarantined,
        }
    }

    /// The events that reaching a state would cause.
    async fn tell(
        &mut self,
        input: &DryRunInput,
        context: &Context,
        state: State,
        submission: &Arc<Submission>,
        details: &Value,
    ) -> State {
        for name in events_after(state, state != State::Disqualified) {
            let event = event(name, context, state, submission, details);
            let webhook = destination(input, DestinationKind::OrganizationWebhook, "https://subscriber.example/");
            self.shape_event(name.as_str(), webhook, event).await;
        }
        state
    }

    async fn shape_event(&mut self, name: &str, destination: Destination, event: Event) {
        let subject = Subject::Event(Arc::new(event));
        let shown = shown_subject(&subject);
        let result = self.run.shape_subjects(destination.clone(), vec![subject]).await.pop();
        if let Some(result) = result {
            self.shown.record_message(name, &destination, shown, &result);
        }
    }
}

impl Watch for Shown {
    fn qualified(&mut self, submission: &Arc<Submission>, result: &Result<Verdict, ItemError>) {
        let shown = json!({ "lead": raw(&submission.lead) });
        match result {
            Ok(verdict) => {
                let output = json!({ "qualified": verdict.qualified, "failed_rules": rendered::failed_rules(verdict) });
                self.record_output("qualify", None, shown, output, verdict.trace.as_deref().map(raw));
            }
            Err(error) => self.record_failure("qualify", None, shown, error),
        }
    }

    fn shaped(&mut self, submission: &Arc<Submission>, client: &Destination, result: &Result<Payload, ItemError>) {
        let shown = shown_subject(&Subject::Submission(Arc::clone(submission)));
        self.record_message("client", client, shown, result);
    }
}

impl Shown {
    fn record_message(
        &mut self,
        receiver: &str,
        destination: &Destination,
        input: Value,
        result: &Result<Payload, ItemError>,
    ) {
        match result {
            Ok(payload) => {
                let message = message(receiver, destination, payload);
                self.record_output("shape", Some(receiver), input, json!(message), payload.trace.as_deref().map(raw));
                self.messages.push(message);
            }
            Err(error) => self.record_failure("shape", Some(receiver), input, error),
        }
    }

    fn record_output(
        &mut self,
        stage: &'static str,
        receiver: Option<&str>,
        input: Value,
        output: Value,
        trace: Option<Value>,
    ) {
        let receiver = receiver.map(str::to_owned);
        self.stages.push(StageRun { stage, receiver, input, output: Some(output), trace, error: None });
    }

    fn record_failure(&mut self, stage: &'static str, receiver: Option<&str>, input: Value, error: &ItemError) {
        let receiver = receiver.map(str::to_owned);
        self.stages.push(StageRun { stage, receiver, input, error: Some(error_value(error)), ..StageRun::default() });
    }
}

/// What a message is made of.
fn shown_subject(subject: &Subject) -> Value {
    let submission = |one: &Submission| json!({ "submission": { "id": one.id, "lead_id": one.lead_id, "is_test": one.is_test }, "lead": raw(&one.lead) });
    match subject {
        Subject::Submission(one) => submission(one),
        Subject::Event(event) => {
            let about = event.submission.as_deref().map(submission);
            json!({ "event": event.name, "status": event.status, "details": raw(&event.details), "about": about })
        }
    }
}

fn destination(input: &DryRunInput, kind: DestinationKind, url: &str) -> Destination {
    Destination {
        kind,
        id: input.campaign.campaign_id.clone(),
        name: input.campaign.name.clone(),
        method: "POST".into(),
        url: url.to_owned(),
        content_type: "application/json".into(),
        settings: None,
    }
}

fn event(name: EventName, context: &Context, state: State, submission: &Arc<Submission>, details: &Value) -> Event {
    Event {
        id: "evt_sample".into(),
        name: name.as_str().into(),
        occurred_at: context.now,
        status: Some(state.as_str().into()),
        submission: Some(Arc::clone(submission)),
        details: details.to_string(),
        payload: None,
        category: None,
    }
}

fn message(receiver: &str, destination: &Destination, payload: &Payload) -> ShapedMessage {
    let pairs = |list: &[Pair]| list.iter().map(|pair| vec![pair.name.clone(), pair.value.clone()]).collect();
    ShapedMessage {
        receiver: receiver.to_owned(),
        method: payload.method.clone().unwrap_or_else(|| destination.method.clone()),
        query: pairs(&payload.query),
        headers: pairs(&payload.headers),
        content_type: payload.content_type.clone().unwrap_or_else(|| destination.content_type.clone()),
        body: payload.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned()),
    }
}

fn lead_value(lead: &Result<MappedLead, hookmill_engine::contract::Failure>) -> Value {
    match lead {
        Ok(lead) => json!({
            "lead": raw(&lead.lead),
            "is_test": lead.is_test,
            "warnings": rendered::convert_warnings(&lead.warnings),
        }),
        Err(failure) => json!({ "failure": rendered::failure(failure) }),
    }
}

/// Why a call has no result, whichever stage it was of.
fn error_value(error: &ItemError) -> Value {
    rendered::item_error(Stage::Map, error)
        .map_or_else(|| json!("the host could not run it; try again"), |(_, detail)| detail)
}
