//! `hookmill bulk reprocess | repost | withdraw | list | show | cancel`.

mod progress;

use super::api::{Api, ApiArgs, check_id, check_submission_id, read_json};
use super::list::{PageArgs, more, query, rows, text};
use super::table::Table;
use crate::output::say_json;
use clap::{Args, Subcommand};
use http::Method;
use progress::{Progress, format_counts};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 6] =
    [("id", 40), ("created", 24), ("operation", 10), ("state", 10), ("progress", 60), ("filter", 80)];
/// How often a job is asked for that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const PATH: &str = "/v1/bulk-jobs";

#[derive(Debug, Subcommand)]
pub(super) enum BulkCommand {
    /// Run quarantined submissions again, on what their campaigns run now.
    Reprocess(Start),
    /// Post submissions that have ended again: each becomes a new one, which is not qualified again.
    Repost(Repost),
    /// Cancel submissions that wait.
    Withdraw(Start),
    /// List bulk jobs, the newest first.
    List(List),
    /// Show a bulk job with its progress.
    Show(One),
    /// Cancel a bulk job; what was done stays.
    Cancel(One),
}

#[derive(Debug, Args)]
pub(super) struct Start {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    filter: Filter,
    /// Only count the submissions; nothing is done.
    #[arg(long)]
    count_only: bool,
    /// Wait until the job is over, and show its progress.
    #[arg(long, conflicts_with = "count_only")]
    wait: bool,
}

// Not a doc comment, which would be the help of the commands.
#[derive(Debug, Args)]
struct Filter {
    /// Only those of this campaign.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// Only those in this state; can be repeated.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<String>,
    /// Only those whose last transition has this cause, such as retries_exhausted.
    #[arg(long)]
    cause: Option<String>,
    /// Only those whose last transition has this in its reason or message.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only those received at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    received_from: Option<String>,
    /// Only those received before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    received_until: Option<String>,
    /// Only those with this id; can be repeated.
    #[arg(long = "id", value_name = "SUBMISSION_ID")]
    ids: Vec<String>,
    /// All of them; needed where nothing else is said.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Repost {
    #[command(flatten)]
    start: Start,
    /// Deliver leads again that were delivered.
    #[arg(long)]
    include_delivered: bool,
    /// A file with the edited lead of one submission (--id), as JSON: it is qualified again. It is posted at once.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["count_only", "wait", "campaign", "states", "cause", "reason", "received_from", "received_until", "all"])]
    lead: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the bulk job.
    #[arg(value_parser = check_id)]
    id: String,
}

impl BulkCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::Reprocess(start) => start.run("reprocess", false).await,
            Self::Repost(repost) => repost.run().await,
            Self::Withdraw(start) => start.run("withdraw", false).await,
            Self::List(list) => list.run().await.map(|()| ExitCode::SUCCESS),
            Self::Show(one) => one.show().await.map(|()| ExitCode::SUCCESS),
            Self::Cancel(one) => one.cancel().await.map(|()| ExitCode::SUCCESS),
        }
    }
}

impl Filter {
    fn to_json(&self) -> Value {
        let mut filter = Map::new();
        let texts = [
            ("campaign_id", &self.campaign),
            ("cause", &self.cause),
            ("reason", &self.reason),
            ("received_from", &self.received_from),
            ("received_until", &self.received_until),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                filter.insert(name.into(), value.as_str().into());
            }
        }
        for (name, list) in [("states", &self.states), ("ids", &self.ids)] {
            if !list.is_empty() {
                filter.insert(name.into(), json!(list));
            }
        }
        filter.into()
    }
}

impl Start {
    fn body(&self, operation: &str, include_delivered: bool) -> Value {
        let mut body = json!({ "operation": operation, "filter": self.filter.to_json() });
        for (name, is_set) in [("all", self.filter.all), ("include_delivered", include_delivered)] {
            if is_set {
                body[name] = true.into();
            }
        }
        body
    }

    async fn run(&self, operation: &str, include_delivered: bool) -> Result<ExitCode, String> {
        let (api, body) = (self.api.connect()?, self.body(operation, include_delivered));
        if self.count_only {
            let count = api.call_json(Method::POST, PATH, &[("count_only", "true")], Some(&body)).await?;
            let about = if count["is_total_estimated"] == true { "about " } else { "" };
            let say_count = |count: &Value| format!("{about}{} submissions\n", count["total"]);
            return self.api.print(&count, say_count).map(|()| ExitCode::SUCCESS);
        }
        let job = api.call_json(Method::POST, PATH, &[], Some(&body)).await?;
        if self.wait {
            return self.wait_for(&api, job).await;
        }
        let say_job = |job: &Value| format!("{}\n{}\n", text(&job["id"]), format_counts(job));
        self.api.print(&job, say_job).map(|()| ExitCode::SUCCESS)
    }

