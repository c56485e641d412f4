//! The first-submission action on the way (L4): who is the first of a person in a campaign, what is sent to the webhook or waits for a person,
//! and what follows from what either decides.
//!
//! The way ends where the action begins, and goes on between hard and soft rules once it has approved. What is sent is a delivery like any
//! other, written in the commit in which the submission comes to wait.

mod first;
mod response;
mod review;
mod start;

pub(crate) use first::{FIRST_SUBMISSION, FirstSubmissions, first_of_person, pass_later_ones};
pub(crate) use response::{needs_review, undecided};
pub use review::Review;
