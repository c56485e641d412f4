//! The way of a lead, from the source to the client and the subscriber.

use hookmill_tests::{World, on_both};
use serde_json::json;

/// A document with every stage.
pub const SOLAR: &str = include_str!("../../host/cli/demo/solar.yaml");

on_both! {
    /// I1 I2 M1 L8 W2: the whole thin way.
    async fn a_lead_goes_all_the_way(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("SOLAR", SOLAR).await;
        let ids = world.push_and_settle(json!([{
            "campaign_id": "SOLAR",
            "contact": {"first_name": " alice ", "last_name": "SMITH", "email": "Alice@Example.com", "phone": "(512) 555-0100"},
            "address": {"state": "tx", "zip": "02139"},
            "answers": {"monthly_bill": 180},
        }])).await;

        let sent = world.receiver.at("/client/SOLAR");
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].json(), json!({
            "id": ids[0],
            "homeowner": {"name": "Alice Smith", "email": "alice@example.com", "phone": "+15125550100"},
            "site": {"state": "TX", "zip": "02139"},
            "bill": 180,
        }));
        let page = world.submission(&ids[0]).await;
        assert_eq!(page["state"], "delivered");
        let states: Vec<&str> = page["timeline"].as_array().unwrap().iter().map(|line| line["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["received", "processing", "delivering", "delivered"]);
        let mut told = world.webhook_events(&ids[0]);
        told.sort();
        assert_eq!(told, ["lead.delivered", "lead.processed"]);
        world.stop().await;
    }
}
