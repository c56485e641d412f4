//! `hookmill inbound list | show | create | set | revoke | senders`.

use super::api::{ApiArgs, check_id};
use super::list::{NextPageArgs, more, query, rows, text};
use super::table::Table;
use clap::{Args, Subcommand};
use hookmill_pipeline::{SENDER_DOCUMENTS, STANDARD_DOCUMENT, sender_document};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 5] = [("id", 40), ("name", 40), ("tag", 20), ("source", 20), ("url", 120)];

#[derive(Debug, Subcommand)]
pub(super) enum InboundCommand {
    /// List a campaign's inbound webhooks, the oldest first.
    List(List),
    /// Print one of them as JSON.
    Show(One),
    /// Create one, and print its address: whoever has it may post leads.
    Create(Create),
    /// Set everything about one but its address, from a JSON file.
    Set(Set),
    /// Revoke one: its address is unknown from then on.
    Revoke(One),
    /// List the senders that a campaign can start from (`create --from`), or print the document of one.
    Senders(Senders),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the campaign.
    #[arg(value_parser = check_id)]
    campaign: String,
    #[command(flatten)]
    page: NextPageArgs,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the inbound webhook.
    #[arg(value_parser = check_id)]
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the campaign.
    #[arg(value_parser = check_id)]
    campaign: String,
    /// Its name [default: Inbound via API].
    #[arg(long)]
    name: Option<String>,
    /// The tag of the leads that come through it.
    #[arg(long)]
    tag: Option<String>,
    /// The label of their source.
    #[arg(long)]
    source: Option<String>,
    /// Have the campaign run the ready document of this sender. A document of its own is not replaced.
    #[arg(long, value_name = "SENDER", value_parser = check_sender)]
    from: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    one: One,
    /// The file with the settings, as the API takes them.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Senders {
    /// The sender whose document is printed.
    #[arg(value_parser = check_sender)]
    sender: Option<String>,
}

fn check_sender(name: &str) -> Result<String, String> {
    let known = || SENDER_DOCUMENTS.map(|(name, _)| name).join(", ");
    sender_document(name).map(|_| name.to_owned()).ok_or_else(|| format!("it is one of {}", known()))
}

impl InboundCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Create(create) => create.run().await,
            Self::Set(set) => set.run().await,
            Self::Revoke(one) => one.revoke().await,
            Self::Senders(senders) => senders.run(),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let path = format!("/v1/campaigns/{}/inbound-webhooks", self.campaign);
        let query = query(self.page.filters());
        let page = self.api.connect()?.call_json(Method::GET, &path, &query, None).await?;
        self.api.print(&page, as_table)
    }
}

impl One {
    fn path(&self) -> String {
        format!("/v1/inbound-webhooks/{}", self.id)
    }

    async fn show(&self) -> Result<(), String> {
        let webhook = self.api.connect()?.call_json(Method::GET, &self.path(), &[], None).await?;
        self.api.print(&webhook, |webhook| format!("{webhook:#}\n"))
    }

    async fn revoke(&self) -> Result<(), String> {
        self.api.connect()?.call(Method::DELETE, &self.path(), &[], None).await?;
        self.api.print(&json!({ "id": self.id }), |_| format!("revoked {}\n", self.id))
    }
}

impl Create {
    async fn run(&self) -> Result<(), String> {
        let api = self.api.connect()?;
        if let Some(document) = self.from.as_deref().and_then(sender_document) {
            let path = format!("/v1/campaigns/{}/document", self.campaign);
            let current = api.call_json(Method::GET, &path, &[], None).await?;
            let current = current["document"].as_str().unwrap_or_default();
            if current != STANDARD_DOCUMENT && current != document {
                let sender = self.from.as_deref().unwrap_or_default();
                return Err(format!(
                    "campaign `{}` runs a document of its own, which is not replaced; see `hookmill inbound senders {sender}`",
                    self.campaign
                ));
            }
            if current != document {
                let new = json!({ "document": document, "activate": true });
                api.call_json(Method::PUT, &path, &[], Some(&new)).await?;
            }
        }
        let path = format!("/v1/campaigns/{}/inbound-webhooks", self.campaign);
        let new = json!({ "name": self.name, "tag": self.tag, "source": self.source });
        let made = api.call_json(Method::POST, &path, &[], Some(&new)).await?;
        self.api.print(&made, |made| format!("created {}\n{}\n", text(&made["id"]), text(&made["url"])))
    }
}

impl Set {
    async fn run(&self) -> Result<(), String> {
        let place = self.file.display();
        let file = std::fs::read_to_string(&self.file).map_err(|error| format!("{place} can't be read: {error}"))?;
        let settings: Value = serde_json::from_str(&file).map_err(|error| format!("{place} is not JSON: {error}"))?;
        let api = self.one.api.connect()?;
        let saved = api.call_json(Method::PUT, &self.one.path(), &[], Some(&settings)).await?;
        self.one.api.print(&saved, |saved| format!("set {}\n", text(&saved["id"])))
    }
}

impl Senders {
    fn run(&self) -> Result<(), String> {
        let text = match self.sender.as_deref().and_then(sender_document) {
            Some(document) => document.to_owned(),
            None => SENDER_DOCUMENTS.map(|(name, _)| format!("{name}\n")).concat(),
        };
        crate::output::say(&text)
    }
}

/// The list for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        table.row([&row["id"], &row["name"], &row["tag"], &row["source"], &row["url"]].map(text));
    }
    format!("{}{}", table.lines(""), more("--after", &page["next"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i8_a_sender_that_is_not_known_is_answered_with_those_that_are() {
        assert_eq!(check_sender("typeform"), Ok("typeform".to_owned()));
        assert!(check_sender("wufoo").unwrap_err().contains("tiktok, typeform"));
    }

    #[test]
    fn i8_the_list_has_the_address() {
        let page = json!({"items": [{"id": "inw_1", "name": "Page", "tag": null, "source": "s", "url": "https://h/in/x"}], "next": null});
        let table = as_table(&page);
        assert!(table.contains("inw_1") && table.contains("https://h/in/x"), "{table}");
    }
}
