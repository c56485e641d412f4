//! Contenders that take turns, and the table of what they need for one lead.

use std::time::{Duration, Instant};

use anyhow::Result;

/// One way to transform the lead.
pub trait Contender {
    /// As the table names it.
    fn name(&self) -> String;
    /// Transforms one lead, for a look at what it makes.
    fn once(&mut self) -> Result<String>;
    /// Transforms about so many leads and says how many.
    fn many(&mut self, leads: usize) -> Result<usize>;

    /// The same with the time it took.
    fn timed(&mut self, leads: usize) -> Result<(usize, Duration)> {
        let start = Instant::now();
        Ok((self.many(leads)?, start.elapsed()))
    }
}

/// Leads of the first, unmeasured call.
const WARM_UP: usize = 2_000;

/// Contenders and their times for one lead, in microseconds, a time for each round.
pub struct Table {
    rows: Vec<(Box<dyn Contender>, Vec<f64>)>,
}

impl Table {
    /// The first is the measure of the others.
    pub fn new(contenders: Vec<Box<dyn Contender>>) -> Self {
        Self { rows: contenders.into_iter().map(|contender| (contender, Vec::new())).collect() }
    }

    /// Lets all take turns.
    pub fn measure(&mut self, rounds: u32, seconds: f64) -> Result<()> {
        let mut sizes = Vec::with_capacity(self.rows.len());
        for (contender, _) in &mut self.rows {
            contender.many(WARM_UP)?;
            let (leads, took) = contender.timed(WARM_UP)?;
            let wanted = seconds / f64::from(rounds) / (took.as_secs_f64() / leads as f64);
            sizes.push((wanted as usize).max(1));
        }
        for _ in 0..rounds {
            for ((contender, times), size) in self.rows.iter_mut().zip(&sizes) {
                let (leads, took) = contender.timed(*size)?;
                times.push(took.as_secs_f64() * 1e6 / leads as f64);
            }
        }
        Ok(())
    }

    /// The best round is what the work costs; the median says how quiet the machine was.
    pub fn print(&mut self) {
        println!("\n{:<42}{:>12}{:>12}{:>12}", "one lead", "best us", "median us", "x native");
        let measure = self.rows.first().map_or(1.0, |(_, times)| best(times));
        for (contender, times) in &mut self.rows {
            let (name, best) = (contender.name(), best(times));
            println!("{name:<42}{best:>12.2}{:>12.2}{:>12.2}", median(times), best / measure);
        }
    }
}

fn best(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle one.
pub fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
