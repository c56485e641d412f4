//! `hookmill lifecycle show | set`.

use super::api::{ApiArgs, check_id, read_json};
use crate::output::say_json;
use clap::{Args, Subcommand};
use http::Method;
use std::path::PathBuf;
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
        self.one.api.print(&saved, |_| format!("set the lifecycle of {}\n", self.one.campaign))
    }
}