    /// Shows the progress until the job is over. One that did not complete is a failure of the command.
    async fn wait_for(&self, api: &Api, mut job: Value) -> Result<ExitCode, String> {
        let path = format!("{PATH}/{}", job["id"].as_str().unwrap_or_default());
        let mut progress = Progress::new();
        progress.show(&job);
        while job["ended_at"].is_null() {
            tokio::time::sleep(LOOK_EVERY).await;
            job = api.call_json(Method::GET, &path, &[], None).await?;
            progress.show(&job);
        }
        progress.end();
        self.api.print(&job, |job| format_result(job) + "\n")?;
        Ok(if job["state"] == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Repost {
    async fn run(&self) -> Result<ExitCode, String> {
        let Some(path) = &self.lead else { return self.start.run("repost", self.include_delivered).await };
        let [id] = self.start.filter.ids.as_slice() else {
            return Err("--lead is the lead of one submission; name it with --id".into());
        };
        check_submission_id(id)?;
        let lead = read_json(path)?;
        let body = json!({ "lead": lead, "include_delivered": self.include_delivered });
        let call = self.start.api.connect()?;
        let done = call.call_json(Method::POST, &format!("/v1/submissions/{id}/repost"), &[], Some(&body)).await?;
        self.start.api.print(&done, |done| text(&done["submission_id"]) + "\n").map(|()| ExitCode::SUCCESS)
    }
}

/// What a job came to, in a line.
fn format_result(job: &Value) -> String {
    let error = job["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{} {}, {}{error}", text(&job["id"]), text(&job["state"]), format_counts(job))
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let query = query(self.page.filters());
        let page = self.api.connect()?.call_json(Method::GET, PATH, &query, None).await?;
        self.api.print(&page, as_table)
    }
}

/// The table for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for job in rows(&page["items"]) {
        let cells = ["id", "created_at", "operation", "state"].map(|name| text(&job[name]));
        table.row(cells.into_iter().chain([format_counts(job), format_filter(&job["filter"])]));
    }
    format!("{}{}", table.lines(""), more("--before", &page["next"]))
}

/// What a filter says, in a line.
fn format_filter(filter: &Value) -> String {
    let mut parts = Vec::new();
    for name in ["campaign_id", "cause", "reason", "received_from", "received_until"] {
        if let Some(text) = filter[name].as_str() {
            parts.push(format!("{name} {text}"));
        }
    }
    parts.push(rows(&filter["states"]).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    if filter["id_count"].as_i64().is_some_and(|count| 0 < count) {
        parts.push(format!("{} ids", filter["id_count"]));
    }
    parts.join(", ")
}

impl One {
    fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }

    async fn show(&self) -> Result<(), String> {
        // It is an object with lists in it: JSON is what people read best, too.
        say_json(&self.api.connect()?.call_json(Method::GET, &self.path(), &[], None).await?)
    }

    async fn cancel(&self) -> Result<(), String> {
        let job = self.api.connect()?.call_json(Method::DELETE, &self.path(), &[], None).await?;
        self.api.print(&job, |job| format_result(job) + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(subcommand)]
        command: BulkCommand,
    }

    fn parse(words: &[&str]) -> Result<BulkCommand, clap::Error> {
        let words = ["x"].into_iter().chain(words.iter().copied()).chain(["--api-key", "hmk_x"]);
        Words::try_parse_from(words).map(|words| words.command)
    }

    #[test]
    fn l9_what_is_said_of_a_filter_is_its_json() {
        let words = [
            "reprocess",
            "--campaign",
            "A",
            "--state",
            "quarantined",
            "--id",
            "r-0",
            "--id",
            "r-1.2",
            "--cause",
            "map_failed",
        ];
        let Ok(BulkCommand::Reprocess(start)) = parse(&words) else { panic!("it is not understood") };
        let expected = json!({"operation": "reprocess", "filter": {
            "campaign_id": "A", "cause": "map_failed", "states": ["quarantined"], "ids": ["r-0", "r-1.2"],
        }});
        assert_eq!(start.body("reprocess", false), expected);
        let Ok(BulkCommand::Repost(repost)) = parse(&["repost", "--all", "--include-delivered"]) else {
            panic!("it is not understood")
        };
        let expected = json!({"operation": "repost", "filter": {}, "all": true, "include_delivered": true});
        assert_eq!(repost.start.body("repost", repost.include_delivered), expected);
        for wrong in [
            &["reprocess", "--all", "--wait", "--count-only"][..],
            &["repost", "--lead", "x.json", "--campaign", "A"],
            &["show", "../me"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn l9_a_list_is_a_table_with_progress() {
        let page = json!({
            "items": [{
                "id": "bulk_1", "created_at": "T", "operation": "repost", "state": "running", "total": 10, "is_total_estimated": false,
                "done": 4, "skipped": 1, "failed": 0,
                "filter": {"campaign_id": "A", "states": ["failed", "rejected"], "cause": null, "id_count": 0},
            }],
            "next": "bulk_1",
        });
        let expected = "id      created  operation  state    progress                          filter\n\
            bulk_1  T        repost     running  5 of 10 (4 done, 1 skipped)       campaign_id A, failed rejected\n\
            more: --before bulk_1\n";
        let shown = as_table(&page);
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&shown), squeeze(expected));
    }
}
