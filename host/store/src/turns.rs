//! Turns at the one connection of SQLite that writes. People go first for at most half of the time that somebody else wants, then outcomes,
//! which free what others wait for; intake, processing and housekeeping share the rest by the time they use, so that neither posting nor a
//! backlog nor a person stops the others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A person.
    People,
    /// What came of messages that were sent.
    Outcomes,
    /// Requests that wait to be acknowledged.
    Intake,
    /// Batches that were processed.
    Processing,
    /// What has time: chores, and deferring work.
    Housekeeping,
}

impl Class {
    const ALL: [Self; CLASSES] = [Self::People, Self::Outcomes, Self::Intake, Self::Processing, Self::Housekeeping];

    /// How many parts of the time that is shared it gets while all wait. Outcomes take about as long as processing, so the flow keeps half of
    /// it, and more than a third of its own speed while sources post without a pause. Housekeeping gets a thirteenth.
    fn share(self) -> u64 {
        match self {
            Self::People | Self::Outcomes | Self::Housekeeping => 1,
            Self::Intake => 8,
            Self::Processing => 4,
        }
    }
}

/// A time is counted in parts of which each class gets so many.
const PARTS: u64 = 8;
const CLASSES: usize = 5;

/// The turns of one writer.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// When the turn that is held began; apart from the state, for whoever asks from within a statement.
    began: Mutex<Option<Instant>>,
}

/// A turn: nobody else writes until it is dropped. On a database with many writers there is nothing to wait for.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<Held>);

#[derive(Debug)]
struct Held {
    turns: Turns,
    class: Class,
    began: Instant,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    waiting: [VecDeque<oneshot::Sender<Turn>>; CLASSES],
    order: Order,
}

/// Who is next, by what was used so far: start-time fair queueing, first between people and the flow, then within the flow.
#[derive(Debug, Default)]
struct Order {
    /// The time used, divided by the share.
    used: [u64; CLASSES],
    /// The time used by whoever came last, when it came: who was idle until now has saved nothing up.
    now: u64,
    /// The same of people, and of everybody else together.
    halves: Halves,
}

#[derive(Debug, Default)]
struct Halves {
    people: u64,
    flow: u64,
    now: u64,
}

impl Order {
    /// A class begins to wait; `others` says whether another of its half waits already.
    fn join(&mut self, class: Class, others: bool) {
        let used = &mut self.used[class as usize];
        *used = (*used).max(self.now);
        if !others {
            let now = self.halves.now;
            let half = self.halves.of(class);
            *half = (*half).max(now);
        }
    }

    /// The next of those that wait.
    fn next(&mut self, is_waiting: impl Fn(Class) -> bool) -> Option<Class> {
        let flow = self.next_of_flow(&is_waiting);
        let next = match flow {
            Some(_) if is_waiting(Class::People) && self.halves.people <= self.halves.flow => Class::People,
            Some(flow) => flow,
            None => Some(Class::People).filter(|people| is_waiting(*people))?,
        };
        self.halves.now = *self.halves.of(next);
        if Class::Intake as usize <= next as usize {
            self.now = self.used[next as usize];
        }
        Some(next)
    }

    fn next_of_flow(&self, is_waiting: impl Fn(Class) -> bool) -> Option<Class> {
        let by_share = [Class::Intake, Class::Processing, Class::Housekeeping];
        let by_share = by_share.into_iter().filter(|class| is_waiting(*class));
        Some(Class::Outcomes)
            .filter(|first| is_waiting(*first))
            .or_else(|| by_share.min_by_key(|class| self.used[*class as usize]))
    }

    /// A turn has taken this long.
    fn add(&mut self, class: Class, nanoseconds: u64) {
        self.used[class as usize] += nanoseconds.saturating_mul(PARTS) / class.share();
        *self.halves.of(class) += nanoseconds;
    }
}

