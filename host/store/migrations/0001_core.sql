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
    "values" bytea not null,
    -- How many numbers its scoped webhooks were given: none is given twice.
    webhook_numbers bigint not null default 0,
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
    -- What its texts are written in where they do not say so; the same for all keys of a source.
    charset text,
    prefix text not null,
    key_hash bytea not null,
    encrypted_key bytea,
    created_at bigint not null,
    expires_at bigint,
    -- When it was ended for good: it does not count again, whatever the clock says.
    revoked_at bigint
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
    version bigint not null,
    component_digest text not null references components (digest),
    created_by text not null,
    created_at bigint not null,
    primary key (plugin_id, version)
);

-- The customers of an organization for whom its campaigns run (O2).
create table clients (
    id text primary key,
    organization_id text not null references organizations (id),
    name text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index clients_of_organization on clients (organization_id, id);

create table campaigns (
    -- The store's own id, unique everywhere.
    campaign_key text primary key,
    organization_id text not null references organizations (id),
    -- The id that users know, unique in the organization.
    campaign_id text not null,
    name text not null,
    owner_id text,
    -- For whom it runs; null for the organization itself.
    client_id text references clients (id),
    state text not null,
    time_zone text not null,
    phone_region text not null,
    "values" bytea not null,
    -- The value sets that its plugin may read, a JSON list of names.
    granted_value_sets bytea not null,
    -- Whether its leads are for a client or only stored.
    delivery text not null default 'client',
    active_version_id text,
    -- What it ran before that: going back needs it, however old it is.
    previous_version_id text,
    -- When it was activated or archived, or got what its leads waited for, until what waited was released: who is killed in between leaves it for another.
    release_at bigint,
    -- Duplicates, caps, schedule, queue and fallback, a JSON object.
    lifecycle bytea not null default '{}',
    -- How often its lifecycle was saved: what was decided by an earlier one is not written (fencing).
    lifecycle_revision bigint not null default 0,
    -- When its queue is to be looked at: a cap or its schedule opens, or a queued lead expires. Null while nothing is queued.
    queue_run_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index campaigns_to_release on campaigns (release_at) where release_at is not null;
create index campaigns_with_lifecycle on campaigns (organization_id, campaign_key) where 0 < lifecycle_revision;
create index campaigns_with_queue on campaigns (queue_run_at) where queue_run_at is not null;
create index campaigns_of_client on campaigns (client_id, campaign_key) where client_id is not null;
create unique index campaigns_by_campaign_id on campaigns (organization_id, campaign_id);

create table campaign_versions (
    id text primary key,
    campaign_key text not null references campaigns (campaign_key),
    version bigint not null,
    plugin_id text,
    plugin_version bigint,
    component_digest text not null references components (digest),
    warnings bytea not null,
    created_by text not null,
    created_at bigint not null,
    -- Since when its campaign does not run it, nor did last before; null while it does, and once its document is deleted.
    unused_since bigint,
    -- When its document and plan were deleted at the end of their retention. The number stays taken.
    deleted_at bigint,
    -- What is large stands last: SQLite reads a row from its beginning, and lists leave it out.
    document bytea,
    plan bytea
);
create unique index campaign_versions_by_version on campaign_versions (campaign_key, version);
create index campaign_versions_unused on campaign_versions (unused_since, id) where unused_since is not null;

-- Addresses that are capabilities (O6): whoever has one may post to its campaign.
create table inbound_webhooks (
    id text primary key,
    organization_id text not null references organizations (id),
    campaign_key text not null references campaigns (campaign_key),
    token_hash bytea not null,
    -- Its settings and its token.
    encrypted_settings bytea not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index inbound_webhooks_by_token on inbound_webhooks (token_hash);
create index inbound_webhooks_of_campaign on inbound_webhooks (campaign_key, id);

-- Tables are known by their digest and never changed. The body is empty once it was deleted at the end of its retention.
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
    version bigint not null,
    digest text not null references value_tables (digest),
    created_by text not null,
    created_at bigint not null,
    -- Since when its set does not mean it, nor did last before; null while it does, and once its table is deleted.
    unused_since bigint,
    -- When its table was deleted at the end of its retention.
    deleted_at bigint,
    primary key (value_set_id, version)
);
create index value_set_versions_unused on value_set_versions (unused_since, value_set_id, version) where unused_since is not null;
create index value_set_versions_of_table on value_set_versions (digest);

-- Tables that grow for ever begin their keys with the organization, so that they can be cut by organization and age.

create table requests (
    organization_id text not null,
    id text not null,
    source_key_id text not null,
    channel text not null,
    content_type text not null,
    -- The headers that matter and the query, a JSON object.
    metadata bytea not null,
    remote_address text,
    received_at bigint not null,
    response bytea not null,
    -- The elements that were erased (L12), a JSON object; null where none was. Its body is then text in UTF-8, whatever its headers say.
    erased bytea,
    body bytea not null,
    primary key (organization_id, id)
);

create table idempotency (
    organization_id text not null,
    key_hash bytea not null,
    request_id text not null,
    body_digest bytea not null,
    first_seen_at bigint not null,
    expires_at bigint not null,
    primary key (organization_id, key_hash)
);

create index idempotency_expired on idempotency (expires_at);

-- Requests that were rejected as a whole, whose key was good (I2).
create table rejected_requests (
    organization_id text not null,
    id text not null,
    source_key_id text not null,
    -- The source of that key: regenerated keys are of the same one.
    source_id text not null,
    channel text not null,
    -- The campaign that the address names; it need not exist.
    campaign_id text,
    code text not null,
    -- The error that its sender got, a JSON object.
    error bytea not null,
    content_type text not null,
    content_encoding text not null,
    -- The headers that matter and the query, a JSON object.
    metadata bytea not null,
    -- The header of a post to one campaign.
    idempotency_key bytea,
    remote_address text,
    -- How many bytes were received; `body` may be the first of them.
    body_bytes bigint not null,
    -- Null for a body that was not read to its end.
    body_digest bytea,
    -- What the row counts for among the bytes that may be kept.
    held_bytes bigint not null,
    rejected_at bigint not null,
    -- The request that it became when it was posted again.
    reposted_as text,
    reposted_at bigint,
    body bytea not null,
    primary key (organization_id, id)
);
create index rejected_requests_of_source on rejected_requests (organization_id, source_id, id);
create index rejected_requests_of_campaign on rejected_requests (organization_id, campaign_id, id);
create index rejected_requests_of_code on rejected_requests (organization_id, code, id);

create table submissions (
    organization_id text not null,
    id text not null,
    request_id text not null,
    campaign_key text not null,
    parent_id text,
    -- Whose lease covers its work.
    shard bigint not null,
    element_start bigint not null,
    element_bytes bigint not null,
    state text not null,
    -- How many lines its timeline has. A commit changes its state only while it is what the step saw (fencing).
    revision bigint not null,
    received_at bigint not null,
    updated_at bigint not null,
    -- When it is to be processed; null while nothing is to be done.
    run_at bigint,
    campaign_version_id text,
    lead_id text,
    is_test boolean not null,
    -- The erasure that is to erase it (L12), and when it did: then nothing of its person is in it.
    erasure_id text,
    erased_at bigint,
    -- The tables that were read for it, a JSON object from names to digests.
    value_sets bytea,
    -- Where it goes on when it is taken up next, a JSON object; null where it begins with its element.
    kept bytea,
    -- The slots of caps that it holds, a JSON list; null where it holds none.
    cap_slots bytea,
    -- When it was queued last; it stays when it leaves the queue.
    queued_at bigint,
    -- In `pending_action`: how urgently a person has to decide, 0 first; null while a webhook is asked, or once it is decided.
    review_priority bigint,
    decision bytea,
    lead bytea,
    primary key (organization_id, id)
);
create index submissions_due on submissions (shard, campaign_key, run_at, id) where run_at is not null;
create index submissions_of_campaign on submissions (campaign_key, id);
create index submissions_in_state on submissions (campaign_key, state, id);
-- Of whom people ask across campaigns: not of those on their way, nor of the many that were delivered, so that a lead that goes well costs nothing here.
create index submissions_of_organization_in_state on submissions (organization_id, state, id) where state not in ('received', 'delivering', 'delivered');
create index submissions_of_lead on submissions (organization_id, lead_id, id) where lead_id is not null;
create index submissions_of_tests on submissions (campaign_key, id) where is_test;
-- Those that wait in a queue, by their arrival and by when they expire, and those of it that are taken up.
create index submissions_queued on submissions (campaign_key, id) where state = 'queued' and run_at is null;
create index submissions_expiring on submissions (campaign_key, queued_at) where state = 'queued' and run_at is null;
create index submissions_in_release on submissions (campaign_key, id) where state = 'queued' and run_at is not null;
create index submissions_in_review on submissions (organization_id, review_priority, id) where state = 'pending_action' and review_priority is not null;
create index submissions_in_review_of_campaign on submissions (campaign_key, review_priority, id) where state = 'pending_action' and review_priority is not null;
create index submissions_to_erase on submissions (erasure_id, shard, id) where erasure_id is not null and erased_at is null;
create index submissions_of_parent on submissions (organization_id, parent_id) where parent_id is not null;

create table timeline (
    organization_id text not null,
    submission_id text not null,
    revision bigint not null,
    -- When processing began, and the run that led here; none for a transition without processing.
    began_at bigint,
    run_id text,
    at bigint not null,
    state text not null,
    cause text not null,
    detail bytea,
    primary key (organization_id, submission_id, revision)
);

-- Who was the first under a key: the first of a person in a campaign, or of those that the duplicate rules of a scope compare (L3, L4).
create table first_submissions (
    organization_id text not null,
    -- What is compared, and where.
    scope text not null,
    key_hash bytea not null,
    submission_id text not null,
    received_at bigint not null,
    -- Who was received before this did not count when it became the first: how far back its rule looks.
    counts_from bigint not null,
    primary key (organization_id, scope, key_hash)
);
create index first_submissions_of_submission on first_submissions (organization_id, submission_id);

-- How many slots of a cap are taken in each period.
create table cap_counts (
    campaign_key text not null,
    -- `total`, `month`, `week`, `day`, `hour`.
    period text not null,
    starts_at bigint not null,
    taken bigint not null,
    primary key (campaign_key, period, starts_at)
);

create table leads (
    organization_id text not null,
    id text not null,
    created_at bigint not null,
    updated_at bigint not null,
    submission_count bigint not null,
    primary key (organization_id, id)
);

create table lead_identities (
    organization_id text not null,
    identity_hash bytea not null,
    lead_id text not null,
    primary key (organization_id, identity_hash)
);
create index lead_identities_of_lead on lead_identities (organization_id, lead_id);

-- Persons that were erased, or are being erased (L12).
create table erasures (
    organization_id text not null,
    id text not null,
    user_id text not null,
    -- A hash of the address by which the person was named, as a proof.
    person_hash bytea not null,
    -- The person's addresses and leads, encrypted; null once nothing is left to be done.
    encrypted_person bytea,
    requested_at bigint not null,
    finished_at bigint,
    -- Where the search stands, a JSON object.
    progress bytea not null,
    primary key (organization_id, id)
);
create index erasures_under_way on erasures (organization_id, id) where finished_at is null;

-- How much an erasure has erased of each kind.
create table erasure_counts (
    organization_id text not null,
    erasure_id text not null,
    name text not null,
    count bigint not null,
    primary key (organization_id, erasure_id, name)
);

-- What whoever asked for an erasure is to know of it, one thing a row.
create table erasure_notes (
    organization_id text not null,
    erasure_id text not null,
    kind text not null,
    -- The id of what it is about.
    subject text not null,
    primary key (organization_id, erasure_id, kind, subject)
);

-- The tags that a lead came with, and in which campaigns.
create table lead_tags (
    organization_id text not null,
    lead_id text not null,
    tag text not null,
    campaign_key text not null,
    primary key (organization_id, lead_id, tag, campaign_key)
);
create index lead_tags_of_organization on lead_tags (organization_id, tag, lead_id);
create index lead_tags_of_campaign on lead_tags (campaign_key, tag, lead_id);

-- Where something is sent.
create table destinations (
    id text primary key,
    organization_id text not null references organizations (id),
    -- `client`, `action`, `organization_webhook`, `campaign_webhook`, `subscription` or `scoped_webhook`.
    kind text not null,
    -- The campaign of a client, an action or its own webhook, the organization of its webhook (the store's keys). Of subscriptions and scoped
    -- webhooks there may be many, so each is its own.
    owner_id text not null,
    -- Of those, what they are for (`user`, `client` or `campaign`) and whom (the store's key); and what a scoped webhook's creator knows it by.
    scope text,
    scope_id text,
    number bigint,
    -- The version that counts now.
    version bigint not null,
    -- How often its settings were saved: a response to earlier ones does not pause these (fencing).
    revision bigint not null,
    paused_at bigint,
    -- When one that is paused because it kept failing is asked again; null where it is gone, and is not asked.
    probe_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index destinations_of_owner on destinations (owner_id, kind);
create index destinations_of_scope on destinations (scope_id, id) where scope_id is not null;
create index destinations_of_organization on destinations (organization_id, id) where scope_id is not null;
create unique index destinations_by_number on destinations (organization_id, number) where number is not null;

-- The receivers that a destination had. Another URL or method is another version; all else is changed in the version that counts. Settings
-- are encrypted whole: they carry secrets, headers and addresses.
create table destination_versions (
    destination_id text not null,
    version bigint not null,
    encrypted_settings bytea not null,
    created_at bigint not null,
    -- When another version came to count; null for the one that does.
    replaced_at bigint,
    primary key (destination_id, version)
);

-- Something that happened and that somebody is told of. What nobody is told of stands in the timeline alone.
create table events (
    organization_id text not null,
    id text not null,
    -- What it is about: `submission`, `lead`, or `person` (a hash of the address) where the host does not know the lead.
    subject_kind text not null,
    subject_id text,
    campaign_key text,
    name text not null,
    -- The submission's state after it, where it is about one.
    status text,
    details bytea not null,
    -- What the source of a reported event said of it, JSON, and its category.
    payload bytea,
    category_id bigint,
    category_name text,
    occurred_at bigint not null,
    primary key (organization_id, id)
);
create index events_of_subject on events (organization_id, subject_id, id) where subject_id is not null;

create table deliveries (
    organization_id text not null,
    id text not null,
    campaign_key text not null,
    -- The submission that it is about; of a reported event that is about none, that event.
    submission_id text not null,
    event_id text,
    destination_id text not null,
    -- The version that it was made for: it goes to no other receiver.
    destination_version bigint not null,
    destination_kind text not null,
    shard bigint not null,
    -- `waiting`, `held` while its campaign is not active, `delivered`, `failed`, `suppressed`, `canceled`.
    state text not null,
    -- How many requests left for it. A commit changes its state only while it is what the step saw (fencing).
    attempts bigint not null,
    -- Whether one of them left and was not responded to: the receiver may have what it said.
    is_unanswered boolean not null default false,
    retries_max bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    -- When it is to be sent; null while nothing is to be done.
    run_at bigint,
    -- When its message was erased (L12), and SHA-256 of what had been sent; null where nothing had.
    erased_at bigint,
    message_digest bytea,
    -- When it is worth nothing any more and is not sent; null for what is sent whenever it can be.
    expires_at bigint,
    -- What shapes it and interprets its response, where that is not what its submission ran on: a ping's is of the client that it asks, whose
    -- campaign is the delivery's.
    campaign_version_id text,
    -- The message: once shaped it never changes between attempts. The head is a JSON object of method, query, headers and content type.
    message_head bytea,
    message_body bytea,
    primary key (organization_id, id)
);
create index deliveries_due on deliveries (shard, destination_id, run_at, id) where run_at is not null;
create index deliveries_of_campaign on deliveries (campaign_key, id);
create index deliveries_in_state on deliveries (campaign_key, state, id) where state <> 'delivered';
create index deliveries_unanswered on deliveries (campaign_key, id) where is_unanswered;
create index deliveries_of_submission on deliveries (organization_id, submission_id, id);
-- The log of a webhook. Leads on their way to clients, which are the most, have none.
create index deliveries_of_webhook on deliveries (destination_id, id) where event_id is not null;

create table attempts (
    organization_id text not null,
    delivery_id text not null,
    id text not null,
    number bigint not null,
    started_at bigint not null,
    elapsed_ms bigint not null,
    status bigint,
    outcome text not null,
    detail bytea not null,
    primary key (organization_id, delivery_id, id)
);

-- How many submissions of a campaign are in each state, and how many bytes an organization has of each kind, as it was when the changes
-- since were last added up.
create table counts (
    -- The campaign, or the organization.
    owner_id text not null,
    name text not null,
    count bigint not null,
    primary key (owner_id, name)
);

-- What has changed since: each commit adds rows of its own.
create table count_changes (
    owner_id text not null,
    id text not null,
    name text not null,
    change bigint not null,
    primary key (owner_id, id)
);

-- Long calls of the API that went on when their callers had waited long enough, each with the response that it came to.
create table jobs (
    organization_id text not null,
    id text not null,
    -- Who called, and with which key.
    user_id text not null,
    key_id text not null,
    -- The operation, the path that was called, and the call's id in logs.
    operation text not null,
    path text not null,
    request_id text not null,
    -- Who runs it. Each start of a host has an id of its own.
    host text not null,
    created_at bigint not null,
    -- When it ended, with which status, and the type of the response; null while it runs.
    ended_at bigint,
    status bigint,
    content_type text,
    -- The response; null as well where it was too large.
    response bytea,
    primary key (organization_id, id)
);

-- What is done with many submissions (L9). What was done and where it stands are written with each piece of the work.
create table bulk_jobs (
    organization_id text not null,
    id text not null,
    -- `reprocess`, `repost`, `withdraw`.
    operation text not null,
    -- Which submissions, a JSON object, but for their ids.
    filter bytea not null,
    -- How many ids it names.
    id_count bigint not null,
    -- The campaigns that it may reach, a JSON list of the ids that users know; null for all.
    campaigns bytea,
    -- Who asked for it.
    user_id text not null,
    -- `queued`, `running`, `completed`, `canceled`, `failed`.
    state text not null,
    -- How often it was written: a piece counts only while this is what its host saw (fencing).
    revision bigint not null,
    -- Who works on it; empty for none. Each start of a host has an id of its own.
    host text not null,
    -- When its next piece is due; null once it is over.
    run_at bigint,
    -- How many submissions matched when it was created, and whether that is an estimate.
    total bigint not null,
    is_total_estimated boolean not null,
    -- Submissions with which it was done, with which it can't be done or that had moved on, and that the database does not take.
    done bigint not null,
    skipped bigint not null,
    failed bigint not null,
    -- Why it failed itself.
    error text,
    created_at bigint not null,
    started_at bigint,
    ended_at bigint,
    -- Where it stands, a JSON object.
    cursor bytea not null,
    -- The ids that its filter names, a JSON list; null for none.
    ids bytea,
    primary key (organization_id, id)
);
create index bulk_jobs_due on bulk_jobs (run_at, organization_id, id) where run_at is not null;
create index bulk_jobs_open on bulk_jobs (organization_id, id) where ended_at is null;

-- Chores that one host at a time runs for all; the row is the lease.
create table chores (
    name text primary key,
    owner text not null,
    run_at bigint not null,
    expires_at bigint not null
);

-- One row for each commit of processing and delivery: who lost the response to a COMMIT looks here whether it succeeded.
create table commits (
    id text primary key,
    committed_at bigint not null
);

-- Which host works on which shard, by the database's clock. PostgreSQL only: on SQLite the lock on the data directory is the lease.
create table shard_leases (
    shard bigint primary key,
    owner text not null,
    epoch bigint not null,
    expires_at bigint not null,
    -- Counts what others put into the shard: its owner reads it again when this has changed.
    signals bigint not null,
    -- When it was last taken from an owner that had not given it up: what fell due before may have been sent.
    unclean_at bigint
);

create table hosts (
    id text primary key,
    expires_at bigint not null
);

-- Without a key of its own: a planner would walk all lines by it, and look for those of an organization.
create table audit (
    id text not null,
    organization_id text,
    user_id text not null,
    action text not null,
    subject text not null,
    at bigint not null
);
create unique index audit_of_organization on audit (organization_id, id);
