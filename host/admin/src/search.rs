//! Looking for submissions (O4): piece by piece, within bounds of rows and bytes, until a page is full. Where no index has what is asked for,
//! whoever asks learns how far the search came, and goes on from there.

use super::access::{Scope, unavailable};
use hookmill_domain::error::ApiError;
use hookmill_domain::search::{SearchText, has_failed_rule};
use hookmill_store::search::{SeenSubmission, SubmissionFilter};
use hookmill_store::work::StoredLead;
use std::collections::HashSet;

/// How many rows are looked at with one statement where not each of them is what is looked for.
const PIECE_ROWS: i64 = 500;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// What the database knows of it.
    pub(crate) filter: SubmissionFilter,
    /// A text in the mapped lead.
    pub(crate) text: Option<SearchText>,
    /// A rule that failed.
    pub(crate) rule: Option<SearchText>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The submissions, the newest first.
    pub(crate) seen: Vec<SeenSubmission>,
    /// Where the search goes on; none at the end.
    pub(crate) next: Option<String>,
    /// When the last submission was received that was looked at, where a bound ended the search before the page was full.
    pub(crate) searched_until: Option<i64>,
}

/// How far a search may still go.
struct Bounds {
    rows: i64,
    bytes: i64,
    /// Whether nothing was read yet: one lead is in any case, or the search would not go on.
    is_unread: bool,
}

impl Search {
    fn reads_leads(&self) -> bool {
        self.text.is_some() || self.rule.is_some()
    }

    fn matches(&self, row: &StoredLead) -> bool {
        let [lead, decision] = [&row.lead, &row.decision].map(|part| part.as_deref().unwrap_or_default());
        let has_text = self.text.as_ref().is_none_or(|text| text.is_in(lead));
        has_text && self.rule.as_ref().is_none_or(|rule| has_failed_rule(decision, rule))
    }
}

impl Bounds {
    /// How many of these rows are looked at before the bytes are used up, and the bytes of those that are read.
    fn take(&mut self, seen: &[SeenSubmission]) -> (usize, i64) {
        let mut bytes = 0;
        for (at, row) in seen.iter().enumerate().filter(|(_, row)| row.is_found) {
            if self.bytes < bytes + row.bytes && !self.is_unread {
                return (at, bytes);
            }
            self.is_unread = false;
            bytes += row.bytes;
        }
        (seen.len(), bytes)
    }
}

impl Scope {
    /// Looks for submissions older than `before` until there are `limit` of them, or until a bound.
    pub(crate) async fn search(&self, search: &Search, before: &str, limit: i64) -> Result<Found, ApiError> {
        let limits = self.limits();
        let mut bounds = Bounds { rows: limits.search_rows_max, bytes: limits.search_bytes_max, is_unread: true };
        let is_by_index = search.filter.is_by_index() && !search.reads_leads();
        let (mut found, mut cursor, mut looked_at) = (Vec::new(), before.to_owned(), None);
        loop {
            let missing = limit - i64::try_from(found.len()).unwrap_or(limit);
            let rows = if is_by_index { missing } else { PIECE_ROWS.min(bounds.rows) };
            let seen = self.store().look_at_submissions(&self.organization_id, &search.filter, &cursor, rows).await;
            let seen = seen.map_err(unavailable)?;
            let is_last = i64::try_from(seen.len()).is_ok_and(|seen| seen < rows);
            let (seen, is_cut) = self.read_piece(search, seen, &mut bounds).await?;
            bounds.rows -= i64::try_from(seen.len()).unwrap_or(bounds.rows);
            for row in seen {
                cursor.clone_from(&row.id);
                looked_at = Some(row.received_at);
                found.extend(Some(row).filter(|row| row.is_found));
                if i64::try_from(found.len()).is_ok_and(|count| count == limit) {
                    return Ok(Found { seen: found, next: Some(cursor), searched_until: None });
                }
            }
            match (is_cut, is_last) {
                (false, true) => return Ok(Found { seen: found, next: None, searched_until: None }),
                (true, _) => return Ok(Found { seen: found, next: Some(cursor), searched_until: looked_at }),
                (false, false) if !is_by_index && bounds.rows <= 0 => {
                    return Ok(Found { seen: found, next: Some(cursor), searched_until: looked_at });
                }
                (false, false) => {}
            }
        }
    }

