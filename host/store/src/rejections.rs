//! Rejected requests on their way to the store (I2). They go with the next commit of requests, so that whoever posts nothing but nonsense
//! costs no commit of their own; of what waits for it each organization has so much, and the oldest is lost. How many bytes of them are written
//! in a minute is bounded, too. What is lost is counted.

mod allowance;
pub(super) mod housekeeping;

use super::rejected::NewRejectedRequest;
use allowance::Allowance;
use hookmill_domain::budget::Permit;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, oneshot};

/// A rejection that waits, with the permit for its bytes; whoever rejected learns that it is written, or by the end of this that it is lost.
#[derive(Debug)]
pub(super) struct WaitingRejection {
    pub(super) row: NewRejectedRequest,
    is_written: oneshot::Sender<()>,
    _permit: Permit,
}

/// The rejections that wait.
#[derive(Debug, Clone)]
pub(super) struct Rejections(Arc<Shared>);

/// The same, for whoever does not keep them.
#[derive(Debug)]
pub(super) struct WeakRejections(Weak<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    some: Notify,
    each_max: usize,
}

#[derive(Debug)]
struct Waiting {
    by_organization: HashMap<String, VecDeque<WaitingRejection>>,
    /// The organizations in the order of their turns.
    turns: VecDeque<String>,
    allowance: Allowance,
    report: Report,
}

/// What happened since the last report.
#[derive(Debug)]
pub(super) struct Report {
    /// When the last of it happened.
    at: Timestamp,
    /// The organizations of which some were written.
    written: BTreeSet<String>,
    /// How many were lost, by organization.
    lost: BTreeMap<String, i64>,
}

impl Rejections {
    /// None.
    pub(super) fn new(limits: &Limits) -> Self {
        let waiting = Waiting {
            by_organization: HashMap::new(),
            turns: VecDeque::new(),
            allowance: Allowance::new(limits.rejected_bytes_per_minute_max),
            report: Report::new(Timestamp(0)),
        };
        let each_max = limits.rejections_waiting_max.max(1);
        Self(Arc::new(Shared { waiting: Mutex::new(waiting), some: Notify::new(), each_max }))
    }

