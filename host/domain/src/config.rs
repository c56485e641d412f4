//! Every bound of the host with its name, unit and default, in one table. The engine's and the sender's own bounds stand
//! with them (`engine::Limits`, `outbound::OutboundLimits`).

use crate::event::EventRegistry;
use crate::net_policy::AllowedRange;
use crate::value_set::TableLimits;
pub use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The bounds of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How many bytes a request's body may have (8 MiB).
    pub body_bytes_max: usize,
    /// How many bytes the bodies of all requests under way may take, with what is made of them (512 MiB), an organization's half of it at
    /// most; beyond, requests are rejected with 429.
    pub bodies_bytes_max: usize,
    /// How many dry runs, replays, comparisons, discoveries, uploads and compilations may be under way or wait (64), an organization's half
    /// of them at most; beyond, 429.
    pub heavy_calls_max: usize,
    /// How many rows of lists may be on their way to callers at once (20,000), an organization's half of them at most; beyond, 429.
    pub rows_shown_max: usize,
    /// How many bytes a value may have to be read, written and dropped where it is met (256 KiB); larger ones are sent to threads of their own.
    pub inline_bytes_max: usize,
    /// How many larger values are worked on at once for sources, and how many for people (1 each); others wait.
    pub large_values_max: usize,
    /// How many bytes the sample of a dry run may have with its headers, its query and the client's response (1 MiB); beyond, 413.
    pub sample_bytes_max: usize,
    /// How many leads a sample may become (100); beyond, 422.
    pub sample_leads_max: usize,
    /// How many bytes of memory the inputs, outputs and traces may take that one dry run, replay or comparison shows (64 MiB); beyond, 422.
    pub shown_bytes_max: usize,
    /// How many bytes a plugin upload may have (32 MiB).
    pub component_bytes_max: usize,
    /// How many bytes a compressed body may have once it is inflated (16 MiB).
    pub inflated_bytes_max: usize,
    /// How deep a body may nest, as JSON (64); XML may nest half as deep.
    pub body_depth_max: usize,
    /// How many fields a form may have (1,000).
    pub form_fields_max: usize,
    /// How many bytes of a text file in a form reach the plugin (64 KiB); of a larger one name, type and size do.
    pub file_text_bytes_max: usize,
    /// How many leads one request may carry (1,000).
    pub leads_per_request_max: usize,
    /// How many subscriptions, and how many scoped webhooks, a user, client or campaign may have (100 each); beyond, 409.
    pub webhooks_per_scope_max: i64,
    /// How many inbound webhooks a campaign may have (100); beyond, 409.
    pub inbound_webhooks_max: i64,
    /// How long an inbound webhook waits for its lead to be mapped before it responds with `202`, in milliseconds (5 s).
    pub inbound_wait_ms: u64,
    /// How many bytes the payload of a reported event may have (64 KiB); beyond, the event is rejected.
    pub event_payload_bytes_max: usize,
    /// How many bytes of a header that is kept with a request (1 KiB).
    pub kept_header_bytes_max: usize,
    /// How long an idempotency key is taken, in milliseconds (7 x 24 h).
    pub idempotency_ttl_ms: i64,
    /// How long a key or campaign that was looked up is trusted, in milliseconds (1 s). On the host where it is changed, a change
    /// counts at once; on others after this.
    pub lookup_ttl_ms: i64,
    /// How many earlier receivers (URL and method) of one endpoint or webhook are kept for deliveries that were made for them (100);
    /// what still waits for an older one ends as `destination_removed`.
    pub destination_versions_max: i64,
    /// How many submissions of one campaign are processed together (256): their commit holds the one writer of SQLite for some
    /// milliseconds.
    pub process_batch_max: usize,
    /// How many bytes of elements are processed together (32 MiB); a larger one is a batch of its own.
    pub process_batch_bytes_max: usize,
    /// How many submissions of a campaign of which nothing is known yet are processed together (16).
    pub process_first_batch_max: usize,
    /// How much CPU time a batch should take, in milliseconds (50): of a campaign that costs more, fewer are processed together.
    pub process_batch_cpu_ms: u64,
    /// How many batches are processed at once (5). One campaign has at most two of them, and there is always one for an organization that
    /// has none.
    pub process_workers: usize,
    /// How many submissions, and how many deliveries, are in memory at once (64,000 each); what is beyond stays in the database until
    /// there is room.
    pub resident_items_max: usize,
    /// How many bytes of queued submissions, and of queued deliveries, are in memory at once (128 MiB each); one organization may have
    /// half.
    pub resident_bytes_max: usize,
    /// How many submissions of one campaign, and how many deliveries to one destination, are queued in memory (8,000).
    pub lane_items_max: usize,
    /// How many bytes of bodies, elements and messages are read from the database at once (32 MiB); a larger one is read by itself.
    pub load_bytes_max: i64,
    /// How many deliveries are under way at once (512).
    pub deliveries_in_flight_max: usize,
    /// How many deliveries to one destination are under way at once (64), divided among the hosts that share a database.
    pub deliveries_per_destination_max: usize,
    /// How many deliveries to one destination whose requests have ended may wait to be written (16,000): with so many, no more are sent. A host
    /// that dies leaves these and those under way without a record, and they are sent again.
    pub unwritten_per_destination_max: usize,
    /// How many deliveries are under way at once to a destination that has not responded yet (8). Each response allows one more,
    /// and a request without one leaves one until there is one.
    pub deliveries_to_new_destination_max: usize,
    /// How long every request to a webhook must have failed for it to be paused, in milliseconds (1 h).
    pub pause_failing_ms: i64,
    /// How many of its requests must have failed in that time (10).
    pub pause_failures_min: u32,
    /// How often a webhook that is paused because it kept failing is asked with one message that waits for it, in milliseconds (15 min). A
    /// success resumes it.
    pub probe_paused_every_ms: i64,
    /// How long a message waits for such a webhook, in milliseconds (3 x 24 h); then it is not sent unless somebody has it sent again.
    pub paused_wait_ms_max: i64,
    /// How long an idle worker waits before it checks for work, in milliseconds (250); work of this host wakes it earlier.
    pub poll_ms: u64,
    /// How long work waits that the host itself could not do, such as to run a plugin that can't be loaded, in milliseconds (1 s); twice
    /// as long each time it fails again.
    pub later_ms_min: i64,
    /// The longest such wait, in milliseconds (60 s).
    pub later_ms_max: i64,
    /// How long a response is kept that the host could not have interpreted, in milliseconds (15 min); then it has no verdict, and an
    /// acceptance by status alone is failed.
    pub interpret_wait_ms_max: i64,
    /// How long a plugin that does not compile is not compiled again, in milliseconds (60 s); twice as long each time.
    pub unusable_ms_min: i64,
    /// The longest such time, in milliseconds (1 h).
    pub unusable_ms_max: i64,
    /// How often in a row the compilation of a plugin is stopped from outside until the plugin counts as too large for this machine (5).
    pub compile_stops_max: u32,
    /// How long a start waits for the plugins of active campaigns to be loaded or compiled, in milliseconds (10 s); the rest goes on
    /// beside the leads of others.
    pub warm_up_ms_max: u64,
    /// How many dry runs, replays and discoveries run at once (8), an organization's half of them at most; others wait. The engine needs two
    /// instances for each (`people_instances_max`).
    pub people_runs_max: usize,
    /// How long a lease on a shard lasts unless it is renewed, in milliseconds (12 s); PostgreSQL only.
    pub lease_ms: i64,
    /// How often the host renews its leases and checks for work that others put into its shards, in milliseconds (250); PostgreSQL only.
    pub renew_ms: u64,
    /// How often the host reads which due work it has missed, in milliseconds (30 s).
    pub read_whole_ms: u64,
    /// How long a loop of the host may not move, and nothing that waits be committed, before the host is not ready, in milliseconds (15 s).
    pub silence_ms_max: i64,
    /// How many bytes the disk of the data directory must have free for the host to be ready (256 MiB).
    pub disk_free_bytes_min: i64,
    /// How far the host's clock may be from the database's for the host to be ready, in milliseconds (30 s); PostgreSQL only.
    pub clock_offset_ms_max: i64,
    /// How long a starting host is not ready while it looks through its database file, in milliseconds (30 s); of a larger file the rest is
    /// looked through meanwhile. SQLite only.
    pub check_wait_ms: u64,
    /// How long a stopping host waits for what is under way, in milliseconds (10 s).
    pub stop_ms: u64,
    /// How many connections are served at once (1,024). At this bound one without a request is closed for a new one, of the address that has
    /// the most before others, and never for an address that has as many; while all have requests under way, new ones get 503.
    pub connections_max: usize,
    /// How many of them one address may have, or one IPv6 network of 64 bits (256); trusted proxies are exempt.
    pub connections_per_address_max: usize,
    /// How many connections beyond `connections_max` are served that ask for health or readiness (16).
    pub reserved_connections_max: usize,
    /// How many of those one address may have (2).
    pub reserved_per_address_max: usize,
    /// How long such a connection may last, in milliseconds (5 s).
    pub reserved_life_ms: u64,
    /// How long a connection without a request is kept open, in milliseconds (30 s).
    pub connection_idle_ms: u64,
    /// How long the head of a request may take to arrive from its first byte, in milliseconds (10 s).
    pub head_timeout_ms: u64,
    /// How many bytes the head of a request may have (64 KiB).
    pub head_bytes_max: usize,
    /// How long a client may take to send or to read `progress_bytes_min` bytes of what is left, in milliseconds (10 s); then its connection
    /// is cut.
    pub progress_ms: u64,
    /// How many bytes a client must send or read in that time, while there are as many (4 KiB).
    pub progress_bytes_min: u64,
    /// How many bytes the kernel holds for a client that does not read (128 KiB, which Linux doubles for its own use).
    pub send_buffer_bytes: u32,
    /// How long a client may take to send a request's body, in milliseconds (30 s).
    pub request_timeout_ms: u64,
    /// How long the caller of a long call waits for its response, in milliseconds (10 s); then the call goes on as a job.
    pub job_wait_ms: u64,
    /// How many long calls are under way at once on one host (256); beyond, they are rejected with 429 `jobs_full`.
    pub jobs_max: usize,
    /// How many of them are one organization's (64).
    pub jobs_per_organization_max: usize,
    /// How many bytes of the response to a long call are kept with its job (1 MiB); a larger one is not kept.
    pub job_response_bytes_max: usize,
    /// How long jobs are kept, in milliseconds (7 x 24 h).
    pub jobs_kept_ms: i64,
    /// How many jobs of one organization are kept, the newest (200).
    pub jobs_rows_max: i64,
    /// How many bulk jobs of one organization run at once (2); others wait for their turn.
    pub bulk_jobs_running_max: usize,
    /// How many bulk jobs one host works on at once (16), a piece of each in turn.
    pub bulk_jobs_per_host_max: usize,
    /// How many bulk jobs of one organization may run or wait (100); beyond, 429 `bulk_jobs_full`.
    pub bulk_jobs_open_max: i64,
    /// How long bulk jobs are kept, in milliseconds (90 x 24 h).
    pub bulk_jobs_kept_ms: i64,
    /// How many bulk jobs of one organization are kept, the newest (1,000); those that are not over are kept all the same.
    pub bulk_jobs_rows_max: i64,
    /// How many bytes a receiver's compressed response may have once it is inflated (256 KiB); of a longer one the beginning counts.
    pub response_inflated_bytes_max: usize,
    /// How many bytes of a receiver's response are kept with an attempt (4 KiB).
    pub kept_response_bytes_max: usize,
    /// The most rows in one page of a list (200).
    pub page_rows_max: i64,
    /// How many bytes of leads and decisions one page of submissions carries (4 MiB); a page is cut before the row that would pass it.
    pub page_bytes_max: i64,
    /// How many rows one call of a list looks at where no index has what is asked for (10,000); the response says how far it came.
    pub search_rows_max: i64,
    /// How many bytes of leads and decisions one call of a list searches (16 MiB); the response says how far it came.
    pub search_bytes_max: i64,
    /// How many attempts of one delivery are shown, the newest (200).
    pub attempts_shown_max: i64,
    /// How many rejected requests of one organization wait to be recorded (256); beyond, the oldest is not recorded.
    pub rejections_waiting_max: usize,
    /// How long rejected requests are kept, in milliseconds (30 x 24 h).
    pub rejected_kept_ms: i64,
    /// How many rejected requests of one organization are kept, the newest (100,000).
    pub rejected_rows_max: i64,
    /// How many rejected requests of all organizations are kept (1,000,000); beyond, the oldest of the organization with the most bytes go.
    pub rejected_rows_of_all_max: i64,
    /// How many bytes of a rejected request's body are kept (1 MiB); of a longer body, its first bytes are.
    pub rejected_body_bytes_max: usize,
    /// How many bytes the rejected requests of one organization may take (64 MiB), by a figure that is a second old; beyond, the oldest go.
    pub rejected_bytes_max: i64,
    /// How many bytes those of all organizations may take (1 GiB); beyond, the oldest of the organization with the most bytes go.
    pub rejected_bytes_of_all_max: i64,
    /// How many bytes of rejected requests one host stores in a minute (64 MiB), an organization's half of it at most; beyond, they are not kept,
    /// and counted.
    pub rejected_bytes_per_minute_max: i64,
    /// How long the attempts of a delivery that is over are kept after it was made, in milliseconds (90 x 24 h).
    pub attempts_kept_ms: i64,
    /// How long events are kept whose deliveries are over, in milliseconds (90 x 24 h).
    pub events_kept_ms: i64,
    /// How long raw requests are kept once all their submissions have ended, in days (36,500, which is for ever). After that their leads can't be
    /// run again.
    pub requests_kept_days: i64,
    /// How long documents and plans of campaign versions are kept once their campaign does not run them, in days (36,500, which is for ever). What
    /// it ran last before, and what leads and messages on their way run on, is kept all the same.
    pub versions_kept_days: i64,
    /// How long tables of value sets are kept once their set does not mean them, in days (36,500, which is for ever). What it meant last before is
    /// kept all the same.
    pub tables_kept_days: i64,
    /// How many rows one commit forgets (1,000).
    pub forget_rows_max: i64,
    /// How many bytes of raw requests, with the responses to them, an organization may have (256 GiB); beyond, its requests are rejected
    /// with 429 `quota_reached`.
    pub held_requests_bytes_max: i64,
    /// How many submissions of an organization may wait to be processed (1,000,000), by a figure that is about `lookup_ttl_ms` old; beyond, its
    /// requests are rejected with 429 `backlog_full`. What waits for its campaign or for a person is not counted.
    pub backlog_rows_per_organization_max: i64,
    /// How many of all organizations may (5,000,000). What an organization has counts twice against it, so that there is always room for who has
    /// nothing.
    pub backlog_rows_max: i64,
    /// How long the next submission of a campaign may have waited to be processed, in milliseconds (1 h); beyond, the requests of its
    /// organization are rejected with 429 `backlog_full`. It is read every `read_whole_ms`, and before a rejection.
    pub backlog_age_ms_max: i64,
    /// How many bytes of components an organization may have (4 GiB); beyond, uploads are rejected with 409 `quota_reached`.
    pub held_components_bytes_max: i64,
    /// How many bytes of documents and plans the campaign versions of an organization may have (4 GiB); beyond, 409 `quota_reached`.
    pub held_versions_bytes_max: i64,
    /// How many bytes of tables the value sets of an organization may have, older versions too (8 GiB); beyond, 409 `quota_reached`.
    pub held_tables_bytes_max: i64,
    /// How many characters a name may have (255).
    pub name_chars_max: usize,
    /// How many bytes a document may have (256 KiB, the default plugin's bound).
    pub document_bytes_max: usize,
    /// How many programs are kept ready in memory (10,000).
    pub programs_cached_max: usize,
    /// How many value sets an organization may have (1,000).
    pub value_sets_max: usize,
    /// How many bytes the current tables of an organization's value sets may have together, in canonical form (128 MiB): one batch
    /// may read them all.
    pub value_sets_bytes_max: i64,
    /// How many bytes of tables are kept in memory (256 MiB); the least recently used is evicted first.
    pub value_sets_cached_bytes_max: usize,
    /// How many entries a value set may have (100,000).
    pub value_set_entries_max: usize,
    /// How many bytes a value set may have, as it is sent and in canonical form (16 MiB).
    pub value_set_bytes_max: usize,
    /// How many bytes a key of a value set may have (512).
    pub value_set_key_bytes_max: usize,
    /// How many bytes a value of a value set may have, as JSON (16 KiB).
    pub value_set_value_bytes_max: usize,
    /// How many connections to SQLite read for intake, workers and the loader (4).
    pub sqlite_readers: u32,
    /// How many connections to PostgreSQL one host has for intake, workers and the loader (16).
    pub postgres_connections: u32,
    /// How many connections serve what people ask by API, command line and console (4); on PostgreSQL beside `postgres_connections`.
    pub people_connections: u32,
    /// How many bytes of pages the connection that writes to SQLite caches (64 MiB).
    pub sqlite_writer_cache_bytes: usize,
    /// How many bytes of pages each of `sqlite_readers` caches (32 MiB).
    pub sqlite_reader_cache_bytes: usize,
    /// How many bytes of pages each of `people_connections` caches on SQLite (8 MiB).
    pub sqlite_people_cache_bytes: usize,
    /// How long a statement waits for a connection, or for its turn to write, in milliseconds (10 s); then the database counts as busy.
    pub connection_wait_ms: u64,
    /// How long one statement for a person may take, in milliseconds (10 s); then it is answered with 503 `too_slow`.
    pub people_statement_ms: u64,
    /// How long any other statement may take, in milliseconds (30 s); then its group is halved, or tried again.
    pub statement_ms: u64,
    /// How many bytes the file of SQLite's write-ahead log keeps (256 MiB); a longer one is begun anew.
    pub wal_bytes_max: u64,
    /// How long SQLite's writer waits for readers when the log is begun anew, in milliseconds (100).
    pub wal_wait_ms: u64,
    /// How long a statement waits for another one's lock, in milliseconds (10 s); PostgreSQL only.
    pub lock_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            bodies_bytes_max: 512 << 20,
            heavy_calls_max: 64,
            rows_shown_max: 20_000,
            inline_bytes_max: 256 << 10,
            large_values_max: 1,
            sample_bytes_max: 1 << 20,
            sample_leads_max: 100,
            shown_bytes_max: 64 << 20,
            component_bytes_max: 32 << 20,
            inflated_bytes_max: 16 << 20,
            body_depth_max: 64,
            form_fields_max: 1_000,
            file_text_bytes_max: 64 << 10,
            leads_per_request_max: 1_000,
            webhooks_per_scope_max: 100,
            inbound_webhooks_max: 100,
            inbound_wait_ms: 5_000,
            event_payload_bytes_max: 64 << 10,
            kept_header_bytes_max: 1 << 10,
            idempotency_ttl_ms: 7 * 24 * 3_600_000,
            lookup_ttl_ms: 1_000,
            destination_versions_max: 100,
            process_batch_max: 256,
            process_batch_bytes_max: 32 << 20,
            process_first_batch_max: 16,
            process_batch_cpu_ms: 50,
            process_workers: 5,
            resident_items_max: 64_000,
            resident_bytes_max: 128 << 20,
            lane_items_max: 8_000,
            load_bytes_max: 32 << 20,
            deliveries_in_flight_max: 512,
            deliveries_per_destination_max: 64,
            unwritten_per_destination_max: 16_000,
            deliveries_to_new_destination_max: 8,
            pause_failing_ms: 3_600_000,
            pause_failures_min: 10,
            probe_paused_every_ms: 15 * 60_000,
            paused_wait_ms_max: 3 * 24 * 3_600_000,
            poll_ms: 250,
            later_ms_min: 1_000,
            later_ms_max: 60_000,
            interpret_wait_ms_max: 15 * 60_000,
            unusable_ms_min: 60_000,
            unusable_ms_max: 3_600_000,
            compile_stops_max: 5,
            warm_up_ms_max: 10_000,
            people_runs_max: 8,
            lease_ms: 12_000,
            renew_ms: 250,
            read_whole_ms: 30_000,
            silence_ms_max: 15_000,
            disk_free_bytes_min: 256 << 20,
            clock_offset_ms_max: 30_000,
            check_wait_ms: 30_000,
            stop_ms: 10_000,
            connections_max: 1_024,
            connections_per_address_max: 256,
            reserved_connections_max: 16,
            reserved_per_address_max: 2,
            reserved_life_ms: 5_000,
            connection_idle_ms: 30_000,
            head_timeout_ms: 10_000,
            head_bytes_max: 64 << 10,
            progress_ms: 10_000,
            progress_bytes_min: 4 << 10,
            send_buffer_bytes: 128 << 10,
            request_timeout_ms: 30_000,
            job_wait_ms: 10_000,
            jobs_max: 256,
            jobs_per_organization_max: 64,
            job_response_bytes_max: 1 << 20,
            jobs_kept_ms: 7 * 24 * 3_600_000,
            jobs_rows_max: 200,
            bulk_jobs_running_max: 2,
            bulk_jobs_per_host_max: 16,
            bulk_jobs_open_max: 100,
            bulk_jobs_kept_ms: 90 * 24 * 3_600_000,
            bulk_jobs_rows_max: 1_000,
            response_inflated_bytes_max: 256 << 10,
            kept_response_bytes_max: 4 << 10,
            page_rows_max: 200,
            page_bytes_max: 4 << 20,
            search_rows_max: 10_000,
            search_bytes_max: 16 << 20,
            attempts_shown_max: 200,
            rejections_waiting_max: 256,
            held_requests_bytes_max: 256 << 30,
            backlog_rows_per_organization_max: 1_000_000,
            backlog_rows_max: 5_000_000,
            backlog_age_ms_max: 3_600_000,
            held_components_bytes_max: 4 << 30,
            held_versions_bytes_max: 4 << 30,
            held_tables_bytes_max: 8 << 30,
            rejected_kept_ms: 30 * 24 * 3_600_000,
            rejected_rows_max: 100_000,
            rejected_rows_of_all_max: 1_000_000,
            rejected_body_bytes_max: 1 << 20,
            rejected_bytes_max: 64 << 20,
            rejected_bytes_of_all_max: 1 << 30,
            rejected_bytes_per_minute_max: 64 << 20,
            attempts_kept_ms: 90 * 24 * 3_600_000,
            events_kept_ms: 90 * 24 * 3_600_000,
            requests_kept_days: 36_500,
            versions_kept_days: 36_500,
            tables_kept_days: 36_500,
            forget_rows_max: 1_000,
            name_chars_max: 255,
            document_bytes_max: 256 << 10,
            programs_cached_max: 10_000,
            value_sets_max: 1_000,
            value_sets_bytes_max: 128 << 20,
            value_sets_cached_bytes_max: 256 << 20,
            value_set_entries_max: 100_000,
            value_set_bytes_max: 16 << 20,
            value_set_key_bytes_max: 512,
            value_set_value_bytes_max: 16 << 10,
            sqlite_readers: 4,
            postgres_connections: 16,
            people_connections: 4,
            sqlite_writer_cache_bytes: 64 << 20,
            sqlite_reader_cache_bytes: 32 << 20,
            sqlite_people_cache_bytes: 8 << 20,
            connection_wait_ms: 10_000,
            people_statement_ms: 10_000,
            statement_ms: 30_000,
            wal_bytes_max: 256 << 20,
            wal_wait_ms: 100,
            lock_ms: 10_000,
        }
    }
}

