//! Where fallback lists lead: the campaigns that a lead can come to, and the way back to where it began.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The fallback lists that were read so far.
#[derive(Debug)]
pub(super) struct Lists {
    next: BTreeMap<String, Vec<String>>,
    unread: VecDeque<String>,
    lists_max: usize,
}

impl Lists {
    /// None so far, and at most so many.
    pub(super) fn new(lists_max: usize) -> Self {
        Self { next: BTreeMap::new(), unread: VecDeque::new(), lists_max }
    }

    /// Adds the list of a campaign.
    pub(super) fn add(&mut self, id: String, next: Vec<String>) {
        self.unread.extend(next.iter().cloned());
        self.next.insert(id, next);
    }

    /// The next campaign whose list is to be read, but for the one where leads begin; none when all are read, or too many.
    pub(super) fn next_unread(&mut self, origin: &str) -> Option<String> {
        if self.is_full() {
            return None;
        }
        let next = &self.next;
        let unread = std::iter::from_fn(|| self.unread.pop_front());
        unread.into_iter().find(|id| id != origin && !next.contains_key(id))
    }

    /// Whether there are more than are read.
    pub(super) fn is_full(&self) -> bool {
        self.lists_max < self.next.len()
    }

    /// A shortest way from one campaign to another by lists, without the other's end; none where none leads there.
    pub(super) fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::from([from]);
        while let Some(way) = ways.pop_front() {
            let next = self.next.get(*way.last()?).map(Vec::as_slice).unwrap_or_default();
            if next.iter().any(|id| id == to) {
                return Some(way.into_iter().map(str::to_owned).collect());
            }
            for id in next.iter().filter(|id| seen.insert(id)) {
                ways.push_back([way.as_slice(), &[id.as_str()]].concat());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(all: &[(&str, &[&str])]) -> Lists {
        let mut lists = Lists::new(10);
        all.iter().for_each(|(id, next)| lists.add((*id).into(), next.iter().map(ToString::to_string).collect()));
        lists
    }

    fn way(lists: &Lists, from: &str) -> Option<String> {
        lists.way(from, "A").map(|way| way.join(" "))
    }

    #[test]
    fn l8_a_way_back_is_found_and_what_only_meets_is_none() {
        let back = lists(&[("B", &["C", "D"]), ("C", &["D"]), ("D", &["E"]), ("E", &["B", "A"])]);
        assert_eq!(way(&back, "B").as_deref(), Some("B D E"));
        assert_eq!(way(&back, "E").as_deref(), Some("E"));
        let meeting = lists(&[("B", &["D"]), ("C", &["D"]), ("D", &["B"])]);
        assert_eq!(way(&meeting, "B"), None, "a circle of others is theirs");
        assert_eq!(way(&lists(&[("B", &[])]), "B"), None);
    }

    #[test]
    fn l8_each_list_is_read_once_and_no_more_than_so_many() {
        let mut few = lists(&[("B", &["A", "B", "C", "C"])]);
        assert_eq!(few.next_unread("A").as_deref(), Some("C"));
        few.add("C".into(), vec!["B".into()]);
        assert_eq!(few.next_unread("A"), None);
        let mut many = Lists::new(2);
        let mut read = 0;
        many.add("0".into(), vec!["1".into()]);
        while let Some(id) = many.next_unread("A") {
            read += 1;
            many.add(id, vec![format!("{}", read + 1)]);
        }
        assert!(many.is_full() && read == 2, "{read}");
    }
}
