//! Ways to make the contract's records that read as English.

mod diagnostics;
mod failures;
mod http_requests;
mod mapped;
mod outcomes;
mod payloads;
mod verdicts;
