//! The order of the stages. What stands between two of them decides how many calls are made: with nothing between hard and soft rules,
//! both are one call.

use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{Destination, HttpRequest, Severities, Submission};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A stage that is the host's, not the plugin's: pure, and asked again when it has what it asked or waited for.
pub trait HostStage: Send + Sync {
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
    /// It leaves its batch, and goes on when what it waits for has come.
    Wait {
        /// What for, in one word.
        reason: &'static str,
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
}

/// Where the way of a lead begins: at its element, or where it stood when it was left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With its element, which is mapped.
    #[default]
    Map,
    /// With its lead, as if it had just been mapped.
    Rules,
    /// Between hard and soft rules.
    BetweenRules,
    /// After the rules: it is qualified.
    BeforeShape,
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
    /// The way from its beginning, without a stage of the host. Without a client no message is shaped.
    pub fn new(client: Option<Destination>) -> Self {
        Self::with_stages(Start::Map, client, [])
    }

    /// The rest of the way from `start` on, with these stages of the host, in the order they are given at each place.
    pub fn with_stages(
        start: Start,
        client: Option<Destination>,
        stages: impl IntoIterator<Item = (Place, Arc<dyn HostStage>)>,
    ) -> Self {
        let (mut before, mut between, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (place, stage) in stages {
            let list = match place {
                Place::BeforeHardRules => &mut before,
                Place::BetweenRules => &mut between,
                Place::BeforeShape => &mut after,
            };
            list.push(Step::Host(stage));
        }
        let mut steps = Vec::new();
        if start <= Start::Rules {
            steps.append(&mut before);
            let is_one_call = between.is_empty();
            steps.push(Step::Qualify(if is_one_call { Severities::HARD | Severities::SOFT } else { Severities::HARD }));
            if !is_one_call {
                steps.append(&mut between);
                steps.push(Step::Qualify(Severities::SOFT));
            }
        } else if start == Start::BetweenRules {
            steps.append(&mut between);
            steps.push(Step::Qualify(Severities::SOFT));
        }
        steps.append(&mut after);
        steps.extend(client.map(Step::Shape));
        Self { steps }
    }
}
