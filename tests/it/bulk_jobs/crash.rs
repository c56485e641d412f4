//! Bulk jobs that are stopped in the middle: canceled, left by a host that is killed, or taken by another host. A database that takes no
//! result of processing holds a job where memory has its fill: so it stands still there for as long as a test likes.

use super::{JOBS, STRICT, broken, create, repaired, states};
use hookmill_tests::{Client, Kind, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many submissions of a campaign memory holds: a job makes no more due.
const WINDOW: usize = 10;
/// How many submissions there are.
const SUBMISSIONS: usize = 60;
/// How long work waits that could not be written, in milliseconds of the world's clock.
const LATER_MS: i64 = 60_000;
/// How long a batch may be at work, and a host may trust what it looked up.
const AT_WORK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(60);

fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.lane_items_max, limits.lookup_ttl_ms) = (WINDOW, 50);
    (limits.lease_ms, limits.renew_ms, limits.stop_ms) = (2_000, 50, 3_000);
    options
}

/// Quarantined submissions.
async fn quarantine(world: &World) -> Vec<String> {
    world.campaign("CC", STRICT).await;
    let ids = world.push_and_settle(broken("CC", SUBMISSIONS)).await;
    assert_eq!(states(world, "CC").await, BTreeMap::from([("quarantined".to_owned(), SUBMISSIONS as i64)]));
    ids
}

/// No result of processing is written: each has a text with a space in it, and what a job writes has none.
async fn hold(world: &World) {
    world.reject_rows("insert", "timeline", "detail", " ").await;
}

/// From now on results are written, and the leads can be mapped.
async fn let_go(world: &World) {
    let saved = json!({"document": repaired(), "activate": true});
    world.admin.put("/v1/campaigns/CC/document", &saved).await.expect(201);
    // What was mapped by the document before is not written any more.
    tokio::time::sleep(AT_WORK).await;
    world.accept_rows("timeline").await;
}

/// A job that has done a window and waits.
async fn job_in_the_middle(client: &Client) -> Value {
    let new = json!({"operation": "reprocess", "filter": {"campaign_id": "CC"}});
    let id = client.post(JOBS, &new).await.expect(202).str("id");
    wait_for(client, &id, |job| job["done"] == WINDOW).await
}

