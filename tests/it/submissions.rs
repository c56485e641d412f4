//! Submissions as an admin finds them, and why each is in its state (O4).

use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Client, Kind, World, WorldOptions, command_line, on_both};
use serde_json::{Value, json};

const LIST: &str = "/v1/submissions";

/// A document with a strict field and rules.
const STRICT: &str = "
version: 1
map:
  fields: {email: {from: email, then: [email]}, state: state, bill: bill}
qualify:
  - {field: state, op: in, values: [CA, TX], reason: not served}
  - {field: custom.bill, op: ge, value: 100, reason: bill too low}
";

/// A document that reads what the client says.
const READING: &str = "
version: 1
map:
  fields: {email: email}
interpret:
  outcomes:
    - {outcome: accepted, when: {field: result, op: eq, value: ok}, reference: id}
    - {outcome: rejected, when: {field: result, op: eq, value: no}, reason: why}
    - {outcome: duplicate, when: {field: result, op: eq, value: known}, reason: why}
";

async fn list(client: &Client, query: &str) -> Value {
    client.get(&format!("{LIST}{query}")).await.expect(200).json
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list, in pages of so many.
async fn all_pages(client: &Client, filter: &str, limit: usize) -> Vec<String> {
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = list(client, &format!("?limit={limit}&before={before}{filter}")).await;
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { return seen };
        before = next.to_owned();
    }
}

async fn why(world: &World, id: &str) -> Value {
    world.submission(id).await["why"].clone()
}

/// What is known of a submission by whoever posted it.
struct Posted {
    id: String,
    campaign: &'static str,
    state: &'static str,
    cause: &'static str,
    second: i64,
    email: &'static str,
    rule: &'static str,
}

/// Submissions in several campaigns and states, a second apart, the newest first.
async fn posted(world: &World) -> Vec<Posted> {
    for (id, document) in [("AA", ""), ("RR", STRICT)] {
        world.draft(id, document).await;
        world.activate(id).await;
    }
    world.draft("DD", "").await;
    let table = [
        ("AA", json!({"email": "ann@x.example", "comment": "likes Öl"}), "delivered", "stored", "ann@x.example", ""),
        (
            "RR",
            json!({"email": "bob@x.example", "state": "NV", "bill": 200}),
            "disqualified",
            "rules",
            "bob@x.example",
            "state",
        ),
        ("RR", json!({"email": "nobody", "state": "CA", "bill": 200}), "quarantined", "map_failed", "", ""),
        ("AA", json!({"email": "bob@x.example"}), "delivered", "stored", "bob@x.example", ""),
        ("DD", json!({"email": "ann@x.example"}), "pending", "campaign_draft", "", ""),
        (
            "RR",
            json!({"email": "ann@x.example", "state": "TX", "bill": 5}),
            "disqualified",
            "rules",
            "ann@x.example",
            "custom.bill",
        ),
        (
            "RR",
            json!({"email": "cid@x.example", "state": "TX", "bill": 100}),
            "delivered",
            "stored",
            "cid@x.example",
            "",
        ),
    ];
    let mut all = Vec::new();
    for (second, (campaign, mut lead, state, cause, email, rule)) in (1..).zip(table) {
        world.clock.advance_ms(1_000);
        lead["campaign_id"] = json!(campaign);
        let id = world.push_and_settle(json!([lead])).await.remove(0);
        all.insert(0, Posted { id, campaign, state, cause, second, email, rule });
    }
    all
}

