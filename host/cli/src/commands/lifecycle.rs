//! `hookmill lifecycle show | set`.

use super::api::{ApiArgs, check_id};
use crate::output::{say, say_json};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum LifecycleCommand {
    /// Show the lifecycle of a campaign, as JSON that can be set again.
    Show(Show),
    /// Replace the lifecycle of a campaign by that of a file; what it leaves out does not apply any more.
    Set(Set),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the campaign.
    #[arg(value_parser = check_id)]
    campaign: String,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    one: Show,
    /// A file with the lifecycle, a JSON object.
    file: PathBuf,
}

impl LifecycleCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::Show(show) => show.run().await,
            Self::Set(set) => set.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl Show {
    fn path(&self) -> String {
        format!("/v1/campaigns/{}/lifecycle", self.campaign)
    }

    async fn run(&self) -> Result<(), String> {
        // It is an object with lists in it: JSON is what people read best, too.
        say_json(&self.api.connect()?.call_json(Method::GET, &self.path(), &[], None).await?)
    }
}

impl Set {
    async fn run(&self) -> Result<(), String> {
        let (api, lifecycle) = (self.one.api.connect()?, read_json(&self.file)?);
        let saved = api.call_json(Method::PUT, &self.one.path(), &[], Some(&lifecycle)).await?;
        if self.one.api.json { say_json(&saved) } else { say(&format!("set the lifecycle of {}\n", self.one.campaign)) }
    }
}

/// A JSON file.
pub(super) fn read_json(path: &Path) -> Result<Value, String> {
    let because = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| because(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| because(&format!("not JSON: {error}")))
}
