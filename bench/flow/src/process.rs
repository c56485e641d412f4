//! What Linux accounts to a process and to those it started.

use std::collections::HashMap;

use anyhow::{Context, Result};

/// `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that has `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields of `/proc/PID/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    /// User and kernel time of the process and of its children that ended, in ticks.
    ticks: f64,
}

/// Processor time in seconds, in user mode and in the kernel, of a process and of all it started, ended or not.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stats = all_stats()?;
    let ticks: f64 = tree(&stats, pid).iter().filter_map(|pid| stats.get(pid)).map(|stat| stat.ticks).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Bytes that a process and all it started sent to disks. `None` where this user may not know.
pub fn written_bytes(pid: u32) -> Result<Option<u64>> {
    let stats = all_stats()?;
    Ok(tree(&stats, pid).into_iter().map(written_bytes_of_one).sum())
}

/// The memory a process holds, in bytes.
pub fn memory_bytes(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmRSS:")
}

/// The most memory a process held at once, in bytes.
pub fn peak_memory_bytes(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmHWM:")
}

fn all_stats() -> Result<HashMap<u32, Stat>> {
    let mut stats = HashMap::new();
    for entry in std::fs::read_dir("/proc").context("can't read /proc: is this Linux?")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end while it is looked at.
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stats.extend(parse_stat(&text).map(|stat| (pid, stat)));
    }
    Ok(stats)
}

/// A process and its descendants.
fn tree(stats: &HashMap<u32, Stat>, root: u32) -> Vec<u32> {
    let mut members = vec![root];
    let mut next = 0;
    while let Some(&parent) = members.get(next) {
        members.extend(stats.iter().filter(|(_, stat)| stat.parent == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    members
}

/// Fields 4 and 14 to 17. The second field is the program's name in brackets, and may hold blanks and brackets.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, after_name) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let parent = fields.get(1)?.parse().ok()?;
    let times: Option<Vec<f64>> = fields.get(11..15)?.iter().map(|field| field.parse().ok()).collect();
    Some(Stat { parent, ticks: times?.iter().sum() })
}

fn written_bytes_of_one(pid: u32) -> Option<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()
}

fn status_bytes(pid: u32, name: &str) -> Result<u64> {
    let file = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&file).with_context(|| format!("can't read {file}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|text| text.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes << 10).with_context(|| format!("{file} has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name with blanks and brackets shifts nothing; the time of ended children counts.
    #[test]
    fn times_are_found_after_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 1 0 99 1 1";
        assert_eq!(parse_stat(stat), Some(Stat { parent: 1, ticks: 350.0 }));
        assert_eq!(parse_stat("7 (a"), None);
    }

    /// Grandchildren belong to a tree, neighbours do not.
    #[test]
    fn a_tree_has_all_descendants() {
        let parents = [(1, 0), (2, 1), (3, 2), (4, 3), (5, 1)];
        let stats = parents.map(|(pid, parent)| (pid, Stat { parent, ticks: 0.0 })).into_iter().collect();
        let mut members = tree(&stats, 2);
        members.sort_unstable();
        assert_eq!(members, [2, 3, 4]);
    }

    /// This very process can be read.
    #[test]
    fn this_process_is_accounted() -> Result<()> {
        let pid = std::process::id();
        assert!(0.0 <= cpu_seconds(pid)?);
        assert!(memory_bytes(pid)? <= peak_memory_bytes(pid)?);
        Ok(())
    }
}
