//! The stages of a lead in their order, as one machine. It knows no database and no network: what a stage needs from outside it asks for
//! ([`Status::Asking`]) or waits for ([`Status::Waiting`]), and what it found is for its sink to write (production) or to show (dry run).
//!
//! A sink maps its elements with [`Run::map`], makes an [`Item`] of each lead, and lets [`advance`] take them as far as they go.

mod bids;
mod item;
mod kept;
mod machine;
mod run;
mod way;

pub use bids::{Asked, AskedClient, StandingBid};
pub use item::{End, Item, Status};
pub use kept::{Kept, KeptError};
pub use machine::{Calls, Watch, advance};
pub use run::{Run, Tables};
pub use way::{Decision, HostStage, Place, Start, Way};
