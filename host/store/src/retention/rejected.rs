//! Rejected requests: forgotten after their time, and the oldest where an organization, or all together, have more than may be kept. Each piece
//! is counted down in its own commit.

use crate::counts::{CountChanges, insert_count_changes};
use crate::rejected::{BYTES, RejectedFigures};
use crate::turns::Class;
use crate::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use std::collections::BTreeMap;

/// The oldest rejected requests of the organization `$1` before the id `$2`.
const OLDEST: &str =
    "select id, held_bytes from rejected_requests where organization_id = $1 and id < $2 order by id limit $3";
/// How many bytes one commit deletes, about: bodies are large, and others wait to write.
const PIECE_BYTES_MAX: i64 = 4 << 20;
/// An id above all.
const END: &str = "zzzz";

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Excess {
    rows: i64,
    bytes: i64,
}

impl Excess {
    /// What is beyond a bound of rows and one of bytes; none when nothing is.
    fn of(figures: RejectedFigures, rows_max: i64, bytes_max: i64) -> Option<Self> {
        let [rows, bytes] = [figures.rows - rows_max, figures.bytes - bytes_max];
        (0 < rows || 0 < bytes).then_some(Self { rows, bytes })
    }

    /// The last of the oldest rows that have to go.
    fn last(self, oldest: &[(String, i64)]) -> Option<&str> {
        let (mut rows, mut bytes, mut last) = (self.rows, self.bytes, None);
        for (id, held) in oldest {
            if rows <= 0 && bytes <= 0 {
                break;
            }
            (rows, bytes, last) = (rows - 1, bytes - held, Some(id.as_str()));
        }
        last
    }
}

impl Store {
    /// Deletes the rejected requests of an organization before this id; returns how many.
    pub(crate) async fn forget_rejected(
        &self,
        organization_id: &str,
        before: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        loop {
            let oldest = self.oldest_rejected(organization_id, before).await?;
            let Some((last, _)) = oldest.last() else { return Ok(count) };
            count += self.delete_rejected(organization_id, last, now).await?;
        }
    }

    /// Deletes the oldest of an organization that has more than it may have; returns how many.
    pub(crate) async fn prune_rejected(&self, organization_id: &str, now: Timestamp) -> Result<u64, StoreError> {
        let (rows_max, bytes_max) = (self.limits.rejected_rows_max, self.limits.rejected_bytes_max);
        let mut count = 0;
        while let Some(excess) = Excess::of(self.rejected_figures(organization_id).await?, rows_max, bytes_max) {
            match self.delete_oldest_rejected(organization_id, excess, now).await? {
                0 => break,
                rows => count += rows,
            }
        }
        Ok(count)
    }

    /// The same where all organizations have too many together: of the one that has the most bytes, until there is room again.
    pub(crate) async fn prune_rejected_of_all(&self, now: Timestamp) -> Result<u64, StoreError> {
        let (rows_max, bytes_max) = (self.limits.rejected_rows_of_all_max, self.limits.rejected_bytes_of_all_max);
        let mut count = 0;
        while let Some(excess) = Excess::of(self.rejected_figures_of_all().await?, rows_max, bytes_max) {
            let Some(organization_id) = self.most_rejected_bytes().await? else { break };
            match self.delete_oldest_rejected(&organization_id, excess, now).await? {
                0 => break,
                rows => count += rows,
            }
        }
        Ok(count)
    }

    /// Writes how many rejected requests were not kept, by organization.
    #[boxed]
    pub(crate) async fn count_lost_rejections(
        &self,
        lost: &BTreeMap<String, i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut counts = CountChanges::default();
        lost.iter().for_each(|(organization_id, count)| counts.lose_rejected(organization_id, *count));
        writing!(self, Class::Housekeeping, connection => {
            insert_count_changes!(self, connection, counts, now);
        });
        Ok(())
    }

    async fn delete_oldest_rejected(
        &self,
        organization_id: &str,
        excess: Excess,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = self.oldest_rejected(organization_id, END).await?;
        match excess.last(&oldest) {
            Some(last) => self.delete_rejected(organization_id, last, now).await,
            None => Ok(0),
        }
    }

    /// A piece of the oldest, as (id, bytes).
    #[boxed]
    async fn oldest_rejected(&self, organization_id: &str, before: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let mut oldest: Vec<(String, i64)> = reading!(self, connection => {
            sqlx::query_as(OLDEST).bind(organization_id).bind(before).bind(self.limits.forget_rows_max).fetch_all(&mut *connection).await?
        });
        oldest.truncate(piece_rows(&oldest));
        Ok(oldest)
    }

