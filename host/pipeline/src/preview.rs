//! What a campaign would send of the leads that it has (L10): the shaping stage of production on stored leads, on the version and the tables of
//! now. Nothing is stored and nothing is sent.

use super::Pipeline;
use super::budgets::take_to_show;
use super::context;
use super::dry_run::{ShapedMessage, error_value, message};
use super::finish::CampaignContext;
use super::ping::{contract_ping, tell};
use super::process::contract_client;
use super::programs::host_failed;
use super::rendered::raw;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::body::tree_bytes;
use hookmill_domain::budget::{Holding, Permit};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::ping::Ping;
use hookmill_domain::state::State;
use hookmill_engine::ItemError;
use hookmill_engine::contract::{Destination, Payload, Subject, Submission};
use hookmill_store::campaigns::Campaign;
use hookmill_store::pings::AskedLead;
use hookmill_store::submissions::SubmissionRow;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The run id that a plugin gets.
const RUN_ID: &str = "run_preview";
/// The id of a ping that is not sent.
const PREVIEWED_PING: &str = "dlv_preview";

/// What a campaign would send of its newest leads.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Preview {
    /// The campaign version whose shaping stage made the messages; null for the standard document of this host.
    pub campaign_version_id: Option<String>,
    /// Why there are no messages; null when there are.
    pub notice: Option<&'static str>,
    /// The newest leads of the campaign, the newest first, each with its message.
    pub leads: Vec<PreviewedLead>,
}

/// A stored lead, and what would be sent of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewedLead {
    /// Its newest submission to the campaign.
    pub submission_id: String,
    /// The person.
    pub lead_id: Option<String>,
    /// The state of the submission.
    #[schema(value_type = State)]
    pub state: String,
    /// Whether it is a test.
    pub is_test: bool,
    /// The mapped lead.
    #[schema(value_type = Object)]
    pub lead: Value,
    /// The message to the client; null where there is no client, or it can't be made.
    pub message: Option<ShapedMessage>,
    /// Why it can't be made; null when it can.
    pub error: Option<Value>,
    /// The ping by which the client would be asked for a bid first; null where it has none, or it can't be made.
    pub ping: Option<ShapedMessage>,
    /// Why the ping can't be made; null when it can.
    pub ping_error: Option<Value>,
}

/// A stored lead taken through the shaping stage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Generated {
    /// The lead and its message.
    #[serde(flatten)]
    pub lead: PreviewedLead,
    /// The campaign version whose shaping stage made the message; null for the standard document of this host.
    pub campaign_version_id: Option<String>,
    /// Why there is no message; null when there is one, or `error` says why not.
    pub notice: Option<&'static str>,
    /// The lines of the document that made each part of the message; null where its plugin has no trace.
    pub trace: Option<Value>,
    /// CPU time of the call, in microseconds.
    pub cpu_time_us: u64,
    /// The plugin's log.
    pub log: Vec<String>,
    /// The digests of the tables that were read, by name.
    pub value_sets: BTreeMap<String, String>,
}

/// One result for each of several leads; none where no message is made.
type Results = Option<Vec<Result<Payload, ItemError>>>;

/// What the shaping stage made of several leads.
#[derive(Default)]
struct ShapedLeads {
    results: Results,
    value_sets: BTreeMap<String, String>,
    cpu_time_us: u64,
    log: Vec<String>,
}

impl Pipeline {
    /// What an active campaign would send of these submissions now. The plugin sees as much of the client's URL as who asks.
    #[boxed]
    pub async fn preview(
        &self,
        campaign: &Campaign,
        rows: Vec<SubmissionRow>,
        urls: UrlView,
        holding: &Holding,
    ) -> Result<Preview, ApiError> {
        let _place = self.people_place(&campaign.organization_id).await;
        let context = self.context_of_now(campaign, urls).await?;
        let (client, subjects) = (contract_client(&context), rows.iter().map(subject));
        let shaped = self.shape_stored(&context, client, subjects.collect(), false).await?;
        let pings = self.shape_pings_of(&context, &rows).await?;
        let notice = notice(&context);
        let campaign_version_id = context.campaign.active_version_id.clone();
        let mut permit = holding.part();
        let leads = self.show_leads(&context, rows, (shaped.results, pings), &mut permit)?;
        holding.keep(permit);
        Ok(Preview { campaign_version_id, notice, leads: leads.into_iter().map(|(lead, _)| lead).collect() })
    }

