//! Ping and post (L13): a client is asked for a bid before a lead is posted, is told nothing of the person, and the best bid gets the lead.

use hookmill_tests::receiver::Gate;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, World, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// Asks with the standard messages, and reads a bid out of the response.
const DOCUMENT: &str = "version: 1
interpret_ping:
  outcomes:
    - {outcome: accepted, when: {field: bid, op: present}}
  otherwise: rejected
  price: bid
  reference: token
  reason: reason
";

/// What every client is told of, and whom nobody may be told of.
fn lead(campaign: &str) -> Value {
    json!({"campaign_id": campaign, "first_name": "Ada", "last_name": "Lovelace", "email": "ada@secret.example", "phone": "+1 512 555 0142",
        "street": "12 Hidden Lane", "city": "Austin", "state": "TX", "zip": "01234", "country": "US", "date_of_birth": "1990-05-15",
        "ip": "203.0.113.77", "external_id": "ext-90210", "source": "web", "loan": 125_000, "ssn": "078-05-1120"})
}

/// Whatever says who the lead is.
const SECRETS: [&str; 12] = [
    "Ada",
    "Lovelace",
    "ada@",
    "secret.example",
    "555",
    "0142",
    "Hidden",
    "1990",
    "203.0.113.77",
    "ext-90210",
    "078-05",
    "led_",
];

fn endpoint(world: &World, id: &str, ping: &Value) -> Value {
    let mut whole =
        json!({"url": world.receiver.url(&format!("/ping/{id}")), "custom_fields": ["loan"], "timeout_ms": 5_000});
    for (name, value) in ping.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    json!({"url": world.receiver.url(&format!("/client/{id}")), "retries": 0, "ping": whole})
}

/// An active campaign whose client is asked for bids.
async fn bidder(world: &World, id: &str, document: &str, ping: Value) {
    world.campaign(id, document).await;
    set_endpoint(world, id, ping).await;
}

async fn set_endpoint(world: &World, id: &str, ping: Value) {
    let endpoint = endpoint(world, id, &ping);
    world.admin.put(&format!("/v1/campaigns/{id}/endpoint"), &endpoint).await.expect(200);
}

async fn set_lifecycle(world: &World, id: &str, lifecycle: Value) {
    world.admin.put(&format!("/v1/campaigns/{id}/lifecycle"), &lifecycle).await.expect(200);
}

/// A campaign and those of its fallback list, all of whose clients are asked.
async fn bidders(world: &World, ids: &[&str]) {
    for id in ids {
        bidder(world, id, DOCUMENT, json!({})).await;
    }
    set_lifecycle(world, ids[0], json!({"fallback": {"campaigns": ids[1..]}})).await;
}

