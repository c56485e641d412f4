//! The sandbox against a plugin that misbehaves as its input says [P3 P4 P5].
//!
//! The plugin is `hostile.wasm`, built from `tests/guests/hostile` by `cargo xtask plugins`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hookmill_engine::contract::{
    Campaign, Channel, Context, Entropy, Inbound, LookupError, Mapped, Organization, Origin, Severities,
};
use hookmill_engine::{
    ConfigurationError, Digest, Engine, FaultKind, ItemError, Limits, LoadError, LoadedComponent, MissingStage, Phase,
    Program, Session, Stage, ValueSets,
};
use serde_json::{Value, json};

/// A component built by `cargo xtask plugins`.
#[expect(clippy::disallowed_methods, reason = "where the components lie is a matter of how the tests are run")]
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let directory = std::env::var_os("HOOKMILL_GUESTS_DIR").map(PathBuf::from);
    let directory = directory.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins"));
    let file = directory.join(name).with_extension("wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", file.display()))
}

/// A sandbox in a directory of its own, with the hostile plugin in it.
struct Sandbox {
    engine: Engine,
    hostile: Arc<LoadedComponent>,
    directory: tempfile::TempDir,
}

impl Sandbox {
    async fn new(limits: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::new(limits, directory.path()).unwrap();
        let admitted = engine.admit(guest("hostile")).await.unwrap();
        let hostile = load(&engine, admitted.digest, &admitted.component).await.unwrap();
        Sandbox { engine, hostile, directory }
    }

    fn session(&self) -> Session {
        self.session_with(None)
    }

    fn session_with(&self, plan: Option<Arc<[u8]>>) -> Session {
        self.engine.session(&Program { component: Arc::clone(&self.hostile), plan }, context())
    }
}

pub(crate) async fn load(engine: &Engine, digest: Digest, bytes: &[u8]) -> Result<Arc<LoadedComponent>, LoadError> {
    engine.load(digest, || async { Ok::<_, std::io::Error>(bytes.to_vec()) }).await
}

/// Short deadlines, so that the tests are.
fn quick() -> Limits {
    Limits { deadline_base_ms: 40, deadline_per_item_us: 200, ..Limits::default() }
}

/// Deadlines that a guest which fills its memory meets on a busy machine: touching pages is CPU time, too.
fn roomy() -> Limits {
    Limits { deadline_base_ms: 250, bisection_cpu_ms_max: 20_000, ..quick() }
}

pub(crate) fn context() -> Context {
    Context {
        organization: Organization { id: "org".into(), name: "Org".into(), values: "{}".into() },
        campaign: Campaign {
            id: "SUMMER".into(),
            name: "Summer".into(),
            client: None,
            time_zone: "America/New_York".into(),
            phone_region: "US".into(),
            values: "{}".into(),
        },
        now: 1_700_000_000_000,
        run_id: "run".into(),
        trace: false,
    }
}

pub(crate) fn element(body: Value) -> Inbound {
    Inbound {
        submission_id: "req-0".into(),
        body: body.to_string(),
        headers: vec![],
        query: vec![],
        origin: Origin {
            channel: Channel::Batch,
            name: "key".into(),
            source_label: None,
            tag: None,
            remote_address: None,
        },
        received_at: 1_700_000_000_000,
        entropy: Entropy { high: 1, low: 2 },
    }
}

/// A hundred good leads, but those at the given places do something else.
fn hundred(bad: &[(usize, &str)]) -> Vec<Inbound> {
    let mut elements: Vec<_> = (0..100).map(|n| json!({ "email": format!("lead{n}@example.com"), "age": n })).collect();
    bad.iter().for_each(|(place, behaviour)| elements[*place]["do"] = json!(behaviour));
    elements.into_iter().map(element).collect()
}

pub(crate) fn lead(mapped: &Mapped) -> Value {
    assert_eq!(mapped.leads.len(), 1);
    serde_json::from_str(&mapped.leads[0].as_ref().unwrap().lead).unwrap()
}

