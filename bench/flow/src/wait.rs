//! Waiting until leads have ended, by the receiver and the API, without costing the host much.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::{Counts, now_us};

use crate::api::{EVENTS, StateCounts};
use crate::leads;
use crate::world::{Organization, World};

/// States after which nothing follows by itself.
const ENDED: [&str; 7] = ["delivered", "disqualified", "rejected", "duplicate", "failed", "quarantined", "canceled"];

/// What ends when is known from the receiver and from the API, so that looking seldom costs no precision.
const POLL_MIN: Duration = Duration::from_millis(100);
const POLL_MAX: Duration = Duration::from_secs(1);

/// Between two questions to the host passes so many times what the first one took: polling costs it a twentieth at most.
const POLL_SHARE: u32 = 20;

/// While a client has not received everything, the host is asked this seldom: leads may have ended otherwise.
const DOUBT: Duration = Duration::from_secs(5);

/// What is waited for: numbers since the host began.
#[derive(Clone)]
pub struct Goal {
    /// Leads by the number of their campaign; those beyond are not waited for.
    pub leads: Vec<u64>,
    /// Whether a client receives them.
    pub has_client: bool,
    /// Webhook messages of all events.
    pub events: u64,
}

/// How far it came.
#[derive(Clone, Default)]
pub struct Progress {
    /// Leads that clients received.
    pub received: u64,
    /// Webhook messages that were received.
    pub events: u64,
    /// When the last of them came.
    pub last_event_us: u64,
    /// The states of the leads.
    pub states: StateCounts,
    /// Whether all that was waited for has ended.
    pub is_complete: bool,
    /// When waiting ended.
    pub at_us: u64,
}

struct Waiter<'a> {
    world: &'a mut World,
    organization: &'a Organization,
    goal: &'a Goal,
    /// The first campaign that was not seen to have ended.
    next: usize,
    asked_at: Instant,
    pause: Duration,
}

/// Waits until all leads of the goal have ended and all its messages came, or until the time is up.
pub async fn until_ended(
    world: &mut World,
    organization: &Organization,
    goal: &Goal,
    until: Instant,
) -> Result<Progress> {
    let mut waiter = Waiter { world, organization, goal, next: 0, asked_at: Instant::now(), pause: POLL_MIN };
    let is_complete = loop {
        if waiter.is_complete().await? {
            break true;
        }
        if until < Instant::now() {
            break false;
        }
        tokio::time::sleep(waiter.pause).await;
    };
    let at_us = now_us();
    let counts = waiter.world.receiver.counts().await?;
    let states = waiter.all_states().await?;
    let (events, last_event_us) = waiter.events(&counts);
    Ok(Progress { received: waiter.received(&counts), events, last_event_us, states, is_complete, at_us })
}

impl Progress {
    /// Leads in a state.
    pub fn in_state(&self, state: &str) -> u64 {
        self.states.get(state).copied().unwrap_or_default()
    }
}

impl Waiter<'_> {
    async fn is_complete(&mut self) -> Result<bool> {
        self.pause = POLL_MIN;
        let counts = self.world.receiver.counts().await?;
        let needed: u64 = self.goal.leads.iter().sum();
        let is_received = !self.goal.has_client || needed <= self.received(&counts);
        let is_told = self.goal.events <= self.events(&counts).0;
        let in_doubt = DOUBT < self.asked_at.elapsed();
        Ok(is_told && (is_received || in_doubt) && self.have_ended().await?)
    }

    /// Asks the host for one campaign after the other, until each has ended.
    async fn have_ended(&mut self) -> Result<bool> {
        while self.next < self.goal.leads.len() {
            let asked_at = Instant::now();
            let states = self.states(self.next).await?;
            self.pause = (asked_at.elapsed() * POLL_SHARE).clamp(POLL_MIN, POLL_MAX);
            self.asked_at = Instant::now();
            let ended: u64 = ENDED.iter().filter_map(|state| states.get(*state)).sum();
            if ended < self.goal.leads[self.next] {
                return Ok(false);
            }
            self.next += 1;
        }
        Ok(true)
    }

    async fn all_states(&mut self) -> Result<StateCounts> {
        let mut all = StateCounts::new();
        for campaign in 0..self.goal.leads.len() {
            for (state, count) in self.states(campaign).await? {
                *all.entry(state).or_default() += count;
            }
        }
        Ok(all)
    }

    async fn states(&mut self, campaign: usize) -> Result<StateCounts> {
        self.world.api.state_counts(&self.organization.id, &leads::campaign_id(campaign)).await
    }

    /// Different leads that the clients of the goal received.
    fn received(&self, counts: &Counts) -> u64 {
        let names = (0..self.goal.leads.len()).map(|campaign| self.organization.client_name(campaign));
        names.filter_map(|name| counts.clients.get(&name)).map(|client| client.submissions).sum()
    }

    fn events(&self, counts: &Counts) -> (u64, u64) {
        let events = EVENTS.iter().filter_map(|event| counts.events.get(*event));
        events.fold((0, 0), |(messages, last), event| (messages + event.messages, last.max(event.last_us)))
    }
}
