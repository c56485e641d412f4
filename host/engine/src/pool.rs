//! A fixed number of threads that run guests, so that they starve neither each other nor the rest of the host.
//!
//! What they run are futures: work on a whole batch stays on one thread, from call to call, and still yields where it
//! would hold the thread for long. They are not a tokio runtime: inside of one, the WASI implementation could not run.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use async_task::Runnable;
use tokio::sync::{Semaphore, oneshot};

tokio::task_local! {
    static WORK: WorkScope;
}

/// Threads with a bounded queue before them. They end when the pool and all its work are gone.
#[derive(Debug)]
pub(crate) struct Pool {
    queue: Sender<Runnable>,
    waiting: Arc<Semaphore>,
}

/// What runs on a thread of a pool.
#[derive(Clone)]
struct WorkScope {
    waiting: Arc<Semaphore>,
    abandoned: Arc<AtomicBool>,
}

/// The work did not end: it panicked, which is a defect of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host failed while it ran the plugin; its log has the panic")]
pub struct JobLost;

impl Pool {
    /// Starts `threads` threads with `stack_bytes` of stack each. `nice` is how far they yield to others.
    pub(crate) fn start(
        name: &str,
        threads: usize,
        stack_bytes: usize,
        queued_max: usize,
        nice: i32,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads.max(1) {
            let (receiver, thread) = (Arc::clone(&receiver), std::thread::Builder::new());
            thread.name(name.to_owned()).stack_size(stack_bytes).spawn(move || {
                if nice != 0 {
                    // On Linux this is the thread's. Where it is not allowed, it runs at the priority of the others.
                    let _ = rustix::process::setpriority_process(None, nice);
                }
                run_worker(&receiver);
            })?;
        }
        Ok(Pool { queue: sender, waiting: Arc::new(Semaphore::new(queued_max.max(1))) })
    }

    /// Runs a job on one of the threads. When the waiting future is dropped, the job still ends and its result is dropped there.
    pub(crate) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, JobLost> {
        self.spawn(|_| async move { job() }).await
    }

    /// Runs work on one of the threads. When the waiting future is dropped, the flag is set.
    pub(crate) async fn spawn<W>(&self, work: impl FnOnce(Arc<AtomicBool>) -> W) -> Result<W::Output, JobLost>
    where
        W: Future<Output: Send> + Send + 'static,
    {
        let place = Arc::clone(&self.waiting).acquire_owned().await.map_err(|_| JobLost)?;
        let abandoned = AbandonOnDrop::default();
        let scope = WorkScope { waiting: Arc::clone(&self.waiting), abandoned: Arc::clone(&abandoned.0) };
        let work = work(Arc::clone(&abandoned.0));
        let (sender, receiver) = oneshot::channel();
        let work = WORK.scope(scope, async move {
            // Others may queue once it runs, though it may yield later on.
            drop(place);
            drop(sender.send(work.await));
        });
        let queue = self.queue.clone();
        // What yields goes behind all others. Without threads it is not waited for either.
        let (runnable, task) = async_task::spawn(work, move |runnable| drop(queue.send(runnable)));
        task.detach();
        runnable.schedule();
        receiver.await.map_err(|_| JobLost)
    }

    /// On a thread of this pool: the flag that is set when the work is no longer waited for.
    pub(crate) fn current_abandon_flag(&self) -> Option<Arc<AtomicBool>> {
        let is_mine = |work: &WorkScope| Arc::ptr_eq(&work.waiting, &self.waiting).then(|| Arc::clone(&work.abandoned));
        WORK.try_with(is_mine).ok().flatten()
    }
}

/// Goes on with each piece of work until it ends or waits. A panic ends it: the panic hook has reported it, the caller gets
/// [`JobLost`].
fn run_worker(queue: &Mutex<Receiver<Runnable>>) {
    while let Some(runnable) = receive(queue) {
        drop(catch_unwind(AssertUnwindSafe(|| runnable.run())));
    }
}

fn receive(queue: &Mutex<Receiver<Runnable>>) -> Option<Runnable> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Sets the flag of a running guest when it is no longer waited for.
#[derive(Default)]
struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn pool(threads: usize) -> Pool {
        Pool::start("test", threads, 1 << 20, 4, 0).unwrap()
    }

    #[tokio::test]
    async fn returns_results_and_survives_a_panic() {
        let pool = pool(2);
        assert_eq!(pool.run(|| 6 * 7).await, Ok(42));
        for _ in 0..4 {
            assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(JobLost));
        }
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    /// Nothing leaks when a job is no longer waited for: the job ends and what it returns is dropped.
    #[tokio::test]
    async fn an_abandoned_job_drops_its_result() {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (pool, dropped) = (pool(2), Arc::new(AtomicUsize::new(0)));
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

    /// P3: work that yields lets others go first, though it could always go on.
    #[tokio::test]
    async fn p3_work_yields() {
        let pool = Arc::new(pool(1));
        let done = Arc::new(AtomicBool::new(false));
        let (long, stop) = (Arc::clone(&pool), Arc::clone(&done));
        let long = tokio::spawn(async move {
            long.spawn(|_| async move {
                let mut turns = 0_u64;
                while !stop.load(Ordering::SeqCst) {
                    turns += 1;
                    tokio::task::yield_now().await;
                }
                turns
            })
            .await
        });
        tokio::task::yield_now().await;
        assert_eq!(pool.run(|| 1).await, Ok(1));
        done.store(true, Ordering::SeqCst);
        assert!(long.await.unwrap().is_ok());
    }

    /// Work knows which pool it runs on, and is notified when it is abandoned.
    #[tokio::test]
    async fn work_knows_where_it_is() {
        let (pool, other) = (Arc::new(pool(1)), pool(1));
        assert!(pool.current_abandon_flag().is_none());
        let (mine, heard) = (Arc::clone(&pool), Arc::new(AtomicBool::new(false)));
        let hears = Arc::clone(&heard);
        let waiting = pool.spawn(|_| async move {
            assert!(other.current_abandon_flag().is_none());
            let abandoned = mine.current_abandon_flag().unwrap();
            while !abandoned.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
            hears.store(true, Ordering::SeqCst);
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await.is_err());
        while !heard.load(Ordering::SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}
