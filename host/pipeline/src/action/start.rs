//! How an action begins: the row of a submission that comes to wait for it, with the event that says so, and the delivery to its webhook.

use crate::Pipeline;
use crate::finish::{BatchItem, CampaignContext, EventAbout, Transition};
use hookmill_domain::action::{Action, ActionWebhook, Priority};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::event::EventName;
use hookmill_domain::state::{Change, State};
use hookmill_store::destinations::Destination;
use hookmill_store::processed::Processed;
use serde_json::{Value, json};

impl Pipeline {
    /// The row of a submission that waits for the campaign's action.
    pub(crate) fn pending_action(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        value_sets: Option<&[u8]>,
        now: Timestamp,
    ) -> Processed {
        let (cause, detail) = describe(context.action.as_ref());
        let change = const { Change::of(State::Processing, State::PendingAction) };
        let transition = Transition { change, cause, detail: Some(detail.clone()) };
        let mut row = self.row(context, item, transition, value_sets, now);
        match context.action.as_ref().map(|action| (action, &action.settings)) {
            Some((action, Action::Webhook(webhook))) => {
                self.ask_webhook(context, item, (action, webhook), &detail, &mut row, now);
            }
            Some((_, Action::Review(priority))) => row.review_priority = Some(priority.rank()),
            // Nobody waits without an action.
            None => row.review_priority = Some(Priority::default().rank()),
        }
        row
    }

    /// Adds the delivery to the webhook to the event that the organization is told of; where it is told of none, the event is made for it.
    fn ask_webhook(
        &self,
        context: &CampaignContext,
        item: &BatchItem,
        (action, webhook): (&Destination<Action>, &ActionWebhook),
        detail: &Value,
        row: &mut Processed,
        now: Timestamp,
    ) {
        let name = EventName::FirstSubmissionAction;
        let at = row.events.iter().position(|event| event.name == name.as_str()).unwrap_or_else(|| {
            let about = EventAbout { submission_id: &item.id, shard: item.shard };
            row.events.push(self.new_event(context, about, name, State::PendingAction, detail, now));
            row.events.len() - 1
        });
        let destination = (DestinationKind::Action, action.id.as_str(), action.version);
        let delivery = self.new_delivery(&row.events[at], item.shard, destination, webhook.retries);
        row.events[at].deliveries.push(delivery);
    }
}

/// The cause and the detail of its line, which is also the context of its event (W2).
fn describe(action: Option<&Destination<Action>>) -> (&'static str, Value) {
    let id = action.map(|action| action.id.as_str());
    match action.map(|action| &action.settings) {
        Some(Action::Webhook(_)) => ("action_webhook", json!({ "action": "webhook", "action_id": id })),
        Some(Action::Review(priority)) => {
            ("action_review", json!({ "action": "review", "action_id": id, "priority": priority.as_str() }))
        }
        None => ("action_review", json!({ "action": "review", "action_id": null })),
    }
}