/// The faults by place; asserts that every other lead is mapped as if it were alone.
fn faults(results: &[Result<Mapped, ItemError>]) -> Vec<(usize, FaultKind, String)> {
    let mut faults = Vec::new();
    for (place, result) in results.iter().enumerate() {
        match result {
            Ok(mapped) => assert_eq!(lead(mapped)["email"], format!("lead{place}@example.com")),
            Err(ItemError::Fault(fault)) => faults.push((place, fault.kind, fault.message.clone())),
            Err(other) => panic!("lead {place}: {other:?}"),
        }
    }
    faults
}

/// P4: a hundred leads of one campaign take one instance and one call.
#[tokio::test]
async fn a_batch_is_one_instance_and_one_call() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let before = sandbox.engine.stats();
    let mut session = sandbox.session();
    let results = session.map(hundred(&[])).await.unwrap();
    assert_eq!(faults(&results), []);
    let report = session.finish();
    assert_eq!(report.instances, 1);
    assert_eq!(report.calls[&Phase::Map], 1);
    assert!(0 < report.cpu_time_us && 0 < report.memory_high_water_bytes);
    let after = sandbox.engine.stats();
    assert_eq!(after.instances - before.instances, 1);
    assert_eq!(after.calls[&Phase::Map], 1);
    assert_eq!(after.items[&Phase::Map], 100);
    assert_eq!(after.instances_alive, 0);
}

/// P3: whatever lead 57 does, the other 99 are mapped, and the fault names the limit.
#[tokio::test]
async fn the_culprit_fails_alone() {
    let sandbox = Sandbox::new(roomy()).await;
    let table = [
        ("loop", FaultKind::Deadline, Some("deadline_us")),
        ("memory", FaultKind::Memory, Some("memory_bytes_max")),
        ("trap", FaultKind::Trap, None),
        ("deep", FaultKind::Stack, Some("stack_bytes_max")),
        ("huge", FaultKind::OutputSize, Some("output_bytes_max")),
        ("short", FaultKind::WrongLength, None),
        ("invalid-json", FaultKind::InvalidOutput, None),
        ("no-object", FaultKind::InvalidOutput, None),
    ];
    for (behaviour, kind, limit) in table {
        let mut session = sandbox.session();
        let results = session.map(hundred(&[(57, behaviour)])).await.unwrap();
        let found = faults(&results);
        assert_eq!(found.len(), 1, "{behaviour}: {found:?}");
        assert_eq!((found[0].0, found[0].1), (57, kind), "{behaviour}: {}", found[0].2);
        let Err(ItemError::Fault(fault)) = &results[57] else { unreachable!() };
        assert_eq!(fault.limit.map(|limit| limit.name), limit, "{behaviour}");
        assert!(fault.message.contains(limit.unwrap_or("`map`")), "{}", fault.message);
        let report = session.finish();
        assert_eq!(report.faults, [(kind, 1)].into(), "{behaviour}");
        assert!(report.calls[&Phase::Map] <= 15, "{behaviour}: {:?}", report.calls);
    }
    assert_eq!(sandbox.engine.stats().instances_alive, 0);
}

/// P9: the panic's message and place come with the trap.
#[tokio::test]
async fn a_panic_says_where() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let results = sandbox.session().map(hundred(&[(3, "trap")])).await.unwrap();
    let Err(ItemError::Fault(fault)) = &results[3] else { panic!("{:?}", results[3]) };
    let panic = fault.panic.as_deref().unwrap();
    assert!(panic.contains("a trap was asked for") && panic.contains("behave.rs"), "{panic}");
}

/// P9: components keep the names of functions, and what is stopped without a panic says where it was.
#[tokio::test]
async fn a_fault_names_the_function() {
    let sandbox = Sandbox::new(roomy()).await;
    for (behaviour, function) in
        [("deep", "hookmill_guest_hostile::behave::deep"), ("loop", "hookmill_guest_hostile::behave::act")]
    {
        let results = sandbox.session().map(vec![element(json!({ "do": behaviour }))]).await.unwrap();
        let Err(ItemError::Fault(fault)) = &results[0] else { panic!("{:?}", results[0]) };
        assert!(fault.message.contains(&format!("in `{function}`")), "{behaviour}: {}", fault.message);
    }
}

