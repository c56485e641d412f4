//! Duplicates (L3): who was the first of a person is decided where it counts, so that of any number at once exactly one is.

use hookmill_tests::{Client, Kind, World, WorldOptions, on_both};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
/// How many people post at once from two sides.
const PEOPLE: usize = 12;

fn rule(scope: &str, action: &str) -> Value {
    json!({"duplicates": {"fields": ["email", "phone"], "window_days": 1, "scope": scope, "action": action}})
}

fn lead(campaign: &str, person: &str) -> Value {
    json!({"campaign_id": campaign, "email": format!("{person}@x.example")})
}

async fn post(world: &World, leads: Value) -> Vec<String> {
    world.clock.advance_ms(1);
    world.push_and_settle(leads).await
}

async fn last_line(world: &World, id: &str) -> Value {
    world.submission(id).await["timeline"].as_array().unwrap().last().unwrap().clone()
}

on_both! {
    /// L3: a duplicate is rejected, marked, quarantined or merged, as the campaign says, and says of whom it is one.
    async fn l3_the_rule_decides_what_becomes_of_a_duplicate(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        for (action, state) in [("reject", "duplicate"), ("mark", "delivered"), ("quarantine", "quarantined"), ("update", "delivered")] {
            let campaign = action.to_uppercase();
            world.campaign(&campaign, "").await;
            world.set_lifecycle(&campaign, &rule("campaign", action)).await;
            let first = json!({"campaign_id": campaign, "first_name": "Ann", "email": "ann@x.example", "city": "Austin"});
            let second = json!({"campaign_id": campaign, "email": " ANN@x.example", "phone": "512-555-0100", "city": ""});
            let first = post(&world, json!([first])).await.remove(0);
            let second = post(&world, json!([second])).await.remove(0);
            assert_eq!((world.state(&first).await.as_str(), world.state(&second).await.as_str()), ("delivered", state), "{action}");
            let page = world.submission(&second).await;
            let warnings = page["decision"]["warnings"].as_array().cloned().unwrap_or_default();
            let marked = warnings.iter().any(|warning| warning["code"].as_str().unwrap().starts_with("duplicate") && warning["message"].as_str().unwrap().contains(&first));
            assert_eq!(marked, state == "delivered", "{action}: {page}");
            if !marked {
                let line = last_line(&world, &second).await;
                assert_eq!((&line["cause"], &line["detail"]["duplicate_of"], &line["detail"]["fields"]), (&json!("duplicate"), &json!(first), &json!(["email"])));
            }
            let merged = (page["lead"]["first_name"] == "Ann", page["lead"]["city"] == "Austin", !page["lead"]["phone"].is_null());
            assert_eq!(merged, (action == "update", action == "update", true), "{action}: {page}");
            let expected: &[&str] = match action {
                "reject" => &["lead.processed"],
                "quarantine" => &["lead.quarantined"],
                _ => &["lead.delivered", "lead.processed"],
            };
            let mut events = world.webhook_events(&second);
            events.sort();
            assert_eq!(events, expected, "{action}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L3: of those of one batch the first counts; of batches that come at the same moment exactly one does.
    async fn l3_exactly_one_is_the_first(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        world.set_lifecycle("CC", &rule("campaign", "reject")).await;
        let ids = post(&world, json!([lead("CC", "a"), lead("CC", "b"), lead("CC", "a"), lead("CC", "a")])).await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "duplicate", "duplicate"]);
        assert_eq!(last_line(&world, &ids[3]).await["detail"]["duplicate_of"], json!(ids[0]));

        let pushes = (0..6).map(|_| world.push((0..PEOPLE).map(|n| lead("CC", &format!("p{n}"))).collect()));
        let mut ids = Vec::new();
        for response in futures_of(pushes).await {
            ids.extend(hookmill_tests::world::submission_ids(&response));
        }
        world.settle().await;
        let delivered = world.states(&ids).await.iter().filter(|state| *state == "delivered").count();
        assert_eq!((delivered, ids.len()), (PEOPLE, PEOPLE * 6));
        assert_eq!(world.receiver.at("/client/CC").len(), PEOPLE + 2);
        world.stop().await;
    }
}

/// Runs them all at once.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pinned.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// L3 H1: nor do two hosts have two first ones of a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_two_hosts_have_one_first() {
    let world = World::new(Kind::Postgres).await;
    world.campaign("CC", "").await;
    world.set_lifecycle("CC", &rule("organization", "reject")).await;
    let neighbour = world.another_host().await;
    world.until_two_hosts_work().await;
    let other = Client::new(neighbour.address()).with_key(&world.source_key);
    for round in 0..5 {
        let leads: Value = (0..PEOPLE).map(|n| lead("CC", &format!("p{round}-{n}"))).collect();
        let body = |side: &str| json!({"idempotency_key": format!("{side}-{round}"), "leads": leads});
        let (here, there) = (body("here"), body("there"));
        let (here, there) = tokio::join!(world.source.post("/v1/leads", &here), other.post("/v1/leads", &there));
        assert_eq!((here.status, there.status), (202, 202));
    }
    world.settle().await;
    let of = async |state: &str| {
        let sql = format!("select cast(count(*) as text) from submissions where state = '{state}'");
        world.texts(&sql).await[0].parse::<usize>().unwrap()
    };
    assert_eq!((of("delivered").await, of("duplicate").await), (PEOPLE * 5, PEOPLE * 5));
    neighbour.kill();
    world.stop().await;
}

