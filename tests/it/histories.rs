//! Random histories, each run from memory and from the store: kills, take-overs, full queues, paused campaigns, retries that fall due after a
//! restart, leases that are lost in the middle of a batch. Whatever happens, each lead ends as its own content says [H1 H2 L7 L8].

use crate::crash::UNDER_WAY_MAX;
use hookmill_domain::state::State;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Random, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many histories each database runs, unless `HOOKMILL_HISTORIES` says otherwise; each is run both ways.
const HISTORIES: u64 = 4;
/// How many steps a history has.
const STEPS: (u64, u64) = (8, 20);
/// How often a request to the client that fails at first is answered 503 in one history: its endpoint has three retries.
const FAILURES_MAX: u64 = 3;
/// How long a stolen lease lasts, in milliseconds of the real time.
const STOLEN_MS: i64 = 300;
/// How often time is advanced at the end, an hour each, until everything is final.
const HOURS_MAX: usize = 12;

const DOCUMENT: &str = r#"
version: 1
map:
  fields:
    email: {from: email, then: [email]}
    price: price
    number: number
qualify:
  - {field: custom.price, op: ge, value: 10, reason: too cheap}
shape:
  client:
    body: {number: {from: lead.custom.number}}
"#;

/// The campaigns: a client that accepts, one that fails at first, one that rejects.
const CAMPAIGNS: [&str; 3] = ["ACCEPTS", "FAILS", "REJECTS"];

#[derive(Debug, Clone)]
enum Step {
    /// Posts leads to a campaign: each passes, is too cheap or is broken.
    Post(usize, Vec<Lead>),
    Pause(usize),
    Activate(usize),
    /// The next requests to the client that fails at first are answered 503.
    Fail(u64),
    /// Time goes on, in milliseconds of the world's clock.
    Advance(i64),
    /// A moment of the real time passes, in milliseconds.
    Work(u64),
    Restart,
    Kill,
    StealLeases,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Passes,
    Cheap,
    Broken,
}

/// Where a history's work is, as far as settings say it.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// All of it fits into memory.
    Memory,
    /// Queues hold one item, so that nearly all of it is read from the store.
    Store,
}

