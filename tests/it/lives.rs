//! Random lives: campaigns with duplicate rules, caps, schedules and fallback lists that change while leads are under way, clients that say
//! anything, pings, first-submission actions, pauses, kills, jumps of the clock. Nothing is predicted of a single lead; what must hold of every one is checked at the end
//! [H1 H2 L1-L9 T].

use hookmill_domain::state::State;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Random, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many lives each database runs, unless `HOOKMILL_HISTORIES` says otherwise; each is run from memory and from the store.
const LIVES: u64 = 3;
/// How many steps a life has.
const STEPS: (u64, u64) = (10, 25);
/// How many people there are: few, so that they come again.
const PEOPLE: u64 = 25;
/// How long a stolen lease lasts, in milliseconds of the real time.
const STOLEN_MS: i64 = 300;
/// How often time is advanced at the end, three hours each, until nothing waits.
const ADVANCES_MAX: usize = 40;

const DOCUMENT: &str = r#"
version: 1
map:
  fields:
    email: {from: email, then: [email]}
    phone: phone
    price: price
qualify:
  - {field: custom.price, op: ge, value: 10, reason: too cheap, severity: soft}
"#;

/// The first two fall back, the third takes what they don't.
const CAMPAIGNS: [&str; 3] = ["FIRST", "SECOND", "LAST"];

