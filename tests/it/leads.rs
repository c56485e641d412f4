//! Leads (O4): persons with their submissions across campaigns.

use hookmill_tests::{Client, Kind, World, WorldOptions, command_line, on_both};
use serde_json::{Value, json};

const LIST: &str = "/v1/leads";

async fn find(client: &Client, query: &str) -> Value {
    client.get(&format!("{LIST}{query}")).await.expect(200).json
}

/// The ids of a list.
fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// The e-mail addresses of a list of leads.
async fn emails(client: &Client, query: &str) -> Vec<String> {
    let page = find(client, query).await;
    page["items"].as_array().unwrap().iter().map(|row| row["identity"]["email"].as_str().unwrap().to_owned()).collect()
}

/// Two campaigns that store only.
async fn two(world: &World) {
    for id in ["AA", "BB"] {
        world.draft(id, "").await;
        world.activate(id).await;
    }
}

/// Posts leads one by one, so that each has a time of its own; returns their submissions.
async fn push_in_order(world: &World, leads: Value) -> Vec<String> {
    let mut submissions = Vec::new();
    for lead in leads.as_array().unwrap() {
        world.clock.advance_ms(1_000);
        submissions.extend(world.push_and_settle(json!([lead])).await);
    }
    submissions
}

async fn scoped(world: &World, campaign: &str) -> Client {
    let user = world.admin.get("/v1/me").await.expect(200).str("id");
    let new = json!({"user_id": user, "name": "scoped", "campaigns": [campaign]});
    world.nobody.with_key(&world.admin.post("/v1/api-keys", &new).await.expect(201).str("key"))
}

on_both! {
    /// O4: a person is one lead across campaigns, found by e-mail address and by phone number, with the identity and the status that the newest
    /// submission says, and with all submissions.
    async fn o4_a_person_is_one_lead_across_campaigns(kind: Kind) {
        let world = World::new(kind).await;
        two(&world).await;
        let submissions = push_in_order(&world, json!([
            {"campaign_id": "AA", "first_name": "Ann", "email": "ann@x.example", "phone": "+15125550100"},
            {"campaign_id": "BB", "first_name": "Bob", "email": "bob@x.example"},
            {"campaign_id": "BB", "first_name": "Anna", "last_name": "Lee", "email": "ANN@x.example", "phone": "+15125550199"},
            {"campaign_id": "AA", "first_name": "Anne", "phone": "+15125550100"},
        ])).await;
        let by_email = find(&world.admin, "?email=Ann@X.example").await;
        let ann = ids(&by_email)[0].clone();
        let lead = &by_email["items"][0];
        assert_eq!((&lead["submission_count"], &lead["status"], &by_email["next"], &by_email["searched_until"]), (&json!(3), &json!("delivered"), &Value::Null, &Value::Null));
        assert_eq!((&lead["identity"]["first_name"], &lead["identity"]["email"], &lead["identity"]["phone"]), (&json!("Anne"), &Value::Null, &json!("+15125550100")));
        let newest = json!({"id": submissions[3], "campaign_id": "AA", "state": "delivered", "cause": "stored", "received_at": "2026-03-01T12:00:04Z"});
        assert_eq!(lead["newest_submission"], newest);
        // A `+` in a query is a blank.
        for query in ["?phone=%2B15125550100", "?phone=+15125550100", "?phone=1-512-555-0199", "?email=ann@x.example&phone=15125550199", "?email=ann@x.example&campaign=BB", "?phone=15125550100&campaign=AA,BB"] {
            assert_eq!(ids(&find(&world.admin, query).await), std::slice::from_ref(&ann), "{query}");
        }
        for query in ["?email=nobody@x.example", "?phone=1", "?email=bob@x.example&phone=15125550100", "?email=bob@x.example&campaign=AA", "?email=ann@x.example&tag=vip", "?email=%00"] {
            let found = ids(&find(&world.admin, query).await);
            assert_eq!(found.len(), if query == "?email=%00" { 2 } else { 0 }, "{query}");
        }
        let page = world.admin.get(&format!("{LIST}/{ann}?limit=2")).await.expect(200).json;
        assert_eq!((ids(&page["submissions"]), &page["submissions"]["next"]), (vec![submissions[3].clone(), submissions[2].clone()], &json!(submissions[2])));
        assert_eq!(page["submissions"]["items"][1]["lead"]["last_name"], "Lee");
        let rest = world.admin.get(&format!("{LIST}/{ann}?limit=2&before={}", submissions[2])).await.expect(200).json;
        assert_eq!((ids(&rest["submissions"]), &rest["submissions"]["next"]), (vec![submissions[0].clone()], &Value::Null));
        assert_eq!(rest["identity"], lead["identity"]);
        world.stop().await;
    }
}

