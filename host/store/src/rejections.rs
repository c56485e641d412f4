//! Rejected requests on their way to the store (I2). They go with the next commit of requests, so that whoever posts nothing but nonsense
//! costs no commit of their own; of what waits for it each organization has so much, and the oldest is lost.

use hookmill_domain::clock::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// What is kept of a request that was wholly rejected: code, size and digest.
#[derive(Debug, Clone)]
pub(super) struct NewRejection {
    pub(super) id: String,
    pub(super) organization_id: String,
    pub(super) code: String,
    pub(super) body_bytes: i64,
    pub(super) body_digest: [u8; 32],
    pub(super) rejected_at: Timestamp,
}

/// A rejection that waits; whoever rejected is told when it is written or lost, by its end.
#[derive(Debug)]
pub(super) struct WaitingRejection {
    pub(super) row: NewRejection,
    _ended: oneshot::Sender<()>,
}

/// The rejections that wait.
#[derive(Debug, Clone)]
pub(super) struct Rejections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    some: Notify,
    each_max: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    by_organization: HashMap<String, VecDeque<WaitingRejection>>,
    /// The organizations in the order of their turns.
    turns: VecDeque<String>,
    /// How many were lost, by organization, since it was last said.
    lost: HashMap<String, u64>,
}

impl Rejections {
    /// None; of each organization so many may wait.
    pub(super) fn new(each_max: usize) -> Self {
        let each_max = each_max.max(1);
        Self(Arc::new(Shared { waiting: Mutex::default(), some: Notify::new(), each_max }))
    }

    /// Has a rejection wait for the next commit; what this returns ends when it is written or lost.
    pub(super) fn add(&self, row: NewRejection) -> oneshot::Receiver<()> {
        let (ended, end) = oneshot::channel();
        let organization_id = row.organization_id.clone();
        let mut waiting = self.lock();
        let Waiting { by_organization, turns, lost } = &mut *waiting;
        let own = by_organization.entry(organization_id.clone()).or_insert_with(|| {
            turns.push_back(organization_id.clone());
            VecDeque::new()
        });
        if self.0.each_max <= own.len() {
            own.pop_front();
            *lost.entry(organization_id).or_default() += 1;
        }
        own.push_back(WaitingRejection { row, _ended: ended });
        drop(waiting);
        self.0.some.notify_one();
        end
    }

    /// Waits until there are some.
    pub(super) async fn some(&self) {
        loop {
            if !self.lock().turns.is_empty() {
                return;
            }
            self.0.some.notified().await;
        }
    }

    /// The first that wait, one of each organization in turn.
    pub(super) fn take(&self, count_max: usize) -> Vec<WaitingRejection> {
        let mut waiting = self.lock();
        let Waiting { by_organization, turns, lost } = &mut *waiting;
        for (organization_id, count) in lost.drain() {
            tracing::warn!(organization_id, count, "rejected requests were not recorded: too many waited");
        }
        let mut taken = Vec::new();
        while taken.len() < count_max
            && let Some(organization_id) = turns.pop_front()
        {
            let Some(own) = by_organization.get_mut(&organization_id) else { continue };
            taken.extend(own.pop_front());
            if own.is_empty() {
                by_organization.remove(&organization_id);
            } else {
                turns.push_back(organization_id);
            }
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(organization_id: &str, id: usize) -> NewRejection {
        NewRejection {
            id: id.to_string(),
            organization_id: organization_id.into(),
            code: "x".into(),
            body_bytes: 1,
            body_digest: [0; 32],
            rejected_at: Timestamp(0),
        }
    }

    #[test]
    fn h6_who_floods_loses_their_own_oldest_and_nobody_else_waits() {
        let rejections = Rejections::new(3);
        let mut ends: Vec<_> = (0..10).map(|id| rejections.add(rejection("flood", id))).collect();
        rejections.add(rejection("other", 100));
        assert!(ends[0].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed), "it is told");
        assert!(ends[9].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty), "it waits");
        let ids = |taken: &[WaitingRejection]| taken.iter().map(|one| one.row.id.clone()).collect::<Vec<_>>();
        let first = rejections.take(2);
        assert_eq!(ids(&first), ["7", "100"], "one of each");
        assert_eq!(ids(&rejections.take(9)), ["8", "9"]);
        assert!(rejections.take(9).is_empty());
    }

    #[tokio::test]
    async fn whoever_waits_for_some_is_woken() {
        let rejections = Rejections::new(3);
        let waiting = tokio::spawn({
            let rejections = rejections.clone();
            async move { rejections.some().await }
        });
        tokio::task::yield_now().await;
        rejections.add(rejection("a", 1));
        tokio::time::timeout(std::time::Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }
}
