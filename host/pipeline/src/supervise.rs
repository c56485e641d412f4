//! Tasks that live as long as the host: one that panics is started again, and one that keeps panicking ends the process. Nothing dies
//! quietly.

use super::Pipeline;
use super::flow::boot_time;
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
        let mut panics = VecDeque::new();
        while has_panicked(task(pipeline.clone())).await {
            let now = boot_time().0;
            panics.push_back(now);
            while panics.front().is_some_and(|at| *at < now - WINDOW_MS) {
                panics.pop_front();
            }
            if PANICS_MAX <= panics.len() {
                pipeline.health.die(format!("the task `{name}` has panicked {PANICS_MAX} times within a minute"));
                return;
            }
            let before = u32::try_from(panics.len() - 1).unwrap_or(u32::MAX);
            let wait_ms = Doubling::new(FIRST_WAIT_MS, WINDOW_MS).wait_ms(before);
            tracing::error!(task = name, wait_ms, "a task of the host has panicked; it is started again");
            tokio::time::sleep(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default())).await;
        }
    })
}

/// Starts a task that holds what others gave it: without it the host can't go on.
pub(crate) fn supervise_once<T>(pipeline: &Pipeline, name: &'static str, task: T) -> JoinHandle<()>
where
    T: Future<Output = ()> + Send + 'static,
{
    let pipeline = pipeline.clone();
    tokio::spawn(async move {
        if has_panicked(task).await {
            pipeline.health.die(format!("the task `{name}` has panicked"));
        }
    })
}

/// Runs a task to its end. It is aborted when this is dropped.
async fn has_panicked(task: impl Future<Output = ()> + Send + 'static) -> bool {
    let mut one = JoinSet::new();
    one.spawn(task);
    matches!(one.join_next().await, Some(Err(error)) if error.is_panic())
}
