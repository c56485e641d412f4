//! The loops of one host. Each works until there is nothing left, and waits to be woken or for the next look.

use super::Pipeline;
use super::bulk::Paces;
use super::chores::Chore;
use super::health::Beat;
use super::leases::LeaseKeeper;
use super::steps::Steps;
use super::supervise::supervise;
use async_recursion::async_recursion as boxed;
use hookmill_store::StoreError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How long a loop waits after the store failed, in milliseconds.
const FAILED_WAIT_MS: u64 = 1_000;
/// How often a host looks whether a chore is due, in milliseconds.
const CHORES_MS: u64 = 1_000;
/// How often a host looks for bulk jobs, in milliseconds; one that is created on it is looked for at once.
const BULK_JOBS_MS: u64 = 500;
/// How long the next look at an erasure waits that is under way, in milliseconds.
const ERASURES_MS: u64 = 100;
/// How old due work may be before a whole read takes it for something that memory has missed, in milliseconds.
const OVERDUE_MS: i64 = 10_000;

type Loop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The loops of one host.
pub struct Workers {
    pipeline: Pipeline,
    stop: watch::Sender<bool>,
    steps: Steps,
    loops: Vec<JoinHandle<()>>,
    leases: JoinHandle<()>,
    leases_end: Arc<Notify>,
    writer: JoinHandle<()>,
}

impl Workers {
    /// Starts them.
    #[boxed]
    pub async fn start(pipeline: &Pipeline) -> Result<Self, StoreError> {
        pipeline.take_sole_shard().await?;
        let (stop, stopped) = watch::channel(false);
        let limits = &pipeline.settings().limits;
        let (steps, writer) = Steps::start(pipeline);
        let task = |name, run: fn(Pipeline, watch::Receiver<bool>) -> Loop| {
            let stopped = stopped.clone();
            supervise(pipeline, name, move |pipeline| run(pipeline, stopped.clone()))
        };
        let mut loops: Vec<JoinHandle<()>> =
            (0..limits.process_workers).map(|_| task("process", |p, stopped| Box::pin(process(p, stopped)))).collect();
        loops.push(task("load", |p, stopped| Box::pin(load(p, stopped))));
        loops.push(task("read_whole", |p, stopped| Box::pin(read_whole(p, stopped))));
        loops.push(task("chores", |p, stopped| Box::pin(run_chores(p, false, stopped))));
        loops.push(task("long chores", |p, stopped| Box::pin(run_chores(p, true, stopped))));
        loops.push(task("queues", |p, stopped| Box::pin(look_at_queues(p, stopped))));
        loops.push(task("bulk jobs", |p, stopped| Box::pin(run_bulk_jobs(p, stopped))));
        loops.push(task("erase", |p, stopped| Box::pin(erase(p, stopped))));
        loops.push(task("check_file", |p, stopped| Box::pin(check_file(p, stopped))));
        loops.push(task("health", |p, stopped| Box::pin(watch_health(p, stopped))));
        let (of_deliver, to_stop) = (steps.clone(), stopped.clone());
        loops.push(supervise(pipeline, "deliver", move |p| deliver(p, of_deliver.clone(), to_stop.clone())));
        let leases_end = Arc::new(Notify::new());
        let end = Arc::clone(&leases_end);
        let leases = supervise(pipeline, "leases", move |p| keep_leases(p, stopped.clone(), Arc::clone(&end)));
        Ok(Self { pipeline: pipeline.clone(), stop, steps, loops, leases, leases_end, writer })
    }

    /// Takes nothing new, waits for what is under way, and leaves to the store what does not end within the bound (H7).
    #[boxed]
    pub async fn stop(self) {
        let Self { pipeline, stop, steps, loops, mut leases, leases_end, mut writer } = self;
        stop.send_replace(true);
        pipeline.health.stop();
        let bound = Duration::from_millis(pipeline.settings().limits.stop_ms);
        let ended = async {
            for task in loops {
                // A loop that panicked has said so; the others are still waited for.
                let _ = task.await;
            }
            pipeline.flow.deliveries.idle().await;
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
        // What the writer holds now was sent and is not written: it still counts as under way.
        let drained = pipeline.drained_shards();
        writer.abort();
        // A lease that is being taken at this moment must be known before all are given up.
        leases_end.notify_one();
        if tokio::time::timeout(Duration::from_millis(FAILED_WAIT_MS), &mut leases).await.is_err() {
            leases.abort();
        }
        pipeline.give_up_all_leases(drained).await;
    }
}

async fn process(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        pipeline.health.beat(Beat::Process);
        if !pipeline.process_next().await {
            wait(&pipeline, &pipeline.flow.submissions.wake, &mut stopped).await;
        } else {
            // Another worker may have something to do, too.
            pipeline.flow.submissions.wake.notify_one();
        }
    }
}

