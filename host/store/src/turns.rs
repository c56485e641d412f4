//! Turns at the one connection of SQLite that writes. People go first, then outcomes, which free what others wait for; intake and processing
//! share the rest by the time they use, so that neither posting nor a backlog stops the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A person, or a small piece of housekeeping.
    People,
    /// What came of messages that were sent.
    Outcomes,
    /// Requests that wait to be acknowledged.
    Intake,
    /// Batches that were processed.
    Processing,
}

/// How many parts of the time intake gets for each of processing while both wait. Outcomes take about as long as processing, so the flow keeps
/// half of it, and more than a third of its own speed while sources post without a pause.
const INTAKE_SHARE: u64 = 2;
const CLASSES: usize = 4;

/// The turns of one writer.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<State>>);

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

/// Who is next, by what was used so far: start-time fair queueing.
#[derive(Debug, Default)]
struct Order {
    /// The time used, divided by the share.
    used: [u64; CLASSES],
    /// The time used by whoever came last, when it came: who was idle until now has saved nothing up.
    now: u64,
}

impl Order {
    /// A class begins to wait.
    fn join(&mut self, class: Class) {
        let used = &mut self.used[class as usize];
        *used = (*used).max(self.now);
    }

    /// The next of those that wait.
    fn next(&mut self, is_waiting: impl Fn(Class) -> bool) -> Option<Class> {
        let first = [Class::People, Class::Outcomes].into_iter().find(|class| is_waiting(*class));
        let by_share = [Class::Intake, Class::Processing].into_iter().filter(|class| is_waiting(*class));
        let next = first.or_else(|| by_share.min_by_key(|class| self.used[*class as usize]))?;
        if first.is_none() {
            self.now = self.used[next as usize];
        }
        Some(next)
    }

    /// A turn has taken this long.
    fn add(&mut self, class: Class, nanoseconds: u64) {
        let share = if class == Class::Intake { INTAKE_SHARE } else { 1 };
        self.used[class as usize] += nanoseconds / share;
    }
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn take(&self, class: Class) -> Turn {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.waiting[class as usize].is_empty() {
                state.order.join(class);
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
            let turn = Turn(Some(Held { turns: self.clone(), class, began: now() }));
            match sender.send(turn) {
                Ok(()) => state.is_taken = true,
                // Who hung up is passed over; its turn never began.
                Err(mut turn) => drop(turn.0.take()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(Held { turns, class, began }) = self.0.take() else { return };
        let used = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut state = turns.lock();
        state.is_taken = false;
        state.order.add(class, used);
        turns.give(&mut state);
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a turn takes is the machine's matter, and decides no result")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn time_is_shared_whatever_a_turn_takes() {
        for lengths in [(10_000, 10_000), (30_000, 2_000), (1_000, 25_000)] {
            let mut order = Order::default();
            let both = [(Class::Intake, lengths.0), (Class::Processing, lengths.1)];
            let [intake, processing] = play(&mut order, both, 10_000);
            let ratio = intake as f64 / processing as f64;
            assert!((1.9..2.1).contains(&ratio), "{lengths:?}: {ratio}");
        }
    }

    #[test]
    fn who_was_idle_has_saved_nothing_up() {
        let mut order = Order::default();
        order.join(Class::Processing);
        for _ in 0..1_000 {
            assert_eq!(order.next(|class| class == Class::Processing), Some(Class::Processing));
            order.add(Class::Processing, 10);
        }
        order.join(Class::Intake);
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
