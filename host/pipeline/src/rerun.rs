//! Runs that are only looked at (P8): a submission run again as it was, and versions run beside each other. The code is production's up to
//! the rows it would write; here they are compared, and nothing is written and nothing sent.

mod differences;

use super::Pipeline;
use super::budgets::{SHOWN_TOO_LARGE, take_to_show};
use super::duplicates::{DUPLICATE, DUPLICATE_MERGED};
use super::element::Received;
use super::finish::CampaignContext;
use super::ping::{NO_BID, PING_WON, PINGED};
use super::rendered::raw;
use super::slots::{BEHIND_QUEUE, CAP_REACHED, EXPIRED, MOVED, SCHEDULE_CLOSED};
use super::tables::Names;
use super::unavailable::{table_gone, unavailable, version_gone};
use async_recursion::async_recursion as boxed;
use differences::differences;
use hookmill_domain::body::tree_bytes;
use hookmill_domain::budget::{Holding, Permit};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::lifecycle::local::LocalLifecycle;
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::state::State;
use hookmill_stages::{Kept, StandingBid};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::deliveries::Message;
use hookmill_store::processed::Processed;
use hookmill_store::runs::{RunRow, RunStart};
use hookmill_store::submissions::SubmissionRow;
use hookmill_store::work::SubmissionWork;
use serde::Serialize;
use serde_json::{Value, json};
use std::slice;
use std::sync::Arc;
use utoipa::ToSchema;

pub use differences::Difference;

/// How often a result is in memory while it is compared: as it is shown, and as the value that is compared.
const COPIES: usize = 2;

/// The causes of what a campaign's lifecycle decided.
const LIFECYCLE_CAUSES: [&str; 8] =
    [DUPLICATE, SCHEDULE_CLOSED, CAP_REACHED, BEHIND_QUEUE, MOVED, EXPIRED, PINGED, NO_BID];

/// What a run made of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunResult {
    /// The state after processing.
    pub state: String,
    /// Why, as a stable code.
    pub cause: String,
    /// More about the cause; null where it names a delivery only.
    pub detail: Option<Value>,
    /// The person.
    pub lead_id: Option<String>,
    /// The mapped lead.
    #[schema(value_type = Option<Object>)]
    pub lead: Option<Value>,
    /// Whether it is a test.
    pub is_test: bool,
    /// The verdict and the warnings; null when there are none.
    pub decision: Option<Value>,
    /// The message to the client; null when none was made.
    pub message: Option<RunMessage>,
}

/// A message to the client, as the plugin shaped it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunMessage {
    /// The method; null for the endpoint's.
    pub method: Option<String>,
    /// The query, as pairs of name and value.
    pub query: Vec<Vec<String>>,
    /// The headers, as pairs of name and value.
    pub headers: Vec<Vec<String>>,
    /// The content type; null for the endpoint's.
    pub content_type: Option<String>,
    /// The body, if there is one.
    pub body: Option<String>,
}

/// A submission that was run again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Replay {
    /// The submission.
    pub submission_id: String,
    /// The campaign version it was run on now; null for the standard document of this host.
    pub campaign_version_id: Option<String>,
    /// Whether both are the same, to the byte.
    pub same: bool,
    /// Whether the same input must give the same result: a deadline depends on the machine.
    pub replayable: bool,
    /// What was recorded of its last run.
    pub recorded: RunResult,
    /// What became of it now.
    pub replayed: RunResult,
    /// Where they differ, `before` as recorded; the first 100.
    pub differences: Vec<Difference>,
}

/// A submission that was run on two versions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Compared {
    /// The submission.
    pub submission_id: String,
    /// Where the results differ, `before` on the version compared with; the first 100.
    pub differences: Vec<Difference>,
    /// Why it could not be run; null when it could.
    pub error: Option<String>,
}

