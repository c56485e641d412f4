//! A deterministic simulation of the flow (H1 H2): two or three hosts, a virtual clock, one model of the store, and faults, through
//! thousands of seeds. What it drives are the very lanes and leases that production runs.

use hookmill_domain::clock::{BootTime, Timestamp};
use hookmill_domain::flow::lanes::{Item, LaneKey, LaneLimits, LaneRead, Lanes, Offer, PlaceEnd, ReadRows};
use hookmill_domain::flow::leases::{LeaseRow, LeaseTerms, Leases, TakenShard};
use hookmill_domain::flow::{SHARDS, shard_for};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

const TICK_MS: i64 = 100;
const TERMS: LeaseTerms = LeaseTerms { lease_ms: 3_000, margin_ms: 750 };
/// How long sources post and faults happen, in ticks.
const BUSY_TICKS: usize = 150;
/// By when everything must have ended, in ticks.
const END_TICKS: usize = 1_500;
const LIMITS: LaneLimits = LaneLimits {
    items_max: 12,
    bytes_max: 1_000,
    lane_items_max: 5,
    places_max: 12,
    lane_places_max: 3,
    lane_places_first: 2,
    lane_taken_max: 5,
    is_batch_one_place: false,
};

/// Random numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone)]
struct Row {
    key: LaneKey,
    shard: u16,
    revision: u32,
    /// None once it has ended.
    run_at: Option<i64>,
}

#[derive(Clone)]
struct LeaseState {
    owner: String,
    epoch: i64,
    expires_at: i64,
    signals: i64,
    unclean_at: Option<i64>,
}

impl LeaseState {
    fn fresh() -> Self {
        Self { owner: String::new(), epoch: 0, expires_at: 0, signals: 0, unclean_at: None }
    }
}

/// What the lanes hold of a row.
#[derive(Clone, Copy)]
struct Work {
    revision: u32,
    /// Whether an earlier owner may have sent it.
    is_unanswered: bool,
}

/// The database, with a clock of its own.
#[derive(Default)]
struct Store {
    rows: BTreeMap<String, Row>,
    leases: BTreeMap<u16, LeaseState>,
    hosts: BTreeMap<String, i64>,
    now: i64,
    is_down: bool,
}

impl Store {
    fn lease_rows(&self) -> Vec<LeaseRow> {
        let row = |(shard, lease): (&u16, &LeaseState)| LeaseRow {
            shard: *shard,
            owner: lease.owner.clone(),
            epoch: lease.epoch,
            is_expired: lease.expires_at <= self.now,
        };
        self.leases.iter().map(row).collect()
    }

    fn renew(&mut self, owner: &str, held: &[(u16, i64)]) -> Vec<(u16, i64)> {
        let now = self.now;
        held.iter()
            .copied()
            .filter(|(shard, epoch)| {
                let Some(lease) = self.leases.get_mut(shard) else { return false };
                let is_mine = lease.owner == owner && lease.epoch == *epoch && now < lease.expires_at;
                if is_mine {
                    lease.expires_at = now + TERMS.lease_ms;
                }
                is_mine
            })
            .collect()
    }

    fn take(&mut self, owner: &str, shard: u16, epoch: i64) -> Option<TakenShard> {
        let now = self.now;
        let lease = self.leases.entry(shard).or_insert_with(LeaseState::fresh);
        if lease.epoch != epoch || (!lease.owner.is_empty() && now < lease.expires_at) {
            return None;
        }
        *lease = LeaseState {
            owner: owner.into(),
            epoch: epoch + 1,
            expires_at: now + TERMS.lease_ms,
            signals: lease.signals,
            unclean_at: if lease.owner.is_empty() { lease.unclean_at } else { Some(now) },
        };
        Some(TakenShard { shard, epoch: lease.epoch, unclean_at: lease.unclean_at.map(Timestamp) })
    }

    fn signal(&mut self, shard: u16) {
        self.leases.entry(shard).or_insert_with(LeaseState::fresh).signals += 1;
    }

