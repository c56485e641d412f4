//! Case folders: a document, an input, and what must come of it. Adding a case needs no code.
//!
//! `tests/cases/NAME/` holds `document.yaml` (absent: the standard document), `input.json`, `input.form` or
//! `input.xml`, and `expected.json`; or
//! `document.yaml` and `problems.txt` for a document that must be refused. `HOOKMILL_UPDATE_CASES=1` writes what came instead of
//! comparing it: read the difference before it is committed.

use hookmill::app;
use hookmill::clock::ManualClock;
use hookmill::config::{HostSettings, Limits};
use hookmill::ids::SystemMinter;
use hookmill::model::body;
use hookmill::pipeline::{DryRun, DryRunInput, Pipeline, STANDARD_DOCUMENT, SaveError, ShapedMessage};
use hookmill::store::campaigns::Campaign;
use hookmill::store::organizations::Organization;
use hookmill_tests::world::{START, workspace};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an input may be called, and what it then is.
const INPUTS: [(&str, &str); 3] = [
    ("input.json", "application/json"),
    ("input.form", "application/x-www-form-urlencoded"),
    ("input.xml", "application/xml"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_comes_out_as_it_says() {
    let scratch = tempfile::tempdir().unwrap();
    let minter = Arc::new(SystemMinter::default());
    let pipeline = app::bench(HostSettings::default(), ManualClock::new(START), minter, scratch.path()).await.unwrap();
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
    let document = match fs::read_to_string(case.join("document.yaml")) {
        Ok(text) => text,
        Err(_) => STANDARD_DOCUMENT.to_owned(),
    };
    match pipeline.compile(&pipeline.default_component().digest, &document).await {
        Err(SaveError::Problems(problems)) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            compare(&case.join("problems.txt"), &format!("{}\n", told.join("\n")))
        }
        Err(SaveError::Refused(refusal)) => Err(refusal.to_string()),
        Ok((program, _)) => {
            let run = pipeline.dry_run(&program, &sample(case)?).await.unwrap();
            let text = serde_json::to_string_pretty(&summary(&run)).unwrap();
            compare(&case.join("expected.json"), &format!("{text}\n"))
        }
    }
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
        INPUTS.iter().filter_map(|(name, content_type)| Some((fs::read(case.join(name)).ok()?, content_type)));
    let (bytes, content_type) = inputs.next().ok_or("there is no input.json, input.form or input.xml")?;
    let head = body::head(content_type, "").map_err(|refusal| refusal.to_string())?;
    let body = body::to_json(&head, &bytes, &Limits::default()).map_err(|refusal| refusal.to_string())?;
    let organization = Organization {
        id: "org_case".into(),
        name: "Case".into(),
        salt: vec![7; 16],
        facts: b"{}".to_vec(),
        created_at: START.0,
    };
    let campaign = Campaign {
        id: "cmp_case".into(),
        organization_id: organization.id.clone(),
        public_id: "CASE".into(),
        name: "Case".into(),
        owner_id: None,
        state: "active".into(),
        time_zone: "America/Chicago".into(),
        phone_region: "US".into(),
        facts: b"{}".to_vec(),
        granted_value_sets: b"[]".to_vec(),
        endpoint_sealed: None,
        program_id: None,
        created_at: START.0,
        updated_at: START.0,
    };
    let (headers, client_url) = (Vec::new(), "https://client.example/".into());
    Ok(DryRunInput { organization, campaign, body, headers, client_url, answer: None })
}

/// What matters of a run: the leads, the rules that failed, where the first lead ends, and the bytes.
fn summary(run: &DryRun) -> Value {
    let mut verdicts = outputs(run, "qualify");
    verdicts.retain(|verdict| verdict["qualified"] != true);
    let message = |message: &ShapedMessage| json!({"for": message.whom, "content_type": message.content_type, "body": message.body});
    let messages: Vec<Value> = run.messages.iter().map(message).collect();
    json!({ "map": outputs(run, "map"), "not_qualified": verdicts, "state": run.state, "messages": messages })
}

/// What a stage gave each time it ran: its output, or its error.
fn outputs(run: &DryRun, name: &str) -> Vec<Value> {
    let stages = run.stages.iter().filter(|stage| stage.stage == name);
    stages.filter_map(|stage| stage.error.clone().or_else(|| stage.output.clone())).collect()
}
