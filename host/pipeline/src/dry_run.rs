//! Dry run (M10): a sample through every stage, with the very code production runs and nothing kept or sent.

mod interpret;

use super::Pipeline;
use super::budgets::take_to_show;
use super::context;
use super::element;
use super::ingest::{post_elements, read_elements};
use super::lookups::Lookups;
use super::programs::host_failed;
use super::rendered::{self, Warning, raw};
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::body::{self, Element, Head, tree_bytes};
use hookmill_domain::budget::{Holding, Permit};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::event::{EventName, events_after};
use hookmill_domain::lead::Identity;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_engine::contract::{
    Context, Destination, DestinationKind, Event, Failure, Mapped, MappedLead, Pair, Payload, Subject, Submission,
    Verdict,
};
use hookmill_engine::{ItemError, Program, Stage};
use hookmill_stages::{End, Item, Run, Status, Watch, Way, advance};
use hookmill_store::campaigns::Campaign;
use hookmill_store::ingest::submission_id;
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
    /// The elements, each as one JSON value.
    pub elements: Vec<Element>,
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
    /// The state of the first submission after the run.
    pub state: State,
    /// What is odd about the sample's elements; the warnings of a lead are in the output of `map`.
    pub warnings: Vec<Warning>,
    /// Each submission that the sample becomes, in order: one for each element of a list, and one more for each further lead of an element.
    pub leads: Vec<SampleLead>,
    /// The messages that would be sent.
    pub messages: Vec<ShapedMessage>,
    /// CPU time of all calls, in microseconds.
    pub cpu_time_us: u64,
    /// The plugin's log.
    pub log: Vec<String>,
    /// The digests of the tables that were read, by name.
    pub value_sets: BTreeMap<String, String>,
}

/// One submission of a sample.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SampleLead {
    /// Its id, such as `req_sample-0`, as the input of its stages has it.
    pub submission_id: String,
    /// Its state after the run.
    pub state: State,
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
    /// The error when it failed; for `interpret`, why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The lines of the document that made each value, and how; null when it failed or its plugin has no trace.
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

/// The id of the request that a sample would be.
const SAMPLE_REQUEST_ID: &str = "req_sample";

/// The elements of a sample, as a post to a campaign has them: those of a list, or the whole of another value.
///
/// # Errors
/// Where the body can't be read, or its list is empty or has too many.
pub fn sample_elements(head: &Head, body: &[u8], limits: &Limits) -> Result<Vec<Element>, ApiError> {
    let opened = body::open(head, body, limits)?;
    let places = post_elements(&opened, (limits.sample_leads_max, "sample_leads_max"))?;
    Ok(read_elements(&opened, places.into_iter()))
}

impl Pipeline {
    /// Runs a sample through a program, on the current tables. What is shown of the run is held.
    #[boxed]
    pub async fn dry_run(
        &self,
        program: &Program,
        input: &Arc<DryRunInput>,
        holding: &Holding,
    ) -> Result<DryRun, ApiError> {
        let _place = self.people_place(&input.organization.id).await;
        // A document that is only tried is the default plugin's, whatever the campaign runs.
        let is_document = program.component.digest().to_string() == self.standard_digest;
        let campaign_version_id = input.campaign.active_version_id.as_deref().filter(|_| !is_document);
        let mut lookups = self.lookups(&input.campaign, campaign_version_id).await.map_err(unavailable)?;
        loop {
            let shown = Shown::new(holding.part(), &self.settings.limits);
            let (run, started) = self.start_sample(program, input, &lookups);
            let response_bytes_max = self.settings.limits.response_inflated_bytes_max;
            let trial = SampleRun { run, shown, response_bytes_max };
            let (input, of_run) = (Arc::clone(input), Arc::clone(&started));
            // Values are read and compared beside the calls: not on a thread that serves others.
            let done = self.engine().on_guest_thread(async move { trial.finish(&input, &of_run).await }).await;
            let done = done.map_err(|lost| host_failed(format_args!("{lost:?}")))?;
            match self.fetch_missing(&lookups).await.map_err(unavailable)? {
                Some(more) => lookups = more,
                None => {
                    let (run, permit) = done?;
                    holding.keep(permit);
                    return Ok(DryRun { value_sets: lookups.read(), ..run });
                }
            }
        }
    }

    fn start_sample(&self, program: &Program, input: &DryRunInput, lookups: &Lookups) -> (Run, Arc<Context>) {
        let now = self.clock.now();
        let mut context = context::context(&input.organization, &input.campaign, now, "run_sample");
        context.trace = true;
        let context = Arc::new(context);
        (self.run(program, Arc::clone(&context), lookups), context)
    }
}

/// The id of an element's submission, and its leads.
type MappedElement = (String, Vec<Option<MappedLead>>);

struct SampleRun {
    run: Run,
    shown: Shown,
    response_bytes_max: usize,
}