    /// Changes a row while it is what the step saw; returns whether it was.
    fn commit(&mut self, id: &str, revision: u32, run_at: Option<i64>) -> bool {
        let Some(row) = self.rows.get_mut(id) else { return false };
        let matches = row.revision == revision && row.run_at.is_some();
        if matches {
            (row.revision, row.run_at) = (revision + 1, run_at);
        }
        matches
    }
}

struct Flight {
    key: LaneKey,
    id: Arc<str>,
    shard: u16,
    revision: u32,
    ends_at: i64,
}

struct Host {
    name: String,
    lanes: Lanes<Work>,
    leases: Leases,
    /// This machine's clock against the simulation's: hosts' clocks differ by any amount.
    clock_offset: i64,
    flights: Vec<Flight>,
    /// Reads that are under way, with what they saw when they began and when they end.
    reads: Vec<(LaneRead, Option<ReadRows<Work>>, i64)>,
    signals: HashMap<u16, i64>,
    paused_until: i64,
    is_leaving: bool,
}

impl Host {
    fn new(name: String, random: &mut Random) -> Self {
        Self {
            name,
            lanes: Lanes::new(LIMITS),
            leases: Leases::new(TERMS),
            clock_offset: i64::try_from(random.below(1 << 40)).unwrap(),
            flights: Vec::new(),
            reads: Vec::new(),
            signals: HashMap::new(),
            paused_until: 0,
            is_leaving: false,
        }
    }

    fn boot(&self, now: i64) -> BootTime {
        BootTime(now + self.clock_offset)
    }
}

/// Which faults a run has.
#[derive(Clone, Copy)]
struct Faults {
    /// Hosts are killed or stand still, or the database is away: what was under way may be sent again.
    hard: bool,
}

#[derive(Default)]
struct Tally {
    sends: BTreeMap<String, usize>,
    /// Which attempts left, by the row and its revision.
    left: BTreeSet<(String, u32)>,
    unanswered: usize,
    attempts: BTreeMap<String, usize>,
    in_flight_at_faults: usize,
    ends: BTreeMap<String, usize>,
}

