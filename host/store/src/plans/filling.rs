//! The tables, filled by both databases with the same rows in seconds.

use super::{NOW, SUBMISSIONS};
use hookmill_domain::state::State;

/// Rows as a year of ten organizations with ten campaigns each leaves them: nearly all ended, some of each other state, and some due.
/// Numbers follow from the row's, so that both databases hold the same.
pub(super) fn filling() -> Vec<String> {
    let n = format!("with recursive n (i) as (select 0 union all select i + 1 from n where i < {})", SUBMISSIONS - 1);
    let (org, campaign) = ("'org_' || cast(i % 10 as text)", "'cmp_' || cast(100 + i % 100 as text)");
    let id = |prefix: &str| format!("'{prefix}_' || cast(10000000 + i as text)");
    let states = State::ALL.iter().enumerate();
    // One row in a hundred is in one of the other states, each in turn.
    let state = states.map(|(at, state)| format!("when {at} then '{}' ", state.as_str())).collect::<String>();
    let state =
        format!("case when i % 100 = 7 then case (i / 100) % {} {state} end else 'delivered' end", State::ALL.len());
    let some = |every: usize| format!("case when i % {every} = 7 then {} + i else null end", NOW.0 - 1_000_000);
    vec![
        "insert into organizations (id, name, salt, \"values\", created_at) with recursive n (i) as (select 0 union all select i + 1 from n where i < 9) \
         select 'org_' || cast(i as text), 'x', cast('00' as bytea), cast('{}' as bytea), 0 from n"
            .into(),
        "insert into campaigns (campaign_key, organization_id, campaign_id, name, state, time_zone, phone_region, \"values\", granted_value_sets, created_at, updated_at) \
         with recursive n (i) as (select 0 union all select i + 1 from n where i < 99) select 'cmp_' || cast(100 + i as text), 'org_' || cast(i % 10 as text), \
         'C' || cast(i as text), 'x', 'active', 'UTC', 'DE', cast('{}' as bytea), cast('[]' as bytea), 0, 0 from n"
            .into(),
        format!(
            "insert into requests (organization_id, id, source_key_id, channel, content_type, metadata, body, response, received_at) {n} \
             select {org}, {}, 'key_1', 'batch', 'application/json', cast('{{}}' as bytea), cast('{{}}' as bytea), cast('{{}}' as bytea), i from n where i % 10 < 5",
            id("req")
        ),
        format!(
            "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
             updated_at, run_at, is_test, review_priority, lead_id) {n} select {org}, {}, {}, {campaign}, i % 64, 0, 2, {state}, 3, i, i, {}, false, i % 3, \
             case when i % 5 <> 4 then 'led_' || cast(10000000 + i / 20 * 20 + i % 10 as text) end from n",
            id("sub"),
            id("req"),
            some(100)
        ),
        format!(
            "insert into timeline (organization_id, submission_id, revision, at, state, cause) {n} select {org}, {}, 1, i, 'delivered', 'x' from n",
            id("sub")
        ),
        format!(
            "insert into events (organization_id, id, subject_kind, subject_id, campaign_key, name, details, occurred_at) {n} \
             select {org}, {}, 'submission', {}, {campaign}, 'x', cast('{{}}' as bytea), i from n where i % 2 = 0",
            id("evt"),
            id("sub")
        ),
        format!(
            "insert into deliveries (organization_id, id, campaign_key, submission_id, event_id, destination_id, destination_version, destination_kind, shard, state, attempts, \
             retries_max, created_at, updated_at, run_at) {n} select {org}, {}, {campaign}, {}, case when i % 3 = 0 then {} end, 'dst_' || cast(i % 100 as text), 1, 'client', i % 64, \
             case when i % 100 = 7 then 'waiting' when i % 1000 = 8 then 'held' when i % 1000 = 9 then 'failed' else 'delivered' end, 1, 3, i, i, {} from n",
            id("dlv"),
            id("sub"),
            id("evt"),
            some(100)
        ),
        format!(
            "insert into attempts (organization_id, delivery_id, id, number, started_at, elapsed_ms, outcome, detail) {n} \
             select {org}, {}, {}, 1, i, 1, 'accepted', cast('{{}}' as bytea) from n where i % 2 = 0",
            id("dlv"),
            id("att")
        ),
        format!(
            "insert into leads (organization_id, id, created_at, updated_at, submission_count) {n} select {org}, {}, i, i, 1 from n where i % 4 = 0",
            id("led")
        ),
        format!(
            "insert into lead_identities (organization_id, identity_hash, lead_id) {n} select {org}, cast({} as bytea), {} from n where i % 4 = 0",
            id("hash"),
            id("led")
        ),
        format!(
            "insert into first_submissions (organization_id, scope, key_hash, submission_id, received_at, counts_from) {n} \
             select {org}, 'dup:campaign:' || {campaign} || ':email', cast({} as bytea), {}, i, 0 from n where i % 4 = 0",
            id("hash"),
            id("sub")
        ),
        format!(
            "insert into lead_tags (organization_id, lead_id, tag, campaign_key) {n} select {org}, {}, 'tag_' || cast(i % 7 as text), {campaign} \
             from n where i % 4 = 0",
            id("led")
        ),
        format!("insert into commits (id, committed_at) {n} select {}, i from n where i % 10 = 0", id("cmt")),
        format!(
            "insert into idempotency (organization_id, key_hash, request_id, body_digest, first_seen_at, expires_at) {n} \
             select {org}, cast({} as bytea), {}, cast('00' as bytea), i, i from n where i % 10 = 0",
            id("key"),
            id("req")
        ),
        format!(
            "insert into rejected_requests (organization_id, id, source_key_id, source_id, channel, campaign_id, code, error, content_type, content_encoding, metadata, \
             body_bytes, held_bytes, rejected_at, body) {n} select {org}, {}, 'src_1', 'src_' || cast(i % 7 as text), 'campaign', 'C' || cast(i % 100 as text), \
             'code_' || cast(i % 9 as text), cast('{{}}' as bytea), 'x', '', cast('{{}}' as bytea), 1, 600, i, cast('00' as bytea) from n where i % 10 = 0",
            id("rej")
        ),
        format!(
            "insert into audit (id, organization_id, user_id, action, subject, at) {n} select {}, {org}, 'usr_1', 'x', 'x', i from n where i % 10 = 0",
            id("aud")
        ),
        "insert into components (digest, bytes, stages, created_at) values ('d', cast('00' as bytea), cast('[]' as bytea), 0)".into(),
        format!(
            "insert into campaign_versions (id, campaign_key, version, component_digest, warnings, created_by, created_at) {n} \
             select {}, {campaign}, i, 'd', cast('[]' as bytea), 'usr_1', i from n where i % 50 < 5",
            id("ver")
        ),
        format!(
            "insert into jobs (organization_id, id, user_id, key_id, operation, path, request_id, host, created_at, ended_at, status) {n} \
             select {org}, {}, 'usr_1', 'key_1', 'x', '/', 'req_1', 'host_1', i, i, 200 from n where i % 100 < 10",
            id("job")
        ),
        format!(
            "insert into bulk_jobs (organization_id, id, operation, filter, id_count, user_id, state, revision, host, run_at, total, is_total_estimated, done, skipped, failed, \
             created_at, ended_at, cursor) {n} select {org}, {}, 'repost', cast('{{}}' as bytea), 0, 'usr_1', 'completed', 3, '', {}, 1, false, 1, 0, 0, i, \
             case when i % 1000 = 7 then null else i end, cast('{{}}' as bytea) from n where i % 100 < 10",
            id("bulk"),
            some(1_000)
        ),
        "analyze".into(),
    ]
}
