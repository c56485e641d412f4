//! The progress of a job that is waited for, on standard error: a bar in a terminal, else a line now and then.

use crate::output::{rewrite_line, warn};
use serde_json::Value;
use std::io::IsTerminal;

/// How many places the bar has.
const BAR_WIDTH: usize = 30;
/// By how many percent a job goes on between two lines.
const PERCENT_PER_LINE: i64 = 10;

/// What was shown so far.
pub(super) struct Progress {
    is_terminal: bool,
    is_shown: bool,
    /// The percentage of the last line.
    last: Option<i64>,
}

impl Progress {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), is_shown: false, last: None }
    }

    /// Shows how far a job is.
    pub(super) fn show(&mut self, job: &Value) {
        if self.is_terminal {
            self.is_shown = true;
            return rewrite_line(&format_bar(job));
        }
        let percent = percent(job);
        if self.last.is_none_or(|last| last + PERCENT_PER_LINE <= percent) {
            self.last = Some(percent);
            warn(&format!("{percent} %  {}", format_counts(job)));
        }
    }

    /// Ends the line of the bar.
    pub(super) fn end(&mut self) {
        if self.is_shown {
            warn("");
        }
    }
}

fn count(job: &Value, name: &str) -> i64 {
    job[name].as_i64().unwrap_or_default().max(0)
}

/// How many submissions were looked at.
fn passed(job: &Value) -> i64 {
    ["done", "skipped", "failed"].into_iter().map(|name| count(job, name)).sum()
}

/// How far a job is; what is over is at 100, whatever was counted at first.
fn percent(job: &Value) -> i64 {
    if job["state"] == "completed" {
        return 100;
    }
    match count(job, "total") {
        0 => 0,
        total => (i128::from(passed(job)) * 100 / i128::from(total)).clamp(0, 99).try_into().unwrap_or(99),
    }
}

/// `[##########....................]  33 %  5 of 15 (5 done)`.
fn format_bar(job: &Value) -> String {
    let percent = percent(job);
    let filled = usize::try_from(percent).unwrap_or_default() * BAR_WIDTH / 100;
    format!("[{}{}] {percent:3} %  {}", "#".repeat(filled), ".".repeat(BAR_WIDTH - filled), format_counts(job))
}

/// `5 of 15 (4 done, 1 skipped)`.
pub(super) fn format_counts(job: &Value) -> String {
    let about = if job["is_total_estimated"] == true { "about " } else { "" };
    let parts = ["done", "skipped", "failed"].into_iter();
    let parts: Vec<String> = parts
        .map(|name| (count(job, name), name))
        .filter(|(count, name)| 0 < *count || *name == "done")
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!("{} of {about}{} ({})", passed(job), count(job, "total"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(state: &str, total: i64, done: i64, skipped: i64, failed: i64) -> Value {
        json!({"state": state, "total": total, "is_total_estimated": total == 7, "done": done, "skipped": skipped, "failed": failed})
    }

    #[test]
    fn l9_a_bar_shows_how_far_a_job_is() {
        let table = [
            (job("queued", 10, 0, 0, 0), "[..............................]   0 %  0 of 10 (0 done)"),
            (job("running", 10, 4, 1, 0), "[###############...............]  50 %  5 of 10 (4 done, 1 skipped)"),
            (job("running", 7, 9, 0, 1), "[#############################.]  99 %  10 of about 7 (9 done, 1 failed)"),
            (job("completed", 0, 0, 0, 0), "[##############################] 100 %  0 of 0 (0 done)"),
            (job("canceled", 4, 1, 0, 0), "[#######.......................]  25 %  1 of 4 (1 done)"),
        ];
        for (job, expected) in table {
            assert_eq!(format_bar(&job), expected);
        }
        assert_eq!(percent(&json!({})), 0);
    }
}
