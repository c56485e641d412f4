//! Large values: inflated, read, written and dropped on threads of their own, a few at once. A runtime thread that does it serves nobody
//! meanwhile, and there are as few of those as cores.

use hookmill_domain::error::{ApiError, Kind};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The threads for large values of one kind of callers: sources, or people. Clones share them.
#[derive(Debug, Clone)]
pub struct LargeValues {
    places: Arc<Semaphore>,
    inline_bytes_max: usize,
}

impl LargeValues {
    pub(crate) fn new(places_max: usize, inline_bytes_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places_max.max(1))), inline_bytes_max }
    }

    /// How many bytes are worked on where they are met.
    pub fn inline_bytes_max(&self) -> usize {
        self.inline_bytes_max
    }

    /// Works on a value of so many bytes: here where it is small, on a thread of its own otherwise.
    pub async fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        if bytes <= self.inline_bytes_max { Ok(work()) } else { self.work_apart(work).await }
    }

    /// Works on a thread of its own. Work that has begun goes on when it is no longer waited for, so what is held for it belongs into it.
    pub async fn work_apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| not_done())?;
        let work = move || {
            let _place = place;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| not_done())
    }

    /// Drops what takes so many bytes, where that takes no time of others.
    pub fn drop_apart<T: Send + 'static>(&self, bytes: usize, value: T) {
        if self.inline_bytes_max < bytes {
            let values = self.clone();
            tokio::spawn(async move { values.work_apart(move || drop(value)).await });
        }
    }
}

/// The host is stopping, or the work panicked.
fn not_done() -> ApiError {
    ApiError::new(Kind::Unavailable, "stopping", "the host is stopping; nothing was saved, try again shortly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn h6_small_values_stay_and_large_ones_go() {
        let values = LargeValues::new(1, 10);
        let here = std::thread::current().id();
        let thread = || std::thread::current().id();
        assert_eq!(values.work(10, thread).await.unwrap(), here);
        assert_ne!(values.work(11, thread).await.unwrap(), here);
    }

    #[tokio::test]
    async fn h6_so_many_at_once_and_no_more() {
        let values = LargeValues::new(1, 0);
        let (begun, wait_begun) = std::sync::mpsc::channel();
        let (end, wait_end) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let values = values.clone();
            async move { values.work_apart(move || (begun.send(()), wait_end.recv().is_ok())).await }
        });
        tokio::task::spawn_blocking(move || wait_begun.recv()).await.unwrap().unwrap();
        let second = tokio::spawn({
            let values = values.clone();
            async move { values.work_apart(|| ()).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it waits for the first");
        end.send(()).unwrap();
        assert!(first.await.unwrap().unwrap().1);
        second.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn h6_work_that_panics_gives_its_place_back() {
        let values = LargeValues::new(1, 0);
        let panics = values.work_apart(|| -> u8 { panic!("a bug") }).await;
        assert_eq!(panics.err().map(|error| error.code), Some("stopping"));
        assert_eq!(values.work_apart(|| 1).await.unwrap(), 1);
    }
}
