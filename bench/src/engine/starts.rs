//! First calls: after a start with and without compiled code on disk, and after a deploy.

use std::time::Instant;

use anyhow::Result;

use super::ours::{Ours, engine, program, session};
use super::sample::LEAD;
use super::table::median;

/// Calls whose median is what a later call takes.
const LATER_CALLS: usize = 200;

/// Measures and prints.
pub fn run() -> Result<()> {
    println!("\n{:<42}{:>12}{:>12}{:>12}", "first call of one lead", "ready ms", "first us", "later us");
    let ours = Ours::new(LEAD, 1, None)?;
    let start = Instant::now();
    let cold_directory = tempfile::tempdir()?;
    let cold = engine(cold_directory.path(), 1)?;
    let wasm = ours.wasm().to_vec();
    let component = ours.block_on(cold.load(ours.component().digest(), || async { Ok::<_, std::io::Error>(wasm) }))?;
    let made = ours.block_on(program(&cold, &component, LEAD.document))?;
    line("after a start, nothing compiled on disk", start, &ours, &cold, &made)?;

    let start = Instant::now();
    let warm = engine(ours.directory(), 1)?;
    let fetch = || async { Err::<Vec<u8>, _>("it lies on disk") };
    let component = ours.block_on(warm.load(ours.component().digest(), fetch))?;
    let found = hookmill_engine::Program { component, plan: ours.program().plan.clone() };
    line("after a start, compiled code on disk", start, &ours, &warm, &found)?;

    let start = Instant::now();
    let edited = LEAD.document.replace("income too low", "too little income");
    let deployed = ours.block_on(program(ours.engine(), ours.component(), &edited))?;
    line("after a deploy: a document is saved", start, &ours, ours.engine(), &deployed)
}

fn line(
    name: &str,
    start: Instant,
    ours: &Ours,
    engine: &hookmill_engine::Engine,
    program: &hookmill_engine::Program,
) -> Result<()> {
    let ready_ms = start.elapsed().as_secs_f64() * 1e3;
    let mut times = Vec::with_capacity(LATER_CALLS);
    for _ in 0..=LATER_CALLS {
        let start = Instant::now();
        ours.block_on(session(engine, program, LEAD.input, 1))?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let first = times.remove(0);
    println!("{name:<42}{ready_ms:>12.2}{first:>12.0}{:>12.0}", median(&mut times));
    Ok(())
}
