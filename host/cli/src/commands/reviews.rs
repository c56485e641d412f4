//! `hookmill reviews list | approve | reject`.

use super::api::{ApiArgs, check_submission_id, read_json};
use super::list::{more, query, rows, text};
use super::table::Table;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 6] =
    [("submission", 48), ("priority", 8), ("campaign", 16), ("waiting since", 24), ("lead", 40), ("reason", 60)];

#[derive(Debug, Subcommand)]
pub(super) enum ReviewsCommand {
    /// List the submissions that wait for a person to decide: by priority, and the oldest of each first.
    List(List),
    /// Approve one of them: it goes on.
    Approve(Approve),
    /// Reject one of them: it is disqualified.
    Reject(Decide),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    /// Only those of this campaign.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// Where the list goes on: the `next` of the page before.
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
    /// How many rows, 1 to 200 [default: 50].
    #[arg(long)]
    limit: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Decide {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the submission.
    #[arg(value_parser = check_submission_id)]
    id: String,
    /// Why, for the timeline and for whoever is told of a rejection, which needs one.
    #[arg(long)]
    reason: Option<String>,
    /// Decide although a webhook is still asked.
    #[arg(long = "override")]
    overrides: bool,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    #[command(flatten)]
    decide: Decide,
    /// A file with what is added to the lead, a JSON object.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

impl ReviewsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::List(list) => list.run().await,
            Self::Approve(approve) => approve.run().await,
            Self::Reject(decide) => decide.send("reject", None).await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let filters = [("campaign", &self.campaign), ("after", &self.after), ("limit", &self.limit)];
        let query = query(filters);
        let page = self.api.connect()?.call_json(Method::GET, "/v1/reviews", &query, None).await?;
        self.api.print(&page, as_table)
    }
}

impl Approve {
    async fn run(&self) -> Result<(), String> {
        let data = self.data.as_deref().map(read_json).transpose()?;
        self.decide.send("approve", data).await
    }
}

impl Decide {
    async fn send(&self, decision: &str, data: Option<Value>) -> Result<(), String> {
        let path = format!("/v1/submissions/{}/review", self.id);
        let review = json!({ "decision": decision, "reason": self.reason, "data": data, "override": self.overrides });
        let done = self.api.connect()?.call_json(Method::POST, &path, &[], Some(&review)).await?;
        let done_text = format!("{} {}\n", if decision == "approve" { "approved" } else { "rejected" }, self.id);
        self.api.print(&done, |_| done_text)
    }
}

/// The list for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        let cells = [&row["submission_id"], &row["priority"], &row["campaign_id"], &row["waiting_since"]].map(text);
        table.row(cells.into_iter().chain([name_lead(&row["lead"]), text(&row["reason"])]));
    }
    format!("{}{}", table.lines(""), more("--after", &page["next"]))
}

/// A lead in a few words: who it is, and how to reach them.
fn name_lead(lead: &Value) -> String {
    let known = ["first_name", "last_name", "email", "phone"].map(|name| lead[name].as_str().unwrap_or_default());
    known.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_reviews_are_a_table() {
        let page = json!({
            "items": [
                {"submission_id": "req_2-0", "priority": "high", "campaign_id": "SOLAR", "waiting_since": "T", "lead": {"first_name": "Ann", "phone": "+1"}, "reason": null},
                {"submission_id": "req_1-0.1", "priority": "low", "campaign_id": "R", "waiting_since": "S", "lead": null, "reason": "timed\nout"},
            ],
            "next": "low.req_1-0.1",
        });
        let expected = "submission  priority  campaign  waiting since  lead    reason\n\
            req_2-0     high      SOLAR     T              Ann +1\n\
            req_1-0.1   low       R         S                      timed\\nout\n\
            more: --after low.req_1-0.1\n";
        assert_eq!(as_table(&page), expected);
    }

    #[test]
    fn l4_a_submission_that_was_made_of_another_one_has_an_id() {
        assert_eq!(check_submission_id("req_01kx-0.1").as_deref(), Ok("req_01kx-0.1"));
        for wrong in ["a/b", "..", "req_1-0.", ""] {
            assert!(check_submission_id(wrong).is_err(), "{wrong}");
        }
    }
}
