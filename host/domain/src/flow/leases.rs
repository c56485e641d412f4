//! Which shards this host may work on. The store has the lease rows and counts them by its own clock; this is what the host knows of
//! them, counted by a clock that runs through suspend, from before each renewal was sent.

use super::SHARDS;
use crate::clock::{BootTime, Timestamp};
use std::collections::BTreeMap;

/// How leases run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// How long a lease lasts in the store, in milliseconds.
    pub lease_ms: i64,
    /// How long before its end the host stops to start work under it, in milliseconds: the two clocks may run at different speeds.
    pub margin_ms: i64,
}

/// A row of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// The shard.
    pub shard: u16,
    /// The host that has or had it; empty when it was released.
    pub owner: String,
    /// Counts the owners.
    pub epoch: i64,
    /// Whether it has run out by the store's clock.
    pub is_expired: bool,
}

/// A shard that the store took for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenShard {
    /// The shard.
    pub shard: u16,
    /// Counts the owners.
    pub epoch: i64,
    /// When it was last taken from an owner that had not given it up, by the clock of who took it; none if it never was.
    pub unclean_at: Option<Timestamp>,
}

/// The changes that a host requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeasePlan {
    /// Shards to take, with the epoch they were seen in.
    pub take: Vec<(u16, i64)>,
    /// Shards to drain and give up.
    pub give_up: Vec<u16>,
}

/// The leases of one host.
#[derive(Debug, Clone)]
pub struct Leases {
    terms: LeaseTerms,
    held: BTreeMap<u16, HeldShard>,
    is_sole: bool,
}

#[derive(Debug, Clone, Copy)]
struct HeldShard {
    epoch: i64,
    until: BootTime,
    is_draining: bool,
    unclean_at: Option<Timestamp>,
}

impl Leases {
    /// No lease yet.
    pub fn new(terms: LeaseTerms) -> Self {
        Self { terms, held: BTreeMap::new(), is_sole: false }
    }

    /// The shards of a host that does not share its database: the lock on the data directory is the lease.
    pub fn exclusive() -> Self {
        let terms = LeaseTerms { lease_ms: i64::MAX, margin_ms: 0 };
        let held = HeldShard { epoch: 0, until: BootTime(i64::MAX), is_draining: false, unclean_at: None };
        Self { terms, held: BTreeMap::from([(0, held)]), is_sole: true }
    }

    /// Whether this host is alone on its database for certain.
    pub fn is_sole(&self) -> bool {
        self.is_sole
    }

    /// Whether work of this shard may be started now. To be checked right before each request is sent.
    pub fn may_start(&self, shard: u16, now: BootTime) -> bool {
        self.held.get(&shard).is_some_and(|held| !held.is_draining && now < self.ends(*held))
    }

    /// The shards whose work may be started now.
    pub fn shards(&self, now: BootTime) -> Vec<u16> {
        self.held.keys().copied().filter(|shard| self.may_start(*shard, now)).collect()
    }

    /// A shard for new work of this host: one that it holds, chosen by `hash`. None while it holds none.
    pub fn choose(&self, hash: u16, now: BootTime) -> Option<(u16, i64)> {
        let shards = self.shards(now);
        let shard = *shards.get(usize::from(hash) % shards.len().max(1))?;
        Some((shard, self.held.get(&shard)?.epoch))
    }

    /// Whether the shard is held in this epoch still: what was committed under it may continue in memory.
    pub fn is_epoch(&self, shard: u16, epoch: i64, now: BootTime) -> bool {
        self.may_start(shard, now) && self.held.get(&shard).is_some_and(|held| held.epoch == epoch)
    }

    /// All leases, draining ones too, as (shard, epoch): what is to be renewed.
    pub fn held(&self) -> Vec<(u16, i64)> {
        self.held.iter().map(|(shard, held)| (*shard, held.epoch)).collect()
    }