    /// Has a rejection wait for the next commit. What this returns is told when it is written, and ends when it is lost.
    pub(super) fn add(&self, row: NewRejectedRequest, permit: Permit) -> oneshot::Receiver<()> {
        let (is_written, written) = oneshot::channel();
        let organization_id = row.organization_id.clone();
        let mut waiting = self.lock();
        let Waiting { by_organization, turns, allowance, report } = &mut *waiting;
        report.at = row.rejected_at;
        if !allowance.take(&organization_id, row.held_bytes(), row.rejected_at) {
            report.lose(&organization_id);
            return written;
        }
        let own = by_organization.entry(organization_id.clone()).or_insert_with(|| {
            turns.push_back(organization_id.clone());
            VecDeque::new()
        });
        if self.0.each_max <= own.len() {
            own.pop_front();
            report.lose(&organization_id);
        }
        own.push_back(WaitingRejection { row, is_written, _permit: permit });
        drop(waiting);
        self.0.some.notify_one();
        written
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

    /// The first that wait, one of each organization in turn, until they are so many or have so many bytes.
    pub(super) fn take(&self, count_max: usize, bytes_max: i64) -> Vec<WaitingRejection> {
        let mut waiting = self.lock();
        let Waiting { by_organization, turns, .. } = &mut *waiting;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < count_max
            && bytes < bytes_max
            && let Some(organization_id) = turns.pop_front()
        {
            let Some(own) = by_organization.get_mut(&organization_id) else { continue };
            if let Some(next) = own.pop_front() {
                bytes += next.row.held_bytes();
                taken.push(next);
            }
            if own.is_empty() {
                by_organization.remove(&organization_id);
            } else {
                turns.push_back(organization_id);
            }
        }
        taken
    }

    /// These were written, or not.
    pub(super) fn end(&self, taken: Vec<WaitingRejection>, are_written: bool) {
        let mut waiting = self.lock();
        for one in taken {
            if are_written {
                // Nobody waits for it any more when the sender has left.
                let _ = one.is_written.send(());
                waiting.report.written.insert(one.row.organization_id);
            } else {
                waiting.report.lose(&one.row.organization_id);
            }
        }
    }

    /// One that could not even wait.
    pub(super) fn lose(&self, organization_id: &str, now: Timestamp) {
        let report = &mut self.lock().report;
        report.at = now;
        report.lose(organization_id);
    }

    /// What happened since the last call.
    fn take_report(&self) -> Report {
        let report = &mut self.lock().report;
        let next = Report::new(report.at);
        std::mem::replace(report, next)
    }

    /// What is left of a report is reported again.
    fn give_back(&self, left: Report) {
        let report = &mut self.lock().report;
        report.written.extend(left.written);
        for (organization_id, count) in left.lost {
            *report.lost.entry(organization_id).or_default() += count;
        }
    }

    /// The same, for whoever does not keep them.
    pub(super) fn downgrade(&self) -> WeakRejections {
        WeakRejections(Arc::downgrade(&self.0))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WeakRejections {
    /// The rejections, as long as somebody keeps them.
    pub(super) fn upgrade(&self) -> Option<Rejections> {
        self.0.upgrade().map(Rejections)
    }
}

impl Report {
    fn new(at: Timestamp) -> Self {
        Self { at, written: BTreeSet::new(), lost: BTreeMap::new() }
    }

    fn lose(&mut self, organization_id: &str) {
        match self.lost.get_mut(organization_id) {
            Some(count) => *count += 1,
            None => drop(self.lost.insert(organization_id.to_owned(), 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::budget::Budget;

    fn rejection(organization_id: &str, id: usize) -> NewRejectedRequest {
        NewRejectedRequest {
            id: id.to_string(),
            organization_id: organization_id.into(),
            source_key_id: "src".into(),
            source_id: "src".into(),
            channel: "batch",
            campaign_id: None,
            code: "x",
            error: b"{}".to_vec(),
            content_type: String::new(),
            content_encoding: String::new(),
            metadata: b"{}".to_vec(),
            idempotency_key: None,
            remote_address: None,
            body_bytes: 1,
            body_digest: None,
            body: bytes::Bytes::from_static(b"x"),
            rejected_at: Timestamp(0),
        }
    }

    fn permit() -> Permit {
        Budget::new("bodies_bytes_max", 1).open("x")
    }

    fn rejections(each_max: usize, bytes_per_minute: i64) -> Rejections {
        let bounds = (each_max, bytes_per_minute);
        let (rejections_waiting_max, rejected_bytes_per_minute_max) = bounds;
        Rejections::new(&Limits { rejections_waiting_max, rejected_bytes_per_minute_max, ..Limits::default() })
    }

    fn ids(taken: &[WaitingRejection]) -> Vec<String> {
        taken.iter().map(|one| one.row.id.clone()).collect()
    }

    #[test]
    fn h6_who_floods_loses_their_own_oldest_and_nobody_else_waits() {
        let rejections = rejections(3, i64::MAX);
        let mut ends: Vec<_> = (0..10).map(|id| rejections.add(rejection("flood", id), permit())).collect();
        rejections.add(rejection("other", 100), permit());
        assert!(ends[0].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed), "it is lost");
        assert!(ends[9].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty), "it waits");
        let first = rejections.take(2, i64::MAX);
        assert_eq!(ids(&first), ["7", "100"], "one of each");
        let second = rejections.take(9, 1);
        assert_eq!(ids(&second), ["8"], "as many as have so many bytes");
        assert_eq!(ids(&rejections.take(9, i64::MAX)), ["9"]);
        rejections.end(first, true);
        rejections.end(second, false);
        assert!(ends[7].try_recv().is_ok(), "it is written");
        assert!(ends[8].try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed), "it is lost");
        let report = rejections.take_report();
        assert_eq!(report.written, BTreeSet::from(["flood".to_owned(), "other".to_owned()]));
        assert_eq!(report.lost, BTreeMap::from([("flood".to_owned(), 8)]));
        rejections.give_back(report);
        assert_eq!(rejections.take_report().lost["flood"], 8);
    }

    #[test]
    fn h6_so_many_bytes_are_written_in_a_minute() {
        let bytes = rejection("a", 0).held_bytes();
        let rejections = rejections(100, bytes * 4);
        for id in 0..5 {
            rejections.add(rejection("a", id), permit());
        }
        rejections.add(rejection("b", 100), permit());
        assert_eq!(ids(&rejections.take(9, i64::MAX)), ["0", "100", "1"], "half of it is one organization's");
        assert_eq!(rejections.take_report().lost["a"], 3);
    }

    #[tokio::test]
    async fn whoever_waits_for_some_is_woken() {
        let rejections = rejections(3, i64::MAX);
        let waiting = tokio::spawn({
            let rejections = rejections.clone();
            async move { rejections.some().await }
        });
        tokio::task::yield_now().await;
        rejections.add(rejection("a", 1), permit());
        tokio::time::timeout(std::time::Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }
}
