//! Pre-initialisation: `initialize` runs once, every instance starts with what it left behind [P4].
//!
//! The plugin is `prepared.wasm`, built from `tests/guests/prepared` by `cargo xtask plugins`: its `initialize` builds a table of a
//! hundred thousand entries.

use std::path::Path;
use std::sync::Arc;

use hookmill_engine::contract::{Inbound, LookupError};
use hookmill_engine::{
    Compiler, Engine, FaultKind, Limits, LoadedComponent, Phase, Program, Session, SessionReport, SnapshotStatus,
    ValueSets,
};
use hookmill_tests::{Forge, World, on_both};
use serde_json::{Value, json};

use crate::engine::{context, element, guest, lead, load};

/// A sandbox in a directory of its own, with the prepared plugin in it.
struct Sandbox {
    engine: Engine,
    plugin: Arc<LoadedComponent>,
    directory: tempfile::TempDir,
}

impl Sandbox {
    async fn new(limits: Limits, compiler: Compiler) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::with_compiler(limits, directory.path(), compiler).unwrap();
        let bytes = guest("prepared");
        let admitted = engine.admit(bytes.clone()).await.unwrap();
        let plugin = load(&engine, admitted.digest, &bytes).await.unwrap();
        assert_eq!(plugin.snapshot_status(), &admitted.snapshot_status);
        Sandbox { engine, plugin, directory }
    }

    fn session(&self) -> Session {
        session(&self.engine, &self.plugin)
    }
}

fn session(engine: &Engine, plugin: &Arc<LoadedComponent>) -> Session {
    engine.session(&Program { component: Arc::clone(plugin), plan: None }, context())
}

/// The host's binary, which is the compiling process, too.
fn child() -> Compiler {
    Compiler::Child(hookmill_tests::process::binary())
}

async fn map_one(session: &mut Session, body: Value) -> Value {
    let results = session.map(vec![element(body)]).await.unwrap();
    lead(results[0].as_ref().unwrap())["custom"].clone()
}

/// P4: the first call of an instance is as fast as the second, since `initialize` does not run; without the snapshot it does.
#[tokio::test]
async fn a_first_call_is_as_fast_as_a_second() {
    let sandbox = Sandbox::new(Limits::default(), child()).await;
    assert!(sandbox.plugin.snapshot_status().is_taken(), "{:?}", sandbox.plugin.snapshot_status());
    let small = Sandbox::new(Limits { snapshot_bytes_max: 1_000, ..Limits::default() }, Compiler::InProcess).await;
    let (warm, cold) = (mapped(&sandbox, 2).await, mapped(&small, 2).await);
    assert_eq!(warm.calls, [(Phase::Start, 1), (Phase::Map, 2)].into());
    assert_eq!(cold.calls, [(Phase::Start, 1), (Phase::Initialize, 1), (Phase::Map, 2)].into());
    let (warm, cold) = (measured(&sandbox).await, measured(&small).await);
    println!("CPU us of the start with the first call, and of another: {warm:?} prepared, {cold:?} not");
    assert!(warm.0 * 2 < cold.0, "the snapshot saved nothing: {warm:?}, {cold:?}");
}

/// The CPU microseconds of a session with one call, and of a further call in it; the least of several.
async fn measured(sandbox: &Sandbox) -> (u64, u64) {
    let (mut one, mut many) = (u64::MAX, u64::MAX);
    for _ in 0..10 {
        one = one.min(mapped(sandbox, 1).await.cpu_time_us);
        many = many.min(mapped(sandbox, 11).await.cpu_time_us);
    }
    (one, many.saturating_sub(one) / 10)
}

/// A session of so many calls, each of which finds what `initialize` built.
async fn mapped(sandbox: &Sandbox, calls: u64) -> SessionReport {
    let mut session = sandbox.session();
    for leads in 1..=calls {
        let found = map_one(&mut session, json!({ "key": "0000000000000000" })).await;
        let asked = &found["asked"];
        let wanted = json!({ "entries": 100_000, "initialized": 1, "asked": asked, "leads": leads, "found": 0 });
        assert_eq!(found, wanted);
    }
    session.finish()
}

/// P4: what one instance changes in its image, no other sees, be it alive at the same time or later.
#[tokio::test]
async fn instances_of_a_snapshot_are_independent() {
    let sandbox = Sandbox::new(Limits::default(), Compiler::InProcess).await;
    let (mut one, mut two) = (sandbox.session(), sandbox.session());
    let mut leads = 0;
    for n in 0..20 {
        leads += 1;
        let found = map_one(&mut one, json!({ "insert": format!("new{n}"), "key": "new0" })).await;
        assert_eq!(
            (&found["entries"], &found["found"], &found["leads"]),
            (&json!(100_001 + n), &json!(0), &json!(leads))
        );
        let other = map_one(&mut two, json!({ "key": "new0" })).await;
        assert_eq!((&other["entries"], &other["found"]), (&json!(100_000), &Value::Null));
    }
    drop(one);
    for _ in 0..20 {
        let fresh = map_one(&mut sandbox.session(), json!({ "key": "new0" })).await;
        assert_eq!((&fresh["entries"], &fresh["leads"], &fresh["found"]), (&json!(100_000), &json!(1), &Value::Null));
    }
}

