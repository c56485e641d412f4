//! The order of the stages. What stands between two of them decides how many calls are made: with nothing between hard and soft rules,
//! both are one call.

use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{Destination, HttpRequest, Severities, Submission};
use std::sync::Arc;

/// A stage that is the host's, not the plugin's: pure, and asked again when it has what it asked or waited for.
pub trait HostStage: Send + Sync {
    /// Its name, unique on a way: the kept state of an item refers to it.
    fn name(&self) -> &'static str;

    /// What happens to a lead. The responses to what it asked for are the submission's.
    fn decide(&self, submission: &Submission, now: Timestamp) -> Decision;
}

/// What a stage of the host says about a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It goes on.
    Continue,
    /// It goes on when these have been responded to.
    Ask(Vec<HttpRequest>),
    /// It goes on when it is looked at then, and the stage agrees.
    Wait {
        /// What for, in one word.
        reason: &'static str,
        /// Until when.
        until: Timestamp,
    },
}

/// Where a stage of the host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before the hard rules: duplicates.
    BeforeHardRules,
    /// Between hard and soft rules: the first-submission action, enrichment.
    BetweenRules,
    /// Between soft rules and shaping: caps, the schedule.
    BeforeShape,
}

/// One step.
pub(crate) enum Step {
    Host(Arc<dyn HostStage>),
    Qualify(Severities),
    Shape(Destination),
}

/// The way of a campaign's leads after mapping.
pub struct Way {
    pub(crate) steps: Vec<Step>,
}

impl Way {
    /// The way with these stages of the host, in the order they are given at each place. Without a client no message is shaped.
    pub fn new(client: Option<Destination>, stages: impl IntoIterator<Item = (Place, Arc<dyn HostStage>)>) -> Self {
        let (mut before, mut between, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (place, stage) in stages {
            let list = match place {
                Place::BeforeHardRules => &mut before,
                Place::BetweenRules => &mut between,
                Place::BeforeShape => &mut after,
            };
            list.push(Step::Host(stage));
        }
        let mut steps = before;
        if between.is_empty() {
            steps.push(Step::Qualify(Severities::HARD | Severities::SOFT));
        } else {
            steps.push(Step::Qualify(Severities::HARD));
            steps.append(&mut between);
            steps.push(Step::Qualify(Severities::SOFT));
        }
        steps.append(&mut after);
        steps.extend(client.map(Step::Shape));
        Self { steps }
    }

    /// The stage of the host at this step, if it is one.
    pub(crate) fn host_stage(&self, at: usize) -> Option<&dyn HostStage> {
        match self.steps.get(at) {
            Some(Step::Host(stage)) => Some(stage.as_ref()),
            _ => None,
        }
    }
}
