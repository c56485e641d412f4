//! Submissions run again, and versions run beside each other: by the code of production, with nothing kept and nothing sent [P8 O5 M10].

use hookmill_tests::{World, on_both};
use serde_json::{Value, json};

/// Shows what differs from run to run: the time, the run's id and a table.
const DOCUMENT: &str = r"
version: 1
map:
  fields:
    email: {from: email, then: [email]}
    price: price
    at: context.now
    run: context.run_id
    city: {from: zip, then: [{lookup_set: cities}]}
qualify:
  - {field: custom.price, op: ge, value: 10, reason: too cheap}
shape:
  client:
    body: {mail: {from: lead.email}, price: {from: lead.custom.price}, run: {from: context.run_id}}
";

async fn replay(world: &World, id: &str, query: &str) -> Value {
    world.admin.get(&format!("/v1/submissions/{id}/replay{query}")).await.expect(200).json
}

fn paths(of: &Value) -> Vec<&str> {
    of["differences"].as_array().unwrap().iter().map(|difference| difference["path"].as_str().unwrap()).collect()
}

/// One lead that passes, one that a rule stops, one that fails.
async fn three(world: &World) -> Vec<String> {
    world
        .push_and_settle(json!([
            {"campaign_id": "CAMP", "email": "Ann@X.example", "price": 12.50, "zip": "78701"},
            {"campaign_id": "CAMP", "email": "bob@x.example", "price": 9, "zip": "78701"},
            {"campaign_id": "CAMP", "email": "not an address", "price": 12, "zip": "00501"},
        ]))
        .await
}

on_both! {
    /// P8: a replay is the run as it was, to the byte, whatever was edited since and however late it is; it leaves nothing behind.
    async fn p8_a_replay_is_the_run_as_it_was(kind: Kind) {
        let world = World::new(kind).await;
        world.admin.put("/v1/value-sets/cities", &json!({"78701": "Austin", "00501": "Holtsville"})).await.expect(200);
        world.campaign("CAMP", DOCUMENT).await;
        let ids = three(&world).await;
        world.admin.put("/v1/value-sets/cities", &json!({"78701": "Elsewhere"})).await.expect(200);
        let other = json!({"document": "version: 1\n", "activate": true});
        world.admin.put("/v1/campaigns/CAMP/document", &other).await.expect(201);
        world.clock.advance_ms(86_400_000);
        let (sent, shown) = (world.receiver.at("/client/CAMP").len(), world.submission(&ids[0]).await);
        for (id, state) in ids.iter().zip(["delivering", "disqualified", "quarantined"]) {
            let done = replay(&world, id, "").await;
            assert_eq!((&done["same"], &done["replayable"], &done["differences"]), (&json!(true), &json!(true), &json!([])), "{done}");
            assert_eq!((&done["recorded"]["state"], &done["replayed"]), (&json!(state), &done["recorded"]), "{done}");
        }
        let done = replay(&world, &ids[0], "").await;
        assert_eq!(done["replayed"]["lead"]["city"], "Austin");
        assert!(done["replayed"]["message"]["body"].as_str().unwrap().contains("\"price\":12.5"), "{done}");
        world.settle().await;
        assert_eq!((world.receiver.at("/client/CAMP").len(), world.submission(&ids[0]).await), (sent, shown));
        world.stop().await;
    }
}

on_both! {
    /// P8, O5: on another version a replay says where it differs; a comparison says it of the newest submissions, before anything is activated.
    async fn o5_a_version_is_compared_before_it_is_activated(kind: Kind) {
        let world = World::new(kind).await;
        world.admin.put("/v1/value-sets/cities", &json!({"78701": "Austin", "00501": "Holtsville"})).await.expect(200);
        world.campaign("CAMP", DOCUMENT).await;
        let ids = three(&world).await;
        let dearer = DOCUMENT.replace("value: 10", "value: 13").replace("too cheap", "far too cheap");
        let saved = world.admin.put("/v1/campaigns/CAMP/document", &json!({"document": dearer})).await.expect(201).json;
        assert_eq!(saved["version"], 3);

        let done = replay(&world, &ids[0], "?version=3").await;
        assert_eq!((&done["same"], &done["replayed"]["state"]), (&json!(false), &json!("disqualified")));
        assert_eq!(paths(&done), ["state", "cause", "detail", "decision", "message"], "{done}");

        let compared = world.admin.get("/v1/campaigns/CAMP/versions/3/comparison").await.expect(200).json;
        let counts = ["version", "against", "compared", "same"].map(|name| compared[name].as_i64().unwrap());
        assert_eq!(counts, [3, 2, 3, 1], "{compared}");
        let differ: Vec<&str> =
            compared["submissions"].as_array().unwrap().iter().map(|one| one["submission_id"].as_str().unwrap()).collect();
        assert_eq!(differ, [ids[1].as_str(), ids[0].as_str()]);
        let itself = world.admin.get("/v1/campaigns/CAMP/versions/3/comparison?against=3&last=2").await.expect(200).json;
        assert_eq!((&itself["compared"], &itself["same"], &itself["submissions"]), (&json!(2), &json!(2), &json!([])));
        assert_eq!(world.state(&ids[0]).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// P8: leads that one element became are replayed each for itself.
    async fn p8_one_of_several_leads_is_replayed(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "version: 1\nmap:\n  items: people\n  fields: {email: email, at: context.now, run: context.run_id}\n").await;
        let people = json!([{"email": "a@x.example"}, {"email": "b@x.example"}]);
        let ids = world.push_and_settle(json!([{"campaign_id": "CAMP", "people": people}])).await;
        world.clock.advance_ms(60_000);
        for (id, email) in [(ids[0].clone(), "a@x.example"), (format!("{}.1", ids[0]), "b@x.example")] {
            let done = replay(&world, &id, "").await;
            assert_eq!((&done["same"], &done["replayed"]["lead"]["email"]), (&json!(true), &json!(email)), "{done}");
        }
        world.stop().await;
    }
}

on_both! {
    /// P8, I14: what can't be replayed or compared says why.
    async fn p8_what_cannot_be_replayed_says_why(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", DOCUMENT).await;
        let ids = world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
        let get = async |path: String| world.admin.get(&path).await;
        let waiting = get(format!("/v1/submissions/{}/replay", ids[0])).await;
        assert_eq!((waiting.status, waiting.code()), (409, "not_processed"), "{}", waiting.text);
        assert_eq!(get("/v1/submissions/req_none-0/replay".into()).await.expect(404).code(), "not_found");
        assert_eq!(get(format!("/v1/submissions/{}/replay?version=9", ids[0])).await.expect(404).code(), "not_found");
        assert_eq!(get(format!("/v1/submissions/{}/replay?version=x", ids[0])).await.expect(422).json["error"]["details"][0]["path"], "version");
        for (path, status) in [
            ("CAMP/versions/9/comparison", 404),
            ("CAMP/versions/one/comparison", 404),
            ("CAMP/versions/1/comparison?against=9", 404),
            ("CAMP/versions/1/comparison?last=0", 422),
            ("CAMP/versions/1/comparison?last=101", 422),
            ("NONE/versions/1/comparison", 404),
        ] {
            get(format!("/v1/campaigns/{path}")).await.expect(status);
        }
        world.stop().await;
    }
}