/// P3: two culprits of different kinds fail each with its own fault; a failure is a valid result and no fault.
#[tokio::test]
async fn several_culprits() {
    let sandbox = Sandbox::new(roomy()).await;
    let mut session = sandbox.session();
    let mut results = session.map(hundred(&[(0, "trap"), (1, "loop"), (50, "fail"), (99, "memory")])).await.unwrap();
    let Err(ItemError::Failure(failure)) = results.remove(50) else { panic!("no failure") };
    assert_eq!(failure.code, "asked_to_fail");
    let mut kinds = Vec::new();
    for (place, result) in results.iter().enumerate() {
        if let Err(ItemError::Fault(fault)) = result {
            kinds.push((place, fault.kind));
        }
    }
    assert_eq!(kinds, [(0, FaultKind::Trap), (1, FaultKind::Deadline), (98, FaultKind::Memory)]);
    assert_eq!(session.finish().faults.values().sum::<u64>(), 3);
}

/// P3: a plugin that loops on every lead can't hold the sandbox; what is not processed is requeued, and later sessions end it.
#[tokio::test]
async fn all_loop() {
    let sandbox = Sandbox::new(Limits { bisection_cpu_ms_max: 100, ..quick() }).await;
    let mut session = sandbox.session();
    let all: Vec<_> = (0..100).map(|place| (place, "loop")).collect();
    let results = session.map(hundred(&all)).await.unwrap();
    let culprits = results.iter().filter(|result| matches!(result, Err(ItemError::Fault(_)))).count();
    let postponed = results.iter().filter(|result| matches!(result, Err(ItemError::Postponed))).count();
    assert!(1 <= culprits && culprits + postponed == 100, "{culprits} culprits, {postponed} postponed");
    let cpu_time_us = session.finish().cpu_time_us;
    assert!(cpu_time_us < 1_000_000, "{cpu_time_us}");
    assert_eq!(sandbox.engine.stats().postponed, postponed as u64);
}

/// A list beyond the bound becomes several calls, and the caller does not notice.
#[tokio::test]
async fn long_lists_are_cut() {
    let sandbox = Sandbox::new(Limits { batch_items_max: 30, ..Limits::default() }).await;
    let mut session = sandbox.session();
    assert_eq!(faults(&session.map(hundred(&[])).await.unwrap()), []);
    assert_eq!(session.map(vec![]).await.unwrap().len(), 0);
    let report = session.finish();
    assert_eq!((report.instances, report.calls[&Phase::Map]), (1, 4));
}

/// P4: the stages of one session share an instance; nothing survives it, and nothing survives a fault.
#[tokio::test]
async fn nothing_survives_a_session() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let remembered = async |session: &mut Session| {
        let results = session.map(vec![element(json!({ "do": "remember" }))]).await.unwrap();
        lead(results[0].as_ref().unwrap())["custom"]["memory"].clone()
    };
    let mut session = sandbox.session_with(Some(Arc::from(*b"plan")));
    assert_eq!(remembered(&mut session).await, "plan");
    assert_eq!(remembered(&mut session).await, "plan+");
    session.map(vec![element(json!({ "do": "trap" }))]).await.unwrap();
    assert_eq!(remembered(&mut session).await, "plan");
    assert_eq!(session.finish().faults, [(FaultKind::Trap, 1)].into());
    assert_eq!(remembered(&mut sandbox.session()).await, "");
}

/// P4: a configuration is checked when it is saved; a plan that is rejected later is a fault of the program, counted once.
#[tokio::test]
async fn configurations() {
    let sandbox = Sandbox::new(Limits { deadline_configure_ms: 50, ..quick() }).await;
    let compile = async |document: &str| sandbox.engine.compile_configuration(&sandbox.hostile, document).await;
    assert_eq!(&*compile("anything").await.unwrap().plan, b"anything");
    let ConfigurationError::Diagnostics(diagnostics) = compile("reject").await.unwrap_err() else {
        panic!("no diagnostics")
    };
    assert_eq!(diagnostics[0].code, "asked_to_reject");
    let ConfigurationError::Fault(fault) = compile("loop").await.unwrap_err() else { panic!("no fault") };
    assert_eq!((fault.kind, fault.phase), (FaultKind::Deadline, Phase::Compile));
    let ConfigurationError::Fault(fault) = compile("reject-later").await.unwrap_err() else { panic!("no fault") };
    assert_eq!((fault.kind, fault.phase), (FaultKind::ConfigurationRejected, Phase::Load));

    let mut session = sandbox.session_with(Some(Arc::from(*b"reject-later")));
    let results = session.map(hundred(&[])).await.unwrap();
    assert!(results.iter().all(|result| {
        matches!(result, Err(ItemError::Fault(fault)) if fault.kind == FaultKind::ConfigurationRejected)
    }));
    assert_eq!(session.finish().faults, [(FaultKind::ConfigurationRejected, 1)].into());
}

