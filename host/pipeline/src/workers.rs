//! The loops that run the verbs. Each looks, works until there is nothing left, and waits to be woken or for the next look.

use super::Pipeline;
use super::deliver::{Flights, Landed};
use hookmill_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

/// How many attempts one commit writes at most.
const ATTEMPTS_PER_COMMIT_MAX: usize = 256;
/// How long processing gives way to ingestion at most after one batch, in milliseconds.
const GIVE_WAY_MS_MAX: u64 = 200;
/// How long a worker waits after the store failed, in milliseconds.
const FAILED_WAIT_MS: u64 = 1_000;

/// The loops of one host.
pub struct Workers {
    pipeline: Pipeline,
    stop: watch::Sender<bool>,
    flights: Arc<Flights>,
    loops: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    renewer: JoinHandle<()>,
}

impl Workers {
    /// Starts them.
    pub fn start(pipeline: &Pipeline) -> Self {
        let (stop, stopped) = watch::channel(false);
        let limits = &pipeline.settings().limits;
        let flights = Arc::new(Flights::default());
        let (landed, landing) = mpsc::channel(limits.deliveries_in_flight_max.max(1));
        let mut loops: Vec<JoinHandle<()>> =
            (0..limits.process_workers).map(|_| tokio::spawn(process(pipeline.clone(), stopped.clone()))).collect();
        loops.push(tokio::spawn(notify(pipeline.clone(), stopped.clone())));
        loops.push(tokio::spawn(deliver(pipeline.clone(), Arc::clone(&flights), landed, stopped.clone())));
        loops.push(tokio::spawn(sweep(pipeline.clone(), stopped.clone())));
        let writer = tokio::spawn(write_landed(pipeline.clone(), landing));
        let renewer = tokio::spawn(renew(pipeline.clone()));
        Self { pipeline: pipeline.clone(), stop, flights, loops, writer, renewer }
    }

    /// Takes nothing new, waits for what is under way, and hands back what does not end within the bound (H7).
    pub async fn stop(self) {
        let Self { pipeline, stop, flights, loops, mut writer, renewer } = self;
        stop.send_replace(true);
        let bound = Duration::from_millis(pipeline.settings().limits.stop_ms);
        let ended = async {
            for task in loops {
                // A loop that panicked has said so; the others are still waited for.
                let _ = task.await;
            }
            let _ = (&mut writer).await;
        };
        if tokio::time::timeout(bound, ended).await.is_err() {
            tracing::warn!(deliveries = flights.count(), "not everything ended in time; it is handed back");
        }
        writer.abort();
        renewer.abort();
        if let Err(error) = pipeline.store().release_claims(&pipeline.held_tokens(), pipeline.clock().now()).await {
            tracing::warn!(error = %error, "claims could not be handed back; they run out by themselves");
        }
    }
}

async fn process(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let (commits, begun) = (pipeline.ingest.commits(), now());
        let done = pipeline.process_once().await;
        if pipeline.ingest.commits() != commits {
            give_way(&pipeline, begun.elapsed(), &mut stopped).await;
        }
        rest(&pipeline, done, &pipeline.wake.process, &mut stopped).await;
    }
}

/// While sources post, processing takes its share and no more: a lead that is on disk can wait, a source that is not answered
/// gives up.
async fn give_way(pipeline: &Pipeline, worked: Duration, stopped: &mut watch::Receiver<bool>) {
    let share = pipeline.settings().limits.process_share_percent.clamp(1, 100);
    let workers = u32::try_from(pipeline.settings().limits.process_workers).unwrap_or(1);
    let pause = (worked * workers * (100 - share) / share).min(Duration::from_millis(GIVE_WAY_MS_MAX));
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        _ = stopped.changed() => {}
    }
}

#[allow(clippy::disallowed_methods, reason = "pacing of this process, which no rule depends on")]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

async fn notify(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let done = pipeline.notify_once().await;
        rest(&pipeline, done, &pipeline.wake.notify, &mut stopped).await;
    }
}

async fn deliver(
    pipeline: Pipeline,
    flights: Arc<Flights>,
    landed: mpsc::Sender<Landed>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let done = pipeline.deliver_once(&flights, &landed).await;
        rest(&pipeline, done, &pipeline.wake.deliver, &mut stopped).await;
    }
}

async fn sweep(pipeline: Pipeline, mut stopped: watch::Receiver<bool>) {
    let every = Duration::from_millis(pipeline.settings().limits.sweep_ms);
    while !*stopped.borrow() {
        if let Err(error) = pipeline.release_once(None).await {
            tracing::warn!(error = %error, "the sweep failed; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn renew(pipeline: Pipeline) {
    let every = Duration::from_millis(pipeline.settings().limits.renew_ms);
    let mut renewed_at = None;
    loop {
        tokio::time::sleep(every).await;
        let now = pipeline.clock().now();
        match pipeline.store().renew(&pipeline.held_tokens(), renewed_at.unwrap_or(now), now).await {
            Ok(()) => renewed_at = None,
            Err(error) => {
                renewed_at = renewed_at.or(Some(now.plus_ms(-i64::try_from(every.as_millis()).unwrap_or(0))));
                tracing::warn!(error = %error, "claims could not be renewed; it is tried again");
            }
        }
    }
}

/// Goes on at once while there is work; otherwise waits to be woken, for the next look, or for the end.
async fn rest(
    pipeline: &Pipeline,
    done: Result<usize, StoreError>,
    wake: &Notify,
    stopped: &mut watch::Receiver<bool>,
) {
    let wait_ms = match done {
        Ok(0) => pipeline.settings().limits.poll_ms,
        Ok(_) => return,
        Err(error) if error.is_passing() => return,
        Err(error) => {
            tracing::error!(error = %error, "a worker failed; it tries again");
            FAILED_WAIT_MS
        }
    };
    tokio::select! {
        () = wake.notified() => {}
        () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        _ = stopped.changed() => {}
    }
}

/// Writes attempts that ended, those that wait together in one commit. What could not be written is kept and tried again: a
/// message that was sent must not be forgotten.
async fn write_landed(pipeline: Pipeline, mut landing: mpsc::Receiver<Landed>) {
    let mut landed = Vec::with_capacity(ATTEMPTS_PER_COMMIT_MAX);
    while 0 < landing.recv_many(&mut landed, ATTEMPTS_PER_COMMIT_MAX).await {
        let attempts: Vec<_> = landed.iter().map(|one| one.attempted.clone()).collect();
        while let Err(error) = pipeline.store().commit_attempts(&attempts, pipeline.clock().now()).await {
            tracing::error!(error = %error, attempts = attempts.len(), "attempts could not be written; it is tried again");
            tokio::time::sleep(Duration::from_millis(FAILED_WAIT_MS)).await;
        }
        // Their places and claims are free only now.
        landed.clear();
        if attempts.iter().any(|attempt| attempt.transition.as_ref().is_some_and(|t| !t.events.is_empty())) {
            pipeline.wake.notify.notify_one();
        }
        pipeline.wake.deliver.notify_one();
    }
}
