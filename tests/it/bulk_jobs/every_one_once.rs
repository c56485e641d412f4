//! Random jobs with kills: every submission that matched when a job was created is handled by it exactly once, and no other one is [L9 H2].

use super::{Behaviour, JOBS, STRICT, World, on_both, person, repaired};
use hookmill_tests::{Random, WorldOptions};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many jobs each database plays.
const JOBS_PLAYED: usize = 10;
/// How many submissions there are at first.
const SUBMISSIONS: u64 = 120;
/// How long a host lives after a job was created, in milliseconds.
const LIFE_MS: (u64, u64) = (0, 60);
const CAMPAIGNS: [&str; 2] = ["AA", "BB"];
const STATES: [&str; 4] = ["disqualified", "failed", "quarantined", "delivered"];

/// Submissions of both campaigns in the states that leads come to.
async fn set_scene(world: &World, random: &mut Random) {
    for campaign in CAMPAIGNS {
        world.campaign(campaign, STRICT).await;
        world.receiver.always(&format!("/client/{campaign}"), Behaviour::status(200));
    }
    for part in 0..4 {
        let failures: Vec<_> = (0..random.between(0, 8)).map(|_| Behaviour::status(400)).collect();
        let leads = (0..SUBMISSIONS / 4).map(|at| {
            let campaign = CAMPAIGNS[usize::try_from(random.between(0, 1)).unwrap()];
            let mut lead = person(campaign, &format!("p{part}-{at}"));
            match random.between(0, 3) {
                0 => lead["phone"] = json!("no number"),
                1 => lead["state"] = json!("NV"),
                2 => lead["bill"] = json!(5),
                _ => {}
            }
            lead
        });
        world.receiver.plan("/client/AA", failures);
        world.push_and_settle(leads.collect()).await;
        world.clock.advance_ms(1_000);
    }
}

/// All submissions, by id.
async fn all(world: &World) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for campaign in CAMPAIGNS {
        let mut before = String::new();
        loop {
            let page = world
                .admin
                .get(&format!("/v1/campaigns/{campaign}/submissions?limit=200{before}"))
                .await
                .expect(200)
                .json;
            for row in page["items"].as_array().unwrap() {
                found.insert(row["id"].as_str().unwrap().to_owned(), row.clone());
            }
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
    }
    found
}

/// A job, and which submissions it is about.
fn random_job(random: &mut Random, submissions: &BTreeMap<String, Value>) -> (Value, BTreeSet<String>) {
    let operation = ["reprocess", "repost", "withdraw"][usize::try_from(random.between(0, 2)).unwrap()];
    let mut filter = json!({});
    let campaign = random.once_in(2).then(|| CAMPAIGNS[usize::try_from(random.between(0, 1)).unwrap()]);
    if let Some(campaign) = campaign {
        filter["campaign_id"] = json!(campaign);
    }
    let taken: &[&str] = match operation {
        "repost" => &["disqualified", "failed", "canceled"],
        _ => &["quarantined"],
    };
    let states: Vec<&str> = if operation == "repost" && random.once_in(2) { vec![taken[0]] } else { taken.to_vec() };
    filter["states"] = json!(states);
    let ids = random.once_in(3).then(|| {
        let some = submissions.keys().filter(|_| random.once_in(3)).take(500);
        some.cloned().collect::<BTreeSet<String>>()
    });
    let ids = ids.filter(|ids| !ids.is_empty());
    if let Some(ids) = &ids {
        filter["ids"] = json!(ids);
    }
    let is_meant = |(id, row): &(&String, &Value)| {
        campaign.is_none_or(|campaign| row["campaign_id"] == campaign)
            && states.iter().any(|state| row["state"] == *state)
            && ids.as_ref().is_none_or(|ids| ids.contains(*id))
    };
    let meant = submissions.iter().filter(is_meant).map(|(id, _)| id.clone()).collect();
    (json!({"operation": operation, "filter": filter}), meant)
}

/// What a job did: the submissions that have a line of it, or that were made of others by it, each as often as it was done.
async fn done_by(world: &World, job: &str, submissions: &BTreeMap<String, Value>) -> BTreeMap<String, usize> {
    let mut done = BTreeMap::new();
    for (id, row) in submissions {
        let page = world.submission(id).await;
        let lines = page["timeline"].as_array().unwrap().iter().filter(|line| line["detail"]["bulk_job_id"] == job);
        for line in lines {
            let of = if line["cause"] == "reposted" { row["parent_id"].as_str().unwrap() } else { id };
            *done.entry(of.to_owned()).or_default() += 1;
        }
    }
    done
}

on_both! {
    /// L9 H2: whatever a job is about and whenever its host is killed.
    async fn l9_every_submission_is_handled_exactly_once(kind: Kind) {
        let seed = Random::seed();
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut options = WorldOptions::default();
        let limits = &mut options.settings.limits;
        // Small windows make many pieces.
        limits.lane_items_max = 7;
        (limits.lease_ms, limits.renew_ms, limits.stop_ms) = (1_000, 50, 3_000);
        let mut world = World::with(kind, options).await;
        set_scene(&world, &mut random).await;
        for round in 0..JOBS_PLAYED {
            world.clock.advance_ms(1_000);
            let before = all(&world).await;
            assert!(before.values().all(|row| STATES.contains(&row["state"].as_str().unwrap()) || row["state"] == "canceled"));
            let (new, meant) = random_job(&mut random, &before);
            let created = world.admin.post(JOBS, &new).await.expect(202).json;
            let id = created["id"].as_str().unwrap().to_owned();
            assert_eq!(created["total"], meant.len(), "{new}");
            for _ in 0..random.between(0, 2) {
                tokio::time::sleep(Duration::from_millis(random.between(LIFE_MS.0, LIFE_MS.1))).await;
                world.kill().await;
            }
            let ended = world.bulk_job_ended(&id).await;
            world.settle().await;
            let done = done_by(&world, &id, &all(&world).await).await;
            assert!(done.values().all(|times| *times == 1), "round {round}: {new}: {done:?}");
            let handled: BTreeSet<String> = done.into_keys().collect();
            // What was never mapped has no lead that could be posted again.
            let able = meant.iter().filter(|id| new["operation"] != "repost" || !before[*id]["lead"].is_null());
            assert_eq!(handled, able.cloned().collect::<BTreeSet<String>>(), "round {round}: {new}");
            assert_eq!((&ended["state"], &ended["failed"]), (&json!("completed"), &json!(0)), "{ended}");
            assert_eq!(ended["done"], handled.len(), "{ended}");
            assert_eq!(ended["skipped"], meant.len() - handled.len(), "{ended}");
            if round == JOBS_PLAYED / 2 {
                let saved = json!({"document": repaired(), "activate": true});
                world.admin.put("/v1/campaigns/AA/document", &saved).await.expect(201);
            }
        }
        world.stop().await;
    }
}