/// P3: the log is bounded in length and number, and what is dropped is counted.
#[tokio::test]
async fn the_log_is_bounded() {
    let limits = Limits { log_lines_max: 20, log_line_bytes_max: 30, ..Limits::default() };
    let sandbox = Sandbox::new(limits).await;
    let mut session = sandbox.session();
    session.map(vec![element(json!({ "do": "chatter" }))]).await.unwrap();
    let report = session.finish();
    assert_eq!((report.log.len(), report.log_lines_dropped), (20, 980));
    assert!(report.log.iter().all(|line| line.message.len() == 30 && line.phase == Phase::Map));
}

struct Colours;

impl ValueSets for Colours {
    fn get(&self, table: &str, key: &str) -> Result<Option<String>, LookupError> {
        match (table, key) {
            ("colours", "red") => Ok(Some("\"#f00\"".into())),
            ("colours", _) => Ok(None),
            _ => Err(LookupError::Unknown),
        }
    }
}

/// P5: a table is read when it is granted, and only then.
#[tokio::test]
async fn tables_are_granted() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let found = async |mut session: Session| {
        let results = session.map(vec![element(json!({ "do": "lookup" }))]).await.unwrap();
        lead(results[0].as_ref().unwrap())["custom"]["found"].to_string()
    };
    assert!(found(sandbox.session()).await.contains("not-granted"));
    assert!(found(sandbox.session().with_value_sets(Arc::new(Colours))).await.contains("#f00"));
}

/// Tables of which none is in memory.
struct Elsewhere;

impl ValueSets for Elsewhere {
    fn get(&self, _: &str, _: &str) -> Result<Option<String>, LookupError> {
        Ok(None)
    }

    fn must_fetch(&self, _: &str) -> bool {
        true
    }
}

/// M7: a table that has to be fetched first ends the call at once. No lead is the culprit, so none is searched, and nothing is
/// answered of what the guest did not see.
#[tokio::test]
async fn a_table_that_is_elsewhere_ends_the_call() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let mut session = sandbox.session().with_value_sets(Arc::new(Elsewhere));
    let results = session.map(hundred(&[(57, "lookup")])).await.unwrap();
    let is_hosts = |result: &Result<Mapped, ItemError>| matches!(result, Err(ItemError::Fault(fault)) if fault.kind == FaultKind::Host);
    assert!(results.len() == 100 && results.iter().all(is_hosts), "{results:?}");
    assert_eq!(faults(&session.map(hundred(&[])).await.unwrap()), [], "the session goes on in a fresh instance");
    let report = session.finish();
    assert_eq!((report.calls[&Phase::Map], report.instances), (2, 2));
    assert_eq!(sandbox.engine.stats().bisections, 0);
}

/// M1: asking for a stage that is not there is the caller's mistake, and no fault of the plugin.
#[tokio::test]
async fn a_missing_stage_is_an_error() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let admitted = sandbox.engine.admit(hookmill_tests::Forge::new().component().unwrap()).await.unwrap();
    let component = load(&sandbox.engine, admitted.digest, &admitted.component).await.unwrap();
    let mut session = sandbox.engine.session(&Program { component, plan: None }, context());
    assert_eq!(session.qualify(Severities::HARD, vec![]).await, Err(MissingStage { stage: Stage::Qualify }));
    assert_eq!(session.stages().iter().collect::<Vec<_>>(), [Stage::Map]);
    assert!(!session.stages().is_configurable() && sandbox.session().stages().is_configurable());
}

