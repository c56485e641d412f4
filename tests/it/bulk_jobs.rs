//! What a person does with many submissions (L9): reprocess, repost and withdraw, one or by filter, with progress, resumed after a crash, and
//! canceled.

mod crash;
mod every_one_once;

use hookmill_tests::process::binary;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Gate, Kind, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};

const JOBS: &str = "/v1/bulk-jobs";

/// A document that is strict with what it reads, and has rules.
const STRICT: &str = "
version: 1
map:
  fields:
    email: {from: email, then: [email], on_error: fail}
    phone: {from: phone, then: [phone], on_error: fail}
    state: state
    bill: bill
qualify:
  - {name: states, field: state, op: in, values: [CA, TX], reason: not served}
  - {field: custom.bill, op: ge, value: 100, reason: Bill too low, severity: soft}
shape:
  client: {body: {email: {from: lead.email}, phone: {from: lead.phone}, bill: {from: lead.custom.bill}}}
";

/// The same for phone numbers that are not.
fn repaired() -> String {
    STRICT.replace("[phone], on_error: fail", "[phone], on_error: keep_raw")
}

fn person(campaign: &str, name: &str) -> Value {
    json!({"campaign_id": campaign, "email": format!("{name}@x.example"), "phone": "512-555-0100", "state": "TX", "bill": 150})
}

fn people(campaign: &str, count: usize) -> Value {
    (0..count).map(|at| person(campaign, &format!("p{at}"))).collect()
}

/// People whose phone numbers are not.
fn broken(campaign: &str, count: usize) -> Value {
    let mut people = people(campaign, count);
    for one in people.as_array_mut().unwrap() {
        one["phone"] = json!("no number");
    }
    people
}

async fn create(world: &World, new: Value) -> Value {
    world.admin.post(JOBS, &new).await.expect(202).json
}

async fn count(world: &World, new: Value) -> i64 {
    let counted = world.admin.post(&format!("{JOBS}?count_only=true"), &new).await.expect(200).json;
    assert_eq!(counted["is_total_estimated"], false);
    counted["total"].as_i64().unwrap()
}

fn causes(page: &Value) -> Vec<&str> {
    page["timeline"].as_array().unwrap().iter().map(|line| line["cause"].as_str().unwrap()).collect()
}

/// How many submissions of a campaign are in each state.
async fn states(world: &World, campaign: &str) -> BTreeMap<String, i64> {
    let counts = world.admin.get(&format!("/v1/campaigns/{campaign}")).await.expect(200).json["submissions"].clone();
    serde_json::from_value(counts).unwrap()
}

/// The messages that the client of a campaign got, in an order of their own.
fn messages(world: &World, campaign: &str) -> Vec<String> {
    let got = world.receiver.at(&format!("/client/{campaign}"));
    let mut bodies: Vec<String> =
        got.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    bodies.sort();
    bodies
}

on_both! {
    /// L9 M5: after a corrected document, reprocessing gives what would have been: the same leads, states, messages and reasons as in a
    /// campaign that ran the corrected document from the beginning.
    async fn l9_reprocessing_gives_what_would_have_been(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("LATE", STRICT).await;
        world.campaign("ONCE", &repaired()).await;
        let mut ids = BTreeMap::new();
        for campaign in ["LATE", "ONCE"] {
            let mut leads = broken(campaign, 6);
            leads[1]["bill"] = json!(5);
            leads[2]["state"] = json!("NV");
            leads[3]["phone"] = json!("512-555-0100");
            leads[4]["email"] = json!("no address");
            ids.insert(campaign, world.push_and_settle(leads).await);
        }
        assert_eq!(states(&world, "LATE").await, BTreeMap::from([("delivered".to_owned(), 1), ("quarantined".to_owned(), 5)]));

        let saved = json!({"document": repaired(), "activate": true});
        world.admin.put("/v1/campaigns/LATE/document", &saved).await.expect(201);
        assert_eq!(world.reprocess("LATE").await, 5);
        world.settle().await;
        for (late, once) in ids["LATE"].iter().zip(&ids["ONCE"]) {
            let (late, once) = (world.submission(late).await, world.submission(once).await);
            for name in ["state", "lead_id", "lead", "is_test", "decision", "client"] {
                assert_eq!(late[name], once[name], "{name}");
            }
            let last = |page: &Value| {
                let line = page["timeline"].as_array().unwrap().last().unwrap().clone();
                (line["state"].clone(), line["cause"].clone(), line["detail"]["reason"].clone(), line["detail"]["message"].clone())
            };
            assert_eq!(last(&late), last(&once));
        }
        assert_eq!(states(&world, "LATE").await, states(&world, "ONCE").await);
        assert_eq!(messages(&world, "LATE"), messages(&world, "ONCE"));
        // The one that is still broken is back where it was; nothing else is left to do.
        assert_eq!(world.reprocess("LATE").await, 1);
        world.settle().await;
        assert_eq!(states(&world, "LATE").await, states(&world, "ONCE").await);
        world.stop().await;
    }
}

