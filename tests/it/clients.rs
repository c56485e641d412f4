//! Clients (O2): the customers for whom campaigns run.

use hookmill_tests::{Client, Kind, World, command_line, on_both};
use serde_json::{Value, json};

const LIST: &str = "/v1/clients";

async fn create(admin: &Client, name: &str) -> String {
    admin.post(LIST, &json!({"name": name})).await.expect(201).str("id")
}

async fn client_of(world: &World, campaign: &str) -> Value {
    world.admin.get(&format!("/v1/campaigns/{campaign}")).await.expect(200).json["client_id"].clone()
}

fn ids(page: &Value, list: &str) -> Vec<String> {
    page[list].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    /// O2: a client is created, renamed and listed; a campaign runs for one, for another, and for none again.
    async fn o2_campaigns_run_for_clients(kind: Kind) {
        let world = World::new(kind).await;
        let (sunny, rainy) = (create(&world.admin, " Sunny ").await, create(&world.admin, "Rainy").await);
        assert_eq!(ids(&world.admin.get(LIST).await.expect(200).json, "items"), [sunny.clone(), rainy.clone()]);
        let first = world.admin.get(&format!("{LIST}?limit=1")).await.expect(200).json;
        assert_eq!((ids(&first, "items"), &first["next"]), (vec![sunny.clone()], &json!(sunny)));
        assert_eq!(ids(&world.admin.get(&format!("{LIST}?after={sunny}")).await.expect(200).json, "items"), std::slice::from_ref(&rainy));

        world.admin.post("/v1/campaigns", &json!({"id": "AA", "name": "a", "client_id": sunny})).await.expect(201);
        world.admin.post("/v1/campaigns", &json!({"id": "BB", "name": "b"})).await.expect(201);
        assert_eq!((client_of(&world, "AA").await, client_of(&world, "BB").await), (json!(sunny), Value::Null));
        let page = world.admin.get(&format!("{LIST}/{sunny}")).await.expect(200).json;
        assert_eq!((&page["name"], &page["campaigns"], &page["next"]), (&json!("Sunny"), &json!([{"id": "AA", "name": "a", "state": "draft"}]), &Value::Null));
        world.admin.patch("/v1/campaigns/BB", &json!({"client_id": sunny})).await.expect(200);
        world.admin.patch("/v1/campaigns/BB", &json!({"name": "bb"})).await.expect(200);
        let of_sunny = world.admin.get(&format!("/v1/campaigns?client={sunny}")).await.expect(200).json;
        assert_eq!(ids(&of_sunny, "items"), ["AA", "BB"]);
        let rest = world.admin.get(&format!("/v1/campaigns?client={sunny}&after=AA&limit=1")).await.expect(200).json;
        assert_eq!(ids(&rest, "items"), ["BB"]);
        world.admin.patch("/v1/campaigns/BB", &json!({"client_id": rainy})).await.expect(200);
        assert_eq!(ids(&world.admin.get(&format!("{LIST}/{rainy}")).await.expect(200).json, "campaigns"), ["BB"]);
        world.admin.patch("/v1/campaigns/BB", &json!({"client_id": null})).await.expect(200);
        assert_eq!(client_of(&world, "BB").await, Value::Null);

        let renamed = world.admin.patch(&format!("{LIST}/{sunny}"), &json!({"name": "Sunny Ltd"})).await.expect(200).json;
        assert_eq!((&renamed["id"], &renamed["name"]), (&json!(sunny), &json!("Sunny Ltd")));
        let same = world.admin.patch(&format!("{LIST}/{sunny}"), &json!({})).await.expect(200).json;
        assert_eq!(same["name"], "Sunny Ltd");
        world.stop().await;
    }
}

on_both! {
    /// O2: a client with campaigns stays, and the error names them, archived ones too; without any it can be deleted, once.
    async fn o2_a_client_with_campaigns_is_not_deleted(kind: Kind) {
        let world = World::new(kind).await;
        let client = create(&world.admin, "Sunny").await;
        let path = format!("{LIST}/{client}");
        for number in 0..22 {
            let new = json!({"id": format!("C-{number}"), "name": "x", "client_id": client});
            world.admin.post("/v1/campaigns", &new).await.expect(201);
        }
        world.admin.put("/v1/campaigns/C-0/state", &json!({"state": "archived"})).await.expect(200);
        let error = world.admin.delete(&path).await.expect_error(409, "client_has_campaigns").json["error"].clone();
        assert_eq!((error["campaigns"].as_array().unwrap().len(), &error["campaigns"][0], &error["campaign_count"]), (20, &json!("C-0"), &json!(22)));
        assert!(error["message"].as_str().unwrap().contains("`C-1`") && error["message"].as_str().unwrap().contains("and 2 more"), "{error}");
        for number in 0..22 {
            world.admin.patch(&format!("/v1/campaigns/C-{number}"), &json!({"client_id": null})).await.expect(200);
        }
        world.admin.delete(&path).await.expect(204);
        world.admin.delete(&path).await.expect_error(404, "not_found");
        world.admin.get(&path).await.expect_error(404, "not_found");
        world.admin.patch("/v1/campaigns/C-1", &json!({"client_id": client})).await.expect_error(422, "invalid");
        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200).json;
        let of_client = lines["items"].as_array().unwrap().iter().filter(|line| line["subject"] == client.as_str());
        let actions: Vec<Value> = of_client.map(|line| line["action"].clone()).collect();
        assert_eq!(actions, ["client.deleted", "client.created"]);
        world.stop().await;
    }
}

