//! Several hosts on one database share the work, and what one leaves behind the other takes. A host that is asked to stop loses
//! and repeats nothing; one whose database is gone reports that and recovers by itself.

use hookmill_tests::rig::CAMPAIGN;
use hookmill_tests::{ExpectedLeads, HostProcess, Kind, Load, Random, Rig, on_both};
use std::time::Duration;

/// How long hosts work before something happens, in milliseconds.
const WORK_MS: u64 = 1_000;
/// How many messages are waiting for a response when it happens.
const HELD: usize = 8;
/// How many leads are a load.
const LEADS_MIN: usize = 50;
/// How many requests one destination may get at once, from all hosts (`deliveries_per_destination_max`).
const PER_DESTINATION_MAX: usize = 64;
/// How many batches have more leads for each host than that.
const BATCHES_MIN: usize = 60;
/// How long a slow client takes to respond, in milliseconds.
const SLOW_MS: u64 = 500;
/// How long a host may take to stop when all it waits for responds.
const STOP_S: u64 = 5;
/// How long a host may take to stop when what it waits for does not respond: its bound is 10 s.
const STOP_WAITING_S: u64 = 12;
/// How often a host is asked to stop.
const STOPS: usize = 4;
/// How long the database is gone, in milliseconds.
const GONE_MS: u64 = 3_000;

async fn work() {
    tokio::time::sleep(Duration::from_millis(WORK_MS)).await;
}

/// Stops a host gracefully within a time.
async fn stop(host: HostProcess, bound_s: u64) {
    let status = tokio::time::timeout(Duration::from_secs(bound_s), host.terminate()).await;
    let status = status.unwrap_or_else(|_| panic!("the host did not stop within {bound_s} s"));
    assert!(status.success(), "{status}");
}

/// H1 H2: two hosts on one database deliver each lead once, and send each event once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_share_the_work_and_send_nothing_twice() {
    let (rig, one) = Rig::new(Kind::Postgres).await;
    let other = rig.host(1).await;
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&one), rig.source(&other)]);
    work().await;
    work().await;
    let expected = load.stop().await;
    rig.wait_until_idle(&one).await;
    let tally = rig.audit(&other, &expected).await;
    assert_eq!((tally.repeats, tally.event_repeats), (0, 0), "{tally:?}");
    assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
}

/// W12 H1: a destination gets no more requests at once from two hosts than from one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_share_what_one_destination_may_get_at_once() {
    let (rig, one) = Rig::new(Kind::Postgres).await;
    let other = rig.host(1).await;
    rig.wait_for_responses(&one, 60).await;
    while rig.database.leases().await.1 < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.slow(Duration::from_millis(SLOW_MS));
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&one), rig.source(&other)]);
    while load.ended_batches() < BATCHES_MIN {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load.stop().await;
    rig.wait_until_idle(&one).await;
    let most = rig.most_at_once();
    assert!(PER_DESTINATION_MAX / 2 < most, "one host alone may send half: {most}");
    assert!(most <= PER_DESTINATION_MAX, "each host sends its half at most: {most}");
    one.kill().await;
    other.kill().await;
}

/// H1 H2: what a killed host held, the other one ends. Only what was under way is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_host_held_the_other_ends() {
    let (rig, one) = Rig::new(Kind::Postgres).await;
    let other = rig.host(1).await;
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&one), rig.source(&other)]);
    work().await;
    rig.silence(HELD).await;
    one.kill().await;
    load.aim(vec![rig.source(&other)]);
    work().await;
    let expected = load.stop().await;
    rig.wait_until_idle(&other).await;
    let tally = rig.audit(&other, &expected).await;
    assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
    let in_flight_max = HELD + super::crash::UNDER_WAY_MAX;
    assert!(tally.repeats <= in_flight_max && tally.event_repeats <= in_flight_max, "{tally:?}");
}