impl Limits {
    /// The bounds of one value set.
    pub fn table(&self) -> TableLimits {
        TableLimits {
            entries_max: self.value_set_entries_max,
            key_bytes_max: self.value_set_key_bytes_max,
            value_bytes_max: self.value_set_value_bytes_max,
            bytes_max: self.value_set_bytes_max,
            depth_max: self.body_depth_max,
        }
    }
}

/// What an operator sets for the whole host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// The bounds.
    pub limits: Limits,
    /// Who provisions keys, as a campaign without one says (I6).
    pub key_contact: String,
    /// The address under which sources reach this host, for examples.
    pub public_url: String,
    /// Whether this is a developer's machine: `http` and loopback receivers are then allowed.
    pub development: bool,
    /// The proxies in front of this host, whose word for the address of a source is taken. None unless they are named.
    pub trusted_proxies: Vec<IpNet>,
    /// Private ranges in which receivers may be. None unless they are named.
    pub allowed_private_ranges: Vec<AllowedRange>,
    /// The events that webhooks may select and sources report.
    pub events: EventRegistry,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            key_contact: "CSM".into(),
            public_url: "http://127.0.0.1:8080".into(),
            development: false,
            trusted_proxies: Vec::new(),
            allowed_private_ranges: Vec::new(),
            events: EventRegistry::default(),
        }
    }
}

/// A network, or an address alone, as an operator writes it: `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(network), _) => Ok(network.trunc()),
        (_, Ok(address)) => Ok(address.into()),
        _ => Err(format!("`{text}` is not a network; write an address or a range, such as 10.0.0.0/8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_range_or_an_address() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1/32"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), expected);
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0.1:80"] {
            assert!(parse_network(text).unwrap_err().contains(text), "{text}");
        }
    }
}
