//! Whether this host does its work: its loops move, what waits is committed, the database responds, the disk has room. `/readyz` tells, from
//! what is known already, so that it responds at once whatever the database does.

use super::Pipeline;
use super::flow::boot_time;
use hookmill_domain::clock::BootTime;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use strum::{IntoStaticStr, VariantArray};
use tokio::sync::watch;

/// How often the host looks at itself, in milliseconds.
const LOOK_MS: u64 = 500;
/// How long the database may take to respond to that look, in milliseconds.
const RESPONSE_MS: u64 = 2_000;

/// A loop that works as long as the host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Beat {
    /// Takes batches.
    Process,
    /// Takes deliveries.
    Deliver,
    /// Reads due work.
    Load,
}

/// A queue whose work must go on as long as there is some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Queue {
    /// Requests that wait for their commit.
    Intake,
    /// Outcomes that wait for their commit.
    Outcomes,
}

/// What is known of this host.
pub(crate) struct Health {
    beats: [AtomicI64; Beat::VARIANTS.len()],
    queues: [Progress; Queue::VARIANTS.len()],
    database_responds: AtomicBool,
    disk_free_bytes: AtomicI64,
    clock_offset_ms: AtomicI64,
    is_checked: AtomicBool,
    fatal: watch::Sender<Option<String>>,
    is_stopping: AtomicBool,
}

/// How many entered a queue and are not through, and when one came through last.
#[derive(Default)]
struct Progress {
    waiting: AtomicUsize,
    moved_at: AtomicI64,
}

/// Counts one of a queue as waiting until it is dropped.
pub(crate) struct Passing<'a> {
    health: &'a Health,
    queue: Queue,
    count: usize,
}

impl Health {
    pub(crate) fn new() -> Self {
        let now = boot_time().0;
        Self {
            beats: std::array::from_fn(|_| AtomicI64::new(now)),
            queues: Default::default(),
            database_responds: AtomicBool::new(true),
            disk_free_bytes: AtomicI64::new(i64::MAX),
            clock_offset_ms: AtomicI64::new(0),
            is_checked: AtomicBool::new(true),
            fatal: watch::Sender::new(None),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// A loop has gone round once more.
    pub(crate) fn beat(&self, of: Beat) {
        self.beats[of as usize].store(boot_time().0, Ordering::Relaxed);
    }

    /// So many wait in a queue until what this returns is dropped.
    pub(crate) fn pass(&self, queue: Queue, count: usize) -> Passing<'_> {
        let progress = &self.queues[queue as usize];
        if progress.waiting.fetch_add(count, Ordering::Relaxed) == 0 {
            progress.moved_at.store(boot_time().0, Ordering::Relaxed);
        }
        Passing { health: self, queue, count }
    }

    /// Something without which the host can't go on has ended: whoever runs the process ends it.
    pub(crate) fn die(&self, why: impl Into<String>) {
        let why = why.into();
        if self.is_stopping.load(Ordering::Relaxed) {
            return;
        }
        tracing::error!(why, "this host can't go on and ends");
        self.fatal.send_if_modified(|fatal| {
            let is_first = fatal.is_none();
            fatal.get_or_insert(why);
            is_first
        });
    }

    /// Whether the host is to end because of a fault.
    pub(crate) fn is_dead(&self) -> bool {
        self.fatal.borrow().is_some()
    }

    /// The host stops because it was asked to: that its queues close is expected.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.clock_offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// Whether the database file has been looked through, or need not be.
    pub(crate) fn set_checked(&self, is_checked: bool) {
        self.is_checked.store(is_checked, Ordering::Relaxed);
    }

    /// What is missing now, in words.
    pub(crate) fn problems(&self, limits: &hookmill_domain::config::Limits, now: BootTime) -> Vec<String> {
        let silent = |at: i64| limits.silence_ms_max < now.0.saturating_sub(at);
        let mut problems = Vec::new();
        if let Some(why) = &*self.fatal.borrow() {
            problems.push(why.clone());
        }
        if !self.database_responds.load(Ordering::Relaxed) {
            problems.push("database unavailable".to_owned());
        }
        for &beat in Beat::VARIANTS {
            if silent(self.beats[beat as usize].load(Ordering::Relaxed)) {
                problems.push(format!("the loop `{}` does not move", <&str>::from(beat)));
            }
        }
        for &queue in Queue::VARIANTS {
            let progress = &self.queues[queue as usize];
            if 0 < progress.waiting.load(Ordering::Relaxed) && silent(progress.moved_at.load(Ordering::Relaxed)) {
                problems.push(format!("nothing of the queue `{}` is committed", <&str>::from(queue)));
            }
        }
        let free = self.disk_free_bytes.load(Ordering::Relaxed);
        if free < limits.disk_free_bytes_min {
            problems.push(format!("the disk is nearly full: {free} bytes are free (disk_free_bytes_min)"));
        }
        let offset = self.clock_offset_ms.load(Ordering::Relaxed);
        if limits.clock_offset_ms_max.unsigned_abs() < offset.unsigned_abs() {
            problems.push(format!("the clock differs from the database's by {offset} ms (clock_offset_ms_max)"));
        }
        if !self.is_checked.load(Ordering::Relaxed) {
            problems.push("the database file is being checked".to_owned());
        }
        problems
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let progress = &self.health.queues[self.queue as usize];
        progress.waiting.fetch_sub(self.count, Ordering::Relaxed);
        progress.moved_at.store(boot_time().0, Ordering::Relaxed);
    }
}

impl Pipeline {
    /// What keeps this host from being ready, in words; empty when it is. It is read from memory.
    pub fn problems(&self) -> Vec<String> {
        self.health.problems(&self.settings.limits, boot_time())
    }

