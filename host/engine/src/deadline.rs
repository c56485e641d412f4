//! Deadlines in CPU time (P3): on a loaded host, a plugin must not pay for the time it did not run.
//!
//! wasmtime interrupts a guest at the next loop head or function entry after the epoch moved on. A ticker thread moves it; the
//! interrupted thread then reads its own CPU clock and continues or stops. Nothing in a guest can wait, so CPU time is a bound.
//!
//! Reading a thread's CPU clock is a system call and costs more than many guest calls; reading the wall clock is not. A call that
//! takes less wall time than [`TRUSTED_NS`] is taken to have run all of that time. For a longer one the CPU clock is read: the call
//! used no more than the clock moved since it was last read, less the time already accounted for.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{EngineWeak, UpdateDeadline};

/// A longer call may have waited for a processor in between: a scheduler hands out milliseconds.
const TRUSTED_NS: u64 = 1_000_000;
/// After so much time the CPU clock is read again: no call is charged wrongly by more.
const READING_LASTS_NS: u64 = 5_000_000;

thread_local! {
    static READING: Cell<Option<Reading>> = const { Cell::new(None) };
}

/// The last value of the CPU clock of this thread, and the time accounted for since then.
#[derive(Debug, Clone, Copy)]
struct Reading {
    cpu_ns: u64,
    /// CPU time since then, of calls and between them.
    known_ns: u64,
    /// On the wall, until when it is known.
    until_ns: u64,
}

impl Reading {
    fn new(until_ns: u64) -> Self {
        Reading { cpu_ns: clock_ns(ClockId::ThreadCPUTime), known_ns: 0, until_ns }
    }

    /// The last one of this thread.
    fn last_or_new(now_ns: u64) -> Self {
        READING.get().unwrap_or_else(|| Reading::new(now_ns))
    }

    /// The CPU time since then of which nothing is known.
    fn unaccounted_ns(self) -> u64 {
        let since_ns = clock_ns(ClockId::ThreadCPUTime).saturating_sub(self.cpu_ns);
        since_ns.saturating_sub(self.known_ns)
    }

    /// After so much more CPU time became known; anew when it may have been waiting, or when much has added up.
    fn advance(self, used_ns: u64, until_ns: u64) -> Self {
        let known_ns = self.known_ns + used_ns;
        let is_old = TRUSTED_NS <= used_ns || READING_LASTS_NS < known_ns;
        if is_old { Reading::new(until_ns) } else { Reading { cpu_ns: self.cpu_ns, known_ns, until_ns } }
    }
}

fn clock_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The guest was stopped because its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it used {used_us} of {allowed_us} microseconds of CPU time")]
pub(crate) struct DeadlinePassed {
    pub(crate) used_us: u64,
    pub(crate) allowed_us: u64,
}

/// The guest was stopped because its result is no longer waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call was canceled")]
pub(crate) struct Abandoned;

/// How long the call under way may run.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    started_ns: u64,
    allowed_us: u64,
    abandoned: Arc<AtomicBool>,
}

impl Deadline {
    /// Starts the time of a call, on the thread that makes it.
    pub(crate) fn start(&mut self, allowed_us: u64, abandoned: &Arc<AtomicBool>) {
        if !Arc::ptr_eq(&self.abandoned, abandoned) {
            self.abandoned = Arc::clone(abandoned);
        }
        (self.started_ns, self.allowed_us) = (clock_ns(ClockId::Monotonic), allowed_us);
        // What the host did since the last call, such as wiping what a hostile one left behind, is not this call's.
        let last = Reading::last_or_new(self.started_ns);
        let between_ns = self.started_ns.saturating_sub(last.until_ns);
        READING.set(Some(last.advance(between_ns, self.started_ns)));
    }

    /// Ends the time of a call, on the thread that made it; returns the CPU time it used.
    pub(crate) fn end(&self) -> u64 {
        let now_ns = clock_ns(ClockId::Monotonic);
        let used_ns = self.used_ns(now_ns);
        READING.set(Some(Reading::last_or_new(now_ns).advance(used_ns, now_ns)));
        used_ns
    }