struct Colours;

impl ValueSets for Colours {
    fn get(&self, _table: &str, _key: &str) -> Result<Option<String>, LookupError> {
        Ok(Some("\"#f00\"".into()))
    }
}

/// P4, P8: `initialize` finds no table of any organization, in a snapshot as without, so that both give the same.
#[tokio::test]
async fn initialize_knows_nobody() {
    for snapshot_bytes_max in [16 << 20, 1_000] {
        let limits = Limits { snapshot_bytes_max, ..Limits::default() };
        let sandbox = Sandbox::new(limits, Compiler::InProcess).await;
        let mut session = sandbox.session().with_value_sets(Arc::new(Colours));
        let found = map_one(&mut session, json!({})).await;
        assert!(found["asked"].as_str().unwrap().contains("not-granted"), "{found}");
    }
}

/// P4: a snapshot that would be too large is none, and the report names the bound.
#[tokio::test]
async fn an_image_has_a_bound() {
    let limits = Limits { snapshot_bytes_max: 1_000, ..Limits::default() };
    let sandbox = Sandbox::new(limits, child()).await;
    let SnapshotStatus::Unavailable { reason } = sandbox.plugin.snapshot_status() else {
        panic!("{:?}", sandbox.plugin.snapshot_status())
    };
    assert!(reason.contains("`snapshot_bytes_max` is 1000"), "{reason}");
}

/// P4: the snapshot and the report are kept with the compiled code; a host with another bound makes its own.
#[tokio::test]
async fn the_report_is_kept() {
    let sandbox = Sandbox::new(Limits::default(), Compiler::InProcess).await;
    let (digest, report) = (sandbox.plugin.digest(), sandbox.plugin.snapshot_status().clone());
    let restarted = |limits| Engine::new(limits, sandbox.directory.path()).unwrap();
    let engine = restarted(Limits::default());
    assert_eq!(engine.snapshot_status(digest).await.as_ref(), Some(&report));
    let again = load(&engine, digest, &[]).await.unwrap();
    assert_eq!((again.snapshot_status(), engine.stats().compilations), (&report, 0));
    assert_eq!(map_one(&mut session(&engine, &again), json!({})).await["entries"], 100_000);
    let other = restarted(Limits { snapshot_bytes_max: 1_000, ..Limits::default() });
    assert_eq!(other.snapshot_status(digest).await, None);
    assert!(!load(&other, digest, &guest("prepared")).await.unwrap().snapshot_status().is_taken());
    assert_eq!(engine.snapshot_status(digest).await.as_ref(), Some(&report));
}

/// P4: a plugin without `lifecycle` has nothing to prepare.
#[tokio::test]
async fn most_have_nothing_to_prepare() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(Limits::default(), directory.path()).unwrap();
    assert_eq!(engine.admit(guest("solar")).await.unwrap().snapshot_status, SnapshotStatus::NotNeeded);
}

on_both! {
    /// P4: the response to an upload says how instances are initialised, and why not from a snapshot; later, too.
    async fn the_response_to_an_upload_has_the_report(kind: Kind) {
        let world = World::new(kind).await;
        for (name, bytes, state) in [
            ("ready", guest("prepared"), "taken"),
            ("odd", odd(GROWS), "unavailable"),
            ("plain", guest("solar"), "not_needed"),
        ] {
            let uploaded = world.admin.put_bytes(&format!("/v1/plugins/{name}"), bytes).await.expect(201);
            let report = &uploaded.json["snapshot"];
            assert_eq!(report["state"], state, "{report}");
            assert_eq!(report["snapshot_bytes"].is_u64(), state == "taken", "{report}");
            assert_eq!(report["reason"].as_str().is_some_and(|reason| reason.contains("table.grow")), state == "unavailable", "{report}");
            let versions = world.admin.get(&format!("/v1/plugins/{name}")).await.expect(200);
            assert_eq!(&versions.json["items"][0]["snapshot"], report);
        }
        world.stop().await;
    }
}

/// Its `initialize` changes a table.
const GROWS: &str =
    r#"(table $t 1 funcref) (func (export "init") (drop (table.grow $t (ref.null func) (i32.const 1))))"#;

