//! A lead on its way through the stages.

use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{HttpRequest, Payload, Submission, Verdict};
use hookmill_engine::{ItemError, Stage};
use std::sync::Arc;

/// A lead on its way, and how far it is.
#[derive(Debug, Clone)]
pub struct Item {
    /// As the stages see it. Its responses are those that were asked for on the way.
    pub submission: Arc<Submission>,
    /// The place of the next step.
    pub(crate) next: usize,
    /// How it stands.
    pub status: Status,
}

/// How an item stands.
#[derive(Debug, Clone)]
pub enum Status {
    /// It can go on.
    Moving,
    /// A stage needs these responses first.
    Asking(Vec<HttpRequest>),
    /// A stage lets it wait.
    Waiting {
        /// What for, in one word.
        reason: &'static str,
        /// When it is looked at again.
        until: Option<Timestamp>,
    },
    /// Its way is over.
    Ended(End),
}

/// What an item's way ended with.
#[derive(Debug, Clone)]
pub enum End {
    /// It passed every stage; with the message to the client, where there is a client.
    Passed(Option<Payload>),
    /// A rule failed.
    Disqualified(Verdict),
    /// A stage has no result for it.
    Failed(Stage, ItemError),
}

impl Item {
    /// A lead that was mapped just now.
    pub fn new(submission: Arc<Submission>) -> Self {
        Self { submission, next: 0, status: Status::Moving }
    }

    /// Lets one that waits go on behind the stage that it waits at.
    pub fn pass(&mut self) {
        if matches!(self.status, Status::Waiting { .. }) {
            self.next += 1;
            self.status = Status::Moving;
        }
    }
}
