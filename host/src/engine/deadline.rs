//! Deadlines in CPU time (P3): on a loaded host, a good plugin must not be punished for the time it did not run.
//!
//! wasmtime interrupts a guest at the next loop head or function entry after the epoch moved on. A ticker thread moves it; the
//! interrupted thread then reads its own CPU clock and goes on or stops. Nothing in a guest can wait, so CPU time is a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{EngineWeak, UpdateDeadline};

/// The CPU time that this thread has used, in microseconds.
pub(crate) fn thread_cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

/// The guest was stopped because its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it used {used_us} of {allowed_us} microseconds of CPU time")]
pub(crate) struct DeadlinePassed {
    pub(crate) used_us: u64,
    pub(crate) allowed_us: u64,
}

/// The guest was stopped because nobody waits for its answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody waits for the answer any more")]
pub(crate) struct Abandoned;

/// How long the call under way may run.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    started_us: u64,
    allowed_us: u64,
    abandoned: Arc<AtomicBool>,
}

impl Deadline {
    /// Starts the time of a call, on the thread that makes it.
    pub(crate) fn start(&mut self, allowed_us: u64, abandoned: Arc<AtomicBool>) {
        *self = Deadline { started_us: thread_cpu_us(), allowed_us, abandoned };
    }

    /// The CPU time used since [`Deadline::start`].
    pub(crate) fn used_us(&self) -> u64 {
        thread_cpu_us().saturating_sub(self.started_us)
    }

    /// What the interrupted guest does next.
    pub(crate) fn on_tick(&self) -> wasmtime::Result<UpdateDeadline> {
        if self.abandoned.load(Ordering::Relaxed) {
            return Err(Abandoned.into());
        }
        let used_us = self.used_us();
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
        let start = thread_cpu_us();
        while thread_cpu_us() < start + us {
            std::hint::spin_loop();
        }
    }

    /// P3: CPU time is counted, waiting is not.
    #[test]
    fn waiting_is_free_and_working_is_not() {
        let mut deadline = Deadline::default();
        deadline.start(20_000, Arc::default());
        std::thread::sleep(Duration::from_millis(40));
        assert!(matches!(deadline.on_tick(), Ok(UpdateDeadline::Continue(1))));
        burn(21_000);
        let error = deadline.on_tick().err().unwrap();
        assert_eq!(error.downcast_ref::<DeadlinePassed>().unwrap().allowed_us, 20_000);
    }

    #[test]
    fn an_abandoned_call_stops() {
        let (mut deadline, abandoned) = (Deadline::default(), Arc::new(AtomicBool::new(false)));
        deadline.start(1_000_000, abandoned.clone());
        assert!(deadline.on_tick().is_ok());
        abandoned.store(true, Ordering::Relaxed);
        assert!(deadline.on_tick().err().unwrap().is::<Abandoned>());
    }
}
