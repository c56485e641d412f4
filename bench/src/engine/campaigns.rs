//! Campaigns in turn on one component: each has its own document, each call is another campaign's.

use std::time::Instant;

use anyhow::Result;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hookmill_engine::Program;

use super::ours::{Ours, SESSIONS, program, session, without_sleep};
use super::sample::LEAD;

/// Calls for each number of campaigns.
const CALLS: usize = 20_000;

/// Measures and prints.
pub fn run(counts: &[usize]) -> Result<()> {
    println!("\n{:<42}{:>12}{:>12}", "campaigns in turn, fresh sandbox each", "us a lead", "x the first");
    let ours = Ours::new(LEAD, SESSIONS, None)?;
    let mut first = None;
    for count in counts {
        let programs = programs(&ours, *count)?;
        without_sleep(turns(&ours, &programs, CALLS / 10))?;
        let start = Instant::now();
        without_sleep(turns(&ours, &programs, CALLS))?;
        let us = start.elapsed().as_secs_f64() * 1e6 / CALLS as f64;
        let ratio = us / *first.get_or_insert(us);
        println!("{:<42}{us:>12.2}{ratio:>12.2}", format!("{count}"));
    }
    Ok(())
}

fn programs(ours: &Ours, count: usize) -> Result<Vec<Program>> {
    let document = |number: usize| LEAD.document.replace("income too low", &format!("below the bound of {number}"));
    let make = |number| ours.block_on(program(ours.engine(), ours.component(), &document(number)));
    (0..count).map(make).collect()
}

async fn turns(ours: &Ours, programs: &[Program], calls: usize) -> Result<()> {
    let mut under_way = FuturesUnordered::new();
    for program in programs.iter().cycle().take(calls) {
        under_way.push(session(ours.engine(), program, LEAD.input, 1));
        if under_way.len() == SESSIONS
            && let Some(made) = under_way.next().await
        {
            std::hint::black_box(made?);
        }
    }
    while let Some(made) = under_way.next().await {
        std::hint::black_box(made?);
    }
    Ok(())
}
