//! Case folders: a document, an input, and what must come of it. Adding a case needs no code.
//!
//! `tests/cases/NAME/` holds `document.yaml` (absent: the standard document), an input of a name below, and `expected.json`; or
//! `document.yaml` and `problems.txt` for a document that must be rejected. `HOOKMILL_UPDATE_CASES=1` writes what came instead of
//! comparing it: read the difference before it is committed.
//!
//! A case called `from-SENDER-...` runs on the ready document of that sender, `plugins/default/documents/senders/SENDER.yaml`.
//!
//! Value sets of the case are `sets/NAME.csv` and `sets/NAME.json`.
//!
//! A case may say what the client responds with: `responses.json` is a list of `{"file", "status", "headers"}`, and each file lies in the
//! case's folder `responses`. `expected.json` has what each of them means to the document.

use bytes::Bytes;
use hookmill::app;
use hookmill_admin::{Actor, NewOrganization};
use hookmill_domain::body;
use hookmill_domain::clock::ManualClock;
use hookmill_domain::config::{HostSettings, Limits};
use hookmill_domain::ids::SystemIdGenerator;
use hookmill_domain::value_set::CsvHeader;
use hookmill_engine::Program;
use hookmill_pipeline::{
    DryRun, DryRunInput, Pipeline, STANDARD_DOCUMENT, SampleResponse, SaveError, ShapedMessage, TableFormat,
};
use hookmill_tests::sample::{build_sample, campaign};
use hookmill_tests::world::{START, cache, workspace};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an input may be called, and what it then is.
const INPUTS: [(&str, &str); 5] = [
    ("input.jsonl", "application/x-ndjson"),
    ("input.multipart", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"),
    ("input.json", "application/json"),
    ("input.form", "application/x-www-form-urlencoded"),
    ("input.xml", "application/xml"),
];

/// What the cases of the ready documents for senders are called.
const OF_SENDER: &str = "from-";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_comes_out_as_it_says() {
    let scratch = tempfile::tempdir().unwrap();
    let ids = Arc::new(SystemIdGenerator::default());
    let pipeline =
        app::bench(HostSettings::default(), ManualClock::new(START), ids, scratch.path(), Some(cache())).await.unwrap();
    let mut wrong = Vec::new();
    let cases = folders();
    assert!(5 <= cases.len(), "the cases are not where they are looked for");
    for case in cases {
        if let Err(difference) = check(&pipeline, &case).await {
            wrong.push(format!("== {}\n{difference}", case.file_name().unwrap().to_string_lossy()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

fn folders() -> Vec<PathBuf> {
    let root = workspace().join("tests/cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

async fn check(pipeline: &Pipeline, case: &Path) -> Result<(), String> {
    let document = document(case);
    match pipeline.compile(&pipeline.default_component().digest, &document).await {
        Err(SaveError::Problems(problems)) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            compare(&case.join("problems.txt"), &format!("{}\n", told.join("\n")))
        }
        Err(SaveError::Rejected(error)) => Err(error.to_string()),
        Ok((program, _)) => {
            let sample =
                DryRunInput { campaign: campaign(&organization_with_sets(pipeline, case).await?), ..sample(case)? };
            let run = dry_run(pipeline, &program, &sample).await;
            let mut summary = summary(&run);
            let responses = responses(pipeline, &program, case, &sample).await?;
            if !responses.is_empty() {
                summary["responses"] = responses.into();
            }
            let text = serde_json::to_string_pretty(&summary).unwrap();
            compare(&case.join("expected.json"), &format!("{text}\n"))
        }
    }
}

/// The document of a case: its own, that of the sender for which it is called, or the standard document.
fn document(case: &Path) -> String {
    let name = case.file_name().unwrap().to_string_lossy();
    let sender = name.strip_prefix(OF_SENDER).and_then(|rest| rest.split('-').next());
    let of_sender =
        sender.map(|sender| workspace().join("plugins/default/documents/senders").join(sender).with_extension("yaml"));
    match fs::read_to_string(case.join("document.yaml")).ok().or_else(|| fs::read_to_string(of_sender?).ok()) {
        Some(text) => text,
        None if sender.is_some() => panic!("there is no document for `{name}`"),
        None => STANDARD_DOCUMENT.to_owned(),
    }
}

async fn dry_run(pipeline: &Pipeline, program: &Program, sample: &DryRunInput) -> DryRun {
    let holding = pipeline.holding(&sample.organization.id);
    pipeline.dry_run(program, &Arc::new(sample.clone()), &holding).await.unwrap()
}

#[allow(clippy::disallowed_methods, reason = "a switch for whoever writes cases")]
fn compare(expected: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("HOOKMILL_UPDATE_CASES").is_some() {
        fs::write(expected, actual).unwrap();
        return Ok(());
    }
    let wanted = fs::read_to_string(expected).map_err(|error| format!("{}: {error}", expected.display()))?;
    if wanted == actual { Ok(()) } else { Err(format!("-- expected\n{wanted}\n-- actual\n{actual}")) }
}

fn sample(case: &Path) -> Result<DryRunInput, String> {
    let mut inputs =
        INPUTS.iter().filter_map(|(name, content_type)| Some((fs::read(case.join(name)).ok()?, *content_type)));
    let (bytes, content_type) = inputs.next().ok_or("there is no input of a known name")?;
    let head = body::head(content_type, "").map_err(|error| error.to_string())?;
    let element = body::to_json(&head, &bytes, &Limits::default()).map_err(|error| error.to_string())?;
    Ok(DryRunInput { elements: vec![element], ..build_sample(String::new()) })
}

/// The organization whose value sets are those of the case.
async fn organization_with_sets(pipeline: &Pipeline, case: &Path) -> Result<String, String> {
    let host = Actor::host(pipeline);
    let organization = host.create_organization(Ok(NewOrganization { name: "Case".into() })).await;
    let organization = organization.map_err(|error| error.to_string())?;
    let scope = host.enter(Some(organization.id.clone())).await.map_err(|error| error.to_string())?;
    let Ok(files) = fs::read_dir(case.join("sets")) else { return Ok(organization.id) };
    for file in files {
        let path = file.unwrap().path();
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => TableFormat::Csv(CsvHeader::Unsaid),
            Some("json") => TableFormat::Json,
            _ => return Err(format!("{}: neither .csv nor .json", path.display())),
        };
        let (name, table) = (path.file_stem().unwrap().to_string_lossy(), Bytes::from(fs::read(&path).unwrap()));
        let put = scope.put_value_set(&name, async { Ok(table) }, Ok(format)).await;
        put.map_err(|error| format!("{}: {error}: {:?}", path.display(), error.details))?;
    }
    Ok(organization.id)
}

/// What each response of the case means to the document.
async fn responses(
    pipeline: &Pipeline,
    program: &Program,
    case: &Path,
    sample: &DryRunInput,
) -> Result<Vec<Value>, String> {
    let Ok(listed) = fs::read(case.join("responses.json")) else { return Ok(Vec::new()) };
    let listed: Vec<Value> = serde_json::from_slice(&listed).map_err(|error| format!("responses.json: {error}"))?;
    let mut told = Vec::new();
    for response in listed {
        let input = DryRunInput { response: Some(sample_response(case, &response)?), ..sample.clone() };
        let run = dry_run(pipeline, program, &input).await;
        let interpretation = run.stages.iter().find(|stage| stage.stage == "interpret");
        let interpretation =
            interpretation.ok_or_else(|| format!("{}: the first lead was never sent", response["file"]))?;
        told.push(
            json!({ "response": response["file"], "status": response["status"], "meaning": interpretation.output }),
        );
    }
    Ok(told)
}

fn sample_response(case: &Path, response: &Value) -> Result<SampleResponse, String> {
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let file = response["file"].as_str().ok_or_else(|| format!("{response} has no `file`"))?;
    let path = case.join("responses").join(file);
    let body = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let headers = response["headers"].as_object().into_iter().flatten();
    Ok(SampleResponse {
        status: status.ok_or_else(|| format!("{response} has no `status`"))?,
        headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect(),
        body: body.into(),
    })
}

/// What matters of a run: the leads, the rules that failed, where the first lead ends, and the bytes.
fn summary(run: &DryRun) -> Value {
    let mut verdicts = outputs(run, "qualify");
    verdicts.retain(|verdict| verdict["qualified"] != true);
    let messages: Vec<Value> = run.messages.iter().map(message).collect();
    let mut summary =
        json!({ "map": outputs(run, "map"), "not_qualified": verdicts, "state": run.state, "messages": messages });
    let rejected: Vec<&Value> =
        run.stages.iter().filter(|stage| stage.stage == "shape").filter_map(|stage| stage.error.as_ref()).collect();
    if !rejected.is_empty() {
        summary["not_shaped"] = json!(rejected);
    }
    if !run.warnings.is_empty() {
        summary["warnings"] = json!(run.warnings);
    }
    summary
}

/// A message as it is sent; of query and headers only what there is.
fn message(message: &ShapedMessage) -> Value {
    let mut shown = json!({ "for": message.receiver, "method": message.method });
    for (name, pairs) in [("query", &message.query), ("headers", &message.headers)] {
        if !pairs.is_empty() {
            shown[name] = json!(pairs);
        }
    }
    shown["content_type"] = json!(message.content_type);
    shown["body"] = json!(message.body);
    shown
}

/// What a stage gave each time it ran: its output, or its error.
fn outputs(run: &DryRun, name: &str) -> Vec<Value> {
    let stages = run.stages.iter().filter(|stage| stage.stage == name);
    stages.filter_map(|stage| stage.error.clone().or_else(|| stage.output.clone())).collect()
}
