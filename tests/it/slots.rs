//! Slots of caps (L5): with cap N, what is delivered and what is unknown together are exactly N, whatever the clients say, how many hosts work and when one of
//! them dies. A slot comes back when the client did not take the lead, and stays taken when nobody knows.

use hookmill_tests::receiver::Gate;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Client, Kind, Random, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR_MS: i64 = 3_600_000;
/// More than any wait after the first, the second and the third attempt.
const WAITS_MS: [i64; 3] = [7_000, 13_000, 26_000];
/// How many random clients each database has.
const CLIENTS: u64 = 4;
/// How many leads come to one of them.
const LEADS: usize = 24;
/// How often time goes on at the end, half a minute each, until nothing is under way.
const ADVANCES_MAX: usize = 60;
/// How long a client that hangs says nothing, in milliseconds of the real time; its endpoint waits a second.
const HANG_MS: u64 = 3_000;

const DOCUMENT: &str = "
version: 1
map: {fields: {email: email, number: number}}
interpret:
  outcomes:
    - {outcome: rejected, when: {field: text, op: contains, value: rejected}}
    - {outcome: duplicate, when: {field: text, op: contains, value: duplicate}}
";

fn says(text: &str) -> Behaviour {
    Behaviour::json(200, &json!({"result": text}))
}

fn leads(campaign: &str, count: usize) -> Value {
    (0..count).map(|number| json!({"campaign_id": campaign, "email": "ann@x.example", "number": number})).collect()
}

/// What is counted in the periods of caps, as `period taken`.
async fn taken(world: &World) -> Vec<String> {
    world.texts("select period || ' ' || cast(taken as text) from cap_counts order by period, starts_at").await
}

async fn count(world: &World, sql: &str) -> usize {
    world.texts(&format!("select cast(count(*) as text) from {sql}")).await[0].parse().unwrap()
}

on_both! {
    /// L5: each way in which a client can have not taken a lead gives its slot to the next one that waits.
    async fn l5_a_slot_comes_back_when_the_client_did_not_take_the_lead(kind: Kind) {
        let table: [(&str, Vec<Behaviour>, &str); 5] = [
            ("REJECTED", vec![says("rejected")], "rejected"),
            ("DUPLICATE", vec![says("duplicate")], "duplicate"),
            ("FAILED", vec![Behaviour::status(400)], "failed"),
            ("RETRIED", vec![Behaviour::status(503); 4], "failed"),
            ("REDIRECTED", vec![Behaviour::status(302)], "failed"),
        ];
        let world = World::new(kind).await;
        world.subscribe().await;
        for (name, plan, state) in table {
            world.campaign(name, DOCUMENT).await;
            world.set_lifecycle(name, &json!({"caps": {"total": 2, "day": 1}})).await;
            world.receiver.plan(&format!("/client/{name}"), plan);
            let ids = world.push_and_settle(leads(name, 3)).await;
            for wait_ms in WAITS_MS {
                world.advance(wait_ms).await;
            }
            assert_eq!(world.states(&ids).await, [state, "delivered", "queued"], "{name}");
            let told = world.webhook_events(&ids[0]);
            assert_eq!(told.iter().filter(|event| *event == "lead.processed").count(), 1, "{name}: {told:?}");
        }
        assert_eq!(taken(&world).await, [["day 1"; 5], ["total 1"; 5]].concat());
        assert_eq!(count(&world, "submissions where cap_slots is not null and state <> 'delivered'").await, 0);
        world.stop().await;
    }
}

