//! `hookmill discover FILES... [--document DOC] [--draft | --json]`.

use super::bench::Bench;
use super::dry_run::{known_type, read_document, sample_campaign};
use super::table::Table;
use super::value_sets::ValueSetFiles;
use crate::output::{say, say_json};
use clap::Args;
use hookmill_discovery::{Field, Fields};
use hookmill_domain::body;
use hookmill_domain::clock::{Clock, SystemClock};
use hookmill_domain::config::Limits;
use hookmill_pipeline::{Sample, SaveError};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The content type by a file name.
const TYPES: [(&str, &str); 3] =
    [("form", "application/x-www-form-urlencoded"), ("xml", "application/xml"), ("json", "application/json")];

#[derive(Debug, Args)]
pub(super) struct Discover {
    #[command(flatten)]
    bench: Bench,
    /// Sample bodies, the oldest first; each file has a lead, a list or a batch.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The content type of the samples [default: by their names: .json, .xml, .form].
    #[arg(long, value_parser = known_type)]
    content_type: Option<String>,
    /// A document: the table then shows the fields that it makes of each path.
    #[arg(long, conflicts_with = "draft")]
    document: Option<PathBuf>,
    /// Print a draft of a document instead of the table.
    #[arg(long, conflicts_with = "json")]
    draft: bool,
    /// The table as JSON.
    #[arg(long)]
    json: bool,
    /// The campaign's phone region, for `--document`.
    #[arg(long, default_value = "US")]
    phone_region: String,
    /// The campaign's time zone, for `--document`.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    #[command(flatten)]
    value_sets: ValueSetFiles,
}

impl Discover {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let mut samples = Vec::new();
        for file in &self.files {
            samples.extend(self.samples(file)?);
        }
        let mut fields = hookmill_discovery::discover(samples.iter().map(|sample| &sample.element));
        if self.draft {
            say(&hookmill_discovery::draft(&fields))?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(document) = &self.document {
            fields = self.try_document(document, samples, fields).await?;
        }
        if self.json {
            say_json(&as_json(&fields))?;
        } else {
            say(&as_table(&fields, self.document.is_some()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn samples(&self, file: &Path) -> Result<Vec<Sample>, String> {
        let because = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let bytes = std::fs::read(file).map_err(|error| because(&error))?;
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let by_name = TYPES.into_iter().find(|(name, _)| *name == extension).map_or("", |(_, kind)| kind);
        let content_type = self.content_type.as_deref().unwrap_or(by_name);
        let limits = Limits::default();
        let head = body::head(content_type, "").map_err(|error| because(&error))?;
        let text = body::to_json(&head, &bytes, &limits).map_err(|error| because(&error))?.text;
        Sample::read_all(&file.display().to_string(), &text, SystemClock.now(), &limits)
            .map_err(|error| because(&error))
    }

    async fn try_document(&self, document: &Path, samples: Vec<Sample>, fields: Fields) -> Result<Fields, String> {
        let text = read_document(document)?;
        let (pipeline, _scratch) = self.bench.clone().set_up().await?;
        let (program, _) =
            pipeline.compile(&pipeline.default_component().digest, &text).await.map_err(|error| match error {
                SaveError::Problems(problems) => problems
                    .iter()
                    .map(|problem| format!("{}:{problem}", document.display()))
                    .collect::<Vec<_>>()
                    .join("\n"),
                SaveError::Rejected(error) => error.to_string(),
            })?;
        let now_ms = pipeline.clock().now().0;
        let (organization, mut campaign) = sample_campaign(&self.time_zone, &self.phone_region, now_ms);
        self.value_sets.put_for(&pipeline, &mut campaign).await?;
        let (samples, holding) = (Arc::new(samples), pipeline.holding(&organization.id));
        let tried = pipeline.try_paths(&program, (&organization, &campaign), &samples, fields, &holding).await;
        tried.map_err(|error| error.to_string())
    }
}

/// The table for people.
fn as_table(fields: &Fields, has_document: bool) -> String {
    let mut table =
        Table::new(&[("path", 60), ("types", 30), ("filled", 6), ("likely", 13), ("mapped", 24), ("examples", 50)]);
    for field in &fields.fields {
        let types: Vec<String> = field.kinds.each().map(|(kind, count)| format!("{kind} {count}")).collect();
        table.row([
            field.written.clone(),
            types.join(", "),
            format!("{}%", field.fill_percent(fields.elements)),
            field.meaning.map(|meaning| display_text(&json!(meaning))).unwrap_or_default(),
            mapped(field, has_document),
            field.examples.join("  "),
        ]);
    }
    let left_out = match fields.values_left_out {
        0 => String::new(),
        count => format!("{count} values in further paths are not shown\n"),
    };
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (leads, paths) = (counted(fields.elements, "lead"), counted(fields.fields.len(), "path"));
    format!("{leads}, {paths}\n\n{}{left_out}", table.lines(""))
}

fn mapped(field: &Field, has_document: bool) -> String {
    match &field.usage {
        Some(usage) if usage.is_used && usage.fields.is_empty() => "yes".into(),
        Some(usage) if usage.is_used => usage.fields.join(", "),
        Some(_) => "no".into(),
        None if has_document => "not known".into(),
        None => String::new(),
    }
}

/// The table for programs.
fn as_json(fields: &Fields) -> Value {
    let row = |field: &Field| {
        json!({
            "path": field.written,
            "types": field.kinds,
            "seen": field.seen,
            "filled": field.filled,
            "fill_rate": field.fill_rate(fields.elements),
            "examples": field.examples,
            "new": field.is_new,
            "vanished": field.has_vanished,
            "meaning": field.meaning,
            "mapped": field.usage.as_ref().map(|usage| usage.is_used),
            "fields": field.usage.as_ref().map(|usage| usage.fields.clone()).unwrap_or_default(),
        })
    };
    json!({ "leads": fields.elements, "items": fields.fields.iter().map(row).collect::<Vec<_>>() })
}

fn display_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
