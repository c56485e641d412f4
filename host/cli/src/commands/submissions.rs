//! `hookmill submissions list | show`.

use super::api::{ApiArgs, check_submission_id};
use super::list::{PageArgs, more, query, rows, searched, text};
use super::table::{Table, escape, truncate};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 6] =
    [("id", 44), ("campaign", 16), ("received", 24), ("state", 14), ("cause", 24), ("lead", 40)];
/// The columns of a timeline.
const TIMELINE_COLUMNS: [(&str, usize); 4] = [("at", 24), ("state", 14), ("cause", 24), ("detail", 100)];
/// How wide a value of a page may be.
const VALUE_WIDTH_MAX: usize = 400;

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it, and it is taken apart at once")]
pub(super) enum SubmissionsCommand {
    /// List submissions, the newest first.
    List(List),
    /// Show one of them: in one sentence why it is in its state, then its lead and its timeline.
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    /// Only those of this campaign, or of one of these with commas between them.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// Only those in this state, or in one of these with commas between them.
    #[arg(long)]
    state: Option<String>,
    /// Only those whose last transition has this cause, such as `rules` or `client_rejected`.
    #[arg(long)]
    cause: Option<String>,
    /// Only those of which a rule failed that is called so: by its place, its field, or a part of its reason.
    #[arg(long)]
    rule: Option<String>,
    /// Only those received at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those received before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only those of this lead.
    #[arg(long, value_name = "LEAD_ID")]
    lead: Option<String>,
    /// Only those with this text in their mapped lead.
    #[arg(long)]
    text: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the submission.
    #[arg(value_parser = check_submission_id)]
    id: String,
}

impl SubmissionsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let filters = [
            ("campaign", &self.campaign),
            ("state", &self.state),
            ("cause", &self.cause),
            ("rule", &self.rule),
            ("since", &self.since),
            ("until", &self.until),
            ("lead", &self.lead),
            ("q", &self.text),
        ];
        let query = query(filters.into_iter().chain(self.page.filters()));
        let page = self.api.connect()?.call_json(Method::GET, "/v1/submissions", &query, None).await?;
        self.api.print(&page, as_table)
    }
}

impl Show {
    async fn run(&self) -> Result<(), String> {
        let path = format!("/v1/submissions/{}", self.id);
        let page = self.api.connect()?.call_json(Method::GET, &path, &[], None).await?;
        self.api.print(&page, as_page)
    }
}

/// The list for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        table.row(
            [&row["id"], &row["campaign_id"], &row["received_at"], &row["state"], &row["cause"], &row["lead_id"]]
                .map(text),
        );
    }
    let list = if table.is_empty() { "no submissions\n".to_owned() } else { table.lines("") };
    format!("{list}{}{}", searched(page), more("--before", &page["next"]))
}

/// A submission for people: the sentence first.
fn as_page(page: &Value) -> String {
    let why = &page["why"];
    let sentence: String = text(&why["sentence"]).chars().map(escape).collect();
    let mut parts = String::new();
    for name in ["stage", "field", "rule", "expected", "actual", "response"] {
        parts += &line(name, why.get(name));
    }
    let mut about = String::new();
    for name in ["id", "campaign_id", "state", "cause", "received_at", "lead_id", "parent_id", "lead"] {
        about += &line(name, page.get(name));
    }
    let mut timeline = Table::new(&TIMELINE_COLUMNS);
    for row in rows(&page["timeline"]) {
        let detail = if row["detail"].is_null() { String::new() } else { row["detail"].to_string() };
        timeline.row([text(&row["at"]), text(&row["state"]), text(&row["cause"]), detail]);
    }
    format!("{sentence}\n\n{parts}{about}\n{}", timeline.lines(""))
}

/// A value in a line of its own; nothing where there is none.
fn line(name: &str, value: Option<&Value>) -> String {
    let shown = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    format!("{name:<12} {}\n", truncate(&shown, VALUE_WIDTH_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn o4_the_sentence_comes_first() {
        let page = json!({
            "id": "req_1-0", "campaign_id": "A", "state": "disqualified", "cause": "rules", "lead_id": null, "lead": {"email": "a@x.example"},
            "why": {"sentence": "It is \u{1b}so.", "stage": "qualify", "field": "bill", "rule": "qualify[0]", "expected": 50, "response": null},
            "timeline": [{"at": "T", "state": "received", "cause": "ingested", "detail": null}, {"at": "U", "state": "disqualified", "cause": "rules", "detail": {"a": 1}}],
        });
        let expected = "It is \\u{1b}so.\n\n\
            stage        qualify\nfield        bill\nrule         qualify[0]\nexpected     50\n\
            id           req_1-0\ncampaign_id  A\nstate        disqualified\ncause        rules\nlead         {\"email\":\"a@x.example\"}\n\n\
            at  state         cause     detail\nT   received      ingested\nU   disqualified  rules     {\"a\":1}\n";
        assert_eq!(as_page(&page), expected);
    }

    #[test]
    fn o4_a_list_says_how_far_it_was_searched() {
        let row = json!({"id": "req_1-0", "campaign_id": "A", "received_at": "T", "state": "queued", "cause": "cap_reached", "lead_id": "lead_1"});
        let page = json!({"items": [row], "next": "req_1-0", "searched_until": "S"});
        let expected = "id       campaign  received  state   cause        lead\nreq_1-0  A         T         queued  cap_reached  lead_1\n\
            searched back to S\nmore: --before req_1-0\n";
        assert_eq!(as_table(&page), expected);
        assert_eq!(as_table(&json!({"items": [], "next": null})), "no submissions\n");
    }
}
