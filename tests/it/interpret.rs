//! What a client's response means is the campaign's plugin's to say (M9): price, reference and reason are kept and told, and where the
//! plugin fails or leaves it open, the status decides.

use hookmill_tests::{Behaviour, World, on_both};
use serde_json::{Value, json};

/// A campaign whose plugin is `tests/guests/reading`: the response's body says how to interpret it.
async fn reading(world: &World) {
    world.subscribe().await;
    world.campaign("RR", "").await;
    let file = hookmill_tests::world::workspace().join("target/plugins/reading.wasm");
    let bytes = std::fs::read(file).expect("`cargo xtask plugins` was run");
    let id = world.admin.put_bytes("/v1/plugins/reading", bytes).await.expect(201).str("plugin_id");
    let chosen = json!({"plugin": {"id": id, "version": 1}, "activate": true});
    world.admin.put("/v1/campaigns/RR/document", &chosen).await.expect(201);
}

/// One lead, to which the client responds with this.
async fn submit(world: &World, response: Behaviour) -> String {
    world.receiver.plan("/client/RR", [response]);
    let lead = json!([{"campaign_id": "RR", "first_name": "Ann", "email": "ann@x.example", "phone": "512-555-0100"}]);
    world.push_and_settle(lead).await.remove(0)
}

/// The last attempt of a submission's way to its client.
async fn attempt(world: &World, submission: &str) -> Value {
    let list = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200);
    let items = list.json["items"].as_array().unwrap();
    let id = items.iter().find(|row| row["destination_kind"] == "client").unwrap()["id"].as_str().unwrap();
    let log = world.admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json["log"].clone();
    log.as_array().unwrap().last().unwrap().clone()
}

/// What subscribers were told of a submission, by event.
fn context(world: &World, submission: &str, event: &str) -> Value {
    let told = world.receiver.at("/subscriber").into_iter().map(|request| request.json());
    let mut told = told.filter(|body| body["submissionId"] == submission && body["event"] == event);
    told.next().map_or(Value::Null, |body| body["context"].clone())
}

on_both! {
    /// M9: the plugin overrules the status both ways, and a reason says what it was given.
    async fn m9_the_plugin_decides_what_a_response_means(kind: Kind) {
        let world = World::new(kind).await;
        reading(&world).await;
        let table = [
            ("accepted", 500, "delivered", "lead.delivered"),
            ("rejected", 200, "rejected", "lead.failed"),
            ("duplicate", 200, "duplicate", "lead.failed"),
            ("failed", 200, "failed", "lead.failed"),
        ];
        for (say, status, state, event) in table {
            let response = Behaviour::Respond(status, vec![("x-said".into(), "hi".into())], json!({"say": say, "price": "12.50", "reference": "L-7"}).to_string());
            let id = submit(&world, response).await;
            let page = world.submission(&id).await;
            assert_eq!(page["state"], state, "{say}");
            assert_eq!(page["client"], json!({"reason": format!("RR {status} attempt 1 to POST heard hi"), "reference": "L-7", "price": "12.50"}), "{say}");
            let made = attempt(&world, &id).await;
            assert_eq!((&made["outcome"], &made["detail"]["decided_by"], &made["detail"]["rule"]), (&json!(say), &json!("plugin"), &json!("say")));
            let told = context(&world, &id, event);
            assert_eq!((&told["price"], &told["reference"]), (&json!("12.50"), &json!("L-7")), "{say}: {told}");
        }
        world.stop().await;
    }
}