on_both! {
    /// O4: every combination of filters lists what is so, the newest first, in pages of any size.
    async fn o4_filters_are_combined(kind: Kind) {
        let world = World::new(kind).await;
        let posted = posted(&world).await;
        for row in &posted {
            let page = world.submission(&row.id).await;
            assert_eq!((page["state"].as_str(), page["cause"].as_str()), (Some(row.state), Some(row.cause)), "{page}");
        }
        let ann = world.admin.get("/v1/leads?email=ann@x.example").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        let of_ann = format!("&lead={ann}");
        type Part<'a> = (&'a str, &'a dyn Fn(&Posted) -> bool);
        let campaigns: [Part; 4] = [("", &|_| true), ("&campaign=RR", &|row| row.campaign == "RR"), ("&campaign=AA,DD", &|row| row.campaign != "RR"), ("&campaign=DD,RR,AA", &|_| true)];
        let states: [Part; 5] = [("", &|_| true), ("&state=disqualified", &|row| row.state == "disqualified"), ("&state=quarantined,pending", &|row| ["quarantined", "pending"].contains(&row.state)),
            ("&state=delivered", &|row| row.state == "delivered"), ("&state=delivered,disqualified", &|row| ["delivered", "disqualified"].contains(&row.state))];
        let causes: [Part; 3] = [("", &|_| true), ("&cause=rules", &|row| row.cause == "rules"), ("&cause=stored", &|row| row.cause == "stored")];
        let others: [Part; 6] = [("", &|_| true), ("&since=2026-03-01T12:00:03Z&until=2026-03-01T12:00:06Z", &|row| (3..6).contains(&row.second)), (&of_ann, &|row| row.email == "ann@x.example"),
            ("&q=BOB@X", &|row| row.email == "bob@x.example"), ("&rule=custom.bill", &|row| row.rule == "custom.bill"), ("&rule=not%20Served&q=nv", &|row| row.rule == "state")];
        for (campaign, of_campaign) in campaigns {
            for (state, of_state) in states {
                for (cause, of_cause) in causes {
                    for (other, of_other) in others {
                        let filter = format!("{campaign}{state}{cause}{other}");
                        let rows = posted.iter().filter(|row| of_campaign(row) && of_state(row) && of_cause(row) && of_other(row));
                        let expected: Vec<String> = rows.map(|row| row.id.clone()).collect();
                        assert_eq!(ids(&list(&world.admin, &format!("?{filter}")).await), expected, "{filter}");
                        if campaign.is_empty() || state.is_empty() {
                            assert_eq!(all_pages(&world.admin, &filter, 2).await, expected, "{filter} in pages of two");
                        }
                    }
                }
            }
        }
        assert_eq!(ids(&list(&world.admin, "?q=%C3%B6l").await), [posted[6].id.clone()]);
        let of_campaign = world.admin.get("/v1/campaigns/RR/submissions?state=disqualified&rule=state").await.expect(200).json;
        assert_eq!(ids(&of_campaign), [posted[5].id.clone()]);
        world.stop().await;
    }
}

on_both! {
    /// H6 O4: one call looks at so many rows and reads so many bytes, says how far it came, and the next one goes on until all is found.
    async fn h6_a_search_for_submissions_is_bounded(kind: Kind) {
        for (rows_max, bytes_max) in [(2, i64::MAX), (10_000, 1), (3, 40)] {
            let mut options = WorldOptions::default();
            (options.settings.limits.search_rows_max, options.settings.limits.search_bytes_max) = (rows_max, bytes_max);
            let world = World::with(kind, options).await;
            let posted = posted(&world).await;
            let expected: Vec<String> = posted.iter().filter(|row| row.email == "ann@x.example").map(|row| row.id.clone()).collect();
            assert_eq!(all_pages(&world.admin, "&q=ann@", 50).await, expected, "{rows_max} {bytes_max}");
            let first = list(&world.admin, "?q=ann@").await;
            assert!(first["searched_until"].is_string() && first["next"].is_string(), "{rows_max} {bytes_max}: {first}");
            // What an index finds is found whatever the bounds are.
            let by_index = list(&world.admin, "?state=disqualified,pending").await;
            assert_eq!((ids(&by_index).len(), &by_index["searched_until"], &by_index["next"]), (3, &Value::Null, &Value::Null));
            world.stop().await;
        }
    }
}

