//! `hookmill dry-run --document DOC --input FILE`.

mod report;

use super::bench::Bench;
use super::value_sets::ValueSetFiles;
use crate::output::{say, say_json, warn};
use clap::Args;
use hookmill_domain::body::{self, Element};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_pipeline::{DryRunInput, Problem, SampleResponse, SaveError, sample_elements};
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code when a lead of the sample would be quarantined.
const QUARANTINED_EXIT_CODE: u8 = 3;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 when no lead would be quarantined, 3 when one would be, 1 when the sample could not be run, 2 for wrong options."
)]
pub(super) struct DryRunCommand {
    #[command(flatten)]
    bench: Bench,
    /// The document, YAML or JSON.
    #[arg(long)]
    document: PathBuf,
    /// The sample: one inbound element, or a JSON list of them.
    #[arg(long)]
    input: PathBuf,
    /// The content type of the sample.
    #[arg(long, default_value = "application/json", value_parser = known_type)]
    content_type: String,
    /// The compression of the sample: gzip or deflate.
    #[arg(long, default_value = "")]
    content_encoding: String,
    /// The charset of the source, which counts where the sample names none: a label of the Encoding Standard.
    #[arg(long)]
    charset: Option<String>,
    /// A header of the sample, `Name: value`; can be repeated.
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// A query parameter of the sample, `name=value`; can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<String>,
    /// A file with the campaign's own values, a JSON object; documents read them as `campaign.values`.
    #[arg(long)]
    campaign_values: Option<PathBuf>,
    /// A sample of the client's response: a file with the body [default: the client accepts the lead].
    #[arg(long)]
    response: Option<PathBuf>,
    /// The HTTP status of the sample response.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(100..=999), requires = "response")]
    response_status: u16,
    /// A header of the sample response, `Name: value`; can be repeated.
    #[arg(long, requires = "response")]
    response_header: Vec<String>,
    /// The campaign's phone region.
    #[arg(long, default_value = "US")]
    phone_region: String,
    /// The campaign's time zone.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    #[command(flatten)]
    value_sets: ValueSetFiles,
    /// The output format [default: a table in a terminal, JSON elsewhere].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// The output format of a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables for people.
    Table,
    /// All data, as JSON for programs.
    Json,
}

/// A supported content type.
pub(super) fn known_type(text: &str) -> Result<String, String> {
    body::head(text, "").map(|_| text.to_owned()).map_err(|error| error.message)
}

impl DryRunCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let document = read_document(&self.document)?;
        let sample = std::fs::read(&self.input).map_err(|error| format!("{}: {error}", self.input.display()))?;
        let (pipeline, _scratch) = self.bench.clone().set_up().await?;
        let head = body::head(&self.content_type, &self.content_encoding).map_err(|error| error.to_string())?;
        let head = body::with_default_charset(head, self.charset.as_deref()).map_err(|error| error.to_string())?;
        let elements =
            sample_elements(&head, &sample, &pipeline.settings().limits).map_err(|error| error.to_string())?;
        let response = self.sample_response()?;
        let mut input = DryRunInput { response, ..self.build_sample(elements, pipeline.clock().now().0)? };
        self.value_sets.put_for(&pipeline, &mut input.campaign).await?;
        let program = match pipeline.compile(&pipeline.default_component().digest, &document).await {
            Ok((program, warnings)) => {
                self.tell(&warnings);
                program
            }
            Err(SaveError::Problems(problems)) => {
                self.tell(&problems);
                return Ok(ExitCode::FAILURE);
            }
            Err(SaveError::Rejected(error)) => return Err(error.to_string()),
        };
        let (input, holding) = (Arc::new(input), pipeline.holding("org_sample"));
        let run = pipeline.dry_run(&program, &input, &holding).await.map_err(|error| error.to_string())?;
        match self.format() {
            Format::Json => say_json(&run)?,
            Format::Table => say(&report::text(&run))?,
        }
        let is_quarantined = run.leads.iter().any(|lead| lead.state == State::Quarantined);
        Ok(if is_quarantined { ExitCode::from(QUARANTINED_EXIT_CODE) } else { ExitCode::SUCCESS })
    }

    /// Problems and warnings of the document, apart from the run, so that the run stays one value.
    fn tell(&self, problems: &[Problem]) {
        for problem in problems {
            warn(&format!("{}:{problem}", self.document.display()));
        }
    }

    fn format(&self) -> Format {
        match self.format {
            Some(format) => format,
            None if !self.json && std::io::stdout().is_terminal() => Format::Table,
            None => Format::Json,
        }
    }

    fn sample_response(&self) -> Result<Option<SampleResponse>, String> {
        let Some(path) = &self.response else { return Ok(None) };
        let body = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let headers = headers("--response-header", &self.response_header)?;
        Ok(Some(SampleResponse { status: self.response_status, headers, body: body.into() }))
    }

    fn build_sample(&self, elements: Vec<Element>, now_ms: i64) -> Result<DryRunInput, String> {
        let (organization, mut campaign) = sample_campaign(&self.time_zone, &self.phone_region, now_ms);
        if let Some(path) = &self.campaign_values {
            campaign.values = values(path)?;
        }
        let mut metadata = RequestMetadata::from_headers(headers("--header", &self.header)?);
        metadata.headers.push(("content-type".into(), self.content_type.clone()));
        metadata.query = pairs("--query", '=', "name=value", &self.query)?;
        let client_url = "https://client.example/".into();
        Ok(DryRunInput { organization, campaign, elements, metadata, client_url, response: None })
    }
}

/// Headers as they are written, with their names in lower case.
fn headers(option: &str, texts: &[String]) -> Result<Vec<(String, String)>, String> {
    let headers = pairs(option, ':', "Name: value", texts)?;
    Ok(headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect())
}

fn pairs(option: &str, mark: char, example: &str, texts: &[String]) -> Result<Vec<(String, String)>, String> {
    let pair = |text: &String| match text.split_once(mark) {
        Some((name, value)) => Ok((name.trim().to_owned(), value.to_owned())),
        None => Err(format!("{option}: `{text}` has no `{mark}`; write `{example}`")),
    };
    texts.iter().map(pair).collect()
}

/// A JSON object in a file.
fn values(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("{}: not a JSON object: {error}; write it like {{\"rate\": 12}}", path.display())),
    }
}

/// The organization and campaign of a sample run.
pub(super) fn sample_campaign(time_zone: &str, phone_region: &str, now_ms: i64) -> (Organization, Campaign) {
    let organization = Organization {
        id: "org_sample".into(),
        name: "Sample".into(),
        salt: vec![0; 16],
        values: b"{}".to_vec(),
        created_at: now_ms,
    };
    let campaign = Campaign {
        key: "cmp_sample".into(),
        organization_id: organization.id.clone(),
        campaign_id: "SAMPLE".into(),
        name: "Sample".into(),
        owner_id: None,
        client_id: None,
        client_name: None,
        state: "active".into(),
        time_zone: time_zone.to_owned(),
        phone_region: phone_region.to_owned(),
        values: b"{}".to_vec(),
        granted_value_sets: b"[]".to_vec(),
        delivery: "client".into(),
        active_version_id: None,
        created_at: now_ms,
        updated_at: now_ms,
        has_client: false,
        lifecycle: b"{}".to_vec(),
        lifecycle_revision: 0,
    };
    (organization, campaign)
}

/// A document as text.
pub(super) fn read_document(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| format!("{}: not UTF-8: {error}", path.display()))
}
