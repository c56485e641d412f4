//! What lead sources are promised: what is accepted, what is rejected and how, and that nothing is taken twice.

use hookmill_tests::{Client, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};

/// How long an idempotency key is taken: 7 x 24 h.
const KEY_MS: i64 = 7 * 24 * 3_600_000;

fn batch(key: &str, leads: Value) -> Value {
    json!({"idempotency_key": key, "leads": leads})
}

fn lead(campaign: &str, email: &str) -> Value {
    json!({"campaign_id": campaign, "email": email})
}

async fn drafts(world: &World, ids: &[&str]) {
    for id in ids {
        world.draft(id, "").await;
    }
}

async fn ids_of_campaign(world: &World, id: &str) -> Vec<String> {
    let page = world.admin.get(&format!("/v1/campaigns/{id}/submissions")).await.expect(200);
    let mut ids: Vec<String> =
        page.json["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

async fn submissions_of_all(world: &World, campaigns: &[&str]) -> usize {
    let mut count = 0;
    for id in campaigns {
        count += ids_of_campaign(world, id).await.len();
    }
    count
}

on_both! {
    /// I1 I3: leads of one request land only in the campaign each names; an id is the request's, a dash and the index.
    async fn leads_land_only_in_their_own_campaign(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["AA", "BB", "CC"]).await;
        let response = world.push(json!([lead("AA", "a@x.example"), lead("BB", "b@x.example"), lead("AA", "c@x.example")])).await;
        world.settle().await;

        let request = response.str("request_id");
        assert_eq!(response.json["accepted"], json!([
            {"index": 0, "submission_id": format!("{request}-0"), "campaign_id": "AA"},
            {"index": 1, "submission_id": format!("{request}-1"), "campaign_id": "BB"},
            {"index": 2, "submission_id": format!("{request}-2"), "campaign_id": "AA"},
        ]));
        assert_eq!(response.json["rejected"], json!([]));
        assert_eq!(ids_of_campaign(&world, "AA").await, [format!("{request}-0"), format!("{request}-2")]);
        assert_eq!(ids_of_campaign(&world, "BB").await, [format!("{request}-1")]);
        assert!(ids_of_campaign(&world, "CC").await.is_empty());
        assert_eq!(world.submission(&format!("{request}-1")).await["element"], lead("BB", "b@x.example"));
        world.stop().await;
    }
}

on_both! {
    /// O3 I1: a JSON number as `campaign_id` stands for its digits, and ids are compared exactly.
    async fn a_number_stands_for_its_digits(kind: Kind) {
        let world = World::new(kind).await;
        world.admin.post("/v1/campaigns", &json!({"id": 4711, "name": "Numbered"})).await.expect(201);
        drafts(&world, &["Ab"]).await;
        let leads = json!([{"campaign_id": 4711}, {"campaign_id": "4711"}, {"campaign_id": "Ab"}, {"campaign_id": "AB"}, {"campaign_id": " Ab"}, {"campaign_id": 4711.0}]);
        let response = world.push(leads).await;
        let accepted: Vec<&Value> = response.json["accepted"].as_array().unwrap().iter().map(|lead| &lead["index"]).collect();
        assert_eq!(accepted, [0, 1, 2]);
        world.stop().await;
    }
}

on_both! {
    /// I2 I5 I14: good leads are taken, the others named with a code and a place; another organization's campaign, an unknown one
    /// and none at all are indistinguishable.
    async fn each_bad_lead_is_named(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD", "OVER"]).await;
        world.admin.put("/v1/campaigns/OVER/state", &json!({"state": "archived"})).await.expect(200);
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "THEIRS", "name": "Theirs"})).await.expect(201);
        let leads = json!([{"campaign_id": "THEIRS"}, {"campaign_id": "NONE"}, {"email": "a@x.example"}, {"campaign_id": null}, {"campaign_id": ["GOOD"]},
            {"campaign_id": "a\u{0}b"}, {"campaign_id": ""}, {"campaign_id": "OVER"}, 5, [], null, "GOOD", {"campaign_id": "GOOD"}]);
        let response = world.push(leads).await;

        let rejected = response.json["rejected"].as_array().unwrap();
        let codes: Vec<&str> = rejected.iter().map(|lead| lead["code"].as_str().unwrap()).collect();
        let unknown = "campaign_unknown";
        assert_eq!(codes, [unknown, unknown, unknown, unknown, unknown, unknown, unknown, "campaign_archived", "not_an_object", "not_an_object", "not_an_object", "not_an_object"]);
        let messages: Vec<&Value> = rejected[..7].iter().map(|lead| &lead["message"]).collect();
        assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
        assert_eq!((&rejected[0]["index"], &rejected[0]["path"]), (&json!(0), &json!("leads[0].campaign_id")));
        assert_eq!((&rejected[8]["index"], &rejected[8]["path"]), (&json!(8), &json!("leads[8]")));
        assert_eq!(response.json["accepted"].as_array().unwrap().len(), 1);
        assert_eq!(response.json["accepted"][0]["index"], 12);
        world.settle().await;
        let page = other.admin.get("/v1/campaigns/THEIRS/submissions").await.expect(200);
        assert_eq!(page.json["items"], json!([]));
        world.stop().await;
    }
}

