//! The host is killed, again and again, and keeps what it promised.

use hookmill_tests::rig::CAMPAIGN;
use hookmill_tests::{Load, Random, Rig, Tally, on_both};
use std::time::Duration;

/// How often the host is killed, unless `HOOKMILL_CRASH_ROUNDS` says otherwise.
const ROUNDS: usize = 10;
/// How long a host lives, in milliseconds.
const LIFE_MS: (u64, u64) = (50, 600);
/// How long a host lives that is killed while it starts, in milliseconds; one time in three there is one.
const START_MS: (u64, u64) = (1, 400);
/// How many messages to one destination can be under way when a host dies (`deliveries_per_destination_max`), and how many have had their
/// response and are not written yet (`unwritten_per_destination_max`): each may be sent once more, and no other.
pub(super) const UNDER_WAY_MAX: usize = 64 + hookmill_tests::world::UNWRITTEN_MAX;

#[allow(clippy::disallowed_methods, reason = "how long the test is, is a matter of who runs it")]
fn rounds() -> usize {
    std::env::var("HOOKMILL_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

fn check_repeats(tally: &Tally, kills: usize) {
    let repeats_max = kills * UNDER_WAY_MAX;
    assert!(tally.repeats <= repeats_max, "{} leads were sent again after {kills} kills", tally.repeats);
    assert!(tally.event_repeats <= repeats_max, "{} events were sent again after {kills} kills", tally.event_repeats);
}

on_both! {
    /// H2 I4: kill -9 at random moments under load. Every acknowledged lead is delivered, under one submission; no idempotency
    /// key is accepted twice; nothing is delivered that was never posted; its events have one id each.
    async fn a_killed_host_loses_nothing_it_acknowledged(kind: Kind) {
        let seed = Random::seed();
        let mut random = Random::new(seed);
        let (rig, mut host) = Rig::new(kind).await;
        let load = Load::start(seed, CAMPAIGN, vec![rig.source(&host)]);
        let rounds = rounds();
        for _ in 0..rounds {
            tokio::time::sleep(Duration::from_millis(random.between(LIFE_MS.0, LIFE_MS.1))).await;
            host.kill().await;
            if random.once_in(3) {
                rig.kill_while_starting(0, Duration::from_millis(random.between(START_MS.0, START_MS.1))).await;
            }
            host = rig.host(0).await;
            load.aim(vec![rig.source(&host)]);
        }
        let expected = load.stop().await;
        rig.wait_until_idle(&host).await;
        let tally = rig.audit(&host, &expected).await;
        assert!(rounds < tally.acknowledged, "the load was too small: {tally:?}");
        // A host that gets far enough in its start to send is killed, too.
        check_repeats(&tally, 2 * rounds);
    }
}
