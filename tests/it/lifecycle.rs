//! The lifecycle of a campaign as it is set (L3, L5-L8): what contradicts itself is rejected, and a cap counts from the beginning of its period.

use hookmill_tests::receiver::Behaviour;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Client, Kind, World, command_line, on_both};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

fn path(campaign: &str) -> String {
    format!("/v1/campaigns/{campaign}/lifecycle")
}

async fn set(world: &World, campaign: &str, lifecycle: Value) -> Value {
    world.admin.put(&path(campaign), &lifecycle).await.expect(200).json
}

async fn shown_lifecycle(client: &Client, campaign: &str) -> Value {
    client.get(&path(campaign)).await.expect(200).json
}

/// A lifecycle that says nothing.
fn nothing() -> Value {
    json!({"duplicates": null, "caps": null, "schedule": null, "queue_expires_after_hours": null, "fallback": null})
}

/// Every day of the week, from nine to five.
fn every_day() -> Value {
    json!({"days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], "from": "09:00", "until": "17:00"})
}

/// Posts so many leads to a campaign, and returns in which states they are when nothing is due.
async fn states_of(world: &World, campaign: &str, leads: usize) -> Vec<String> {
    let ids = world.push_and_settle(vec![json!({"campaign_id": campaign}); leads].into()).await;
    let mut states = Vec::new();
    for id in ids {
        states.push(world.state(&id).await);
    }
    states.sort_unstable();
    states
}

/// What is counted in the periods of caps, as `period taken`.
async fn taken(world: &World) -> Vec<String> {
    world.texts("select period || ' ' || cast(taken as text) from cap_counts order by period, starts_at").await
}

on_both! {
    /// L3 L5 L6 L7 L8: what is set is shown as it can be set again, replaces all that was there, and leaves its line; a viewer sees it.
    async fn l3_l5_l6_l7_l8_a_lifecycle_is_replaced_as_a_whole(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("NEXT", "").await;
        world.draft("CAMP", "").await;
        assert_eq!(shown_lifecycle(&world.admin, "CAMP").await, nothing());
        let given = json!({
            "duplicates": {"fields": ["phone", "email"], "window_days": 7, "scope": "client", "action": "mark"},
            "caps": {"day": 3, "hour": 2.0, "when_reached": "next"},
            "schedule": {"windows": [{"days": ["friday"], "from": "22:00", "until": "02:00"}], "holidays": ["12-25"]},
            "queue_expires_after_hours": 48,
            "fallback": {"campaigns": ["NEXT"], "qualify": false, "after_unanswered": true},
        });
        let expected = json!({
            "duplicates": {"fields": ["phone", "email"], "matches": "any", "window_days": 7, "scope": "client", "action": "mark"},
            "caps": {"total": null, "month": null, "week": null, "day": 3, "hour": 2, "when_reached": "next"},
            "schedule": {"windows": [{"days": ["friday"], "from": "22:00", "until": "02:00"}], "holidays": ["12-25"], "when_closed": "queue"},
            "queue_expires_after_hours": 48,
            "fallback": {"campaigns": ["NEXT"], "qualify": false, "after_unanswered": true},
        });
        assert_eq!(set(&world, "CAMP", given).await, expected);
        assert_eq!(shown_lifecycle(&world.user("viewer").await, "CAMP").await, expected);
        assert_eq!(set(&world, "CAMP", expected.clone()).await, expected);
        let lines = world.admin.get("/v1/audit").await.expect(200).json;
        assert_eq!((&lines["items"][0]["action"], &lines["items"][0]["subject"]), (&json!("lifecycle.set"), &json!("CAMP")));
        assert_eq!(set(&world, "CAMP", json!({"queue_expires_after_hours": 1})).await["caps"], Value::Null);
        assert_eq!(set(&world, "CAMP", json!({})).await, nothing());
        world.stop().await;
    }
}

on_both! {
    /// L3 L5 L6 L7 L8 I14: what contradicts itself or the other campaigns is rejected with its place and a suggested fix, and nothing is changed.
    async fn l3_l5_l6_l7_l8_contradictions_are_rejected(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["SELF", "NEXT", "OLD", "BACK", "FAR"] {
            world.draft(id, "").await;
        }
        world.admin.put("/v1/campaigns/OLD/state", &json!({"state": "archived"})).await.expect(200);
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "THEIRS", "name": "x"})).await.expect(201);
        set(&world, "BACK", json!({"fallback": {"campaigns": ["NEXT", "SELF"]}})).await;
        set(&world, "FAR", json!({"fallback": {"campaigns": ["NEXT", "BACK"]}})).await;
        let to = |campaigns: &[&str]| json!({"fallback": {"campaigns": campaigns}});
        let every_date: Vec<String> = (1..=12).flat_map(|month| (1..=29).map(move |day| format!("{month:02}-{day:02}"))).collect();
        let rest = ["01-30", "01-31", "03-30", "03-31", "04-30", "05-30", "05-31", "06-30", "07-30", "07-31", "08-30", "08-31", "09-30", "10-30", "10-31", "11-30", "12-30", "12-31"];
        let every_date: Vec<&str> = every_date.iter().map(String::as_str).chain(rest).collect();
        let table = [
            (json!({"duplicates": {"fields": [], "window_days": 30}}), "duplicates.fields", "email"),
            (json!({"duplicates": {"fields": ["email", "email"], "window_days": 30}}), "duplicates.fields[1]", "remove it"),
            (json!({"duplicates": {"fields": ["email"], "window_days": 366}}), "duplicates.window_days", "1 to 365"),
            (json!({"caps": {}}), "caps", "at least one"),
            (json!({"caps": {"day": 0}}), "caps.day", "pause"),
            (json!({"caps": {"day": 11, "week": 10}}), "caps.day", "10 at most"),
            (json!({"caps": {"day": 1, "when_reached": "next"}}), "caps.when_reached", "`fallback.campaigns`"),
            (json!({"schedule": {"windows": []}}), "schedule.windows", "at least one"),
            (json!({"schedule": {"windows": [{"days": ["monday"], "from": "09:00", "until": "09:00"}]}}), "schedule.windows[0].until", "00:00 until 24:00"),
            (json!({"schedule": {"windows": [every_day(), {"days": ["monday"], "from": "9", "until": "17:00"}]}}), "schedule.windows[1].from", "09:00"),
            (json!({"schedule": {"windows": [every_day()], "holidays": ["2026-02-29"]}}), "schedule.holidays[0]", "2026-11-26"),
            (json!({"schedule": {"windows": [every_day()], "holidays": every_date}}), "schedule.holidays", "400 days"),
            (json!({"schedule": {"windows": [every_day()], "when_closed": "next"}}), "schedule.when_closed", "`fallback.campaigns`"),
            (json!({"queue_expires_after_hours": 8761}), "queue_expires_after_hours", "1 to 8760"),
            (to(&[]), "fallback.campaigns", "at least one"),
            (to(&["SELF"]), "fallback.campaigns[0]", "the campaign itself"),
            (to(&["NEXT", "NEXT"]), "fallback.campaigns[1]", "remove it"),
            (to(&["NONE"]), "fallback.campaigns[0]", "not the id of a campaign"),
            (to(&["THEIRS"]), "fallback.campaigns[0]", "not the id of a campaign"),
            (to(&["x\u{0}y"]), "fallback.campaigns[0]", "not the id of a campaign"),
            (to(&["NEXT", "OLD"]), "fallback.campaigns[1]", "archived"),
            (to(&["BACK"]), "fallback.campaigns[0]", "`BACK`"),
            (to(&["NEXT", "FAR"]), "fallback.campaigns[1]", "`FAR`, `BACK`"),
        ];
        for (lifecycle, place, hint) in table {
            let error = world.admin.put(&path("SELF"), &lifecycle).await.expect_error(422, "invalid");
            let details = error.json["error"]["details"].as_array().unwrap().clone();
            assert_eq!(details.len(), 1, "{lifecycle}: {details:?}");
            assert!(details[0]["path"] == place && details[0]["message"].as_str().unwrap().contains(hint), "{lifecycle}: {details:?}");
        }
        for not_understood in [json!({"cap": {"day": 1}}), json!({"caps": {"day": "1"}}), json!({"caps": {"day": -1}}), json!({"schedule": {"windows": [{"days": ["mon"]}]}}), json!([])] {
            world.admin.put(&path("SELF"), &not_understood).await.expect_error(422, "invalid");
        }
        let many = json!({"duplicates": {"fields": [], "window_days": 0}, "caps": {"day": 0}, "fallback": {"campaigns": ["NONE", "SELF"]}});
        let error = world.admin.put(&path("SELF"), &many).await.expect_error(422, "invalid");
        let places: Vec<&str> = error.json["error"]["details"].as_array().unwrap().iter().map(|detail| detail["path"].as_str().unwrap()).collect();
        assert_eq!(places, ["duplicates.fields", "duplicates.window_days", "caps.day", "fallback.campaigns[1]", "fallback.campaigns[0]"]);
        assert_eq!(shown_lifecycle(&world.admin, "SELF").await, nothing());
        world.admin.get(&path("NONE")).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// L8 O9: a key that is scoped to a campaign has no leads moved into another one, and leaves what was set before.
    async fn l8_a_scoped_key_names_no_other_campaign(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["MINE", "OTHER"] {
            world.draft(id, "").await;
        }
        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let key = world.admin.post("/v1/api-keys", &json!({"user_id": user, "name": "scoped", "campaigns": ["MINE"]})).await.expect(201);
        let scoped = world.nobody.with_key(&key.str("key"));
        let to_other = json!({"fallback": {"campaigns": ["OTHER"]}});
        let error = scoped.put(&path("MINE"), &to_other).await.expect_error(422, "invalid");
        assert_eq!(error.json["error"]["details"][0]["path"], "fallback.campaigns[0]");
        scoped.put(&path("OTHER"), &json!({})).await.expect_error(403, "campaign_not_allowed");
        set(&world, "MINE", to_other.clone()).await;
        scoped.put(&path("MINE"), &to_other).await.expect(200);
        world.stop().await;
    }
}

