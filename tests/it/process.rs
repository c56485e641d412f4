//! What becomes of a lead between the source and the client: mapped, qualified, held back, and put aside without its neighbours.

use hookmill_engine::{FaultKind, Limits, Phase};
use hookmill_tests::world::{submission_ids, workspace};
use hookmill_tests::{World, WorldOptions, on_both};
use serde_json::{Value, json};

/// A document that is strict with what it reads.
const STRICT: &str = "
version: 1
map:
  fields:
    email: {from: email, then: [email], on_error: fail}
    phone: {from: phone, then: [phone], on_error: fail}
    last_name: {from: last_name, on_missing: fail}
shape:
  client: {body: {email: {from: lead.email}, phone: {from: lead.phone}}}
";

/// A document with rules.
const RULES: &str = "
version: 1
map:
  fields: {email: email, state: state, bill: bill}
qualify:
  - {name: states, field: state, op: in, values: [CA, TX], reason: not served}
  - {field: custom.bill, op: ge, value: 100, reason: bill too low, severity: soft}
";

/// One element to many leads.
const MANY: &str = "
version: 1
map:
  items: $.people[*]
  fields:
    email: {from: email, then: [email], on_error: fail}
";

/// Has the hostile plugin uploaded, and a campaign on it. Deadlines are short, so that the tests are.
async fn hostile(kind: hookmill_tests::Kind) -> World {
    let engine_limits = Limits { deadline_base_ms: 60, deadline_per_item_us: 400, ..Limits::default() };
    let world = World::with(kind, WorldOptions { engine_limits, ..WorldOptions::default() }).await;
    world.campaign("HH", "").await;
    let bytes = std::fs::read(workspace().join("target/plugins/hostile.wasm")).expect("`cargo xtask plugins` was run");
    let uploaded = world.admin.put_bytes("/v1/plugins/hostile", bytes).await.expect(201);
    let chosen = json!({"plugin": {"id": uploaded.json["plugin_id"], "version": uploaded.json["version"]}, "document": "any", "activate": true});
    world.admin.put("/v1/campaigns/HH/document", &chosen).await.expect(201);
    world
}

fn people(campaign: &str, count: usize) -> Vec<Value> {
    (0..count)
        .map(|index| json!({"campaign_id": campaign, "email": format!("p{index}@x.example"), "last_name": "Poe"}))
        .collect()
}

/// The last line of a submission's timeline.
fn last_line(page: &Value) -> Value {
    page["timeline"].as_array().and_then(|lines| lines.last()).cloned().unwrap_or_default()
}

/// E-mail addresses in the order the client of a campaign got them.
fn client_got(world: &World, campaign: &str) -> Vec<String> {
    let got = world.receiver.at(&format!("/client/{campaign}")).into_iter();
    got.map(|request| {
        let body = request.json();
        body["data"]["email"].as_str().or(body["email"].as_str()).unwrap_or_default().to_owned()
    })
    .collect()
}