on_both! {
    /// M9: what the plugin leaves open is interpreted by its HTTP status, and so is what it fails or faults on, unless that status is a
    /// success: many a client says no with a 200, so the lead has failed then, and says why.
    async fn m9_a_response_that_is_not_interpreted_is_never_accepted(kind: Kind) {
        let world = World::new(kind).await;
        reading(&world).await;
        let trap = json!({"say": "trap"}).to_string();
        let long = json!({"say": "rejected", "reason": "x".repeat(100_000)}).to_string();
        let table = [
            (json!({"say": "none"}).to_string(), 200, "delivered", "status", Value::Null),
            (json!({"say": "none"}).to_string(), 422, "failed", "status", Value::Null),
            ("<html>".into(), 200, "failed", "nobody", json!("unreadable")),
            (String::new(), 200, "failed", "nobody", json!("unreadable")),
            (String::new(), 404, "failed", "status", json!("unreadable")),
            (trap.clone(), 200, "failed", "nobody", json!("plugin_trap")),
            (trap, 404, "failed", "status", json!("plugin_trap")),
            (long, 200, "rejected", "plugin", Value::Null),
        ];
        for (body, status, state, decider, error) in table {
            let id = submit(&world, Behaviour::Respond(status, Vec::new(), body.clone())).await;
            assert_eq!(world.state(&id).await, state, "{body} {status}");
            let detail = attempt(&world, &id).await["detail"].clone();
            assert_eq!((&detail["decided_by"], &detail["interpret_error"]), (&json!(decider), &error), "{body} {status}: {detail}");
            if decider == "nobody" {
                let page = world.submission(&id).await;
                let last = page["timeline"].as_array().unwrap().last().unwrap();
                assert_eq!((&last["cause"], &last["detail"]["reason"]), (&json!("not_interpreted"), &detail["reason"]));
                assert!(context(&world, &id, "lead.failed")["reason"].as_str().unwrap().contains("is not known"));
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// M9: whatever is wrong beside the verdict is left out with a warning, in the timeline and the log of attempts; the verdict stays.
    async fn m9_a_bad_price_changes_no_verdict(kind: Kind) {
        let world = World::new(kind).await;
        reading(&world).await;
        for (price, kept) in [("0E-2", Some("0.00")), ("1e-1", Some("0.1")), ("1.25e1", Some("12.5")), ("cheap", None), ("1e999", None)] {
            for (say, state) in [("rejected", "rejected"), ("duplicate", "duplicate"), ("failed", "failed"), ("accepted", "delivered")] {
                let body = json!({"say": say, "price": price, "trace": "{"}).to_string();
                let id = submit(&world, Behaviour::Respond(200, Vec::new(), body)).await;
                let page = world.submission(&id).await;
                assert_eq!((page["state"].as_str(), page["client"]["price"].as_str()), (Some(state), kept), "{price} {say}");
                let last = page["timeline"].as_array().unwrap().last().unwrap();
                let warned = last["detail"]["warnings"].as_array().unwrap().iter().map(|warning| warning["path"].as_str().unwrap());
                let expected = if kept.is_some() { vec!["trace"] } else { vec!["price", "trace"] };
                assert_eq!(warned.collect::<Vec<_>>(), expected, "{price} {say}");
                assert_eq!(attempt(&world, &id).await["detail"]["warnings"], last["detail"]["warnings"]);
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// M9: a retry that the plugin asks for waits as long as it says, within the bounds; else as the header says.
    async fn m9_a_retry_waits_as_the_plugin_says(kind: Kind) {
        let world = World::new(kind).await;
        reading(&world).await;
        let after = |ms: Value, header: &str| {
            let headers = if header.is_empty() { Vec::new() } else { vec![("retry-after".to_owned(), header.to_owned())] };
            Behaviour::Respond(200, headers, json!({"say": "retry", "retry_after_ms": ms}).to_string())
        };
        let table = [(json!(60_000), "", 59_999, 76_000), (json!(60_000), "5", 59_999, 76_000), (Value::Null, "120", 119_999, 151_000), (json!(u64::MAX), "", 80_000_000, 86_500_000)];
        for (ms, header, too_soon_ms, late_ms) in table {
            let before = world.receiver.at("/client/RR").len();
            world.receiver.plan("/client/RR", [after(ms.clone(), header), Behaviour::json(200, &json!({"say": "accepted"}))]);
            let lead = json!([{"campaign_id": "RR", "first_name": "Ann", "email": "ann@x.example"}]);
            let id = world.push_and_settle(lead).await.remove(0);
            assert_eq!(world.state(&id).await, "delivering");
            world.clock.advance_ms(too_soon_ms);
            world.settle().await;
            assert_eq!(world.receiver.at("/client/RR").len(), before + 1, "{ms} {header}: tried again too soon");
            world.clock.advance_ms(late_ms - too_soon_ms);
            world.settle().await;
            assert_eq!(world.receiver.at("/client/RR").len(), before + 2, "{ms} {header}: not tried again in time");
            assert_eq!(world.state(&id).await, "delivered");
        }
        world.stop().await;
    }
}

on_both! {
    /// M9 M10: a dry run interprets a sample response by the same code, and shows what follows.
    async fn m10_a_dry_run_interprets_a_sample_response(kind: Kind) {
        let world = World::new(kind).await;
        reading(&world).await;
        let table = [
            (200, json!({"say": "duplicate", "reference": "7"}).to_string(), "duplicate", "plugin", "duplicate"),
            (200, json!({"say": "retry"}).to_string(), "retry", "plugin", "delivering"),
            (500, json!({"say": "accepted"}).to_string(), "accepted", "plugin", "delivered"),
            (404, "<html>".into(), "failed", "status", "failed"),
        ];
        for (status, text, outcome, decider, state) in table {
            let sample = json!({"body": {"email": "ann@x.example"}, "response": {"status": status, "headers": {"X-Said": "hi"}, "text": text}});
            let run = world.admin.post("/v1/campaigns/RR/dry-run", &sample).await.expect(200).json;
            assert_eq!(run["state"], state, "{text}");
            let stage = run["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "interpret").unwrap().clone();
            assert_eq!((&stage["output"]["outcome"], &stage["output"]["decided_by"]), (&json!(outcome), &json!(decider)), "{stage}");
            assert_eq!(stage["error"].is_null(), text != "<html>", "{stage}");
        }
        assert!(world.receiver.at("/client/RR").is_empty(), "a dry run sent something");
        world.stop().await;
    }
}