    /// What an active campaign would send of one submission now, and how its plugin came to it.
    #[boxed]
    pub async fn generate(
        &self,
        campaign: &Campaign,
        row: SubmissionRow,
        urls: UrlView,
        holding: &Holding,
    ) -> Result<Generated, ApiError> {
        let _place = self.people_place(&campaign.organization_id).await;
        let context = self.context_of_now(campaign, urls).await?;
        let (client, subjects) = (contract_client(&context), vec![subject(&row)]);
        let shaped = self.shape_stored(&context, client, subjects, true).await?;
        let rows = vec![row];
        let pings = self.shape_pings_of(&context, &rows).await?;
        let (notice, campaign_version_id) = (notice(&context), context.campaign.active_version_id.clone());
        let mut permit = holding.part();
        let mut leads = self.show_leads(&context, rows, (shaped.results, pings), &mut permit)?;
        let (lead, trace) = leads.pop().ok_or_else(|| host_failed("the lead has no result"))?;
        holding.keep(permit);
        let ShapedLeads { value_sets, cpu_time_us, log, .. } = shaped;
        Ok(Generated { lead, campaign_version_id, notice, trace, cpu_time_us, log, value_sets })
    }

    async fn context_of_now(&self, campaign: &Campaign, urls: UrlView) -> Result<CampaignContext, ApiError> {
        let version_id = campaign.active_version_id.as_deref();
        let mut context = self.context_on(&campaign.key, version_id, urls).await.map_err(unavailable)?;
        let current = self.campaign_context(&campaign.key).await.map_err(unavailable)?;
        if let (Some(client), Some(ping)) = (&mut context.client, current.ping()) {
            client.settings.ping = Some(Ping { url: urls.show(&ping.url), ..ping.clone() });
        }
        Ok(context)
    }

    /// Shapes the pings by which the client would be asked about stored leads; none where it has no ping.
    async fn shape_pings_of(&self, context: &CampaignContext, rows: &[SubmissionRow]) -> Result<Results, ApiError> {
        let Some(ping) = context.ping() else { return Ok(None) };
        let told = rows.iter().map(|row| Subject::Submission(Arc::new(tell_stored(ping, row))));
        let shaped = self.shape_stored(context, contract_ping(context), told.collect(), false).await?;
        Ok(shaped.results)
    }

    /// Shapes the messages to a destination about stored leads, in one call, as production does.
    async fn shape_stored(
        &self,
        context: &CampaignContext,
        destination: Option<Destination>,
        subjects: Vec<Subject>,
        trace: bool,
    ) -> Result<ShapedLeads, ApiError> {
        let Some(destination) = destination.filter(|_| !subjects.is_empty()) else {
            return Ok(ShapedLeads::default());
        };
        let program = self.campaign_program(&context.campaign).await;
        let program = program.map_err(|why| why.into_error(Kind::Conflict, "campaign_version_unusable"))?;
        let version_id = context.campaign.active_version_id.as_deref();
        let mut lookups = self.lookups(&context.campaign, version_id).await.map_err(unavailable)?;
        let mut call = context::context(&context.organization, &context.campaign, self.clock.now(), RUN_ID);
        call.trace = trace;
        let call = Arc::new(call);
        loop {
            let mut run = self.run(&program, Arc::clone(&call), &lookups);
            let (destination, subjects) = (destination.clone(), subjects.clone());
            let done = self.engine().on_guest_thread(async move {
                let results = run.shape_subjects(destination, subjects).await;
                (results, run.finish())
            });
            let (results, reports) = done.await.map_err(|lost| host_failed(format_args!("{lost:?}")))?;
            match self.fetch_missing(&lookups).await.map_err(unavailable)? {
                Some(more) => lookups = more,
                None => {
                    let cpu_time_us = reports.iter().map(|report| report.cpu_time_us).sum();
                    let log = reports.into_iter().flat_map(|report| report.log).map(|line| line.message).collect();
                    return Ok(ShapedLeads { results: Some(results), value_sets: lookups.read(), cpu_time_us, log });
                }
            }
        }
    }

