//! `hookmill persons export | erase | receipt | erasures`.

use super::api::{Api, ApiArgs, check_id};
use super::list::{PageArgs, more, query, rows, text};
use super::table::Table;
use crate::output::{say_json, warn};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The columns of the list of erasures, and how wide each may be.
const COLUMNS: [(&str, usize); 5] =
    [("id", 40), ("state", 12), ("requested", 24), ("finished", 24), ("requested by", 40)];
/// The lists of an export, which its pages have parts of.
const LISTS: [&str; 5] = ["leads", "submissions", "reported_events", "rejected_elements", "rejected_requests"];
/// How long a look at an erasure that is under way waits for the next one.
const LOOK: Duration = Duration::from_secs(1);
/// The exit code of an erasure that is still under way.
const UNDER_WAY: u8 = 2;

#[derive(Debug, Subcommand)]
pub(super) enum PersonsCommand {
    /// Write all that is kept of a person as one JSON document.
    Export(Export),
    /// Erase all that is kept of a person, and print the receipt. It can't be undone.
    Erase(Erase),
    /// Print the receipt of an erasure.
    Receipt(Receipt),
    /// List erasures, the newest first.
    Erasures(Erasures),
}

// Not a doc comment, which would be the help of the commands.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Person {
    /// The person's e-mail address, as the lead has it.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The person's phone number, as the lead has it, such as +15125550100.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    person: Person,
    /// Where the document is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Erase {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    person: Person,
    /// Say that it is meant: what is erased can't be had back.
    #[arg(long)]
    yes: bool,
    /// How long to wait for what is under way, in seconds; after that the erasure goes on by itself, and the exit code is 2.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u32,
}

#[derive(Debug, Args)]
pub(super) struct Receipt {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the erasure.
    #[arg(value_parser = check_id)]
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Erasures {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    page: PageArgs,
}

impl PersonsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::Export(export) => export.run().await,
            Self::Erase(erase) => erase.run().await,
            Self::Receipt(receipt) => receipt.run().await,
            Self::Erasures(erasures) => erasures.run().await,
        }
    }
}

impl Person {
    fn body(&self) -> Value {
        let given = [("email", &self.email), ("phone", &self.phone)];
        let given = given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into())));
        Value::Object(given.collect::<Map<String, Value>>())
    }
}