on_both! {
    /// I2: a source reads its own requests: the response as it was given, and the states of the submissions. Other keys see nothing.
    async fn a_source_reads_its_own_requests(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let response = world.push(json!([lead("GOOD", "a@x.example"), lead("NONE", "b@x.example")])).await;
        world.settle().await;

        let path = format!("/v1/requests/{}", response.str("request_id"));
        let page = world.source.get(&path).await.expect(200);
        assert_eq!(page.json["response"], response.json);
        assert_eq!(page.json["submissions"], json!([{"submission_id": response.json["accepted"][0]["submission_id"], "state": "pending"}]));
        assert_eq!(world.admin.get(&path).await.expect(200).json["response"]["rejected"], response.json["rejected"]);

        let within = world.operator.in_organization(&world.organization);
        let second_key = within.post("/v1/source-keys", &json!({"name": "partner"})).await.expect(201).str("key");
        let other = world.second_organization().await;
        for stranger in [world.nobody.with_key(&second_key), other.source.clone(), other.admin.clone()] {
            stranger.get(&path).await.expect_error(404, "not_found");
        }
        world.nobody.get(&path).await.expect_error(401, "key_missing");
        world.source.get("/v1/requests/req_none").await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// I2: with no good lead the request is rejected as a whole; `atomic` makes one bad lead enough. A rejected request is
    /// not among the requests.
    async fn all_or_nothing(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let none = world.source.post("/v1/leads", &batch("k1", json!([lead("NONE", "a@x.example"), 7]))).await.expect_error(422, "leads_rejected");
        assert_eq!(none.json["error"]["details"], json!([
            {"path": "leads[0].campaign_id", "code": "campaign_unknown", "message": none.json["error"]["details"][0]["message"]},
            {"path": "leads[1]", "code": "not_an_object", "message": none.json["error"]["details"][1]["message"]},
        ]));
        let mut atomic = batch("k1", json!([lead("GOOD", "a@x.example"), lead("NONE", "b@x.example")]));
        atomic["atomic"] = json!(true);
        world.source.post("/v1/leads", &atomic).await.expect_error(422, "leads_rejected");
        world.source.get(&format!("/v1/requests/{}", none.str("request_id"))).await.expect_error(404, "not_found");
        assert_eq!(world.admin.get("/v1/requests").await.expect(200).json["items"], json!([]));
        assert_eq!(submissions_of_all(&world, &["GOOD"]).await, 0);
        // The key was not used up (I4), and atomic takes what is wholly good.
        atomic["leads"] = json!([lead("GOOD", "a@x.example"), lead("GOOD", "b@x.example")]);
        let taken = world.source.post("/v1/leads", &atomic).await.expect(202);
        assert_eq!(taken.json["accepted"].as_array().unwrap().len(), 2);
        world.stop().await;
    }
}

on_both! {
    /// I1: a slip of the pen in the envelope loses no lead; it is named.
    async fn unknown_keys_of_the_envelope_are_named(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let mut body = batch("k", json!([lead("GOOD", "a@x.example")]));
        body["atomik"] = json!(true);
        let response = world.source.post("/v1/leads", &body).await.expect(202);
        assert_eq!(response.json["unknown_keys"], json!(["atomik"]));
        world.stop().await;
    }
}

fn duplicate(response: Response, original: &str, same_body: bool) -> Response {
    let response = response.expect_error(409, "duplicate_request");
    assert_eq!(response.json["error"]["original_request_id"], original);
    assert_eq!(response.json["error"]["same_body"], same_body);
    response
}

on_both! {
    /// I4: a key that was used is a duplicate that names the first request, whatever the body, for exactly 7 x 24 h.
    async fn a_key_is_taken_for_seven_days(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let body = batch("k", json!([lead("GOOD", "a@x.example")]));
        let first = world.source.post("/v1/leads", &body).await.expect(202).str("request_id");

        let told = duplicate(world.source.post("/v1/leads", &body).await, &first, true);
        assert_eq!(told.json["error"]["first_seen_at"], "2026-03-01T12:00:00Z");
        assert_eq!(told.json["error"]["expires_at"], "2026-03-08T12:00:00Z");
        duplicate(world.source.post("/v1/leads", &batch("k", json!([lead("GOOD", "b@x.example")]))).await, &first, false);
        // Even when its leads are rejected: the duplicate is reported first (I5).
        duplicate(world.source.post("/v1/leads", &batch("k", json!([lead("NONE", "b@x.example")]))).await, &first, false);

        world.clock.advance_ms(KEY_MS - 1);
        duplicate(world.source.post("/v1/leads", &body).await, &first, true);
        assert_eq!(submissions_of_all(&world, &["GOOD"]).await, 1);
        world.clock.advance_ms(1);
        let again = world.source.post("/v1/leads", &body).await.expect(202).str("request_id");
        assert_ne!(again, first);
        let told = duplicate(world.source.post("/v1/leads", &body).await, &again, true);
        assert_eq!(told.json["error"]["first_seen_at"], "2026-03-08T12:00:00Z");
        world.stop().await;
    }
}

on_both! {
    /// I4: two organizations may use one key; a rejected request does not use it up.
    async fn a_key_belongs_to_its_organization(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "GOOD", "name": "Theirs"})).await.expect(201);
        let body = batch("k", json!([lead("GOOD", "a@x.example")]));
        world.source.post("/v1/leads", &batch("k", json!([lead("NONE", "a@x.example")]))).await.expect_error(422, "leads_rejected");
        world.source.post("/v1/leads", &batch("k", json!([]))).await.expect_error(422, "envelope_invalid");
        world.source.post("/v1/leads", &body).await.expect(202);
        other.source.post("/v1/leads", &body).await.expect(202);
        assert_eq!(submissions_of_all(&world, &["GOOD"]).await, 1);
        world.stop().await;
    }
}