on_both! {
    /// L5: a request that left and got no response leaves its slot taken, also when a later attempt got a no; the period after has its own.
    async fn l5_a_slot_stays_taken_when_nobody_knows(kind: Kind) {
        let table: [(&str, Vec<Behaviour>); 2] = [
            ("SILENT", vec![Behaviour::Close; 4]),
            ("LATER", vec![Behaviour::Close, Behaviour::status(400)]),
        ];
        let world = World::new(kind).await;
        for (name, plan) in table {
            world.campaign(name, DOCUMENT).await;
            world.set_lifecycle(name, &json!({"caps": {"day": 1}})).await;
            world.receiver.plan(&format!("/client/{name}"), plan);
            let ids = world.push_and_settle(leads(name, 2)).await;
            for wait_ms in WAITS_MS {
                world.advance(wait_ms).await;
            }
            assert_eq!(world.states(&ids).await, ["failed", "queued"], "{name}");
            world.advance(24 * HOUR_MS).await;
            assert_eq!(world.states(&ids).await, ["failed", "delivered"], "{name}");
        }
        assert_eq!(taken(&world).await, ["day 1"; 4]);
        assert_eq!(count(&world, "deliveries where is_unanswered").await, 2);
        world.stop().await;
    }
}

on_both! {
    /// L2 L5: a lead that is canceled before the client has it gives its slot back; of one that may be the client's it stays taken.
    async fn l5_what_was_never_sent_holds_no_slot(kind: Kind) {
        let world = World::new(kind).await;
        for (name, behaviour) in [("UNSENT", Behaviour::status(503)), ("UNKNOWN", Behaviour::Close)] {
            world.campaign(name, DOCUMENT).await;
            world.set_lifecycle(name, &json!({"caps": {"day": 1}})).await;
            world.receiver.plan(&format!("/client/{name}"), [behaviour]);
            let ids = world.push_and_settle(leads(name, 1)).await;
            assert_eq!(world.states(&ids).await, ["delivering"]);
            world.admin.put(&format!("/v1/campaigns/{name}/state"), &json!({"state": "archived"})).await.expect(200);
            world.advance(WAITS_MS[0]).await;
            assert_eq!(world.states(&ids).await, ["canceled"]);
        }
        let of_each = "select c.campaign_id || ' ' || cast(n.taken as text) from cap_counts n join campaigns c on c.campaign_key = n.campaign_key order by 1";
        assert_eq!(world.texts(of_each).await, ["UNKNOWN 1", "UNSENT 0"]);
        world.stop().await;
    }
}

on_both! {
    /// L5 L11: test leads take no slot and wait behind nobody.
    async fn l5_test_leads_are_not_counted(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        world.set_lifecycle("CC", &json!({"caps": {"day": 1}})).await;
        let lead = |is_test: bool| json!({"campaign_id": "CC", "email": "ann@x.example", "is_test": is_test});
        let ids = world.push_and_settle(json!([lead(true), lead(false), lead(false), lead(true)])).await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "queued", "delivered"]);
        assert_eq!(taken(&world).await, ["day 1"]);
        world.stop().await;
    }
}

on_both! {
    /// L5: days of 23 and of 25 hours have the same cap, and end at midnight there.
    async fn l5_a_reset_follows_the_local_calendar(kind: Kind) {
        // Hours since 2026-03-01T12:00:00Z: Berlin's 2026-03-29 has 23 hours, its 2026-10-25 has 25, and each is followed by a day of 24.
        let march_29 = 27 * 24 + 11;
        let october_25 = (30 + 30 + 31 + 30 + 31 + 31 + 30 + 24) * 24 - 12 + 22;
        for (begins, hours) in [(march_29, 23), (october_25, 25)] {
            let world = World::new(kind).await;
            world.campaign("CC", "").await;
            world.admin.patch("/v1/campaigns/CC", &json!({"time_zone": "Europe/Berlin"})).await.expect(200);
            world.set_lifecycle("CC", &json!({"caps": {"day": 1}})).await;
            world.clock.advance_ms(begins * HOUR_MS);
            let ids = world.push_and_settle(leads("CC", 3)).await;
            assert_eq!(world.states(&ids).await, ["delivered", "queued", "queued"], "a day of {hours} hours");
            world.advance(hours * HOUR_MS - 1).await;
            assert_eq!(world.states(&ids).await, ["delivered", "queued", "queued"], "a day of {hours} hours is not over");
            world.advance(1).await;
            assert_eq!(world.states(&ids).await, ["delivered", "delivered", "queued"], "a day of {hours} hours is over");
            world.advance(24 * HOUR_MS).await;
            assert_eq!(world.states(&ids).await, ["delivered"; 3]);
            world.stop().await;
        }
    }
}

