//! Which of the open bulk jobs a host works on: so many of each organization, the oldest first, and none that another host works on.

use std::collections::BTreeMap;

/// A bulk job that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    /// Its organization.
    pub organization_id: String,
    /// Its id; ids sort by time.
    pub id: String,
    /// Whether some host has begun it.
    pub is_running: bool,
    /// The host that works on it; empty for none.
    pub host: String,
}

/// The jobs that this host works on, in the order in which they take turns: of each organization the first, then of each the second.
/// `organization_max` is how many of one organization run at once, `host_max` how many one host works on. Every host comes to the same, so
/// that the bounds hold without a lock; one that has begun goes before one that has not.
pub fn eligible_jobs(
    mut open: Vec<OpenJob>,
    this_host: &str,
    is_alive: impl Fn(&str) -> bool,
    organization_max: usize,
    host_max: usize,
) -> Vec<OpenJob> {
    open.sort_by(|a, b| (!a.is_running, &a.id).cmp(&(!b.is_running, &b.id)));
    let mut ranks: BTreeMap<String, usize> = BTreeMap::new();
    let ranked = open.into_iter().map(|job| {
        let rank = ranks.entry(job.organization_id.clone()).or_default();
        *rank += 1;
        (*rank, job)
    });
    let is_free = |job: &OpenJob| job.host.is_empty() || job.host == this_host || !is_alive(&job.host);
    let mut jobs: Vec<(usize, OpenJob)> =
        ranked.filter(|(rank, job)| *rank <= organization_max && is_free(job)).collect();
    // What this host has begun it goes on with.
    jobs.sort_by_key(|(rank, job)| (job.host != this_host, *rank));
    jobs.truncate(host_max);
    jobs.sort_by_key(|(rank, _)| *rank);
    jobs.into_iter().map(|(_, job)| job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(organization_id: &str, id: &str, is_running: bool, host: &str) -> OpenJob {
        let [organization_id, id, host] = [organization_id, id, host].map(str::to_owned);
        OpenJob { organization_id, id, is_running, host }
    }

    fn ids(open: &[OpenJob], host_max: usize) -> Vec<String> {
        let is_alive = |host: &str| host == "me" || host == "other";
        eligible_jobs(open.to_vec(), "me", is_alive, 2, host_max).into_iter().map(|job| job.id).collect()
    }

    #[test]
    fn l9_each_organization_has_so_many_and_takes_turns() {
        let open =
            [job("a", "1", false, ""), job("a", "2", false, ""), job("a", "3", false, ""), job("b", "4", false, "")];
        assert_eq!(ids(&open, 9), ["1", "4", "2"]);
        assert_eq!(ids(&open, 2), ["1", "4"]);
    }

    #[test]
    fn l9_a_job_has_one_host_until_that_dies() {
        let open = [
            job("a", "1", true, "other"),
            job("a", "2", true, "dead"),
            job("a", "3", false, ""),
            job("b", "4", true, "me"),
            job("b", "5", false, "dead"),
        ];
        assert_eq!(ids(&open, 9), ["4", "2", "5"]);
        assert_eq!(ids(&open, 1), ["4"], "a host goes on with its own");
    }

    #[test]
    fn l9_one_that_has_begun_is_not_overtaken() {
        let open = [job("a", "1", false, ""), job("a", "2", true, "me"), job("a", "3", true, "other")];
        assert_eq!(ids(&open, 9), ["2"]);
    }
}
