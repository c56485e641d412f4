//! Tasks that live as long as the host: one that panics is started again, and one that keeps panicking ends the process. Nothing dies
//! quietly.

use super::Pipeline;
use super::flow::boot_time;
use super::health::Health;
use super::later::Doubling;
use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};

/// How often a task may panic within [`WINDOW_MS`] before the host ends.
const PANICS_MAX: usize = 5;
/// The time in which panics are counted, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// How long a task waits after its first panic before it is started again, in milliseconds; twice as long after each further one.
const FIRST_WAIT_MS: i64 = 200;

/// Starts a task that holds nothing between two rounds. It ends when it returns: the host stops.
pub(crate) fn supervise<F, T>(pipeline: &Pipeline, name: &'static str, task: F) -> JoinHandle<()>
where
    F: Fn(Pipeline) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let pipeline = pipeline.clone();
    tokio::spawn(async move {
        let of_task = pipeline.clone();
        let start = move || task(of_task.clone());
        keep_running(&pipeline.health, name, start, || boot_time().0, tokio::time::sleep).await;
    })
}

/// Runs a task to its end, again after each panic, until there were too many of them: then the host ends.
async fn keep_running<T, P>(
    health: &Health,
    name: &str,
    start: impl Fn() -> T,
    now: impl Fn() -> i64,
    pause: impl Fn(Duration) -> P,
) where
    T: Future<Output = ()> + Send + 'static,
    P: Future<Output = ()>,
{
    let mut panics = VecDeque::new();
    while has_panicked(start()).await {
        let now = now();
        panics.push_back(now);
        while panics.front().is_some_and(|at| *at < now - WINDOW_MS) {
            panics.pop_front();
        }
        if PANICS_MAX <= panics.len() {
            health.die(format!("the task `{name}` has panicked {PANICS_MAX} times within a minute"));
            return;
        }
        let before = u32::try_from(panics.len() - 1).unwrap_or(u32::MAX);
        let wait_ms = Doubling::new(FIRST_WAIT_MS, WINDOW_MS).wait_ms(before);
        tracing::error!(task = name, wait_ms, "a task of the host has panicked; it is started again");
        pause(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default())).await;
    }
}

/// Starts a task that holds what others gave it: without it the host can't go on.
pub(crate) fn supervise_once<T>(pipeline: &Pipeline, name: &'static str, task: T) -> JoinHandle<()>
where
    T: Future<Output = ()> + Send + 'static,
{
    let pipeline = pipeline.clone();
    tokio::spawn(async move { run_once(&pipeline.health, name, task).await })
}

/// Runs a task to its end; with a panic the host ends.
async fn run_once(health: &Health, name: &str, task: impl Future<Output = ()> + Send + 'static) {
    if has_panicked(task).await {
        health.die(format!("the task `{name}` has panicked"));
    }
}

/// Runs a task to its end. It is aborted when this is dropped.
async fn has_panicked(task: impl Future<Output = ()> + Send + 'static) -> bool {
    let mut one = JoinSet::new();
    one.spawn(task);
    matches!(one.join_next().await, Some(Err(error)) if error.is_panic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::config::Limits;
    use std::cell::{Cell, RefCell};
    use std::future::ready;

    /// What keeps a host from being ready.
    fn problems(health: &Health) -> String {
        health.problems(&Limits::default(), boot_time()).join("; ")
    }

    /// Runs a task that panics so often, each time so many milliseconds after the last; returns how often it was started, and the waits.
    async fn run(health: &Health, panics: usize, every_ms: i64) -> (usize, Vec<u128>) {
        let (started, waits) = (Cell::new(0), RefCell::new(Vec::new()));
        let start = || {
            started.set(started.get() + 1);
            let panics = started.get() <= panics;
            async move { assert!(!panics, "asked for by a test") }
        };
        let now = || i64::try_from(started.get()).unwrap() * every_ms;
        let pause = |wait: Duration| {
            waits.borrow_mut().push(wait.as_millis());
            ready(())
        };
        keep_running(health, "test", start, now, pause).await;
        (started.get(), waits.take())
    }

    /// H7: a task that panics is started again, after a longer wait each time; one that keeps panicking ends the host, which is not ready
    /// from then on.
    #[tokio::test]
    async fn h7_a_task_that_keeps_panicking_ends_the_host() {
        let health = Health::new();
        assert_eq!(run(&health, 4, 1_000).await, (5, vec![200, 400, 800, 1_600]));
        assert_eq!(problems(&health), "", "it works again");
        assert_eq!(run(&health, 99, 1_000).await, (5, vec![200, 400, 800, 1_600]));
        assert_eq!(problems(&health), "the task `test` has panicked 5 times within a minute");
    }

    /// H7: what panics seldom is started again each time, after a short wait.
    #[tokio::test]
    async fn h7_panics_of_long_ago_do_not_count() {
        let health = Health::new();
        assert_eq!(run(&health, 20, WINDOW_MS + 1).await, (21, vec![200; 20]));
        // Three within each minute.
        let (started, waits) = run(&health, 20, WINDOW_MS / 3 + 1).await;
        assert_eq!((started, waits.iter().max()), (21, Some(&800)));
        assert_eq!(problems(&health), "");
    }

    /// H7: a task that holds what others gave it is not started again: its first panic ends the host. Its end does not.
    #[tokio::test]
    async fn h7_a_task_that_can_not_be_started_again_ends_the_host() {
        let health = Health::new();
        run_once(&health, "test", ready(())).await;
        assert_eq!(problems(&health), "");
        run_once(&health, "test", async { panic!("asked for by a test") }).await;
        assert_eq!(problems(&health), "the task `test` has panicked");
    }

    /// H7: a host that stops does not fail, whatever panics meanwhile.
    #[tokio::test]
    async fn h7_a_host_that_stops_does_not_fail() {
        let health = Health::new();
        health.stop();
        run_once(&health, "test", async { panic!("asked for by a test") }).await;
        assert_eq!(problems(&health), "");
    }
}