impl SampleRun {
    /// Runs the sample to its end. The permit is for what is shown.
    async fn finish(mut self, input: &DryRunInput, context: &Context) -> Result<(DryRun, Permit), ApiError> {
        let mut leads = Vec::new();
        let mut warnings: Vec<_> =
            input.elements.iter().flat_map(|element| element.warnings.iter().cloned().map(element::warning)).collect();
        for (element_id, mapped) in self.map(input, context.now).await {
            if mapped.is_empty() {
                warnings.push(rendered::no_lead());
                leads.push(SampleLead { submission_id: element_id.clone(), state: State::Canceled });
            }
            for (index, lead) in mapped.into_iter().enumerate() {
                // What is not shown need not be run.
                if self.shown.rejected.is_some() {
                    break;
                }
                let id = if index == 0 { element_id.clone() } else { format!("{element_id}.{index}") };
                let state = self.lead(input, context, &id, lead).await;
                leads.push(SampleLead { submission_id: id, state });
            }
        }
        let reports = self.run.finish();
        if let Some(error) = self.shown.rejected {
            return Err(error);
        }
        let run = DryRun {
            stages: self.shown.stages,
            warnings: rendered::convert_warnings(&warnings),
            state: leads.first().map_or(State::Canceled, |lead| lead.state),
            leads,
            messages: self.shown.messages,
            cpu_time_us: reports.iter().map(|report| report.cpu_time_us).sum(),
            log: reports.into_iter().flat_map(|report| report.log).map(|line| line.message).collect(),
            value_sets: BTreeMap::new(),
        };
        Ok((run, self.shown.permit))
    }
}

/// What is shown of a run: each call as it was made.
struct Shown {
    stages: Vec<StageRun>,
    messages: Vec<ShapedMessage>,
    /// For the memory that it takes.
    permit: Permit,
    bytes_max: usize,
    leads_max: usize,
    /// Why it is not shown: it is too much.
    rejected: Option<ApiError>,
}

impl SampleRun {
    /// The leads that each element of the sample becomes, under the id of its submission; none in the place of one that can't be mapped. All
    /// elements are mapped in one call, as those of a request.
    async fn map(&mut self, input: &DryRunInput, now_ms: i64) -> Vec<MappedElement> {
        let ids = (0..input.elements.len()).map(|index| submission_id(SAMPLE_REQUEST_ID, index));
        let ids: Vec<String> = ids.collect();
        let elements = ids.iter().zip(&input.elements);
        let elements =
            elements.map(|(id, element)| context::sample_inbound(id, element.text.clone(), &input.metadata, now_ms));
        let results = self.run.map(elements.collect()).await;
        let leads = results.iter().map(|result| result.as_ref().map_or(1, |mapped| mapped.leads.len()));
        self.shown.check_leads(leads.sum());
        let shown = ids.into_iter().zip(&input.elements).zip(results);
        shown.map(|((id, element), result)| (id, self.record_mapped(input, &element.text, result))).collect()
    }

    fn record_mapped(
        &mut self,
        input: &DryRunInput,
        body: &str,
        result: Result<Mapped, ItemError>,
    ) -> Vec<Option<MappedLead>> {
        let shown =
            json!({ "body": self.shown.value(body), "headers": input.metadata.headers, "query": input.metadata.query });
        match result {
            Ok(mapped) => {
                let trace = self.shown.trace(mapped.trace.as_deref());
                let leads: Vec<Value> = mapped.leads.iter().map(|lead| self.shown.lead(lead)).collect();
                self.shown.record_output("map", None, shown, leads.into(), trace);
                mapped.leads.into_iter().map(Result::ok).collect()
            }
            Err(error) => {
                self.shown.record_failure("map", None, shown, &error);
                vec![None]
            }
        }
    }

