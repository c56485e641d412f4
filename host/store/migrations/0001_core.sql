-- One set of tables for SQLite and PostgreSQL. Times are milliseconds UTC, payloads and mapped leads are bytes and never text,
-- ids are lower-case ASCII. Ids sort by time, so that every index grows at its end.

create table meta (
    name text primary key,
    value bytea not null
);

create table organizations (
    id text primary key,
    name text not null,
    salt bytea not null,
    facts bytea not null,
    created_at bigint not null
);

create table users (
    id text primary key,
    organization_id text references organizations (id),
    name text not null,
    role text not null,
    created_at bigint not null
);
create index users_of_organization on users (organization_id, id);

create table api_keys (
    id text primary key,
    user_id text not null references users (id),
    name text not null,
    prefix text not null,
    key_hash bytea not null,
    campaigns bytea,
    created_at bigint not null,
    revoked_at bigint
);
create unique index api_keys_by_hash on api_keys (key_hash);
create index api_keys_of_user on api_keys (user_id, id);

create table source_keys (
    id text primary key,
    -- The first key of the source: a regenerated key is another key of the same source.
    source_id text not null,
    organization_id text not null references organizations (id),
    name text not null,
    prefix text not null,
    key_hash bytea not null,
    sealed bytea,
    created_at bigint not null,
    expires_at bigint
);
create unique index source_keys_by_hash on source_keys (key_hash);
create index source_keys_of_organization on source_keys (organization_id, id);

create table components (
    digest text primary key,
    bytes bytea not null,
    stages bytea not null,
    created_at bigint not null
);

create table plugins (
    id text primary key,
    organization_id text not null references organizations (id),
    name text not null,
    created_at bigint not null
);
create unique index plugins_by_name on plugins (organization_id, name);

create table plugin_versions (
    plugin_id text not null references plugins (id),
    number bigint not null,
    component_digest text not null references components (digest),
    created_by text not null,
    created_at bigint not null,
    primary key (plugin_id, number)
);

create table campaigns (
    id text primary key,
    organization_id text not null references organizations (id),
    public_id text not null,
    name text not null,
    owner_id text,
    state text not null,
    time_zone text not null,
    phone_region text not null,
    facts bytea not null,
    -- The value sets that its plugin may read, a JSON list of names.
    granted_value_sets bytea not null,
    endpoint_sealed bytea,
    program_id text,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index campaigns_by_public_id on campaigns (organization_id, public_id);

create table programs (
    id text primary key,
    campaign_id text not null references campaigns (id),
    number bigint not null,
    plugin_id text,
    plugin_version bigint,
    component_digest text not null references components (digest),
    document bytea,
    plan bytea,
    warnings bytea not null,
    created_by text not null,
    created_at bigint not null
);
create unique index programs_by_number on programs (campaign_id, number);

-- Tables are known by their digest, never changed and never taken away: what a submission read can be read again.
create table value_tables (
    digest text primary key,
    body bytea not null,
    entries bigint not null,
    bytes bigint not null,
    created_at bigint not null
);

create table value_sets (
    id text primary key,
    organization_id text not null references organizations (id),
    name text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint
);
create unique index value_sets_by_name on value_sets (organization_id, name);

create table value_set_versions (
    value_set_id text not null references value_sets (id),
    number bigint not null,
    digest text not null references value_tables (digest),
    created_by text not null,
    created_at bigint not null,
    primary key (value_set_id, number)
);

create table requests (
    id text primary key,
    organization_id text not null,
    source_key_id text not null,
    door text not null,
    content_type text not null,
    beside bytea not null,
    remote_address text,
    body bytea not null,
    answer bytea not null,
    received_at bigint not null
);
create index requests_of_organization on requests (organization_id, id);

create table idempotency (
    organization_id text not null,
    key_hash bytea not null,
    request_id text not null,
    body_digest bytea not null,
    first_seen_at bigint not null,
    expires_at bigint not null,
    primary key (organization_id, key_hash)
);

create table refusals (
    id text primary key,
    organization_id text not null,
    code text not null,
    body_bytes bigint not null,
    body_digest bytea not null,
    refused_at bigint not null
);
create index refusals_of_organization on refusals (organization_id, id);

create table submissions (
    id text primary key,
    request_id text not null,
    organization_id text not null,
    campaign_id text not null,
    parent_id text,
    element_start bigint not null,
    element_bytes bigint not null,
    state text not null,
    revision bigint not null,
    received_at bigint not null,
    updated_at bigint not null,
    due_at bigint,
    claim text,
    program_id text,
    lead_id text,
    lead bytea,
    is_test boolean not null,
    decision bytea,
    -- The tables that were read for it, a JSON object from names to digests.
    value_sets bytea
);
create index submissions_due on submissions (due_at, element_start) where due_at is not null;
create index submissions_of_campaign on submissions (campaign_id, id);
create index submissions_pending on submissions (campaign_id, id) where state = 'pending';
create index submissions_of_parent on submissions (parent_id) where parent_id is not null;

create table timeline (
    submission_id text not null,
    revision bigint not null,
    at bigint not null,
    state text not null,
    cause text not null,
    detail bytea,
    primary key (submission_id, revision)
);

create table leads (
    id text primary key,
    organization_id text not null,
    created_at bigint not null,
    updated_at bigint not null,
    seen bigint not null
);

create table lead_identities (
    organization_id text not null,
    identity_hash bytea not null,
    lead_id text not null,
    primary key (organization_id, identity_hash)
);

create table webhook_settings (
    organization_id text primary key references organizations (id),
    sealed bytea not null,
    paused_at bigint,
    updated_at bigint not null
);

create table events (
    id text primary key,
    organization_id text not null,
    campaign_id text not null,
    submission_id text not null,
    name text not null,
    status text not null,
    details bytea not null,
    occurred_at bigint not null
);
create index events_of_submission on events (submission_id, id);

create table deliveries (
    id text primary key,
    organization_id text not null,
    campaign_id text not null,
    submission_id text not null,
    event_id text,
    kind text not null,
    endpoint text not null,
    state text not null,
    attempts bigint not null,
    retries_max bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    shape_due_at bigint,
    due_at bigint,
    claim text,
    message bytea
);
create index deliveries_due on deliveries (due_at, id) where due_at is not null;
create index deliveries_to_shape on deliveries (shape_due_at, id) where shape_due_at is not null;
create index deliveries_of_organization on deliveries (organization_id, id);
create index deliveries_of_submission on deliveries (submission_id, id);

create table attempts (
    delivery_id text not null,
    number bigint not null,
    started_at bigint not null,
    elapsed_ms bigint not null,
    status bigint,
    outcome text not null,
    detail bytea not null,
    primary key (delivery_id, number)
);

create table audit (
    id text primary key,
    organization_id text,
    user_id text not null,
    action text not null,
    subject text not null,
    at bigint not null
);
