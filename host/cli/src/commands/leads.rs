//! `hookmill leads find | show`.

use super::api::{ApiArgs, check_id};
use super::list::{PageArgs, more, query, rows, searched, text};
use super::table::Table;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 7] =
    [("id", 40), ("name", 30), ("email", 40), ("phone", 20), ("status", 14), ("submissions", 11), ("tags", 40)];
/// The columns of a lead's submissions.
const SUBMISSION_COLUMNS: [(&str, usize); 5] =
    [("submission", 44), ("campaign", 16), ("state", 14), ("cause", 24), ("received", 24)];

#[derive(Debug, Subcommand)]
pub(super) enum LeadsCommand {
    /// Find persons by e-mail address, phone number, campaign or tag; without any of them, those with the newest submissions.
    Find(Find),
    /// Show one of them with a page of their submissions across campaigns.
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Find {
    #[command(flatten)]
    api: ApiArgs,
    /// The person with this e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// The person with this phone number, as their lead has it.
    #[arg(long)]
    phone: Option<String>,
    /// Those with a submission in this campaign, or in one of these with commas between them.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// Those who came with this tag.
    #[arg(long)]
    tag: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the lead.
    #[arg(value_parser = check_id)]
    id: String,
    #[command(flatten)]
    page: PageArgs,
}

impl LeadsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::Find(find) => find.run().await,
            Self::Show(show) => show.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl Find {
    async fn run(&self) -> Result<(), String> {
        let filters =
            [("email", &self.email), ("phone", &self.phone), ("campaign", &self.campaign), ("tag", &self.tag)];
        let filters = filters.into_iter().chain(self.page.filters());
        let query = query(filters);
        let page = self.api.connect()?.call_json(Method::GET, "/v1/leads", &query, None).await?;
        self.api.print(&page, as_table)
    }
}

impl Show {
    async fn run(&self) -> Result<(), String> {
        let query = query(self.page.filters());
        let path = format!("/v1/leads/{}", self.id);
        let lead = self.api.connect()?.call_json(Method::GET, &path, &query, None).await?;
        self.api.print(&lead, as_page)
    }
}

fn row(lead: &Value) -> [String; 7] {
    let who = &lead["identity"];
    let name = format!("{} {}", text(&who["first_name"]), text(&who["last_name"])).trim().to_owned();
    let tags = rows(&lead["tags"]).iter().map(text).collect::<Vec<_>>().join(", ");
    let count = lead["submission_count"].as_i64().map(|count| count.to_string()).unwrap_or_default();
    [text(&lead["id"]), name, text(&who["email"]), text(&who["phone"]), text(&lead["status"]), count, tags]
}

/// The list for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    rows(&page["items"]).iter().for_each(|lead| table.row(row(lead)));
    let list = if table.is_empty() { "no leads\n".to_owned() } else { table.lines("") };
    format!("{list}{}{}", searched(page), more("--before", &page["next"]))
}

/// A lead for people.
fn as_page(lead: &Value) -> String {
    let mut head = Table::new(&COLUMNS);
    head.row(row(lead));
    let mut table = Table::new(&SUBMISSION_COLUMNS);
    for one in rows(&lead["submissions"]["items"]) {
        table.row([&one["id"], &one["campaign_id"], &one["state"], &one["cause"], &one["received_at"]].map(text));
    }
    format!("{}\n{}{}", head.lines(""), table.lines(""), more("--before", &lead["submissions"]["next"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn o4_a_lead_is_shown_with_its_submissions() {
        let mut lead = json!({
            "id": "lead_1", "status": "delivered", "submission_count": 2, "tags": ["new", "vip"],
            "identity": {"first_name": "Ann", "last_name": null, "email": "a@x.example", "phone": null},
        });
        let page = json!({"items": [lead], "next": "req_1-0", "searched_until": "T"});
        let expected = "id      name  email        phone  status     submissions  tags\n\
            lead_1  Ann   a@x.example         delivered  2            new, vip\n\
            searched back to T\nmore: --before req_1-0\n";
        assert_eq!(as_table(&page), expected);
        assert_eq!(as_table(&json!({"items": [], "next": null})), "no leads\n");
        let one =
            json!({"id": "req_1-0", "campaign_id": "A", "state": "delivered", "cause": "stored", "received_at": "T"});
        lead["submissions"] = json!({"items": [one], "next": null});
        let shown = as_page(&lead);
        assert!(
            shown.ends_with(
                "submission  campaign  state      cause   received\nreq_1-0     A         delivered  stored  T\n"
            ),
            "{shown}"
        );
    }
}
