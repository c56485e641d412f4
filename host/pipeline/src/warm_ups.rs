//! Components are made ready before anything runs on them. One that is not in memory is loaded, and where need be compiled, by a warm-up:
//! one for each component, which no caller owns and nobody's leaving stops. Who needs the component goes on with other work meanwhile,
//! and is woken when it ends.
//!
//! Why a warm-up failed decides what becomes of the leads. Where the host failed they wait, and it is tried again after a while that
//! doubles; where the component can't be run they are quarantined, and it is not compiled anew for each of their batches.

use super::Pipeline;
use super::flow::InFlight;
use super::later::Doubling;
use super::programs::NotReady;
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::BootTime;
use hookmill_domain::config::Limits;
use hookmill_domain::flow::lanes::LaneKey;
use hookmill_engine::{Digest, LoadError, LoadedComponent};
use hookmill_store::StoreError;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The components that are being made ready, and those that could not be.
pub(crate) struct WarmUps {
    components: Mutex<HashMap<Digest, WarmUp>>,
    later: Doubling,
    unusable: Doubling,
    stops_max: u32,
    failures_kept_max: usize,
}

/// One component that is not ready.
#[derive(Default)]
struct WarmUp {
    lanes: HashSet<WaitingLane>,
    callers: Vec<oneshot::Sender<()>>,
    failures: Failures,
    /// How the last one ended, once it has; none while one is under way.
    failed: Option<Failed>,
}

/// How often in a row it failed.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    by_host: u32,
    stopped: u32,
    unusable: u32,
}

/// A warm-up that failed.
struct Failed {
    why: NotReady,
    again_at: BootTime,
}

/// Work that waits for a component: its lane is read again when the component is ready.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum WaitingLane {
    /// The submissions of a campaign.
    Submissions(LaneKey),
    /// The deliveries to a destination.
    Deliveries(LaneKey),
}

impl WaitingLane {
    fn key(&self) -> &LaneKey {
        match self {
            Self::Submissions(key) | Self::Deliveries(key) => key,
        }
    }
}

/// What is to be done for a component that is not in memory.
#[derive(Debug)]
enum Ask {
    /// A warm-up, which the caller starts.
    Start,
    /// To wait for the one under way.
    Wait,
    /// To take this for a result until it is tried again.
    Failed(NotReady),
}

/// Who waited for a warm-up that ended.
#[derive(Default)]
struct Woken {
    lanes: HashSet<WaitingLane>,
    callers: Vec<oneshot::Sender<()>>,
}

impl WarmUps {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            components: Mutex::default(),
            later: Doubling::new(limits.later_ms_min, limits.later_ms_max),
            unusable: Doubling::new(limits.unusable_ms_min, limits.unusable_ms_max),
            stops_max: limits.compile_stops_max,
            failures_kept_max: limits.programs_cached_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, WarmUp>> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, digest: Digest, now: BootTime) -> Ask {
        let mut components = self.lock();
        if let Some(known) = components.get_mut(&digest) {
            return match &known.failed {
                None => Ask::Wait,
                Some(failed) if now < failed.again_at => Ask::Failed(failed.why.clone()),
                Some(_) => {
                    known.failed = None;
                    Ask::Start
                }
            };
        }
        if self.failures_kept_max <= components.len() {
            components.retain(|_, known| known.failed.as_ref().is_none_or(|failed| now < failed.again_at));
        }
        components.insert(digest, WarmUp::default());
        Ask::Start
    }

    /// Has a lane wait for the warm-up under way; false when there is none.
    fn wait(&self, digest: Digest, lane: &WaitingLane) -> bool {
        match self.lock().get_mut(&digest).filter(|known| known.failed.is_none()) {
            Some(known) => {
                known.lanes.insert(lane.clone());
                true
            }
            None => false,
        }
    }

    /// What tells that the warm-up under way has ended; none when there is none.
    fn end_of(&self, digest: Digest) -> Option<oneshot::Receiver<()>> {
        let mut components = self.lock();
        let known = components.get_mut(&digest).filter(|known| known.failed.is_none())?;
        let (sender, receiver) = oneshot::channel();
        known.callers.retain(|caller| !caller.is_closed());
        known.callers.push(sender);
        Some(receiver)
    }

    /// A warm-up ended.
    fn ended(&self, digest: Digest, result: Result<(), LoadFailure>, now: BootTime) -> Woken {
        let mut components = self.lock();
        let Some(known) = components.get_mut(&digest) else { return Woken::default() };
        let woken = Woken { lanes: std::mem::take(&mut known.lanes), callers: std::mem::take(&mut known.callers) };
        match result {
            Ok(()) => drop(components.remove(&digest)),
            Err(failure) => known.failed = Some(self.fail(&mut known.failures, failure, now)),
        }
        woken
    }

    fn fail(&self, failures: &mut Failures, failure: LoadFailure, now: BootTime) -> Failed {
        let count = |failures: &mut u32| std::mem::replace(failures, failures.saturating_add(1));
        match failure {
            LoadFailure::Host(why) => {
                let again_at = now.plus_ms(self.later.wait_ms(count(&mut failures.by_host)));
                Failed { why: NotReady::Later { why, again_at: Some(again_at) }, again_at }
            }
            LoadFailure::Stopped(why) if count(&mut failures.stopped) + 1 < self.stops_max => {
                let again_at = now.plus_ms(self.later.wait_ms(failures.stopped - 1));
                Failed { why: NotReady::Later { why, again_at: Some(again_at) }, again_at }
            }
            LoadFailure::Stopped(why) | LoadFailure::Unusable(why) => {
                let again_at = now.plus_ms(self.unusable.wait_ms(count(&mut failures.unusable)));
                Failed { why: NotReady::Never(why), again_at }
            }
        }
    }
}