/// What a client does next.
fn response(random: &mut Random) -> Behaviour {
    match random.between(0, 19) {
        0..=5 => says("ok"),
        6..=8 => says("rejected"),
        9 | 10 => says("duplicate"),
        11..=13 => Behaviour::status(400),
        14 | 15 => Behaviour::status(503),
        16..=18 => Behaviour::Close,
        _ => Behaviour::Silence(Duration::from_millis(HANG_MS)),
    }
}

fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.lease_ms, limits.renew_ms, limits.stop_ms) = (1_000, 50, 3_000);
    options
}

/// A campaign with a client that does anything, and a cap.
async fn random_client(world: &World, random: &mut Random, cap: u64) {
    world.campaign("CC", DOCUMENT).await;
    let endpoint = json!({"url": world.receiver.url("/client/CC"), "retries": 3, "timeout_s": 1});
    world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200);
    world.receiver.plan("/client/CC", (0..LEADS * 2).map(|_| response(random)));
    let total = cap + random.between(0, 3);
    world.set_lifecycle("CC", &json!({"caps": {"total": total, "day": cap}})).await;
}

/// Waits until no lead is under way any more: all ended or are queued.
async fn wait_until_over(world: &World) {
    for _ in 0..ADVANCES_MAX {
        world.settle().await;
        if count(world, "submissions where state in ('received', 'delivering')").await == 0 {
            return;
        }
        world.clock.advance_ms(30_000);
    }
    panic!("some leads are still under way");
}

/// What is delivered and what is unknown are exactly as many as the cap has, unless nobody is left that waits; and they are what is counted.
async fn check(world: &World, cap: u64, seed: u64) {
    let delivered = count(world, "submissions where state = 'delivered'").await;
    let unknown = "submissions s where s.state <> 'delivered' and exists (select 1 from deliveries d \
        where d.organization_id = s.organization_id and d.submission_id = s.id and d.is_unanswered)";
    let (unknown, queued) = (count(world, unknown).await, count(world, "submissions where state = 'queued'").await);
    let sold = (delivered + unknown) as u64;
    println!("seed {seed}: cap {cap}, {delivered} delivered, {unknown} unknown, {queued} queued");
    assert!(sold == cap || (sold < cap && queued == 0), "seed {seed}: {sold} of {cap} while {queued} wait");
    assert_eq!(taken(world).await, [format!("day {sold}"), format!("total {sold}")], "seed {seed}");
    let holding = count(world, "submissions where cap_slots is not null").await;
    assert_eq!(holding, delivered + unknown, "seed {seed}: who holds slots");
    let took = world.texts("select id from submissions where state = 'delivered'").await;
    let got = world.receiver.at("/client/CC");
    for id in took {
        assert!(
            got.iter().any(|request| request.header("hookmill-submission-id") == id),
            "seed {seed}: {id} was not sent"
        );
    }
}

on_both! {
    /// L5: whatever the clients say, and however many leads come at once, exactly as many are sold as the cap has.
    async fn l5_delivered_and_unknown_are_exactly_n(kind: Kind) {
        let first = Random::seed();
        for seed in first..first + CLIENTS {
            let mut random = Random::new(seed);
            let cap = random.between(1, 8);
            let world = World::with(kind, options()).await;
            random_client(&world, &mut random, cap).await;
            let mut posted = 0;
            while posted < LEADS {
                let size = (random.between(1, 9) as usize).min(LEADS - posted);
                world.push(leads("CC", size)).await;
                posted += size;
                if random.between(0, 2) == 0 {
                    world.clock.advance_ms(random.between(1, 9_000) as i64);
                }
            }
            wait_until_over(&world).await;
            check(&world, cap, seed).await;
            world.stop().await;
        }
    }
}