    /// The leads with their messages and traces, as far as there is room to show them.
    fn show_leads(
        &self,
        context: &CampaignContext,
        rows: Vec<SubmissionRow>,
        (results, pings): (Results, Results),
        permit: &mut Permit,
    ) -> Result<Vec<(PreviewedLead, Option<Value>)>, ApiError> {
        let (client, ping_client) = (contract_client(context), contract_ping(context));
        let (mut results, mut pings) = (results.into_iter().flatten(), pings.into_iter().flatten());
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let (result, ping) = (results.next(), pings.next());
            let lead = String::from_utf8_lossy(row.lead.as_deref().unwrap_or_default()).into_owned();
            take_to_show(
                permit,
                tree_bytes(&lead) + result_bytes(result.as_ref()) + result_bytes(ping.as_ref()),
                self.settings.limits.shown_bytes_max,
            )?;
            let trace = result.as_ref().and_then(|result| result.as_ref().ok()?.trace.as_deref().map(raw));
            let (message, error) = show("client", client.as_ref(), result);
            let (ping, ping_error) = show("ping", ping_client.as_ref(), ping);
            let SubmissionRow { id: submission_id, lead_id, state, is_test, .. } = row;
            let lead = raw(&lead);
            let lead = PreviewedLead { submission_id, lead_id, state, is_test, lead, message, error, ping, ping_error };
            shown.push((lead, trace));
        }
        Ok(shown)
    }
}

/// A message to a client, or why it can't be made.
fn show(
    receiver: &str,
    client: Option<&Destination>,
    result: Option<Result<Payload, ItemError>>,
) -> (Option<ShapedMessage>, Option<Value>) {
    match (result, client) {
        (Some(Ok(payload)), Some(client)) => (Some(message(receiver, client, &payload)), None),
        (Some(Err(error)), _) => (None, Some(error_value(&error))),
        _ => (None, None),
    }
}

/// A stored lead as the shaping stage of a ping sees it.
fn tell_stored(ping: &Ping, row: &SubmissionRow) -> Submission {
    let (lead, is_test, received_at) = (row.lead.clone(), row.is_test, row.received_at);
    tell(ping, &AskedLead { id: row.id.clone(), lead, is_test, received_at }, PREVIEWED_PING)
}

/// A stored lead as the shaping stage sees it.
fn subject(row: &SubmissionRow) -> Subject {
    let lead = context::to_text(row.lead.as_deref().unwrap_or_default());
    let submission = context::submission(&row.id, row.lead_id.clone(), lead, row.is_test, row.received_at);
    Subject::Submission(Arc::new(submission))
}

/// Why a campaign sends no messages, if it sends none.
fn notice(context: &CampaignContext) -> Option<&'static str> {
    match (context.stores_only(), &context.client) {
        (true, _) => Some("the campaign stores its leads (`delivery: store_only`) and sends no messages"),
        (false, None) => Some("the campaign has no client endpoint, so that nothing is sent; set one"),
        (false, Some(_)) => None,
    }
}

/// How many bytes of memory a result takes at most once it is shown.
fn result_bytes(result: Option<&Result<Payload, ItemError>>) -> usize {
    match result {
        Some(Ok(payload)) => payload.body.as_ref().map_or(0, Vec::len) + payload.trace.as_deref().map_or(0, tree_bytes),
        Some(Err(ItemError::Failure(failure))) => failure.input.as_deref().map_or(0, tree_bytes),
        Some(Err(ItemError::Fault(_) | ItemError::Postponed)) | None => 0,
    }
}