    #[boxed]
    async fn delete_rejected(&self, organization_id: &str, last: &str, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "delete from rejected_requests where organization_id = $1 and id <= $2 returning held_bytes";
        Ok(writing!(self, Class::Housekeeping, connection => {
            let deleted: Vec<i64> = sqlx::query_scalar(SQL).bind(organization_id).bind(last).fetch_all(&mut *connection).await?;
            let rows = i64::try_from(deleted.len()).unwrap_or(i64::MAX);
            let mut counts = CountChanges::default();
            counts.reject(organization_id, -rows, -deleted.iter().sum::<i64>());
            insert_count_changes!(self, connection, counts, now);
            deleted.len() as u64
        }))
    }

    /// The organization whose rejected requests take the most bytes. It reads all counts, which happens only when all bytes are taken.
    #[boxed]
    async fn most_rejected_bytes(&self) -> Result<Option<String>, StoreError> {
        const SQL: &str = "select o.id from organizations o order by (select coalesce(sum(n), 0) from (\
            select count as n from counts where owner_id = o.id and name = $1 \
            union all select change as n from count_changes where owner_id = o.id and name = $1) as c) desc, o.id limit 1";
        Ok(reading!(self, connection => {
            sqlx::query_scalar(SQL).bind(BYTES).fetch_optional(&mut *connection).await?
        }))
    }
}

