//! The example plugins as components, against the samples that their READMEs show [P9].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookmill_engine::contract::{Entropy, Severities, Severity, Submission};
use hookmill_engine::{ConfigurationError, Engine, Limits, LoadedComponent, Program};
use serde_json::Value;

use crate::engine::{context, element, guest};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples").join(name)
}

fn sample(name: &str, file: &str) -> String {
    let path = directory(name).join("sample").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An example in a sandbox of its own.
struct Example {
    engine: Engine,
    component: Arc<LoadedComponent>,
    _directory: tempfile::TempDir,
}

impl Example {
    async fn load(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::new(Limits::default(), directory.path()).unwrap();
        let admitted = engine.admit(guest(name)).await.unwrap();
        // What takes no configuration has no description of itself.
        if let Some(description) = &admitted.description {
            let of_crate = (format!("hookmill-example-{name}"), "0.1.0".to_owned());
            assert_eq!((description.name.clone(), description.version.clone()), of_crate);
        }
        let load = engine.load(admitted.digest, || async { Ok::<_, std::io::Error>(admitted.component.clone()) });
        let component = load.await.unwrap();
        Example { engine, component, _directory: directory }
    }

    async fn configured(&self, document: &str) -> Program {
        let compiled = self.engine.compile_configuration(&self.component, document).await.unwrap();
        Program { component: Arc::clone(&self.component), plan: Some(compiled.plan) }
    }
}

fn submission(lead: &str) -> Arc<Submission> {
    Arc::new(Submission {
        id: "req-0".into(),
        lead_id: None,
        lead: lead.to_owned(),
        is_test: false,
        received_at: 1_700_000_000_000,
        responses: vec![],
        bid: None,
        entropy: Entropy { high: 1, low: 2 },
    })
}

/// P9: what the README shows is what the component does, to the byte.
#[tokio::test]
async fn solar_does_what_its_readme_shows() {
    let example = Example::load("solar").await;
    let program = example.configured(&sample("solar", "configuration.json")).await;
    let mut session = example.engine.session(&program, context());
    let input: Value = serde_json::from_str(&sample("solar", "in.json")).unwrap();
    let mapped = session.map(vec![element(input)]).await.unwrap().remove(0).unwrap();
    let lead = &mapped.leads[0].as_ref().unwrap().lead;
    assert_eq!(lead, sample("solar", "out.json").trim_end());
    let rejected = r#"{"state":"OK","custom":{"bill":"150"}}"#;
    let verdicts = session
        .qualify(Severities::HARD | Severities::SOFT, vec![submission(lead), submission(rejected)])
        .await
        .unwrap();
    assert!(verdicts[0].as_ref().unwrap().qualified);
    let failed = &verdicts[1].as_ref().unwrap().failed;
    assert_eq!((failed.len(), failed[0].rule.as_str(), failed[0].severity), (1, "area", Severity::Hard));
    assert_eq!(session.finish().faults.len(), 0);
}

/// P9, M3: an example without a configuration; its JSONPath queries run in the sandbox within its limits, for a batch as for one.
#[tokio::test]
async fn facebook_does_what_its_readme_shows() {
    let example = Example::load("facebook").await;
    let program = Program { component: Arc::clone(&example.component), plan: None };
    let mut session = example.engine.session(&program, context());
    let input: Value = serde_json::from_str(&sample("facebook", "in.json")).unwrap();
    let elements = (0..100).map(|_| element(input.clone())).chain([element(Value::Null)]).collect();
    let mut mapped = session.map(elements).await.unwrap();
    let told = format!("{:?}", mapped.pop().unwrap());
    assert!(told.contains("no_contact"), "{told}");
    for lead in mapped {
        assert_eq!(lead.unwrap().leads[0].as_ref().unwrap().lead, sample("facebook", "out.json").trim_end());
    }
    assert_eq!(session.finish().faults.len(), 0);
}

/// P4, P9: a bad configuration is rejected with its places; a campaign without one gets an error for each lead.
#[tokio::test]
async fn solar_says_what_is_wrong_with_its_configuration() {
    let example = Example::load("solar").await;
    let compile = async |document: &str| example.engine.compile_configuration(&example.component, document).await;
    let bad = "{\n  \"state\": [],\n  \"states\": [\"TX\", \"Ohio\"],\n  \"bill_min\": 5\n}";
    let Err(ConfigurationError::Diagnostics(said)) = compile(bad).await else { panic!("no diagnostics") };
    let told: Vec<_> = said.iter().map(|said| (said.line, said.column, said.code.as_str())).collect();
    assert_eq!(told, [(2, 12, "unknown_key"), (3, 20, "invalid")]);
    assert_eq!(said[0].suggestion.as_deref(), Some("did you mean `states`?"));

    let program = Program { component: Arc::clone(&example.component), plan: None };
    let mut session = example.engine.session(&program, context());
    let results = session.map(vec![element(Value::Null)]).await.unwrap();
    let told = format!("{:?}", results[0]);
    assert!(told.contains("not_configured"), "{told}");
}

/// The schema comes out of the sandbox's small stack, and names the author's fields.
#[tokio::test]
async fn solar_publishes_its_schema() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(Limits::default(), directory.path()).unwrap();
    let description = engine.admit(guest("solar")).await.unwrap().description.unwrap();
    let schema: Value = serde_json::from_str(&description.configuration_schema.unwrap()).unwrap();
    assert_eq!(schema["properties"]["bill_min"]["type"], "integer");
    assert_eq!(schema["required"], serde_json::json!(["states", "bill_min"]));
}