async fn push_to(source: &Client, key: &str, size: usize) {
    let body = json!({"idempotency_key": key, "leads": leads("CC", size)});
    source.post("/v1/leads", &body).await.expect(202);
}

/// L5 H1 H2: two hosts on one database sell no more together than one, also when one of them is killed with leads under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_two_hosts_of_which_one_dies_sell_exactly_n() {
    let first = Random::seed();
    for seed in first..first + 2 {
        let mut random = Random::new(seed);
        let cap = random.between(4, 12);
        let world = World::with(Kind::Postgres, options()).await;
        random_client(&world, &mut random, cap).await;
        let neighbour = world.another_host().await;
        world.until_two_hosts_work().await;
        let other = Client::new(neighbour.address()).with_key(&world.source_key);
        for round in 0..4 {
            let (here, there) = (format!("here-{round}"), format!("there-{round}"));
            tokio::join!(push_to(&world.source, &here, 4), push_to(&other, &there, 2));
        }
        tokio::time::sleep(Duration::from_millis(random.between(0, 150))).await;
        neighbour.kill();
        wait_until_over(&world).await;
        check(&world, cap, seed).await;
        world.stop().await;
    }
}

on_both! {
    /// L5 H2: a host that is killed and started again counts on where it was.
    async fn l5_a_killed_host_counts_on(kind: Kind) {
        let seed = Random::seed();
        let mut random = Random::new(seed);
        let cap = random.between(3, 8);
        let mut world = World::with(kind, options()).await;
        random_client(&world, &mut random, cap).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.extend(submission_ids(&world.push(leads("CC", LEADS / 4)).await));
            tokio::time::sleep(Duration::from_millis(random.between(0, 40))).await;
            world.kill().await;
        }
        assert_eq!(ids.len(), LEADS);
        wait_until_over(&world).await;
        check(&world, cap, seed).await;
        world.stop().await;
    }
}

on_both! {
    /// L5 L8 H2: what a killed host may have sent keeps its slot and is moved nowhere, also when the client rejects it afterwards: it may have
    /// taken it the first time. What waited for a later attempt, and what a host left behind that was stopped, was not sent.
    async fn l5_what_a_killed_host_may_have_sent_keeps_its_slot(kind: Kind) {
        let mut world = World::with(kind, options()).await;
        world.campaign("OTHER", DOCUMENT).await;
        for name in ["SENT", "WAITING", "STOPPED"] {
            world.campaign(name, DOCUMENT).await;
            world.set_lifecycle(name, &json!({"caps": {"day": 1}, "fallback": {"campaigns": ["OTHER"]}})).await;
        }
        let (closed, rejects) = (Gate::new(), || says("rejected"));
        world.receiver.plan("/client/SENT", [Behaviour::behind(&closed, 200), rejects()]);
        world.receiver.plan("/client/WAITING", [Behaviour::status(503), rejects()]);
        world.receiver.plan("/client/STOPPED", [Behaviour::status(503), rejects()]);
        let stopped = world.push_and_settle(leads("STOPPED", 2)).await;
        world.restart().await;
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.states(&stopped).await, ["rejected", "delivered"]);
        let waiting = world.push_and_settle(leads("WAITING", 2)).await;
        let sent = submission_ids(&world.push(leads("SENT", 2)).await);
        world.receiver.until("/client/SENT", 1).await;
        world.kill().await;
        world.settle().await;
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.states(&sent).await, ["rejected", "queued"]);
        assert_eq!(world.states(&waiting).await, ["rejected", "delivered"]);
        assert_eq!(count(&world, "deliveries where is_unanswered").await, 1);
        assert_eq!(world.receiver.at("/client/OTHER").len(), 2, "of those that were not sent");
        world.stop().await;
    }
}