/// Submissions in many states: two campaigns with a client that rejects some leads and can't take others. Returns their ids by what becomes
/// of them.
async fn set_scene(world: &World) -> BTreeMap<&'static str, String> {
    world.campaign("AA", STRICT).await;
    world.campaign("BB", STRICT).await;
    let mut ids = BTreeMap::new();
    for campaign in ["AA", "BB"] {
        for what in ["quarantined", "not_served", "too_low", "failed", "delivered"] {
            let mut lead = person(campaign, &format!("{campaign}-{what}"));
            match what {
                "quarantined" => lead["phone"] = json!("no number"),
                "not_served" => lead["state"] = json!("NV"),
                "too_low" => lead["bill"] = json!(5),
                "failed" => world.receiver.plan(&format!("/client/{campaign}"), vec![Behaviour::status(400)]),
                _ => {}
            }
            let id = world.push_and_settle(json!([lead])).await.remove(0);
            let key = match (campaign, what) {
                ("AA", what) => what,
                (_, "quarantined") => "other_quarantined",
                (_, "not_served") => "other_not_served",
                (_, "too_low") => "other_too_low",
                (_, "failed") => "other_failed",
                _ => "other_delivered",
            };
            ids.insert(key, id);
            world.clock.advance_ms(1_000);
        }
    }
    ids
}

