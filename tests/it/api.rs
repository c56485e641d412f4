//! Roles, keys and lists, and that nothing crosses organizations. Who may do what is one table, in `permissions`.

use hookmill_tests::{Client, World, on_both};
use serde_json::{Value, json};

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> hookmill_tests::Response {
    let request = client.request(method, path);
    let request = if body.is_null() {
        request
    } else {
        request.header("content-type", "application/json").body(body.to_string())
    };
    hookmill_tests::client::send(request).await
}

on_both! {
    /// O8: nobody makes an operator of a user, and nobody has a key of a user who is not theirs.
    async fn nobody_rises_above_their_role(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        world.admin.post("/v1/users", &json!({"name": "x", "role": "operator"})).await.expect_error(422, "invalid");
        let operator_id = world.operator.get("/v1/me").await.expect(200).str("id");
        let stranger_id = other.admin.get("/v1/me").await.expect(200).str("id");
        for user in [operator_id.as_str(), stranger_id.as_str(), "usr_none", "\u{0}"] {
            world.admin.post("/v1/api-keys", &json!({"user_id": user, "name": "x"})).await.expect_error(422, "invalid");
        }
        let named = world.admin.in_organization(&other.organization);
        named.get("/v1/campaigns").await.expect_error(404, "not_found");
        world.operator.without_organization().get("/v1/campaigns").await.expect_error(422, "invalid");
        world.operator.in_organization("org_none").get("/v1/campaigns").await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// O1: whatever id of the first organization the second asks for is not there; lists hold none of it.
    async fn nothing_crosses_organizations(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        let pushed = world.push(json!([{"campaign_id": "CAMP", "email": "secret-person@x.example"}])).await;
        world.settle().await;
        let (submission, request) = (hookmill_tests::world::submission_ids(&pushed).remove(0), pushed.str("request_id"));
        let first_id = async |path: &str| world.admin.get(path).await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        let lead = first_id("/v1/leads").await;
        let (delivery, key, source_key) = (first_id("/v1/deliveries").await, first_id("/v1/api-keys").await, first_id("/v1/source-keys").await);
        let client = world.admin.post("/v1/clients", &json!({"name": "secret-customer"})).await.expect(201).str("id");
        let bulk_job = world.bulk(&json!({"operation": "withdraw", "all": true})).await["id"].as_str().unwrap().to_owned();
        let other = world.second_organization().await;
        let viewer = world.operator.in_organization(&other.organization);
        let table = [
            ("GET", format!("/v1/organizations/{}", world.organization), json!(null)),
            ("GET", format!("/v1/clients/{client}"), json!(null)),
            ("PATCH", format!("/v1/clients/{client}"), json!({"name": "x"})),
            ("DELETE", format!("/v1/clients/{client}"), json!(null)),
            ("GET", "/v1/campaigns/CAMP".into(), json!(null)),
            ("PATCH", "/v1/campaigns/CAMP".into(), json!({"name": "x"})),
            ("PUT", "/v1/campaigns/CAMP/state".into(), json!({"state": "archived"})),
            ("PUT", "/v1/campaigns/CAMP/endpoint".into(), json!({"url": "http://127.0.0.1:1/"})),
            ("GET", "/v1/campaigns/CAMP/endpoint".into(), json!(null)),
            ("DELETE", "/v1/campaigns/CAMP/endpoint".into(), json!(null)),
            ("PUT", "/v1/campaigns/CAMP/lifecycle".into(), json!({})),
            ("GET", "/v1/campaigns/CAMP/lifecycle".into(), json!(null)),
            ("PUT", "/v1/campaigns/CAMP/document".into(), json!({"document": "version: 1", "activate": true})),
            ("GET", "/v1/campaigns/CAMP/document".into(), json!(null)),
            ("GET", "/v1/campaigns/CAMP/versions".into(), json!(null)),
            ("POST", "/v1/campaigns/CAMP/versions/1/activate".into(), json!({})),
            ("POST", "/v1/campaigns/CAMP/dry-run".into(), json!({"body": {}})),
            ("GET", "/v1/campaigns/CAMP/submissions".into(), json!(null)),
            ("GET", "/v1/campaigns/CAMP/preview".into(), json!(null)),
            ("POST", format!("/v1/submissions/{submission}/generate"), json!({})),
            ("POST", "/v1/bulk-jobs".into(), json!({"operation": "reprocess", "filter": {"campaign_id": "CAMP"}})),
            ("GET", format!("/v1/leads/{lead}"), json!(null)),
            ("GET", "/v1/leads?campaign=CAMP".into(), json!(null)),
            ("GET", "/v1/submissions?campaign=CAMP".into(), json!(null)),
            ("GET", format!("/v1/submissions/{submission}"), json!(null)),
            ("POST", format!("/v1/submissions/{submission}/reprocess"), json!({})),
            ("POST", format!("/v1/submissions/{submission}/repost"), json!({"include_delivered": true})),
            ("POST", format!("/v1/submissions/{submission}/withdraw"), json!({})),
            ("GET", format!("/v1/bulk-jobs/{bulk_job}"), json!(null)),
            ("DELETE", format!("/v1/bulk-jobs/{bulk_job}"), json!(null)),
            ("GET", format!("/v1/requests/{request}"), json!(null)),
            ("GET", format!("/v1/deliveries/{delivery}"), json!(null)),
            ("POST", format!("/v1/deliveries/{delivery}/resend"), json!({})),
            ("GET", "/v1/deliveries?campaign=CAMP".into(), json!(null)),
            ("DELETE", format!("/v1/api-keys/{key}"), json!(null)),
            ("DELETE", format!("/v1/source-keys/{source_key}"), json!(null)),
            ("PUT", format!("/v1/source-keys/{source_key}/charset"), json!({"charset": null})),
            ("POST", format!("/v1/source-keys/{source_key}/regenerate"), json!({})),
            ("POST", format!("/v1/source-keys/{source_key}/reveal"), json!({})),
            ("GET", "/v1/webhook-settings".into(), json!(null)),
        ];
        for (method, path, body) in &table {
            send(&other.admin, method, path, body).await.expect_error(404, "not_found");
            // An operator who names the other organization does not reach over either; organizations themselves are an operator's.
            if !path.starts_with("/v1/organizations") {
                send(&viewer, method, path, body).await.expect_error(404, "not_found");
            }
        }
        for path in ["/v1/leads", "/v1/submissions", "/v1/clients", "/v1/campaigns", "/v1/requests", "/v1/deliveries", "/v1/users", "/v1/api-keys", "/v1/source-keys", "/v1/plugins", "/v1/audit", "/v1/bulk-jobs", "/v1/organizations", &format!("/v1/deliveries?submission={submission}")] {
            let text = other.admin.get(path).await.expect(200).text;
            for part in ["CAMP", "secret-person", "secret-customer", request.as_str(), &world.organization, &delivery, &key, &source_key, &lead, &bulk_job] {
                assert!(!text.contains(part), "{path} tells of {part}: {text}");
            }
        }
        // Nothing was changed by all that.
        assert_eq!(world.admin.get("/v1/campaigns/CAMP").await.expect(200).json["state"], "active");
        assert_eq!(world.state(&submission).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// O1 O5: a plugin of one organization is none of another's.
    async fn a_plugin_is_its_organizations_own(kind: Kind) {
        let world = World::new(kind).await;
        let bytes = std::fs::read(hookmill_tests::world::workspace().join("target/plugins/hostile.wasm")).expect("`cargo xtask plugins` was run");
        let uploaded = world.admin.put_bytes("/v1/plugins/mine", bytes.clone()).await.expect(201);
        assert_eq!(uploaded.json["version"], 1);
        let again = world.admin.put_bytes("/v1/plugins/mine", bytes).await.expect(201);
        assert_eq!((&again.json["version"], &again.json["component_digest"]), (&json!(1), &uploaded.json["component_digest"]), "the same bytes are the same version");
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "THEIRS", "name": "x"})).await.expect(201);
        let id = uploaded.str("plugin_id");
        other.admin.get(&format!("/v1/plugins/{id}")).await.expect_error(404, "not_found");
        let chosen = json!({"plugin": {"id": id, "version": 1}, "document": "x"});
        other.admin.put("/v1/campaigns/THEIRS/document", &chosen).await.expect_error(422, "invalid");
        assert_eq!(world.admin.get(&format!("/v1/plugins/{id}")).await.expect(200).json["items"].as_array().unwrap().len(), 1);
        world.stop().await;
    }
}