on_both! {
    /// M5: a lead that can't be mapped is quarantined with field, function, input and reason; its neighbours go on, and nothing of it
    /// is sent.
    async fn a_bad_lead_is_put_aside_and_its_neighbours_go_on(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("SS", STRICT).await;
        let mut leads = people("SS", 6);
        leads[1]["email"] = json!("no address");
        leads[3]["phone"] = json!("12");
        leads[4].as_object_mut().unwrap().remove("last_name");
        let ids = world.push_and_settle(json!(leads)).await;

        assert_eq!(world.states(&ids).await, ["delivered", "quarantined", "delivered", "quarantined", "quarantined", "delivered"]);
        for (index, field, function, input) in [(1, "email", json!("email"), json!("no address")), (3, "phone", json!("phone"), json!("12")), (4, "last_name", Value::Null, Value::Null)] {
            let line = last_line(&world.submission(&ids[index]).await);
            assert_eq!(line["cause"], "map_failed", "{line}");
            assert_eq!(line["detail"]["field"], field, "{line}");
            if !function.is_null() {
                assert_eq!((&line["detail"]["function"], &line["detail"]["input"]), (&function, &input), "{line}");
            }
            assert!(line["detail"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
            assert_eq!(world.webhook_events(&ids[index]), ["lead.quarantined"]);
        }
        let mut got = client_got(&world, "SS");
        got.sort();
        assert_eq!(got, ["p0@x.example", "p2@x.example", "p5@x.example"]);
        world.stop().await;
    }
}

on_both! {
    /// M7 W2: the verdict lists each rule that failed with expected and actual, on the page and in the event; a hard no hides the soft
    /// rules.
    async fn a_disqualified_lead_says_which_rules_failed(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("RR", RULES).await;
        let ids = world.push_and_settle(json!([
            {"campaign_id": "RR", "email": "a@x.example", "state": "NV", "bill": 5},
            {"campaign_id": "RR", "email": "b@x.example", "state": "TX", "bill": 5},
            {"campaign_id": "RR", "email": "c@x.example", "state": "TX"},
            {"campaign_id": "RR", "email": "d@x.example", "state": "TX", "bill": 100},
        ])).await;

        assert_eq!(world.states(&ids).await, ["disqualified", "disqualified", "disqualified", "delivered"]);
        let failed = world.submission(&ids[0]).await["decision"]["failed_rules"].clone();
        assert_eq!(failed.as_array().unwrap().len(), 1, "{failed}");
        let rule = &failed[0];
        assert_eq!((&rule["field"], &rule["operator"], &rule["reason"], &rule["severity"]), (&json!("state"), &json!("in"), &json!("not served"), &json!("hard")));
        assert_eq!((&rule["expected"], &rule["actual"]), (&json!(["CA", "TX"]), &json!("NV")));
        let soft = world.submission(&ids[1]).await["decision"]["failed_rules"][0].clone();
        assert_eq!((&soft["severity"], &soft["expected"], &soft["actual"]), (&json!("soft"), &json!(100), &json!(5)));
        let missing = world.submission(&ids[2]).await["decision"]["failed_rules"][0].clone();
        assert_eq!(missing.get("actual"), None, "a missing field has no actual value: {missing}");
        let mut told = world.webhook_events(&ids[0]);
        told.sort();
        assert_eq!(told, ["lead.disqualified", "lead.processed"]);
        let event = world.receiver.at("/subscriber").into_iter().map(|request| request.json())
            .find(|event| event["submissionId"] == ids[0] && event["event"] == "lead.disqualified").unwrap();
        assert_eq!((&event["context"]["reason"], &event["context"]["failed_rules"]), (&json!("not served"), &failed));
        assert_eq!(client_got(&world, "RR"), ["d@x.example"]);
        world.stop().await;
    }
}

on_both! {
    /// L2: what a draft or paused campaign takes waits, and goes on in order of arrival when it is activated.
    async fn leads_wait_for_their_campaign_in_order(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.draft_without_client("DD", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/DD")});
        world.admin.put("/v1/campaigns/DD/endpoint", &endpoint).await.expect(200);
        let mut ids = Vec::new();
        for round in 0..3 {
            for lead in people("DD", 4) {
                let mut lead = lead;
                lead["email"] = json!(format!("{round}-{}", lead["email"].as_str().unwrap()));
                ids.extend(submission_ids(&world.push(json!([lead])).await));
                world.clock.advance_ms(5);
            }
        }
        world.settle().await;
        assert!(world.states(&ids).await.iter().all(|state| state == "pending"));
        assert!(client_got(&world, "DD").is_empty() && world.webhook_events(&ids[0]).is_empty());
        let counts = world.admin.get("/v1/campaigns/DD").await.expect(200).json["submissions"].clone();
        assert_eq!(counts, json!({"pending": 12}));

        world.activate("DD").await;
        world.settle().await;
        assert!(world.states(&ids).await.iter().all(|state| state == "delivered"));
        assert_eq!(client_got(&world, "DD").len(), 12);
        let lines: Vec<Value> = world.submission(&ids[0]).await["timeline"].as_array().unwrap().iter().map(|line| line["state"].clone()).collect();
        assert_eq!(lines, ["received", "processing", "pending", "received", "processing", "delivering", "delivered"]);

        world.admin.put("/v1/campaigns/DD/state", &json!({"state": "paused"})).await.expect(200);
        let held = world.push_and_settle(json!(people("DD", 2))).await;
        assert_eq!(world.states(&held).await, ["pending", "pending"]);
        world.activate("DD").await;
        world.settle().await;
        assert_eq!(world.states(&held).await, ["delivered", "delivered"]);
        world.stop().await;
    }
}

on_both! {
    /// L2: the order of arrival is the order in which leads are released, one by one.
    async fn release_keeps_the_order(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.process_batch_max = 1;
        options.settings.limits.process_workers = 1;
        options.settings.limits.deliveries_in_flight_max = 1;
        let world = World::with(kind, options).await;
        world.draft_without_client("DD", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/DD")});
        world.admin.put("/v1/campaigns/DD/endpoint", &endpoint).await.expect(200);
        let mut expected = Vec::new();
        for index in 0..10 {
            let email = format!("{}@x.example", 9 - index);
            world.push(json!([{"campaign_id": "DD", "email": email}])).await;
            expected.push(email);
            world.clock.advance_ms(1);
        }
        world.settle().await;
        world.activate("DD").await;
        world.settle().await;
        assert_eq!(client_got(&world, "DD"), expected);
        world.stop().await;
    }
}

on_both! {
    /// L2: archiving cancels waiting and quarantined submissions with events, and rejects new leads.
    async fn archiving_cancels_what_waits(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("AA", STRICT).await;
        let quarantined = world.push_and_settle(json!([{"campaign_id": "AA", "email": "nonsense"}])).await;
        assert_eq!(world.state(&quarantined[0]).await, "quarantined");
        world.admin.put("/v1/campaigns/AA/state", &json!({"state": "paused"})).await.expect(200);
        let waiting = world.push_and_settle(json!(people("AA", 2))).await;
        world.admin.put("/v1/campaigns/AA/state", &json!({"state": "archived"})).await.expect(200);
        world.settle().await;

        for id in waiting.iter().chain(&quarantined) {
            let page = world.submission(id).await;
            assert_eq!((&page["state"], &last_line(&page)["cause"]), (&json!("canceled"), &json!("campaign_archived")));
            assert_eq!(world.webhook_events(id).last().map(String::as_str), Some("lead.processed"));
        }
        assert!(world.receiver.at("/client/AA").is_empty());
        world.source.post("/v1/leads", &json!({"idempotency_key": "late", "leads": people("AA", 1)})).await.expect_error(422, "leads_rejected");
        world.admin.put("/v1/campaigns/AA/state", &json!({"state": "active"})).await.expect_error(409, "state_conflict");
        world.stop().await;
    }
}

on_both! {
    /// O3 L8: where the campaign says `store_only`, a lead is delivered as soon as it is stored, no request is made, and the event says so.
    async fn o3_a_campaign_that_says_so_stores_its_leads(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.draft("NN", "").await;
        world.activate("NN").await;
        let ids = world.push_and_settle(json!(people("NN", 1))).await;
        let page = world.submission(&ids[0]).await;
        let stored = json!({"detail": "stored", "delivery": "store_only"});
        assert_eq!((&page["state"], &last_line(&page)["cause"], &last_line(&page)["detail"]), (&json!("delivered"), &json!("stored"), &stored));
        let events = world.receiver.at("/subscriber").into_iter().map(|request| request.json());
        let told = events.filter(|event| event["event"] == "lead.delivered").map(|event| event["context"].clone()).collect::<Vec<_>>();
        assert_eq!(told, [stored]);
        assert_eq!(page["lead"]["email"], "p0@x.example");
        let mut told = world.webhook_events(&ids[0]);
        told.sort();
        assert_eq!(told, ["lead.delivered", "lead.processed"]);
        let deliveries = world.admin.get(&format!("/v1/deliveries?submission={}", ids[0])).await.expect(200);
        assert!(deliveries.json["items"].as_array().unwrap().iter().all(|delivery| delivery["destination_kind"] == "organization_webhook"));
        world.stop().await;
    }
}

on_both! {
    /// O3 H2: the leads of an active campaign without a client wait, also where its endpoint was rejected, and say why; nobody is told
    /// that they were delivered. They survive a restart, and go on in order once there is an endpoint, or the campaign says `store_only`.
    async fn o3_without_a_client_leads_wait_and_say_why(kind: Kind) {
        let mut world = World::new(kind).await;
        world.subscribe().await;
        world.draft_without_client("NN", "").await;
        world.admin.put("/v1/campaigns/NN/endpoint", &json!({"url": "ftp://client.example/"})).await.expect_error(422, "invalid");
        world.activate("NN").await;
        let ids = world.push_and_settle(json!(people("NN", 3))).await;
        world.restart().await;
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["pending"; 3]);
        let line = last_line(&world.submission(&ids[0]).await);
        assert_eq!((&line["state"], &line["cause"]), (&json!("pending"), &json!("no_client_endpoint")));
        assert!(line["detail"]["message"].as_str().unwrap().contains("set `delivery` to `store_only`"), "{line}");
        assert!(world.receiver.at("/subscriber").is_empty());
        let page = world.admin.get("/v1/campaigns/NN").await.expect(200).json;
        assert_eq!((&page["delivery"], &page["has_endpoint"], &page["submissions"]["pending"]), (&json!("client"), &json!(false), &json!(3)));

        let endpoint = json!({"url": world.receiver.url("/client/NN")});
        world.admin.put("/v1/campaigns/NN/endpoint", &endpoint).await.expect(200);
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["delivered"; 3]);
        assert_eq!(world.receiver.at("/client/NN").len(), 3);

        world.admin.patch("/v1/campaigns/NN", &json!({"delivery": "store_only"})).await.expect_error(409, "delivery_conflict");
        world.admin.delete("/v1/campaigns/NN/endpoint").await.expect(204);
        let ids = world.push_and_settle(json!(people("NN", 2))).await;
        assert_eq!(world.states(&ids).await, ["pending"; 2]);
        let changed = world.admin.patch("/v1/campaigns/NN", &json!({"delivery": "store_only"})).await.expect(200);
        assert_eq!(changed.str("delivery"), "store_only");
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["delivered"; 2]);
        assert_eq!(last_line(&world.submission(&ids[0]).await)["cause"], "stored");
        world.admin.put("/v1/campaigns/NN/endpoint", &endpoint).await.expect_error(409, "delivery_conflict");
        world.admin.patch("/v1/campaigns/NN", &json!({"delivery": "client"})).await.expect(200);
        world.admin.put("/v1/campaigns/NN/endpoint", &endpoint).await.expect(200);
        assert_eq!(world.receiver.at("/client/NN").len(), 3, "what was stored was sent as well");
        world.stop().await;
    }
}

on_both! {
    /// O3 H2: an endpoint that is set while leads are processed leaves none of them waiting.
    async fn o3_no_lead_waits_for_an_endpoint_that_is_there(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.process_batch_max = 2;
        let world = World::with(kind, options).await;
        for round in 0..5 {
            let campaign = format!("RACE{round}");
            world.draft_without_client(&campaign, "").await;
            world.activate(&campaign).await;
            let endpoint = json!({"url": world.receiver.url(&format!("/client/{campaign}"))});
            let path = format!("/v1/campaigns/{campaign}/endpoint");
            let (pushed, _) = tokio::join!(world.push(json!(people(&campaign, 40))), async {
                tokio::time::sleep(std::time::Duration::from_millis(3 * round)).await;
                world.admin.put(&path, &endpoint).await.expect(200)
            });
            world.settle().await;
            assert_eq!(world.states(&submission_ids(&pushed)).await, vec!["delivered"; 40], "{round}");
        }
        world.stop().await;
    }
}

on_both! {
    /// M5 L9: a repaired document and one call bring quarantined leads to their end; nobody who asks twice does it twice.
    async fn quarantine_ends_with_a_repaired_document(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("QQ", STRICT).await;
        let mut leads = people("QQ", 40);
        for lead in &mut leads[..39] {
            lead["phone"] = json!("12");
        }
        let ids = world.push_and_settle(json!(leads)).await;
        assert_eq!(world.states(&ids[..39]).await, vec!["quarantined"; 39]);

        // One, on the same document: it comes back.
        let again = world.admin.post(&format!("/v1/submissions/{}/reprocess", ids[0]), &json!({})).await.expect(200);
        assert_eq!(again.json["submissions"], 1);
        world.settle().await;
        assert_eq!(world.state(&ids[0]).await, "quarantined");
        // One that is over is left alone.
        let over = world.admin.post(&format!("/v1/submissions/{}/reprocess", ids[39]), &json!({})).await.expect(200);
        assert_eq!(over.json["submissions"], 0);

        let repaired = STRICT.replace("[phone], on_error: fail", "[phone], on_error: keep_raw");
        world.admin.put("/v1/campaigns/QQ/document", &json!({"document": repaired, "activate": true})).await.expect(201);
        let racing = (0..8).map(|_| async {
            let new = json!({"operation": "reprocess", "filter": {"campaign_id": "QQ"}});
            world.admin.post("/v1/bulk-jobs", &new).await.expect(202).str("id")
        });
        let (mut jobs, mut put_back) = (Vec::new(), 0);
        for race in racing {
            jobs.push(race.await);
        }
        for job in jobs {
            put_back += world.bulk_job_ended(&job).await["done"].as_u64().unwrap();
        }
        assert_eq!(put_back, 39);
        world.settle().await;
        assert_eq!(world.states(&ids).await, vec!["delivered"; 40]);
        assert_eq!(world.receiver.at("/client/QQ").len(), 40);
        let causes: Vec<Value> = world.submission(&ids[1]).await["timeline"].as_array().unwrap().iter().map(|line| line["cause"].clone()).collect();
        assert_eq!(causes, ["ingested", "started", "map_failed", "reprocessed", "started", "shaped", "client_accepted"]);
        world.stop().await;
    }
}

on_both! {
    /// L2 H1: a campaign that several people activate at once is activated once, and nothing is released twice.
    async fn a_release_from_two_sides_is_one_release(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("DD", "").await;
        let ids = world.push_and_settle(json!(people("DD", 200))).await;
        let racing: Vec<_> = (0..6).map(|_| {
            let admin = world.admin.clone();
            tokio::spawn(async move { admin.put("/v1/campaigns/DD/state", &json!({"state": "active"})).await.status })
        }).collect();
        for race in racing {
            assert!([200, 409].contains(&race.await.unwrap()));
        }
        world.settle().await;
        assert_eq!(world.states(&ids).await, vec!["delivered"; 200]);
        let lines = world.submission(&ids[0]).await["timeline"].as_array().unwrap().iter().filter(|line| line["cause"] == "released").count();
        assert_eq!(lines, 1);
        world.stop().await;
    }
}

on_both! {
    /// P3 P4 M5: one hostile lead among a hundred, whatever it does: it alone is quarantined, with the limit it passed; the other 99 are
    /// delivered, and another campaign notices nothing.
    async fn a_hostile_lead_is_put_aside_alone(kind: Kind) {
        let world = hostile(kind).await;
        world.campaign("CALM", "").await;
        let table = [("loop", "plugin_deadline", "deadline"), ("memory", "plugin_memory", "memory_bytes_max"), ("trap", "plugin_trap", ""),
            ("deep", "plugin_stack", "stack_bytes_max"), ("huge", "", ""), ("invalid-json", "plugin_invalid_output", ""), ("no-object", "plugin_invalid_output", "")];
        for (behaviour, code, limit) in table {
            let mut leads = people("HH", 100);
            leads[57]["do"] = json!(behaviour);
            leads.push(json!({"campaign_id": "CALM", "email": "calm@x.example"}));
            let ids = world.push_and_settle(json!(leads)).await;
            for (index, id) in ids.iter().enumerate() {
                let page = world.submission(id).await;
                let expected = if index == 57 { "quarantined" } else { "delivered" };
                assert_eq!(page["state"], expected, "{behaviour}, lead {index}: {}", last_line(&page));
            }
            let line = last_line(&world.submission(&ids[57]).await);
            assert_eq!(line["cause"], "plugin_faulted", "{behaviour}: {line}");
            assert!(line["detail"]["code"].as_str().unwrap().starts_with(code), "{behaviour}: {line}");
            let named = line["detail"]["limit"]["name"].as_str().unwrap_or_default();
            assert!(named.starts_with(limit) && (limit.is_empty() || line["detail"]["limit"]["value"].is_u64()), "{behaviour}: {line}");
        }
        assert_eq!(world.receiver.at("/client/HH").len(), 99 * table.len());
        let stats = world.pipeline().engine().stats();
        assert_eq!(stats.faults.get(&FaultKind::Trap), Some(&1), "a fault counts once: {stats:?}");
        assert_eq!(stats.instances_alive, 0);
        world.stop().await;
    }
}

on_both! {
    /// P4: a batch of one campaign takes one instance of each component and one call of each stage.
    async fn a_batch_takes_one_instance_and_one_call_a_stage(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("EE", RULES).await;
        world.push_and_settle(json!([{"campaign_id": "EE", "state": "TX", "bill": 200}])).await;
        world.admin.put("/v1/campaigns/EE/state", &json!({"state": "paused"})).await.expect(200);
        let leads: Vec<Value> = (0..100).map(|n| json!({"campaign_id": "EE", "email": format!("{n}@x.example"), "state": "TX", "bill": 200})).collect();
        let ids = world.push_and_settle(json!(leads)).await;
        world.admin.delete("/v1/campaigns/EE/endpoint").await.expect(204);
        world.admin.patch("/v1/campaigns/EE", &json!({"delivery": "store_only"})).await.expect(200);
        let before = world.pipeline().engine().stats();
        world.activate("EE").await;
        world.settle().await;
        let after = world.pipeline().engine().stats();
        assert_eq!(world.states(&ids).await, vec!["delivered"; 100]);
        let calls = |phase| after.calls.get(&phase).unwrap_or(&0) - before.calls.get(&phase).unwrap_or(&0);
        assert_eq!((after.instances - before.instances, calls(Phase::Map), calls(Phase::Qualify), calls(Phase::Shape)), (1, 1, 1, 0));
        assert_eq!(after.items[&Phase::Map] - before.items[&Phase::Map], 100);
        world.stop().await;
    }
}

on_both! {
    /// P4, M7: a document without rules is not called to qualify, and every lead qualifies.
    async fn without_rules_there_is_no_call_to_qualify(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("NR", "version: 1").await;
        let ids = world.push_and_settle(json!([{"campaign_id": "NR", "state": "TX"}])).await;
        assert_eq!(world.states(&ids).await, ["delivered"]);
        let calls = world.pipeline().engine().stats().calls;
        assert_eq!((calls.get(&Phase::Map), calls.get(&Phase::Qualify)), (Some(&1), None));
        world.stop().await;
    }
}

on_both! {
    /// M5 P8: a campaign whose version can't be loaded quarantines with that reason, and nothing is sent unmapped.
    async fn a_version_that_cannot_be_loaded_quarantines(kind: Kind) {
        use hookmill_store::campaign_versions::{Activation, NewCampaignVersion};
        let world = World::new(kind).await;
        world.campaign("BB", "").await;
        let (store, now) = (world.pipeline().store(), hookmill_tests::world::START);
        let digest = hookmill_engine::Digest::of(b"no component").to_string();
        store.keep_component(&digest, b"no component", b"[]", now).await.unwrap();
        let campaign = store.campaign_by_id(&world.organization, "BB").await.unwrap().unwrap();
        let broken = NewCampaignVersion { plugin: None, component_digest: &digest, document: None, plan: None, warnings: b"[]" };
        store.save_campaign_version(&campaign.key, broken, Activation::Now, &hookmill_tests::sample::audit_entry(), now).await.unwrap();
        let ids = world.push_and_settle(json!(people("BB", 3))).await;
        for id in &ids {
            let line = last_line(&world.submission(id).await);
            assert_eq!((&line["state"], &line["cause"]), (&json!("quarantined"), &json!("campaign_version_unusable")));
        }
        assert!(world.receiver.at("/client/BB").is_empty());

        // Going back is one call (O5), and then they can be run.
        world.admin.post("/v1/campaigns/BB/versions/1/activate", &json!({})).await.expect(204);
        assert_eq!(world.reprocess("BB").await, 3);
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "delivered"]);
        world.stop().await;
    }
}