on_both! {
    /// L9: a filter chooses by campaign, state, cause, reason, time and id; what is counted is what a job then does.
    async fn l9_a_filter_chooses(kind: Kind) {
        let world = World::new(kind).await;
        let ids = set_scene(&world).await;
        let filter = |filter: Value| json!({"operation": "repost", "filter": filter});
        for (new, expected) in [
            (json!({"operation": "repost", "all": true}), 6),
            (json!({"operation": "repost", "all": true, "include_delivered": true}), 8),
            (json!({"operation": "reprocess", "all": true}), 2),
            (json!({"operation": "withdraw", "all": true}), 2),
            (filter(json!({"campaign_id": "AA"})), 3),
            (filter(json!({"states": ["failed"]})), 2),
            (filter(json!({"states": ["failed"], "campaign_id": "BB"})), 1),
            (filter(json!({"states": ["rejected", "canceled"]})), 0),
            (filter(json!({"cause": "rules"})), 4),
            (filter(json!({"cause": "rule"})), 0),
            (filter(json!({"reason": "bill TOO low"})), 2),
            (filter(json!({"reason": "not served", "campaign_id": "AA"})), 1),
            (filter(json!({"received_until": "2026-03-01T12:00:02Z"})), 1),
            (filter(json!({"received_from": "2026-03-01T12:00:02Z", "received_until": "2026-03-01T12:00:04Z"})), 2),
            (filter(json!({"ids": [ids["failed"], ids["too_low"], ids["delivered"], "req_none-0"]})), 2),
            (filter(json!({"ids": [ids["failed"], ids["other_failed"]], "campaign_id": "AA"})), 1),
            (json!({"operation": "reprocess", "filter": {"cause": "map_failed", "reason": "phone"}}), 2),
            (json!({"operation": "withdraw", "filter": {"states": ["pending"]}}), 0),
        ] {
            assert_eq!(count(&world, new.clone()).await, expected, "{new}");
        }
        assert_eq!(world.admin.get(JOBS).await.expect(200).json["items"], json!([]), "counting creates nothing");

        let withdrawn = world.bulk(&json!({"operation": "withdraw", "filter": {"campaign_id": "BB", "reason": "phone"}})).await;
        assert_eq!((&withdrawn["state"], &withdrawn["total"], &withdrawn["done"]), (&json!("completed"), &json!(1), &json!(1)));
        assert_eq!(world.state(&ids["other_quarantined"]).await, "canceled");
        assert_eq!(world.state(&ids["quarantined"]).await, "quarantined");

        // Of ids that are named, what does not match is passed over, and what has no lead is skipped.
        let named = json!([ids["failed"], ids["delivered"], ids["other_quarantined"], "req_none-0"]);
        let reposted = world.bulk(&filter(json!({"ids": named}))).await;
        assert_eq!((&reposted["total"], &reposted["done"], &reposted["skipped"]), (&json!(2), &json!(1), &json!(1)), "{reposted}");
        assert_eq!(reposted["filter"]["ids"].as_array().unwrap().len(), 4);
        world.settle().await;
        let new = world.submission(&format!("{}.1", ids["failed"])).await;
        assert_eq!((&new["state"], &new["parent_id"]), (&json!("delivered"), &json!(ids["failed"])));
        let listed = world.admin.get(JOBS).await.expect(200).json["items"].clone();
        assert_eq!(listed[0]["id"], reposted["id"]);
        assert_eq!((&listed[0]["filter"]["ids"], &listed[0]["filter"]["id_count"]), (&Value::Null, &json!(4)));
        world.stop().await;
    }
}

on_both! {
    /// L9 I3: a repost is a new submission with the same lead, linked to the old one, which stays as it is; it is not qualified again, and its
    /// timeline says where it comes from. One job posts each once, another one posts it again.
    async fn l9_a_repost_is_a_new_submission(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("RR", STRICT).await;
        world.receiver.plan("/client/RR", vec![Behaviour::status(400); 3]);
        let ids = world.push_and_settle(people("RR", 3)).await;
        assert_eq!(states(&world, "RR").await, BTreeMap::from([("failed".to_owned(), 3)]));
        // What would disqualify them now does not: they were qualified.
        let stricter = STRICT.replace("[CA, TX]", "[NY]");
        world.admin.put("/v1/campaigns/RR/document", &json!({"document": stricter, "activate": true})).await.expect(201);

        let new = json!({"operation": "repost", "filter": {"campaign_id": "RR"}});
        for round in 1..=2 {
            let job = world.bulk(&new).await;
            // The second time the old ones are still failed; what was delivered is left alone.
            assert_eq!((&job["done"], &job["total"]), (&json!(3), &json!(3)), "{job}");
            world.settle().await;
            for id in &ids {
                let child = world.submission(&format!("{id}.{round}")).await;
                let parent = world.submission(id).await;
                assert_eq!((&parent["state"], &child["state"]), (&json!("failed"), &json!("delivered")));
                for name in ["lead", "lead_id", "request_id", "campaign_id", "element"] {
                    assert_eq!(child[name], parent[name], "{name}");
                }
                assert_eq!(child["parent_id"], *id);
                let lines = child["timeline"].as_array().unwrap();
                assert_eq!((&lines[0]["state"], &lines[0]["cause"]), (&json!("received"), &json!("reposted")));
                assert_eq!(lines[0]["detail"]["bulk_job_id"], job["id"]);
                assert_eq!(world.webhook_events(&format!("{id}.{round}")).iter().filter(|name| *name == "lead.processed").count(), 1);
            }
        }
        assert_eq!(world.receiver.at("/client/RR").len(), 9);
        let delivered = json!({"operation": "repost", "filter": {"states": ["delivered"]}});
        world.admin.post(JOBS, &delivered).await.expect_error(422, "invalid");
        let with_word = json!({"operation": "repost", "filter": {"states": ["delivered"]}, "include_delivered": true});
        // A job is about what was delivered before it was created.
        world.clock.advance_ms(1_000);
        assert_eq!(world.bulk(&with_word).await["done"], 6);
        world.settle().await;
        assert_eq!(world.submission(&format!("{}.1.1", ids[0])).await["state"], "delivered");

        // An archived campaign delivers nothing more.
        world.set_state("RR", "archived").await;
        let skipped = world.bulk(&new).await;
        assert_eq!((&skipped["done"], &skipped["skipped"]), (&json!(0), &json!(3)), "{skipped}");
        let path = format!("/v1/submissions/{}/repost", ids[0]);
        world.admin.post(&path, &json!({})).await.expect_error(409, "campaign_archived");
        world.stop().await;
    }
}