    async fn lead(&mut self, input: &DryRunInput, context: &Context, id: &str, lead: Option<MappedLead>) -> State {
        let Some(lead) = lead else { return State::Quarantined };
        let lead_id = Identity::of(&input.organization.salt, &lead.lead).lead_id(&input.organization.salt, id);
        let submission = context::submission(id, Some(lead_id), lead.lead, lead.is_test, context.now);
        let submission = Arc::new(submission);
        let way = Way::new(Some(destination(input, DestinationKind::Client, &input.client_url)));
        let mut item = [Item::new(Arc::clone(&submission))];
        advance(&mut self.run, &way, &mut item, Timestamp(context.now), &mut self.shown).await;
        let [item] = item;
        match item.status {
            Status::Ended(End::Passed(_)) => {
                let (state, details) = self.interpret_sample(input, id, context.now).await;
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
        let shown = self.shown.subject(&subject);
        let result = self.run.shape_subjects(destination.clone(), vec![subject]).await.pop();
        if let Some(result) = result {
            self.shown.record_message(name, &destination, shown, &result);
        }
    }
}

impl Watch for Shown {
    fn qualified(&mut self, submission: &Arc<Submission>, result: &Result<Verdict, ItemError>) {
        let shown = json!({ "lead": self.value(&submission.lead) });
        match result {
            Ok(verdict) => {
                let texts = verdict.failed.iter().flat_map(|rule| [Some(&rule.expected), rule.actual.as_ref()]);
                let has_room = self.charge(texts.flatten().map(|text| tree_bytes(text)).sum());
                let failed = if has_room { rendered::failed_rules(verdict) } else { Vec::new() };
                let output = json!({ "qualified": verdict.qualified, "failed_rules": failed });
                let trace = self.trace(verdict.trace.as_deref());
                self.record_output("qualify", None, shown, output, trace);
            }
            Err(error) => self.record_failure("qualify", None, shown, error),
        }
    }

    fn shaped(&mut self, submission: &Arc<Submission>, client: &Destination, result: &Result<Payload, ItemError>) {
        let shown = self.subject(&Subject::Submission(Arc::clone(submission)));
        self.record_message("client", client, shown, result);
    }
}

impl Shown {
    fn new(permit: Permit, limits: &Limits) -> Self {
        let (bytes_max, leads_max) = (limits.shown_bytes_max, limits.sample_leads_max);
        Self { stages: Vec::new(), messages: Vec::new(), permit, bytes_max, leads_max, rejected: None }
    }

    /// Takes memory for something that is to be shown; whether there is some. Once there is none, nothing more is shown.
    fn charge(&mut self, bytes: usize) -> bool {
        if self.rejected.is_some() {
            return false;
        }
        self.rejected = take_to_show(&mut self.permit, bytes, self.bytes_max).err();
        self.rejected.is_none()
    }

    fn check_leads(&mut self, count: usize) {
        if self.leads_max < count {
            let message = format!(
                "the sample becomes {count} leads, at most {} are run (sample_leads_max); send a smaller sample",
                self.leads_max
            );
            self.rejected.get_or_insert(ApiError::new(Kind::Invalid, "too_many_leads", message));
        }
    }

    /// JSON text as a value, as far as there is room.
    fn value(&mut self, text: &str) -> Value {
        if self.charge(tree_bytes(text)) { raw(text) } else { Value::Null }
    }

    fn trace(&mut self, text: Option<&str>) -> Option<Value> {
        text.map(|text| self.value(text))
    }

    fn lead(&mut self, lead: &Result<MappedLead, Failure>) -> Value {
        match lead {
            Ok(lead) => json!({
                "lead": self.value(&lead.lead),
                "is_test": lead.is_test,
                "warnings": rendered::convert_warnings(&lead.warnings),
            }),
            Err(failure) if self.charge(failure.input.as_deref().map_or(0, tree_bytes)) => {
                json!({ "failure": rendered::failure(failure) })
            }
            Err(_) => Value::Null,
        }
    }

    /// What a message is made of.
    fn subject(&mut self, subject: &Subject) -> Value {
        match subject {
            Subject::Submission(one) => self.submission(one),
            Subject::Event(event) => {
                let about = event.submission.as_deref().map(|one| self.submission(one));
                let details = self.value(&event.details);
                json!({ "event": event.name, "status": event.status, "details": details, "about": about })
            }
        }
    }

    fn submission(&mut self, one: &Submission) -> Value {
        let lead = self.value(&one.lead);
        json!({ "submission": { "id": one.id, "lead_id": one.lead_id, "is_test": one.is_test }, "lead": lead })
    }

    fn record_message(
        &mut self,
        receiver: &str,
        destination: &Destination,
        input: Value,
        result: &Result<Payload, ItemError>,
    ) {
        match result {
            Ok(payload) => {
                // It is shown twice, as text.
                if self.charge(2 * payload.body.as_ref().map_or(0, Vec::len)) {
                    let (message, trace) =
                        (message(receiver, destination, payload), self.trace(payload.trace.as_deref()));
                    self.record_output("shape", Some(receiver), input, json!(message), trace);
                    self.messages.push(message);
                }
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
        let input_bytes = match error {
            ItemError::Failure(failure) => failure.input.as_deref().map_or(0, tree_bytes),
            ItemError::Fault(_) | ItemError::Postponed => 0,
        };
        let error = self.charge(input_bytes).then(|| error_value(error));
        self.stages.push(StageRun { stage, receiver, input, error, ..StageRun::default() });
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

pub(crate) fn message(receiver: &str, destination: &Destination, payload: &Payload) -> ShapedMessage {
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

/// Why a call has no result, whichever stage it was of.
pub(crate) fn error_value(error: &ItemError) -> Value {
    rendered::item_error(Stage::Map, error)
        .map_or_else(|| json!("the host could not run it; try again"), |(_, detail)| detail)
}