#[derive(Debug, Clone)]
enum Step {
    Post(usize, Vec<(u64, u64)>),
    /// A campaign gets this lifecycle.
    Change(usize, Value),
    /// Its client is asked for bids, or not.
    Ask(usize, bool),
    /// A webhook, a person or nobody decides about first submissions.
    Act(usize, Option<&'static str>),
    Pause(usize),
    Activate(usize),
    /// The client's next responses.
    Say(usize, Vec<u64>),
    Reprocess(usize),
    Repost(usize),
    Withdraw(usize),
    Advance(i64),
    Work(u64),
    Restart,
    Kill,
    StealLeases,
}

fn life(random: &mut Random) -> Vec<Step> {
    let steps = (0..random.between(STEPS.0, STEPS.1)).map(|_| {
        let campaign = random.between(0, 2) as usize;
        match random.between(0, 23) {
            0..=6 => Step::Post(campaign, leads(random)),
            7..=9 => Step::Change(campaign, lifecycle(random, campaign)),
            10 => Step::Pause(campaign),
            11 => Step::Activate(campaign),
            12 | 13 => Step::Say(campaign, (0..random.between(1, 12)).map(|_| random.between(0, 6)).collect()),
            14 => Step::Reprocess(campaign),
            15 => Step::Advance(random.between(1_000, 40 * 3_600_000) as i64),
            16 => Step::Restart,
            17 => Step::Kill,
            18 => Step::StealLeases,
            19 => Step::Repost(campaign),
            20 => Step::Withdraw(campaign),
            21 => Step::Ask(campaign, random.between(0, 2) != 0),
            22 => Step::Act(campaign, [None, Some("webhook"), Some("review")][random.between(0, 2) as usize]),
            _ => Step::Work(random.between(0, 30)),
        }
    });
    steps.collect()
}

/// Who posts, and at which price.
fn leads(random: &mut Random) -> Vec<(u64, u64)> {
    (0..random.between(1, 20)).map(|_| (random.between(0, PEOPLE), random.between(8, 20))).collect()
}

fn lifecycle(random: &mut Random, campaign: usize) -> Value {
    let has_list = campaign < 2;
    let otherwise = |random: &mut Random| match random.between(0, if has_list { 2 } else { 1 }) {
        0 => "queue",
        1 => "reject",
        _ => "next",
    };
    let mut lifecycle = json!({});
    if random.between(0, 1) == 0 {
        let action = ["reject", "mark", "quarantine", "update"][random.between(0, 3) as usize];
        let scope = ["campaign", "organization"][random.between(0, 1) as usize];
        let matches = ["any", "all"][random.between(0, 1) as usize];
        lifecycle["duplicates"] = json!({"fields": ["email", "phone"], "matches": matches, "window_days": 1, "scope": scope, "action": action});
    }
    if random.between(0, 2) != 0 {
        let day = random.between(1, 12);
        lifecycle["caps"] = json!({"hour": random.between(1, day), "day": day, "when_reached": otherwise(random)});
    }
    if random.between(0, 2) == 0 {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let windows = json!([{"days": days, "from": "20:00", "until": "06:00"}, {"days": days, "from": "10:00", "until": "14:00"}]);
        lifecycle["schedule"] = json!({"windows": windows, "when_closed": otherwise(random)});
    }
    if random.between(0, 3) == 0 {
        lifecycle["queue_expires_after_hours"] = json!(random.between(1, 30));
    }
    if has_list {
        let campaigns = if campaign == 0 { json!(["SECOND", "LAST"]) } else { json!(["LAST"]) };
        lifecycle["fallback"] = json!({
            "campaigns": campaigns, "qualify": random.between(0, 1) == 0, "after_unanswered": random.between(0, 3) == 0,
        });
    }
    lifecycle
}

fn says(what: u64) -> Behaviour {
    match what {
        0 => Behaviour::status(400),
        1 => Behaviour::status(503),
        2 => Behaviour::Close,
        3 => Behaviour::Respond(302, vec![("location".into(), "http://127.0.0.1/".into())], String::new()),
        4 => Behaviour::json(200, &json!({"status": "ok"})),
        5 => Behaviour::Respond(200, vec![("content-type".into(), "application/json".into())], "<html>no".into()),
        _ => Behaviour::status(200),
    }
}

/// Returns what was posted, and the bulk jobs.
async fn play(world: &mut World, steps: &[Step]) -> (BTreeSet<String>, Vec<String>) {
    let (mut posted, mut jobs) = (BTreeSet::new(), Vec::new());
    for step in steps {
        match step {
            Step::Post(campaign, leads) => {
                let lead = |(person, price): &(u64, u64)| {
                    json!({
                        "campaign_id": CAMPAIGNS[*campaign], "email": format!("p{person}@x.example"),
                        "phone": format!("+1512555{:04}", 100 + person / 2), "price": price, "is_test": *person == 0,
                    })
                };
                let response = world.push(leads.iter().map(lead).collect()).await;
                posted.extend(submission_ids(&response));
            }
            Step::Change(campaign, lifecycle) => change(world, *campaign, lifecycle).await,
            Step::Pause(campaign) => world.set_state(CAMPAIGNS[*campaign], "paused").await,
            Step::Activate(campaign) => world.set_state(CAMPAIGNS[*campaign], "active").await,
            Step::Say(campaign, what) => {
                for who in ["client", "ping", "action"] {
                    let path = format!("/{who}/{}", CAMPAIGNS[*campaign]);
                    world.receiver.plan(&path, what.iter().map(|what| says(*what)));
                }
            }
            Step::Ask(campaign, asks) => ask(world, *campaign, *asks).await,
            Step::Act(campaign, who) => act(world, *campaign, *who).await,
            Step::Reprocess(campaign) => jobs.push(bulk(world, "reprocess", *campaign).await),
            Step::Repost(campaign) => jobs.push(bulk(world, "repost", *campaign).await),
            Step::Withdraw(campaign) => jobs.push(bulk(world, "withdraw", *campaign).await),
            Step::Advance(ms) => world.clock.advance_ms(*ms),
            Step::Work(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Step::Restart => world.restart().await,
            Step::Kill => world.kill().await,
            Step::StealLeases => world.database.steal_leases(STOLEN_MS).await,
        }
    }
    (posted, jobs)
}

/// Has a job do something with all submissions of a campaign that it can be done with; how far it comes is a matter of what else happens.
async fn bulk(world: &World, operation: &str, campaign: usize) -> String {
    let job = json!({"operation": operation, "filter": {"campaign_id": CAMPAIGNS[campaign]}});
    world.admin.post("/v1/bulk-jobs", &job).await.expect(202).str("id")
}

async fn change(world: &World, campaign: usize, lifecycle: &Value) {
    world.admin.put(&format!("/v1/campaigns/{}/lifecycle", CAMPAIGNS[campaign]), lifecycle).await.expect(200);
}

/// Sets a campaign's endpoint, with a ping or without one.
async fn ask(world: &World, campaign: usize, asks: bool) {
    let name = CAMPAIGNS[campaign];
    let ping = json!({"url": world.receiver.url(&format!("/ping/{name}")), "price": "1", "timeout_ms": 300});
    let ping = if asks { ping } else { Value::Null };
    let endpoint = json!({"url": world.receiver.url(&format!("/client/{name}")), "retries": 3, "ping": ping});
    world.admin.put(&format!("/v1/campaigns/{name}/endpoint"), &endpoint).await.expect(200);
}

/// Sets who decides about first submissions to a campaign.
async fn act(world: &World, campaign: usize, who: Option<&str>) {
    let path = format!("/v1/campaigns/{}/first-submission-action", CAMPAIGNS[campaign]);
    let url = world.receiver.url(&format!("/action/{}", CAMPAIGNS[campaign]));
    match who {
        Some("webhook") => {
            let webhook = json!({"kind": "webhook", "url": url, "retries": 1, "timeout_s": 1});
            world.admin.put(&path, &webhook).await.expect(200);
        }
        Some(_) => {
            world.admin.put(&path, &json!({"kind": "review"})).await.expect(200);
        }
        // It may have none.
        None => drop(world.admin.delete(&path).await),
    }
}

/// Decides about all that waits for a person.
async fn review(world: &World) {
    loop {
        let page = world.admin.get("/v1/reviews").await.expect(200).json;
        let rows = page["items"].as_array().unwrap();
        if rows.is_empty() {
            return;
        }
        for (number, row) in rows.iter().enumerate() {
            let decision = if number % 3 == 0 { "reject" } else { "approve" };
            let path = format!("/v1/submissions/{}/review", row["submission_id"].as_str().unwrap());
            world.admin.post(&path, &json!({"decision": decision, "reason": "looked at"})).await.expect(200);
        }
        world.settle().await;
    }
}

/// All submissions, those too that were moved: by id, the newest first.
async fn submissions(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for campaign in CAMPAIGNS {
        let mut before = String::new();
        loop {
            let from = if before.is_empty() { String::new() } else { format!("&before={before}") };
            let path = format!("/v1/campaigns/{campaign}/submissions?limit=100{from}");
            let page = world.admin.get(&path).await.expect(200).json;
            let rows = page["items"].as_array().unwrap();
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => before = next.to_owned(),
                None => break,
            }
        }
    }
    ids
}

/// Waits until nothing waits for the clock: every campaign is active, and none has a cap or a schedule any more; no job makes new work.
async fn wait_until_over(world: &World, jobs: &[String]) {
    for job in jobs {
        world.bulk_job_ended(job).await;
    }
    for (campaign, name) in CAMPAIGNS.iter().enumerate() {
        change(world, campaign, &json!({})).await;
        world.set_state(name, "active").await;
    }
    for _ in 0..ADVANCES_MAX {
        world.settle().await;
        review(world).await;
        let mut waiting = Vec::new();
        for id in submissions(world).await {
            let state = world.state(&id).await;
            if !State::parse(&state).unwrap().is_terminal() && state != "quarantined" {
                waiting.push((id, state));
            }
        }
        if waiting.is_empty() {
            return;
        }
        world.clock.advance_ms(3 * 3_600_000);
        // Queues are looked at by a chore.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("some still wait");
}

/// The ids under which each event of each submission was told of.
fn events(world: &World) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut events: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for request in world.receiver.at("/subscriber") {
        let event = request.json();
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        events
            .entry((text("submissionId"), text("event")))
            .or_default()
            .insert(request.header("webhook-id").to_owned());
    }
    events
}

/// What holds of every submission: its timeline is whole and legal, and each event was told of as often as the timeline says.
async fn check(world: &World, posted: &BTreeSet<String>) {
    let all: BTreeSet<String> = submissions(world).await.into_iter().collect();
    assert!(posted.is_subset(&all), "what was acknowledged is there");
    let events = events(world);
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &all {
        let shown = world.submission(id).await;
        let timeline = shown["timeline"].as_array().unwrap();
        let states: Vec<State> =
            timeline.iter().map(|line| State::parse(line["state"].as_str().unwrap()).unwrap()).collect();
        states.iter().for_each(|state| *passed.entry(state.as_str()).or_default() += 1);
        assert_eq!(states.first(), Some(&State::Received), "{shown}");
        assert_eq!(states.last().map(|state| state.as_str()), shown["state"].as_str(), "{shown}");
        for pair in states.windows(2) {
            // What an action decides is a line of its own, before the lead goes on.
            let is_note = pair == [State::PendingAction; 2];
            assert!(is_note || pair[0].may_become(pair[1]), "{pair:?} in {shown}");
        }
        let count = |state: State| states.iter().filter(|passed| **passed == state).count();
        let told = |name: &str| events.get(&(id.clone(), name.to_owned())).map_or(0, BTreeSet::len);
        let terminal = states.iter().filter(|state| state.is_terminal()).count();
        assert!(terminal <= 1, "{shown}");
        assert_eq!(told("lead.processed"), terminal, "{shown}");
        assert_eq!(told("lead.delivered"), count(State::Delivered), "{shown}");
        assert_eq!(told("lead.disqualified"), count(State::Disqualified), "{shown}");
        assert_eq!(told("lead.queued"), count(State::Queued), "{shown}");
        assert_eq!(told("lead.quarantined"), count(State::Quarantined), "{shown}");
        let moved = timeline.iter().any(|line| !line["detail"]["moved_to"].is_null());
        assert!(!moved || all.contains(&format!("{id}.1")), "{shown}");
    }
    println!("{} submissions passed {passed:?}", all.len());
    check_client(world, &all).await;
}

/// What the client got was posted, and whatever it took ended as delivered or as unknown.
async fn check_client(world: &World, all: &BTreeSet<String>) {
    let mut sent = BTreeSet::new();
    for campaign in CAMPAIGNS {
        for request in world.receiver.at(&format!("/client/{campaign}")) {
            sent.insert(request.header("hookmill-submission-id").to_owned());
        }
    }
    let unknown: Vec<&String> = sent.difference(all).collect();
    assert!(unknown.is_empty(), "sent, and nobody knows them: {unknown:?}");
    for id in all {
        let shown = world.submission(id).await;
        let is_stored = shown["timeline"].as_array().unwrap().iter().any(|line| line["cause"] == "stored");
        if shown["state"] == "delivered" && !is_stored {
            assert!(sent.contains(id), "nobody sent {shown}");
        }
    }
}

fn options(from_store: bool) -> WorldOptions {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.lease_ms, limits.renew_ms, limits.stop_ms) = (1_000, 50, 3_000);
    // Time jumps further than a backlog may be old.
    limits.backlog_age_ms_max = i64::MAX;
    if from_store {
        (limits.lane_items_max, limits.process_batch_max) = (1, 1);
    }
    options
}

#[allow(clippy::disallowed_methods, reason = "how long the test is, is a matter of who runs it")]
fn lives() -> u64 {
    std::env::var("HOOKMILL_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(LIVES)
}

async fn run(kind: hookmill_tests::Kind, from_store: bool, seed: u64) {
    let steps = life(&mut Random::new(seed));
    println!("from the store: {from_store}, seed {seed}: {steps:?}");
    let mut world = World::with(kind, options(from_store)).await;
    for name in CAMPAIGNS {
        world.campaign(name, DOCUMENT).await;
    }
    world.subscribe().await;
    for name in CAMPAIGNS {
        world.receiver.always(&format!("/action/{name}"), Behaviour::json(200, &json!({"decision": "approve"})));
    }
    let (posted, jobs) = play(&mut world, &steps).await;
    wait_until_over(&world, &jobs).await;
    check(&world, &posted).await;
    world.stop().await;
}

on_both! {
    /// T H2: whatever happens, each submission has one end, told of once, and a whole timeline of legal transitions.
    async fn t_every_life_ends_once(kind: Kind) {
        let first = Random::seed();
        for seed in first..first + lives() {
            for from_store in [false, true] {
                run(kind, from_store, seed).await;
            }
        }
    }
}