/// Whose failure it is that a component is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LoadFailure {
    /// The host's, its database's or its disk's.
    Host(String),
    /// Its compilation was stopped from outside: the machine's failure, unless that goes on.
    Stopped(String),
    /// The component's, or that of the bounds.
    Unusable(String),
}

impl From<LoadError> for LoadFailure {
    fn from(error: LoadError) -> Self {
        let why = error.to_string();
        match error {
            LoadError::Fetch { .. } | LoadError::Corrupt { .. } | LoadError::Host { .. } => Self::Host(why),
            LoadError::Stopped { .. } => Self::Stopped(why),
            LoadError::Unusable { .. } => Self::Unusable(why),
        }
    }
}

/// Ends a warm-up whatever happens, also when it panics: those who wait must not wait for ever.
struct UnderWay {
    pipeline: Pipeline,
    digest: Digest,
    result: Result<(), LoadFailure>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.result, Ok(()));
        if let Err(failure) = &result {
            tracing::error!(digest = %self.digest, ?failure, "a plugin could not be made ready");
        }
        let woken = self.pipeline.warm_ups.ended(self.digest, result, self.pipeline.clock.boot_time());
        woken.lanes.iter().for_each(|lane| self.pipeline.wake(lane));
        for caller in woken.callers {
            // Whoever left needs no word.
            let _ = caller.send(());
        }
    }
}

impl Pipeline {
    /// The component of this digest, if it is in memory; otherwise it is being made ready from now on, or why it can't be.
    pub(crate) fn component_if_ready(&self, digest: Digest) -> Result<Arc<LoadedComponent>, NotReady> {
        if digest == self.standard.component.digest() {
            return Ok(Arc::clone(&self.standard.component));
        }
        if let Some(loaded) = self.engine().loaded(digest) {
            return Ok(loaded);
        }
        match self.warm_ups.ask(digest, self.clock.boot_time()) {
            Ask::Failed(why) => return Err(why),
            Ask::Wait => {}
            Ask::Start => drop(tokio::spawn(warm_up(self.clone(), digest))),
        }
        Err(NotReady::Warming(digest))
    }

    /// The same for a caller who can wait. Whoever leaves stops nothing.
    #[boxed]
    pub(crate) async fn component_when_ready(&self, digest: Digest) -> Result<Arc<LoadedComponent>, NotReady> {
        loop {
            match self.component_if_ready(digest) {
                Err(NotReady::Warming(_)) => {
                    if let Some(ended) = self.warm_ups.end_of(digest) {
                        // A sender that is gone has ended, too.
                        let _ = ended.await;
                    }
                }
                result => return result,
            }
        }
    }

