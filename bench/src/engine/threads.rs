//! The CPU time of the threads that do a contender's work. On a machine that others use, too, it tells more than the time on the wall.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Some threads of this process or of another.
pub enum Threads {
    /// The one that asks.
    Calling,
    /// Those of this process that have this name.
    Named(&'static str),
    /// Those of a process.
    Of(u32),
}

impl Threads {
    /// The CPU time they have used so far.
    pub fn cpu(&self) -> Result<Duration> {
        match self {
            Threads::Calling => read_cpu_time(Path::new("/proc/thread-self")),
            Threads::Named(name) => all(Path::new("/proc/self/task"), |thread| {
                fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim() == *name)
            }),
            Threads::Of(process) => all(&PathBuf::from(format!("/proc/{process}/task")), |_| true),
        }
    }
}

fn all(directory: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(directory)? {
        let thread = thread?.path();
        if is_wanted(&thread) {
            sum += read_cpu_time(&thread)?;
        }
    }
    Ok(sum)
}

/// The first number that the scheduler tells of a thread: nanoseconds on a processor.
fn read_cpu_time(thread: &Path) -> Result<Duration> {
    let path = thread.join("schedstat");
    let told = fs::read_to_string(&path).with_context(|| format!("`{}` tells CPU times", path.display()))?;
    let ns = told.split_whitespace().next().context("an empty schedstat")?;
    Ok(Duration::from_nanos(ns.parse()?))
}
