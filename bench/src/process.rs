//! What Linux accounts to a process.

use anyhow::{Context, Result};

/// `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that has `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time in seconds, in user mode and in the kernel, of all threads of a process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let file = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&file).with_context(|| format!("can't read {file}: is this Linux?"))?;
    ticks(&stat).map(|ticks| ticks / TICKS_PER_SECOND).with_context(|| format!("{file} is not as expected: {stat}"))
}

/// The most memory the process held at once.
pub fn peak_memory_kb(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.trim().parse().ok());
    number.with_context(|| format!("/proc/{pid}/status has no VmHWM"))
}

/// Fields 14 and 15. The second field is the program's name in brackets, and may hold blanks and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name with blanks and brackets shifts nothing.
    #[test]
    fn ticks_are_found_after_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 99 1 1";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("7 (a"), None);
    }
}
