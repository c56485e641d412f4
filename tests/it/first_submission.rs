//! The first-submission action (L4): a webhook or a person decides about a person's first submission to a campaign, and nothing but an approval
//! lets it go on.

mod reviews;
mod settings;
mod webhook;

use hookmill_tests::{Behaviour, Request, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACTION: &str = "/v1/campaigns/CC/first-submission-action";
/// Where the webhook of the action is.
const CHECKS: &str = "/checks";
/// More than any wait after the first, the second and the third attempt.
const WAITS_MS: [i64; 3] = [7_000, 13_000, 26_000];

/// A document with a hard rule, and a soft one about what an action may add.
const RULES: &str = "
version: 1
map:
  fields: {first_name: first_name, email: email, state: state, bill: bill}
qualify:
  - {name: states, field: state, op: in, values: [CA, TX], reason: not served}
  - {field: custom.bill, op: ge, value: 100, reason: bill too low, severity: soft}
";

/// A world with a campaign that has this action, whose events are all told.
async fn world_with(kind: hookmill_tests::Kind, document: &str, action: impl FnOnce(&World) -> Value) -> World {
    let world = World::new(kind).await;
    let events =
        ["lead.delivered", "lead.disqualified", "lead.first_submission_action", "lead.processed", "lead.quarantined"];
    let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": events});
    world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
    world.campaign("CC", document).await;
    world.admin.put(ACTION, &action(&world)).await.expect(200);
    world
}

fn webhook(world: &World) -> Value {
    json!({"kind": "webhook", "url": world.receiver.url(CHECKS), "retries": 2})
}

fn review(_: &World) -> Value {
    json!({"kind": "review"})
}

/// A response of the webhook.
fn says(response: Value) -> Behaviour {
    Behaviour::json(200, &response)
}

fn approves() -> Behaviour {
    says(json!({"decision": "approve"}))
}

/// Posts a lead and waits until nothing is due.
async fn submit(world: &World, email: &str) -> String {
    world.push_and_settle(json!([{"campaign_id": "CC", "first_name": "Ann", "email": email}])).await.remove(0)
}

/// Decides about a submission, and waits until nothing is due.
async fn decide(world: &World, id: &str, decision: Value) {
    world.admin.post(&format!("/v1/submissions/{id}/review"), &decision).await.expect(200);
    world.settle().await;
}

/// The lines of a submission's timeline, each as its state and its cause.
async fn lines(world: &World, id: &str) -> Vec<String> {
    let page = world.submission(id).await;
    let line = |line: &Value| format!("{} {}", line["state"].as_str().unwrap(), line["cause"].as_str().unwrap());
    page["timeline"].as_array().unwrap().iter().map(line).collect()
}

/// The detail of the last line with this cause.
async fn detail(world: &World, id: &str, cause: &str) -> Value {
    let page = world.submission(id).await;
    let found = page["timeline"].as_array().unwrap().iter().rev().find(|line| line["cause"] == cause).cloned();
    found.unwrap_or_else(|| panic!("no line `{cause}` in {page}"))["detail"].clone()
}

/// The names of the events told about a submission, each once.
fn read_events(world: &World, id: &str) -> BTreeSet<String> {
    let events = world.webhook_events(id);
    let names: BTreeSet<String> = events.iter().cloned().collect();
    assert_eq!(names.len(), events.len(), "{id}: each is told once: {events:?}");
    names
}

fn names(events: &[&str]) -> BTreeSet<String> {
    events.iter().map(|name| (*name).to_owned()).collect()
}

/// What the client of the campaign got.
fn delivered(world: &World) -> Vec<Request> {
    world.receiver.at("/client/CC")
}

async fn reviews(world: &World, query: &str) -> Vec<Value> {
    world.admin.get(&format!("/v1/reviews{query}")).await.expect(200).json["items"].as_array().unwrap().clone()
}

/// The submissions that wait for a person, in the order of the list.
async fn waiting(world: &World) -> Vec<String> {
    reviews(world, "").await.iter().map(|row| row["submission_id"].as_str().unwrap().to_owned()).collect()
}
