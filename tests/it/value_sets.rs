//! Value sets: put and read over the API, looked up by plugins as far as they were granted, edited while leads come in, and known
//! of every submission that read them [M7 P5 P8].

use hookmill_domain::clock::Clock;
use hookmill_store::value_sets::{Edited, ValueSetLimits};
use hookmill_tests::client::send;
use hookmill_tests::sample::audit_entry;
use hookmill_tests::{Behaviour, Client, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};

const CSV: &str = "text/csv";

/// Puts a table.
async fn put(client: &Client, name: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let request = client.request("PUT", &format!("/v1/value-sets/{name}"));
    send(request.header("content-type", content_type).body(body.into())).await
}

async fn put_json(client: &Client, name: &str, table: &Value) -> Response {
    put(client, name, "application/json", table.to_string()).await
}

/// A campaign on the hostile plugin, which looks up `red` in `colours` when a lead tells it to.
async fn looking_up(world: &World, id: &str) {
    world.campaign(id, "").await;
    let uploaded = world.admin.put_bytes("/v1/plugins/hostile", crate::engine::guest("hostile")).await.expect(201);
    let chosen =
        json!({"plugin": {"id": "hostile", "version": uploaded.json["version"]}, "document": "any", "activate": true});
    world.admin.put(&format!("/v1/campaigns/{id}/document"), &chosen).await.expect(201);
}

async fn grant(world: &World, id: &str, names: &[&str]) {
    let changed = world.admin.patch(&format!("/v1/campaigns/{id}"), &json!({"granted_value_sets": names})).await;
    assert_eq!(changed.expect(200).json["granted_value_sets"], json!(names));
}

/// Posts a lead that has `red` looked up in `colours`; returns its submission.
async fn look_up(world: &World, id: &str) -> Value {
    let ids = world.push_and_settle(json!([{"campaign_id": id, "do": "map:lookup"}])).await;
    world.submission(&ids[0]).await
}

fn found(submission: &Value) -> &str {
    submission["lead"]["custom"]["found"].as_str().unwrap_or_else(|| panic!("nothing was looked up: {submission}"))
}

on_both! {
    /// M7: a table is put as CSV or JSON, read back, listed and paged; the same entries are the same table.
    async fn a_table_is_put_and_read(kind: Kind) {
        let world = World::new(kind).await;
        let first = put(&world.admin, "zips", CSV, "zip,city,state\n00501,Holtsville,NY\n78701, Austin ,TX\n").await.expect(200).json;
        assert_eq!((&first["version"], &first["entries"], &first["changed"]), (&json!(1), &json!(2), &json!(true)));
        let same = json!({"78701": {"city": "Austin", "state": "TX"}, "00501": {"city": "Holtsville", "state": "NY"}});
        let again = put_json(&world.admin, "zips", &same).await.expect(200).json;
        assert_eq!((&again["version"], &again["digest"], &again["changed"]), (&json!(1), &first["digest"], &json!(false)));
        // printf '{"00501":{"city":"Holtsville","state":"NY"},"78701":{"city":"Austin","state":"TX"}}' | sha256sum
        assert_eq!(first["digest"], "7ff246e50f7502c7af72f6eca76623ca9a2f3ecc087dfe47d299b374abb31acc");
        put_json(&world.admin, "blocked", &json!(["b@x.example", "a@x.example", "c@x.example"])).await.expect(200);

        let list = world.admin.get("/v1/value-sets").await.expect(200).json;
        assert_eq!(list["items"].as_array().unwrap().iter().map(|set| set["name"].as_str().unwrap()).collect::<Vec<_>>(), ["zips", "blocked"]);
        let entries = world.admin.get("/v1/value-sets/blocked/entries?limit=2").await.expect(200).json;
        assert_eq!(entries["items"], json!([{"key": "a@x.example", "value": true}, {"key": "b@x.example", "value": true}]));
        let rest = world.admin.get(&format!("/v1/value-sets/blocked/entries?limit=2&after={}", entries["next"].as_str().unwrap())).await.expect(200).json;
        assert_eq!((&rest["items"], &rest["next"]), (&json!([{"key": "c@x.example", "value": true}]), &Value::Null));
        let austin = world.admin.get("/v1/value-sets/zips/lookup?key=78701").await.expect(200).json;
        assert_eq!((&austin["found"], &austin["value"]["city"], &austin["digest"]), (&json!(true), &json!("Austin"), &first["digest"]));
        let nowhere = world.admin.get("/v1/value-sets/zips/lookup?key=501").await.expect(200).json;
        assert_eq!((&nowhere["found"], nowhere.get("value")), (&json!(false), None));
        world.stop().await;
    }
}

