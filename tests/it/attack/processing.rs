//! Leads that cost much: whoever has thousands of them waits for itself, and single leads of others go on meanwhile [P3 W12].
#![allow(clippy::disallowed_methods, reason = "how long others wait is measured")]

use super::host_faults::{count, until};
use crate::engine::guest;
use hookmill_tests::{Client, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many leads the attacker has.
const LEADS: usize = 2_000;
/// How many of them one request carries.
const LEADS_PER_REQUEST: usize = 400;
/// How many single leads are measured at most.
const SINGLES: usize = 40;
/// How many are measured while the attacker's are processed, at least.
const SINGLES_MIN: usize = 5;
/// How many digests the slow document makes of each note.
const DIGESTS: usize = 40;
/// How long a note is.
const NOTE_BYTES: usize = 8_000;

/// Some milliseconds of CPU time for each lead.
fn slow_document() -> String {
    let digests: String = (0..DIGESTS).map(|n| format!("    d{n}: {{from: note, then: [sha256]}}\n")).collect();
    format!("version: 1\nmap:\n  fields:\n    email: email\n{digests}")
}

fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    // A slow document is slow, and no fault, on any machine.
    options.engine_limits.deadline_base_ms = 20_000;
    options
}

/// Whoever posts single leads, and where they go.
struct Victim<'a> {
    world: &'a World,
    source: Client,
    campaign: &'static str,
    posted: usize,
}

impl<'a> Victim<'a> {
    /// A campaign of its own in an organization of its own.
    async fn in_another_organization(world: &'a World) -> Self {
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "WELL", "name": "WELL"})).await.expect(201);
        let endpoint = json!({"url": world.receiver.url("/client/WELL"), "retries": 1});
        other.admin.put("/v1/campaigns/WELL/endpoint", &endpoint).await.expect(200);
        other.admin.put("/v1/campaigns/WELL/state", &json!({"state": "active"})).await.expect(200);
        Self { world, source: other.source, campaign: "WELL", posted: 0 }
    }

    /// A campaign in the attacker's organization.
    async fn in_the_same_organization(world: &'a World) -> Self {
        world.campaign("WELL", "").await;
        Self { world, source: world.source.clone(), campaign: "WELL", posted: 0 }
    }

    /// How long a lead takes from acknowledged to delivered.
    async fn post_one(&mut self) -> Duration {
        let lead = json!({"campaign_id": self.campaign, "email": format!("single{}@x.example", self.posted)});
        let batch = json!({"idempotency_key": format!("single-{}", self.posted), "leads": [lead]});
        self.source.post("/v1/leads", &batch).await.expect(202);
        self.posted += 1;
        let acknowledged = Instant::now();
        self.world.receiver.until("/client/WELL", self.posted).await;
        acknowledged.elapsed()
    }

    async fn measure(&mut self, goes_on: impl AsyncFn() -> bool) -> Vec<Duration> {
        let mut took = Vec::new();
        while took.len() < SINGLES && goes_on().await {
            took.push(self.post_one().await);
        }
        took.sort();
        took
    }
}

/// Measures a victim before and while the attacker's leads are processed, which `attack` has begun when it returns, and waits for the end of
/// those.
async fn compare(mut victim: Victim<'_>, attacker: &str, attack: impl AsyncFnOnce()) {
    let world = victim.world;
    let is_attacked = async || 0 < count(world, attacker, "received").await;
    victim.post_one().await;
    let quiet = victim.measure(async || true).await;
    let began = Instant::now();
    attack().await;
    let loud = victim.measure(&is_attacked).await;
    until("the attacker's leads are processed", async || !is_attacked().await).await;
    let whole = began.elapsed();
    assert!(SINGLES_MIN <= loud.len(), "only {} singles in an attack of {whole:?}", loud.len());
    let [quiet, loud] = [quiet, loud].map(|took| took[took.len() / 2]);
    println!("{:?}: {attacker}: {quiet:?} alone, {loud:?} beside an attack of {whole:?}", world.database.kind);
    assert!(loud < quiet * 10 + Duration::from_millis(500), "{loud:?} instead of {quiet:?}");
    assert!(loud < whole / 3, "{loud:?}: a single lead waited for those of another, which took {whole:?}");
}

async fn push(world: &World, lead: impl Fn(usize) -> Value) {
    for first in (0..LEADS).step_by(LEADS_PER_REQUEST) {
        world.push((first..first + LEADS_PER_REQUEST).map(&lead).collect()).await;
    }
}

fn slow_lead(n: usize) -> Value {
    json!({"campaign_id": "SLOW", "email": format!("{n}@x.example"), "note": format!("{n} {}", "x".repeat(NOTE_BYTES))})
}

on_both! {
    /// P3 W12: thousands of leads on a document that burns CPU time hold up no single lead of another organization.
    async fn w12_a_slow_document_holds_up_nobody(kind: Kind) {
        let world = World::with(kind, options()).await;
        world.draft("SLOW", &slow_document()).await;
        world.activate("SLOW").await;
        let victim = Victim::in_another_organization(&world).await;
        compare(victim, "SLOW", async || push(&world, slow_lead).await).await;
        world.stop().await;
    }
}

on_both! {
    /// P3 W12: a campaign whose batches fault all the time, at once or at the end of their time, holds up nobody either.
    async fn w12_a_plugin_that_always_faults_holds_up_nobody(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("FAULTS", "").await;
        world.admin.put_bytes("/v1/plugins/hostile", guest("hostile")).await.expect(201);
        let chosen = json!({"plugin": {"id": "hostile", "version": 1}, "activate": true});
        world.admin.put("/v1/campaigns/FAULTS/document", &chosen).await.expect(201);
        world.activate("FAULTS").await;
        let victim = Victim::in_another_organization(&world).await;
        let act = |n: usize| if n % 100 == 7 { "map:loop" } else { "map:trap" };
        let lead = |n: usize| json!({"campaign_id": "FAULTS", "email": format!("{n}@x.example"), "do": act(n)});
        compare(victim, "FAULTS", async || push(&world, lead).await).await;
        world.stop().await;
    }
}

on_both! {
    /// L2 L7: old leads that are released with their campaign do not go before all new ones of another, not even of the same organization.
    async fn l7_released_leads_do_not_go_before_all_new_ones(kind: Kind) {
        let world = World::with(kind, options()).await;
        world.draft("SLOW", &slow_document()).await;
        push(&world, slow_lead).await;
        until("they wait", async || count(&world, "SLOW", "received").await == 0).await;
        world.clock.advance_ms(24 * 3_600_000);
        let victim = Victim::in_the_same_organization(&world).await;
        compare(victim, "SLOW", async || world.activate("SLOW").await).await;
        world.stop().await;
    }
}
