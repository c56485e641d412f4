//! The five dialects, line by line and in the words of `docs/dialects.md`: what a system that was written for such a platform sends, and what it gets.

mod batches;
mod events;
mod inbound;
mod scoped;
mod settings;
mod subscriptions;

use hookmill_tests::{Client, World};
use serde_json::Value;

/// An active campaign that stores its leads.
async fn storing_campaign(world: &World, id: &str) {
    world.draft(id, "").await;
    world.activate(id).await;
}

/// The members of an object, and others in their place or behind them.
fn with(object: &Value, more: &Value) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    object
}

/// The names of an object's members, in their order.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("not an object: {object}")).keys().map(String::as_str).collect()
}

fn key_of(client: &Client) -> String {
    client.address_and_key().1
}

/// A file of what other platforms send.
fn fixture(name: &str) -> String {
    let path = hookmill_tests::world::workspace().join("plugins/default/tests/fixtures").join(name);
    std::fs::read_to_string(path).expect("the fixture is there")
}