/// A client that bids so much, under a token of its own.
fn bid(price: &str, token: &str) -> Behaviour {
    Behaviour::Respond(
        200,
        vec![("content-type".into(), "application/json".into())],
        format!(r#"{{"bid":{price},"token":"{token}"}}"#),
    )
}

fn declines() -> Behaviour {
    Behaviour::json(200, &json!({"reason": "not in this area"}))
}

async fn submit(world: &World, campaign: &str) -> String {
    world.push_and_settle(json!([lead(campaign)])).await.remove(0)
}

/// The last line of the timeline with this cause.
async fn line(world: &World, submission: &str, cause: &str) -> Value {
    let page = world.submission(submission).await;
    let lines = page["timeline"].as_array().unwrap().clone();
    lines.into_iter().rfind(|line| line["cause"] == cause).unwrap_or_else(|| panic!("no `{cause}` in {page}"))
}

async fn causes(world: &World, submission: &str) -> Vec<String> {
    let page = world.submission(submission).await;
    page["timeline"].as_array().unwrap().iter().map(|line| line["cause"].as_str().unwrap().to_owned()).collect()
}

/// How many posts each client got.
fn posts(world: &World, ids: &[&str]) -> Vec<usize> {
    ids.iter().map(|id| world.receiver.at(&format!("/client/{id}")).len()).collect()
}

on_both! {
    /// L13: what one client responds decides whether its lead is posted: an acceptance with a price, and nothing else.
    async fn l13_the_response_to_a_ping_decides(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        bidder(&world, "ONE", DOCUMENT, json!({"timeout_ms": 400, "min_price": "2"})).await;
        let body = |status: u16, body: &str| Behaviour::Respond(status, vec![("content-type".into(), "application/json".into())], body.into());
        let table = [
            ("bids", bid("7.50", "t-1"), None),
            ("bids as a text", body(200, r#"{"bid":"3"}"#), None),
            ("declines", declines(), Some("declined")),
            ("offers too little", bid("1.99", "t-2"), Some("below_minimum")),
            ("a currency sign", body(200, r#"{"bid":"$7"}"#), Some("no_price")),
            ("below zero", bid("-7", "t-3"), Some("no_price")),
            ("null", body(200, r#"{"bid":null}"#), Some("declined")),
            ("garbage", body(200, "\u{1f}<<< not JSON"), Some("declined")),
            ("nothing", Behaviour::status(204), Some("declined")),
            ("an error", Behaviour::status(500), Some("declined")),
            ("hangs", Behaviour::Silence(Duration::from_secs(3)), Some("unanswered")),
            ("hangs up", Behaviour::Close, Some("unanswered")),
        ];
        let mut posted = 0;
        for (what, response, no_bid) in table {
            world.receiver.plan("/ping/ONE", [response]);
            let id = submit(&world, "ONE").await;
            posted += usize::from(no_bid.is_none());
            assert_eq!(posts(&world, &["ONE"]), [posted], "{what}");
            match no_bid {
                None => {
                    assert_eq!(world.state(&id).await, "delivered", "{what}");
                    assert_eq!(causes(&world, &id).await, ["ingested", "started", "pinged", "started", "ping_won", "client_accepted"], "{what}");
                }
                Some(no_bid) => {
                    assert_eq!(world.state(&id).await, "rejected", "{what}");
                    let line = line(&world, &id, "no_bid").await;
                    assert_eq!(line["detail"]["bids"][0]["no_bid"], no_bid, "{what}: {line}");
                    assert_eq!(world.sorted_webhook_events(&id), ["lead.failed", "lead.processed"], "{what}");
                }
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// L13: the token binds the post, in its header and in the standard payload; what was bid is the price where the client says no other.
    async fn l13_a_token_binds_the_post(kind: Kind) {
        let world = World::new(kind).await;
        bidder(&world, "ONE", DOCUMENT, json!({})).await;
        world.receiver.plan("/ping/ONE", [bid("7.50", "t-7"), bid("1", "zwölf \u{1F980}")]);
        let id = submit(&world, "ONE").await;
        let page = world.submission(&id).await;
        assert_eq!((&page["state"], &page["client"]["price"]), (&json!("delivered"), &json!("7.50")), "{page}");
        let asked = line(&world, &id, "pinged").await;
        let won = line(&world, &id, "ping_won").await;
        assert_eq!(won["detail"]["bid"], json!({"price": "7.50", "token": "t-7"}), "{won}");
        let delivery_id = &asked["detail"]["pings"][0]["delivery_id"];
        let expected = json!([{"campaign_id": "ONE", "delivery_id": delivery_id, "outcome": "accepted", "price": "7.50", "token": "t-7", "rank": 1}]);
        assert_eq!(won["detail"]["bids"], expected);
        let post = &world.receiver.at("/client/ONE")[0];
        assert_eq!(post.header("hookmill-bid-token"), "t-7");
        assert_eq!(post.json()["context"]["bid"], json!({"price": "7.50", "token": "t-7"}));
        assert_eq!(post.json()["data"]["email"], "ada@secret.example");
        let ping = &world.receiver.at("/ping/ONE")[0];
        assert_eq!(ping.header("hookmill-ping-id"), delivery_id.as_str().unwrap());
        // A token that no header can hold is in the body alone.
        submit(&world, "ONE").await;
        let post = &world.receiver.at("/client/ONE")[1];
        assert_eq!((post.header("hookmill-bid-token"), &post.json()["context"]["bid"]["token"]), ("", &json!("zwölf \u{1F980}")));
        // It was run with that bid, and is again.
        let replayed = world.admin.get(&format!("/v1/submissions/{id}/replay")).await.expect(200).json;
        assert_eq!(replayed["same"], true, "{replayed}");
        assert_eq!((world.receiver.at("/ping/ONE").len(), posts(&world, &["ONE"])), (2, vec![2]));
        world.stop().await;
    }
}

on_both! {
    /// L13: no byte of a ping says who the lead is, also where the document asks for it; what is told is where it is, and what the endpoint lists.
    async fn l13_a_ping_tells_nothing_of_the_person(kind: Kind) {
        let world = World::new(kind).await;
        let greedy = format!(
            "{DOCUMENT}shape:\n  ping:\n    query: {{q: {{from: lead.email}}, who: {{from: submission.lead_id}}}}\n    headers: {{x-who: {{from: lead.last_name}}}}\n    \
             body: {{all: {{from: lead}}, id: {{from: submission.id}}, phone: {{from: lead.phone}}, test: {{from: submission.is_test}}}}\n"
        );
        bidder(&world, "PLAIN", DOCUMENT, json!({})).await;
        bidder(&world, "GREEDY", &greedy, json!({"headers": {"x-token": "k"}})).await;
        for (campaign, told) in [("PLAIN", "data"), ("GREEDY", "all")] {
            let path = format!("/ping/{campaign}");
            world.receiver.always(&path, bid("1", "t"));
            let id = submit(&world, campaign).await;
            let mut test = lead(campaign);
            test["is_test"] = true.into();
            world.push_and_settle(json!([test])).await;
            let [ping, test] = world.receiver.at(&path).try_into().expect("two pings");
            let mut bytes = format!("{} {:?} ", ping.path, ping.headers).into_bytes();
            bytes.extend_from_slice(&ping.body);
            let text = String::from_utf8(bytes).unwrap();
            for secret in SECRETS.iter().chain([&id.as_str()]) {
                assert!(!text.contains(secret), "{campaign} tells `{secret}`: {text}");
            }
            let body = ping.json();
            let expected = json!({"city": "Austin", "state": "TX", "zip": "01234", "country": "US", "source": "web", "custom": {"loan": 125_000}});
            assert_eq!(body[told], expected, "{campaign}");
            // L11: a test is marked, and goes all the way.
            let mark = if campaign == "PLAIN" { &test.json()["context"]["test"] } else { &test.json()["test"] };
            assert_eq!(mark, &json!(true), "{campaign}");
            assert_eq!(posts(&world, &[campaign]), [2]);
        }
        assert_eq!(world.receiver.at("/ping/GREEDY")[0].header("x-token"), "k");
        world.stop().await;
    }
}

on_both! {
    /// L13 L10: a preview shows the very ping that is sent beside the message, and so does a generated message.
    async fn l13_a_preview_shows_the_ping(kind: Kind) {
        let world = World::new(kind).await;
        bidder(&world, "ONE", DOCUMENT, json!({})).await;
        world.receiver.plan("/ping/ONE", [bid("1", "t")]);
        let id = submit(&world, "ONE").await;
        let shown = world.admin.get("/v1/campaigns/ONE/preview").await.expect(200).json["leads"][0].clone();
        let generated = world.admin.post(&format!("/v1/submissions/{id}/generate"), &json!({})).await.expect(200).json;
        assert_eq!((&shown["ping"], &shown["ping_error"]), (&generated["ping"], &Value::Null), "{generated}");
        assert_eq!((&shown["ping"]["for"], &shown["ping"]["method"]), (&json!("ping"), &json!("POST")));
        let body: Value = serde_json::from_str(shown["ping"]["body"].as_str().unwrap()).unwrap();
        let sent = world.receiver.at("/ping/ONE")[0].json();
        assert_eq!((&body["event"], &body["data"]), (&sent["event"], &sent["data"]), "{body}");
        assert!(shown["message"]["body"].as_str().unwrap().contains("ada@secret.example"), "{shown}");
        world.campaign("TWO", "").await;
        submit(&world, "TWO").await;
        let without = world.admin.get("/v1/campaigns/TWO/preview").await.expect(200).json["leads"][0].clone();
        assert_eq!((&without["ping"], &without["ping_error"]), (&Value::Null, &Value::Null));
        world.stop().await;
    }
}

on_both! {
    /// L13: of several clients the highest price wins, of equal ones the first of the list; the others get nothing, and every bid stands in
    /// the timeline.
    async fn l13_the_best_of_several_bids_wins(kind: Kind) {
        let world = World::new(kind).await;
        let ids = ["OWN", "BB", "CC"];
        bidders(&world, &ids).await;
        let table = [
            (["5", "7", "6"], "BB"),
            (["7.00", "7", "7.0"], "OWN"),
            (["1", "8.10", "8.1"], "BB"),
            (["0.1", "0.10000000000000000001", "0"], "BB"),
            (["", "", "2"], "CC"),
            (["3", "", "2"], "OWN"),
            (["", "1e1", "9.99"], "BB"),
        ];
        let mut expected = vec![0; ids.len()];
        for (prices, winner) in table {
            for (id, price) in ids.iter().zip(prices) {
                let response = if price.is_empty() { declines() } else { bid(price, &format!("t-{id}")) };
                world.receiver.plan(&format!("/ping/{id}"), [response]);
            }
            let id = submit(&world, "OWN").await;
            let place = ids.iter().position(|id| *id == winner).unwrap();
            expected[place] += 1;
            assert_eq!(posts(&world, &ids), expected, "{prices:?}");
            let post = world.receiver.at(&format!("/client/{winner}")).pop().unwrap();
            assert_eq!(post.header("hookmill-bid-token"), format!("t-{winner}"), "{prices:?}");
            let cause = if winner == "OWN" { "ping_won" } else { "moved" };
            let line = line(&world, &id, cause).await;
            let bids = line["detail"]["bids"].as_array().unwrap();
            assert_eq!(bids.iter().map(|bid| bid["campaign_id"].as_str().unwrap()).collect::<Vec<_>>(), ids, "{line}");
            assert_eq!(bids[place]["rank"], 1, "{line}");
            if winner == "OWN" {
                assert_eq!(world.state(&id).await, "delivered");
            } else {
                assert_eq!((&line["detail"]["moved_to"], world.state(&id).await.as_str()), (&json!(winner), "rejected"));
                let moved = world.submission(&format!("{id}.1")).await;
                assert_eq!((&moved["state"], &moved["campaign_id"]), (&json!("delivered"), &json!(winner)), "{moved}");
                // Nobody is asked twice.
                assert_eq!(causes(&world, &format!("{id}.1")).await.last().unwrap(), "client_accepted");
            }
        }
        for id in ids {
            assert_eq!(world.receiver.at(&format!("/ping/{id}")).len(), table.len(), "{id}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L13 L8: where the client that bid most does not take the lead, the next best bid is next, with its own token, and nobody is asked again; the
    /// own campaign's bid counts among them.
    async fn l13_the_next_best_bid_is_next(kind: Kind) {
        let world = World::new(kind).await;
        let ids = ["OWN", "BB", "CC"];
        bidders(&world, &ids).await;
        for (prices, order) in [([5, 7, 6], ["BB", "CC", "OWN"]), ([7, 5, 6], ["OWN", "CC", "BB"])] {
            for (id, price) in ids.iter().zip(prices) {
                world.receiver.plan(&format!("/ping/{id}"), [bid(&price.to_string(), &format!("t-{id}-{price}"))]);
            }
            let [first, second, last] = order;
            let before = posts(&world, &ids);
            world.receiver.plan(&format!("/client/{first}"), [Behaviour::status(400)]);
            world.receiver.plan(&format!("/client/{second}"), [Behaviour::status(400)]);
            let id = submit(&world, "OWN").await;
            assert_eq!(posts(&world, &ids), before.iter().map(|count| count + 1).collect::<Vec<_>>(), "{order:?}");
            for name in order {
                let price = prices[ids.iter().position(|id| *id == name).unwrap()];
                let post = world.receiver.at(&format!("/client/{name}")).pop().unwrap();
                assert_eq!(post.header("hookmill-bid-token"), format!("t-{name}-{price}"), "{order:?}");
            }
            let taken = world.receiver.at(&format!("/client/{last}")).pop().unwrap();
            let taken = taken.header("hookmill-submission-id").to_owned();
            assert_ne!(taken, id);
            let page = world.submission(&taken).await;
            assert_eq!((&page["state"], &page["campaign_id"]), (&json!("delivered"), &json!(last)), "{page}");
        }
        assert!(ids.iter().all(|id| world.receiver.at(&format!("/ping/{id}")).len() == 2), "nobody is asked again");
        world.stop().await;
    }
}

on_both! {
    /// L13: clients are asked at once, and none has longer than the deadline: who has not responded by then has not bid.
    async fn l13_all_are_asked_at_once_under_one_deadline(kind: Kind) {
        let world = World::new(kind).await;
        let ids = ["OWN", "BB", "CC"];
        bidders(&world, &ids).await;
        set_endpoint(&world, "OWN", json!({"timeout_ms": 2_000})).await;
        let gate = Gate::new();
        for (id, price) in ids.iter().zip(["1", "2", "3"]) {
            world.receiver.plan(&format!("/ping/{id}"), [Behaviour::Behind(gate.clone(), Box::new(bid(price, id)))]);
        }
        let id = submission_ids(&world.push(json!([lead("OWN")])).await).remove(0);
        for id in ids {
            world.receiver.until(&format!("/ping/{id}"), 1).await;
        }
        assert_eq!((posts(&world, &ids), world.state(&id).await.as_str()), (vec![0, 0, 0], "delivering"));
        gate.open();
        world.settle().await;
        assert_eq!(posts(&world, &ids), [0, 0, 1]);
        // One of them never responds: the others are not kept waiting for longer than the deadline of the lead's own campaign.
        set_endpoint(&world, "OWN", json!({"timeout_ms": 300})).await;
        for (id, response) in ids.iter().zip([bid("1", "a"), bid("2", "b"), Behaviour::Silence(Duration::from_secs(20))]) {
            world.receiver.plan(&format!("/ping/{id}"), [response]);
        }
        let submitted = tokio::time::timeout(Duration::from_secs(10), submit(&world, "OWN")).await;
        let id = submitted.expect("nobody waits for who never responds");
        assert_eq!(posts(&world, &ids), [0, 1, 1]);
        let line = line(&world, &id, "moved").await;
        assert_eq!(line["detail"]["bids"][2]["no_bid"], "unanswered", "{line}");
        world.stop().await;
    }
}

on_both! {
    /// L13 H2: a host that is killed between ping and post decides by what was written: the bid that had come counts, the one that had not does
    /// not, also when its response comes afterwards, and the lead is posted once.
    async fn l13_a_restart_decides_by_the_rows(kind: Kind) {
        let mut world = World::new(kind).await;
        let ids = ["OWN", "BB"];
        bidders(&world, &ids).await;
        let gate = Gate::new();
        world.receiver.plan("/ping/OWN", [bid("1", "t-own")]);
        // It may be asked once more by the host that starts before the deadline.
        world.receiver.plan("/ping/BB", [Behaviour::Behind(gate.clone(), Box::new(bid("9", "t-bb"))), Behaviour::Close]);
        let id = submission_ids(&world.push(json!([lead("OWN")])).await).remove(0);
        world.receiver.until("/ping/BB", 1).await;
        let written = "select state from deliveries where destination_kind = 'ping' and state = 'delivered'";
        while world.texts(written).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(posts(&world, &ids), [0, 0]);
        world.kill().await;
        gate.open();
        world.clock.advance_ms(20_000);
        world.settle().await;
        assert_eq!(posts(&world, &ids), [1, 0]);
        assert_eq!(world.state(&id).await, "delivered");
        let line = line(&world, &id, "ping_won").await;
        assert_eq!((&line["detail"]["bid"]["token"], &line["detail"]["bids"][1]["no_bid"]), (&json!("t-own"), &json!("unanswered")), "{line}");
        let open = "select state from deliveries where destination_kind = 'ping' and state = 'waiting'";
        assert!(world.texts(open).await.is_empty());
        world.stop().await;
    }
}

on_both! {
    /// L13 L8: where nobody bids, the lead goes to the next campaign of the list that was not asked; where there is none it is rejected.
    async fn l13_without_a_bid_the_list_goes_on(kind: Kind) {
        let world = World::new(kind).await;
        bidders(&world, &["OWN", "BB"]).await;
        world.campaign("PLAIN", "").await;
        set_lifecycle(&world, "OWN", json!({"fallback": {"campaigns": ["BB", "PLAIN"]}})).await;
        world.receiver.always("/ping/OWN", declines());
        world.receiver.always("/ping/BB", declines());
        let id = submit(&world, "OWN").await;
        let line = line(&world, &id, "moved").await;
        assert_eq!((&line["detail"]["cause"], &line["detail"]["moved_to"]), (&json!("no_bid"), &json!("PLAIN")), "{line}");
        assert_eq!(world.state(&format!("{id}.1")).await, "delivered");
        assert_eq!(posts(&world, &["OWN", "BB", "PLAIN"]), [0, 0, 1]);
        assert_eq!(world.receiver.at("/ping/BB").len(), 1);
        set_lifecycle(&world, "OWN", json!({"fallback": {"campaigns": ["BB"]}})).await;
        let id = submit(&world, "OWN").await;
        assert_eq!(world.state(&id).await, "rejected");
        assert_eq!(causes(&world, &id).await.last().unwrap(), "no_bid");
        world.stop().await;
    }
}

on_both! {
    /// L13 L5: a slot is taken where the post goes and nowhere else: who is not bid for leaves it free, and where none is free nobody is asked.
    async fn l13_a_slot_is_taken_by_the_post(kind: Kind) {
        let world = World::new(kind).await;
        bidders(&world, &["OWN", "BB"]).await;
        set_lifecycle(&world, "OWN", json!({"caps": {"day": 1, "when_reached": "reject"}, "fallback": {"campaigns": ["BB"]}})).await;
        set_lifecycle(&world, "BB", json!({"caps": {"day": 1, "when_reached": "reject"}})).await;
        let ask = |own: Behaviour, other: Behaviour| {
            world.receiver.plan("/ping/OWN", [own]);
            world.receiver.plan("/ping/BB", [other]);
        };
        ask(declines(), declines());
        let unwanted = submit(&world, "OWN").await;
        ask(bid("1", "a"), bid("2", "b"));
        let moved = submit(&world, "OWN").await;
        ask(bid("1", "a"), declines());
        let own = submit(&world, "OWN").await;
        let late = submit(&world, "OWN").await;
        let states = [world.state(&unwanted).await, world.state(&format!("{moved}.1")).await, world.state(&own).await, world.state(&late).await];
        assert_eq!(states, ["rejected", "delivered", "delivered", "rejected"]);
        assert_eq!(causes(&world, &late).await, ["ingested", "started", "cap_reached"]);
        assert_eq!(posts(&world, &["OWN", "BB"]), [1, 1]);
        assert_eq!(world.receiver.at("/ping/OWN").len(), 3);
        let taken = "select cast(taken as text) from cap_counts where period = 'day' order by campaign_key";
        assert_eq!(world.texts(taken).await, ["1", "1"]);
        world.stop().await;
    }
}

on_both! {
    /// L13 L5: who is asked about takes no slot: as long as one is free, clients are asked about all leads of a batch; where the client of the list
    /// takes no more, it is not asked, and one that is full by then does not win.
    async fn l13_a_full_campaign_is_not_asked(kind: Kind) {
        let world = World::new(kind).await;
        bidders(&world, &["OWN", "BB"]).await;
        let one_a_day = |list: Value| json!({"caps": {"day": 1, "when_reached": "reject"}, "fallback": list});
        set_lifecycle(&world, "OWN", one_a_day(json!({"campaigns": ["BB"]}))).await;
        set_lifecycle(&world, "BB", one_a_day(Value::Null)).await;
        world.receiver.always("/ping/OWN", declines());
        world.receiver.always("/ping/BB", declines());
        let leads: Vec<Value> = (0..5).map(|_| lead("OWN")).collect();
        let unwanted = world.push_and_settle(json!(leads)).await;
        for id in &unwanted {
            assert_eq!(causes(&world, id).await.last().unwrap(), "no_bid");
        }
        assert_eq!(world.receiver.at("/ping/OWN").len(), 5, "the slot is free still");
        world.receiver.always("/ping/BB", bid("2", "b"));
        world.receiver.always("/ping/OWN", bid("1", "a"));
        let both = world.push_and_settle(json!([lead("OWN")])).await;
        assert_eq!(world.state(&format!("{}.1", both[0])).await, "delivered");
        // BB has none left, so the lower bid wins without it.
        let asked = world.receiver.at("/ping/BB").len();
        let own = submit(&world, "OWN").await;
        assert_eq!((world.state(&own).await.as_str(), world.receiver.at("/ping/BB").len()), ("delivered", asked));
        world.stop().await;
    }
}

on_both! {
    /// L13: what asks a client and reads its response is what its own campaign runs, also where that is the standard document.
    async fn l13_each_client_is_asked_by_its_own_campaign(kind: Kind) {
        let world = World::new(kind).await;
        let own = format!("{DOCUMENT}shape:\n  ping:\n    body: {{made_by: own}}\n");
        bidder(&world, "OWN", &own, json!({})).await;
        bidder(&world, "PLAIN", "", json!({"price": "3"})).await;
        set_lifecycle(&world, "OWN", json!({"fallback": {"campaigns": ["PLAIN"]}})).await;
        world.receiver.plan("/ping/OWN", [declines()]);
        let id = submit(&world, "OWN").await;
        let [ping] = world.receiver.at("/ping/PLAIN").try_into().expect("a ping");
        assert_eq!((&ping.json()["event"], &ping.json()["made_by"]), (&json!("lead.ping"), &Value::Null));
        assert_eq!((posts(&world, &["OWN", "PLAIN"]), world.state(&format!("{id}.1")).await.as_str()), (vec![0, 1], "delivered"));
        world.stop().await;
    }
}

on_both! {
    /// L13 L2: a campaign that is paused while its clients are asked lets its leads wait, and asks anew when it is active again; one that is
    /// archived cancels them.
    async fn l13_a_pause_asks_anew(kind: Kind) {
        let world = World::new(kind).await;
        bidder(&world, "ONE", DOCUMENT, json!({})).await;
        for (state, expected) in [("paused", "pending"), ("archived", "canceled")] {
            let gate = Gate::new();
            world.receiver.plan("/ping/ONE", [Behaviour::Behind(gate.clone(), Box::new(bid("5", "t-old")))]);
            let before = world.receiver.at("/ping/ONE").len();
            let id = submission_ids(&world.push(json!([lead("ONE")])).await).remove(0);
            world.receiver.until("/ping/ONE", before + 1).await;
            world.admin.put("/v1/campaigns/ONE/state", &json!({"state": state})).await.expect(200);
            gate.open();
            world.settle().await;
            assert_eq!(world.state(&id).await, expected);
            if state == "paused" {
                world.receiver.plan("/ping/ONE", [bid("6", "t-new")]);
                world.activate("ONE").await;
                world.settle().await;
                assert_eq!(world.state(&id).await, "delivered");
                assert_eq!(world.receiver.at("/client/ONE")[0].header("hookmill-bid-token"), "t-new");
            }
        }
        assert_eq!(posts(&world, &["ONE"]), [1]);
        world.stop().await;
    }
}

on_both! {
    /// L13 I14: a ping is shown without the values of its headers, keeps them by `***`, and is rejected with the field that is wrong; one that
    /// no price can be read for is rejected when it is saved, and so is a version that would make it one.
    async fn l13_a_ping_without_a_price_is_rejected(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("ONE", "").await;
        let path = "/v1/campaigns/ONE/endpoint";
        let put = async |ping: Value| world.admin.put(path, &endpoint(&world, "ONE", &ping)).await;
        let rejected = put(json!({})).await.expect(422).json;
        assert_eq!(rejected["error"]["details"][0]["path"], "ping.price", "{rejected}");
        for (ping, field) in [
            (json!({"price": "5 USD"}), "ping.price"),
            (json!({"price": "-5"}), "ping.price"),
            (json!({"price": "5", "min_price": "x"}), "ping.min_price"),
            (json!({"price": "5", "timeout_ms": 60_000}), "ping.timeout_ms"),
            (json!({"price": "5", "url": "ftp://x"}), "ping.url"),
            (json!({"price": "5", "headers": {"x-a": "***"}}), "ping.headers"),
        ] {
            let rejected = put(ping.clone()).await.expect(422).json;
            assert_eq!(rejected["error"]["details"][0]["path"], field, "{ping}: {rejected}");
        }
        let shown = put(json!({"price": "5.00", "headers": {"x-key": "hidden"}})).await.expect(200).json;
        let expected = json!({"url": world.receiver.url("/ping/ONE"), "method": "POST", "headers": {"x-key": "***"}, "timeout_ms": 5_000,
            "custom_fields": ["loan"], "price": "5.00", "min_price": null});
        assert_eq!(shown["ping"], expected);
        assert_eq!(world.admin.get(path).await.expect(200).json["ping"], expected);
        let seen = world.user("viewer").await.get(path).await.expect(200).json;
        assert!(!seen["ping"]["url"].as_str().unwrap().contains("/ping/ONE"), "{seen}");
        put(json!({"price": "5.00", "headers": {"x-key": "***"}})).await.expect(200);
        world.receiver.always("/ping/ONE", Behaviour::status(200));
        let id = submit(&world, "ONE").await;
        assert_eq!(world.receiver.at("/ping/ONE")[0].header("x-key"), "hidden");
        // By the status alone it is an acceptance, and is worth what is set.
        assert_eq!(line(&world, &id, "ping_won").await["detail"]["bid"]["price"], "5.00");
        // A document that reads a price needs none that is set; then none takes its place that reads none.
        let save = async |document: &str| {
            let new = json!({"document": document, "activate": true});
            world.admin.put("/v1/campaigns/ONE/document", &new).await
        };
        let first = save("version: 1").await.expect(201).json["version"].to_string();
        save(DOCUMENT).await.expect(201);
        put(json!({})).await.expect(200);
        let rejected = save("version: 1\nname: other").await.expect(409).json;
        assert_eq!(rejected["error"]["code"], "ping_without_price", "{rejected}");
        let versions = world.admin.get("/v1/campaigns/ONE/versions").await.expect(200).json;
        assert!(!versions.to_string().contains("other"), "{versions}");
        let activated = world.admin.post(&format!("/v1/campaigns/ONE/versions/{first}/activate"), &json!({})).await;
        assert_eq!(activated.expect(409).json["error"]["code"], "ping_without_price");
        world.stop().await;
    }
}