on_both! {
    /// O9 O1 O8: a scoped key lists its campaigns' submissions, another organization none, a source nothing; what is wrong is named at once.
    async fn o9_submissions_are_listed_as_far_as_the_key_covers(kind: Kind) {
        let world = World::new(kind).await;
        let posted = posted(&world).await;
        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let new = json!({"user_id": user, "name": "scoped", "campaigns": ["AA", "NONE"]});
        let scoped = world.nobody.with_key(&world.admin.post("/v1/api-keys", &new).await.expect(201).str("key"));
        let of_a: Vec<String> = posted.iter().filter(|row| row.campaign == "AA").map(|row| row.id.clone()).collect();
        for query in ["", "?state=delivered", "?campaign=AA", "?q=x.example"] {
            assert_eq!(ids(&list(&scoped, query).await), of_a, "{query}");
        }
        scoped.get(&format!("{LIST}?campaign=AA,RR")).await.expect_error(403, "campaign_not_allowed");
        let ann = world.admin.get("/v1/leads?email=ann@x.example").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(ids(&list(&scoped, &format!("?lead={ann}")).await), [of_a[1].clone()]);
        let other = world.second_organization().await;
        for query in [String::new(), format!("?lead={ann}"), "?state=disqualified".into(), "?q=x.example".into()] {
            assert_eq!(ids(&list(&other.admin, &query).await), [""; 0], "{query}");
        }
        other.admin.get(&format!("{LIST}?campaign=AA")).await.expect_error(404, "not_found");
        world.user("viewer").await.get(LIST).await.expect(200);
        world.source.get(LIST).await.expect_error(403, "source_key_not_allowed");
        let wrong = world.admin.get(&format!("{LIST}?state=lost&cause=A-B&since=now&until=")).await.expect_error(422, "invalid");
        let paths: Vec<&str> = wrong.json["error"]["details"].as_array().unwrap().iter().map(|detail| detail["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["state", "cause", "since", "until"]);
        world.stop().await;
    }
}

on_both! {
    /// O4: why a lead was rejected, or waits, is one sentence on its page, with stage, field, rule, expected, actual and the client's response.
    async fn o4_a_page_says_why(kind: Kind) {
        let world = World::new(kind).await;
        let posted = posted(&world).await;
        let by_rule = why(&world, &posted[1].id).await;
        assert_eq!(by_rule["sentence"], "The lead is disqualified because bill too low: `custom.bill` is 5, and the rule expects at least 100.");
        assert_eq!((&by_rule["stage"], &by_rule["field"], &by_rule["expected"], &by_rule["actual"]), (&json!("qualify"), &json!("custom.bill"), &json!(100), &json!(5)));
        assert_eq!(by_rule["rule"], world.submission(&posted[1].id).await["decision"]["failed_rules"][0]["rule"]);
        let quarantined = why(&world, &posted[4].id).await;
        assert!(quarantined["sentence"].as_str().unwrap().starts_with("The lead is in quarantine because `email` can't be mapped: "), "{quarantined}");
        assert_eq!((&quarantined["stage"], &quarantined["field"], &quarantined["actual"]), (&json!("map"), &json!("email"), &json!("nobody")));
        assert_eq!(why(&world, &posted[2].id).await["sentence"], "The lead waits because its campaign is a draft; activate the campaign.");
        assert_eq!(why(&world, &posted[0].id).await["sentence"], "The lead is stored, and its campaign sends its leads to no client.");

        world.campaign("CC", READING).await;
        let responses = [
            (json!({"result": "ok", "id": "L-7"}), "delivered", "The client accepted the lead; its reference is `L-7`."),
            (json!({"result": "no", "why": "out of area."}), "rejected", "The client rejected the lead: out of area."),
            (json!({"result": "known", "why": "had it"}), "duplicate", "The client rejected the lead as a duplicate: had it."),
        ];
        for (number, (response, state, sentence)) in responses.into_iter().enumerate() {
            world.receiver.plan("/client/CC", [Behaviour::json(200, &response)]);
            let id = world.push_and_settle(json!([{"campaign_id": "CC", "email": format!("n{number}@x.example")}])).await.remove(0);
            let page = world.submission(&id).await;
            assert_eq!((&page["state"], &page["why"]["sentence"]), (&json!(state), &json!(sentence)), "{page}");
            assert_eq!((&page["why"]["response"]["status"], &page["why"]["response"]["body"]), (&json!(200), &json!(response.to_string())));
            assert!(page["why"]["rule"].as_str().is_some_and(|rule| rule.contains("outcomes")), "{page}");
        }
        world.receiver.plan("/client/CC", [Behaviour::status(503)]);
        let id = world.push_and_settle(json!([{"campaign_id": "CC", "email": "late@x.example"}])).await.remove(0);
        let waits = why(&world, &id).await;
        let next_at = world.admin.get(&format!("/v1/deliveries?submission={id}")).await.expect(200).json["items"][0]["next_try_at"].clone();
        let sentence = waits["sentence"].as_str().unwrap();
        assert!(sentence.starts_with("The client has not accepted the lead yet: attempt 1 of 4 ended with a response of status 503, and the next attempt is made at "), "{sentence}");
        assert!(sentence.ends_with(&format!("{}.", next_at.as_str().unwrap())), "{sentence} {next_at}");
        assert_eq!((&waits["stage"], &waits["response"]["status"]), (&json!("deliver"), &json!(503)));
        world.stop().await;
    }
}

/// O4 H3: the same at the command line: the sentence comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o4_submissions_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    let posted = posted(&world).await;
    let listed = command_line::print(
        &world.admin,
        &["submissions", "list", "--campaign", "RR", "--state", "disqualified", "--rule", "bill too low"],
    )
    .await;
    assert!(listed.contains(&posted[1].id) && !listed.contains(&posted[5].id), "{listed}");
    assert_eq!(command_line::print(&world.admin, &["submissions", "list", "--text", "zed"]).await, "no submissions\n");
    let shown = command_line::print(&world.admin, &["submissions", "show", &posted[1].id]).await;
    assert!(
        shown.starts_with(
            "The lead is disqualified because bill too low: `custom.bill` is 5, and the rule expects at least 100.\n"
        ),
        "{shown}"
    );
    assert!(shown.contains("ingested") && shown.contains("disqualified"), "{shown}");
    let json: Value = serde_json::from_str(
        &command_line::print(&world.admin, &["submissions", "show", &posted[1].id, "--json"]).await,
    )
    .unwrap();
    assert_eq!(json["why"]["stage"], "qualify");
    assert!(
        command_line::fail(&world.admin, &["submissions", "list", "--state", "lost"])
            .await
            .contains("must be one or several")
    );
    assert_eq!(submission_ids(&world.push(json!([{"campaign_id": "AA"}])).await).len(), 1);
    world.stop().await;
}