    /// The CPU time used since [`Deadline::start`].
    fn used_ns(&self, now_ns: u64) -> u64 {
        let elapsed_ns = now_ns.saturating_sub(self.started_ns);
        if elapsed_ns < TRUSTED_NS { elapsed_ns } else { elapsed_ns.min(Reading::last_or_new(now_ns).unaccounted_ns()) }
    }

    /// What the interrupted guest does next.
    pub(crate) fn on_tick(&self) -> wasmtime::Result<UpdateDeadline> {
        if self.abandoned.load(Ordering::Relaxed) {
            return Err(Abandoned.into());
        }
        let used_us = self.used_ns(clock_ns(ClockId::Monotonic)) / 1_000;
        if self.allowed_us < used_us {
            return Err(DeadlinePassed { used_us, allowed_us: self.allowed_us }.into());
        }
        Ok(UpdateDeadline::Continue(1))
    }
}

/// Moves the epoch on until the engine is gone.
pub(crate) fn start_ticker(engine: EngineWeak, tick_ms: u64) -> std::io::Result<()> {
    let tick = Duration::from_millis(tick_ms.max(1));
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(tick);
        }
    };
    std::thread::Builder::new().name("plugin-ticker".into()).spawn(ticking).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(us: u64) {
        let start = clock_ns(ClockId::ThreadCPUTime);
        while clock_ns(ClockId::ThreadCPUTime) < start + us * 1_000 {
            std::hint::spin_loop();
        }
    }

    fn started(allowed_us: u64) -> Deadline {
        let mut deadline = Deadline::default();
        deadline.start(allowed_us, &Arc::default());
        deadline
    }

    /// P3: CPU time is counted, waiting is not.
    #[test]
    fn waiting_is_free_and_working_is_not() {
        let deadline = started(20_000);
        std::thread::sleep(Duration::from_millis(40));
        assert!(matches!(deadline.on_tick(), Ok(UpdateDeadline::Continue(1))));
        burn(21_000);
        let error = deadline.on_tick().err().unwrap();
        assert_eq!(error.downcast_ref::<DeadlinePassed>().unwrap().allowed_us, 20_000);
    }

    /// P3: a call does not pay for those before it, nor for what the host did between them, however long it waits itself.
    #[test]
    fn p3_each_call_pays_for_itself() {
        let table =
            [(100, 0, 100), (100, 20, 30_000), (3_000, 0, 900), (3_000, 20, 900), (30_000, 5, 10_000), (0, 60, 0)];
        for (busy_us, wait_ms, between_us) in table {
            let deadline = started(1_000_000);
            burn(busy_us);
            std::thread::sleep(Duration::from_millis(wait_ms));
            let used_us = deadline.end() / 1_000;
            assert!(busy_us <= used_us + 1_000 && used_us <= busy_us + 2_000, "{used_us} for {busy_us}");
            burn(between_us);
        }
    }

    /// P3: short calls and what lies between them do not add up to a deadline.
    #[test]
    fn p3_a_reading_is_renewed() {
        for _ in 0..50 {
            let short = started(1_000_000);
            burn(900);
            short.end();
            burn(900);
        }
        let deadline = started(1_000_000);
        std::thread::sleep(Duration::from_millis(60));
        let used_ns = deadline.end();
        assert!(used_ns < READING_LASTS_NS, "{used_ns}");
    }

    #[test]
    fn an_abandoned_call_stops() {
        let (mut deadline, abandoned) = (Deadline::default(), Arc::new(AtomicBool::new(false)));
        deadline.start(1_000_000, &abandoned);
        assert!(deadline.on_tick().is_ok());
        abandoned.store(true, Ordering::Relaxed);
        assert!(deadline.on_tick().err().unwrap().is::<Abandoned>());
    }
}