on_both! {
    /// L9 M7 O4: a lead that was edited is qualified as any other, is whose it says, and may be wrong in defined ways.
    async fn l9_an_edited_lead_runs_through_all(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("EE", STRICT).await;
        let mut lead = person("EE", "ann");
        lead["bill"] = json!(5);
        let id = world.push_and_settle(json!([lead])).await.remove(0);
        assert_eq!(world.state(&id).await, "disqualified");
        let path = format!("/v1/submissions/{id}/repost");
        let mut edited = world.submission(&id).await["lead"].clone();
        let bob = person("EE", "bob");
        (edited["email"], edited["phone"]) = (bob["email"].clone(), json!("+15125550199"));
        edited["custom"]["bill"] = json!(99);
        let still_low = world.admin.post(&path, &json!({"lead": edited})).await.expect(201).str("submission_id");
        edited["custom"]["bill"] = json!(100);
        let good = world.admin.post(&path, &json!({"lead": edited})).await.expect(201).str("submission_id");
        assert_eq!((&still_low, &good), (&format!("{id}.1"), &format!("{id}.2")));
        world.settle().await;
        assert_eq!(world.state(&still_low).await, "disqualified");
        let page = world.submission(&good).await;
        assert_eq!((&page["state"], &page["lead"]), (&json!("delivered"), &edited));
        assert_ne!(page["lead_id"], world.submission(&id).await["lead_id"], "it is somebody else's");
        assert_eq!(causes(&page)[0], "reposted");
        assert!(messages(&world, "EE").iter().any(|body| body.contains("bob@x.example")));

        // The same lead is not qualified again.
        let same = world.admin.post(&path, &json!({})).await.expect(201).str("submission_id");
        world.settle().await;
        assert_eq!(world.state(&same).await, "delivered");
        let again = format!("/v1/submissions/{same}/repost");
        world.admin.post(&again, &json!({})).await.expect_error(409, "already_delivered");
        world.admin.post(&again, &json!({"include_delivered": true})).await.expect(201);
        world.settle().await;

        for (body, places) in [
            (json!({"lead": {"email": 5, "age": 7, "custom": []}}), vec!["lead.email", "lead.age", "lead.custom"]),
            (json!({"lead": {}}), vec!["lead"]),
        ] {
            let rejected = world.admin.post(&path, &body).await.expect_error(422, "invalid");
            let details = rejected.json["error"]["details"].as_array().unwrap().clone();
            assert_eq!(details.iter().map(|detail| detail["path"].as_str().unwrap()).collect::<Vec<_>>(), places);
        }
        world.admin.post(&path, &json!({"led": {}})).await.expect_error(422, "invalid");
        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200).json["items"].clone();
        let reposted = lines.as_array().unwrap().iter().filter(|line| line["action"] == "submission.reposted");
        assert_eq!(reposted.count(), 4, "a call that changes nothing leaves no line");
        world.stop().await;
    }
}