    /// Makes the components ready that active campaigns run, those of the most campaigns first. Returns when all are, or could not be,
    /// and at the latest after `warm_up_ms_max`: the rest goes on.
    ///
    /// # Errors
    /// Where the store does not respond.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        let components_max = i64::try_from(self.engine().limits().loaded_components_max).unwrap_or(i64::MAX);
        let stored = self.store.active_components(components_max).await?;
        let digests: Vec<Digest> = stored.iter().filter_map(|digest| digest.parse().ok()).collect();
        let not_ready = digests.iter().filter(|digest| self.component_if_ready(**digest).is_err());
        let ends: Vec<_> = not_ready.filter_map(|digest| self.warm_ups.end_of(*digest)).collect();
        let count = ends.len();
        let all = async {
            for end in ends {
                let _ = end.await;
            }
        };
        let bound = Duration::from_millis(self.settings.limits.warm_up_ms_max);
        if tokio::time::timeout(bound, all).await.is_err() {
            tracing::warn!(
                count,
                "not all plugins of active campaigns are compiled yet; their leads wait until they are"
            );
        }
        Ok(())
    }

    /// Gives work back to the store that can't run yet. It is read again when it can, or may be able to.
    pub(crate) fn park<T>(
        &self,
        in_flight: impl IntoIterator<Item = InFlight<T>>,
        lane: &WaitingLane,
        not_ready: &NotReady,
    ) {
        let now = self.clock.boot_time();
        let at = self.due_at(match not_ready {
            NotReady::Warming(_) => self.later.longest_at(now),
            NotReady::Later { again_at: Some(at), .. } => *at,
            NotReady::Later { again_at: None, .. } | NotReady::Never(_) => self.later.failed(&lane.key().lane, now),
        });
        in_flight.into_iter().for_each(|one| one.finish(Some(at)));
        // A campaign has one program, so that all its submissions wait; a destination may have others' deliveries.
        if let WaitingLane::Submissions(key) = lane {
            self.flow.submissions.lanes().park(key, at);
        }
        // After it is given back, so that an end of the warm-up in between is not missed.
        if let NotReady::Warming(digest) = not_ready
            && !self.warm_ups.wait(*digest, lane)
        {
            self.wake(lane);
        }
    }

    fn wake(&self, lane: &WaitingLane) {
        let now = self.clock.now();
        match lane {
            WaitingLane::Submissions(key) => self.flow.read_submissions(&key.organization, &key.lane, now),
            WaitingLane::Deliveries(key) => self.flow.read_deliveries(&key.organization, &key.lane, now),
        }
    }
}

