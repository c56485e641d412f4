//! What a connection shows of itself while it is served, and how it is told to end. Its own task writes, the watch reads.

use futures_util::task::AtomicWaker;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Poll, Waker};

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It waits for its client to send a request.
    Idle,
    /// A part of a request's head has arrived.
    Head,
    /// A request is under way, up to the end of its response.
    Request,
    /// The response is complete, and not yet given to the kernel.
    Flush,
    /// Its place was given to another connection.
    Closing,
}

/// The phase takes the low bits of a moment, the count of changes the rest.
const PHASE_BITS: u32 = 3;

/// A phase at a moment: two that are equal are the same moment, since each change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(u64);

impl Moment {
    /// The phase.
    pub(super) fn phase(self) -> Phase {
        match self.0 & ((1 << PHASE_BITS) - 1) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Request,
            3 => Phase::Flush,
            _ => Phase::Closing,
        }
    }

    /// The next moment, in this phase.
    fn next(self, phase: Phase) -> Self {
        Self((((self.0 >> PHASE_BITS) + 1) << PHASE_BITS) | phase as u64)
    }
}

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Order {
    /// To go on.
    GoOn,
    /// To end when its request is complete.
    Finish,
    /// To end at once.
    Cut,
}

/// A connection, as others see it.
#[derive(Debug, Default)]
pub(super) struct Watched {
    moment: AtomicU64,
    sent: AtomicU64,
    is_blocked: AtomicBool,
    order: AtomicU8,
    /// The connection's own task.
    task: AtomicWaker,
    /// A request that waits for the client to read what was sent before.
    writable: AtomicWaker,
}

impl Watched {
    /// What it does.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.moment.load(Ordering::Acquire))
    }

    /// How many bytes the kernel has taken.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether the kernel takes nothing more until the client has read.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Ordering::Acquire)
    }

    /// Changes the phase; returns false when the connection is closing.
    fn enter(&self, from: &[Phase], to: Phase) -> bool {
        let next = |moment: u64| {
            let moment = Moment(moment);
            from.contains(&moment.phase()).then(|| moment.next(to).0)
        };
        match self.moment.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(_) => true,
            Err(moment) => Moment(moment).phase() != Phase::Closing,
        }
    }

    /// Bytes have arrived; returns false when nobody may take them any more.
    pub(super) fn received(&self) -> bool {
        match self.moment().phase() {
            Phase::Idle => self.enter(&[Phase::Idle], Phase::Head),
            phase => phase != Phase::Closing,
        }
    }

    /// A request's head is complete.
    pub(super) fn request_begins(&self) {
        self.enter(&[Phase::Idle, Phase::Head, Phase::Flush], Phase::Request);
    }

    /// The response to it is complete, or given up.
    pub(super) fn request_ends(&self) {
        self.enter(&[Phase::Request], Phase::Flush);
    }

    /// The kernel has taken all there was.
    pub(super) fn flushed(&self) {
        if self.moment().phase() == Phase::Flush {
            self.enter(&[Phase::Flush], Phase::Idle);
        }
    }

    /// The kernel has taken some bytes.
    pub(super) fn wrote(&self, bytes: usize) {
        // Only the connection's own task writes here.
        self.sent.store(self.sent.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
        if self.is_blocked.load(Ordering::Relaxed) {
            self.is_blocked.store(false, Ordering::Release);
            self.writable.wake();
        }
    }

    /// The kernel takes nothing.
    pub(super) fn could_not_write(&self) {
        self.is_blocked.store(true, Ordering::Release);
    }

    /// Waits until the client has read some of what was sent before: who does not read gets no further responses, which would pile up.
    pub(super) async fn until_writable(&self) {
        poll_fn(|context| {
            if !self.is_blocked() {
                return Poll::Ready(());
            }
            self.writable.register(context.waker());
            if self.is_blocked() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Takes its place away, if it still does what it did at this moment: then no request of it is lost.
    pub(super) fn displace(&self, moment: Moment) -> bool {
        let closing = moment.next(Phase::Closing).0;
        let is_displaced = self.moment.compare_exchange(moment.0, closing, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_displaced {
            self.give(Order::Cut);
        }
        is_displaced
    }

    /// Tells it to end. An order is never taken back.
    pub(super) fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::AcqRel);
        self.task.wake();
    }

    /// What it was told; the task that asks is woken by the next order.
    pub(super) fn order(&self, waker: &Waker) -> Order {
        self.task.register(waker);
        match self.order.load(Ordering::Acquire) {
            0 => Order::GoOn,
            1 => Order::Finish,
            _ => Order::Cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_goes_round() {
        let watched = Watched::default();
        let mut seen = vec![watched.moment()];
        for (step, phase) in [
            (Watched::request_begins as fn(&Watched), Phase::Request),
            (Watched::flushed, Phase::Request),
            (Watched::request_ends, Phase::Flush),
            (Watched::flushed, Phase::Idle),
            (Watched::request_ends, Phase::Idle),
            (|watched| assert!(watched.received()), Phase::Head),
            (|watched| assert!(watched.received()), Phase::Head),
            (Watched::request_begins, Phase::Request),
            (Watched::request_ends, Phase::Flush),
            // The next request came with the one before.
            (Watched::request_begins, Phase::Request),
        ] {
            step(&watched);
            assert_eq!(watched.moment().phase(), phase);
            seen.push(watched.moment());
        }
        assert_ne!(seen[0], seen[4], "idle twice is two moments");
        assert_eq!(seen[4], seen[5], "what does not apply changes nothing");
    }

    #[test]
    fn only_who_does_nothing_is_displaced_and_takes_nothing_afterwards() {
        let watched = Watched::default();
        let before = watched.moment();
        assert!(watched.received());
        assert!(!watched.displace(before), "a request has begun to arrive");
        assert!(watched.displace(watched.moment()));
        assert!(!watched.received());
        watched.request_begins();
        assert_eq!(watched.moment().phase(), Phase::Closing);
        assert_eq!(watched.order(Waker::noop()), Order::Cut);
    }

    #[test]
    fn an_order_is_not_taken_back() {
        let watched = Watched::default();
        for (given, kept) in [
            (Order::GoOn, Order::GoOn),
            (Order::Finish, Order::Finish),
            (Order::Cut, Order::Cut),
            (Order::Finish, Order::Cut),
        ] {
            watched.give(given);
            assert_eq!(watched.order(Waker::noop()), kept);
        }
    }

    #[test]
    fn what_was_sent_is_counted_and_unblocks() {
        let watched = Watched::default();
        watched.wrote(3);
        watched.could_not_write();
        assert!(watched.is_blocked());
        watched.wrote(4);
        assert_eq!((watched.sent(), watched.is_blocked()), (7, false));
    }
}