on_both! {
    /// L5: a cap that is set on a campaign at work counts what was delivered in its running period and what is on the way, and no test lead.
    async fn l5_a_new_cap_counts_what_was_delivered(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAPPED", "").await;
        let client = "/client/CAPPED";
        // An hour before, in the same day.
        assert_eq!(states_of(&world, "CAPPED", 2).await, ["delivered", "delivered"]);
        world.clock.advance_ms(HOUR_MS);
        assert_eq!(states_of(&world, "CAPPED", 1).await, ["delivered"]);
        world.push_and_settle(json!([{"campaign_id": "CAPPED", "is_test": true}])).await;
        world.receiver.plan(client, [Behaviour::status(400)]);
        assert_eq!(states_of(&world, "CAPPED", 1).await, ["failed"]);
        world.receiver.plan(client, [Behaviour::status(503)]);
        let on_the_way = world.push_and_settle(json!([{"campaign_id": "CAPPED"}])).await.remove(0);
        assert_eq!(world.state(&on_the_way).await, "delivering");

        let caps = json!({"caps": {"total": 6, "month": 6, "week": 6, "day": 5, "hour": 3, "when_reached": "reject"}});
        set(&world, "CAPPED", caps.clone()).await;
        assert_eq!(taken(&world).await, ["day 4", "hour 2", "month 4", "total 4", "week 4"]);
        let text = if kind == Kind::Sqlite { "cast(cap_slots as text)" } else { "convert_from(cap_slots, 'UTF8')" };
        let slots = world.texts(&format!("select {text} from submissions where cap_slots is not null")).await;
        // 2026-03-01 is a Sunday: its week began on 2026-02-23.
        let expected = r#"[["total",0],["month",1772323200000],["week",1771804800000],["day",1772323200000],["hour",1772370000000]]"#;
        assert_eq!(slots, [expected]);
        // The same again changes nothing; a cap that was there goes on.
        set(&world, "CAPPED", caps).await;
        assert_eq!(taken(&world).await, ["day 4", "hour 2", "month 4", "total 4", "week 4"]);

        assert_eq!(states_of(&world, "CAPPED", 3).await, ["delivered", "rejected", "rejected"]);
        world.clock.advance_ms(HOUR_MS);
        // What was on the way is sent again and delivered: it has its slots.
        world.settle().await;
        assert_eq!(world.state(&on_the_way).await, "delivered");
        assert_eq!(states_of(&world, "CAPPED", 1).await, ["rejected"], "the day is full, whatever the hour");
        world.stop().await;
    }
}

