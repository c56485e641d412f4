//! Fresh calls and nothing else, one after the other: what a tool that counts instructions is pointed at.

use std::path::Path;

use anyhow::Result;

use super::ours::{Ours, session};
use super::sample::Sample;

/// Makes so many fresh calls.
pub fn run(sample: &'static Sample, calls: usize, cache: Option<&Path>) -> Result<()> {
    // One place: such a tool can't reserve the address space of many.
    let ours = Ours::new(sample, 1, cache)?;
    ours.block_on(async {
        for _ in 0..calls {
            std::hint::black_box(session(ours.engine(), ours.program(), sample.input, 1).await?);
        }
        Ok(())
    })
}