on_both! {
    /// O5: versions that are saved at the same moment are numbered one after the other, and none is rejected.
    async fn versions_saved_at_once_are_numbered(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", "").await;
        let saving: Vec<_> = (0..8).map(|_| {
            let admin = world.admin.clone();
            tokio::spawn(async move { admin.put("/v1/campaigns/CAMP/document", &json!({"document": "version: 1"})).await.expect(201).json["version"].as_i64().unwrap() })
        }).collect();
        let mut numbers = Vec::new();
        for save in saving {
            numbers.push(save.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (2..=9).collect::<Vec<i64>>());
        world.stop().await;
    }
}

on_both! {
    /// O9: a key scoped to a campaign reaches that one alone, and nothing that concerns the whole organization; a revoked one reaches
    /// nothing.
    async fn a_scoped_key_reaches_its_campaigns_alone(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["MINE", "OTHER"] {
            world.draft(id, "").await;
        }
        let ids = world.push_and_settle(json!([{"campaign_id": "MINE"}, {"campaign_id": "OTHER"}])).await;
        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let made = world.admin.post("/v1/api-keys", &json!({"user_id": user, "name": "scoped", "campaigns": ["MINE"]})).await.expect(201);
        let scoped = world.nobody.with_key(&made.str("key"));
        scoped.get("/v1/campaigns/MINE").await.expect(200);
        scoped.patch("/v1/campaigns/MINE", &json!({"name": "z"})).await.expect(200);
        scoped.get(&format!("/v1/submissions/{}", ids[0])).await.expect(200);
        scoped.get("/v1/deliveries?campaign=MINE").await.expect(200);
        let campaigns = scoped.get("/v1/campaigns").await.expect(200).json["items"].clone();
        assert_eq!((campaigns.as_array().unwrap().len(), &campaigns[0]["id"]), (1, &json!("MINE")));

        scoped.get("/v1/campaigns/OTHER").await.expect_error(403, "campaign_not_allowed");
        scoped.put("/v1/campaigns/OTHER/state", &json!({"state": "active"})).await.expect_error(403, "campaign_not_allowed");
        scoped.get(&format!("/v1/submissions/{}", ids[1])).await.expect_error(404, "not_found");
        for (method, path, body) in [("GET", "/v1/users", json!(null)), ("GET", "/v1/deliveries", json!(null)), ("GET", "/v1/requests", json!(null)), ("GET", "/v1/audit", json!(null)), ("GET", "/v1/clients", json!(null)), ("POST", "/v1/clients", json!({"name": "x"})),
            ("POST", "/v1/campaigns", json!({"name": "x"})), ("POST", "/v1/users", json!({"name": "x", "role": "admin"})), ("POST", "/v1/api-keys", json!({"user_id": user, "name": "wide"})),
            ("PUT", "/v1/webhook-settings", json!({"enabled": false, "url": "https://x.example", "events": []}))] {
            send(&scoped, method, path, &body).await.expect_error(403, "key_scoped");
        }
        world.admin.post("/v1/api-keys", &json!({"user_id": user, "name": "none", "campaigns": []})).await.expect_error(422, "invalid");
        world.admin.delete(&format!("/v1/api-keys/{}", made.str("id"))).await.expect(204);
        scoped.get("/v1/campaigns/MINE").await.expect_error(401, "key_unknown");
        let listed = world.admin.get("/v1/api-keys").await.expect(200);
        assert!(!listed.text.contains(&made.str("key")), "a key is seen once");
        world.stop().await;
    }
}

on_both! {
    /// O9: a key in a query string is ignored.
    async fn a_key_in_a_query_is_no_key(kind: Kind) {
        let world = World::new(kind).await;
        world.nobody.get(&format!("/v1/requests?api_key={}", world.source_key)).await.expect_error(401, "key_missing");
        let by_header = world.nobody.request("POST", "/v1/leads").header("x-api-key", &world.source_key).header("content-type", "application/json").body("{}");
        hookmill_tests::client::send(by_header).await.expect_error(422, "envelope_invalid");
        world.stop().await;
    }
}

on_both! {
    /// O3: lists are paged: each row once, whatever the page.
    async fn lists_are_paged(kind: Kind) {
        let world = World::new(kind).await;
        let mut made = Vec::new();
        for index in 0..7 {
            let id = format!("C-{index}");
            world.draft(&id, "").await;
            made.push(id);
        }
        for limit in [1, 3, 7, 50] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = world.admin.get(&format!("/v1/campaigns?limit={limit}&after={after}")).await.expect(200);
                seen.extend(page.json["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
                let Some(next) = page.json["next"].as_str() else { break };
                after = next.to_owned();
            }
            assert_eq!(seen, made, "in pages of {limit}");
        }
        world.draft("LIST", "").await;
        let ids = world.push_and_settle(json!((0..7).map(|n| json!({"campaign_id": "LIST", "n": n})).collect::<Vec<_>>())).await;
        let (mut seen, mut before) = (Vec::new(), String::new());
        loop {
            let page = world.admin.get(&format!("/v1/campaigns/LIST/submissions?limit=3&before={before}")).await.expect(200);
            seen.extend(page.json["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            let Some(next) = page.json["next"].as_str() else { break };
            before = next.to_owned();
        }
        seen.reverse();
        assert_eq!(seen, ids);
        world.stop().await;
    }
}

on_both! {
    /// O8: a caller without permission gets that error, whatever the body is.
    async fn the_role_is_looked_at_before_the_body(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("RR", "").await;
        let viewer = world.user("viewer").await;
        for body in [json!({}), json!([]), json!({"nonsense": 1})] {
            viewer.post("/v1/campaigns", &body).await.expect_error(403, "role_not_allowed");
            viewer.put("/v1/webhook-settings", &body).await.expect_error(403, "role_not_allowed");
            viewer.put("/v1/campaigns/RR/state", &body).await.expect_error(403, "role_not_allowed");
            viewer.put("/v1/campaigns/RR/document", &body).await.expect_error(403, "role_not_allowed");
            viewer.post("/v1/campaigns/RR/dry-run", &body).await.expect_error(403, "role_not_allowed");
            world.admin.post("/v1/campaigns", &body).await.expect_error(422, "invalid");
        }
        world.stop().await;
    }
}

on_both! {
    /// I2: of a rejected request its organization sees code, size and digest; of one without a good key nothing stays.
    async fn what_was_rejected_is_listed(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        world.source.post_bytes("/v1/leads", "application/json", b"{".to_vec()).await.expect_error(400, "invalid_json");
        world.source.post_bytes("/v1/leads", "text/plain", b"abc".to_vec()).await.expect_error(415, "content_type_unsupported");
        world.nobody.post_bytes("/v1/leads", "text/plain", b"abc".to_vec()).await.expect_error(401, "key_missing");
        let page = world.admin.get("/v1/rejected-requests").await.expect(200).json;
        let codes: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
        assert_eq!(codes, ["content_type_unsupported", "invalid_json"]);
        assert_eq!(page["items"][0]["body_bytes"], 3);
        assert_eq!(page["items"][0]["body_digest"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let first = world.admin.get("/v1/rejected-requests?limit=1").await.expect(200).json;
        let next = world.admin.get(&format!("/v1/rejected-requests?limit=1&before={}", first["next"].as_str().unwrap())).await.expect(200).json;
        assert_eq!(next["items"][0]["code"], "invalid_json");
        assert_eq!(other.admin.get("/v1/rejected-requests").await.expect(200).json["items"], json!([]));
        world.stop().await;
    }
}