    /// The store took this shard for the host. `sent_at` is from before the statement was sent.
    pub fn record_taken(&mut self, taken: TakenShard, sent_at: BootTime) {
        let TakenShard { shard, epoch, unclean_at } = taken;
        let until = self.lease_end(sent_at);
        self.held.insert(shard, HeldShard { epoch, until, is_draining: false, unclean_at });
    }

    /// When the shard of a host that is alone was last taken from one that had not given it up.
    pub fn set_unclean_at(&mut self, unclean_at: Option<Timestamp>) {
        for held in self.held.values_mut() {
            held.unclean_at = unclean_at;
        }
    }

    /// Whether an earlier owner may have sent what the store says is still to be sent: it fell due before the shard was taken from an owner
    /// that had not given it up, so that nobody knows what left by then. What fell due later was loaded, or made, by an owner since.
    pub fn may_have_been_sent(&self, shard: u16, run_at: Timestamp) -> bool {
        let unclean_at = self.held.get(&shard).and_then(|held| held.unclean_at);
        unclean_at.is_some_and(|unclean_at| run_at <= unclean_at)
    }

    /// The store renewed these; every other one is lost. Returns the lost shards: their unsent work is to be dropped from memory.
    pub fn renewed(&mut self, renewed: &[(u16, i64)], sent_at: BootTime) -> Vec<u16> {
        let until = self.lease_end(sent_at);
        let is_renewed = |shard: &u16, held: &HeldShard| renewed.contains(&(*shard, held.epoch));
        let lost = self.held.iter().filter(|(shard, held)| !is_renewed(shard, held)).map(|(shard, _)| *shard).collect();
        self.held.retain(|shard, held| is_renewed(shard, held));
        for held in self.held.values_mut() {
            held.until = until;
        }
        lost
    }

    /// Leases that have run out by this host's clock without a renewal: they are lost.
    pub fn expire(&mut self, now: BootTime) -> Vec<u16> {
        let lost: Vec<u16> =
            self.held.iter().filter(|(_, held)| self.ends(**held) <= now).map(|(shard, _)| *shard).collect();
        for shard in &lost {
            self.held.remove(shard);
        }
        lost
    }

    /// No new work of this shard is started; it is released when the work under way is written.
    pub fn drain(&mut self, shard: u16) {
        if let Some(held) = self.held.get_mut(&shard) {
            held.is_draining = true;
        }
    }

    /// The shards that are being drained.
    pub fn draining(&self) -> Vec<(u16, i64)> {
        self.held.iter().filter(|(_, held)| held.is_draining).map(|(shard, held)| (*shard, held.epoch)).collect()
    }

    /// The store has taken this shard back.
    pub fn given_up(&mut self, shard: u16) {
        self.held.remove(&shard);
    }

    /// What this host should take and give up, seeing these rows and `hosts` living hosts, itself among them. Shards without a row
    /// have never been held.
    pub fn plan(&self, rows: &[LeaseRow], hosts: usize) -> LeasePlan {
        let share = usize::from(SHARDS).div_ceil(hosts.max(1));
        let working = self.held.iter().filter(|(_, held)| !held.is_draining).count();
        if share < working {
            let surplus = working - share;
            let give_up =
                self.held.iter().rev().filter(|(_, held)| !held.is_draining).map(|(shard, _)| *shard).take(surplus);
            return LeasePlan { take: Vec::new(), give_up: give_up.collect() };
        }
        let row_of = |shard: u16| rows.iter().find(|row| row.shard == shard);
        let free = (0..SHARDS).filter(|shard| !self.held.contains_key(shard)).filter_map(|shard| match row_of(shard) {
            None => Some((shard, 0)),
            Some(row) => (row.is_expired || row.owner.is_empty()).then_some((shard, row.epoch)),
        });
        LeasePlan { take: free.take(share - working).collect(), give_up: Vec::new() }
    }