/// A caller that gives up stops the guest, gives its place back, and may go on.
#[tokio::test]
async fn giving_up_leaks_nothing() {
    let sandbox = Sandbox::new(Limits { deadline_base_ms: 60_000, instances_max: 1, ..Limits::default() }).await;
    let mut session = sandbox.session();
    let endless = session.map(hundred(&[(0, "loop")]));
    assert!(tokio::time::timeout(Duration::from_millis(100), endless).await.is_err());
    assert_eq!(faults(&session.map(hundred(&[])).await.unwrap()), []);
    drop(session);
    assert_eq!(faults(&sandbox.session().map(hundred(&[])).await.unwrap()), []);
    assert_eq!(sandbox.engine.stats().instances_alive, 0);
}

/// P2, P4: compiled code is kept on disk; a file that was tampered with is ignored and made again.
#[tokio::test]
async fn tampering_with_the_cache_is_noticed() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let (digest, bytes) = (sandbox.hostile.digest(), guest("hostile"));
    let restarted = || Engine::new(Limits::default(), sandbox.directory.path()).unwrap();

    let engine = restarted();
    load(&engine, digest, &[]).await.expect("the compiled file is enough");
    assert_eq!((engine.stats().disk_hits, engine.stats().compilations), (1, 0));

    for damage in [
        |file: &mut Vec<u8>| file[5_000] ^= 1,
        |file: &mut Vec<u8>| file.truncate(4_000),
        |file: &mut Vec<u8>| file.clear(),
    ] {
        let path = compiled_file(sandbox.directory.path());
        let mut file = std::fs::read(&path).unwrap();
        damage(&mut file);
        std::fs::write(&path, file).unwrap();
        let engine = restarted();
        load(&engine, digest, &bytes).await.unwrap();
        assert_eq!((engine.stats().disk_rejections, engine.stats().compilations), (1, 1));
        let engine = restarted();
        load(&engine, digest, &[]).await.expect("the file was made again");
    }
}

fn compiled_file(directory: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "compiled")).unwrap()
}

/// O5: bytes that are not those of the digest are rejected, and so is a component that can't be fetched; the next try is free.
#[tokio::test]
async fn stored_bytes_must_be_the_right_ones() {
    let sandbox = Sandbox::new(Limits::default()).await;
    let (engine, digest) = (&sandbox.engine, Digest::of(b"another"));
    assert!(matches!(load(engine, digest, &guest("hostile")).await, Err(LoadError::Corrupt { .. })));
    let failed = engine.load(digest, || async { Err::<Vec<u8>, _>(std::io::Error::other("no database")) }).await;
    assert!(failed.unwrap_err().to_string().contains("no database"));
    assert!(matches!(load(engine, digest, b"another").await, Err(LoadError::Unusable { .. })));
}

/// P2, P5: an import that nobody grants is rejected by its name, with every other reason, and nothing is compiled.
#[tokio::test]
async fn ungranted_imports_are_rejected_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(Limits::default(), directory.path()).unwrap();
    let text = r#"(component
        (import "wasi:http/outgoing-handler@0.2.0" (instance))
        (import "hookmill:plugin/network@1.0.0" (instance)))"#;
    let rejection = engine.admit(wat::parse_str(text).unwrap()).await.unwrap_err();
    assert_eq!(rejection.reasons().len(), 2, "{rejection}");
    for (reason, name) in
        rejection.reasons().iter().zip(["wasi:http/outgoing-handler@0.2.0", "hookmill:plugin/network@1.0.0"])
    {
        assert_eq!(reason.code, "import_not_granted");
        assert!(reason.message.contains(name), "{}", reason.message);
    }
    assert_eq!(engine.stats().compilations, 0);
}

/// P2: an admitted component has a description and stages, and keeps its digest.
#[tokio::test]
async fn admission() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(Limits::default(), directory.path()).unwrap();
    let bytes = guest("hostile");
    let admitted = engine.admit(bytes.clone()).await.unwrap();
    assert_eq!((admitted.digest, &admitted.component), (Digest::of(&bytes), &bytes));
    assert!(Stage::ALL.iter().all(|&stage| admitted.stages.has(stage)) && admitted.stages.is_configurable());
    assert_eq!(admitted.description.unwrap().name, "hostile");
    let short = Engine::new(Limits { component_bytes_max: 1_000, ..Limits::default() }, directory.path()).unwrap();
    assert_eq!(short.admit(bytes).await.unwrap_err().reasons()[0].code, "too_large");
}
