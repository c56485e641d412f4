//! The order of the stages. What stands between two of them decides how many calls are made: with nothing between hard and soft rules,
//! both are one call.

use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{Destination, HttpRequest, Severities, Submission};
use std::collections::BTreeSet;
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

/// Two stages of a way have this name: what is kept of a lead could not tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two stages are called `{0}`; give each stage of a way its own name")]
pub struct SameName(pub &'static str);

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
    /// The way without a stage of the host. Without a client no message is shaped.
    pub fn new(client: Option<Destination>) -> Self {
        let steps = [Some(Step::Qualify(Severities::HARD | Severities::SOFT)), client.map(Step::Shape)];
        Self { steps: steps.into_iter().flatten().collect() }
    }

    /// The way with these stages of the host, in the order they are given at each place.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn with_stages(
        client: Option<Destination>,
        stages: impl IntoIterator<Item = (Place, Arc<dyn HostStage>)>,
    ) -> Result<Self, SameName> {
        let (mut before, mut between, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = BTreeSet::new();
        for (place, stage) in stages {
            if !names.insert(stage.name()) {
                return Err(SameName(stage.name()));
            }
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
        Ok(Self { steps })
    }

    /// The stage of the host at this step, if it is one.
    pub(crate) fn host_stage(&self, at: usize) -> Option<&dyn HostStage> {
        match self.steps.get(at) {
            Some(Step::Host(stage)) => Some(stage.as_ref()),
            _ => None,
        }
    }
}