on_both! {
    /// O2: of a client that is deleted while a campaign comes to run for it, one of the two is rejected.
    async fn o2_a_client_is_not_deleted_below_a_campaign(kind: Kind) {
        let world = World::new(kind).await;
        world.admin.post("/v1/campaigns", &json!({"id": "RACE", "name": "x"})).await.expect(201);
        for _ in 0..10 {
            let client = create(&world.admin, "Sunny").await;
            let (path, change) = (format!("{LIST}/{client}"), json!({"client_id": client}));
            let (deleted, set) = tokio::join!(world.admin.delete(&path), world.admin.patch("/v1/campaigns/RACE", &change));
            match (deleted.status, set.status) {
                (204, 422) => assert_ne!(client_of(&world, "RACE").await, json!(client)),
                (409, 200) => assert_eq!(client_of(&world, "RACE").await, json!(client)),
                other => panic!("{other:?}: {} {}", deleted.text, set.text),
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// O1 O2: what is wrong is named where it is; nothing crosses organizations.
    async fn o2_what_is_wrong_with_a_client_is_named(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        let (own, theirs) = (create(&world.admin, "Own").await, create(&other.admin, "Theirs").await);
        for bad in [json!({}), json!({"name": ""}), json!({"name": "a\u{0}b"}), json!({"name": "x", "nme": "y"}), json!({"name": "x".repeat(256)})] {
            world.admin.post(LIST, &bad).await.expect_error(422, "invalid");
        }
        for bad in [json!({"name": null, "x": 1}), json!({"name": " "})] {
            world.admin.patch(&format!("{LIST}/{own}"), &bad).await.expect_error(422, "invalid");
        }
        world.admin.post("/v1/campaigns", &json!({"id": "MINE", "name": "x"})).await.expect(201);
        for client in [theirs.as_str(), "cli_none", "", "\u{0}"] {
            let created = world.admin.post("/v1/campaigns", &json!({"name": "x", "client_id": client})).await;
            assert_eq!(created.expect_error(422, "invalid").json["error"]["details"][0]["path"], "client_id");
            world.admin.patch("/v1/campaigns/MINE", &json!({"client_id": client})).await.expect_error(422, "invalid");
        }
        world.admin.patch("/v1/campaigns/MINE", &json!({"client_id": 7})).await.expect_error(422, "invalid");
        assert_eq!(client_of(&world, "MINE").await, Value::Null);
        for path in [format!("{LIST}/{theirs}"), format!("{LIST}/cli_none"), format!("{LIST}/%00")] {
            world.admin.get(&path).await.expect_error(404, "not_found");
            world.admin.patch(&path, &json!({"name": "x"})).await.expect_error(404, "not_found");
            world.admin.delete(&path).await.expect_error(404, "not_found");
        }
        assert_eq!(ids(&other.admin.get(LIST).await.expect(200).json, "items"), std::slice::from_ref(&theirs));
        assert_eq!(ids(&world.admin.get(&format!("/v1/campaigns?client={theirs}")).await.expect(200).json, "items"), [""; 0]);
        world.stop().await;
    }
}

on_both! {
    /// O2 M1: a document reads for whom its campaign runs, by the name that the client has now.
    async fn o2_a_document_reads_the_client(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("DOC", "version: 1\nmap:\n  fields: {buyer: campaign.client.name, buyer_id: campaign.client.id}\n").await;
        world.activate("DOC").await;
        let before = world.push_and_settle(json!([{"campaign_id": "DOC"}])).await;
        let client = create(&world.admin, "Sunny").await;
        world.admin.patch("/v1/campaigns/DOC", &json!({"client_id": client})).await.expect(200);
        let with = world.push_and_settle(json!([{"campaign_id": "DOC"}])).await;
        world.admin.patch(&format!("{LIST}/{client}"), &json!({"name": "Rainy"})).await.expect(200);
        let renamed = world.push_and_settle(json!([{"campaign_id": "DOC"}])).await;
        let mut read = Vec::new();
        for id in [&before[0], &with[0], &renamed[0]] {
            let page = world.submission(id).await;
            read.push((page["lead"]["custom"]["buyer"].clone(), page["lead"]["custom"]["buyer_id"].clone()));
        }
        assert!(read[0].0.is_null() && read[0].1.is_null(), "{read:?}");
        assert_eq!(read[1..], [(json!("Sunny"), json!(client)), (json!("Rainy"), json!(client))]);
        world.stop().await;
    }
}

/// O2 H3: the same at the command line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o2_clients_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    let admin = &world.admin;
    let created = command_line::print(admin, &["clients", "create", "Sunny Roofs"]).await;
    let id = created.trim().strip_prefix("created ").expect("an id").to_owned();
    world.admin.post("/v1/campaigns", &json!({"id": "SOLAR", "name": "Solar", "client_id": id})).await.expect(201);
    let listed = command_line::print(admin, &["clients", "list"]).await;
    assert!(listed.contains(&id) && listed.contains("Sunny Roofs"), "{listed}");
    let shown = command_line::print(admin, &["clients", "show", &id]).await;
    assert!(shown.contains("Sunny Roofs") && shown.contains("SOLAR") && shown.contains("draft"), "{shown}");
    let failed = command_line::fail(admin, &["clients", "delete", &id]).await;
    assert!(failed.contains("client_has_campaigns") && failed.contains("`SOLAR`"), "{failed}");
    assert_eq!(command_line::print(admin, &["clients", "rename", &id, "Rainy"]).await, format!("renamed {id}\n"));
    world.admin.patch("/v1/campaigns/SOLAR", &json!({"client_id": null})).await.expect(200);
    assert_eq!(command_line::print(admin, &["clients", "delete", &id]).await, format!("deleted {id}\n"));
    assert!(command_line::fail(admin, &["clients", "show", "../me"]).await.contains("is not an id"));
    world.stop().await;
}