struct World {
    random: Random,
    store: Store,
    hosts: Vec<Host>,
    tally: Tally,
    now: i64,
    posted: usize,
    born: usize,
    faults: Faults,
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let mut random = Random(seed);
        let count = 2 + random.below(2);
        let hosts = (0..count).map(|at| Host::new(format!("host{at}"), &mut random)).collect();
        Self { random, store: Store::default(), hosts, tally: Tally::default(), now: 0, posted: 0, born: count, faults }
    }

    fn tick(&mut self, is_busy: bool) {
        self.now += TICK_MS;
        self.store.now += TICK_MS;
        if is_busy {
            self.happen();
            for _ in 0..self.random.below(4) {
                self.post();
            }
        } else {
            self.store.is_down = false;
        }
        for at in 0..self.hosts.len() {
            if self.now < self.hosts[at].paused_until {
                continue;
            }
            if self.now % 200 == 0 {
                self.keep_leases(at);
            }
            self.load(at, is_busy);
            self.start(at);
            self.end(at, is_busy);
        }
        if self.now % 1_000 == 0 {
            self.read_whole();
        }
    }

    /// Faults, and hosts that come and go.
    fn happen(&mut self) {
        let at = self.random.below(self.hosts.len());
        if self.random.happens(1) {
            // It leaves in good order: its shards are drained.
            self.hosts[at].is_leaving = true;
        }
        if !self.faults.hard {
            return;
        }
        if self.random.happens(2) {
            self.tally.in_flight_at_faults += self.hosts[at].flights.len();
            let name = format!("host{}", self.born);
            self.born += 1;
            self.hosts[at] = Host::new(name, &mut self.random);
        }
        if self.random.happens(2) {
            self.tally.in_flight_at_faults += self.hosts[at].flights.len();
            self.hosts[at].paused_until = self.now + i64::try_from(self.random.below(80)).unwrap() * TICK_MS;
        }
        let was_down = self.store.is_down;
        if self.random.happens(if was_down { 10 } else { 1 }) {
            self.store.is_down = !was_down;
            if !was_down {
                self.tally.in_flight_at_faults += self.hosts.iter().map(|host| host.flights.len()).sum::<usize>();
            }
        }
    }

    /// A source posts to some host: reserve, commit, hand over.
    fn post(&mut self) {
        let at = self.random.below(self.hosts.len());
        if self.store.is_down || self.now < self.hosts[at].paused_until {
            return;
        }
        let organization = format!("org{}", self.random.below(2));
        let key = LaneKey::new(&organization, &format!("lane{}", self.random.below(3)));
        let id: Arc<str> = format!("i{:05}", self.posted).into();
        self.posted += 1;
        let (loses_response, loses_hand_over) = (self.random.happens(5), self.random.happens(5));
        let (now, host) = (self.now, &mut self.hosts[at]);
        let boot = host.boot(now);
        let chosen = host.leases.choose(shard_for(&key.lane), boot);
        let shard = chosen.map_or(shard_for(&key.lane), |(shard, _)| shard);
        if chosen.is_some() {
            host.lanes.reserve(&id);
        }
        self.store.rows.insert(id.to_string(), Row { key: key.clone(), shard, revision: 0, run_at: Some(now) });
        match chosen {
            Some((shard, epoch)) if host.leases.is_epoch(shard, epoch, boot) && !loses_response && !loses_hand_over => {
                let offer = host.lanes.offer(
                    &key,
                    Item { id, shard, bytes: 10, work: Work { revision: 0, is_unanswered: false } },
                    Timestamp(now),
                );
                assert_ne!(offer, Offer::Resident, "it was reserved");
            }
            Some(_) => host.lanes.release(&key, &id, Some(Timestamp(now))),
            None => self.store.signal(shard),
        }
    }

    fn keep_leases(&mut self, at: usize) {
        let (now, host) = (self.now, &mut self.hosts[at]);
        let boot = host.boot(now);
        if self.store.is_down {
            let lost = host.leases.expire(boot);
            host.lanes.drop_queued(|_, item| lost.contains(&item.shard));
            return;
        }
        if !host.is_leaving {
            self.store.hosts.insert(host.name.clone(), self.store.now + TERMS.lease_ms);
        } else {
            self.store.hosts.remove(&host.name);
        }
        let renewed = self.store.renew(&host.name, &host.leases.held());
        let lost = host.leases.renewed(&renewed, boot);
        host.lanes.drop_queued(|_, item| lost.contains(&item.shard));
        let living = self.store.hosts.values().filter(|expires| self.store.now < **expires).count();
        let mut to_read = Vec::new();
        if host.is_leaving {
            for (shard, _) in host.leases.held() {
                host.leases.drain(shard);
            }
            host.lanes.drop_queued(|_, _| true);
        } else {
            let plan = host.leases.plan(&self.store.lease_rows(), living);
            for (shard, epoch) in plan.take {
                if let Some(taken) = self.store.take(&host.name, shard, epoch) {
                    host.leases.record_taken(taken, boot);
                    to_read.push(shard);
                }
            }
            for shard in plan.give_up {
                host.leases.drain(shard);
                host.lanes.drop_queued(|_, item| item.shard == shard);
            }
        }
        for (shard, epoch) in host.leases.draining() {
            if host.flights.iter().all(|flight| flight.shard != shard) {
                if let Some(lease) = self.store.leases.get_mut(&shard).filter(|lease| lease.epoch == epoch) {
                    lease.owner.clear();
                }
                host.leases.given_up(shard);
            }
        }
        for (shard, lease) in &self.store.leases {
            if host.signals.insert(*shard, lease.signals) != Some(lease.signals) && host.leases.may_start(*shard, boot)
            {
                to_read.push(*shard);
            }
        }
        for row in self.store.rows.values().filter(|row| to_read.contains(&row.shard)) {
            if let Some(run_at) = row.run_at {
                host.lanes.spill(&row.key, Timestamp(run_at));
            }
        }
        if host.is_leaving && host.leases.held().is_empty() && host.flights.is_empty() {
            // Another starts in its place.
            let name = format!("host{}", self.born);
            self.born += 1;
            self.hosts[at] = Host::new(name, &mut self.random);
        }
    }

    fn load(&mut self, at: usize, is_busy: bool) {
        let (now, host) = (self.now, &mut self.hosts[at]);
        let shards: BTreeSet<u16> = host.leases.shards(host.boot(now)).into_iter().collect();
        for read in host.lanes.lanes_to_read(Timestamp(now), 4) {
            let fails = self.store.is_down || (is_busy && self.random.happens(10));
            let mut due: Vec<(i64, &String, &Row)> = self
                .store
                .rows
                .iter()
                .filter(|(_, row)| row.key == read.key && shards.contains(&row.shard))
                .filter_map(|(id, row)| Some((row.run_at?, id, row)))
                .collect();
            due.sort_by_key(|(run_at, id, _)| (*run_at, (*id).clone()));
            let next_at = due.iter().map(|(run_at, ..)| *run_at).find(|run_at| now < *run_at).map(Timestamp);
            due.retain(|(run_at, ..)| *run_at <= now);
            let has_more = 10 < due.len();
            let items = due.into_iter().take(10).map(|(_, id, row)| Item {
                id: id.as_str().into(),
                shard: row.shard,
                bytes: 10,
                work: Work {
                    revision: row.revision,
                    is_unanswered: host.leases.may_have_been_sent(row.shard, Timestamp(row.run_at.unwrap_or(now))),
                },
            });
            let rows = (!fails).then(|| ReadRows { items: items.collect(), has_more, next_at });
            let ends_at = now + i64::try_from(self.random.below(6)).unwrap() * TICK_MS;
            host.reads.push((read, rows, ends_at));
        }
        let (ended, reads): (Vec<_>, Vec<_>) = host.reads.drain(..).partition(|(.., ends_at)| *ends_at <= now);
        host.reads = reads;
        for (read, rows, _) in ended {
            host.lanes.read_ended(&read, rows, Timestamp(now + TICK_MS));
        }
    }

    fn start(&mut self, at: usize) {
        let (now, host) = (self.now, &mut self.hosts[at]);
        while let Some(taken) = host.lanes.take(Timestamp(now), |_| 2, 100) {
            for item in taken.items {
                // The last look before the request leaves.
                if !host.leases.may_start(item.shard, host.boot(now)) {
                    host.lanes.free_places(&taken.key, 1, PlaceEnd::Responded);
                    host.lanes.finish(&taken.key, [&*item.id], None);
                    continue;
                }
                *self.tally.sends.entry(item.id.to_string()).or_default() += 1;
                let is_first = self.tally.left.insert((item.id.to_string(), item.work.revision));
                assert!(is_first || item.work.is_unanswered, "{} is sent again as if it never had been", item.id);
                self.tally.unanswered += usize::from(item.work.is_unanswered);
                let ends_at = now + i64::try_from(self.random.below(12)).unwrap() * TICK_MS;
                host.flights.push(Flight {
                    key: taken.key.clone(),
                    id: item.id,
                    shard: item.shard,
                    revision: item.work.revision,
                    ends_at,
                });
            }
        }
    }

    /// Requests that ended are written; what could not be written is tried again.
    fn end(&mut self, at: usize, is_busy: bool) {
        if self.store.is_down {
            return;
        }
        let (now, host) = (self.now, &mut self.hosts[at]);
        let (ended, flights): (Vec<_>, Vec<_>) = host.flights.drain(..).partition(|flight| flight.ends_at <= now);
        host.flights = flights;
        for flight in ended {
            // Retried at most four times, and never once everything is to end.
            let retries = is_busy && flight.revision < 4 && self.random.happens(20);
            let run_at = retries.then(|| now + i64::try_from(self.random.below(20)).unwrap() * TICK_MS);
            *self.tally.attempts.entry(flight.id.to_string()).or_default() += 1;
            if self.store.commit(&flight.id, flight.revision, run_at) && run_at.is_none() {
                *self.tally.ends.entry(flight.id.to_string()).or_default() += 1;
            }
            // The response to this COMMIT may be lost; the host asks by its id and learns the same.
            host.lanes.free_places(&flight.key, 1, PlaceEnd::Responded);
            host.lanes.finish(&flight.key, [&*flight.id], run_at.map(Timestamp));
        }
    }

    /// Each held shard is read whole now and then: nothing stays behind that memory has missed.
    fn read_whole(&mut self) {
        if self.store.is_down {
            return;
        }
        for host in &mut self.hosts {
            let shards = host.leases.shards(host.boot(self.now));
            for row in self.store.rows.values().filter(|row| shards.contains(&row.shard)) {
                if let Some(run_at) = row.run_at.filter(|run_at| *run_at <= self.now - 1_000 || self.now < *run_at) {
                    host.lanes.spill(&row.key, Timestamp(run_at));
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        self.store.rows.values().all(|row| row.run_at.is_none())
    }
}

fn run(seed: u64, faults: Faults) -> World {
    let mut world = World::new(seed, faults);
    for tick in 0..END_TICKS {
        world.tick(tick < BUSY_TICKS);
        if BUSY_TICKS < tick && world.is_done() {
            break;
        }
    }
    let left: Vec<&String> =
        world.store.rows.iter().filter(|(_, row)| row.run_at.is_some()).map(|(id, _)| id).collect();
    assert!(left.is_empty(), "seed {seed}: left behind {left:?}");
    for id in world.store.rows.keys() {
        assert_eq!(world.tally.ends.get(id), Some(&1), "seed {seed}: {id} must end once");
    }
    world
}

/// H2: whatever responses, hand-overs and reads are lost, and however shards change hands in good order, each attempt is one request.
#[test]
fn h2_without_a_crash_nothing_is_lost_and_nothing_sent_twice() {
    let mut posted = 0;
    for seed in 0..500 {
        let world = run(seed, Faults { hard: false });
        for (id, sends) in &world.tally.sends {
            let row = &world.store.rows[id];
            assert_eq!(
                *sends,
                usize::try_from(row.revision).unwrap(),
                "seed {seed}: {id} was sent twice for one attempt"
            );
        }
        assert_eq!(world.tally.unanswered, 0, "seed {seed}: nobody was lost");
        posted += world.posted;
    }
    assert!(30_000 < posted, "the simulation simulates next to nothing: {posted}");
}

/// H2: kills, pauses longer than a lease and outages lose nothing; what is sent again was under way then.
#[test]
fn h2_after_a_crash_only_what_was_under_way_is_sent_again() {
    let mut repeats = 0;
    for seed in 10_000..10_500 {
        let world = run(seed, Faults { hard: true });
        let sent: usize = world.tally.sends.values().sum();
        let needed: usize = world.store.rows.values().map(|row| usize::try_from(row.revision).unwrap()).sum();
        let again = sent - needed;
        assert!(
            again <= world.tally.in_flight_at_faults,
            "seed {seed}: {again} sent again, {} were under way",
            world.tally.in_flight_at_faults
        );
        repeats += again;
    }
    println!("sent again over all seeds: {repeats}");
}

/// H1: shards are spread over the hosts that live.
#[test]
fn h1_living_hosts_share_all_shards() {
    let mut world = World::new(7, Faults { hard: false });
    for _ in 0..200 {
        world.tick(false);
    }
    let held: Vec<usize> = world.hosts.iter().map(|host| host.leases.held().len()).collect();
    assert_eq!(held.iter().sum::<usize>(), usize::from(SHARDS));
    assert!(held.iter().all(|count| *count <= usize::from(SHARDS).div_ceil(world.hosts.len())), "{held:?}");
}