on_both! {
    /// O4: a lead is listed once, where its newest submission is, page by page, also where it has one in several pages.
    async fn o4_each_lead_is_listed_once(kind: Kind) {
        let world = World::new(kind).await;
        two(&world).await;
        // What can't be mapped is nobody's.
        world.draft("CC", "version: 1\nmap:\n  fields: {email: {from: email, then: [email]}}\n").await;
        world.activate("CC").await;
        let mail = |name: &str| format!("{name}@x.example");
        push_in_order(&world, json!([
            {"campaign_id": "AA", "email": mail("a")}, {"campaign_id": "BB", "email": mail("b")}, {"campaign_id": "AA", "email": mail("c")},
            {"campaign_id": "AA", "email": mail("b")}, {"campaign_id": "BB", "email": mail("a")}, {"campaign_id": "BB", "email": mail("d")},
            {"campaign_id": "CC", "email": "not an address"}, {"campaign_id": "AA", "email": mail("a")},
        ])).await;
        let expected = |names: &[&str]| names.iter().map(|name| mail(name)).collect::<Vec<_>>();
        assert_eq!(emails(&world.admin, "").await, expected(&["a", "d", "b", "c"]));
        assert_eq!(emails(&world.admin, "?campaign=BB").await, expected(&["d", "a", "b"]));
        assert_eq!(emails(&world.admin, "?campaign=AA,BB").await, expected(&["a", "d", "b", "c"]));
        for (filter, names) in [("", &["a", "d", "b", "c"][..]), ("&campaign=AA", &["a", "b", "c"])] {
            for limit in [1, 2, 3] {
                let (mut seen, mut before) = (Vec::new(), String::new());
                loop {
                    let page = find(&world.admin, &format!("?limit={limit}&before={before}{filter}")).await;
                    seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["identity"]["email"].as_str().unwrap().to_owned()));
                    let Some(next) = page["next"].as_str() else { break };
                    before = next.to_owned();
                }
                assert_eq!(seen, expected(names), "{filter} in pages of {limit}");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// O4: the tags of a lead are those of all its submissions, and it is found by each of them, in the campaigns where it came with it.
    async fn o4_a_lead_has_the_tags_of_its_submissions(kind: Kind) {
        let world = World::new(kind).await;
        two(&world).await;
        push_in_order(&world, json!([
            {"campaign_id": "AA", "email": "ann@x.example", "tags": ["vip", "spring sale"]},
            {"campaign_id": "BB", "email": "ann@x.example", "tags": ["vip", "fair"]},
            {"campaign_id": "BB", "email": "bob@x.example", "tags": ["vip"]},
            {"campaign_id": "AA", "email": "cid@x.example"},
            {"campaign_id": "AA", "email": "ann@x.example"},
        ])).await;
        let ann = find(&world.admin, "?email=ann@x.example").await["items"][0].clone();
        assert_eq!(ann["tags"], json!(["fair", "spring sale", "vip"]));
        assert_eq!(find(&world.admin, "?email=cid@x.example").await["items"][0]["tags"], json!([]));
        let sorted = async |query: &str| {
            let mut found = emails(&world.admin, query).await;
            found.sort();
            found
        };
        let [ann, bob] = ["ann@x.example", "bob@x.example"].map(str::to_owned);
        for (query, expected) in [
            ("?tag=vip", vec![ann.clone(), bob.clone()]),
            ("?tag=spring%20sale", vec![ann.clone()]),
            ("?tag=vip&campaign=AA", vec![ann.clone()]),
            ("?tag=vip&campaign=AA,BB", vec![ann.clone(), bob.clone()]),
            ("?tag=fair&campaign=AA", vec![]),
            ("?tag=VIP", vec![]),
            ("?tag=vip&email=bob@x.example", vec![bob.clone()]),
            ("?tag=fair&email=bob@x.example", vec![]),
        ] {
            assert_eq!(sorted(query).await, expected, "{query}");
        }
        let first = find(&world.admin, "?tag=vip&limit=1").await;
        let second = find(&world.admin, &format!("?tag=vip&limit=1&before={}", first["next"].as_str().unwrap())).await;
        let both = [ids(&first), ids(&second)].concat();
        assert!(both[0] > both[1], "in the order of their ids, the last first: {both:?}");
        // A key that is scoped to a campaign sees the tags that came there.
        let of_a = scoped(&world, "AA").await;
        assert_eq!(find(&of_a, "?email=ann@x.example").await["items"][0]["tags"], json!(["spring sale", "vip"]));
        assert_eq!(emails(&of_a, "?tag=vip").await, std::slice::from_ref(&ann));
        assert_eq!(ids(&find(&of_a, "?tag=fair").await), [""; 0]);
        world.stop().await;
    }
}

on_both! {
    /// O9 O4: a key that is scoped to campaigns sees the leads that have a submission there, and of them those submissions alone.
    async fn o9_a_scoped_key_sees_the_leads_of_its_campaigns(kind: Kind) {
        let world = World::new(kind).await;
        two(&world).await;
        let submissions = push_in_order(&world, json!([
            {"campaign_id": "AA", "email": "ann@x.example", "first_name": "Ann"},
            {"campaign_id": "BB", "email": "ann@x.example", "first_name": "Secret"},
            {"campaign_id": "BB", "email": "bob@x.example"},
        ])).await;
        let of_a = scoped(&world, "AA").await;
        let page = find(&of_a, "").await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
        let lead = &page["items"][0];
        assert_eq!((&lead["identity"]["first_name"], &lead["newest_submission"]["id"]), (&json!("Ann"), &json!(submissions[0])));
        assert_eq!((&lead["submission_count"], &lead["created_at"]), (&Value::Null, &Value::Null));
        let ann = lead["id"].as_str().unwrap();
        let shown = of_a.get(&format!("{LIST}/{ann}")).await.expect(200);
        assert_eq!(ids(&shown.json["submissions"]), [submissions[0].clone()]);
        assert!(!shown.text.contains("Secret") && !shown.text.contains("BB"), "{}", shown.text);
        for query in ["?email=bob@x.example", "?email=bob@x.example&campaign=AA"] {
            assert_eq!(ids(&find(&of_a, query).await), [""; 0], "{query}");
        }
        of_a.get(&format!("{LIST}?campaign=BB")).await.expect_error(403, "campaign_not_allowed");
        let bob = ids(&find(&world.admin, "?email=bob@x.example").await)[0].clone();
        of_a.get(&format!("{LIST}/{bob}")).await.expect_error(404, "not_found");
        // A key whose campaigns are not there sees nobody.
        let of_none = scoped(&world, "NONE").await;
        assert_eq!(ids(&find(&of_none, "").await), [""; 0]);
        of_none.get(&format!("{LIST}/{ann}")).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// O1 O4: nothing crosses organizations, and what is wrong is named.
    async fn o4_what_cannot_be_found_says_so(kind: Kind) {
        let world = World::new(kind).await;
        two(&world).await;
        let other = world.second_organization().await;
        world.push_and_settle(json!([{"campaign_id": "AA", "email": "ann@x.example", "tags": ["vip"]}])).await;
        let ann = ids(&find(&world.admin, "").await)[0].clone();
        for query in ["", "?email=ann@x.example", "?tag=vip"] {
            assert_eq!(ids(&find(&other.admin, query).await), [""; 0], "{query}");
        }
        for path in [format!("{LIST}/{ann}"), format!("{LIST}/lead_none"), format!("{LIST}/%00"), format!("{LIST}?campaign=AA")] {
            other.admin.get(&path).await.expect_error(404, "not_found");
        }
        world.admin.get(&format!("{LIST}?campaign=AA,NONE")).await.expect_error(404, "not_found");
        world.admin.get(&format!("{LIST}?limit=0")).await.expect_error(422, "invalid");
        let many = (0..21).map(|at| format!("C-{at}")).collect::<Vec<_>>().join(",");
        world.admin.get(&format!("{LIST}?campaign={many}")).await.expect_error(422, "invalid");
        world.user("viewer").await.get(&format!("{LIST}/{ann}")).await.expect(200);
        world.source.get(LIST).await.expect_error(403, "source_key_not_allowed");
        world.nobody.get(LIST).await.expect_error(401, "key_missing");
        world.admin.post(LIST, &json!({})).await.expect_error(403, "api_key_not_allowed");
        world.stop().await;
    }
}

on_both! {
    /// H6 O4: one call looks at so many submissions and no more; it says how far it came, and the next one goes on.
    async fn h6_a_search_for_leads_is_bounded(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.search_rows_max = 3;
        let world = World::with(kind, options).await;
        two(&world).await;
        let mut leads = vec![json!({"campaign_id": "AA", "email": "ann@x.example"})];
        leads.extend((0..5).map(|_| json!({"campaign_id": "AA", "email": "bob@x.example"})));
        push_in_order(&world, json!(leads)).await;
        let first = find(&world.admin, "").await;
        assert_eq!((first["items"].as_array().unwrap().len(), &first["searched_until"]), (1, &json!("2026-03-01T12:00:04Z")), "{first}");
        let second = find(&world.admin, &format!("?before={}", first["next"].as_str().unwrap())).await;
        assert_eq!((&second["items"][0]["identity"]["email"], second["items"].as_array().unwrap().len()), (&json!("ann@x.example"), 1), "{second}");
        world.stop().await;
    }
}

/// O4 H3: the same at the command line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o4_leads_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    two(&world).await;
    let lead = json!({"campaign_id": "AA", "first_name": "Ann", "email": "ann@x.example", "tags": ["vip"]});
    let submissions = world.push_and_settle(json!([lead])).await;
    let found = command_line::print(&world.admin, &["leads", "find", "--email", "ANN@x.example"]).await;
    let id = found.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a row").to_owned();
    assert!(found.contains("Ann") && found.contains("delivered") && found.contains("vip"), "{found}");
    assert_eq!(command_line::print(&world.admin, &["leads", "find", "--tag", "x"]).await, "no leads\n");
    let shown = command_line::print(&world.admin, &["leads", "show", &id]).await;
    assert!(shown.contains(&submissions[0]) && shown.contains("stored"), "{shown}");
    let json: Value =
        serde_json::from_str(&command_line::print(&world.admin, &["leads", "show", &id, "--json"]).await).unwrap();
    assert_eq!(json["id"], id.as_str());
    assert!(command_line::fail(&world.admin, &["leads", "show", "lead_none"]).await.contains("not_found"));
    world.stop().await;
}
