//! `hookmill campaigns posting-guide`.

use super::api::{ApiArgs, check_id};
use crate::output::say_bytes;
use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum CampaignsCommand {
    /// Show how to post to a campaign: its addresses, fields, limits and responses, with an example. For a lead source to read.
    PostingGuide(PostingGuide),
}

#[derive(Debug, Args)]
pub(super) struct PostingGuide {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the campaign.
    #[arg(value_parser = check_id)]
    campaign: String,
    /// The form of the guide.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Markdown.
    Markdown,
    /// A page.
    Html,
}

impl Format {
    fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

impl CampaignsCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::PostingGuide(guide) => guide.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl PostingGuide {
    async fn run(&self) -> Result<(), String> {
        let path = format!("/v1/campaigns/{}/posting-guide", self.campaign);
        let query = [("format", self.format.as_str())];
        let guide = self.api.connect()?.call(Method::GET, &path, &query, None).await?;
        if self.api.json {
            let text = String::from_utf8_lossy(&guide);
            return crate::output::say_json(&json!({ "format": self.format.as_str(), "guide": text }));
        }
        say_bytes(&guide)
    }
}