on_both! {
    /// L5: what was sent and not responded to may be the client's, and counts.
    async fn l5_a_new_cap_counts_what_is_unknown(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAPPED", "").await;
        world.receiver.plan("/client/CAPPED", [Behaviour::status(400)]);
        assert_eq!(states_of(&world, "CAPPED", 1).await, ["failed"]);
        assert_eq!(world.change_rows("update deliveries set is_unanswered = true where destination_kind = 'client'").await, 1);
        set(&world, "CAPPED", json!({"caps": {"total": 2, "day": 2, "when_reached": "reject"}})).await;
        assert_eq!(taken(&world).await, ["day 1", "total 1"]);
        assert_eq!(states_of(&world, "CAPPED", 2).await, ["delivered", "rejected"]);
        world.stop().await;
    }
}

on_both! {
    /// L5: a campaign that stores only counts what it stored.
    async fn l5_a_new_cap_counts_what_was_stored(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("STORED", "").await;
        world.activate("STORED").await;
        assert_eq!(states_of(&world, "STORED", 2).await, ["delivered", "delivered"]);
        set(&world, "STORED", json!({"caps": {"total": 9, "day": 3, "when_reached": "reject"}})).await;
        assert_eq!(taken(&world).await, ["day 2", "total 2"]);
        assert_eq!(states_of(&world, "STORED", 2).await, ["delivered", "rejected"]);
        // The day after begins at none, the total goes on.
        world.clock.advance_ms(24 * HOUR_MS);
        assert_eq!(states_of(&world, "STORED", 1).await, ["delivered"]);
        assert_eq!(taken(&world).await, ["day 3", "day 1", "total 4"]);
        // Without a cap nothing is counted; where it comes again, what was delivered meanwhile is.
        set(&world, "STORED", json!({})).await;
        assert_eq!(states_of(&world, "STORED", 1).await, ["delivered"]);
        set(&world, "STORED", json!({"caps": {"day": 3, "when_reached": "reject"}})).await;
        assert_eq!(states_of(&world, "STORED", 2).await, ["delivered", "rejected"]);
        world.stop().await;
    }
}

