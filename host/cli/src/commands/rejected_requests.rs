//! `hookmill rejected-requests list | show | body | repost | delete`.

use super::api::{ApiArgs, check_id};
use super::list::{PageArgs, more, query, rows, text};
use super::table::Table;
use crate::output::{say, say_bytes, say_json};
use base64::Engine;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 6] =
    [("id", 40), ("rejected", 24), ("code", 28), ("campaign", 24), ("bytes", 10), ("message", 80)];

#[derive(Debug, Subcommand)]
pub(super) enum RejectedRequestsCommand {
    /// List posts of leads that were rejected as a whole, the newest first.
    List(List),
    /// Show one of them, without its body: what is wrong, where, and what became of it.
    Show(One),
    /// Write the body of one of them to standard output, byte for byte.
    Body(One),
    /// Post one of them again, with what is corrected. It becomes another request once.
    Repost(Repost),
    /// Delete one of them.
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    api: ApiArgs,
    /// Only those of the source of this source key.
    #[arg(long, value_name = "KEY_ID")]
    source: Option<String>,
    /// Only those that were posted to this campaign's own address.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// Only those with this error code.
    #[arg(long)]
    code: Option<String>,
    /// Only those rejected at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those rejected before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the rejected request.
    #[arg(value_parser = check_id)]
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Repost {
    #[command(flatten)]
    one: One,
    /// A file with the corrected body.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The content type.
    #[arg(long)]
    content_type: Option<String>,
    /// The charset of the body, such as windows-1252.
    #[arg(long)]
    charset: Option<String>,
    /// The content encoding; empty for none.
    #[arg(long)]
    content_encoding: Option<String>,
    /// The campaign, for a request that was posted to a campaign's own address.
    #[arg(long, value_name = "CAMPAIGN_ID")]
    campaign: Option<String>,
    /// The idempotency key, for a request that was posted to a campaign's own address; empty for none.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

impl RejectedRequestsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Body(one) => one.write_body().await,
            Self::Repost(repost) => repost.run().await,
            Self::Delete(one) => one.delete().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(&self) -> Result<(), String> {
        let filters = [
            ("source", &self.source),
            ("campaign", &self.campaign),
            ("code", &self.code),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let query = query(filters.into_iter().chain(self.page.filters()));
        let page = self.api.connect()?.call_json(Method::GET, "/v1/rejected-requests", &query, None).await?;
        self.api.print(&page, as_table)
    }
}

/// The table for people.
fn as_table(page: &Value) -> String {
    let mut table = Table::new(&COLUMNS);
    for row in rows(&page["items"]) {
        let message = match row["reposted_as"].as_str() {
            Some(request_id) => format!("posted again as {request_id}"),
            None => text(&row["error"]["message"]),
        };
        let cells = [&row["id"], &row["rejected_at"], &row["code"], &row["campaign_id"]].map(text);
        table.row(cells.into_iter().chain([row["body_bytes"].to_string(), message]));
    }
    let (kept, bytes, not_kept) = (&page["rows"], &page["bytes"], &page["not_kept"]);
    format!("{}{}{kept} kept, {bytes} bytes; {not_kept} not kept\n", table.lines(""), more("--before", &page["next"]))
}

impl One {
    fn path(&self, operation: &str) -> String {
        format!("/v1/rejected-requests/{}{operation}", self.id)
    }

    async fn show(&self) -> Result<(), String> {
        // It is an object with lists in it: JSON is what people read best, too.
        say_json(&self.api.connect()?.call_json(Method::GET, &self.path(""), &[], None).await?)
    }

    async fn write_body(&self) -> Result<(), String> {
        say_bytes(&self.api.connect()?.call(Method::GET, &self.path("/body"), &[], None).await?)
    }

    async fn delete(&self) -> Result<(), String> {
        self.api.connect()?.call(Method::DELETE, &self.path(""), &[], None).await?;
        self.api.print(&json!({ "id": self.id }), |_| format!("deleted {}\n", self.id))
    }
}

impl Repost {
    async fn run(&self) -> Result<(), String> {
        let (api, correction) = (self.one.api.connect()?, self.correction()?);
        let done = api.call_json(Method::POST, &self.one.path("/repost"), &[], Some(&correction)).await?;
        if self.one.api.json {
            return say_json(&done);
        }
        let mut lines = format!("request {}\n", done["request_id"].as_str().unwrap_or_default());
        for lead in rows(&done["accepted"]) {
            lines += &format!("accepted {}\n", lead["submission_id"].as_str().unwrap_or_default());
        }
        for lead in rows(&done["rejected"]) {
            let text = |name: &str| lead[name].as_str().unwrap_or_default();
            lines += &format!("rejected {}: {}\n", text("path"), text("message"));
        }
        say(&lines)
    }

    fn correction(&self) -> Result<Value, String> {
        let mut correction = Map::new();
        if let Some(path) = &self.body {
            let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
            correction.insert("body_base64".into(), base64.into());
        }
        let texts = [
            ("content_type", &self.content_type),
            ("charset", &self.charset),
            ("content_encoding", &self.content_encoding),
            ("campaign_id", &self.campaign),
            ("idempotency_key", &self.idempotency_key),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                correction.insert(name.into(), value.as_str().into());
            }
        }
        Ok(correction.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i2_a_list_is_a_table_with_what_is_kept() {
        let page = json!({
            "items": [
                {"id": "rej_2", "rejected_at": "T", "code": "invalid_json", "campaign_id": null, "body_bytes": 7, "error": {"message": "the body\nis not JSON"}},
                {"id": "rej_1", "rejected_at": "S", "code": "x", "campaign_id": "A", "body_bytes": 1, "error": {}, "reposted_as": "req_1"},
            ],
            "next": "rej_1", "rows": 5, "bytes": 99, "not_kept": 3,
        });
        let expected = "id     rejected  code          campaign  bytes  message\n\
            rej_2  T         invalid_json            7      the body\\nis not JSON\n\
            rej_1  S         x             A         1      posted again as req_1\n\
            more: --before rej_1\n5 kept, 99 bytes; 3 not kept\n";
        assert_eq!(as_table(&page), expected);
    }
}