impl Pipeline {
    /// Runs a submission again with the time, the run id and the tables of its last run: on the version it ran on, or on another, which reads
    /// the tables of now. The plugin sees as much of the client's URL as who asks.
    #[boxed]
    pub async fn replay(
        &self,
        row: &SubmissionRow,
        version_id: Option<&str>,
        urls: UrlView,
        holding: &Holding,
    ) -> Result<Replay, ApiError> {
        let _place = self.people_place(&row.organization_id).await;
        let mut permit = holding.part();
        let run = self.recorded_run(row).await.map_err(unavailable)?.ok_or_else(not_processed)?;
        let recorded = self.recorded_result(row, &run, &mut permit).await?;
        let names = match version_id {
            None => {
                let names = recorded_names(row).map_err(unavailable)?;
                self.check_tables(&names).await?;
                names
            }
            Some(_) => self.value_set_names(&row.organization_id).await.map_err(unavailable)?,
        };
        let version_id = version_id.or(row.campaign_version_id.as_deref());
        self.check_version(version_id).await?;
        let context = self.context_on(&row.campaign_key, version_id, urls).await.map_err(unavailable)?;
        let received = self.open_submission(row).await?;
        let mut replayed = self.rerun(&context, names, &received, &run.start(), &mut permit).await?;
        let compare = move || {
            replayed.take_over_lifecycle(&recorded);
            let differences = recorded.differences(&replayed);
            (recorded, replayed, differences)
        };
        let (recorded, replayed, differences) = self.large().work(permit.amount(), compare).await?;
        holding.keep(permit);
        Ok(Replay {
            submission_id: row.id.clone(),
            campaign_version_id: version_id.map(str::to_owned),
            same: differences.is_empty(),
            replayable: recorded.is_replayable() && replayed.is_replayable(),
            recorded,
            replayed,
            differences,
        })
    }

    /// Runs submissions on two versions of their campaign, both on the tables of now, each at the time of its last run. The plugins see as
    /// much of the client's URL as who asks.
    #[boxed]
    pub async fn compare(
        &self,
        campaign: &Campaign,
        (before_id, after_id): (Option<&str>, &str),
        rows: &[SubmissionRow],
        urls: UrlView,
        holding: &Holding,
    ) -> Result<Vec<Compared>, ApiError> {
        let _place = self.people_place(&campaign.organization_id).await;
        let mut permit = holding.part();
        let before = self.context_on(&campaign.key, before_id, urls).await.map_err(unavailable)?;
        let after = self.context_on(&campaign.key, Some(after_id), urls).await.map_err(unavailable)?;
        let names = self.value_set_names(&campaign.organization_id).await.map_err(unavailable)?;
        let mut compared = Vec::with_capacity(rows.len());
        for row in rows {
            let (differences, error) = match self.compare_one((&before, &after), &names, row, &mut permit).await {
                Ok(differences) => (differences, None),
                Err(error) if matches!(error.kind, Kind::Unavailable | Kind::Overload) => return Err(error),
                Err(error) if error.code == SHOWN_TOO_LARGE => return Err(error),
                Err(error) => (Vec::new(), Some(error.message)),
            };
            compared.push(Compared { submission_id: row.id.clone(), differences, error });
        }
        holding.keep(permit);
        Ok(compared)
    }

    async fn compare_one(
        &self,
        (before, after): (&CampaignContext, &CampaignContext),
        names: &Arc<Names>,
        row: &SubmissionRow,
        permit: &mut Permit,
    ) -> Result<Vec<Difference>, ApiError> {
        let of_others = permit.amount();
        let run = self.recorded_run(row).await.map_err(unavailable)?;
        let began = run.map_or_else(|| self.new_run(), |run| run.start());
        let received = self.open_submission(row).await?;
        let before = self.rerun(before, names.clone(), &received, &began, permit).await?;
        let after = self.rerun(after, names.clone(), &received, &began, permit).await?;
        let differences = self.large().work(permit.amount() - of_others, move || before.differences(&after)).await?;
        if differences.is_empty() {
            permit.shrink_to(of_others);
        }
        Ok(differences)
    }

    /// What a version makes of a submission: the row that production would write.
    async fn rerun(
        &self,
        context: &CampaignContext,
        names: Arc<Names>,
        received: &Received,
        began: &RunStart,
        permit: &mut Permit,
    ) -> Result<RunResult, ApiError> {
        let program = self.campaign_program(&context.campaign).await;
        let program = program.map_err(|why| why.into_error(Kind::Conflict, "campaign_version_unusable"))?;
        let version_id = context.campaign.active_version_id.as_deref();
        let lookups = self.lookups_in(names, &context.campaign, version_id).await.map_err(unavailable)?;
        let run = self.run_program(context, &program, lookups, slice::from_ref(received), began).await;
        let ran = run.map_err(unavailable)?;
        let own = ran.items.iter().find(|item| item.id == received.row.id);
        let row = own.and_then(|item| self.finish_item(context, item, ran.value_sets.as_deref(), began.at));
        let row = row.ok_or_else(|| {
            ApiError::new(Kind::Unavailable, "unavailable", "the host could not run this submission; try again")
        })?;
        let bytes = row_bytes(&row);
        take_to_show(permit, bytes.saturating_mul(COPIES), self.settings.limits.shown_bytes_max)?;
        self.large().work(bytes, move || RunResult::of_row(&row)).await
    }

