//! Fresh calls and nothing else, one after the other: what a tool that counts instructions is pointed at.

use std::path::Path;

use anyhow::Result;

use super::ours::{Ours, session};

/// Makes so many fresh calls.
pub fn run(calls: usize, cache: Option<&Path>) -> Result<()> {
    // One place: such a tool can't reserve the address space of many.
    let ours = Ours::new(1, cache)?;
    ours.block_on(async {
        for _ in 0..calls {
            std::hint::black_box(session(ours.engine(), ours.program(), 1).await?);
        }
        Ok(())
    })
}
