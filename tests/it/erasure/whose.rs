//! Whose data an erasure is about: what came later is a new person's, other persons and organizations stay, and what is not sure is said.

use super::{ANN, BOB, ERASURES, EXPORT, OF_ANN, all, ann, bob, erase, export, ids_of};
use hookmill_tests::{World, on_both};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One element to many leads.
const MANY: &str = "
version: 1
map:
  items: people
  fields: {email: email, first_name: first_name}
";

/// What a receipt says that remains of one kind.
fn remainder<'a>(receipt: &'a Value, what: &str) -> Option<&'a Value> {
    receipt["remains"].as_array().unwrap().iter().find(|one| one["what"] == what)
}

on_both! {
    /// L12: a submission that comes in after the erasure is a new person's: its lead begins with it, and stays.
    async fn l12_what_comes_later_is_a_new_person(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        world.push_and_settle(json!([ann("CAMP"), ann("CAMP")])).await;
        world.clock.advance_ms(1_000);
        let receipt = erase(&world.admin, &json!({"email": ANN})).await;
        assert_eq!(receipt["erased"]["leads"], 1);
        world.clock.advance_ms(1_000);
        let later = world.push_and_settle(json!([ann("CAMP")])).await;
        let pages = export(&world.admin, &json!({"email": ANN})).await;
        assert_eq!(ids_of(&all(&pages, "submissions")), BTreeSet::from([later[0].clone()]));
        let lead = all(&pages, "leads")[0];
        assert_eq!((&lead["submissions"], &lead["created_at"]), (&json!(1), &json!("2026-03-01T12:00:02Z")));
        // Erased again, also by the other address.
        world.clock.advance_ms(1_000);
        let receipt = erase(&world.admin, &json!({"phone": "+15125550177"})).await;
        assert_eq!((&receipt["erased"]["submissions"], &receipt["erased"]["leads"]), (&json!(1), &json!(1)), "{receipt}");
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        let listed = world.admin.get(ERASURES).await.expect(200).json;
        let states: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|row| &row["state"]).collect();
        assert_eq!(states, ["done", "done"]);
        world.stop().await;
    }
}

on_both! {
    /// L12: an address that another lead is known by, too, is not taken for this person's: that lead stays, and the receipt names it.
    async fn l12_a_lead_that_shares_an_address_stays_and_is_named(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        let only = |field: &str| {
            let mut lead = ann("CAMP");
            lead.as_object_mut().unwrap().retain(|name, _| name == "campaign_id" || name == field);
            lead
        };
        let mut ids = Vec::new();
        for lead in [only("email"), only("phone"), ann("CAMP")] {
            ids.extend(world.push_and_settle(json!([lead])).await);
        }
        let lead_of = async |id: &str| world.submission(id).await["lead_id"].clone();
        let (by_email, by_phone) = (lead_of(&ids[0]).await, lead_of(&ids[1]).await);
        assert!(by_email != by_phone && lead_of(&ids[2]).await == by_email, "the e-mail address comes first");
        world.clock.advance_ms(1_000);
        let receipt = erase(&world.admin, &json!({"email": ANN})).await;
        assert_eq!(receipt["erased"]["submissions"], 2, "{receipt}");
        assert_eq!(remainder(&receipt, "related_leads").unwrap()["ids"], json!([by_phone]));
        assert_eq!((lead_of(&ids[1]).await, world.places_of(&[ANN]).await), (by_phone, BTreeSet::new()));
        let receipt = erase(&world.admin, &json!({"phone": "+15125550177"})).await;
        assert_eq!((&receipt["erased"]["submissions"], remainder(&receipt, "related_leads")), (&json!(1), None), "{receipt}");
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        world.stop().await;
    }
}

on_both! {
    /// L12: of an element that became several leads nobody can say whose its parts are: it goes, the other leads stay, and the receipt names them.
    async fn l12_an_element_that_is_shared_goes_and_the_other_leads_stay(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("MANY", MANY).await;
        let people = json!([{"email": ANN, "first_name": "Annabella"}, {"email": BOB, "first_name": "Bob"}]);
        let ids = world.push_and_settle(json!([{"campaign_id": "MANY", "people": people}])).await;
        let other = format!("{}.1", ids[0]);
        let before = world.submission(&other).await;
        world.clock.advance_ms(1_000);
        let receipt = erase(&world.admin, &json!({"email": ANN})).await;
        assert_eq!((&receipt["erased"]["submissions"], &receipt["erased"]["elements"]), (&json!(1), &json!(1)), "{receipt}");
        assert_eq!(remainder(&receipt, "shared_elements").unwrap()["ids"], json!([other]));
        let after = world.submission(&other).await;
        assert_eq!((&after["lead"], &after["state"], &after["element"]), (&before["lead"], &json!("delivered"), &Value::Null));
        let gone = world.admin.get(&format!("/v1/submissions/{other}/replay")).await.expect_error(410, "request_gone");
        assert!(gone.text.contains("erased"), "{}", gone.text);
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        world.stop().await;
    }
}

on_both! {
    /// L12 O1 O9: nothing crosses organizations, and a key that is scoped to campaigns may do neither.
    async fn l12_nothing_crosses_organizations(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        world.campaign("CAMP", "").await;
        other.admin.post("/v1/campaigns", &json!({"id": "CAMP", "name": "other", "state": "active", "delivery": "store_only"})).await.expect(201);
        world.push_and_settle(json!([ann("CAMP"), bob("CAMP")])).await;
        let batch = json!({"idempotency_key": "other", "leads": [ann("CAMP")]});
        let there = other.source.post("/v1/leads", &batch).await.expect(202);
        world.settle().await;
        let path = format!("/v1/submissions/{}", there.json["accepted"][0]["submission_id"].as_str().unwrap());
        let before = other.admin.get(&path).await.expect(200).json;
        world.clock.advance_ms(1_000);
        let receipt = erase(&world.admin, &json!({"email": ANN})).await;
        assert_eq!(receipt["erased"]["submissions"], 1);
        assert_eq!(other.admin.get(&path).await.expect(200).json, before);
        assert_eq!(all(&export(&other.admin, &json!({"email": ANN})).await, "submissions").len(), 1);
        other.admin.get(&format!("{ERASURES}/{}", receipt["id"].as_str().unwrap())).await.expect_error(404, "not_found");
        assert_eq!(other.admin.get(ERASURES).await.expect(200).json["items"], json!([]));

        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let scoped = json!({"user_id": user, "name": "scoped", "campaigns": ["CAMP"]});
        let scoped = world.nobody.with_key(&world.admin.post("/v1/api-keys", &scoped).await.expect(201).str("key"));
        let viewer = world.user("viewer").await;
        for address in [ERASURES, EXPORT] {
            scoped.post(address, &json!({"email": BOB})).await.expect_error(403, "key_scoped");
            viewer.post(address, &json!({"email": BOB})).await.expect_error(403, "role_not_allowed");
            world.source.post(address, &json!({"email": BOB})).await.expect_error(403, "source_key_not_allowed");
        }
        assert!(!world.places_of(&[BOB]).await.is_empty());
        world.stop().await;
    }
}