/// A good plugin with these parts in its core module, of which the function `init` is its `initialize`.
fn odd(parts: &str) -> Vec<u8> {
    odd_in(r#"(memory (export "memory") 4)"#, parts)
}

/// The same with another memory.
fn odd_in(memory: &str, parts: &str) -> Vec<u8> {
    let parts = parts.replace(r#"(export "init")"#, r#"(export "hookmill:plugin/lifecycle@1.0.0#initialize")"#);
    let forge = Forge::new().world("export hookmill:plugin/lifecycle@1.0.0;").memory(memory).item(&parts);
    forge.component().unwrap()
}

async fn admitted(parts: &str, directory: &Path) -> Result<SnapshotStatus, String> {
    let limits = Limits { deadline_configure_ms: 200, ..Limits::default() };
    let engine = Engine::with_compiler(limits, directory, child()).unwrap();
    engine.admit(odd(parts)).await.map(|admitted| admitted.snapshot_status).map_err(|rejection| rejection.to_string())
}

/// P2, P4: what can't be kept runs as it is, and the reason is reported; what could never start is rejected with its fault.
#[tokio::test]
async fn what_has_no_snapshot_still_runs() {
    let directory = tempfile::tempdir().unwrap();
    let reason = async |parts: &str| match admitted(parts, directory.path()).await {
        Ok(SnapshotStatus::Unavailable { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(GROWS).await.contains("table.grow"));
    let vector = r#"(global (mut v128) (v128.const i64x2 1 2)) (func (export "init"))"#;
    assert!(reason(vector).await.contains("v128"));
    let plain = r#"(func (export "init"))"#;
    assert!(matches!(admitted(plain, directory.path()).await, Ok(SnapshotStatus::Taken { snapshot_bytes: 0 })));
    for (parts, fault) in [
        (r#"(func (export "init") (unreachable))"#, "`initialize` failed: wasm trap: wasm `unreachable`"),
        (r#"(func (export "init") (loop (br 0)))"#, "`deadline_us` is 200000"),
        (r#"(func (export "init") (drop (memory.grow (i32.const 2000))) (unreachable))"#, "`memory_bytes_max`"),
    ] {
        let rejection = admitted(parts, directory.path()).await.unwrap_err();
        assert!(rejection.contains("`initialize`") && rejection.contains(fault), "{rejection}");
    }
}

/// P3: the largest image, in the largest memory, in as many pieces as it can have, fits the compiling process; and an instance of
/// it starts as fast as any.
#[tokio::test]
async fn the_largest_image() {
    const MEMORY: &str = r#"(memory (export "memory") 1024)"#;
    const PARTS: &str = r#"
        (func (export "init") (local $i i32)
            (loop (i32.store8 (local.get $i) (i32.const 1))
                (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 6))) (i32.const 16777216)))))"#;
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::with_compiler(Limits::default(), directory.path(), child()).unwrap();
    let admitted = engine.admit(odd_in(MEMORY, PARTS)).await.unwrap();
    assert!(matches!(admitted.snapshot_status, SnapshotStatus::Taken { snapshot_bytes: 16_777_213.. }), "{admitted:?}");
    let plugin = load(&engine, admitted.digest, &admitted.component).await.unwrap();
    let mut started_us = Vec::new();
    for _ in 0..10 {
        let mut session = session(&engine, &plugin);
        session.map(vec![element(json!({}))]).await.unwrap();
        started_us.push(session.finish().cpu_time_us);
    }
    println!("CPU us of a start from 16 MiB: {started_us:?}");
    assert!(*started_us.iter().min().unwrap() < 3_000, "each instance copies its image: {started_us:?}");
}

/// P3: what stops the compiling process while it prepares is a reason, and the component is compiled without.
#[tokio::test]
async fn a_stopped_preparation_is_not_a_rejection() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (stopped, host) = (directory.path().join("stopped"), hookmill_tests::process::binary());
    let script = format!("#!/bin/sh\n[ \"$2\" = snapshot ] && kill -9 $$\nexec {} \"$@\"\n", host.display());
    std::fs::write(&stopped, script).unwrap();
    std::fs::set_permissions(&stopped, std::fs::Permissions::from_mode(0o700)).unwrap();
    let sandbox = Sandbox::new(Limits::default(), Compiler::Child(stopped)).await;
    let SnapshotStatus::Unavailable { reason } = sandbox.plugin.snapshot_status() else {
        panic!("{:?}", sandbox.plugin.snapshot_status())
    };
    assert!(reason.contains("taking the snapshot was stopped"), "{reason}");
    assert_eq!(map_one(&mut sandbox.session(), json!({})).await["initialized"], 1);
}

/// P3: a fault ends the instance of a snapshot like any other, and the next one starts from it again.
#[tokio::test]
async fn a_fault_leaves_the_snapshot_whole() {
    let sandbox = Sandbox::new(Limits::default(), Compiler::InProcess).await;
    let mut session = sandbox.session();
    assert_eq!(map_one(&mut session, json!({ "insert": "new" })).await["entries"], 100_001);
    let bad = Inbound { body: "{".into(), ..element(json!({})) };
    session.map(vec![bad]).await.unwrap();
    assert_eq!(map_one(&mut session, json!({})).await["entries"], 100_000);
    let report = session.finish();
    assert_eq!((report.faults, report.instances), ([(FaultKind::Trap, 1)].into(), 3));
    assert!(!report.calls.contains_key(&Phase::Initialize));
}