on_both! {
    /// I3 L9: one element becomes several leads; those after the first get `.1`, `.2` and a link to it, and running the first again
    /// makes none of them twice.
    async fn one_element_becomes_several_leads(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("MM", MANY).await;
        let ids = world.push_and_settle(json!([
            {"campaign_id": "MM", "people": [{"email": "bad"}, {"email": "b@x.example"}, {"email": "worse"}]},
            {"campaign_id": "MM", "people": []},
        ])).await;
        let first = &ids[0];
        let born = [format!("{first}.1"), format!("{first}.2")];
        assert_eq!(world.state(first).await, "quarantined");
        assert_eq!(world.states(&born).await, ["delivered", "quarantined"]);
        for id in &born {
            assert_eq!(world.submission(id).await["parent_id"], *first);
        }
        let none = world.submission(&ids[1]).await;
        assert_eq!((&none["state"], &last_line(&none)["cause"]), (&json!("canceled"), &json!("no_lead")));

        let repaired = MANY.replace("on_error: fail", "on_error: keep_raw");
        world.admin.put("/v1/campaigns/MM/document", &json!({"document": repaired, "activate": true})).await.expect(201);
        assert_eq!(world.reprocess("MM").await, 2);
        world.settle().await;
        assert_eq!(world.states(&[first.clone(), born[0].clone(), born[1].clone()]).await, ["delivered", "delivered", "delivered"]);
        let mut got = client_got(&world, "MM");
        got.sort();
        assert_eq!(got, ["b@x.example", "bad", "worse"]);
        let all = world.admin.get("/v1/campaigns/MM/submissions").await.expect(200);
        assert_eq!(all.json["items"].as_array().unwrap().len(), 4);
        world.stop().await;
    }
}

on_both! {
    /// O4: one person is one lead, by e-mail or phone, however often and wherever submitted.
    async fn one_person_is_one_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("P1", "").await;
        world.campaign("P2", "").await;
        let ids = world.push_and_settle(json!([
            {"campaign_id": "P1", "email": "Ann@x.example", "phone": "512-555-0100"},
            {"campaign_id": "P2", "email": "ann@X.example"},
            {"campaign_id": "P1", "phone": "+1 512 555 0100"},
            {"campaign_id": "P1", "email": "bob@x.example"},
            {"campaign_id": "P1", "note": "nobody"},
            {"campaign_id": "P1", "note": "nobody"},
        ])).await;
        let mut leads = Vec::new();
        for id in &ids {
            leads.push(world.submission(id).await["lead_id"].as_str().unwrap().to_owned());
        }
        assert_eq!((&leads[0], &leads[0]), (&leads[1], &leads[2]));
        let different: std::collections::HashSet<&String> = leads.iter().collect();
        assert_eq!(different.len(), 4, "{leads:?}");
        world.stop().await;
    }
}