impl Export {
    async fn run(&self) -> Result<ExitCode, String> {
        let (api, body) = (self.api.connect()?, self.person.body());
        let mut document: Map<String, Value> = LISTS.map(|name| (name.to_owned(), json!([]))).into_iter().collect();
        let mut from = String::new();
        loop {
            let query = [("from", from.as_str())];
            let query = if from.is_empty() { &[][..] } else { &query[..] };
            let page = api.call_json(Method::POST, "/v1/persons/export", query, Some(&body)).await?;
            let next = page["next"].as_str().map(str::to_owned);
            add_page(&mut document, page);
            let Some(next) = next else { break };
            from = next;
        }
        let document = Value::Object(document);
        match &self.output {
            None => say_json(&document)?,
            Some(path) => {
                let text = format!("{document:#}\n");
                std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds what a page has to the lists of a document.
fn add_page(document: &mut Map<String, Value>, mut page: Value) {
    for name in LISTS {
        let Value::Array(items) = page[name].take() else { continue };
        if let Some(Value::Array(list)) = document.get_mut(name) {
            list.extend(items);
        }
    }
}

impl Erase {
    async fn run(&self) -> Result<ExitCode, String> {
        if !self.yes {
            return Err(
                "nothing was erased: it can't be undone, so say --yes; `hookmill persons export` shows what there is"
                    .into(),
            );
        }
        let api = self.api.connect()?;
        let mut receipt = api.call_json(Method::POST, "/v1/erasures", &[], Some(&self.person.body())).await?;
        for _ in 0..self.wait {
            if receipt["state"] == "done" {
                break;
            }
            tokio::time::sleep(LOOK).await;
            receipt = read_receipt(&api, receipt["id"].as_str().unwrap_or_default()).await?;
        }
        print_receipt(&receipt, &self.api)
    }
}

impl Receipt {
    async fn run(&self) -> Result<ExitCode, String> {
        let receipt = read_receipt(&self.api.connect()?, &self.id).await?;
        print_receipt(&receipt, &self.api)
    }
}

async fn read_receipt(api: &Api, id: &str) -> Result<Value, String> {
    api.call_json(Method::GET, &format!("/v1/erasures/{id}"), &[], None).await
}

fn print_receipt(receipt: &Value, api: &ApiArgs) -> Result<ExitCode, String> {
    api.print(receipt, as_text)?;
    if receipt["state"] == "done" {
        return Ok(ExitCode::SUCCESS);
    }
    let id = receipt["id"].as_str().unwrap_or_default();
    warn(&format!("it goes on by itself; `hookmill persons receipt {id}` shows how far it is"));
    Ok(ExitCode::from(UNDER_WAY))
}

/// A receipt for people: what was erased, what is under way, what remains.
fn as_text(receipt: &Value) -> String {
    let mut lines = format!("erasure {}: {}\n", text(&receipt["id"]), text(&receipt["state"]).replace('_', " "));
    lines += &format!("person {}\n", text(&receipt["person"]));
    for (name, count) in receipt["erased"].as_object().into_iter().flatten() {
        lines += &format!("erased {}: {count}\n", name.replace('_', " "));
    }
    for one in rows(&receipt["under_way"]) {
        lines += &format!("under way: {} ({})\n", text(&one["submission_id"]), text(&one["state"]));
    }
    for one in rows(&receipt["remains"]) {
        lines += &format!("remains: {}: {}\n", text(&one["what"]).replace('_', " "), text(&one["why"]));
        for id in rows(&one["ids"]) {
            lines += &format!("  {}\n", text(id));
        }
    }
    lines
}

impl Erasures {
    async fn run(&self) -> Result<ExitCode, String> {
        let query = query(self.page.filters());
        let page = self.api.connect()?.call_json(Method::GET, "/v1/erasures", &query, None).await?;
        self.api.print(&page, as_table).map(|()| ExitCode::SUCCESS)
    }
}

/// The table for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        table.row(["id", "state", "requested_at", "finished_at", "requested_by"].map(|name| text(&row[name])));
    }
    format!("{}{}", table.lines(""), more("--before", &page["next"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_pages_become_one_document() {
        let mut document: Map<String, Value> = LISTS.map(|name| (name.to_owned(), json!([]))).into_iter().collect();
        add_page(&mut document, json!({"leads": [{"id": "lead_1"}], "submissions": [1, 2], "next": "x"}));
        add_page(&mut document, json!({"leads": [], "submissions": [3], "rejected_requests": [4], "next": null}));
        let expected = json!({"leads": [{"id": "lead_1"}], "submissions": [1, 2, 3], "reported_events": [], "rejected_elements": [], "rejected_requests": [4]});
        assert_eq!(Value::Object(document), expected);
    }

    #[test]
    fn l12_a_receipt_is_read_by_people() {
        let receipt = json!({
            "id": "era_1", "state": "waiting", "person": "ab01", "erased": {"submissions": 3, "rejected_requests": 0},
            "under_way": [{"submission_id": "req_1-0", "state": "delivering"}],
            "remains": [{"what": "related_leads", "why": "they may be somebody else", "ids": ["lead_2"]}],
        });
        let expected = "erasure era_1: waiting\nperson ab01\nerased submissions: 3\nerased rejected requests: 0\n\
            under way: req_1-0 (delivering)\nremains: related leads: they may be somebody else\n  lead_2\n";
        assert_eq!(as_text(&receipt), expected);
    }
}
