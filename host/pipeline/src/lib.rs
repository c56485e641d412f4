//! Floor 3: the life of a lead as verbs. No SQL, no HTTP types; each verb is one step that ends in one commit.
//!
//! `ingest` makes a request durable, `process` maps, judges and shapes, `notify` shapes what subscribers are told, `deliver` sends,
//! `release` puts back what waited, and [`Workers`] runs them.

mod answer;
mod cache;
mod conclude;
mod context;
mod deliver;
mod discovery;
mod dry_run;
mod element;
mod ingest;
mod lookups;
mod notify;
mod parts;
mod process;
mod programs;
mod release;
mod rendered;
mod runner;
mod send;
mod shelf;
mod tables;
mod value_sets;
mod workers;

pub use discovery::{Discovered, Sample};
pub use dry_run::{DryRun, DryRunInput, SampleAnswer, ShapedMessage, StageRun};
pub use ingest::{BatchPush, CampaignPost, IngestAnswer, Source};
pub use parts::{Parts, Pipeline, Wake};
pub use programs::{Chosen, Problem, STANDARD_DOCUMENT, SaveError};
pub use rendered::Decision;
pub use value_sets::{PutSet, TableFormat};
pub use workers::Workers;
