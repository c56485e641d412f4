//! `hookmill dry-run --document DOC --input FILE`.

use crate::app::{self, Demo, ScratchDirectory};
use crate::clock::SystemClock;
use crate::config::HostSettings;
use crate::ids::SystemMinter;
use crate::model::body;
use crate::pipeline::{DryRun, DryRunInput, Pipeline, SampleAnswer, SaveError};
use crate::store::campaigns::Campaign;
use crate::store::organizations::Organization;
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct DryRunCommand {
    /// The document, YAML or JSON.
    #[arg(long)]
    document: PathBuf,
    /// The sample: one inbound element.
    #[arg(long)]
    input: PathBuf,
    /// What the sample is, as its source would say it; `application/json` when it is not given.
    #[arg(long, default_value = "application/json", value_parser = known_type)]
    content_type: String,
    /// How the sample is compressed: gzip or deflate.
    #[arg(long, default_value = "")]
    content_encoding: String,
    /// What the client answers: a file with the body; without one, it takes the lead.
    #[arg(long)]
    answer: Option<PathBuf>,
    /// The status of that answer.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(100..=999), requires = "answer")]
    answer_status: u16,
    /// The headers of that answer, each as `Name: value`.
    #[arg(long, requires = "answer")]
    answer_header: Vec<String>,
    /// The campaign's phone region.
    #[arg(long, default_value = "US")]
    phone_region: String,
    /// The campaign's time zone.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Everything as JSON.
    #[arg(long)]
    json: bool,
}

/// A content type that is taken.
fn known_type(text: &str) -> Result<String, String> {
    body::head(text, "").map(|_| text.to_owned()).map_err(|refusal| refusal.message)
}

impl DryRunCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let document = read_document(&self.document)?;
        let sample = std::fs::read(&self.input).map_err(|error| format!("{}: {error}", self.input.display()))?;
        let (pipeline, _scratch) = bench().await?;
        let head = body::head(&self.content_type, &self.content_encoding).map_err(|refusal| refusal.to_string())?;
        let body = body::to_json(&head, &sample, &pipeline.settings().limits).map_err(|refusal| refusal.to_string())?;
        let program = match pipeline.compile(&pipeline.default_component().digest, &document).await {
            Ok((program, _)) => program,
            Err(SaveError::Problems(problems)) => {
                for problem in &problems {
                    eprintln!("{}:{problem}", self.document.display());
                }
                return Ok(ExitCode::FAILURE);
            }
            Err(SaveError::Refused(refusal)) => return Err(refusal.to_string()),
        };
        let answer = self.sample_answer()?;
        let input = DryRunInput { answer, ..self.sample_of(body, pipeline.clock().now().0) };
        let run = pipeline.dry_run(&program, &input).await.map_err(|error| error.to_string())?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&run).map_err(|error| error.to_string())?);
        } else {
            print(&run);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn sample_answer(&self) -> Result<Option<SampleAnswer>, String> {
        let Some(path) = &self.answer else { return Ok(None) };
        let body = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let header = |text: &String| match text.split_once(':') {
            Some((name, value)) => Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned())),
            None => Err(format!("--answer-header: `{text}` has no colon; write `Name: value`")),
        };
        let headers = self.answer_header.iter().map(header).collect::<Result<_, String>>()?;
        Ok(Some(SampleAnswer { status: self.answer_status, headers, body: body.into() }))
    }

    fn sample_of(&self, body: String, now_ms: i64) -> DryRunInput {
        let organization = Organization {
            id: "org_sample".into(),
            name: "Sample".into(),
            salt: vec![0; 16],
            facts: b"{}".to_vec(),
            created_at: now_ms,
        };
        let campaign = Campaign {
            id: "cmp_sample".into(),
            organization_id: organization.id.clone(),
            public_id: "SAMPLE".into(),
            name: "Sample".into(),
            owner_id: None,
            state: "active".into(),
            time_zone: self.time_zone.clone(),
            phone_region: self.phone_region.clone(),
            facts: b"{}".to_vec(),
            granted_value_sets: b"[]".to_vec(),
            endpoint_sealed: None,
            program_id: None,
            created_at: now_ms,
            updated_at: now_ms,
        };
        let headers = vec![("content-type".into(), self.content_type.clone())];
        let client_url = "https://client.example/".into();
        DryRunInput { organization, campaign, body, headers, client_url, answer: None }
    }
}

/// The engine and the default plugin, on a store that is thrown away.
pub(super) async fn bench() -> Result<(Pipeline, ScratchDirectory), String> {
    let scratch = Demo::directory().map_err(|error| error.to_string())?;
    let (clock, minter) = (Arc::new(SystemClock), Arc::new(SystemMinter::default()));
    let pipeline =
        app::bench(HostSettings::default(), clock, minter, scratch.path()).await.map_err(|error| error.to_string())?;
    Ok((pipeline, scratch))
}

/// A document as text.
pub(super) fn read_document(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| format!("{}: not UTF-8: {error}", path.display()))
}

fn print(run: &DryRun) {
    for stage in &run.stages {
        println!("== {} {}", stage.stage, stage.whom.as_deref().unwrap_or_default());
        println!("in   {}", pretty(&stage.input));
        match (&stage.error, &stage.output) {
            (Some(error), None) => println!("error {}", pretty(error)),
            (Some(error), Some(instead)) => println!("error {}\nout  {}", pretty(error), pretty(instead)),
            (None, Some(message)) if stage.stage == "shape" => print_message(message),
            (None, output) => println!("out  {}", pretty(output.as_ref().unwrap_or(&Value::Null))),
        }
        if let Some(trace) = &stage.trace {
            println!("how  {}", pretty(trace));
        }
        println!();
    }
    println!("state {}   {} us of CPU time", run.state.as_str(), run.cpu_time_us);
    for line in &run.log {
        println!("log  {line}");
    }
}

fn print_message(message: &Value) {
    println!("{} {}", text(&message["method"]), text(&message["content_type"]));
    for header in message["headers"].as_array().into_iter().flatten() {
        println!("{}: {}", text(&header[0]), text(&header[1]));
    }
    println!("\n{}", text(&message["body"]));
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