async fn deliver(pipeline: Pipeline, steps: Steps, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        pipeline.health.beat(Beat::Deliver);
        if !pipeline.deliver_next(&steps) {
            wait(&pipeline, &pipeline.flow.deliveries.wake, &mut stopped).await;
        }
    }
}

async fn load(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        pipeline.health.beat(Beat::Load);
        if pipeline.load_due().await == 0 {
            wait(&pipeline, &pipeline.flow.load, &mut stopped).await;
        }
    }
}

/// Reads what is due in all shards: at the start everything, later what memory has missed; and since when it is due.
async fn read_whole(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    let every = Duration::from_millis(pipeline.settings().limits.read_whole_ms);
    let mut is_first = true;
    while !*stopped.borrow() {
        let now = pipeline.clock().now();
        let overdue_at = (!is_first).then(|| now.plus_ms(-OVERDUE_MS));
        let shards = pipeline.flow.shards();
        let found = pipeline.find_lanes(&shards, overdue_at).await;
        let found = found.and(pipeline.read_ages().await);
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

/// Looks through the database file once. The host is not ready meanwhile, for a bounded time: of a large file it takes long.
async fn check_file(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    let health = &pipeline.health;
    health.set_checked(false);
    let bound = Duration::from_millis(pipeline.settings().limits.check_wait_ms);
    let waited = async {
        tokio::time::sleep(bound).await;
        health.set_checked(true);
        std::future::pending().await
    };
    let damage = tokio::select! {
        damage = pipeline.store.find_damage() => damage,
        () = waited => return,
        _ = stopped.changed() => return,
    };
    health.set_checked(true);
    match damage {
        Ok(None) => {}
        Ok(Some(damage)) => health.die(format!("the database file is damaged ({damage}); restore it from a backup")),
        Err(error) => tracing::warn!(error = %error, "the database file could not be checked"),
    }
}

async fn watch_health(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        tokio::select! {
            () = pipeline.watch_health() => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn run_chores(pipeline: Pipeline, are_long: bool, mut stopped: watch::Receiver<bool>) {
    let chores = Chore::all(are_long);
    while !*stopped.borrow() {
        if let Err(error) = pipeline.run_chores(&chores).await {
            tracing::warn!(error = %error, "a chore could not be run; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(CHORES_MS)) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Looks at the queues of campaigns as they fall due.
async fn look_at_queues(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let wait_ms = match pipeline.look_at_queues().await {
            Ok(()) => pipeline.settings().limits.poll_ms,
            Err(error) => {
                tracing::warn!(error = %error, "queues could not be looked at; will be retried");
                FAILED_WAIT_MS
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Works on bulk jobs, piece by piece, for as long as there are some.
async fn run_bulk_jobs(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    let mut paces = Paces::new();
    while !*stopped.borrow() {
        let has_more = pipeline.run_bulk_jobs(&mut paces).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "bulk jobs could not be looked for; will be retried");
            false
        });
        if has_more {
            // Others have their turn between two pieces.
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = pipeline.bulk_wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(BULK_JOBS_MS)) => {}
            _ = stopped.changed() => {}
        }
    }
    if !paces.is_empty() {
        pipeline.release_bulk_jobs().await;
    }
}

/// Erases persons. What is under way of theirs is looked at again until it has ended.
async fn erase(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let wait_ms = match pipeline.run_erasures().await {
            Ok(true) => ERASURES_MS,
            Ok(false) => CHORES_MS,
            Err(error) => {
                tracing::warn!(error = %error, "erasures could not be read; will be retried");
                FAILED_WAIT_MS
            }
        };
        tokio::select! {
            () = pipeline.flow.erase.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
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