on_both! {
    /// L3: leads are compared within the campaign, within those of its client, or within the organization.
    async fn l3_scopes(kind: Kind) {
        for (scope, expected) in [("campaign", [false, false, false]), ("client", [true, false, false]), ("organization", [true, true, false])] {
            let world = World::new(kind).await;
            let client = world.admin.post("/v1/clients", &json!({"name": "Sunny"})).await.expect(201).str("id");
            for campaign in ["OWN", "SISTER", "OTHER"] {
                world.campaign(campaign, "").await;
            }
            for campaign in ["OWN", "SISTER"] {
                world.admin.patch(&format!("/v1/campaigns/{campaign}"), &json!({"client_id": client})).await.expect(200);
            }
            world.set_lifecycle("OWN", &rule(scope, "reject")).await;
            // Whoever came before by a campaign that has no rule of its own counts as well.
            for (campaign, is_duplicate) in ["SISTER", "OTHER"].into_iter().zip(expected) {
                let person = campaign.to_lowercase();
                assert_eq!(world.states(&post(&world, json!([lead(campaign, &person)])).await).await, ["delivered"]);
                let state = if is_duplicate { "duplicate" } else { "delivered" };
                assert_eq!(world.states(&post(&world, json!([lead("OWN", &person)])).await).await, [state], "{scope}: {campaign}");
                assert_eq!(world.states(&post(&world, json!([lead(campaign, &person)])).await).await, ["delivered"], "no rule, no duplicate");
            }
            let tenant = world.second_organization().await;
            tenant.admin.post("/v1/campaigns", &json!({"id": "OWN", "name": "x", "delivery": "store_only"})).await.expect(201);
            tenant.admin.put("/v1/campaigns/OWN/lifecycle", &rule(scope, "reject")).await.expect(200);
            tenant.admin.put("/v1/campaigns/OWN/state", &json!({"state": "active"})).await.expect(200);
            let body = json!({"idempotency_key": "theirs", "leads": [lead("OWN", "sister")]});
            let posted = tenant.source.post("/v1/leads", &body).await.expect(202);
            world.settle().await;
            let id = &hookmill_tests::world::submission_ids(&posted)[0];
            let state = tenant.admin.get(&format!("/v1/submissions/{id}")).await.expect(200).str("state");
            assert_eq!(state, "delivered", "nothing crosses organizations");
            world.stop().await;
        }
    }
}

