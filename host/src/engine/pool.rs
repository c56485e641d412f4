//! A fixed number of threads that run guests, so that they starve neither each other nor the asynchronous runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// Threads with a bounded queue before them. They end when the last pool handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    jobs: mpsc::Sender<Job>,
}

/// The job did not end: its thread panicked, which is a defect of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host failed while it ran the plugin; its log has the panic")]
pub(crate) struct JobLost;

impl Pool {
    /// Starts `threads` threads with `stack_bytes` of stack each.
    pub(crate) fn start(name: &str, threads: usize, stack_bytes: usize, queued_max: usize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(queued_max.max(1));
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new().name(format!("{name}-{number}")).stack_size(stack_bytes);
            thread.spawn(move || work(&queue))?;
        }
        Ok(Pool { jobs })
    }

    /// Runs a job on one of the threads. When the waiting future is dropped, the job still ends and its result is dropped there.
    pub(crate) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, JobLost> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || drop(answer.send(job())));
        self.jobs.send(job).await.map_err(|_| JobLost)?;
        answered.await.map_err(|_| JobLost)
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    while let Some(job) = next(queue) {
        // The panic hook has reported it; the caller gets `JobLost`; the thread serves on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn next(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn pool() -> Pool {
        Pool::start("test", 2, 1 << 20, 4).unwrap()
    }

    #[tokio::test]
    async fn answers_and_survives_a_panic() {
        let pool = pool();
        assert_eq!(pool.run(|| 6 * 7).await, Ok(42));
        for _ in 0..4 {
            assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(JobLost));
        }
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    /// Nothing leaks when nobody waits any more: the job ends and what it returns is dropped.
    #[tokio::test]
    async fn an_abandoned_job_drops_its_result() {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (pool, dropped) = (pool(), Arc::new(AtomicUsize::new(0)));
        let counted = Counted(dropped.clone());
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        let waiting = pool.run(move || {
            let _ = begun.recv();
            counted
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await.is_err());
        begin.send(()).unwrap();
        while dropped.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}
