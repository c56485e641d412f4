//! `engine`: the same transformation of the same lead, in our sandbox and in its peers, side by side in one run.

mod campaigns;
mod count;
mod jq;
mod ours;
mod peer;
mod quickjs;
mod sample;
mod starts;
mod table;
mod threads;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use sample::{SAMPLES, Sample};
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
    /// Only the sample of this name, and no other table.
    #[arg(long)]
    sample: Option<String>,
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
    let is_wanted = |sample: &&Sample| plan.sample.as_ref().is_none_or(|name| name == sample.name);
    let mut samples = SAMPLES.iter().filter(is_wanted).peekable();
    let first = *samples
        .peek()
        .with_context(|| format!("the samples are {:?}", SAMPLES.each_ref().map(|sample| sample.name)))?;
    if let Some(calls) = plan.count {
        return count::run(first, calls, plan.cache.as_deref());
    }
    for sample in samples {
        compare(plan, sample)?;
    }
    if plan.only.is_some() || plan.sample.is_some() {
        return Ok(());
    }
    starts::run()?;
    campaigns::run(&plan.campaigns)
}

fn compare(plan: &Plan, sample: &'static Sample) -> Result<()> {
    // An engine for each: a batch leaves more touched pages in its place than one lead needs to be wiped.
    let batched = ours::Ours::new(sample, ours::SESSIONS, plan.cache.as_deref()).context("our engine")?;
    let fresh = ours::Ours::new(sample, ours::SESSIONS, Some(batched.directory())).context("our engine")?;
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(peer::Peer::native(&plan.native_binary, sample)?),
        Box::new(batched.batches(plan.batch)),
        Box::new(fresh.batches(1)),
        Box::new(jq::Jq::new(sample)?),
        Box::new(quickjs::Warm::new(sample)?),
        Box::new(quickjs::Fresh::new(sample)?),
    ];
    match peer::Peer::node(sample) {
        Ok(node) => contenders.push(Box::new(node)),
        Err(error) => println!("no row for V8: {error:#}"),
    }
    if let Some(only) = &plan.only {
        contenders.retain(|contender| contender.name().contains(only.as_str()));
    }
    for contender in &mut contenders {
        let made = contender.once().with_context(|| contender.name())?;
        sample.check(&made).with_context(|| contender.name())?;
    }
    let mut table = Table::new(sample.title, contenders);
    table.measure(plan.rounds, plan.seconds)?;
    table.print();
    Ok(())
}
