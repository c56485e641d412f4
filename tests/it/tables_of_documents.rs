//! Value sets as a document uses them: `lookup_set` fills a field, `in_set` qualifies a lead, and whoever edits the table needs
//! neither a new document nor a compilation [M7 P8].

use hookmill_tests::{World, on_both};
use serde_json::{Value, json};

const SERVED: &str = "\
version: 1
map:
  fields:
    email: {from: email, then: [email]}
    zip: {from: zip, then: [{zip: {pad: true}}]}
    region: {from: zip, then: [text, {lookup_set: {set: regions, default: elsewhere}}]}
qualify:
  - {field: zip, op: in_set, set: served_zips, reason: not served}
shape:
  client: {format: json, body: {zip: {from: lead.zip}, region: {from: lead.custom.region}}}
";

/// Puts a table; returns its digest.
async fn put(world: &World, name: &str, table: Value) -> Value {
    world.admin.put(&format!("/v1/value-sets/{name}"), &table).await.expect(200).json["digest"].clone()
}

/// Posts a lead that lives there; returns its submission.
async fn lead_from(world: &World, campaign: &str, zip: &str) -> Value {
    let lead = json!([{"campaign_id": campaign, "email": format!("{zip}@x.example"), "zip": zip}]);
    let ids = world.push_and_settle(lead).await;
    world.submission(&ids[0]).await
}

on_both! {
    /// M7 P5 P8: the table decides who qualifies and what a field says, without a grant, since a document is the admin's own; after
    /// an edit the next lead is qualified by the new one, on the same campaign version; each submission tells which tables it read.
    async fn a_lead_qualifies_by_a_table_and_an_edit_counts_for_the_next(kind: Kind) {
        let world = World::new(kind).await;
        let regions = put(&world, "regions", json!({"78701": "south", "02139": "east"})).await;
        let first = put(&world, "served_zips", json!(["78701"])).await;
        world.campaign("SERVED", SERVED).await;

        let austin = lead_from(&world, "SERVED", "78701").await;
        assert_eq!((&austin["state"], &austin["lead"]["custom"]["region"]), (&json!("delivered"), &json!("south")), "{austin}");
        assert_eq!(austin["value_sets"], json!({"regions": regions, "served_zips": first}));
        assert_eq!(world.receiver.at("/client/SERVED")[0].json(), json!({"zip": "78701", "region": "south"}));
        let boston = lead_from(&world, "SERVED", "02139").await;
        assert_eq!((&boston["state"], &boston["lead"]["custom"]["region"]), (&json!("disqualified"), &json!("east")), "{boston}");
        assert_eq!(boston["value_sets"], json!({"regions": regions, "served_zips": first}));

        let second = put(&world, "served_zips", json!(["02139"])).await;
        let north = put(&world, "regions", json!({"02139": "north"})).await;
        let (austin_later, boston_later) = (lead_from(&world, "SERVED", "78701").await, lead_from(&world, "SERVED", "02139").await);
        assert_eq!((&austin_later["state"], &austin_later["lead"]["custom"]["region"]), (&json!("disqualified"), &json!("elsewhere")));
        assert_eq!((&boston_later["state"], &boston_later["lead"]["custom"]["region"]), (&json!("delivered"), &json!("north")));
        for later in [&austin_later, &boston_later] {
            assert_eq!(later["value_sets"], json!({"regions": north, "served_zips": second}), "{later}");
            assert_eq!(later["campaign_version_id"], austin["campaign_version_id"], "nothing was compiled again");
        }
        assert_eq!(world.submission(austin["id"].as_str().unwrap()).await["state"], "delivered", "what was decided stays decided");
        world.stop().await;
    }
}

on_both! {
    /// M7: a table that is not there is no empty one: the lead waits in quarantine, whichever stage asked, and comes through as soon
    /// as the table is there.
    async fn a_table_that_does_not_exist_quarantines_the_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("SERVED", SERVED).await;
        let unmapped = lead_from(&world, "SERVED", "78701").await;
        assert_eq!((&unmapped["state"], code(&unmapped)), (&json!("quarantined"), "table_unknown"), "{unmapped}");
        put(&world, "regions", json!({})).await;
        let undecided = lead_from(&world, "SERVED", "78701").await;
        assert_eq!((&undecided["state"], code(&undecided)), (&json!("quarantined"), "table_unknown"), "{undecided}");

        put(&world, "served_zips", json!(["78701"])).await;
        let id = undecided["id"].as_str().unwrap();
        world.admin.post(&format!("/v1/submissions/{id}/reprocess"), &json!({})).await.expect(200);
        world.settle().await;
        assert_eq!(world.state(id).await, "delivered");

        world.stop().await;
    }
}

/// Why the submission is where it is.
fn code(submission: &Value) -> &str {
    let lines = submission["timeline"].as_array().and_then(|lines| lines.last());
    lines.and_then(|line| line["detail"]["code"].as_str()).unwrap_or_default()
}
