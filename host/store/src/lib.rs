//! The store: the only crate with SQL, written once for SQLite and PostgreSQL; nothing outside depends on
//! which database it is.
//!
//! A method is one commit: what a step decided and what follows from it are written together, or not at all.

#[macro_use]
mod database;
#[macro_use]
pub mod audit;
pub mod actions;
pub mod backlog;
#[cfg(test)]
mod bounds;
pub mod bulk_jobs;
pub mod campaign_versions;
pub mod campaigns;
mod cap_counts;
pub mod chores;
pub mod clients;
pub mod components;
mod counts;
mod damage;
pub mod decisions;
pub mod deliveries;
pub mod destinations;
pub mod encryption;
pub mod erasures;
mod error;
pub mod inbound_webhooks;
pub mod ingest;
pub mod jobs;
mod key_rotation;
pub mod keys;
pub mod leads;
pub mod leases;
pub mod lifecycle;
pub mod organizations;
pub mod outcome;
pub mod pings;
#[cfg(test)]
mod plans;
pub mod processed;
pub mod queue;
pub mod quotas;
pub mod recent;
pub mod rejected;
mod rejections;
pub mod release;
pub mod reported_events;
pub mod requests;
mod retention;
pub mod reviews;
pub mod runs;
pub mod search;
pub mod submissions;
#[cfg(test)]
mod transitions;
mod turns;
pub mod users;
pub mod value_sets;
pub mod webhooks;
pub mod work;

pub use database::{Store, StoreOptions, Target};
pub use error::{Remedy, StoreError, Trouble};