on_both! {
    /// L3 L11: the window counts from when leads were received, also where they waited meanwhile; tests are exempt both ways.
    async fn l3_the_window_counts_from_the_receipt(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CC", "").await;
        world.set_lifecycle("CC", &rule("campaign", "reject")).await;
        let mut ids = post(&world, json!([lead("CC", "a")])).await;
        world.clock.advance_ms(25 * HOUR_MS);
        ids.extend(post(&world, json!([lead("CC", "a"), lead("CC", "b")])).await);
        world.clock.advance_ms(HOUR_MS);
        ids.extend(post(&world, json!([lead("CC", "a")])).await);
        assert_eq!(world.states(&ids).await, ["pending"; 4]);
        world.activate("CC").await;
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "delivered", "duplicate"]);
        let test = json!({"campaign_id": "CC", "email": "b@x.example", "is_test": true});
        assert_eq!(world.states(&post(&world, json!([test])).await).await, ["delivered"]);
        let test = json!({"campaign_id": "CC", "email": "c@x.example", "is_test": true});
        let ids = post(&world, json!([test, lead("CC", "c"), lead("CC", "c")])).await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "duplicate"]);
        world.stop().await;
    }
}

on_both! {
    /// L3: any of the fields, or all of them, must be the same; a lead that lacks one of all is not a duplicate.
    async fn l3_any_or_all_fields(kind: Kind) {
        let world = World::new(kind).await;
        let of = |email: &str, phone: &str| json!({"email": email, "phone": phone});
        let leads = [of("a@x.example", "512-555-0100"), of("a@x.example", "512-555-0101"), of("b@x.example", "512-555-0100"), of("a@x.example", "512-555-0100"), of("a@x.example", "")];
        let table = [("any", ["delivered", "duplicate", "duplicate", "duplicate", "duplicate"]), ("all", ["delivered", "delivered", "delivered", "duplicate", "delivered"])];
        for (matches, expected) in table {
            let campaign = matches.to_uppercase();
            world.campaign(&campaign, "").await;
            let rule = json!({"fields": ["email", "phone"], "matches": matches, "window_days": 30, "action": "reject"});
            world.set_lifecycle(&campaign, &json!({"duplicates": rule})).await;
            let mut states = Vec::new();
            for lead in &leads {
                let mut lead = lead.clone();
                lead["campaign_id"] = json!(campaign);
                states.extend(world.states(&post(&world, json!([lead])).await).await);
            }
            assert_eq!(states, expected, "{matches}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L3: a duplicate that goes on counts for what nobody was the first of.
    async fn l3_a_marked_duplicate_is_the_first_of_its_own_phone(kind: Kind) {
        let world = World::new(kind).await;
        for campaign in ["MARKS", "REJECTS"] {
            world.campaign(campaign, "").await;
        }
        world.set_lifecycle("MARKS", &json!({"duplicates": {"fields": ["email"], "window_days": 30, "action": "mark"}})).await;
        let by_phone = json!({"fields": ["phone"], "window_days": 30, "scope": "organization", "action": "reject"});
        world.set_lifecycle("REJECTS", &json!({"duplicates": by_phone})).await;
        let second = json!({"campaign_id": "MARKS", "email": "a@x.example", "phone": "512-555-0100"});
        let ids = post(&world, json!([lead("MARKS", "a"), second])).await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered"]);
        let other = json!({"campaign_id": "REJECTS", "email": "z@x.example", "phone": "512-555-0100"});
        assert_eq!(world.states(&post(&world, json!([other])).await).await, ["duplicate"]);
        world.stop().await;
    }
}

on_both! {
    /// L3 H2: from the store, one at a time, it is the same.
    async fn l3_one_is_the_first_from_the_store(kind: Kind) {
        let mut options = WorldOptions::default();
        (options.settings.limits.lane_items_max, options.settings.limits.process_batch_max) = (1, 1);
        let world = World::with(kind, options).await;
        world.campaign("CC", "").await;
        world.set_lifecycle("CC", &rule("campaign", "reject")).await;
        let ids = post(&world, (0..18).map(|n| lead("CC", &format!("p{}", n % 6))).collect()).await;
        let delivered = world.states(&ids).await.iter().filter(|state| *state == "delivered").count();
        assert_eq!(delivered, 6);
        world.stop().await;
    }
}
