//! The management API: one operation, one function; one kind of thing, one file.

pub(super) mod api_keys;
pub(super) mod audit;
pub(super) mod bulk_jobs;
pub(super) mod campaign_versions;
pub(super) mod campaigns;
pub(super) mod clients;
pub(super) mod deliveries;
pub(super) mod dry_run;
pub(super) mod endpoint;
pub(super) mod fields;
pub(super) mod jobs;
pub(super) mod leads;
pub(super) mod lifecycle;
pub(super) mod organizations;
pub(super) mod persons;
pub(super) mod plugins;
pub(super) mod rejected_requests;
pub(super) mod requests;
pub(super) mod rerun;
pub(super) mod settings;
pub(super) mod source_keys;
pub(super) mod submissions;
pub(super) mod users;
pub(super) mod value_sets;
pub(super) mod warnings;
