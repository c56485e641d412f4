//! What a neighbour notices: its leads are processed while all attacks run, and afterwards memory, threads and
//! handles are where they were (P3).
//!
//! Measured in a process of its own, since the other tests in this one have memory and files, too. The figures are printed:
//! `cargo xtask test -- neighbour --nocapture`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookmill_engine::{Engine, Limits, LoadedComponent, Stage};
use serde_json::{Value, json};

use super::fixtures::{batch, element, guest, limits, load, run, session};

/// What is done to the engine: (stage, behaviour).
const ATTACKS: [(Stage, &str); 22] = [
    (Stage::Map, "loop"),
    (Stage::Map, "memory"),
    (Stage::Map, "memory-small"),
    (Stage::Map, "deep"),
    (Stage::Map, "huge"),
    (Stage::Map, "chatter"),
    (Stage::Map, "log-long"),
    (Stage::Map, "many-empty"),
    (Stage::Enrich, "fill-loop"),
    (Stage::Enrich, "trap"),
    (Stage::Enrich, "big-item"),
    (Stage::Qualify, "copy-loop"),
    (Stage::Qualify, "deep-frames"),
    (Stage::Qualify, "many-members"),
    (Stage::Shape, "lookup-loop"),
    (Stage::Shape, "memory-once"),
    (Stage::Shape, "deepest-output"),
    (Stage::Interpret, "log-loop"),
    (Stage::Interpret, "short"),
    (Stage::Interpret, "log-then-trap"),
    (Stage::Interpret, "unreachable"),
    (Stage::Interpret, "huge"),
];
/// Campaigns that attack at once, each with all of the above.
const ATTACKERS: usize = 3;
/// Leads of one batch of the neighbour.
const LEADS: usize = 50;

/// What a process holds.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    pub resident_kb: u64,
    pub threads: u64,
    pub files: usize,
    /// Connections: those to receivers are kept for a while, as many as the sender's bounds say.
    pub sockets: usize,
}

/// Reads it from `/proc`; `self` is this process.
pub fn read_resources(process: &str) -> Resources {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let number = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number")
    };
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).expect("its files");
    let targets = open.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let (sockets, files): (Vec<_>, Vec<_>) =
        targets.partition(|target| target.to_string_lossy().starts_with("socket:"));
    let (sockets, files) = (sockets.len(), files.len());
    Resources { resident_kb: number("VmRSS:"), threads: number("Threads:"), files, sockets }
}

/// Latencies, sorted.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort();
        Self(all)
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |percent| self.percentile(percent);
        write!(f, "{} batches, p50 {:.1?}, p99 {:.1?}, most {:.1?}", self.0.len(), of(50), of(99), of(100))
    }
}

/// P3: runs [`alone`] in a process of its own, and prints its output.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_notices_nothing() {
    let test = std::env::current_exe().expect("this program");
    let mut command = tokio::process::Command::new(test);
    command.args(["--exact", "hostile::neighbour::alone", "--ignored", "--nocapture"]).kill_on_drop(true);
    let output =
        tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("it ends").expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by `a_neighbour_notices_nothing` in a process of its own"]
async fn alone() {
    // Time enough to initialise the neighbour on any machine: without a snapshot of it each batch would, and that would be measured.
    let limits = Limits { threads: 2, deadline_configure_ms: 5_000, ..limits() };
    // What waits for a thread is at most a call of each attacker, twice over for the halves that are queued meanwhile.
    let longest_call =
        Duration::from_millis(limits.deadline_base_ms) + Duration::from_micros(limits.deadline_per_item_us * 8);
    let bound = longest_call * 20 * ATTACKERS as u32;
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::new(limits, directory.path()).unwrap();
    let good = load(&engine, guest("prepared")).await.unwrap();
    let hostile = load(&engine, guest("hostile")).await.unwrap();

    let (quiet, expected) = neighbour(&engine, &good, |batches| batches < 200).await;
    // Once before measuring, so that what is only made once has been made.
    attack(&engine, &hostile).await;
    let before = read_resources("self");
    let attacked = Arc::new(AtomicBool::new(true));
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|_| {
            let (engine, hostile) = (engine.clone(), Arc::clone(&hostile));
            tokio::spawn(async move { attack(&engine, &hostile).await })
        })
        .collect();
    let done = {
        let attacked = Arc::clone(&attacked);
        tokio::spawn(async move {
            for attacker in attackers {
                attacker.await.unwrap();
            }
            attacked.store(false, Ordering::Relaxed);
        })
    };
    let (loud, results) = neighbour(&engine, &good, |_| attacked.load(Ordering::Relaxed)).await;
    done.await.unwrap();
    let (again, results_after) = neighbour(&engine, &good, |batches| batches < 200).await;
    let after = read_resources("self");

    println!("neighbour alone:    {quiet}\nneighbour attacked: {loud}\nneighbour after:    {again}");
    println!("before {before:?}\nafter  {after:?}\n{:?}", engine.stats());
    assert_eq!(results, expected, "the same leads, the same results");
    assert_eq!(results_after, expected);
    assert!(loud.percentile(99) < bound, "{loud}, bound {bound:?}");
    assert_eq!(engine.stats().instances_alive, 0);
    assert!(after.threads <= before.threads && after.files <= before.files, "{before:?} {after:?}");
    assert!(after.resident_kb < before.resident_kb + 32 * 1024, "{before:?} {after:?}");
}

/// Everything once; the culprit fails, and nothing else.
async fn attack(engine: &Engine, hostile: &Arc<LoadedComponent>) {
    for (stage, behaviour) in ATTACKS {
        let mut session = session(engine, hostile, None);
        let ends = run(&mut session, stage, &batch(behaviour)).await;
        let good = ends.iter().filter(|end| end.is_ok()).count();
        assert!(7 <= good, "{behaviour} at {stage}: {ends:?}");
    }
}

/// Batch after batch of a good campaign: how long each took, and what came out of each (always the same).
async fn neighbour(
    engine: &Engine,
    good: &Arc<LoadedComponent>,
    goes_on: impl Fn(usize) -> bool,
) -> (Latencies, String) {
    let leads: Vec<Value> =
        (0..LEADS).map(|n| json!({ "email": format!("lead{n}@x.example"), "name": "Ann" })).collect();
    let (mut latencies, mut results) = (Vec::new(), String::new());
    while goes_on(latencies.len()) {
        let start = now();
        let mut session = session(engine, good, None);
        let mapped = session.map(leads.iter().map(element).collect()).await.unwrap();
        drop(session);
        latencies.push(start.elapsed());
        assert!(mapped.iter().all(Result::is_ok), "a neighbour's lead is lost: {mapped:?}");
        let told = format!("{mapped:?}");
        assert!(results.is_empty() || results == told, "the results differ");
        results = told;
        // A campaign whose leads come without end would be an attack, too.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (Latencies::new(latencies), results)
}

#[expect(clippy::disallowed_methods, reason = "latency is measured, not decided by")]
pub fn now() -> Instant {
    Instant::now()
}