    fn ends(&self, held: HeldShard) -> BootTime {
        BootTime(held.until.0.saturating_sub(self.terms.margin_ms))
    }

    fn lease_end(&self, sent_at: BootTime) -> BootTime {
        BootTime(sent_at.0.saturating_add(self.terms.lease_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: LeaseTerms = LeaseTerms { lease_ms: 10_000, margin_ms: 2_000 };

    fn holding(shards: std::ops::Range<u16>) -> Leases {
        let mut leases = Leases::new(TERMS);
        for shard in shards {
            leases.record_taken(TakenShard { shard, epoch: 1, unclean_at: None }, BootTime(0));
        }
        leases
    }

    #[test]
    fn h2_nothing_starts_in_the_margin_before_a_lease_ends() {
        let leases = holding(0..1);
        assert!(leases.may_start(0, BootTime(7_999)));
        assert!(!leases.may_start(0, BootTime(8_000)) && !leases.may_start(1, BootTime(0)));
    }

    #[test]
    fn h2_what_is_not_renewed_is_lost() {
        let mut leases = holding(0..3);
        assert_eq!(leases.renewed(&[(0, 1), (2, 1)], BootTime(5_000)), [1]);
        assert!(leases.may_start(2, BootTime(12_999)) && !leases.may_start(1, BootTime(0)));
        assert_eq!(leases.renewed(&[(0, 2), (2, 1)], BootTime(6_000)), [0], "another epoch is another lease");
        assert_eq!((leases.expire(BootTime(13_999)), leases.expire(BootTime(14_000))), (vec![], vec![2]));
    }

    #[test]
    fn h1_hosts_share_evenly_and_give_up_the_surplus() {
        let alone = Leases::new(TERMS).plan(&[], 1);
        assert_eq!((alone.take.len(), alone.give_up.len()), (64, 0));
        let all = holding(0..SHARDS);
        assert_eq!(all.plan(&[], 2).give_up.len(), 32);
        assert_eq!(all.plan(&[], 1), LeasePlan::default());
        let rows: Vec<LeaseRow> = (0..SHARDS)
            .map(|shard| LeaseRow { shard, owner: "other".into(), epoch: 4, is_expired: shard % 16 == 0 })
            .collect();
        assert_eq!(Leases::new(TERMS).plan(&rows, 2).take, [(0, 4), (16, 4), (32, 4), (48, 4)]);
    }

    #[test]
    fn h1_a_draining_shard_starts_nothing_and_is_renewed() {
        let mut leases = holding(0..2);
        leases.drain(1);
        assert!(!leases.may_start(1, BootTime(0)) && leases.held().len() == 2);
        assert_eq!((leases.draining(), leases.choose(1, BootTime(0))), (vec![(1, 1)], Some((0, 1))));
    }

    /// L5 L8: what was due when its owner was lost may have been sent; what falls due later was not.
    #[test]
    fn l8_what_was_due_when_its_owner_was_lost_may_have_been_sent() {
        let mut leases = holding(0..2);
        leases.record_taken(TakenShard { shard: 1, epoch: 2, unclean_at: Some(Timestamp(50)) }, BootTime(0));
        assert!(leases.may_have_been_sent(1, Timestamp(50)) && !leases.may_have_been_sent(1, Timestamp(51)));
        assert!(!leases.may_have_been_sent(0, Timestamp(50)) && !leases.may_have_been_sent(7, Timestamp(50)));
        let mut alone = Leases::exclusive();
        assert!(!alone.may_have_been_sent(0, Timestamp(50)));
        alone.set_unclean_at(Some(Timestamp(50)));
        assert!(alone.may_have_been_sent(0, Timestamp(50)));
    }

    #[test]
    fn h1_a_host_that_is_alone_holds_its_shard_for_ever() {
        let leases = Leases::exclusive();
        assert_eq!((leases.shards(BootTime(i64::MAX - 1)), leases.is_sole()), (vec![0], true));
    }
}