impl Halves {
    fn of(&mut self, class: Class) -> &mut u64 {
        if class == Class::People { &mut self.people } else { &mut self.flow }
    }
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn take(&self, class: Class) -> Turn {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.waiting[class as usize].is_empty() {
                let is_of_half = |other: &Class| (*other == Class::People) == (class == Class::People);
                let mut half = Class::ALL.iter().filter(|other| is_of_half(other));
                let others = half.any(|other| !state.waiting[*other as usize].is_empty());
                state.order.join(class, others);
            }
            state.waiting[class as usize].push_back(sender);
            self.give(&mut state);
        }
        // The sender is kept until it has sent.
        receiver.await.unwrap_or_default()
    }

    /// Gives the turn to the next who still waits.
    fn give(&self, state: &mut State) {
        while !state.is_taken {
            let State { waiting, order, .. } = &mut *state;
            let Some(class) = order.next(|class| !waiting[class as usize].is_empty()) else { return };
            let Some(sender) = waiting[class as usize].pop_front() else { return };
            let began = now();
            let turn = Turn(Some(Held { turns: self.clone(), class, began }));
            match sender.send(turn) {
                Ok(()) => {
                    state.is_taken = true;
                    *lock(&self.0.began) = Some(began);
                }
                // Who hung up is passed over; its turn never began.
                Err(mut turn) => drop(turn.0.take()),
            }
        }
    }

    /// For how long the turn that is held has been held; nothing when none is.
    pub(super) fn held_for(&self) -> Duration {
        lock(&self.0.began).map_or(Duration::ZERO, |began| began.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(Held { turns, class, began }) = self.0.take() else { return };
        let used = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut state = turns.lock();
        state.is_taken = false;
        *lock(&turns.0.began) = None;
        state.order.add(class, used);
        turns.give(&mut state);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "how long a statement takes is the machine's matter, and decides no result"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays turns that take so long, while these wait all the time; returns how long each was served.
    fn play(order: &mut Order, lengths: [(Class, u64); 2], turns: usize) -> [u64; 2] {
        let mut served = [0; 2];
        for _ in 0..turns {
            let class = order.next(|class| lengths.iter().any(|(one, _)| *one == class)).unwrap();
            let at = usize::from(class == lengths[1].0);
            served[at] += lengths[at].1;
            order.add(class, lengths[at].1);
        }
        served
    }

    #[test]
    fn h6_time_is_shared_whatever_a_turn_takes() {
        for (classes, share) in [
            ([Class::Intake, Class::Processing], 2.0),
            ([Class::Processing, Class::Housekeeping], 4.0),
            ([Class::People, Class::Intake], 1.0),
            ([Class::People, Class::Outcomes], 1.0),
            ([Class::People, Class::Housekeeping], 1.0),
        ] {
            for lengths in [(10_000, 10_000), (30_000, 2_000), (1_000, 25_000)] {
                let mut order = Order::default();
                let both = [(classes[0], lengths.0), (classes[1], lengths.1)];
                let [first, second] = play(&mut order, both, 10_000);
                let ratio = first as f64 / second as f64;
                assert!((share * 0.95..share * 1.05).contains(&ratio), "{classes:?} {lengths:?}: {ratio}");
            }
        }
    }

    #[test]
    fn h6_who_was_idle_has_saved_nothing_up() {
        for class in [Class::Processing, Class::Housekeeping, Class::Outcomes] {
            let mut order = Order::default();
            order.join(class, false);
            for _ in 0..1_000 {
                assert_eq!(order.next(|one| one == class), Some(class));
                order.add(class, 10);
            }
            order.join(Class::People, false);
            let [people, other] = play(&mut order, [(Class::People, 10), (class, 10)], 40);
            assert!((190..=210).contains(&people) && (190..=210).contains(&other), "{class:?}: {people} {other}");
        }
        let mut order = Order::default();
        order.join(Class::Processing, false);
        for _ in 0..1_000 {
            assert_eq!(order.next(|class| class == Class::Processing), Some(Class::Processing));
            order.add(Class::Processing, 10);
        }
        order.join(Class::Intake, true);
        let [intake, processing] = play(&mut order, [(Class::Intake, 10), (Class::Processing, 10)], 40);
        assert!((250..=290).contains(&intake) && (110..=150).contains(&processing), "{intake} {processing}");
    }

    #[test]
    fn people_and_outcomes_go_first() {
        let mut order = Order::default();
        assert_eq!(order.next(|_| true), Some(Class::People));
        assert_eq!(order.next(|class| class != Class::People), Some(Class::Outcomes));
        assert_eq!(order.next(|_| false), None);
    }

    proptest! {
        /// Whoever waits all the time gets a part of it, whatever others do: people half, the flow half, and within the flow each by its share
        /// of what outcomes leave.
        #[test]
        fn h6_nobody_who_waits_is_left_out(lengths in proptest::collection::vec(1_u64..50_000, CLASSES), turns in 2_000_usize..4_000) {
            let mut order = Order::default();
            let mut served = [0_u64; CLASSES];
            // Outcomes come and go: one turn in four.
            for turn in 0..turns {
                let waits = |class: Class| class != Class::Outcomes || turn % 4 == 0;
                let class = order.next(waits).unwrap();
                served[class as usize] += lengths[class as usize];
                order.add(class, lengths[class as usize]);
            }
            let flow: u64 = served[1..].iter().sum();
            let longest = *lengths.iter().max().unwrap();
            prop_assert!(served[0].abs_diff(flow) <= longest * 2, "people {} and the flow {flow}", served[0]);
            let parts = [Class::Intake, Class::Processing, Class::Housekeeping].map(|class| served[class as usize] * PARTS / class.share());
            let spread = parts.iter().max().unwrap() - parts.iter().min().unwrap();
            prop_assert!(spread <= longest * PARTS * 2, "{parts:?}");
        }
    }

    /// Nobody who hangs up keeps the turn: neither while waiting nor once it was given and not yet noticed.
    #[tokio::test]
    async fn a_turn_is_passed_on() {
        let turns = Turns::default();
        let first = turns.take(Class::Intake).await;
        let (gone, waits) = (turns.take(Class::Processing), turns.take(Class::Processing));
        let mut gone = Box::pin(gone);
        assert!(futures_poll(&mut gone).await, "the turn is taken");
        let mut waits = Box::pin(waits);
        assert!(futures_poll(&mut waits).await);
        drop(first);
        // It was given the turn just now, and never looks.
        drop(gone);
        let second = tokio::time::timeout(std::time::Duration::from_secs(5), waits).await.unwrap();
        drop(second);
        assert!(!turns.lock().is_taken);
    }

    /// Polls once; returns whether it still waits.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
