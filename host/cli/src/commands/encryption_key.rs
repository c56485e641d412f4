//! `hookmill encryption-key rotate`.

use super::data::DataArgs;
use super::log::Log;
use crate::app::{self, StoredData};
use crate::output::{say, say_json};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum EncryptionKeyCommand {
    /// Encrypt every secret with another key. On the embedded database, whose host is stopped first, that is a new one, which replaces the one in
    /// the key file. With `--key`, or on PostgreSQL, it is the first of the keys that are given, while hosts that have all of them may run. It can
    /// be stopped and run again.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl EncryptionKeyCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let Self::Rotate(rotate) = self;
        // Why a database does not respond is in the log.
        let _log = Log::start("warn", false);
        let (clock, ids) = app::production();
        let DataArgs { data, database_url, key } = &rotate.data;
        let rotated = StoredData::rotate_key(data, database_url.as_deref(), key.as_deref(), clock, ids).await;
        let count = rotated.map_err(|error| error.to_string())?;
        if rotate.json {
            say_json(&json!({ "secrets_encrypted": count }))?;
        } else {
            let rest = match key {
                Some(_) => "give every host the first key alone now",
                None => "the key file has the new key alone now; a backup from before needs the old one",
            };
            say(&format!("secrets encrypted anew: {count}\n{rest}\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
