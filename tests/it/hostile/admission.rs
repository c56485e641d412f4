//! What is not admitted, and in which words; and that a rejection leaves nothing behind (P2).

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use hookmill_engine::{Admitted, Compiler, Engine, ItemError, Limits, NotAdmitted};
use hookmill_tests::{Forge, Random, process};
use serde_json::json;

use super::fixtures::{element, format_rejection, limits, load, session};

/// The contract's `mapping`, empty.
const NOTHING: &str = r#"(instance $i) (export "hookmill:plugin/mapping@1.0.0" (instance $i))"#;
/// How long any admission may take here: far more than it does, far less than forever.
const PATIENCE: Duration = Duration::from_secs(300);

fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn good() -> Vec<u8> {
    Forge::new().component().unwrap()
}

/// A component with these functions beside the good one.
fn with(functions: &str) -> Vec<u8> {
    Forge::new().item(functions).component().unwrap()
}

fn importing(import: &str) -> Vec<u8> {
    text(&format!("(component {import} {NOTHING})"))
}

/// The bytes with one more section at their end.
fn section(mut bytes: Vec<u8>, kind: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    bytes.push(kind);
    bytes.extend([(length & 0x7f | 0x80) as u8, (length >> 7 & 0x7f | 0x80) as u8, (length >> 14) as u8]);
    bytes.extend(content);
    bytes
}

/// The good component with components in components in it.
fn nested(depth: usize) -> Vec<u8> {
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    let inner = (0..depth).fold(EMPTY.to_vec(), |inner, _| section(EMPTY.to_vec(), 4, &inner));
    section(good(), 4, &inner)
}

async fn admit(engine: &Engine, bytes: Vec<u8>) -> Result<Admitted, NotAdmitted> {
    tokio::time::timeout(PATIENCE, engine.admit(bytes)).await.expect("an admission ends")
}

fn format_stages(admitted: &Admitted) -> String {
    admitted.stages.iter().map(|stage| stage.to_string()).collect::<Vec<_>>().join(", ")
}