on_both! {
    /// L9 T: what waits is canceled, with its event once; a lead that is being delivered can't be withdrawn, nor can one that is over.
    async fn l9_what_waits_is_withdrawn(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("WW", STRICT).await;
        let quarantined = world.push_and_settle(broken("WW", 2)).await;
        let gate = Gate::new();
        world.receiver.plan("/client/WW", vec![Behaviour::behind(&gate, 200)]);
        let delivering = submission_ids(&world.push(people("WW", 1)).await).remove(0);
        world.receiver.until("/client/WW", 1).await;
        world.set_state("WW", "paused").await;
        let pending = submission_ids(&world.push(people("WW", 3)).await);
        world.until("the last one waits", async || world.state(&pending[2]).await == "pending").await;

        let withdraw = async |id: &str| world.admin.post(&format!("/v1/submissions/{id}/withdraw"), &json!({})).await;
        withdraw(&delivering).await.expect_error(409, "under_way");
        let repost = world.admin.post(&format!("/v1/submissions/{delivering}/repost"), &json!({})).await;
        repost.expect_error(409, "not_ended");
        assert_eq!(withdraw(&pending[0]).await.expect(200).json, json!({"submission_id": pending[0], "state": "canceled"}));
        withdraw(&pending[0]).await.expect_error(409, "already_ended");
        let no_lead = world.admin.post(&format!("/v1/submissions/{}/repost", pending[0]), &json!({})).await;
        no_lead.expect_error(409, "no_lead");

        let job = world.bulk(&json!({"operation": "withdraw", "filter": {"campaign_id": "WW"}})).await;
        assert_eq!((&job["total"], &job["done"], &job["skipped"], &job["failed"]), (&json!(4), &json!(4), &json!(0), &json!(0)), "{job}");
        gate.open();
        world.settle().await;
        assert_eq!(world.state(&delivering).await, "delivered");
        for id in quarantined.iter().chain(&pending) {
            let page = world.submission(id).await;
            let line = page["timeline"].as_array().unwrap().last().unwrap();
            assert_eq!((&line["state"], &line["cause"]), (&json!("canceled"), &json!("withdrawn")), "{page}");
            assert!(line["detail"]["user_id"].is_string());
            assert_eq!(world.webhook_events(id).iter().filter(|name| *name == "lead.processed").count(), 1);
        }
        // Nothing of them is left to be activated.
        world.set_state("WW", "active").await;
        world.settle().await;
        assert_eq!(states(&world, "WW").await, BTreeMap::from([("canceled".to_owned(), 5), ("delivered".to_owned(), 1)]));
        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200).json["items"].clone();
        let of = |action: &str| lines.as_array().unwrap().iter().filter(|line| line["action"] == action).count();
        assert_eq!((of("submission.withdrawn"), of("bulk_job.created")), (1, 1));
        world.stop().await;
    }
}

on_both! {
    /// L9 L2: what is withdrawn at the very moment when it is taken up is either withdrawn or goes on, and never both.
    async fn l9_who_is_quicker_wins(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("QQ", STRICT).await;
        world.set_state("QQ", "paused").await;
        let ids = world.push_and_settle(people("QQ", 60)).await;
        let new = json!({"operation": "withdraw", "all": true});
        let ((), job) = tokio::join!(world.set_state("QQ", "active"), world.bulk(&new));
        world.settle().await;
        let found = states(&world, "QQ").await;
        let of = |state: &str| found.get(state).copied().unwrap_or_default();
        assert_eq!(of("canceled") + of("delivered"), 60, "{found:?}");
        assert_eq!(job["done"], of("canceled"));
        assert_eq!(world.receiver.at("/client/QQ").len() as i64, of("delivered"));
        for id in &ids {
            assert_eq!(world.webhook_events(id).iter().filter(|name| *name == "lead.processed").count(), 1, "{id}");
        }
        world.stop().await;
    }
}