    /// Waits until something has ended without which the host can't go on. The log and [`Pipeline::problems`] say what.
    pub async fn failed(&self) {
        // The sender lives as long as this pipeline.
        let _ = self.health.fatal.subscribe().wait_for(Option::is_some).await;
    }

    /// Looks at database and disk from time to time.
    pub(crate) async fn watch_health(&self) {
        let response = tokio::time::timeout(Duration::from_millis(RESPONSE_MS), self.store.ping()).await;
        self.health.database_responds.store(matches!(response, Ok(Ok(()))), Ordering::Relaxed);
        let free = free_bytes(&self.data);
        self.health.disk_free_bytes.store(free.unwrap_or(i64::MAX), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
}

/// The bytes that this process may still write to the disk of a directory.
fn free_bytes(directory: &Path) -> Option<i64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    i64::try_from(disk.f_bavail.saturating_mul(disk.f_frsize)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::config::Limits;

    /// H7: each thing that is missing is named, and nothing else.
    #[test]
    fn h7_what_is_missing_is_named() {
        let limits =
            Limits { silence_ms_max: 1_000, disk_free_bytes_min: 100, clock_offset_ms_max: 50, ..Limits::default() };
        let health = Health::new();
        let started = boot_time();
        let after = |ms: i64| health.problems(&limits, BootTime(started.0 + ms)).join("; ");
        assert_eq!(after(500), "");
        assert_eq!(
            after(2_000),
            "the loop `process` does not move; the loop `deliver` does not move; the loop `load` does not move"
        );
        let passing = health.pass(Queue::Outcomes, 3);
        assert_eq!(after(500), "", "it may take a while");
        assert!(after(5_000).ends_with("nothing of the queue `outcomes` is committed"));
        drop(passing);
        assert!(!after(5_000).contains("outcomes"), "nothing waits");
        health.database_responds.store(false, Ordering::Relaxed);
        health.disk_free_bytes.store(99, Ordering::Relaxed);
        health.set_clock_offset_ms(-51);
        health.set_checked(false);
        let expected = "database unavailable; the disk is nearly full: 99 bytes are free (disk_free_bytes_min); \
                        the clock differs from the database's by -51 ms (clock_offset_ms_max); the database file is being checked";
        assert_eq!(after(0), expected);
        health.stop();
        health.die("a");
        assert_eq!(after(0), expected, "a host that stops does not fail");
    }

    #[test]
    fn h7_the_disk_is_asked() {
        assert!(free_bytes(Path::new("/")).is_some_and(|free| 0 < free));
        assert_eq!(free_bytes(Path::new("/does/not/exist")), None);
    }
}
