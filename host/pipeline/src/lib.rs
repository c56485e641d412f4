//! The steps of lead processing. No SQL, no HTTP types; each step ends in one commit, and its results continue in memory.
//!
//! `ingest` makes a request durable, `process` maps, qualifies and shapes, `deliver` sends, `steps` queues what ended, `outcome` finds out what responses mean,
//! `events` shapes messages, `loader` reads what memory does not hold, `release` lets go on what waited, `bulk` does what people ask of many, `erasure` erases
//! persons, and [`Workers`] runs them.

mod action;
mod backlog;
mod budgets;
mod bulk;
mod cache;
mod chores;
mod context;
mod costs;
mod deliver;
mod delivery;
mod discovery;
mod dry_run;
mod duplicates;
mod element;
mod erasure;
mod events;
mod export;
mod fallback;
mod finish;
mod flow;
mod health;
mod ingest;
mod interpret;
mod large;
mod later;
mod leases;
mod loader;
mod lookups;
mod outcome;
mod parts;
mod ping;
mod pipeline;
mod preview;
mod process;
mod programs;
mod queue;
mod receivers;
mod rejected;
mod release;
mod rendered;
mod rerun;
mod response;
mod send;
mod slots;
mod steps;
mod supervise;
mod table_cache;
mod tables;
mod unavailable;
mod value_sets;
mod warm_ups;
mod webhooks;
mod workers;

pub use action::Review;
pub use budgets::Budgets;
pub use bulk::{BulkCount, BulkTarget};
pub use discovery::{Discovered, Sample};
pub use dry_run::{DryRun, DryRunInput, SampleLead, SampleResponse, ShapedMessage, StageRun, sample_elements};
pub use export::{ExportPage, ExportedElement};
pub use hookmill_store::keys::SourceKey;
pub use ingest::{Channel, IngestResponse, Post, Source};
pub use large::LargeValues;
pub use pipeline::{OwnPrograms, Pipeline, PipelineDeps};
pub use preview::{Generated, Preview, PreviewedLead};
pub use programs::{ChosenComponent, CompiledVersion, NotReady, Problem, STANDARD_DOCUMENT, SaveError, host_failed};
pub use rejected::ReceivedBody;
pub use rendered::{Decision, Warning};
pub use rerun::{Compared, Difference, Replay, RunMessage, RunResult};
pub use unavailable::{unavailable, version_gone};
pub use value_sets::{PutSet, TableFormat};
pub use webhooks::{SCOPED_PAYLOAD_DOCUMENT, verdicts};
pub use workers::Workers;