    /// What was deleted at the end of its retention is not run, whoever has it in memory still.
    async fn check_version(&self, version_id: Option<&str>) -> Result<(), ApiError> {
        let Some(id) = version_id else { return Ok(()) };
        let found = self.people.campaign_version(id).await.map_err(unavailable)?;
        match found {
            Some(version) if version.deleted_at.is_some() => Err(version_gone(version.version)),
            _ => Ok(()),
        }
    }

    /// Nor are tables read.
    async fn check_tables(&self, names: &Names) -> Result<(), ApiError> {
        for (name, digest) in names {
            if self.people.is_table_deleted(digest).await.map_err(unavailable)? {
                return Err(table_gone(name));
            }
        }
        Ok(())
    }

    /// A campaign as it is, but on a version, without webhooks and action, for nobody is told or asked about what is only looked at, and without a
    /// lifecycle: who came before and who got a slot is not found out again.
    pub(crate) async fn context_on(
        &self,
        campaign_key: &str,
        version_id: Option<&str>,
        urls: UrlView,
    ) -> Result<CampaignContext, StoreError> {
        let current = self.campaign_context(campaign_key).await?;
        let campaign = Campaign { active_version_id: version_id.map(str::to_owned), ..current.campaign.clone() };
        let (organization, mut client) = (current.organization.clone(), current.client.clone());
        if let Some(client) = &mut client {
            client.settings.url = urls.show(&client.settings.url);
            // Nobody is asked for what is only looked at.
            client.settings.ping = None;
        }
        let lifecycle = LocalLifecycle::always_open();
        let (action, webhooks, compared) = (None, Vec::new(), Vec::new());
        Ok(CampaignContext { organization, campaign, client, action, webhooks, lifecycle, compared })
    }

    /// A submission with its element.
    async fn open_submission(&self, row: &SubmissionRow) -> Result<Received, ApiError> {
        let work = self.people.submission_work(&row.organization_id, &row.id).await.map_err(unavailable)?;
        let bid = work.as_ref().and_then(|work| bid_taken_up(work.kept.as_deref(), &work.campaign_key));
        // Where it stands now is not where its run began, unless it was made of another one's lead.
        let work = work.map(|work| SubmissionWork { kept: kept_at_birth(work.kept.as_deref()), ..work });
        let opened = self.open_elements(&row.organization_id, work.into_iter().collect()).await;
        let received = opened.map_err(unavailable)?.pop().map(|item| item.work);
        let received = received.ok_or_else(|| ApiError::not_found("submission", &row.id))?;
        match &received.body {
            Ok(_) => Ok(Received { bid, ..received }),
            Err(why) => Err(ApiError::new(Kind::Gone, "request_gone", format!("it can't be run again: {why}"))),
        }
    }

    async fn recorded_run(&self, row: &SubmissionRow) -> Result<Option<RunRow>, StoreError> {
        self.people.last_run(&row.organization_id, &row.id, row.parent_id.as_deref()).await
    }

    async fn recorded_result(
        &self,
        row: &SubmissionRow,
        run: &RunRow,
        permit: &mut Permit,
    ) -> Result<RunResult, ApiError> {
        let detail = json_of(run.detail.as_deref());
        let delivery_id = detail.as_ref().and_then(|detail| detail["delivery_id"].as_str());
        let message = match delivery_id {
            Some(id) => self.people.delivery_message(&row.organization_id, id).await.map_err(unavailable)?,
            None => None,
        };
        let texts = [row.lead.as_deref(), row.decision.as_deref(), run.detail.as_deref()];
        let bytes = texts_bytes(texts).saturating_add(message.as_ref().map_or(0, message_bytes));
        take_to_show(permit, bytes.saturating_mul(COPIES), self.settings.limits.shown_bytes_max)?;
        let (row, run) = (row.clone(), run.clone());
        let result = move || RunResult {
            state: run.state,
            cause: run.cause,
            lead_id: row.lead_id,
            lead: json_of(row.lead.as_deref()),
            is_test: row.is_test,
            decision: json_of(row.decision.as_deref()),
            message: message.as_ref().map(RunMessage::of),
            detail: detail.filter(|detail| detail.get("delivery_id").is_none()),
        };
        self.large().work(bytes, result).await
    }
}