    /// Reads the leads of a piece where they are searched, as far as the bytes last; returns the rows that were looked at, and whether there
    /// are more.
    async fn read_piece(
        &self,
        search: &Search,
        mut seen: Vec<SeenSubmission>,
        bounds: &mut Bounds,
    ) -> Result<(Vec<SeenSubmission>, bool), ApiError> {
        if !search.reads_leads() {
            return Ok((seen, false));
        }
        let (count, bytes) = bounds.take(&seen);
        bounds.bytes -= bytes;
        let is_cut = count < seen.len();
        seen.truncate(count);
        let mut permit = self.holding().part();
        let size = usize::try_from(bytes).unwrap_or(usize::MAX);
        permit.grow(size)?;
        let ids: Vec<&str> = seen.iter().filter(|row| row.is_found).map(|row| row.id.as_str()).collect();
        let rows = self.store().stored_leads(&self.organization_id, &ids).await.map_err(unavailable)?;
        let search = search.clone();
        let matching = move || -> HashSet<String> {
            let _permit = permit;
            rows.into_iter().filter(|row| search.matches(row)).map(|row| row.id).collect()
        };
        let matching = self.pipeline().large().work(size, matching).await?;
        for row in &mut seen {
            row.is_found = matching.contains(&row.id);
        }
        Ok((seen, is_cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sizes: &[(i64, bool)]) -> Vec<SeenSubmission> {
        let row = |(bytes, is_found): &(i64, bool)| SeenSubmission {
            id: String::new(),
            received_at: 0,
            lead_id: None,
            bytes: *bytes,
            is_found: *is_found,
        };
        sizes.iter().map(row).collect()
    }

    /// H6 O4: bytes bound what is read; rows that are not read cost none, and one is read in any case.
    #[test]
    fn h6_bytes_bound_what_is_read() {
        let rows = seen(&[(4, true), (100, false), (6, true), (1, true)]);
        for (bytes, is_unread, expected, unread_after) in [
            (10, true, (3, 10), false),
            (11, true, (4, 11), false),
            (3, true, (2, 4), false),
            (3, false, (0, 0), false),
            (4, false, (2, 4), false),
        ] {
            let mut bounds = Bounds { rows: 10, bytes, is_unread };
            assert_eq!((bounds.take(&rows), bounds.is_unread), (expected, unread_after), "{bytes}");
        }
        let mut bounds = Bounds { rows: 10, bytes: 0, is_unread: true };
        assert_eq!((bounds.take(&seen(&[(5, false)])), bounds.is_unread), ((1, 0), true));
    }

    #[test]
    fn o4_text_and_rule_are_both_asked_for() {
        let row = StoredLead {
            id: "a".into(),
            lead: Some(br#"{"email":"ann@x.example"}"#.to_vec()),
            is_test: false,
            decision: Some(br#"{"failed_rules":[{"field":"state"}]}"#.to_vec()),
        };
        let of = |text: &str, rule: &str| Search {
            text: SearchText::new(text),
            rule: SearchText::new(rule),
            ..Search::default()
        };
        for (text, rule, expected) in [
            ("ann", "state", true),
            ("ann", "", true),
            ("", "state", true),
            ("bob", "state", false),
            ("ann", "zip", false),
        ] {
            assert_eq!(of(text, rule).matches(&row), expected, "{text} {rule}");
        }
        assert!(!of("", "").reads_leads());
        assert!(!of("x", "").matches(&StoredLead { lead: None, decision: None, ..row }));
    }
}
