//! The machine: takes items step by step as far as they go. Items of one batch take each step together, so that a step of the plugin is
//! one call.

use super::item::{End, Item, Status};
use super::way::{Decision, HostStage, Step, Way};
use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::{Destination, Payload, Severities, Submission, Verdict};
use hookmill_engine::{ItemError, Outcomes, Stage};
use std::sync::Arc;

/// The plugin's stages; one result for each item.
pub trait Calls: Send {
    /// Qualifies leads.
    fn qualify(
        &mut self,
        severities: Severities,
        submissions: Vec<Arc<Submission>>,
    ) -> impl Future<Output = Outcomes<Verdict>> + Send;

    /// Shapes the messages to the client.
    fn shape(
        &mut self,
        client: Destination,
        submissions: Vec<Arc<Submission>>,
    ) -> impl Future<Output = Outcomes<Payload>> + Send;
}

/// Who wants to see what each call took and gave.
pub trait Watch: Send {
    /// A lead was qualified.
    fn qualified(&mut self, _submission: &Arc<Submission>, _result: &Result<Verdict, ItemError>) {}

    /// A message was shaped.
    fn shaped(&mut self, _submission: &Arc<Submission>, _client: &Destination, _result: &Result<Payload, ItemError>) {}
}

/// Nobody watches.
impl Watch for () {}

/// Takes items as far as they go: afterwards none is [`Status::Moving`]. Those that ask or wait stand at the stage that said so.
pub async fn advance(calls: &mut impl Calls, way: &Way, items: &mut [Item], now: Timestamp, watch: &mut impl Watch) {
    for (at, step) in way.steps.iter().enumerate() {
        match step {
            Step::Host(stage) => moving(items, at).for_each(|item| decide(item, stage.as_ref(), now)),
            Step::Qualify(severities) => qualify(calls, *severities, items, at, watch).await,
            Step::Shape(client) => shape(calls, client, items, at, watch).await,
        }
    }
    moving(items, way.steps.len()).for_each(|item| item.status = Status::Ended(End::Passed(None)));
}

/// The items that take the step at this place.
fn moving(items: &mut [Item], at: usize) -> impl Iterator<Item = &mut Item> {
    items.iter_mut().filter(move |item| item.next == at && matches!(item.status, Status::Moving))
}

fn decide(item: &mut Item, stage: &dyn HostStage, now: Timestamp) {
    match stage.decide(&item.submission, now) {
        Decision::Continue => item.next += 1,
        Decision::Ask(requests) => item.status = Status::Asking(requests),
        Decision::Wait { reason, until } => item.status = Status::Waiting { reason, until },
    }
}

async fn qualify(
    calls: &mut impl Calls,
    severities: Severities,
    items: &mut [Item],
    at: usize,
    watch: &mut impl Watch,
) {
    let submissions: Vec<_> = moving(items, at).map(|item| Arc::clone(&item.submission)).collect();
    if submissions.is_empty() {
        return;
    }
    let verdicts = calls.qualify(severities, submissions).await;
    for (item, result) in moving(items, at).zip(verdicts) {
        watch.qualified(&item.submission, &result);
        match result {
            Ok(verdict) if verdict.qualified => item.next += 1,
            Ok(verdict) => item.status = Status::Ended(End::Disqualified(verdict)),
            Err(error) => item.status = Status::Ended(End::Failed(Stage::Qualify, error)),
        }
    }
}

async fn shape(calls: &mut impl Calls, client: &Destination, items: &mut [Item], at: usize, watch: &mut impl Watch) {
    let submissions: Vec<_> = moving(items, at).map(|item| Arc::clone(&item.submission)).collect();
    if submissions.is_empty() {
        return;
    }
    let payloads = calls.shape(client.clone(), submissions).await;
    for (item, result) in moving(items, at).zip(payloads) {
        watch.shaped(&item.submission, client, &result);
        item.status = Status::Ended(match result {
            Ok(payload) => End::Passed(Some(payload)),
            Err(error) => End::Failed(Stage::Shape, error),
        });
    }
}

#[cfg(test)]
mod tests;
