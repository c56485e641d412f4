//! What an attacker of a host with many tenants tries next: to find what others left, to use up what all share, and to be many.

use std::sync::Arc;
use std::time::Duration;

use hookmill_engine::contract::Mapped;
use hookmill_engine::{Engine, FaultKind, ItemError, Limits, Stage};
use hookmill_tests::Forge;
use serde_json::{Value, json};

use super::fixtures::{batch, element, engine, guest, limits, load, run, session};

/// Loops over an address from `from` to `to` in steps of `step`.
fn over(from: u32, to: u32, step: u32, body: &str) -> String {
    format!(
        "(local $at i32) (local.set $at (i32.const {from}))
        (loop $next {body}
            (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const {step}))) (i32.const {to}))))"
    )
}

async fn map_once(engine: &Engine, forge: &Forge) -> Result<Mapped, ItemError> {
    let loaded = load(engine, forge.component().unwrap()).await.unwrap();
    let mut session = session(engine, &loaded, None);
    session.map(vec![element(&json!({}))]).await.unwrap().remove(0)
}

/// P4: nothing of one instance is found by the next in its place: not in memory, not in what grew, not in tables, not after a trap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_for_the_next() {
    let engine = engine(Limits { instances_max: 1, threads: 1, deadline_base_ms: 2_000, ..limits() });
    let two = r#"(memory (export "memory") 4 300) (memory $b 0 60)"#;
    let table = "(table $t 1 10000 funcref) (elem declare func $before) (global $g (mut i32) (i32.const 7))";
    let grow = "(drop (memory.grow (i32.const 200))) (drop (memory.grow $b (i32.const 50))) (drop (table.grow $t (ref.null func) (i32.const 9000)))";
    // Leaves a mark on every page and in every place, and ends well, by a trap or by its deadline.
    let leave = |end: &str| {
        let mark = over(65_536, 204 << 16, 4_096, "(i64.store (local.get $at) (i64.const 0x5ec3e7))");
        let mark = format!(
            "{} (memory.fill $b (i32.const 0) (i32.const 7) (i32.const 3276800))
            (table.fill $t (i32.const 0) (ref.func $before) (i32.const 9001)) (global.set $g (i32.const 99)) {end}",
            mark.replacen("(local.set", &format!("{grow} (local.set"), 1)
        );
        Forge::new().memory(two).item(table).before_map(&mark)
    };
    let look =
        over(65_536, 204 << 16, 4_096, "(if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))");
    let look = look.replacen("(local.set", &format!("{grow} (local.set"), 1)
        + &over(0, 3_276_800, 4_096, "(if (i32.load8_u $b (local.get $at)) (then unreachable))").replacen(
            "(local $at i32)",
            "",
            1,
        )
        + &over(0, 9_001, 1, "(if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then unreachable))")
            .replacen("(local $at i32)", "", 1)
        + "(if (i32.ne (global.get $g) (i32.const 7)) (then unreachable))";
    let look = look.replacen("(loop $next", "(loop $first", 1).replacen("br_if $next", "br_if $first", 1);
    let look = Forge::new().memory(two).item(table).before_map(&look);
    map_once(&engine, &look).await.expect("a fresh place is empty");
    for end in ["", "unreachable", "(loop $again (br $again))"] {
        let left = map_once(&engine, &leave(end)).await;
        assert_eq!(left.is_ok(), end.is_empty(), "{left:?}");
        map_once(&engine, &look).await.unwrap_or_else(|error| panic!("after `{end}`: {error:?}"));
    }
}

