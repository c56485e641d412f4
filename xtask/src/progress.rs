//! Progress messages of the commands. They go to stderr: stdout is for results.

use std::time::{Duration, Instant};

/// A running step; it prints its duration at the end.
pub struct Step {
    began: Instant,
}

/// Announces a step before it runs.
pub fn step(what: impl AsRef<str>) -> Step {
    eprintln!("==> {}", what.as_ref());
    Step { began: Instant::now() }
}

impl Step {
    /// For a step that this program does not outlive.
    pub fn begun(self) {}

    /// Ends the step with its outcome.
    pub fn done(self, outcome: impl AsRef<str>) {
        eprintln!("    {} ({})", outcome.as_ref(), seconds(self.began.elapsed()));
    }
}

/// A line beneath the step under way.
pub fn note(line: impl AsRef<str>) {
    eprintln!("    {}", line.as_ref());
}

/// An error and what led to it, outermost first.
pub fn failure(error: &anyhow::Error) {
    eprintln!("\nxtask: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  caused by: {cause}");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