on_both! {
    /// I4: twenty requests with one key at the same moment: exactly one is taken, all others name it.
    async fn of_twenty_at_once_one_is_taken(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let racing: Vec<_> = (0..20)
            .map(|index| {
                let (source, body) = (world.source.clone(), batch("k", json!([lead("GOOD", &format!("{index}@x.example"))])));
                tokio::spawn(async move { source.post("/v1/leads", &body).await })
            })
            .collect();
        let mut responses = Vec::new();
        for race in racing {
            responses.push(race.await.unwrap());
        }
        let (taken, rejected): (Vec<Response>, Vec<Response>) = responses.into_iter().partition(|response| response.status == 202);
        assert_eq!((taken.len(), rejected.len()), (1, 19));
        let first = taken[0].str("request_id");
        for response in rejected {
            duplicate(response, &first, false);
        }
        assert_eq!(ids_of_campaign(&world, "GOOD").await, [format!("{first}-0")]);
        world.stop().await;
    }
}

on_both! {
    /// I4 I7: both channels share the idempotency keys of an organization.
    async fn both_channels_share_the_keys(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let post = |key: &'static str| {
            let request = world.source.request("POST", "/v1/campaigns/GOOD/leads").header("content-type", "application/json");
            hookmill_tests::client::send(request.header("idempotency-key", key).body(r#"{"email":"a@x.example"}"#))
        };
        let first = world.source.post("/v1/leads", &batch("one", json!([lead("GOOD", "a@x.example")]))).await.expect(202).str("request_id");
        duplicate(post("one").await, &first, false);
        let second = post("two").await.expect(202).str("request_id");
        duplicate(post("two").await, &second, true);
        duplicate(world.source.post("/v1/leads", &batch("two", json!([lead("GOOD", "a@x.example")]))).await, &second, false);
        for bad in [String::new(), "k".repeat(256)] {
            let request = world.source.request("POST", "/v1/campaigns/GOOD/leads").header("content-type", "application/json");
            hookmill_tests::client::send(request.header("idempotency-key", bad).body("{}")).await.expect_error(422, "idempotency_key_invalid");
        }
        assert_eq!(submissions_of_all(&world, &["GOOD"]).await, 2);
        world.stop().await;
    }
}

fn small_limits() -> WorldOptions {
    let mut options = WorldOptions::default();
    options.settings.limits.body_bytes_max = 2_000;
    options.settings.limits.leads_per_request_max = 3;
    options
}

on_both! {
    /// I5: whatever else is wrong, the first in the order of checks is reported: key, size, content type, syntax, envelope, duplicate,
    /// leads.
    async fn what_is_checked_first_is_told_first(kind: Kind) {
        let world = World::with(kind, small_limits()).await;
        drafts(&world, &["GOOD"]).await;
        world.source.post("/v1/leads", &batch("used", json!([lead("GOOD", "a@x.example")]))).await.expect(202);
        let large = |text: &str| format!("{text}{}", " ".repeat(3_000));
        let (good, json_type, text_type) = (Some(&world.source), "application/json", "text/plain");
        let wrong = world.nobody.with_key("hms_wrong");
        let too_many = batch("used", json!([1, 2, 3, 4])).to_string();
        let used = batch("used", json!([lead("NONE", "a@x.example")])).to_string();
        let fresh = batch("fresh", json!([lead("NONE", "a@x.example")])).to_string();
        let table: [(Option<&Client>, &str, String, u16, &str); 12] = [
            (None, text_type, large("{"), 401, "key_missing"),
            (Some(&wrong), text_type, large("{"), 401, "key_unknown"),
            (Some(&world.admin), text_type, large("{"), 403, "api_key_not_allowed"),
            (good, text_type, large("{"), 413, "body_too_large"),
            (good, json_type, large(&used), 413, "body_too_large"),
            (good, text_type, "{".into(), 415, "content_type_unsupported"),
            (good, json_type, "{\"idempotency_key\": 5, \"leads\": [".into(), 400, "invalid_json"),
            (good, json_type, "[]".into(), 422, "envelope_invalid"),
            (good, json_type, too_many, 422, "envelope_invalid"),
            (good, json_type, used, 409, "duplicate_request"),
            (good, json_type, fresh.clone(), 422, "leads_rejected"),
            (good, "application/json; charset=utf-8", fresh, 422, "leads_rejected"),
        ];
        for (caller, content_type, body, status, code) in table {
            let caller = caller.unwrap_or(&world.nobody);
            caller.post_bytes("/v1/leads", content_type, body.into_bytes()).await.expect_error(status, code);
        }
        world.stop().await;
    }
}

on_both! {
    /// I5: syntax has a place, and everything wrong in an envelope is named at once.
    async fn errors_say_where(kind: Kind) {
        let world = World::new(kind).await;
        let syntax = world.source.post_bytes("/v1/leads", "application/json", b"{\"idempotency_key\":\"k\",\n \"leads\":[}".to_vec()).await.expect_error(400, "invalid_json");
        assert_eq!(syntax.json["error"]["details"][0]["message"], "line 2, column 11");
        let envelope = world.source.post("/v1/leads", &json!({"idempotency_key": 5, "atomic": "yes"})).await.expect_error(422, "envelope_invalid");
        let places: Vec<String> = envelope.json["error"]["details"].as_array().unwrap().iter()
            .map(|detail| format!("{}:{}", detail["path"].as_str().unwrap(), detail["code"].as_str().unwrap())).collect();
        assert_eq!(places, ["idempotency_key:not_a_string", "atomic:not_a_boolean", "leads:missing"]);
        world.stop().await;
    }
}

on_both! {
    /// I6: a campaign names the contact while there is no key; with one, its prefix and an example for this campaign that works
    /// once the key is put in. The key itself is shown by a call that the audit log has.
    async fn a_campaign_shows_its_key(kind: Kind) {
        let world = World::new(kind).await;
        let organization = world.operator.post("/v1/organizations", &json!({"name": "Fresh"})).await.expect(201).str("id");
        let within = world.operator.in_organization(&organization);
        within.post("/v1/campaigns", &json!({"id": "NEW", "name": "New"})).await.expect(201);
        let shown = within.get("/v1/campaigns/NEW").await.expect(200).json["source_key"].clone();
        assert_eq!((&shown["state"], &shown["contact"]), (&json!("not_provisioned"), &json!("CSM")));
        assert!(shown["message"].as_str().unwrap().contains("CSM"));
        assert_eq!(shown.get("example"), None);

        let made = within.post("/v1/source-keys", &json!({"name": "site"})).await.expect(201);
        let (id, key) = (made.str("id"), made.str("key"));
        let page = within.get("/v1/campaigns/NEW").await.expect(200);
        let shown = &page.json["source_key"];
        assert_eq!((&shown["state"], shown["key_id"].as_str()), (&json!("provisioned"), Some(id.as_str())));
        assert!(key.starts_with("hms_") && key.starts_with(shown["prefix"].as_str().unwrap()));
        assert!(!page.text.contains(&key), "a campaign's page never holds the key");
        let example = shown["example"].as_str().unwrap();
        assert!(example.contains(&format!("http://{}/v1/leads", world.address())), "{example}");
        let body: Value = serde_json::from_str(example.split(" -d '").nth(1).unwrap().trim_end_matches('\'')).unwrap();
        assert_eq!(body["leads"][0]["campaign_id"], "NEW");
        world.nobody.with_key(&key).post("/v1/leads", &body).await.expect(202);

        let reveal = shown["reveal"].as_str().unwrap().strip_prefix("POST ").unwrap();
        assert_eq!(within.post(reveal, &json!({})).await.expect(200).str("key"), key);
        let audit = within.get("/v1/audit").await.expect(200);
        assert_eq!((&audit.json["items"][0]["action"], &audit.json["items"][0]["subject"]), (&json!("source_key.revealed"), &json!(id)));
        assert!(!audit.text.contains(&key));
        world.stop().await;
    }
}

on_both! {
    /// I6: a regenerated key is valid at once; the old one stops at once or after the grace. A revoked one stops, and the campaign says
    /// again that there is none.
    async fn keys_are_regenerated_and_revoked(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let keys = world.admin.get("/v1/source-keys").await.expect(200);
        assert!(!keys.text.contains(&world.source_key));
        let mut id = keys.json["items"][0]["id"].as_str().unwrap().to_owned();
        let mut before = world.source.clone();
        for (grace_s, old_status) in [(0, 401), (60, 202)] {
            let made = world.admin.post(&format!("/v1/source-keys/{id}/regenerate"), &json!({"grace_s": grace_s})).await.expect(201);
            let fresh = world.nobody.with_key(&made.str("key"));
            assert_eq!(post_one(&before).await.status, old_status);
            assert_eq!(post_one(&fresh).await.status, 202);
            let shown = world.admin.get("/v1/campaigns/GOOD").await.expect(200).json["source_key"]["key_id"].clone();
            assert_eq!(shown, made.json["id"], "the newest key is shown");
            world.clock.advance_ms(grace_s * 1000);
            post_one(&before).await.expect_error(401, "key_unknown");
            (id, before) = (made.str("id"), fresh);
        }
        world.admin.post(&format!("/v1/source-keys/{id}/regenerate"), &json!({"grace_s": -1})).await.expect_error(422, "invalid");
        world.admin.delete(&format!("/v1/source-keys/{id}")).await.expect(204);
        post_one(&before).await.expect_error(401, "key_unknown");
        world.admin.delete(&format!("/v1/source-keys/{id}")).await.expect_error(404, "not_found");
        let shown = world.admin.get("/v1/campaigns/GOOD").await.expect(200).json["source_key"]["state"].clone();
        assert_eq!(shown, "not_provisioned");
        let actions: Vec<Value> = world.admin.get("/v1/audit").await.expect(200).json["items"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
        for action in ["source_key.provisioned", "source_key.regenerated", "source_key.revoked"] {
            assert!(actions.contains(&json!(action)), "{action} is not in {actions:?}");
        }
        world.stop().await;
    }
}

async fn post_one(source: &Client) -> Response {
    source.post("/v1/campaigns/GOOD/leads", &json!({"email": "a@x.example"})).await
}

on_both! {
    /// I2: a source goes on reading its requests after its key was regenerated; it is the same source.
    async fn a_regenerated_key_reads_the_requests_of_the_old(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let request = post_one(&world.source).await.expect(202).str("request_id");
        let id = world.admin.get("/v1/source-keys").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        let fresh = world.admin.post(&format!("/v1/source-keys/{id}/regenerate"), &json!({})).await.expect(201).str("key");
        world.nobody.with_key(&fresh).get(&format!("/v1/requests/{request}")).await.expect(200);
        world.stop().await;
    }
}

on_both! {
    /// I7 I10: one lead, a list and a form are taken by a campaign's own address, in whatever shape.
    async fn a_campaign_takes_an_object_a_list_and_a_form(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let path = "/v1/campaigns/GOOD/leads";
        let table: [(&str, &str, Vec<Value>); 4] = [
            ("application/json", r#"{"email":"a@x.example"}"#, vec![json!({"email": "a@x.example"})]),
            ("application/json", r#" [{"n":1}, {"n":2}] "#, vec![json!({"n": 1}), json!({"n": 2})]),
            ("application/json", r#"{"campaign_id":"ELSE","n":3}"#, vec![json!({"campaign_id": "ELSE", "n": 3})]),
            ("application/x-www-form-urlencoded", "email=a%40x.example&tag=a&tag=b", vec![json!({"email": "a@x.example", "tag": ["a", "b"]})]),
        ];
        for (content_type, body, elements) in table {
            let response = world.source.post_bytes(path, content_type, body.into()).await.expect(202);
            let ids = hookmill_tests::world::submission_ids(&response);
            assert_eq!(ids.len(), elements.len(), "{body}");
            for (index, (id, element)) in ids.iter().zip(elements).enumerate() {
                assert_eq!(*id, format!("{}-{index}", response.str("request_id")));
                let page = world.submission(id).await;
                assert_eq!(page["campaign_id"], "GOOD");
                if content_type == "application/json" {
                    assert_eq!(page["element"], element);
                }
            }
        }
        world.source.post_bytes(path, "application/json", b"[]".to_vec()).await.expect_error(422, "leads_invalid");
        world.source.post_bytes(path, "application/json", b"{".to_vec()).await.expect_error(400, "invalid_json");
        world.source.post_bytes(path, "text/csv", b"a,b".to_vec()).await.expect_error(415, "content_type_unsupported");
        world.stop().await;
    }
}

on_both! {
    /// I7 O1: an archived campaign takes nothing; another organization's is not there.
    async fn an_archived_or_foreign_campaign_takes_nothing(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["OVER"]).await;
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "THEIRS", "name": "Theirs"})).await.expect(201);
        world.admin.put("/v1/campaigns/OVER/state", &json!({"state": "archived"})).await.expect(200);
        world.source.post("/v1/campaigns/OVER/leads", &json!({})).await.expect_error(409, "campaign_archived");
        let foreign = world.source.post("/v1/campaigns/THEIRS/leads", &json!({})).await.expect_error(404, "campaign_unknown");
        let unknown = world.source.post("/v1/campaigns/NONE/leads", &json!({})).await.expect_error(404, "campaign_unknown");
        assert_eq!(foreign.json["error"]["message"], unknown.json["error"]["message"]);
        world.stop().await;
    }
}

on_both! {
    /// I10: numbers keep every digit all the way into the store.
    async fn numbers_keep_every_digit(kind: Kind) {
        let world = World::new(kind).await;
        drafts(&world, &["GOOD"]).await;
        let number = "12345678901234567890.12345678901234567890";
        let body = format!(r#"{{"idempotency_key":"k","leads":[{{"campaign_id":"GOOD","n":{number},"big":1e400}}]}}"#);
        let response = world.source.post_bytes("/v1/leads", "application/json", body.into_bytes()).await.expect(202);
        let id = &hookmill_tests::world::submission_ids(&response)[0];
        let kept = world.pipeline().element(&world.organization, id).await.unwrap().unwrap();
        assert_eq!(kept, format!(r#"{{"campaign_id":"GOOD","n":{number},"big":1e400}}"#));
        let page = world.admin.get(&format!("/v1/submissions/{id}")).await.expect(200);
        assert!(page.text.contains(number), "{}", page.text);
        world.stop().await;
    }
}
