//! The loops of one host. Each works until there is nothing left, and waits to be woken or for the next look.

use super::Pipeline;
use super::leases::LeaseKeeper;
use super::steps::Steps;
use async_recursion::async_recursion as boxed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;

/// How long a loop waits after the store failed, in milliseconds.
const FAILED_WAIT_MS: u64 = 1_000;
/// How often a host looks whether a job is due, in milliseconds.
const JOBS_MS: u64 = 1_000;
/// How old due work may be before a whole read takes it for something that memory has missed, in milliseconds.
const OVERDUE_MS: i64 = 10_000;

/// The loops of one host.
pub struct Workers {
    pipeline: Pipeline,
    stop: watch::Sender<bool>,
    steps: Steps,
    places: Arc<Semaphore>,
    loops: Vec<JoinHandle<()>>,
    leases: JoinHandle<()>,
    leases_end: Arc<Notify>,
    writer: JoinHandle<()>,
}

impl Workers {
    /// Starts them.
    pub fn start(pipeline: &Pipeline) -> Self {
        let (stop, stopped) = watch::channel(false);
        let limits = &pipeline.settings().limits;
        let (steps, writer) = Steps::start(pipeline);
        let places = Arc::new(Semaphore::new(limits.deliveries_in_flight_max));
        let mut loops: Vec<JoinHandle<()>> =
            (0..limits.process_workers).map(|_| tokio::spawn(process(pipeline.clone(), stopped.clone()))).collect();
        loops.push(tokio::spawn(deliver(pipeline.clone(), Arc::clone(&places), steps.clone(), stopped.clone())));
        loops.push(tokio::spawn(load(pipeline.clone(), stopped.clone())));
        loops.push(tokio::spawn(read_whole(pipeline.clone(), stopped.clone())));
        loops.push(tokio::spawn(run_jobs(pipeline.clone(), stopped.clone())));
        let leases_end = Arc::new(Notify::new());
        let leases = tokio::spawn(keep_leases(pipeline.clone(), stopped, Arc::clone(&leases_end)));
        Self { pipeline: pipeline.clone(), stop, steps, places, loops, leases, leases_end, writer }
    }

    /// Takes nothing new, waits for what is under way, and leaves to the store what does not end within the bound (H7).
    #[boxed]
    pub async fn stop(self) {
        let Self { pipeline, stop, steps, places, loops, mut leases, leases_end, mut writer } = self;
        stop.send_replace(true);
        let bound = Duration::from_millis(pipeline.settings().limits.stop_ms);
        let in_flight = u32::try_from(pipeline.settings().limits.deliveries_in_flight_max).unwrap_or(u32::MAX);
        let ended = async {
            for task in loops {
                // A loop that panicked has said so; the others are still waited for.
                let _ = task.await;
            }
            // Every place is free when no request is under way.
            let _ = places.acquire_many(in_flight).await;
            drop(steps);
            let _ = (&mut writer).await;
        };
        if tokio::time::timeout(bound, ended).await.is_err() {
            let deliveries = pipeline.flow.deliveries.lanes().resident_count();
            tracing::warn!(
                deliveries,
                "shutdown timed out; leases released, remaining work continues at the next start or on another host"
            );
        }
        writer.abort();
        // A lease that is being taken at this moment must be known before all are given up.
        leases_end.notify_one();
        if tokio::time::timeout(Duration::from_millis(FAILED_WAIT_MS), &mut leases).await.is_err() {
            leases.abort();
        }
        pipeline.give_up_all_leases().await;
    }
}

async fn process(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if !pipeline.process_next().await {
            wait(&pipeline, &pipeline.flow.submissions.wake, &mut stopped).await;
        } else {
            // Another worker may have something to do, too.
            pipeline.flow.submissions.wake.notify_one();
        }
    }
}

async fn deliver(pipeline: Pipeline, places: Arc<Semaphore>, steps: Steps, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if !pipeline.deliver_next(&places, &steps).await {
            wait(&pipeline, &pipeline.flow.deliveries.wake, &mut stopped).await;
        }
    }
}

async fn load(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if pipeline.load_due().await == 0 {
            wait(&pipeline, &pipeline.flow.load, &mut stopped).await;
        }
    }
}

/// Reads what is due in all shards: at the start everything, later what memory has missed.
async fn read_whole(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    let every = Duration::from_millis(pipeline.settings().limits.read_whole_ms);
    let mut is_first = true;
    while !*stopped.borrow() {
        let now = pipeline.clock().now();
        let overdue_at = (!is_first).then(|| now.plus_ms(-OVERDUE_MS));
        let shards = pipeline.flow.shards();
        let found = pipeline.find_lanes(&shards, overdue_at).await;
        let wait = match found {
            Ok(()) => every,
            Err(error) => {
                tracing::warn!(error = %error, "due work could not be read; will be retried");
                Duration::from_millis(FAILED_WAIT_MS)
            }
        };
        is_first = is_first && wait != every;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn run_jobs(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if let Err(error) = pipeline.run_jobs().await {
            tracing::warn!(error = %error, "a job could not be run; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(JOBS_MS)) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn keep_leases(pipeline: Pipeline, stopped: watch::Receiver<bool>, end: Arc<Notify>) {
    if !pipeline.store().is_shared() {
        return;
    }
    let every = Duration::from_millis(pipeline.settings().limits.renew_ms);
    let mut keeper = LeaseKeeper::default();
    loop {
        // A host that stops renews what it has, and takes nothing.
        if let Err(error) = keeper.keep(&pipeline, &stopped).await {
            tracing::warn!(error = %error, "leases could not be renewed; will be retried");
        }
        pipeline.expire_leases();
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = end.notified() => return,
        }
    }
}

async fn wait(pipeline: &Pipeline, wake: &Notify, stopped: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = wake.notified() => {}
        () = tokio::time::sleep(Duration::from_millis(pipeline.settings().limits.poll_ms)) => {}
        _ = stopped.changed() => {}
    }
}
