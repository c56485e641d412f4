//! Where attacks are tried: an engine with small limits, items for every stage, and words for what came out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookmill_engine::contract::{
    ClientResponse, Destination, DestinationKind, Entropy, Inbound, Severities, Subject, Submission,
};
use hookmill_engine::{
    ConfigurationError, Digest, Engine, Fault, ItemError, Limits, LoadError, LoadedComponent, NotAdmitted, Outcomes,
    Phase, Program, Session, SessionReport, Stage,
};
use serde_json::{Value, json};

use crate::engine::context;

/// Items of one attacked batch, and the place of the culprit.
pub const ITEMS: usize = 8;
pub const CULPRIT: usize = 5;

/// Small enough for a test, large enough for what is not an attack.
pub fn limits() -> Limits {
    Limits {
        memory_bytes_max: 24 << 20,
        deadline_base_ms: 80,
        deadline_per_item_us: 200,
        deadline_configure_ms: 80,
        deadline_tick_ms: 2,
        bisection_cpu_ms_max: 20_000,
        instances_max: 16,
        ..Limits::default()
    }
}

/// A component built by `cargo xtask plugins`.
#[expect(clippy::disallowed_methods, reason = "where the components lie is a matter of how the tests are run")]
pub fn guest(name: &str) -> Vec<u8> {
    let directory = std::env::var_os("HOOKMILL_GUESTS_DIR").map(PathBuf::from);
    let directory = directory.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins"));
    let file = directory.join(name).with_extension("wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", file.display()))
}

/// The hostile plugin with a behaviour written over one of its marks.
pub fn marked(mark: &str, behaviour: &str) -> Vec<u8> {
    let mut bytes = guest("hostile");
    let sign = format!("{mark}=-");
    let at = bytes.windows(sign.len()).position(|window| window == sign.as_bytes()).expect("the mark is there");
    let at = at + mark.len() + 1;
    bytes[at..at + behaviour.len()].copy_from_slice(behaviour.as_bytes());
    bytes
}

/// An engine that shares compiled code with the other tests.
pub fn engine(limits: Limits) -> Engine {
    Engine::new(limits, &hookmill_tests::world::cache()).expect("an engine")
}

/// Loads bytes that no admission saw.
pub async fn load(engine: &Engine, bytes: Vec<u8>) -> Result<Arc<LoadedComponent>, LoadError> {
    engine.load(Digest::of(&bytes), || async { Ok::<_, std::io::Error>(bytes) }).await
}

pub fn session(engine: &Engine, component: &Arc<LoadedComponent>, plan: Option<&str>) -> Session {
    let plan = plan.map(|plan| Arc::from(plan.as_bytes()));
    engine.session(&Program { component: Arc::clone(component), plan }, context())
}

pub fn element(body: &Value) -> Inbound {
    crate::engine::element(body.clone())
}

fn submission(lead: &Value) -> Arc<Submission> {
    Arc::new(Submission {
        id: "req-0".into(),
        lead_id: None,
        lead: lead.to_string(),
        is_test: false,
        received_at: 1_700_000_000_000,
        responses: vec![],
        bid: None,
        entropy: Entropy { high: 1, low: 2 },
    })
}

fn destination() -> Destination {
    Destination {
        kind: DestinationKind::Client,
        id: "end".into(),
        name: "Client".into(),
        method: "POST".into(),
        url: "https://client.example/".into(),
        content_type: "application/json".into(),
        settings: None,
    }
}

fn response(body: &Value) -> ClientResponse {
    ClientResponse {
        submission_id: "req-0".into(),
        attempt: 1,
        status: Some(200),
        headers: vec![],
        body: body.to_string().into_bytes(),
        truncated: false,
        error: None,
    }
}

/// Good items but one, which does what `behaviour` says.
pub fn batch(behaviour: &str) -> Vec<Value> {
    let mut items: Vec<_> = (0..ITEMS).map(|n| json!({ "email": format!("lead{n}@example.com") })).collect();
    items[CULPRIT]["do"] = json!(behaviour);
    items
}

/// Runs the items through one stage.
pub async fn run(session: &mut Session, stage: Stage, items: &[Value]) -> Vec<Result<(), ItemError>> {
    let submissions = || items.iter().map(submission).collect();
    match stage {
        Stage::Map => ends(session.map(items.iter().map(element).collect()).await),
        Stage::Enrich => ends(session.enrich(submissions()).await),
        Stage::Qualify => ends(session.qualify(Severities::HARD, submissions()).await),
        Stage::Shape => {
            let subjects = items.iter().map(|lead| Subject::Submission(submission(lead)));
            ends(session.shape(destination(), subjects.collect()).await)
        }
        Stage::Interpret => ends(session.interpret(destination(), items.iter().map(response).collect()).await),
    }
}

fn ends<T, E: std::fmt::Debug>(outcomes: Result<Outcomes<T>, E>) -> Vec<Result<(), ItemError>> {
    outcomes.expect("the stage is there").into_iter().map(|outcome| outcome.map(|_| ())).collect()
}

