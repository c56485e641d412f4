//! Leads that a campaign had before the measurement: delivered, of as many people, spread evenly over the days that its duplicate rule looks back.

use anyhow::Result;

use crate::sql::{Sql, digits, numbers};

/// How far back they were received: all of them within the window of the rule, which is a day longer.
const SPREAD_MS: u64 = 29 * DAY_MS;
const WINDOW_MS: u64 = 30 * DAY_MS;
const DAY_MS: u64 = 86_400_000;

/// By what the host knows a person and finds a duplicate.
const KEYS: [&str; 2] = ["email", "phone"];

/// What the host writes ids with.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The leads of one campaign.
pub struct Stored<'a> {
    /// Whose it is.
    pub organization: &'a str,
    /// The campaign.
    pub campaign: &'a str,
    /// How many.
    pub count: u64,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
}

impl Stored<'_> {
    /// Writes them. They are left out of the host's counters: those are the measured leads' alone.
    pub async fn fill(&self, sql: &Sql) -> Result<()> {
        sql.fill(&self.statements(sql)).await
    }

    fn statements(&self, sql: &Sql) -> Vec<String> {
        let n = numbers(self.count);
        let (organization, start) = (self.organization, self.now_ms.saturating_sub(SPREAD_MS));
        let from = format!(
            "from campaigns c cross join n where c.organization_id = '{organization}' and c.campaign_id = '{}'",
            self.campaign
        );
        // Ids begin with the time. One beginning will do: the numbers behind it sort them.
        let request = format!("'req_{}' || {}", id_time(start), digits());
        let submission = format!("{request} || '-0'");
        let received_at = format!("{start} + i * {}", SPREAD_MS / self.count.max(1));
        let hash = |key: &str| sql.hash(&format!("'{key}' || i"));
        let lead_id = format!("'lead_' || {}", sql.hex(&format!("substr({}, 1, 16)", hash("email"))));
        let lead = sql.bytes("'{\"email\":\"stored.' || i || '@example.com\",\"first_name\":\"Ada\",\"last_name\":\"Smith\",\"city\":\"Boston\"}'");
        let mut statements = vec![
            format!(
                "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, \
                 received_at, updated_at, campaign_version_id, lead_id, is_test, lead) {n} select '{organization}', {submission}, {request}, \
                 c.campaign_key, i % 64, 0, 1000, 'delivered', 4, {received_at}, {received_at}, c.active_version_id, {lead_id}, false, {lead} {from}"
            ),
            format!(
                "insert into timeline (organization_id, submission_id, revision, at, state, cause) {n} \
                 select '{organization}', {submission}, 4, {received_at}, 'delivered', 'accepted' from n"
            ),
            format!(
                "insert into leads (organization_id, id, created_at, updated_at, submission_count) {n} \
                 select '{organization}', {lead_id}, {received_at}, {received_at}, 1 from n"
            ),
        ];
        for key in KEYS {
            let hash = hash(key);
            statements.push(format!(
                "insert into lead_identities (organization_id, identity_hash, lead_id) {n} \
                 select '{organization}', {hash}, {lead_id} from n"
            ));
            statements.push(format!(
                "insert into first_submissions (organization_id, scope, key_hash, submission_id, received_at, counts_from) {n} \
                 select '{organization}', 'dup:campaign:' || c.campaign_key || ':{key}', {hash}, {submission}, {received_at}, \
                 {received_at} - {WINDOW_MS} {from}"
            ));
        }
        statements
    }
}

/// How an id of a time begins, in milliseconds since 1970.
pub fn id_time(ms: u64) -> String {
    (0..10).rev().map(|place| char::from(CROCKFORD[(ms >> (5 * place)) as usize % CROCKFORD.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the specification of ULIDs has it.
    #[test]
    fn ids_begin_with_their_time() {
        assert_eq!(id_time(1_469_918_176_385), "01aryz6s41");
        assert!(id_time(1_790_000_000_000) < id_time(1_790_000_000_001));
    }
}
