//! What any call can do, tried in every export.

use hookmill_engine::{Engine, Limits, Stage};

use super::fixtures::{
    attack_stages, engine, format_configuration_error, format_fault, format_rejection, guest, limits, load, marked,
};
use super::fixtures::{batch, run, session};

/// Makes a test of each behaviour: all five stages, `compile`, `load`, `initialize` and `describe`.
macro_rules! acts {
    ($($(#[$meta:meta])* $test:ident: $behaviour:literal,)*) => {
        $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            insta::assert_snapshot!($behaviour, everywhere($behaviour).await);
        })*
    };
}

acts! {
    /// P3: CPU time is bounded, however it is burnt.
    endless_loop: "loop",
    endless_fill: "fill-loop",
    endless_copy: "copy-loop",
    endless_lookups: "lookup-loop",
    endless_log: "log-loop",
    /// P3: what a plugin claims about itself is not evidence.
    cry_wolf: "cry-wolf",
    /// P3: memory is bounded, in large pieces, in small ones and in one.
    memory: "memory",
    memory_in_small_pieces: "memory-small",
    memory_at_once: "memory-once",
    /// P3: the stack is bounded: the engine's, and the guest's own in linear memory.
    recursion: "deep",
    recursion_with_frames: "deep-frames",
    trap: "trap",
    unreachable: "unreachable",
    /// P3: the log is bounded, and what is dropped is counted; a panic after the flood is reported all the same.
    log_flood: "chatter",
    log_flood_and_trap: "log-then-trap",
    /// P3: what crosses to the host is bounded.
    long_line: "log-long",
    longer_line: "log-longer",
    long_key: "lookup-long",
}

async fn everywhere(behaviour: &str) -> String {
    let engine = engine(Limits { log_lines_max: 20, log_line_bytes_max: 100, ..limits() });
    let mut told = String::new();
    let component = load(&engine, guest("hostile")).await.unwrap();
    told += &attack_stages(&engine, &component, behaviour).await;
    told += &at_compile(&engine, behaviour).await;
    told += &at_load(&engine, behaviour).await;
    for mark in ["initialize", "describe"] {
        told += &format!("{mark}: {}\n", at_admission(&engine, mark, behaviour).await);
    }
    assert_eq!(engine.stats().instances_alive, 0);
    told
}

async fn at_compile(engine: &Engine, behaviour: &str) -> String {
    let component = load(engine, guest("hostile")).await.unwrap();
    match engine.compile_configuration(&component, behaviour).await {
        Ok(compiled) => format!("compile: good, {} bytes\n", compiled.plan.len()),
        Err(error) => format!("compile: {}\n", format_configuration_error(&error)),
    }
}

/// When it is saved, and when it was saved by a host that did not notice.
async fn at_load(engine: &Engine, behaviour: &str) -> String {
    let component = load(engine, guest("hostile")).await.unwrap();
    let plan = format!("at-load:{behaviour}");
    let saved = match engine.compile_configuration(&component, &plan).await {
        Ok(_) => "saved".to_owned(),
        Err(error) => format_configuration_error(&error),
    };
    let mut session = session(engine, &component, Some(&plan));
    let ends = run(&mut session, Stage::Map, &batch("")).await;
    let first = match &ends[0] {
        Ok(()) => "good".to_owned(),
        Err(hookmill_engine::ItemError::Fault(fault)) => format_fault(fault),
        Err(other) => format!("{other:?}"),
    };
    assert!(ends.iter().all(|end| end.is_ok() == ends[0].is_ok()), "{behaviour}: {ends:?}");
    let report = session.finish();
    let faults: u64 = report.faults.values().sum();
    format!("load: when saved: {saved}\n  in a session: {first}, faults {faults}, instances {}\n", report.instances)
}

/// Admission starts the component and asks it what it is. Where `initialize` is run only then, it is rejected then.
async fn at_admission(engine: &Engine, mark: &str, behaviour: &str) -> String {
    match engine.admit(marked(&format!("hostile-at-{mark}"), behaviour)).await {
        Ok(_) => "admitted".to_owned(),
        Err(rejection) => format_rejection(&rejection),
    }
}