impl RunResult {
    fn of_row(row: &Processed) -> Self {
        let detail = json_of(row.detail.as_deref());
        Self {
            state: row.change.to().as_str().to_owned(),
            cause: row.cause.to_owned(),
            detail: detail.filter(|_| row.change.to() != State::Delivering),
            lead_id: row.lead.as_ref().map(|lead| lead.lead_id.clone()),
            lead: row.lead.as_ref().and_then(|lead| json_of(Some(&lead.lead))),
            is_test: row.lead.as_ref().is_some_and(|lead| lead.is_test),
            decision: json_of(row.decision.as_deref()),
            message: row.delivery.as_ref().and_then(|delivery| delivery.message.as_ref()).map(RunMessage::of),
        }
    }

    fn differences(&self, after: &Self) -> Vec<Difference> {
        let [before, after] = [self, after].map(|result| serde_json::to_value(result).unwrap_or_default());
        differences(&before, &after)
    }

    /// What a deadline decided depends on the machine, and a lead that was merged on the one that came before.
    fn is_replayable(&self) -> bool {
        let is_merged = self.warnings().any(|warning| warning["code"] == DUPLICATE_MERGED);
        !is_merged && self.detail.as_ref().is_none_or(|detail| detail["replayable"] != Value::Bool(false))
    }

    /// Takes over what was not the plugin's to decide and is not found out again: who came before, and for whom there was a slot.
    fn take_over_lifecycle(&mut self, recorded: &Self) {
        let passed = ["shaped", "stored", "no_client_endpoint"].contains(&self.cause.as_str());
        if passed && LIFECYCLE_CAUSES.contains(&recorded.cause.as_str()) {
            (self.state, self.cause) = (recorded.state.clone(), recorded.cause.clone());
            (self.detail, self.message) = (recorded.detail.clone(), recorded.message.clone());
        }
        if passed && recorded.cause == PING_WON {
            recorded.cause.clone_into(&mut self.cause);
        }
        let marks: Vec<Value> = recorded.warnings().filter(|warning| warning["code"] == DUPLICATE).cloned().collect();
        if marks.is_empty() {
            return;
        }
        let decision =
            self.decision.get_or_insert_with(|| json!({ "qualified": true, "failed_rules": [], "warnings": [] }));
        if let Some(warnings) = decision["warnings"].as_array_mut() {
            warnings.extend(marks);
        }
    }

    fn warnings(&self) -> impl Iterator<Item = &Value> {
        self.decision.iter().filter_map(|decision| decision["warnings"].as_array()).flatten()
    }
}

impl RunMessage {
    fn of(message: &Message) -> Self {
        let pairs =
            |list: &[(String, String)]| list.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        Self {
            method: message.head.method.clone(),
            query: pairs(&message.head.query),
            headers: pairs(&message.head.headers),
            content_type: message.head.content_type.clone(),
            body: message.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned()),
        }
    }
}

/// How many bytes of memory the result takes at most that a row becomes.
fn row_bytes(row: &Processed) -> usize {
    let lead = row.lead.as_ref().map(|lead| lead.lead.as_slice());
    let message = row.delivery.as_ref().and_then(|delivery| delivery.message.as_ref());
    texts_bytes([lead, row.decision.as_deref(), row.detail.as_deref()]).saturating_add(message.map_or(0, message_bytes))
}

fn texts_bytes(texts: [Option<&[u8]>; 3]) -> usize {
    texts.into_iter().flatten().map(|text| tree_bytes(&String::from_utf8_lossy(text))).sum()
}

fn message_bytes(message: &Message) -> usize {
    message.body.as_ref().map_or(0, Vec::len)
}

fn json_of(bytes: Option<&[u8]>) -> Option<Value> {
    bytes.map(|bytes| raw(&String::from_utf8_lossy(bytes)))
}

/// What the names of value sets meant when it ran.
fn recorded_names(row: &SubmissionRow) -> Result<Arc<Names>, StoreError> {
    let names = row.value_sets.as_deref().map(serde_json::from_slice).transpose();
    Ok(Arc::new(names.map_err(|error| StoreError::corrupt("submissions", &row.id, error))?.unwrap_or_default()))
}

fn kept_at_birth(kept: Option<&[u8]>) -> Option<Vec<u8>> {
    let kept = Kept::from_bytes(kept?).ok()?;
    Kept::reprocessed(Some(&kept)).map(|kept| kept.to_bytes())
}

/// What its own client has bid, whether it counts still or not.
fn bid_taken_up(kept: Option<&[u8]>, campaign_key: &str) -> Option<StandingBid> {
    let kept = Kept::from_bytes(kept?).ok()?;
    kept.bids.into_iter().find(|bid| bid.campaign_key == campaign_key)
}

fn not_processed() -> ApiError {
    let message = "this submission has not been processed yet; there is nothing to replay";
    ApiError::new(Kind::Conflict, "not_processed", message)
}