impl Lead {
    /// The state it ends in.
    fn end(self, campaign: usize) -> &'static str {
        match (self, CAMPAIGNS[campaign]) {
            (Self::Broken, _) => "quarantined",
            (Self::Cheap, _) => "disqualified",
            (Self::Passes, "REJECTS") => "failed",
            (Self::Passes, _) => "delivered",
        }
    }

    /// The events that it causes.
    fn events(self, campaign: usize) -> BTreeSet<String> {
        let names: &[&str] = match self.end(campaign) {
            "quarantined" => &["lead.quarantined"],
            "disqualified" => &["lead.disqualified", "lead.processed"],
            "failed" => &["lead.failed", "lead.processed"],
            _ => &["lead.delivered", "lead.processed"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn json(self, campaign: usize, number: usize) -> Value {
        let email = if self == Self::Broken { "no address".to_owned() } else { format!("lead{number}@x.example") };
        let price = if self == Self::Cheap { 9 } else { 12 };
        json!({"campaign_id": CAMPAIGNS[campaign], "email": email, "price": price, "number": number})
    }
}

fn history(random: &mut Random) -> Vec<Step> {
    let mut failures = FAILURES_MAX;
    let steps = (0..random.between(STEPS.0, STEPS.1)).map(|_| {
        let campaign = random.between(0, 2) as usize;
        match random.between(0, 15) {
            0..=5 => Step::Post(campaign, leads(random)),
            6 => Step::Pause(campaign),
            7 => Step::Activate(campaign),
            8 | 9 if 0 < failures => {
                let count = random.between(1, failures);
                failures -= count;
                Step::Fail(count)
            }
            10 => Step::Advance(random.between(1, 600_000) as i64),
            11 => Step::Restart,
            12 | 13 => Step::Kill,
            14 => Step::StealLeases,
            _ => Step::Work(random.between(0, 30)),
        }
    });
    steps.collect()
}

fn leads(random: &mut Random) -> Vec<Lead> {
    let lead = |random: &mut Random| match random.between(0, 5) {
        0 => Lead::Cheap,
        1 => Lead::Broken,
        _ => Lead::Passes,
    };
    (0..random.between(1, 30)).map(|_| lead(random)).collect()
}

fn options(way: Way) -> WorldOptions {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.lease_ms, limits.renew_ms, limits.stop_ms) = (1_000, 50, 3_000);
    if let Way::Store = way {
        (limits.lane_items_max, limits.process_batch_max) = (1, 1);
    }
    options
}

#[allow(clippy::disallowed_methods, reason = "how long the test is, is a matter of who runs it")]
fn histories() -> u64 {
    std::env::var("HOOKMILL_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES)
}

/// What was posted, by submission.
type Posted = BTreeMap<String, (usize, usize, Lead)>;

async fn play(world: &mut World, steps: &[Step]) -> Posted {
    let mut posted = Posted::new();
    for step in steps {
        match step {
            Step::Post(campaign, leads) => {
                let first = posted.len();
                let elements = leads.iter().enumerate().map(|(at, lead)| lead.json(*campaign, first + at));
                let ids = submission_ids(&world.push(elements.collect()).await);
                assert_eq!(ids.len(), leads.len(), "all are acknowledged");
                posted.extend(
                    ids.into_iter().zip(leads).enumerate().map(|(at, (id, lead))| (id, (first + at, *campaign, *lead))),
                );
            }
            Step::Pause(campaign) => world.set_state(CAMPAIGNS[*campaign], "paused").await,
            Step::Activate(campaign) => world.set_state(CAMPAIGNS[*campaign], "active").await,
            Step::Fail(count) => world.receiver.plan("/client/FAILS", (0..*count).map(|_| Behaviour::status(503))),
            Step::Advance(ms) => world.clock.advance_ms(*ms),
            Step::Work(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Step::Restart => world.restart().await,
            Step::Kill => world.kill().await,
            Step::StealLeases => world.database.steal_leases(STOLEN_MS).await,
        }
    }
    posted
}

/// Waits until every lead has reached a final state, however long its retries take.
async fn wait_until_final(world: &World, posted: &Posted) {
    for campaign in CAMPAIGNS {
        world.set_state(campaign, "active").await;
    }
    for _ in 0..HOURS_MAX {
        world.settle().await;
        let mut waiting = 0;
        for id in posted.keys() {
            waiting += usize::from(matches!(
                world.state(id).await.as_str(),
                "received" | "processing" | "pending" | "delivering"
            ));
        }
        if waiting == 0 {
            return;
        }
        world.clock.advance_ms(3_600_000);
    }
    panic!("not all are final after {HOURS_MAX} hours");
}

/// Each lead has ended as it must, by legal transitions, told of once; and nothing was sent that was not posted.
async fn check(world: &World, posted: &Posted, interruptions: usize) {
    for (id, (_, campaign, lead)) in posted {
        let shown = world.submission(id).await;
        assert_eq!(shown["state"], lead.end(*campaign), "{id} of {}: {shown}", CAMPAIGNS[*campaign]);
        let states: Vec<State> = shown["timeline"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| State::parse(line["state"].as_str().unwrap()).unwrap())
            .collect();
        for pair in states.windows(2) {
            let is_note = pair[0] == pair[1] && pair[0].has_notes();
            assert!(is_note || pair[0].may_become(pair[1]), "{id}: {pair:?} in {shown}");
        }
        check_events(world, id, &lead.events(*campaign));
    }
    let mut repeats = 0;
    for (campaign, name) in CAMPAIGNS.iter().enumerate() {
        let mut sent: BTreeMap<u64, usize> = BTreeMap::new();
        for request in world.receiver.at(&format!("/client/{name}")) {
            *sent.entry(request.json()["number"].as_u64().unwrap()).or_default() += 1;
        }
        let of_campaign = posted.values().filter(|(_, of, lead)| *of == campaign && *lead == Lead::Passes);
        let expected: BTreeSet<u64> = of_campaign.map(|(number, ..)| *number as u64).collect();
        assert_eq!(sent.keys().copied().collect::<BTreeSet<_>>(), expected, "the leads that {name} got");
        repeats += sent.values().sum::<usize>() - expected.len();
    }
    // A 503 is answered by one more attempt.
    let failed = FAILURES_MAX as usize;
    assert!(
        repeats <= failed + interruptions * UNDER_WAY_MAX,
        "{repeats} requests more than leads after {interruptions} interruptions"
    );
}

/// An event is told under one id, however often.
fn check_events(world: &World, id: &str, expected: &BTreeSet<String>) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in world.receiver.at("/subscriber") {
        let event = request.json();
        if event["submissionId"] == *id {
            let name = event["event"].as_str().unwrap().to_owned();
            ids.entry(name).or_default().insert(request.header("webhook-id").to_owned());
        }
    }
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), *expected, "the events of {id}");
    for (name, ids) in ids {
        assert_eq!(ids.len(), 1, "{id}: {name} has the ids {ids:?}");
    }
}

async fn run(kind: hookmill_tests::Kind, way: Way, seed: u64) {
    let steps = history(&mut Random::new(seed));
    println!("{way:?}, seed {seed}: {steps:?}");
    let mut world = World::with(kind, options(way)).await;
    for name in CAMPAIGNS {
        world.campaign(name, DOCUMENT).await;
    }
    world.receiver.always("/client/REJECTS", Behaviour::status(400));
    world.subscribe().await;
    let posted = play(&mut world, &steps).await;
    wait_until_final(&world, &posted).await;
    let interruptions =
        steps.iter().filter(|step| matches!(step, Step::Kill | Step::StealLeases | Step::Restart)).count();
    check(&world, &posted, interruptions).await;
    world.stop().await;
}

on_both! {
    /// H1 H2 L7: every history ends as its leads say, from memory and from the store.
    async fn h2_histories_end_as_their_leads_say(kind: Kind) {
        let first = Random::seed();
        for seed in first..first + histories() {
            for way in [Way::Memory, Way::Store] {
                run(kind, way, seed).await;
            }
        }
    }
}
