//! `engine`: the same transformation of the same lead, in our sandbox and in its peers, side by side in one run.

mod campaigns;
mod count;
mod ours;
mod peer;
mod quickjs;
mod sample;
mod starts;
mod table;
mod threads;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use table::{Contender, Table};

/// What is measured, and for how long.
#[derive(Args)]
pub struct Plan {
    /// Seconds for each contender, over all rounds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds: the contenders take turns, so that a slow moment of the machine meets all of them.
    #[arg(long, default_value_t = 6)]
    rounds: u32,
    /// Leads in a batch.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Only contenders whose name has this in it, and no other table.
    #[arg(long)]
    only: Option<String>,
    /// Campaigns that share one component, each with a document of its own.
    #[arg(long, default_values_t = [1, 100, 5_000], value_delimiter = ',')]
    campaigns: Vec<usize>,
    /// The program of the native peer.
    #[arg(long, default_value = "target/release/hookmill-bench-native")]
    native_binary: PathBuf,
    /// Do nothing but this many fresh calls: for a tool that counts instructions.
    #[arg(long)]
    count: Option<usize>,
    /// Where compiled code is kept, so that only the first run compiles.
    #[arg(long)]
    cache: Option<PathBuf>,
}

/// Measures, and prints the tables.
pub fn run(plan: &Plan) -> Result<()> {
    if let Some(calls) = plan.count {
        return count::run(calls, plan.cache.as_deref());
    }
    compare(plan)?;
    if plan.only.is_some() {
        return Ok(());
    }
    starts::run()?;
    campaigns::run(&plan.campaigns)
}

/// The order of members is each contender's own.
fn is_expected(made: &str) -> Result<bool> {
    let read = serde_json::from_str::<serde_json::Value>;
    Ok(read(made)? == read(sample::EXPECTED)?)
}

fn compare(plan: &Plan) -> Result<()> {
    // An engine for each: a batch leaves more touched pages in its place than one lead needs to be wiped.
    let batched = ours::Ours::new(ours::SESSIONS, plan.cache.as_deref()).context("our engine")?;
    let fresh = ours::Ours::new(ours::SESSIONS, Some(batched.directory())).context("our engine")?;
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(peer::Peer::native(&plan.native_binary)?),
        Box::new(batched.batches(plan.batch)),
        Box::new(fresh.batches(1)),
        Box::new(quickjs::Warm::new()?),
        Box::new(quickjs::Fresh::new()?),
    ];
    match peer::Peer::node() {
        Ok(node) => contenders.push(Box::new(node)),
        Err(error) => println!("no row for V8: {error:#}"),
    }
    if let Some(only) = &plan.only {
        contenders.retain(|contender| contender.name().contains(only.as_str()));
    }
    for contender in &mut contenders {
        let made = contender.once().with_context(|| contender.name())?;
        ensure!(is_expected(&made)?, "{} makes {made}", contender.name());
    }
    let mut table = Table::new(contenders);
    table.measure(plan.rounds, plan.seconds)?;
    table.print();
    Ok(())
}
