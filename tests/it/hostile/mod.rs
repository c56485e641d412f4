//! The sandbox attacked, one attack a test and each outcome a snapshot [P2 P3 P4 P5]: what the fault is called and says, which limit
//! it names, what became of the neighbours in the batch, how many calls it took to find the culprit, what the log kept.
//!
//! `acts` has what any export can do, `results` what only a result can be (both by the plugin `tests/guests/hostile`); `forged` what
//! no compiler would make; `wasi` what asks for the world outside; `admission` and `cache` the way in; `neighbour` what others notice
//! of it all, `campaigns` the same over HTTP, and `beyond` what was tried next.

mod acts;
mod admission;
mod beyond;
mod cache;
mod campaigns;
pub mod fixtures;
mod forged;
pub mod neighbour;
mod results;
mod wasi;