/// Uploads each, and lists the outcomes. A rejection leaves no file and no instance.
async fn rejections(limits: Limits, compiler: Compiler, uploads: Vec<(&str, Vec<u8>)>) -> String {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::with_compiler(limits, directory.path(), compiler).unwrap();
    let mut told = String::new();
    for (name, bytes) in uploads {
        let outcome = match admit(&engine, bytes).await.map(|admitted| format_stages(&admitted)) {
            Ok(stages) => format!("admitted with {stages}"),
            Err(rejection) => format_rejection(&rejection),
        };
        writeln!(told, "{name}: {outcome}").unwrap();
        let is_admitted = outcome.starts_with("admitted");
        assert!(is_admitted || files(directory.path()) == ["authentication.key"], "{name} left something behind");
        assert_eq!(engine.stats().instances_alive, 0, "{name}");
        if is_admitted {
            std::fs::remove_dir_all(directory.path()).unwrap();
            std::fs::create_dir(directory.path()).unwrap();
            std::fs::write(directory.path().join("authentication.key"), b"").unwrap();
        }
    }
    told
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// P2: no with every reason, and the suggested fix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected() {
    let other = |from: &str, to: &str| {
        let good = good();
        let at: Vec<usize> =
            (0..good.len() - from.len()).filter(|at| good[*at..].starts_with(from.as_bytes())).collect();
        let mut bytes = good.clone();
        at.iter().for_each(|at| bytes[*at..at + to.len()].copy_from_slice(to.as_bytes()));
        bytes
    };
    let custom = |bytes: Vec<u8>, content: &[u8]| section(bytes, 0, &[b"\x01x", content].concat());
    let told = rejections(
        Limits { component_bytes_max: 200_000, functions_max: 1_000, function_bytes_max: 10_000, ..limits() },
        Compiler::InProcess,
        vec![
            ("good", good()),
            ("nothing", vec![]),
            ("words", b"hello, plugin".to_vec()),
            ("text", b"(component)".to_vec()),
            ("native code", b"\x7fELF\x02\x01\x01".to_vec()),
            ("compiled code of wasmtime", b"\x7fELF\x02\x01\x01\0wasmtime".to_vec()),
            ("another WebAssembly", b"\0asm\x02\0\0\0".to_vec()),
            ("magic alone", b"\0asm".to_vec()),
            ("an empty module", text("(module)")),
            ("a module that imports", text(r#"(module (import "env" "print" (func)))"#)),
            ("a module of wasi", text(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) (func (export "_start")))"#)),
            ("a good module", Forge::new().core_module().unwrap()),
            ("a module without its export", Forge::new().world("export hookmill:plugin/shaping@1.0.0;").core_module().unwrap()),
            ("an empty component", text("(component)")),
            ("an empty stage", text(&format!("(component {NOTHING})"))),
            ("a stage that is a function", text(r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i "f"))) (instance $x (export "map" (func $f))) (export "hookmill:plugin/mapping@1.0.0" (instance $x)))"#)),
            ("a stage of another major version", other("mapping@1.0.0", "mapping@2.0.0")),
            ("a stage of a later version", other("mapping@1.0.0", "mapping@1.9.0")),
            ("a stage that nobody knows", other("plugin/mapping", "plugin/mopping")),
            ("a socket and a file", importing(r#"(import "evil:net/socket" (instance)) (import "wasi:http/types@0.2.0" (instance))"#)),
            ("an import with a long name", importing(&format!(r#"(import "evil:{}/socket" (instance))"#, "x".repeat(5_000)))),
            ("a version that does not end", importing(&format!(r#"(import "wasi:io/poll@0.2.{}" (instance))"#, "1".repeat(300)))),
            ("another version of the log", importing(r#"(import "hookmill:plugin/log@2.0.0" (instance))"#)),
            ("a function that the log has not", importing(r#"(import "hookmill:plugin/log@1.0.0" (instance (export "erase" (func))))"#)),
            ("a function of another type", importing(r#"(import "hookmill:plugin/log@1.0.0" (instance (export "write" (func (param "message" string)))))"#)),
            ("the log as a function", importing(r#"(import "hookmill:plugin/log@1.0.0" (func))"#)),
            ("the log as a component", importing(r#"(import "hookmill:plugin/log@1.0.0" (component))"#)),
            ("too large", vec![0; 200_001]),
            ("a component that becomes too large", custom(good(), &[7; 198_000])),
            ("something in a section of its own", custom(good(), b"\0\xff\xfe")),
            ("something behind the end", [good(), b"garbage".to_vec()].concat()),
            ("two in one", [good(), good()].concat()),
            ("too many functions", with(&"(func)".repeat(1_001))),
            ("too large a function", with(&format!("(func {})", "i32.const 1 drop ".repeat(4_000)))),
            ("too many core instances", text(&format!("(component (core module $m) {} {NOTHING})", "(core instance (instantiate $m))".repeat(31)))),
            ("components in components", nested(20)),
            ("many components in components", nested(5_000)),
            ("does not start", with("(func $s unreachable) (start $s)")),
            ("never starts", with("(func $s (loop $l (br $l))) (start $s)")),
        ],
    )
    .await;
    insta::assert_snapshot!("rejected", told);
}

/// P2: what is small and takes the compiler long, or makes it large, meets the child process's bounds. The host waits and continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiler_bombs() {
    let table = "(table $t 90000 funcref)";
    let straight = "(table.fill $t (i32.const 0) (ref.null func) (i32.const 90000))".repeat(20_000);
    let blocks = format!("(func {} {})", "block ".repeat(60_000), "end ".repeat(60_000));
    let branches = format!(
        "(func (param i32) {} (br_table {} (local.get 0)) {})",
        "block ".repeat(3_000),
        (0..100_000).map(|n| (n % 3_000).to_string() + " ").collect::<String>(),
        "end ".repeat(3_000)
    );
    let locals = (0..20).map(|_| format!("(func (local {}))", "i64 ".repeat(49_000))).collect::<String>();
    let many = "(func (result i32) (i32.add (i32.const 1) (call $realloc (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1))))".repeat(90_000);
    let segment = format!("(elem (table $t) (offset (global.get $at)) func {})", "$realloc ".repeat(10_000));
    let elements = format!("(global $at i32 (i32.const 0)) {table} {}", segment.repeat(20));
    let limits = Limits { compile_cpu_s_max: 2, compile_wall_s_max: 120, ..limits() };
    let told = rejections(
        limits,
        Compiler::Child(process::binary()),
        vec![
            ("good", good()),
            ("twenty thousand bulk operations in a line", with(&format!("{table} (func {straight})"))),
            ("sixty thousand blocks in blocks", with(&blocks)),
            ("branches to everywhere", with(&branches)),
            ("a million locals", with(&locals)),
            ("ninety thousand functions", with(&many)),
            ("two hundred thousand elements to be placed", with(&elements)),
        ],
    )
    .await;
    println!("{told}");
    // Which of them a machine can compile in two seconds is not ours to say; that each ends, and in which words, is.
    for line in told.lines() {
        let outcome = line.split_once(": ").unwrap().1;
        let stopped = outcome.starts_with("does_not_compile: ") && outcome.contains("`compile_cpu_s_max` is 2");
        let invalid = outcome.starts_with("invalid: ") || outcome.starts_with("function_too_large: ");
        let rejected = outcome.starts_with("does_not_compile: hookmill: ");
        assert!(outcome.starts_with("admitted") || stopped || invalid || rejected, "{line}");
    }
}

/// Damaged bytes are rejected or run within their bounds; never does anything of the host's fall over.
async fn survives(engine: &Engine, bytes: Vec<u8>, name: &str) {
    match admit(engine, bytes).await {
        Err(rejection) => {
            let told = format_rejection(&rejection);
            assert!(!told.contains("the host failed") && !told.contains("panicked"), "{name}: {told}");
        }
        Ok(admitted) => {
            assert!(!format_stages(&admitted).is_empty(), "{name} serves nothing");
            let loaded = load(engine, admitted.component).await.unwrap();
            if !loaded.stages().has(hookmill_engine::Stage::Map) {
                return;
            }
            let outcomes = session(engine, &loaded, None).map(vec![element(&json!({}))]).await.unwrap();
            for outcome in outcomes {
                if let Err(ItemError::Fault(fault)) = outcome {
                    assert_ne!(fault.kind, hookmill_engine::FaultKind::Host, "{name}: {}", fault.message);
                }
            }
        }
    }
}

fn small_engine(directory: &Path) -> Engine {
    let limits = Limits { deadline_base_ms: 10, deadline_configure_ms: 10, deadline_tick_ms: 1, ..limits() };
    Engine::new(limits, directory).unwrap()
}

/// P2: a component cut anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    let engine = small_engine(directory.path());
    let good = good();
    for length in 0..good.len() {
        survives(&engine, good[..length].to_vec(), &format!("cut to {length}")).await;
    }
    assert_eq!(engine.stats().instances_alive, 0);
}

/// P2: a component with some bytes changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    let engine = small_engine(directory.path());
    let good = Forge::new()
        .world("import hookmill:plugin/log@1.0.0;")
        .import(r#"(import "hookmill:plugin/log@1.0.0" "write" (func $log (param i32 i32 i32)))"#);
    let good = good.before_map("(call $log (i32.const 1) (i32.const 0) (i32.const 9))").component().unwrap();
    let seed = Random::seed();
    let mut random = Random::new(seed);
    for round in 0..1_500 {
        let mut bytes = good.clone();
        for _ in 0..random.between(1, 4) {
            let at = random.between(8, bytes.len() as u64 - 1) as usize;
            bytes[at] =
                if random.once_in(3) { bytes[at] ^ 1 << random.between(0, 7) } else { random.between(0, 255) as u8 };
        }
        survives(&engine, bytes, &format!("round {round} of seed {seed}")).await;
    }
    let stats = engine.stats();
    println!("1500 changed components: {} compiled, faults {:?}", stats.compilations, stats.faults);
    assert_eq!(stats.instances_alive, 0);
}
