//! The queues after a request: responses wait to be interpreted, outcomes wait to be written. What is done with them is `outcome`'s.

use super::Pipeline;
use super::health::{Health, Queue};
use super::outcome::{CompletedAttempt, GroupKey, Responded};
use super::supervise::supervise_once;
use std::collections::{HashMap, HashSet};
use tokio::sync::mpsc;

/// How many responses are interpreted, and how many outcomes written, at once at most.
const BATCH_MAX: usize = 512;

/// The steps after a request.
#[derive(Clone)]
pub(crate) struct Steps {
    pipeline: Pipeline,
    interpret: mpsc::Sender<Responded>,
    commit: mpsc::Sender<CompletedAttempt>,
}

impl Steps {
    /// Starts both steps; they end when the last handle is gone and everything is written.
    pub(crate) fn start(pipeline: &Pipeline) -> (Self, tokio::task::JoinHandle<()>) {
        let room = pipeline.settings.limits.resident_items_max.max(1);
        let (interpret, responded) = mpsc::channel(room);
        let (commit, ended) = mpsc::channel(room);
        supervise_once(pipeline, "interpret", interpret_forever(pipeline.clone(), responded, commit.clone()));
        let writer = supervise_once(pipeline, "outcomes", commit_forever(pipeline.clone(), ended));
        (Self { pipeline: pipeline.clone(), interpret, commit }, writer)
    }

    pub(crate) async fn interpret(&self, responded: Responded) {
        pass_on(&self.pipeline.health, &self.interpret, responded).await;
    }

    pub(crate) async fn commit(&self, ended: CompletedAttempt) {
        pass_on(&self.pipeline.health, &self.commit, ended).await;
    }
}

/// Hands something to the next step. A host that stops leaves the rest to the store. Any other that forgets what it has sent would send it
/// again and again: where a queue's reader has gone, the host ends.
async fn pass_on<T>(health: &Health, queue: &mpsc::Sender<T>, one: T) {
    if queue.send(one).await.is_err() {
        health.die("what came of a request can't be written any more");
    }
}

/// Responses of one group are interpreted one batch after another: what arrives meanwhile is the next batch. So many small calls become few
/// large ones when there is much to do, and a slow plugin holds up its own campaign's outcomes alone.
async fn interpret_forever(
    pipeline: Pipeline,
    mut responded: mpsc::Receiver<Responded>,
    commit: mpsc::Sender<CompletedAttempt>,
) {
    let (ended, mut ends) = mpsc::unbounded_channel::<GroupKey>();
    let mut waiting: HashMap<GroupKey, Vec<Responded>> = HashMap::new();
    let mut running: HashSet<GroupKey> = HashSet::new();
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut is_open = true;
    while is_open || !running.is_empty() || !waiting.is_empty() {
        tokio::select! {
            count = responded.recv_many(&mut batch, BATCH_MAX), if is_open => is_open = 0 < count,
            Some(key) = ends.recv() => {
                running.remove(&key);
            }
        }
        for one in batch.drain(..) {
            waiting.entry(one.group()).or_default().push(one);
        }
        let ready: Vec<GroupKey> = waiting.keys().filter(|key| !running.contains(*key)).cloned().collect();
        for key in ready {
            let Some(mut group) = waiting.remove(&key) else { continue };
            if BATCH_MAX < group.len() {
                waiting.insert(key.clone(), group.split_off(BATCH_MAX));
            }
            running.insert(key.clone());
            let (pipeline, commit, ended) = (pipeline.clone(), commit.clone(), ended.clone());
            tokio::spawn(async move {
                // Says so whatever happens, also when interpreting panics: the group's later responses must not wait for ever.
                let _end = EndOfGroup { key, ended };
                pipeline.interpret_group(group, &commit).await;
            });
        }
    }
}

/// Tells that a group's batch has ended when it is dropped.
struct EndOfGroup {
    key: GroupKey,
    ended: mpsc::UnboundedSender<GroupKey>,
}

impl Drop for EndOfGroup {
    fn drop(&mut self) {
        let _ = self.ended.send(self.key.clone());
    }
}

async fn commit_forever(pipeline: Pipeline, mut ended: mpsc::Receiver<CompletedAttempt>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while gather(&mut ended, &mut batch).await {
        let _waiting = pipeline.health.pass(Queue::Outcomes, batch.len());
        pipeline.write_outcomes(std::mem::take(&mut batch)).await;
    }
}

/// Waits for something to come and takes it, with what else comes as long as each turn of whatever is ready to run brings more: what ends at
/// about one moment is one commit. False when nothing will come any more.
async fn gather<T>(queue: &mut mpsc::Receiver<T>, batch: &mut Vec<T>) -> bool {
    queue.recv_many(batch, BATCH_MAX).await;
    let mut before = 0;
    while before < batch.len() && batch.len() < BATCH_MAX {
        before = batch.len();
        tokio::task::yield_now().await;
        while batch.len() < BATCH_MAX
            && let Ok(one) = queue.try_recv()
        {
            batch.push(one);
        }
    }
    !batch.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::boot_time;
    use hookmill_domain::config::Limits;

    /// What ends while other work goes on is gathered, never more than a batch, and what ends last is not waited for.
    #[tokio::test]
    async fn what_ends_at_one_moment_is_one_batch() {
        let (queue, mut ended) = mpsc::channel(BATCH_MAX + 1);
        for number in 0..3 {
            let queue = queue.clone();
            tokio::spawn(async move { queue.send(number).await });
        }
        let mut batch = Vec::new();
        assert!(gather(&mut ended, &mut batch).await);
        assert_eq!(std::mem::take(&mut batch), [0, 1, 2]);
        for number in 0..=BATCH_MAX {
            queue.send(number).await.unwrap();
        }
        drop(queue);
        for expected in [BATCH_MAX, 1, 0] {
            assert_eq!(gather(&mut ended, &mut batch).await, 0 < expected);
            assert_eq!(std::mem::take(&mut batch).len(), expected);
        }
    }

    /// H7: a queue whose reader has gone ends the host, unless it stops.
    #[tokio::test]
    async fn h7_a_queue_without_a_reader_ends_the_host() {
        for (stops, expected) in [(true, ""), (false, "what came of a request can't be written any more")] {
            let health = Health::new();
            let (queue, mut reader) = mpsc::channel(1);
            pass_on(&health, &queue, 1).await;
            assert_eq!(reader.recv().await, Some(1));
            drop(reader);
            if stops {
                health.stop();
            }
            pass_on(&health, &queue, 2).await;
            assert_eq!(health.problems(&Limits::default(), boot_time()).join("; "), expected);
        }
    }
}