/// P3: each loaded component holds a file (the image of its memory). A thousand of them must not use up what connections need.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loaded_components_hold_few_files() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(Limits { loaded_components_max: 10, ..limits() }, directory.path()).unwrap();
    let data = |n: u32| Forge::new().item(&format!(r#"(data (i32.const 1024) "{n}")"#));
    for number in 0..60 {
        map_once(&engine, &data(number)).await.unwrap();
    }
    let modules: String = (0..200).map(|n| format!(r#"(core module (memory 1) (data (i32.const 0) "{n}"))"#)).collect();
    let many = wat::parse_str(format!("(component {modules} (instance $i) (export \"x\" (instance $i)))")).unwrap();
    load(&engine, many).await.unwrap();
    // The other tests' engines hold such files, too, so they are distinguished by this one's number of components alone.
    assert_eq!(engine.stats().compilations, 61);
    map_once(&engine, &data(59)).await.unwrap();
    assert_eq!(engine.stats().disk_hits, 0, "what was used last is still there");
    map_once(&engine, &data(0)).await.unwrap();
    assert_eq!(engine.stats().disk_hits, 1, "what was used first is not");
    assert_eq!(engine.stats().instances_alive, 0);
}

/// P3: what is done before the first instruction runs is bounded, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_is_bounded() {
    let engine = engine(limits());
    // More of them, and compiling them is what is stopped. Each segment's place is known only when an instance is made, so that all of them are written then, one over the other.
    let segments: String = (0..10)
        .map(|_| format!("(elem (table $t) (offset (global.get $at)) func {})", "$realloc ".repeat(2_000)))
        .collect();
    let bomb = format!("(table $t 90000 funcref) {segments}");
    let outer = Forge::new().item(&format!("(global $at i32 (i32.const 0)) {bomb}"));
    let loaded = load(&engine, outer.component().unwrap()).await.unwrap();
    let mut session = session(&engine, &loaded, None);
    let ends = session.map(vec![element(&json!({}))]).await.unwrap();
    let report = session.finish();
    assert!(ends[0].is_ok(), "{ends:?}");
    assert!(report.cpu_time_us < 100_000, "{}", report.cpu_time_us);
}

/// P3: a batch whose every lead returns as much as one may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_results_of_a_large_batch() {
    let engine = engine(Limits {
        output_item_bytes_max: 200_000,
        output_bytes_max: 2 << 20,
        deadline_per_item_us: 20_000,
        ..limits()
    });
    let loaded = load(&engine, guest("hostile")).await.unwrap();
    let lead = |n: usize| element(&json!({ "email": format!("{n}@x.example"), "note": "x".repeat(150_000) }));
    let mut session = session(&engine, &loaded, None);
    let ends = session.map((0..100).map(lead).collect()).await.unwrap();
    let good = ends.iter().filter(|end| end.is_ok()).count();
    let report = session.finish();
    println!(
        "100 results of 150 KB: {good} good, calls {:?}, high water {}",
        report.calls, report.memory_high_water_bytes
    );
    assert_eq!(good, 100);
}

/// P3: whoever starts many sessions and walks away from each leaves nothing running.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walking_away() {
    let engine = engine(Limits { deadline_base_ms: 60_000, threads: 2, ..limits() });
    let loaded = load(&engine, guest("hostile")).await.unwrap();
    let mut walkers = Vec::new();
    for _ in 0..40 {
        let (engine, loaded) = (engine.clone(), Arc::clone(&loaded));
        walkers.push(tokio::spawn(async move {
            let mut session = session(&engine, &loaded, None);
            let looping = run(&mut session, Stage::Map, &batch("loop")).await;
            panic!("nobody waits for {looping:?}");
        }));
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    walkers.iter().for_each(tokio::task::JoinHandle::abort);
    for walker in walkers {
        assert!(walker.await.unwrap_err().is_cancelled());
    }
    let mut session = session(&engine, &loaded, None);
    let good = batch("");
    let calm = run(&mut session, Stage::Map, &good);
    let ends = tokio::time::timeout(Duration::from_secs(10), calm).await.expect("the threads are free again");
    assert!(ends.iter().all(Result::is_ok));
    drop(session);
    // The last of them ends at its next tick.
    let gone = async {
        while engine.stats().instances_alive != 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("all of them end");
}

/// P2: many uploads of what never starts, at once; no file is left, and no place taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bad_uploads() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(limits(), directory.path()).unwrap();
    let bad = |n: u32| {
        Forge::new().item(&format!("(func $s (loop $l (br $l))) (start $s) (func (result i32) (i32.const {n}))"))
    };
    let uploads: Vec<_> = (0..30)
        .map(|n| {
            let (engine, bytes) = (engine.clone(), bad(n % 3).component().unwrap());
            tokio::spawn(async move { engine.admit(bytes).await })
        })
        .collect();
    for upload in uploads {
        assert_eq!(upload.await.unwrap().unwrap_err().reasons()[0].code, "does_not_start");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "only the key is left");
    map_once(&engine, &Forge::new()).await.unwrap();
    assert_eq!(engine.stats().instances_alive, 0);
}

/// P3: a plugin with many memories and tables in every session takes no place of anybody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_memories_in_many_sessions() {
    let engine = engine(Limits { instances_max: 6, ..limits() });
    let greedy = Forge::new().item(&"(memory 1)".repeat(3)).item(&"(table 1 funcref)".repeat(7));
    let greedy = load(&engine, greedy.component().unwrap()).await.unwrap();
    let mut greedy: Vec<_> = (0..5).map(|_| session(&engine, &greedy, None)).collect();
    for session in &mut greedy {
        assert!(session.map(vec![element(&json!({}))]).await.unwrap()[0].is_ok());
    }
    assert_eq!(engine.stats().instances_alive, 5);
    map_once(&engine, &Forge::new()).await.expect("there is a place for the sixth");
}

/// P3: every item faults, each in another way: CPU time is bounded for all of them together, and each has its own fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_culprit() {
    let engine = engine(Limits { bisection_cpu_ms_max: 300, deadline_base_ms: 40, ..limits() });
    let loaded = load(&engine, guest("hostile")).await.unwrap();
    let behaviours = ["loop", "memory", "trap", "deep", "huge", "short", "log-long", "unreachable"];
    let items: Vec<Value> = (0..200).map(|n| json!({ "do": behaviours[n % behaviours.len()] })).collect();
    let mut session = session(&engine, &loaded, None);
    let ends = run(&mut session, Stage::Map, &items).await;
    let culprits = ends.iter().filter(|end| matches!(end, Err(ItemError::Fault(_)))).count();
    let postponed = ends.iter().filter(|end| matches!(end, Err(ItemError::Postponed))).count();
    assert_eq!(culprits + postponed, 200);
    assert!(1 <= culprits);
    for (end, item) in ends.iter().zip(&items) {
        if let Err(ItemError::Fault(fault)) = end {
            let expected = match item["do"].as_str().unwrap() {
                "loop" => FaultKind::Deadline,
                "memory" => FaultKind::Memory,
                "deep" => FaultKind::Stack,
                "huge" => FaultKind::OutputSize,
                "short" => FaultKind::WrongLength,
                "log-long" => FaultKind::HostCallBytes,
                _ => FaultKind::Trap,
            };
            assert_eq!(fault.kind, expected, "{item}");
        }
    }
    let report = session.finish();
    println!("200 culprits: {culprits} found, {postponed} postponed, {} us", report.cpu_time_us);
    assert!(report.cpu_time_us < 3_000_000, "{}", report.cpu_time_us);
}