/// Attacks each stage with one bad item among good ones, and lists the outcomes, once for stages with the same end.
pub async fn attack_stages(engine: &Engine, component: &Arc<LoadedComponent>, behaviour: &str) -> String {
    let mut ends: Vec<(String, Vec<&str>)> = Vec::new();
    for &stage in Stage::ALL {
        let phase = Phase::from(stage).as_str();
        let told = attack_stage(engine, component, stage, behaviour).await;
        let told = told.replace(&format!("`{phase}`"), "`STAGE`").replace(&format!("in {phase}"), "in STAGE");
        match ends.iter_mut().find(|(end, _)| *end == told) {
            Some((_, phases)) => phases.push(phase),
            None => ends.push((told, vec![phase])),
        }
    }
    ends.iter().map(|(told, phases)| format!("{}: {told}\n", phases.join(", "))).collect()
}

/// Afterwards the session serves good items again.
async fn attack_stage(engine: &Engine, component: &Arc<LoadedComponent>, stage: Stage, behaviour: &str) -> String {
    let mut session = session(engine, component, None);
    let ends = run(&mut session, stage, &batch(behaviour)).await;
    let told = format_results(&ends);
    let after = run(&mut session, stage, &batch("")).await;
    assert!(after.iter().all(Result::is_ok), "{behaviour} at {stage}: the session is spoilt: {after:?}");
    let report = session.finish();
    assert_eq!(engine.stats().instances_alive, 0, "{behaviour} at {stage}");
    format!("{told}\n  {}", used(&report))
}

/// What became of each item, in few words.
pub fn format_results(ends: &[Result<(), ItemError>]) -> String {
    let good = ends.iter().filter(|end| end.is_ok()).count();
    let mut words = vec![format!("{good} of {} good", ends.len())];
    for (place, end) in ends.iter().enumerate() {
        match end {
            Ok(()) => {}
            Err(error) => words.push(format!("\n  item {place}: {}", format_error(error))),
        }
    }
    words.concat()
}

fn format_error(error: &ItemError) -> String {
    match error {
        ItemError::Failure(failure) => format!("failure {}: {}", failure.code, short(&failure.message)),
        ItemError::Fault(fault) => format_fault(fault),
        ItemError::Postponed => "postponed".to_owned(),
    }
}

/// A fault in one line.
pub fn format_fault(fault: &Fault) -> String {
    let limit = fault.limit.map_or(String::new(), |limit| format!(" [{} = {}]", limit.name, limit.value));
    format!("{} in {}{limit}: {}", fault.kind.code(), fault.phase, short(&steady(&fault.message)))
}

/// A rejection, a reason a line.
pub fn format_rejection(rejection: &NotAdmitted) -> String {
    if let NotAdmitted::Host { reason } = rejection {
        return format!("the host failed: {reason}");
    }
    let reasons = rejection.reasons().iter();
    let lines = reasons.map(|reason| format!("{}: {} ({})", reason.code, short(&steady(&reason.message)), reason.hint));
    lines.collect::<Vec<_>>().join("\n")
}

/// Why a configuration did not compile.
pub fn format_configuration_error(error: &ConfigurationError) -> String {
    match error {
        ConfigurationError::Diagnostics(diagnostics) => {
            let first = diagnostics.first().map_or(String::new(), |first| short(&first.message));
            format!("{} diagnostics, the first: {first}", diagnostics.len())
        }
        ConfigurationError::Fault(fault) => format_fault(fault),
        ConfigurationError::NotConfigurable => "not configurable".to_owned(),
    }
}

fn used(report: &SessionReport) -> String {
    let calls: u64 = report
        .calls
        .iter()
        .filter(|(phase, _)| Stage::ALL.iter().any(|s| **phase == (*s).into()))
        .map(|(_, calls)| calls)
        .sum();
    let faults: u64 = report.faults.values().sum();
    // How many an endless loop writes is the machine's affair.
    let dropped =
        if report.log_lines_dropped < 10_000 { report.log_lines_dropped.to_string() } else { "many".to_owned() };
    let longest = report.log.iter().map(|line| line.message.len()).max().unwrap_or(0);
    format!(
        "calls {calls}, instances {}, faults {faults}, log {} kept ({longest} bytes at most) {dropped} dropped",
        report.instances,
        report.log.len()
    )
}

/// The start of a long text.
fn short(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    if start.len() < text.len() { format!("{start}… ({} bytes)", text.len()) } else { start }
}

/// The text without what differs from run to run and from machine to machine: measured times, places in files, and in which
/// function a tick met the guest.
pub fn steady(text: &str) -> String {
    let text = without_functions(text);
    let text = without_number(&text, "it used ", " of ");
    let text = without_number(&text, ".rs:", ":");
    without_number(&text, ".rs:_:", "\n")
}

/// Leaves out "; in `this`, called by `that`".
fn without_functions(text: &str) -> String {
    let Some((before, names)) = text.split_once("; in `") else { return text.to_owned() };
    let mut rest = names.split_once('`').map_or("", |(_, rest)| rest);
    while let Some(caller) = rest.strip_prefix(", called by `") {
        rest = caller.split_once('`').map_or("", |(_, rest)| rest);
    }
    format!("{before}{rest}")
}

/// Replaces the digits after each `before`, where `after` or the text's end follows them.
fn without_number(text: &str, before: &str, after: &str) -> String {
    let mut parts = text.split(before);
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.len() < part.len() && (rest.starts_with(after) || rest.is_empty());
        steady.push_str(before);
        steady.push_str(if is_number { "_" } else { "" });
        steady.push_str(if is_number { rest } else { part });
    }
    steady
}