on_both! {
    /// L5: in another time zone other days run, and those count what was delivered in them.
    async fn l5_another_time_zone_counts_its_own_periods(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAPPED", "").await;
        set(&world, "CAPPED", json!({"caps": {"total": 9, "day": 2, "when_reached": "reject"}})).await;
        assert_eq!(states_of(&world, "CAPPED", 1).await, ["delivered"]);
        // 01:00 on 2026-03-02 in UTC, still 20:00 on 2026-03-01 in New York.
        world.clock.advance_ms(13 * HOUR_MS);
        world.admin.patch("/v1/campaigns/CAPPED", &json!({"time_zone": "America/New_York"})).await.expect(200);
        assert_eq!(states_of(&world, "CAPPED", 2).await, ["delivered", "rejected"]);
        world.admin.patch("/v1/campaigns/CAPPED", &json!({"time_zone": "UTC"})).await.expect(200);
        assert_eq!(states_of(&world, "CAPPED", 2).await, ["delivered", "rejected"]);
        world.stop().await;
    }
}

on_both! {
    /// L5: leads that are under way while a cap is set are neither lost nor more than it has.
    async fn l5_a_cap_set_at_work_is_held(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("BUSY", "").await;
        let mut ids = Vec::new();
        for round in 0..6 {
            let posted = world.push(vec![json!({"campaign_id": "BUSY"}); 10].into()).await;
            ids.extend(submission_ids(&posted));
            if round == 2 {
                set(&world, "BUSY", json!({"caps": {"day": 40, "when_reached": "reject"}})).await;
            }
        }
        world.settle().await;
        let mut delivered = 0;
        for id in &ids {
            match world.state(id).await.as_str() {
                "delivered" => delivered += 1,
                state => assert_eq!(state, "rejected"),
            }
        }
        assert_eq!((delivered, world.receiver.at("/client/BUSY").len()), (40, 40));
        world.stop().await;
    }
}

/// L3 L5 L6 H3: the same at the command line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_l6_a_lifecycle_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    world.draft("SOLAR", "").await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let run = async |words: &[&str]| command_line::print(&world.admin, &[&["lifecycle"], words].concat()).await;
    let fail = async |words: &[&str]| command_line::fail(&world.admin, &[&["lifecycle"], words].concat()).await;
    let shown = run(&["show", "SOLAR"]).await;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), nothing());
    let good = file("good.json", r#"{"caps": {"day": 5}}"#);
    assert_eq!(run(&["set", "SOLAR", &good]).await, "set the lifecycle of SOLAR\n");
    let again = file("again.json", &run(&["show", "SOLAR"]).await);
    let set: Value = serde_json::from_str(&run(&["set", "SOLAR", &again, "--json"]).await).unwrap();
    assert_eq!((&set["caps"]["day"], &set["caps"]["when_reached"]), (&json!(5), &json!("queue")));
    let bad = file("bad.json", r#"{"caps": {"day": 0}, "queue_expires_after_hours": 0}"#);
    let failed = fail(&["set", "SOLAR", &bad]).await;
    assert!(failed.contains("\n  caps.day ") && failed.contains("\n  queue_expires_after_hours "), "{failed}");
    let text = file("text.json", "caps:\n  day: 5\n");
    assert!(fail(&["set", "SOLAR", &text]).await.contains("text.json: not JSON"));
    assert!(fail(&["set", "SOLAR", "none.json"]).await.contains("none.json"));
    assert!(fail(&["show", "../me"]).await.contains("is not an id"));
    world.stop().await;
}

on_both! {
    /// L5 L6: a time zone that is not there is rejected by its name, when a campaign is made and when it is changed.
    async fn l5_an_unknown_zone_is_rejected(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        for zone in ["Mars/Base", "", "America/New York", "+02:00"] {
            let new = json!({"id": "DD", "name": "d", "time_zone": zone});
            let made = world.admin.post("/v1/campaigns", &new).await.expect_error(422, "invalid");
            let changed = world.admin.patch("/v1/campaigns/CC", &json!({"time_zone": zone})).await.expect_error(422, "invalid");
            for rejected in [made.json, changed.json] {
                assert_eq!(rejected["error"]["details"][0]["path"], "time_zone", "{rejected}");
            }
        }
        world.admin.get("/v1/campaigns/DD").await.expect_error(404, "not_found");
        world.stop().await;
    }
}