async fn warm_up(pipeline: Pipeline, digest: Digest) {
    let lost = Err(LoadFailure::Host("the host failed while it made a plugin ready; its log has the panic".into()));
    let mut under_way = UnderWay { pipeline, digest, result: lost };
    let store = &under_way.pipeline.store;
    let name = digest.to_string();
    let fetch = || async {
        let found = store.component(&name).await?;
        found.ok_or_else(|| StoreError::corrupt("components", &name, "the component is missing"))
    };
    let loaded = under_way.pipeline.engine().load(digest, fetch).await;
    under_way.result = loaded.map(drop).map_err(LoadFailure::from);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warm_ups() -> WarmUps {
        WarmUps::new(&Limits {
            later_ms_min: 1_000,
            later_ms_max: 4_000,
            unusable_ms_min: 60_000,
            unusable_ms_max: 120_000,
            compile_stops_max: 3,
            programs_cached_max: 2,
            ..Limits::default()
        })
    }

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    fn lane() -> WaitingLane {
        WaitingLane::Submissions(LaneKey::new("org", "cmp"))
    }

    /// One warm-up that fails, from its start.
    fn fail(warm_ups: &WarmUps, failure: LoadFailure, at: i64) -> (NotReady, i64) {
        assert!(matches!(warm_ups.ask(digest(1), BootTime(at)), Ask::Start), "it is tried at {at}");
        warm_ups.ended(digest(1), Err(failure), BootTime(at));
        let components = warm_ups.lock();
        let failed = components[&digest(1)].failed.as_ref().unwrap();
        (failed.why.clone(), failed.again_at.0 - at)
    }

    /// P4: one for each component, however many need it; who waits is woken once.
    #[test]
    fn p4_one_warm_up_for_all_who_need_it() {
        let warm_ups = warm_ups();
        assert!(!warm_ups.wait(digest(1), &lane()), "there is nothing to wait for");
        assert!(matches!(warm_ups.ask(digest(1), BootTime(0)), Ask::Start));
        for _ in 0..3 {
            assert!(matches!(warm_ups.ask(digest(1), BootTime(0)), Ask::Wait));
            assert!(warm_ups.wait(digest(1), &lane()));
        }
        let mut end = warm_ups.end_of(digest(1)).unwrap();
        let woken = warm_ups.ended(digest(1), Ok(()), BootTime(9));
        assert_eq!(woken.lanes, HashSet::from([lane()]));
        assert!(end.try_recv().is_err(), "it is told by who ends it");
        woken.callers.into_iter().for_each(|caller| caller.send(()).unwrap());
        assert!(end.try_recv().is_ok());
        assert!(warm_ups.lock().is_empty());
        assert!(matches!(warm_ups.ask(digest(1), BootTime(9)), Ask::Start));
    }

    /// H8: the host's failure is "later", and later each time; it never becomes the component's.
    #[test]
    fn h8_the_hosts_failure_is_later() {
        let (warm_ups, mut now) = (warm_ups(), 0);
        for wait in [1_000, 2_000, 4_000, 4_000, 4_000, 4_000] {
            let (why, waits) = fail(&warm_ups, LoadFailure::Host("no process".into()), now);
            assert_eq!(waits, wait);
            assert!(matches!(why, NotReady::Later { again_at: Some(at), .. } if at.0 == now + wait), "{why:?}");
            assert!(matches!(warm_ups.ask(digest(1), BootTime(now + wait - 1)), Ask::Failed(_)));
            now += wait;
        }
    }

    /// H8: what is stopped from outside is tried some times, and then counts as beyond the bounds.
    #[test]
    fn h8_what_is_always_stopped_is_beyond_the_bounds() {
        let warm_ups = warm_ups();
        let stopped = || LoadFailure::Stopped("SIGKILL".into());
        assert!(matches!(fail(&warm_ups, stopped(), 0), (NotReady::Later { .. }, 1_000)));
        assert!(matches!(fail(&warm_ups, stopped(), 1_000), (NotReady::Later { .. }, 2_000)));
        assert!(matches!(fail(&warm_ups, stopped(), 3_000), (NotReady::Never(_), 60_000)));
    }

    /// P4: a component that does not compile is not compiled anew for each batch.
    #[test]
    fn p4_what_does_not_compile_is_known_for_a_while() {
        let (warm_ups, mut now) = (warm_ups(), 0);
        for wait in [60_000, 120_000, 120_000] {
            let (why, waits) = fail(&warm_ups, LoadFailure::Unusable("invalid".into()), now);
            assert_eq!((waits, why.to_string()), (wait, "invalid".to_owned()));
            assert!(matches!(warm_ups.ask(digest(1), BootTime(now + wait - 1)), Ask::Failed(NotReady::Never(_))));
            now += wait;
        }
    }

    /// H6: what failed is forgotten when there is too much of it, what is under way never.
    #[test]
    fn h6_what_is_remembered_is_bounded() {
        let warm_ups = warm_ups();
        for n in 0..2 {
            assert!(matches!(warm_ups.ask(digest(n), BootTime(0)), Ask::Start));
            warm_ups.ended(digest(n), Err(LoadFailure::Host("no".into())), BootTime(0));
        }
        assert!(matches!(warm_ups.ask(digest(2), BootTime(1_000)), Ask::Start));
        assert_eq!(warm_ups.lock().len(), 1);
        assert!(matches!(warm_ups.ask(digest(2), BootTime(9_000)), Ask::Wait));
    }

    #[test]
    fn h8_whose_failure_a_load_is() {
        let (digest, reason) = (digest(1), "why".to_owned());
        let host = |error: LoadError| matches!(LoadFailure::from(error), LoadFailure::Host(_));
        assert!(host(LoadError::Fetch { digest, source: "away".into() }));
        assert!(host(LoadError::Corrupt { digest, found: Digest::of(b"other") }));
        assert!(host(LoadError::Host { digest, reason: reason.clone() }));
        let stopped = LoadFailure::from(LoadError::Stopped { digest, reason: reason.clone() });
        assert!(matches!(stopped, LoadFailure::Stopped(_)));
        assert!(matches!(LoadFailure::from(LoadError::Unusable { digest, reason }), LoadFailure::Unusable(_)));
    }
}