/// H1 H2: three hosts, each takes leads, and each is killed in its turn and started again. Nothing is lost, nothing is delivered that was
/// not posted, and only what was under way at a kill is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hosts_are_killed_in_turn_and_lose_nothing() {
    let (rig, first) = Rig::new(Kind::Postgres).await;
    let mut hosts = vec![first, rig.host(1).await, rig.host(2).await];
    let load = Load::start(Random::seed(), CAMPAIGN, hosts.iter().map(|host| rig.source(host)).collect());
    for place in 0..hosts.len() {
        work().await;
        let killed = hosts.remove(0);
        killed.kill().await;
        load.aim(hosts.iter().map(|host| rig.source(host)).collect());
        work().await;
        hosts.push(rig.host(place).await);
        load.aim(hosts.iter().map(|host| rig.source(host)).collect());
    }
    work().await;
    let expected = load.stop().await;
    rig.wait_until_idle(&hosts[0]).await;
    let tally = rig.audit(&hosts[0], &expected).await;
    assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
    // A kill leaves without a record what was sent and not yet written: at most what was under way.
    let in_flight_max = hosts.len() * super::crash::UNDER_WAY_MAX;
    assert!(tally.repeats <= in_flight_max && tally.event_repeats <= in_flight_max, "{tally:?}");
}

on_both! {
    /// H7 H2: a host that is asked to stop under load ends what it holds and stops with success. Nothing acknowledged is lost,
    /// and nothing is sent twice.
    async fn a_stopped_host_loses_and_repeats_nothing(kind: Kind) {
        let (rig, mut host) = Rig::new(kind).await;
        let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&host)]);
        for _ in 0..STOPS {
            work().await;
            stop(host, STOP_S).await;
            if kind == Kind::Postgres {
                assert_eq!(rig.database.leases().await, (0, 0), "a stopped host leaves a lease behind");
            }
            host = rig.host(0).await;
            load.aim(vec![rig.source(&host)]);
        }
        let expected = load.stop().await;
        rig.wait_until_idle(&host).await;
        let tally = rig.audit(&host, &expected).await;
        assert_eq!((tally.repeats, tally.event_repeats), (0, 0), "{tally:?}");
        assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
    }
}

/// H7: a host that is asked to stop while receivers do not respond stops within its bound all the same, and releases what it
/// holds: nobody has to wait for its leases to run out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_host_releases_what_does_not_end() {
    let (rig, one) = Rig::new(Kind::Postgres).await;
    rig.wait_for_responses(&one, 60).await;
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&one)]);
    rig.silence(HELD).await;
    let expected = load.stop().await;
    assert_ne!(rig.database.leases().await, (0, 0), "the host holds what it waits for");
    stop(one, STOP_WAITING_S).await;
    assert_eq!(rig.database.leases().await, (0, 0), "what a stopping host holds it releases");
    let other = rig.host(1).await;
    rig.wait_until_idle(&other).await;
    let tally = rig.audit(&other, &expected).await;
    assert_eq!((tally.repeats, tally.event_repeats), (HELD, 0), "{tally:?}");
}

fn deferred_count(expected: &ExpectedLeads) -> usize {
    expected.values().map(|batch| batch.deferred).sum()
}

/// H8: while the database is gone the host answers 503 with `Retry-After`; when it is back the host recovers by itself. Nothing
/// acknowledged is lost, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_whose_database_is_gone_comes_back_by_itself() {
    let (rig, host) = Rig::new(Kind::Postgres).await;
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&host)]);
    work().await;
    rig.database.shut().await;
    tokio::time::sleep(Duration::from_millis(GONE_MS)).await;
    assert_eq!(host.client().get("/readyz").await.status, 503);
    assert_eq!(host.client().get("/healthz").await.status, 200);
    rig.database.open().await;
    work().await;
    let expected = load.stop().await;
    rig.wait_until_idle(&host).await;
    let tally = rig.audit(&host, &expected).await;
    assert!(0 < deferred_count(&expected), "no source was told to try again");
    assert_eq!((tally.repeats, tally.event_repeats), (0, 0), "{tally:?}");
    assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
}

/// H8 I4: connections that break in the middle of whatever they were doing cost nobody anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_database_connections_lose_and_repeat_nothing() {
    let (rig, host) = Rig::new(Kind::Postgres).await;
    let load = Load::start(Random::seed(), CAMPAIGN, vec![rig.source(&host)]);
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        rig.database.cut().await;
    }
    let expected = load.stop().await;
    rig.wait_until_idle(&host).await;
    let tally = rig.audit(&host, &expected).await;
    assert_eq!((tally.repeats, tally.event_repeats), (0, 0), "{tally:?}");
    assert!(LEADS_MIN < tally.acknowledged, "the load was too small: {tally:?}");
}
