//! How many files this process may have open, connections among them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the bound to what the system allows this process, and returns it. Shells and service managers start programs with 1,024 for the
/// sake of those that call `select`, which this one does not; many connections need more.
pub(super) fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let bound = if is_raised { maximum } else { current };
    bound.map_or(usize::MAX, |bound| usize::try_from(bound).unwrap_or(usize::MAX))
}

/// As many connections as may be kept of so many files: the rest is for requests under way, for those who post, and for the database.
pub(super) fn kept_connections(wanted: usize, files: usize) -> usize {
    let kept = wanted.min((files / 2).max(1));
    if kept < wanted {
        tracing::warn!(
            files,
            kept,
            wanted,
            "fewer connections to receivers are kept than outbound.kept_connections_max; raise `ulimit -n` to twice as many"
        );
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H6: connections that are kept leave half of the files to all else.
    #[test]
    fn h6_kept_connections_leave_files() {
        assert_eq!([20_000, 1_024, 160, 1, 0].map(|files| kept_connections(8_192, files)), [8_192, 512, 80, 1, 1]);
        assert_eq!(kept_connections(16, usize::MAX), 16);
    }

    /// H6: the bound that is told is the one that holds.
    #[test]
    fn h6_the_bound_is_raised() {
        let files = raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert_eq!(current.map_or(usize::MAX, |bound| usize::try_from(bound).unwrap()), files);
    }
}
