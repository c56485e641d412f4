//! `hookmill first-submission-action show | set | remove`.

use super::api::{ApiArgs, check_id, read_json};
use crate::output::{hand_over, say, say_json, to_json};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum FirstSubmissionActionCommand {
    /// Show the first-submission action of a campaign, as JSON; secrets and values of headers are not in it.
    Show(One),
    /// Set the first-submission action of a campaign: a webhook or a review, from a file.
    Set(Set),
    /// Remove the first-submission action of a campaign. What waits for it stays decidable.
    Remove(One),
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    api: ApiArgs,
    /// The id of the campaign.
    #[arg(value_parser = check_id)]
    campaign: String,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    one: One,
    /// A file with the action, a JSON object such as `{"kind": "webhook", "url": "https://checks.example/lead"}` or `{"kind": "review"}`.
    file: PathBuf,
}

impl FirstSubmissionActionCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        match self {
            Self::Show(one) => one.show().await,
            Self::Set(set) => set.run().await,
            Self::Remove(one) => one.remove().await,
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl One {
    fn path(&self) -> String {
        format!("/v1/campaigns/{}/first-submission-action", self.campaign)
    }

    async fn show(&self) -> Result<(), String> {
        // It is an object with another one in it: JSON is what people read best, too.
        say_json(&self.api.connect()?.call_json(Method::GET, &self.path(), &[], None).await?)
    }

    async fn remove(&self) -> Result<(), String> {
        self.api.connect()?.call(Method::DELETE, &self.path(), &[], None).await?;
        let removed = json!({ "campaign_id": self.campaign });
        self.api.print(&removed, |_| format!("removed the first-submission action of {}\n", self.campaign))
    }
}

impl Set {
    async fn run(&self) -> Result<(), String> {
        let (api, action) = (self.one.api.connect()?, read_json(&self.file)?);
        let saved = api.call_json(Method::PUT, &self.one.path(), &[], Some(&action)).await?;
        let text = if self.one.api.json { to_json(&saved)? } else { describe(&self.one.campaign, &saved) };
        // A secret can't be said again.
        if saved["new_secret"].is_null() { say(&text) } else { hand_over(&text) }
    }
}

/// What was set, with the secret that is shown only now.
fn describe(campaign: &str, saved: &Value) -> String {
    let kind = saved["kind"].as_str().unwrap_or_default();
    let secret = saved["new_secret"].as_str();
    let secret = secret.map(|secret| format!("signing secret, shown only now: {secret}\n")).unwrap_or_default();
    format!("set the first-submission action of {campaign}: {kind}\n{secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_a_new_secret_is_shown_once() {
        let webhook = json!({"kind": "webhook", "new_secret": "whsec_x"});
        let expected = "set the first-submission action of SOLAR: webhook\nsigning secret, shown only now: whsec_x\n";
        assert_eq!(describe("SOLAR", &webhook), expected);
        let review = json!({"kind": "review", "priority": "low"});
        assert_eq!(describe("SOLAR", &review), "set the first-submission action of SOLAR: review\n");
    }
}
