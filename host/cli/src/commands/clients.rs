//! `hookmill clients list | show | create | rename | delete`.

use super::api::{ApiArgs, check_id};
use super::list::{NextPageArgs, more, query, rows, text};
use super::table::{Table, truncate};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 3] = [("id", 40), ("name", 60), ("created", 24)];
/// The columns of a client's campaigns.
const CAMPAIGN_COLUMNS: [(&str, usize); 3] = [("campaign", 24), ("name", 60), ("state", 10)];

#[derive(Debug, Subcommand)]
pub(super) enum ClientsCommand {
    /// List the organization's clients, the oldest first.
    List(List),
    /// Show one of them with the campaigns that run for it.
    Show(One),
    /// Create a client.
    Create(Create),
    /// Give one of them another name.
    Rename(Rename),
    /// Delete one of them for whom no campaign runs.
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    page: NextPageArgs,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the client.
    #[arg(value_parser = check_id)]
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    api: ApiArgs,
    /// Its name.
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Rename {
    #[command(flatten)]
    one: One,
    /// Its new name.
    name: String,
}

impl ClientsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Create(create) => create.run().await,
            Self::Rename(rename) => rename.run().await,
            Self::Delete(one) => one.delete().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let filters = self.page.filters();
        let query = query(filters);
        let page = self.api.connect()?.call_json(Method::GET, "/v1/clients", &query, None).await?;
        self.api.print(&page, as_table)
    }
}

impl One {
    fn path(&self) -> String {
        format!("/v1/clients/{}", self.id)
    }

    async fn show(&self) -> Result<(), String> {
        let client = self.api.connect()?.call_json(Method::GET, &self.path(), &[], None).await?;
        self.api.print(&client, as_page)
    }

    async fn delete(&self) -> Result<(), String> {
        self.api.connect()?.call(Method::DELETE, &self.path(), &[], None).await?;
        self.api.print(&json!({ "id": self.id }), |_| format!("deleted {}\n", self.id))
    }
}

impl Create {
    async fn run(&self) -> Result<(), String> {
        let new = json!({ "name": self.name });
        let made = self.api.connect()?.call_json(Method::POST, "/v1/clients", &[], Some(&new)).await?;
        self.api.print(&made, |made| format!("created {}\n", text(&made["id"])))
    }
}

impl Rename {
    async fn run(&self) -> Result<(), String> {
        let (api, changes) = (&self.one.api, json!({ "name": self.name }));
        let renamed = api.connect()?.call_json(Method::PATCH, &self.one.path(), &[], Some(&changes)).await?;
        api.print(&renamed, |renamed| format!("renamed {}\n", text(&renamed["id"])))
    }
}

/// The list for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        table.row([&row["id"], &row["name"], &row["created_at"]].map(text));
    }
    format!("{}{}", table.lines(""), more("--after", &page["next"]))
}

/// A client for people.
fn as_page(client: &Value) -> String {
    let mut table = Table::new(&CAMPAIGN_COLUMNS);
    for row in rows(&client["campaigns"]) {
        table.row([&row["id"], &row["name"], &row["state"]].map(text));
    }
    let head = format!("{}  {}\n", text(&client["id"]), truncate(&text(&client["name"]), 255));
    let campaigns = if table.is_empty() { "no campaigns run for it\n".to_owned() } else { table.lines("") };
    let more = if client["next"].is_null() { "" } else { "and more\n" };
    format!("{head}{campaigns}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o2_a_client_is_shown_with_its_campaigns() {
        let mut client = json!({"id": "cli_1", "name": "Sunny", "campaigns": [], "next": null});
        assert_eq!(as_page(&client), "cli_1  Sunny\nno campaigns run for it\n");
        client["campaigns"] = json!([{"id": "SOLAR", "name": "Solar", "state": "active"}]);
        client["next"] = json!("SOLAR");
        assert_eq!(as_page(&client), "cli_1  Sunny\ncampaign  name   state\nSOLAR     Solar  active\nand more\n");
        let page = json!({"items": [{"id": "cli_1", "name": "a\nb", "created_at": "T"}], "next": "cli_1"});
        assert_eq!(as_table(&page), "id     name  created\ncli_1  a\\nb  T\nmore: --after cli_1\n");
    }
}