async fn wait_for(client: &Client, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let job = client.get(&format!("{JOBS}/{id}")).await.expect(200).json;
            if is_so(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("the job comes to it")
}

/// The job ends while time goes on for what could not be written.
async fn wait_until_done(world: &World, id: &str) -> Value {
    let done = async {
        loop {
            world.clock.advance_ms(LATER_MS);
            let job = world.admin.get(&format!("{JOBS}/{id}")).await.expect(200).json;
            if !job["ended_at"].is_null() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let job = tokio::time::timeout(PATIENCE, done).await.expect("the job ends");
    world.clock.advance_ms(LATER_MS);
    world.settle().await;
    job
}

/// Every submission was reprocessed once, and came to its end.
async fn check_each_once(world: &World, ids: &[String]) {
    for id in ids {
        let page = world.submission(id).await;
        let causes = super::causes(&page);
        assert_eq!(causes.iter().filter(|cause| **cause == "reprocessed").count(), 1, "{id}: {causes:?}");
        assert_eq!(page["state"], "delivered", "{id}");
    }
    assert_eq!(world.receiver.at("/client/CC").len(), ids.len());
}

on_both! {
    /// L9: a job that is canceled in the middle stops between two pieces; what was done stays, and the rest is as it was.
    async fn l9_a_job_is_canceled_in_the_middle(kind: Kind) {
        let world = World::with(kind, options()).await;
        quarantine(&world).await;
        hold(&world).await;
        let job = job_in_the_middle(&world.admin).await;
        assert_eq!((&job["state"], &job["total"], &job["is_total_estimated"]), (&json!("running"), &json!(SUBMISSIONS), &json!(false)));
        let path = format!("{JOBS}/{}", job["id"].as_str().unwrap());
        let canceled = world.admin.delete(&path).await.expect(200).json;
        assert_eq!((&canceled["state"], &canceled["done"]), (&json!("canceled"), &json!(WINDOW)));
        world.admin.delete(&path).await.expect_error(409, "already_ended");
        let_go(&world).await;
        world.clock.advance_ms(LATER_MS);
        world.settle().await;
        let expected = [("delivered".to_owned(), WINDOW as i64), ("quarantined".to_owned(), (SUBMISSIONS - WINDOW) as i64)];
        assert_eq!(states(&world, "CC").await, BTreeMap::from(expected));
        assert_eq!(world.admin.get(&path).await.expect(200).json["done"], WINDOW, "it does not go on");
        let again = create(&world, json!({"operation": "reprocess", "filter": {"campaign_id": "CC"}})).await;
        let again = wait_until_done(&world, again["id"].as_str().unwrap()).await;
        assert_eq!(again["done"], SUBMISSIONS - WINDOW);
        world.stop().await;
    }
}

on_both! {
    /// L9 H2: a host that is killed over a job goes on where its last commit left it when it starts again: nothing is left out, and nothing is
    /// done twice.
    async fn l9_a_killed_host_goes_on_where_it_was(kind: Kind) {
        let mut world = World::with(kind, options()).await;
        let ids = quarantine(&world).await;
        hold(&world).await;
        let job = job_in_the_middle(&world.admin).await;
        let id = job["id"].as_str().unwrap().to_owned();
        world.kill().await;
        let after = world.admin.get(&format!("{JOBS}/{id}")).await.expect(200).json;
        assert_eq!((&after["state"], &after["done"]), (&json!("running"), &json!(WINDOW)), "{after}");
        let_go(&world).await;
        let done = wait_until_done(&world, &id).await;
        assert_eq!((&done["state"], &done["done"], &done["skipped"], &done["failed"]), (&json!("completed"), &json!(SUBMISSIONS), &json!(0), &json!(0)), "{done}");
        check_each_once(&world, &ids).await;
        world.stop().await;
    }
}

on_both! {
    /// L9 H7: a host that is stopped leaves its jobs, and goes on with them when it starts again.
    async fn l9_a_stopped_host_leaves_its_jobs(kind: Kind) {
        let mut world = World::with(kind, options()).await;
        let ids = quarantine(&world).await;
        hold(&world).await;
        let id = job_in_the_middle(&world.admin).await["id"].as_str().unwrap().to_owned();
        world.restart().await;
        let_go(&world).await;
        let done = wait_until_done(&world, &id).await;
        assert_eq!(done["done"], SUBMISSIONS);
        check_each_once(&world, &ids).await;
        world.stop().await;
    }
}

/// L9 H1 H2: of two hosts one works on a job; when it is killed, the other goes on, and each submission was done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_another_host_takes_a_dead_hosts_job() {
    let world = World::with(Kind::Postgres, options()).await;
    let ids = quarantine(&world).await;
    hold(&world).await;
    let other = world.another_host().await;
    let (_, key) = world.admin.address_and_key();
    let there = Client::new(other.address()).with_key(&key);
    let job = job_in_the_middle(&there).await;
    let id = job["id"].as_str().unwrap().to_owned();
    // The host on which it was created looked for it at once; whichever it is, nobody else works on it.
    let owner = world.texts("select host from bulk_jobs").await;
    assert_eq!(owner.len(), 1);
    let has_it = owner[0] == other.host_id();
    other.kill();
    let_go(&world).await;
    let done = wait_until_done(&world, &id).await;
    assert_eq!(
        (&done["state"], &done["done"]),
        (&json!("completed"), &json!(SUBMISSIONS)),
        "the dead host had it: {has_it}; {done}"
    );
    check_each_once(&world, &ids).await;
    world.stop().await;
}