/// How many of these rows one commit deletes.
fn piece_rows(oldest: &[(String, i64)]) -> usize {
    let mut bytes = 0;
    let within = oldest.iter().take_while(|(_, held)| {
        let before = bytes;
        bytes += held;
        before < PIECE_BYTES_MAX
    });
    within.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditEntry;
    use crate::ingest::Ingest;
    use crate::plans::Servers;
    use crate::rejected::{NewRejectedRequest, RejectedFilter};
    use bytes::Bytes;
    use hookmill_domain::budget::Budget;
    use hookmill_domain::config::Limits;
    use hookmill_domain::ids::lowest_id;

    const DAY_MS: i64 = 24 * 3_600_000;
    const NOW: Timestamp = Timestamp(1_790_000_000_000);
    const BODY: &[u8] = b"\xff not JSON \x00";

    #[test]
    fn i2_as_many_of_the_oldest_go_as_are_too_many() {
        let oldest: Vec<(String, i64)> = [("a", 10), ("b", 1), ("c", 5)].map(|(id, held)| (id.to_owned(), held)).into();
        let figures = RejectedFigures { rows: 9, bytes: 100, lost: 0 };
        for (rows_max, bytes_max, last) in [
            (9, 100, None),
            (8, 100, Some("a")),
            (7, 100, Some("b")),
            (9, 99, Some("a")),
            (9, 90, Some("a")),
            (9, 89, Some("b")),
            (7, 85, Some("c")),
            (0, 0, Some("c")),
        ] {
            let excess = Excess::of(figures, rows_max, bytes_max);
            assert_eq!(excess.and_then(|excess| excess.last(&oldest)), last, "{rows_max} {bytes_max}");
        }
    }

    #[test]
    fn h6_a_commit_deletes_so_many_bytes() {
        let rows = |held: &[i64]| held.iter().map(|held| (String::new(), *held)).collect::<Vec<_>>();
        for (held, expected) in [
            (&[][..], 0),
            (&[1, 1, 1], 3),
            (&[PIECE_BYTES_MAX * 2, 1], 1),
            (&[PIECE_BYTES_MAX - 1, 1, 1], 2),
            (&[PIECE_BYTES_MAX - 1, 9, 1], 2),
        ] {
            assert_eq!(piece_rows(&rows(held)), expected, "{held:?}");
        }
    }

    fn rejected(store: &Store, organization_id: &str, at: Timestamp) -> NewRejectedRequest {
        NewRejectedRequest {
            id: store.ids.new_id("rej", at),
            organization_id: organization_id.into(),
            source_key_id: "src_1".into(),
            source_id: "src_1".into(),
            channel: "campaign",
            campaign_id: Some("SOLAR".into()),
            code: "invalid_json",
            error: b"{}".to_vec(),
            content_type: "application/json".into(),
            content_encoding: String::new(),
            metadata: b"{}".to_vec(),
            idempotency_key: Some(b"k".to_vec()),
            remote_address: None,
            body_bytes: 12,
            body_digest: Some([7; 32]),
            body: Bytes::from_static(BODY),
            rejected_at: at,
        }
    }

    async fn keep(ingest: &Ingest, row: NewRejectedRequest) -> bool {
        ingest.keep_rejected(row, Budget::new("bodies_bytes_max", 1).open("x")).await
    }

    /// I2 I11: rejected requests go after their time, and the oldest where there are too many of one organization or of all; what is counted is
    /// what is there.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn i2_rejected_requests_stay_within_their_bounds() {
        let servers = Servers::start("rejected").await;
        for organization in ["org_1", "org_2"] {
            servers.execute(&format!("insert into organizations (id, name, salt, \"values\", created_at) values ('{organization}', 'x', cast('00' as bytea), cast('{{}}' as bytea), 0)")).await;
        }
        servers.execute("insert into source_keys (id, source_id, organization_id, name, prefix, key_hash, created_at) values ('src_2', 'src_1', 'org_1', 'x', 'x', cast('00' as bytea), 0)").await;
        for store in servers.open_within(&Limits { forget_rows_max: 2, ..Limits::default() }).await {
            let ingest = Ingest::start(&store);
            for days in [40, 31, 3, 2, 1] {
                assert!(keep(&ingest, rejected(&store, "org_1", NOW.minus_days(days))).await);
            }
            assert!(keep(&ingest, rejected(&store, "org_2", NOW)).await);
            let held = rejected(&store, "x", NOW).held_bytes();
            let figures = async |organization: &str| store.rejected_figures(organization).await.unwrap();
            assert_eq!(figures("org_1").await, RejectedFigures { rows: 5, bytes: 5 * held, lost: 0 });
            assert_eq!(
                store.forget_rejected("org_1", &lowest_id("rej", NOW.plus_ms(-30 * DAY_MS)), NOW).await.unwrap(),
                2
            );
            assert_eq!(figures("org_1").await, RejectedFigures { rows: 3, bytes: 3 * held, lost: 0 });

            // By the key that took the first one's place.
            let of_source = RejectedFilter { source_key_id: "src_2".into(), ..RejectedFilter::default() };
            let rows = store.rejected_requests("org_1", &of_source, "", 9).await.unwrap();
            assert_eq!(rows.len(), 3);
            let all = RejectedFilter {
                campaign_id: "SOLAR".into(),
                code: "invalid_json".into(),
                from: lowest_id("rej", NOW.minus_days(2)),
                ..of_source
            };
            assert_eq!(store.rejected_requests("org_1", &all, "", 9).await.unwrap().len(), 2);
            let none = RejectedFilter { code: "x".into(), ..all };
            assert_eq!(store.rejected_requests("org_1", &none, "", 9).await.unwrap().len(), 0);
            assert_eq!(store.rejected_body("org_1", &rows[0].id).await.unwrap().as_deref(), Some(BODY));
            assert_eq!(store.rejected_body("org_2", &rows[0].id).await.unwrap(), None);
            assert_eq!((rows[0].kept_bytes, rows[0].idempotency_key.as_deref()), (12, Some(&b"k"[..])));

            // Each bound, of one and of all: the newest stay.
            let limits = |limits: Limits| Store { limits: limits.into(), ..store.clone() };
            let two = limits(Limits { rejected_rows_max: 2, ..Limits::default() });
            assert_eq!(two.prune_rejected("org_1", NOW).await.unwrap(), 1);
            let three = limits(Limits { rejected_bytes_of_all_max: 2 * held, ..Limits::default() });
            assert_eq!(three.prune_rejected_of_all(NOW).await.unwrap(), 1, "of the one that has the most");
            let left = store.rejected_requests("org_1", &RejectedFilter::default(), "", 9).await.unwrap();
            assert_eq!(left.iter().map(|row| &row.id).collect::<Vec<_>>(), [&rows[0].id]);
            assert_eq!(figures("org_2").await.rows, 1);

            store.count_lost_rejections(&BTreeMap::from([("org_2".to_owned(), 7)]), NOW).await.unwrap();
            let entry = AuditEntry { organization_id: None, user_id: "usr".into(), action: "rejected_request.deleted" };
            assert!(store.delete_rejected_request("org_1", &rows[0].id, &entry, NOW).await.unwrap());
            assert!(!store.delete_rejected_request("org_1", &rows[0].id, &entry, NOW).await.unwrap());
            assert_eq!(figures("org_1").await, RejectedFigures::default());
            assert_eq!(figures("org_2").await, RejectedFigures { rows: 1, bytes: held, lost: 7 });
            store.close().await;
        }
        servers.stop().await;
    }
}
