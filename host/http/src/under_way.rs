//! What a stopping host waits for: connections, and changes whose callers have left.

use std::sync::Arc;
use tokio::sync::watch;

/// Counts what is under way.
#[derive(Debug, Clone)]
pub(crate) struct UnderWay(Arc<watch::Sender<()>>);

/// Something that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Part(#[expect(dead_code, reason = "it counts as long as it is there")] watch::Receiver<()>);

impl UnderWay {
    /// Nothing.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }

    /// One more.
    pub(crate) fn begin(&self) -> Part {
        Part(self.0.subscribe())
    }

    /// Waits until nothing is under way.
    pub(crate) async fn ended(&self) {
        self.0.closed().await;
    }
}