on_both! {
    /// O8 O9 L9: a viewer sees jobs and makes none; a key that is scoped to campaigns reaches these and no others, and sees jobs that reach no others.
    async fn o9_a_scoped_key_reaches_its_campaigns(kind: Kind) {
        let world = World::new(kind).await;
        set_scene(&world).await;
        let user_id = world.admin.get("/v1/me").await.expect(200).str("id");
        let scoped = json!({"user_id": user_id, "name": "scoped", "campaigns": ["AA"]});
        let scoped = world.nobody.with_key(&world.admin.post("/v1/api-keys", &scoped).await.expect(201).str("key"));
        let all = json!({"operation": "reprocess", "all": true});
        let counted = scoped.post(&format!("{JOBS}?count_only=true"), &all).await.expect(200);
        assert_eq!(counted.json["total"], 1);
        let other = json!({"operation": "reprocess", "filter": {"campaign_id": "BB"}});
        scoped.post(JOBS, &other).await.expect_error(403, "campaign_not_allowed");
        let own = scoped.post(JOBS, &all).await.expect(202);
        assert_eq!(own.json["campaigns"], json!(["AA"]));
        assert_eq!(own.headers["location"].to_str().unwrap(), own.str("address"));
        let done = world.bulk_job_ended(&own.str("id")).await;
        assert_eq!((&done["done"], &done["created_by"]), (&json!(1), &json!(user_id)));
        world.settle().await;
        let wide = world.bulk(&all).await;
        assert_eq!((&wide["campaigns"], &wide["total"]), (&Value::Null, &json!(2)));
        let wide_path = format!("{JOBS}/{}", wide["id"].as_str().unwrap());
        scoped.get(&wide_path).await.expect_error(404, "not_found");
        scoped.delete(&wide_path).await.expect_error(404, "not_found");
        let listed = scoped.get(JOBS).await.expect(200).json["items"].clone();
        assert_eq!(listed.as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>(), [json!(own.str("id"))]);
        let viewer = world.user("viewer").await;
        viewer.get(&wide_path).await.expect(200);
        for path in [JOBS.to_owned(), format!("{JOBS}?count_only=true")] {
            viewer.post(&path, &all).await.expect_error(403, "role_not_allowed");
        }
        viewer.delete(&wide_path).await.expect_error(403, "role_not_allowed");
        world.admin.delete(&wide_path).await.expect_error(409, "already_ended");
        world.stop().await;
    }
}

on_both! {
    /// H6 L9: an organization has so many jobs that run, the others wait for their turn; beyond a number it may create no more.
    async fn h6_jobs_wait_for_their_turn(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.bulk_jobs_running_max = 0;
        options.settings.limits.bulk_jobs_open_max = 2;
        let world = World::with(kind, options).await;
        world.campaign("CAMP", STRICT).await;
        let new = json!({"operation": "withdraw", "filter": {"campaign_id": "CAMP"}});
        let first = create(&world, new.clone()).await;
        create(&world, new.clone()).await;
        let full = world.admin.post(JOBS, &new).await.expect_error(429, "bulk_jobs_full");
        assert!(full.headers.contains_key("retry-after") && full.text.contains("bulk_jobs_open_max"), "{}", full.text);
        let path = format!("{JOBS}/{}", first["id"].as_str().unwrap());
        let waiting = world.admin.get(&path).await.expect(200).json;
        assert_eq!((&waiting["state"], &waiting["started_at"], &waiting["ended_at"]), (&json!("queued"), &Value::Null, &Value::Null));
        let canceled = world.admin.delete(&path).await.expect(200).json;
        assert_eq!((&canceled["state"], &canceled["ended_at"]), (&json!("canceled"), &json!("2026-03-01T12:00:00Z")));
        create(&world, new).await;
        let another = world.second_organization().await;
        another.admin.post(JOBS, &json!({"operation": "withdraw", "all": true})).await.expect(202);
        let unknown = json!({"operation": "withdraw", "filter": {"campaign_id": "NONE"}});
        world.admin.post(JOBS, &unknown).await.expect_error(404, "not_found");
        world.admin.post(JOBS, &json!({"operation": "withdraw"})).await.expect_error(422, "invalid");
        world.admin.post(&format!("{JOBS}?count_only=perhaps"), &json!({"operation": "withdraw"})).await.expect_error(422, "invalid");
        world.stop().await;
    }
}

