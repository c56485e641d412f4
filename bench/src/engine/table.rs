//! Contenders that take turns, and the table of what they need for one lead.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::threads::Threads;

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

    /// The threads that do the work.
    fn threads(&self) -> Threads {
        Threads::Calling
    }
}

/// Leads of the first, unmeasured call.
const WARM_UP: usize = 2_000;

/// Contenders and their times for one lead, in microseconds, for each round.
pub struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    contender: Box<dyn Contender>,
    times: Vec<f64>,
    /// CPU time: on a machine that others use, too, it tells more than the time on the wall.
    busy: Vec<f64>,
}

impl Table {
    /// The first is the measure of the others.
    pub fn new(title: &'static str, contenders: Vec<Box<dyn Contender>>) -> Self {
        let row = |contender| Row { contender, times: Vec::new(), busy: Vec::new() };
        Self { title, rows: contenders.into_iter().map(row).collect() }
    }

    /// Lets all take turns.
    pub fn measure(&mut self, rounds: u32, seconds: f64) -> Result<()> {
        let mut sizes = Vec::with_capacity(self.rows.len());
        for Row { contender, .. } in &mut self.rows {
            contender.many(WARM_UP)?;
            let (leads, took) = contender.timed(WARM_UP)?;
            let wanted = seconds / f64::from(rounds) / (took.as_secs_f64() / leads as f64);
            sizes.push((wanted as usize).max(1));
        }
        for _ in 0..rounds {
            self.rows.iter_mut().zip(&sizes).try_for_each(|(row, size)| row.turn(*size))?;
        }
        Ok(())
    }

    /// The best round is what the work costs; the median says how quiet the machine was.
    pub fn print(&mut self) {
        println!("\n{}", self.title);
        println!("{:<42}{:>12}{:>12}{:>12}{:>12}", "for one", "best us", "median us", "CPU us", "x native");
        let measure = self.rows.first().map_or(1.0, |row| best(&row.busy));
        for Row { contender, times, busy } in &mut self.rows {
            let (name, cpu) = (contender.name(), best(busy));
            println!("{name:<42}{:>12.2}{:>12.2}{cpu:>12.2}{:>12.2}", best(times), median(times), cpu / measure);
        }
    }
}

impl Row {
    fn turn(&mut self, size: usize) -> Result<()> {
        let threads = self.contender.threads();
        let before = threads.cpu()?;
        let (leads, took) = self.contender.timed(size)?;
        let for_one = |time: Duration| time.as_secs_f64() * 1e6 / leads as f64;
        self.times.push(for_one(took));
        self.busy.push(for_one(threads.cpu()?.saturating_sub(before)));
        Ok(())
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
