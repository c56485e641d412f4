//! `hookmill check DOC`.

use super::bench::Bench;
use super::dry_run::read_document;
use crate::output::{say, say_json};
use clap::Args;
use hookmill_pipeline::SaveError;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    bench: Bench,
    /// The document, YAML or JSON.
    document: PathBuf,
    /// Print problems as JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let document = read_document(&self.document)?;
        let (pipeline, _scratch) = self.bench.clone().set_up().await?;
        let (problems, usable) = match pipeline.compile(&pipeline.default_component().digest, &document).await {
            Ok((_, warnings)) => (warnings, true),
            Err(SaveError::Problems(problems)) => (problems, false),
            Err(SaveError::Rejected(error)) => return Err(error.to_string()),
        };
        if self.json {
            say_json(&problems)?;
        } else {
            let document = self.document.display();
            let mut told: String = problems.iter().map(|problem| format!("{document}:{problem}\n")).collect();
            told += &format!("{document}: {}\n", if usable { "can be used" } else { "can't be used" });
            say(&told)?;
        }
        Ok(if usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