on_both! {
    /// L9 H8: a submission that the database does not take counts as failed, and holds up none of its neighbours.
    async fn l9_one_that_can_not_be_written_is_passed_over(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("FF", STRICT).await;
        world.receiver.always("/client/FF", Behaviour::status(400));
        let ids = world.push_and_settle(people("FF", 40)).await;
        world.reject_rows("insert", "submissions", "lead", "p17@x.example").await;
        let job = world.bulk(&json!({"operation": "repost", "filter": {"campaign_id": "FF"}})).await;
        assert_eq!((&job["state"], &job["total"], &job["done"], &job["failed"]), (&json!("completed"), &json!(40), &json!(39), &json!(1)), "{job}");
        world.settle().await;
        world.admin.get(&format!("/v1/submissions/{}.1", ids[17])).await.expect_error(404, "not_found");
        assert_eq!(states(&world, "FF").await, BTreeMap::from([("failed".to_owned(), 79)]));
        world.accept_rows("submissions").await;
        let one = world.bulk(&json!({"operation": "repost", "filter": {"ids": [ids[17]]}})).await;
        assert_eq!((&one["done"], &one["failed"]), (&json!(1), &json!(0)), "{one}");
        world.settle().await;
        world.stop().await;
    }
}

/// L9 H3: the same at the command line, against a host that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_bulk_jobs_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    let ids = set_scene(&world).await;
    let (url, key) = world.admin.address_and_key();
    let run = async |words: &[&str]| -> Output {
        let mut command = Command::new(binary());
        command.arg("bulk").args(words).env("HOOKMILL_URL", &url).env("HOOKMILL_API_KEY", &key);
        tokio::task::spawn_blocking(move || command.output().expect("the binary can be run")).await.unwrap()
    };
    let out = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let err = |output: &Output| {
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(out(&run(&["repost", "--cause", "rules", "--count-only"]).await), "4 submissions\n");
    assert!(err(&run(&["repost"]).await).contains("all: true"));
    assert!(err(&run(&["repost", "--state", "queued"]).await).contains("filter.states"));
    let waited = run(&["reprocess", "--campaign", "AA", "--wait"]).await;
    let text = out(&waited);
    assert!(text.contains("completed, 1 of 1 (1 done)"), "{text}");
    let shown = String::from_utf8_lossy(&waited.stderr).into_owned();
    assert!(
        shown.lines().last().is_some_and(|line| line.starts_with("100 %")),
        "plain lines where it is not a terminal: {shown}"
    );
    let id = text.split_whitespace().next().unwrap();
    let listed = out(&run(&["list"]).await);
    assert!(listed.contains(id) && listed.contains("campaign_id AA, quarantined"), "{listed}");
    let job: Value = serde_json::from_str(&out(&run(&["show", id]).await)).unwrap();
    assert_eq!((&job["state"], &job["done"]), (&json!("completed"), &json!(1)));
    assert!(err(&run(&["cancel", id]).await).contains("already_ended"));
    let started = out(&run(&["withdraw", "--id", &ids["other_quarantined"], "--wait", "--json"]).await);
    assert_eq!(serde_json::from_str::<Value>(&started).unwrap()["done"], 1);

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lead.json");
    std::fs::write(&file, r#"{"email": "carl@x.example", "state": "TX", "custom": {"bill": 200}}"#).unwrap();
    let file = file.to_str().unwrap();
    let new = out(&run(&["repost", "--id", &ids["too_low"], "--lead", file]).await);
    world.settle().await;
    assert_eq!(world.state(new.trim()).await, "delivered");
    assert!(err(&run(&["repost", "--lead", file]).await).contains("name it with --id"));
    world.stop().await;
}
