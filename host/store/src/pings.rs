//! Pings (L13): what clients responded, the leads that they are asked about, and when such a lead goes on.

use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// What came of a ping; of one that was sent more than once, each time.
#[derive(Debug, Clone)]
pub struct PingRow {
    /// The ping.
    pub delivery_id: String,
    /// What its attempt meant, in one word; none where there was no attempt.
    pub outcome: Option<String>,
    /// The HTTP status; none where there was no response.
    pub status: Option<i64>,
    /// More of its attempt, a JSON object.
    pub detail: Option<Vec<u8>>,
}
from_row!(PingRow { delivery_id, outcome, status, detail });

/// A lead about which clients are asked.
#[derive(Debug, Clone)]
pub struct AskedLead {
    /// The submission.
    pub id: String,
    /// The mapped lead; none where it was deleted.
    pub lead: Option<Vec<u8>>,
    /// Whether it is a test.
    pub is_test: bool,
    /// When it was received.
    pub received_at: i64,
}
from_row!(AskedLead { id, lead, is_test, received_at });

impl Store {
    /// What came of these pings, in the order of their attempts.
    #[boxed]
    pub async fn ping_rows(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<PingRow>, StoreError> {
        const SELECT: &str = ") select d.id as delivery_id, a.outcome, a.status, a.detail from v join deliveries d on d.organization_id = v.organization_id and d.id = v.id \
             left join attempts a on a.organization_id = d.organization_id and a.delivery_id = d.id order by d.id, a.id";
        Ok(select_many!(self, query_as as PingRow, SELECT, organization_id, ids))
    }

    /// The leads of submissions about which clients are asked.
    #[boxed]
    pub async fn asked_leads(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<AskedLead>, StoreError> {
        const SELECT: &str = ") select s.id, s.lead, s.is_test, s.received_at from v join submissions s on s.organization_id = v.organization_id and s.id = v.id";
        Ok(select_many!(self, query_as as AskedLead, SELECT, organization_id, ids))
    }
}

/// Makes the submissions due of which no ping is open any more. Their rows are locked first: of two commits that end the last two pings at the
/// same moment, the second one sees what the first one wrote.
macro_rules! resume_asked {
    ($connection:expr, $outcomes:expr, $now:expr) => {
        let asked: std::collections::BTreeSet<(&str, &str)> = $outcomes
            .iter()
            .filter_map(|outcome| Some((outcome.organization_id.as_str(), outcome.asked_for.as_deref()?)))
            .collect();
        for (organization_id, submission_id) in asked {
            for sql in [$crate::pings::LOCK_ASKED, $crate::pings::RESUME_ASKED] {
                sqlx::query(sql)
                    .bind($now.0)
                    .bind(organization_id)
                    .bind(submission_id)
                    .execute(&mut *$connection)
                    .await?;
            }
        }
    };
}
pub(super) use resume_asked;

/// Ends what is open of the pings of these submissions: it was decided without them.
macro_rules! cancel_pings {
    ($connection:expr, $written:expr, $now:expr) => {
        for row in $written.iter().filter(|row| row.from == hookmill_domain::state::State::Delivering) {
            sqlx::query($crate::pings::CANCEL_PINGS)
                .bind($now.0)
                .bind(&row.organization_id)
                .bind(&row.id)
                .execute(&mut *$connection)
                .await?;
        }
    };
}
pub(super) use cancel_pings;

pub(super) const LOCK_ASKED: &str = "update submissions set updated_at = updated_at where organization_id = $2 and id = $3 and state = 'delivering' and $1 < run_at";
pub(super) const RESUME_ASKED: &str = "update submissions set run_at = $1 where organization_id = $2 and id = $3 and state = 'delivering' and $1 < run_at \
     and not exists (select 1 from deliveries d where d.organization_id = $2 and d.submission_id = $3 and d.destination_kind = 'ping' and d.state = 'waiting')";
pub(super) const CANCEL_PINGS: &str = "update deliveries set state = 'canceled', run_at = null, updated_at = $1 where organization_id = $2 and submission_id = $3 \
     and destination_kind = 'ping' and state = 'waiting'";
