//! What a response is: one that has begun, whatever comes of its body [L8 M9 W9].

use hookmill_tests::{Behaviour, Ending, World, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// More than any wait after a first attempt.
const AGAIN_MS: i64 = 7_000;
/// More than all retries take, however long.
const A_DAY_MS: i64 = 86_400_000;

fn lead() -> Value {
    json!([{"campaign_id": "CC", "first_name": "Ann", "email": "ann@x.example", "phone": "512-555-0100"}])
}

async fn submit(world: &World) -> String {
    world.push_and_settle(lead()).await.remove(0)
}

async fn later(world: &World, ms: i64) {
    world.clock.advance_ms(ms);
    world.settle().await;
}

/// The deliveries of a submission to one kind of destination, each with its log.
async fn deliveries(world: &World, submission: &str, kind: &str) -> Vec<Value> {
    let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200).json;
    let rows = page["items"].as_array().unwrap().iter().filter(|row| row["destination_kind"] == kind);
    let mut found = Vec::new();
    for row in rows {
        let id = row["id"].as_str().unwrap();
        found.push(world.admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json);
    }
    found
}

async fn set_endpoint(world: &World, endpoint: Value) {
    world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200);
}

/// The endpoint at a path of the receiver, with a credential.
fn endpoint(world: &World, path: &str, token: &str) -> Value {
    json!({"url": world.receiver.url(path), "headers": {"x-token": token}, "timeout_s": 2})
}

/// What is wrong with a body, in every way, after a head that is whole.
fn cuts(status: u16) -> Vec<Behaviour> {
    let chunked = format!("HTTP/1.1 {status} Response\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    vec![
        Behaviour::cut(status, "", Ending::Close),
        Behaviour::cut(status, "{\"half\":", Ending::Close),
        Behaviour::cut(status, "{\"half\":", Ending::Reset),
        Behaviour::cut(status, "{\"half\":", Ending::Stall(Duration::from_secs(30))),
        Behaviour::Cut(chunked.clone().into_bytes(), Ending::Close),
        Behaviour::Cut(chunked.into_bytes(), Ending::Reset),
    ]
}

on_both! {
    /// L8 M9: the client gets a lead once whose answer is cut, however; the submission ends as its status says, and the log names the cut.
    async fn l8_a_cut_response_counts_by_its_status(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        set_endpoint(&world, endpoint(&world, "/client/CC", "a")).await;
        for (status, state) in [(200, "delivered"), (422, "failed")] {
            for behaviour in cuts(status) {
                let (before, what) = (world.receiver.at("/client/CC").len(), format!("{status}: {behaviour:?}"));
                let cut = if matches!(behaviour, Behaviour::Cut(_, Ending::Stall(_))) { "timeout" } else { "io" };
                world.receiver.plan("/client/CC", [behaviour]);
                let id = submit(&world).await;
                assert_eq!(world.state(&id).await, state, "{what}");
                later(&world, A_DAY_MS).await;
                assert_eq!(world.receiver.at("/client/CC").len(), before + 1, "{what}: sent again");
                let delivery = deliveries(&world, &id, "client").await.remove(0);
                let attempt = &delivery["log"][0];
                let shown = (&attempt["status"], &attempt["detail"]["cut"], &attempt["detail"]["truncated"]);
                assert_eq!(shown, (&json!(status), &json!(cut), &json!(true)), "{what}: {attempt}");
                let page = world.submission(&id).await;
                assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["detail"]["cut"], cut, "{what}");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// L8 M9: an answer that asks for patience is heard though it is cut, and what was answered whole says nothing of a cut.
    async fn l8_a_cut_response_is_tried_again_where_its_status_says_so(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        world.receiver.plan("/client/CC", [Behaviour::cut(503, "{", Ending::Close)]);
        let id = submit(&world).await;
        assert_eq!(world.state(&id).await, "delivering");
        later(&world, AGAIN_MS).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), ("delivered", 2));
        let log = deliveries(&world, &id, "client").await.remove(0)["log"].clone();
        let shown: Vec<Value> = log.as_array().unwrap().iter().map(|attempt| json!([attempt["outcome"], attempt["status"], attempt["detail"]["cut"]])).collect();
        assert_eq!(shown, [json!(["retry", 503, "io"]), json!(["accepted", 200, null])]);
        let page = world.submission(&id).await;
        assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["detail"].get("cut"), None);
        world.stop().await;
    }
}

const DESCRIBED: &str = r#"
version: 1
interpret:
  outcomes:
    - {outcome: accepted, when: {field: result, op: eq, value: ok}}
    - {outcome: rejected, when: {field: text, op: contains, value: rejected}}
  reference: id
"#;

on_both! {
    /// L8 M9: a document that says what an acceptance looks like finds none in a body that can't be read: the lead has failed, once. What can
    /// be read of a cut body counts.
    async fn m9_a_cut_body_accepts_nothing_where_the_document_describes_one(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", DESCRIBED).await;
        let close = |begun: &str| Behaviour::cut(200, begun, Ending::Close);
        let table = [
            (close("{\"result\":\"ok\",\"id\":"), "failed", "client_failed"),
            (close("{\"result\":\"rejected\",\"why"), "rejected", "client_rejected"),
            (Behaviour::json(200, &json!({"result": "ok"})), "delivered", "client_accepted"),
        ];
        for (at, (behaviour, state, cause)) in table.into_iter().enumerate() {
            let what = format!("{behaviour:?}");
            world.receiver.plan("/client/CC", [behaviour]);
            let id = submit(&world).await;
            later(&world, A_DAY_MS).await;
            assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), (state, at + 1), "{what}");
            let line = world.submission(&id).await["timeline"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(line["cause"], cause, "{what}");
            if state == "failed" {
                assert_eq!(line["detail"]["reason"], "the response matches no outcome of the document");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// W9: a subscriber's cut answer is one too: a success is not repeated, and `410` pauses.
    async fn w9_a_cut_response_of_a_subscriber_counts(kind: Kind) {
        let world = World::new(kind).await;
        let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.processed"]});
        world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
        world.campaign("CC", "").await;
        world.receiver.plan("/subscriber", [Behaviour::cut(200, "tha", Ending::Reset), Behaviour::cut(410, "gone", Ending::Close)]);
        let first = submit(&world).await;
        later(&world, A_DAY_MS).await;
        assert_eq!(world.receiver.at("/subscriber").len(), 1);
        assert_eq!(deliveries(&world, &first, "organization_webhook").await[0]["state"], "delivered");
        submit(&world).await;
        assert!(world.admin.get("/v1/webhook-settings").await.expect(200).json["paused_at"].is_string());
        world.stop().await;
    }
}