on_both! {
    /// M7: every edit is a version; going back is one call; what was deleted can be brought back.
    async fn every_edit_is_a_version(kind: Kind) {
        let world = World::new(kind).await;
        for table in [json!(["a"]), json!(["a", "b"]), json!(["c"])] {
            put_json(&world.admin, "set", &table).await.expect(200);
        }
        let keys = async |query: &str| {
            let page = world.admin.get(&format!("/v1/value-sets/set/entries{query}")).await.expect(200).json;
            page["items"].as_array().unwrap().iter().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((keys("").await, keys("?version=2").await), (vec!["c".into()], vec!["a".into(), "b".into()]));
        let restored = world.admin.post("/v1/value-sets/set/versions/2/restore", &json!({})).await.expect(200).json;
        assert_eq!((&restored["version"], keys("").await.len()), (&json!(2), 2));
        let versions = world.admin.get("/v1/value-sets/set/versions?limit=2").await.expect(200).json;
        let shown: Vec<_> = versions["items"].as_array().unwrap().iter().map(|one| (one["version"].as_i64().unwrap(), one["current"].as_bool().unwrap())).collect();
        assert_eq!((shown, &versions["next"]), (vec![(3, false), (2, true)], &json!("2")));
        let older = world.admin.get("/v1/value-sets/set/versions?before=2").await.expect(200).json;
        assert_eq!((older["items"].as_array().unwrap().len(), &older["items"][0]["version"]), (1, &json!(1)));

        world.admin.delete("/v1/value-sets/set").await.expect(204);
        world.admin.delete("/v1/value-sets/set").await.expect_error(404, "not_found");
        world.admin.get("/v1/value-sets/set").await.expect_error(404, "not_found");
        world.admin.get("/v1/value-sets/set/entries").await.expect_error(404, "not_found");
        assert_eq!(world.admin.get("/v1/value-sets").await.expect(200).json["items"], json!([]));
        world.admin.post("/v1/value-sets/set/versions/9/restore", &json!({})).await.expect_error(404, "not_found");
        world.admin.post("/v1/value-sets/set/versions/1/restore", &json!({})).await.expect(200);
        assert_eq!(keys("").await, ["a"]);
        world.admin.delete("/v1/value-sets/set").await.expect(204);
        let fresh = put_json(&world.admin, "set", &json!(["a"])).await.expect(200).json;
        assert_eq!((&fresh["version"], &fresh["changed"]), (&json!(4), &json!(true)));
        let page = world.admin.get("/v1/value-sets/set").await.expect(200).json;
        assert_eq!((&page["version"], page["versions"].as_array().unwrap().len()), (&json!(4), 4));

        let audit = world.admin.get("/v1/audit").await.expect(200).json;
        let lines: Vec<&str> = audit["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).filter(|action| action.starts_with("value_set")).collect();
        assert_eq!(lines, ["value_set.put", "value_set.deleted", "value_set.restored", "value_set.deleted", "value_set.restored", "value_set.put", "value_set.put", "value_set.put"]);
        world.stop().await;
    }
}

on_both! {
    /// M7 H6: what is wrong with a table is reported with its place, and nothing is stored; what an organization may have is bounded.
    async fn what_is_not_a_table_is_rejected(kind: Kind) {
        let mut options = WorldOptions::default();
        (options.settings.limits.value_sets_max, options.settings.limits.value_sets_bytes_max) = (2, 60);
        let world = World::with(kind, options).await;
        let rejected = put(&world.admin, "zips", CSV, "key,value\na,1\nb,2\na,3\n,4\n").await.expect_error(422, "value_set_invalid");
        let problems = &rejected.json["error"]["problems"];
        assert_eq!((&problems[0]["line"], &problems[0]["code"], &problems[1]["line"]), (&json!(4), &json!("contradicting_key"), &json!(5)));
        assert!(problems[0]["message"].as_str().unwrap().contains("line 2"), "{problems}");
        put(&world.admin, "zips", "application/json", "{\"a\": ").await.expect_error(400, "invalid_json");
        put(&world.admin, "zips", "text/plain", "a").await.expect_error(415, "content_type_unsupported");
        put(&world.admin, "zips", "text/csv; header=maybe", "a").await.expect_error(422, "invalid");
        put(&world.admin, "%20", CSV, "a").await.expect_error(422, "invalid");
        put(&world.admin, "zips", CSV, vec![b'a'; (16 << 20) + 1]).await.expect_error(413, "body_too_large");
        world.admin.get("/v1/value-sets/zips").await.expect_error(404, "not_found");

        put_json(&world.admin, "one", &json!(["a"])).await.expect(200);
        put_json(&world.admin, "two", &json!(["x".repeat(60)])).await.expect_error(409, "value_sets_too_large");
        put_json(&world.admin, "two", &json!(["b"])).await.expect(200);
        put_json(&world.admin, "three", &json!(["c"])).await.expect_error(409, "too_many_value_sets");
        put_json(&world.admin, "two", &json!(["c"])).await.expect(200);
        let odd = put(&world.admin, "two", CSV, "a\nb\na\n").await.expect(200).json;
        let codes: Vec<_> = odd["warnings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["first_row_is_an_entry", "repeated_key"]);
        world.stop().await;
    }
}

on_both! {
    /// M7 O8: admins write, everybody of the organization reads, and nothing crosses organizations.
    async fn value_sets_are_the_organizations(kind: Kind) {
        let world = World::new(kind).await;
        put_json(&world.admin, "set", &json!({"a": "ours"})).await.expect(200);
        for role in ["integrator", "viewer"] {
            let user = world.user(role).await;
            put_json(&user, "set", &json!([])).await.expect_error(403, "role_not_allowed");
            user.delete("/v1/value-sets/set").await.expect_error(403, "role_not_allowed");
            user.post("/v1/value-sets/set/versions/1/restore", &json!({})).await.expect_error(403, "role_not_allowed");
            assert_eq!(user.get("/v1/value-sets/set/lookup?key=a").await.expect(200).json["value"], "ours");
        }
        let other = world.second_organization().await.admin;
        for path in ["", "/entries", "/lookup?key=a", "/versions"] {
            other.get(&format!("/v1/value-sets/set{path}")).await.expect_error(404, "not_found");
        }
        other.delete("/v1/value-sets/set").await.expect_error(404, "not_found");
        other.post("/v1/value-sets/set/versions/1/restore", &json!({})).await.expect_error(404, "not_found");
        put_json(&other, "set", &json!({"a": "theirs"})).await.expect(200);
        assert_eq!(world.admin.get("/v1/value-sets/set/lookup?key=a").await.expect(200).json["value"], "ours");
        assert_eq!(other.get("/v1/value-sets").await.expect(200).json["items"].as_array().unwrap().len(), 1);
        world.stop().await;
    }
}

on_both! {
    /// P5 M7 P8: a plugin reads what it was granted and nothing else; an edit is seen by the next batch without anything being
    /// compiled again; each submission knows what it read.
    async fn a_plugin_reads_what_it_was_granted(kind: Kind) {
        let world = World::new(kind).await;
        looking_up(&world, "LOOK").await;
        let first = put_json(&world.admin, "colours", &json!({"red": "#f00"})).await.expect(200).json;
        put_json(&world.admin, "other", &json!({"red": "#0f0"})).await.expect(200);

        let rejected = look_up(&world, "LOOK").await;
        assert!(found(&rejected).contains("not-granted"), "{rejected}");
        assert_eq!(rejected["value_sets"], Value::Null);
        grant(&world, "LOOK", &["other"]).await;
        assert!(found(&look_up(&world, "LOOK").await).contains("not-granted"));

        grant(&world, "LOOK", &["colours", "other"]).await;
        let granted = look_up(&world, "LOOK").await;
        assert!(found(&granted).contains("#f00"), "{granted}");
        assert_eq!(granted["value_sets"], json!({"colours": first["digest"]}), "what was read, and nothing else");
        assert_eq!(granted["state"], "delivered");

        let second = put(&world.admin, "colours", CSV, "key,value\nred,#e00\n").await.expect(200).json;
        let edited = look_up(&world, "LOOK").await;
        assert!(found(&edited).contains("#e00"), "{edited}");
        assert_eq!(edited["value_sets"], json!({"colours": second["digest"]}));
        assert_eq!(edited["campaign_version_id"], granted["campaign_version_id"]);
        assert_eq!(world.submission(granted["id"].as_str().unwrap()).await["value_sets"], granted["value_sets"]);

        world.admin.post("/v1/value-sets/colours/versions/1/restore", &json!({})).await.expect(200);
        assert!(found(&look_up(&world, "LOOK").await).contains("#f00"));
        put_json(&world.admin, "colours", &json!({})).await.expect(200);
        let empty = look_up(&world, "LOOK").await;
        assert_eq!((found(&empty), empty["value_sets"].as_object().unwrap().len()), ("Ok(None)", 1));
        world.admin.delete("/v1/value-sets/colours").await.expect(204);
        let gone = look_up(&world, "LOOK").await;
        assert!(found(&gone).contains("\"unknown\"") && gone["value_sets"].is_null(), "{gone}");
        world.stop().await;
    }
}

on_both! {
    /// P5: a grant is the campaign's; another organization's table of the same name is another table.
    async fn a_grant_reaches_no_other_organization(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        put_json(&other.admin, "colours", &json!({"red": "theirs"})).await.expect(200);
        looking_up(&world, "LOOK").await;
        grant(&world, "LOOK", &["colours"]).await;
        assert!(found(&look_up(&world, "LOOK").await).contains("\"unknown\""));
        put_json(&world.admin, "colours", &json!({"red": "ours"})).await.expect(200);
        assert!(found(&look_up(&world, "LOOK").await).contains("ours"));
        world.stop().await;
    }
}

on_both! {
    /// M7 M10: a dry run reads what production reads, and says which tables these were.
    async fn a_dry_run_reads_the_same_tables(kind: Kind) {
        let world = World::new(kind).await;
        looking_up(&world, "LOOK").await;
        let put = put_json(&world.admin, "colours", &json!({"red": [1, {"x": null}]})).await.expect(200).json;
        let dry = async || world.admin.post("/v1/campaigns/LOOK/dry-run", &json!({"body": {"do": "map:lookup"}})).await.expect(200).json;
        let rejected = dry().await;
        assert!(rejected["stages"][0].to_string().contains("not-granted") && rejected["value_sets"] == json!({}), "{rejected}");
        grant(&world, "LOOK", &["colours"]).await;
        let granted = dry().await;
        assert!(granted["stages"][0].to_string().contains("null"), "{granted}");
        assert_eq!(granted["value_sets"], json!({"colours": put["digest"]}));
        world.stop().await;
    }
}

on_both! {
    /// M7: a hundred thousand entries are taken, found, and looked up by leads; one more is too many.
    async fn a_hundred_thousand_entries(kind: Kind) {
        let world = World::new(kind).await;
        looking_up(&world, "LOOK").await;
        grant(&world, "LOOK", &["colours"]).await;
        let mut rows: String = (1..100_000).map(|n| format!("key-{n:06},value {n}\n")).collect();
        rows.push_str("red,#f00\n");
        let taken = put(&world.admin, "colours", "text/csv; header=absent", rows.clone()).await.expect(200).json;
        assert_eq!((&taken["entries"], &taken["warnings"]), (&json!(100_000), &json!([])));
        let one = world.admin.get("/v1/value-sets/colours/lookup?key=key-054321").await.expect(200).json;
        assert_eq!(one["value"], "value 54321");
        let leads: Vec<Value> = (0..100).map(|_| json!({"campaign_id": "LOOK", "do": "map:lookup"})).collect();
        for id in world.push_and_settle(json!(leads)).await {
            let submission = world.submission(&id).await;
            assert!(found(&submission).contains("#f00"), "{submission}");
            assert_eq!(submission["value_sets"], json!({"colours": taken["digest"]}));
        }
        rows.push_str("one,more\n");
        let rejected = put(&world.admin, "colours", "text/csv; header=absent", rows).await.expect_error(422, "value_set_invalid");
        assert_eq!(rejected.json["error"]["problems"][0]["code"], "too_many_entries");
        world.stop().await;
    }
}

on_both! {
    /// P8: what later stages read is known, too: with the message to a webhook, and with the attempt whose response was read.
    async fn what_later_stages_read_is_known(kind: Kind) {
        let world = World::new(kind).await;
        looking_up(&world, "LOOK").await;
        grant(&world, "LOOK", &["colours"]).await;
        world.subscribe().await;
        let digest = put_json(&world.admin, "colours", &json!({"red": "#f00"})).await.expect(200).json["digest"].clone();
        let read = json!({"colours": digest});
        world.receiver.always("/client/LOOK", Behaviour::json(200, &json!({"do": "interpret:lookup"})));
        let ids = world.push_and_settle(json!([{"campaign_id": "LOOK", "do": "shape:lookup"}])).await;
        let submission = world.submission(&ids[0]).await;
        assert_eq!(submission["value_sets"], read, "the client's message read it");
        assert!(world.receiver.at("/client/LOOK")[0].json()["found"].as_str().unwrap().contains("#f00"));
        let deliveries = world.admin.get(&format!("/v1/deliveries?submission={}", ids[0])).await.expect(200).json;
        for delivery in deliveries["items"].as_array().unwrap() {
            let page = world.admin.get(&format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap())).await.expect(200).json;
            let attempt = &page["log"][0]["detail"]["value_sets"];
            match delivery["destination_kind"].as_str() {
                Some("client") => assert_eq!((&page["message"]["value_sets"], attempt), (&json!({}), &read)),
                _ => assert_eq!((&page["message"]["value_sets"], attempt), (&read, &json!({}))),
            }
        }
        assert_eq!(deliveries["items"].as_array().unwrap().len(), 3);
        world.stop().await;
    }
}

on_both! {
    /// M7: an edit counts at once on the host where it is made, and on others as soon as what they looked up is not trusted any more.
    async fn an_edit_counts_at_once_here_and_within_a_second_elsewhere(kind: Kind) {
        let mut options = WorldOptions::default();
        // No table stays in memory: each batch fetches what it reads.
        (options.settings.limits.lookup_ttl_ms, options.settings.limits.value_sets_cached_bytes_max) = (1_000, 1);
        let world = World::with(kind, options).await;
        looking_up(&world, "LOOK").await;
        grant(&world, "LOOK", &["colours"]).await;
        for colour in ["#f00", "#e00", "#d00"] {
            put_json(&world.admin, "colours", &json!({"red": colour})).await.expect(200);
            assert!(found(&look_up(&world, "LOOK").await).contains(colour));
        }
        // As another host would do it.
        let store = world.pipeline().store();
        let limits = ValueSetLimits { sets_max: 10, bytes_max: 1_000 };
        let restored = store.restore_value_set(&world.organization, "colours", 1, limits, &audit_entry(), world.clock.now()).await.unwrap();
        assert!(matches!(restored, Edited::Done { changed: true, .. }), "{restored:?}");
        world.clock.advance_ms(999);
        assert!(found(&look_up(&world, "LOOK").await).contains("#d00"));
        world.clock.advance_ms(1);
        assert!(found(&look_up(&world, "LOOK").await).contains("#f00"));
        world.stop().await;
    }
}

on_both! {
    /// M7: two who put at one moment make two versions, one after the other, and the organization keeps to what it may have.
    async fn two_who_edit_at_one_moment_come_one_after_the_other(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.value_sets_max = 3;
        let world = World::with(kind, options).await;
        let mut edits = tokio::task::JoinSet::new();
        for n in 0..12 {
            let admin = world.admin.clone();
            edits.spawn(async move { put_json(&admin, &format!("set{}", n % 6), &json!([n])).await.status });
        }
        let statuses = edits.join_all().await;
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        let sets = world.admin.get("/v1/value-sets").await.expect(200).json["items"].clone();
        assert_eq!(sets.as_array().unwrap().len(), 3, "{sets}");
        let made: i64 = sets.as_array().unwrap().iter().map(|set| set["version"].as_i64().unwrap()).sum();
        assert_eq!(made, statuses.iter().filter(|status| **status == 200).count() as i64);
        world.stop().await;
    }
}
