//! The log of a host that serves. It is written by a thread of its own: whatever happens to standard error (its reader is gone or does not
//! read, its disk is full), no task of the host fails or waits. Lines that could not be queued are counted, and the count is logged.

use std::time::Duration;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// How many lines wait to be written; what comes beyond is left out.
const LINES_WAITING_MAX: usize = 16_384;
/// How often lost lines are reported.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Writes what is left when it is dropped, within a second.
pub(super) struct Log {
    _writer: WorkerGuard,
    lost: ErrorCounter,
}

impl Log {
    /// Starts logging to standard error. `default` is the filter unless `HOOKMILL_LOG` says otherwise.
    pub(super) fn start(default: &str, as_json: bool) -> Self {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_WAITING_MAX);
        let (writer, guard) = builder.thread_name("log").finish(std::io::stderr());
        let lost = writer.error_counter();
        let filter = EnvFilter::try_from_env("HOOKMILL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
        let lines = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false).with_writer(writer);
        if as_json {
            lines.json().init()
        } else {
            lines.init()
        }
        Self { _writer: guard, lost }
    }

    /// Reports lost lines from time to time.
    pub(super) async fn report_lost(&self) {
        let mut reported = 0;
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            let lost = self.lost.dropped_lines();
            if reported < lost {
                tracing::warn!(lines = lost - reported, "log lines were lost: standard error is not read fast enough");
                reported = lost;
            }
        }
    }
}
