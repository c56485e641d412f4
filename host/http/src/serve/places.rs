//! Who gets a place. Ordinary places serve everything; some beyond them are reserved for whoever asks how the host is, when all others are
//! taken. Of both kinds one address gets a part only, and at a bound a connection goes: one that never had a response before others, then one
//! whose client does not read, then one without a request, of the address that has the most, and then the one that has been so for longest.
//! Nobody who reads and had responses loses a connection to an address that has as many.

use super::network::Network;
use super::watch::{Cut, Seen, WatchBounds};
use super::watched::{Moment, Order, Phase, Watched};
use hookmill_domain::config::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often the log tells of connections that were turned away or cut, in milliseconds.
const SUMMARY_MS: u64 = 60_000;

/// Connections without a request are many when they have this part of the places.
const MANY_IDLE: usize = 2;
/// For how many ticks a client reads too little, when there is more to read, before its connection may go for another's.
const STALLED_TICKS: u64 = 8;
/// How often another idle connection is looked for, when the one that was found has begun a request meanwhile.
const DISPLACE_TRIES: usize = 4;

/// What a place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything.
    Ordinary,
    /// Health and readiness alone.
    Reserved,
}

/// The bounds of places of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct KindBounds {
    /// How many there are.
    pub(super) max: usize,
    /// How many one address may have.
    pub(super) of_network_max: usize,
}

/// The bounds of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceBounds {
    pub(super) ordinary: KindBounds,
    pub(super) reserved: KindBounds,
}

/// All places of the host.
#[derive(Debug)]
pub(super) struct Places {
    bounds: PlaceBounds,
    trusted_proxies: Vec<IpNet>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    tick: u64,
    next_id: u64,
    connections: BTreeMap<u64, Connection>,
    ordinary: Counts,
    reserved: Counts,
    summary: Summary,
}

/// How many places are taken.
#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_network: HashMap<Network, usize>,
}

#[derive(Debug)]
struct Connection {
    kind: Kind,
    network: Network,
    /// Whether it is from a proxy that is trusted.
    is_trusted: bool,
    watched: Arc<Watched>,
    seen: Seen,
}

impl Connection {
    /// What it holds its place for without being served, and since how many ticks; none where it is served. A part of a head is not a request.
    fn idle(&self, moment: Moment, tick: u64) -> Option<(Use, u64)> {
        if matches!(moment.phase(), Phase::Idle | Phase::Head) {
            let is_served = 0 < self.watched.sent();
            return Some((if is_served { Use::Kept } else { Use::Unserved }, self.seen.ticks_at(moment, tick)));
        }
        let stalled = self.seen.stalled_ticks(&self.watched, tick);
        (STALLED_TICKS <= stalled).then_some((Use::Stalled, stalled))
    }
}

/// What a connection that is not served holds its place for: the last goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// Its client, who had responses, keeps it for later.
    Kept,
    /// Its client does not read.
    Stalled,
    /// It had no response yet.
    Unserved,
}

/// A connection that may go, compared by what makes it go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Idle {
    holds: Use,
    of_network: usize,
    ticks: u64,
    /// Of several the oldest.
    id: std::cmp::Reverse<u64>,
}

/// What became of connections since the log told of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Summary {
    displaced: u64,
    turned_away: u64,
    not_accepted: u64,
    slow_heads: u64,
    slow_readers: u64,
}

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    kind: Kind,
    watched: Arc<Watched>,
    places: Arc<Places>,
}

impl Place {
    /// What it is for.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the connection shows of itself.
    pub(super) fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().remove(self.id);
    }
}

impl Places {
    /// Places that are all free. The bound for each address is not for these proxies, each of which stands for many.
    pub(super) fn new(bounds: PlaceBounds, trusted_proxies: Vec<IpNet>) -> Self {
        Self { bounds, trusted_proxies, taken: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from this address: an ordinary one, else a reserved one, else none.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let is_trusted = self.trusted_proxies.iter().any(|network| network.contains(&address));
        let network = Network::of(address);
        let mut taken = self.lock();
        let kinds = [(Kind::Ordinary, self.bounds.ordinary), (Kind::Reserved, self.bounds.reserved)];
        let free = kinds.into_iter().find(|(kind, bounds)| {
            let bounds = if is_trusted { KindBounds { of_network_max: usize::MAX, ..*bounds } } else { *bounds };
            taken.make_room(*kind, network, is_trusted, bounds)
        });
        let Some((kind, _)) = free else {
            taken.summary.turned_away += 1;
            return None;
        };
        let (id, watched) = taken.add(kind, network, is_trusted);
        Some(Place { id, kind, watched, places: Arc::clone(self) })
    }

    /// The kernel had no connection to give: frees an ordinary place of who has no request, if there is one.
    pub(super) fn not_accepted(&self) {
        let mut taken = self.lock();
        taken.summary.not_accepted += 1;
        taken.displace(self.bounds.ordinary.max, 0, |connection| connection.kind == Kind::Ordinary);
    }

    /// Looks at all connections, and cuts those that hold their place for nothing.
    pub(super) fn look(&self, bounds: &WatchBounds) {
        let mut taken = self.lock();
        taken.tick += 1;
        let Taken { tick, connections, summary, .. } = &mut *taken;
        for connection in connections.values_mut() {
            let Connection { kind, watched, seen, .. } = connection;
            let Some(cut) = seen.look(watched, *kind, *tick, bounds) else { continue };
            watched.give(Order::Cut);
            summary.count(cut);
        }
        if tick.is_multiple_of((SUMMARY_MS / bounds.tick_ms).max(1)) {
            std::mem::take(summary).log(connections.len());
        }
    }

    /// Tells all connections to end with the request that is under way; those without one end at once.
    pub(super) fn finish_all(&self) {
        for Connection { watched, .. } in self.lock().connections.values() {
            let moment = watched.moment();
            let has_request = !matches!(moment.phase(), Phase::Idle | Phase::Head);
            // A request that begins at this very moment is served as well.
            if has_request || !watched.displace(moment) {
                watched.give(Order::Finish);
            }
        }
    }
}

impl Taken {
    fn counts(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::Ordinary => &mut self.ordinary,
            Kind::Reserved => &mut self.reserved,
        }
    }

    /// Whether there is room for one more of this kind from this network, once an idle one has gone if need be.
    fn make_room(&mut self, kind: Kind, network: Network, is_trusted: bool, bounds: KindBounds) -> bool {
        let of_network = self.counts(kind).by_network.get(&network).copied().unwrap_or_default();
        let is_of_network = |connection: &Connection| connection.kind == kind && connection.network == network;
        if bounds.of_network_max <= of_network && !self.displace(bounds.of_network_max, 0, is_of_network) {
            return false;
        }
        let newcomers = if is_trusted { 0 } else { of_network };
        self.counts(kind).all < bounds.max || self.displace(bounds.max, newcomers, |connection| connection.kind == kind)
    }

    /// Gives up the place of a connection without a request, for one from an address that has `newcomers` connections. There are `of` places
    /// among which it is chosen.
    fn displace(&mut self, of: usize, newcomers: usize, among: impl Fn(&Connection) -> bool) -> bool {
        for _ in 0..DISPLACE_TRIES {
            let Some((id, moment)) = self.first_to_go(of, newcomers, &among) else { return false };
            // It may have begun a request since, or had its response.
            if self.connections.get(&id).is_some_and(|connection| connection.watched.displace(moment)) {
                self.remove(id);
                self.summary.displaced += 1;
                return true;
            }
        }
        false
    }

    fn first_to_go(&self, of: usize, newcomers: usize, among: impl Fn(&Connection) -> bool) -> Option<(u64, Moment)> {
        let idle =
            self.connections.iter().filter(|(_, connection)| among(connection)).filter_map(|(id, connection)| {
                let moment = connection.watched.moment();
                let (holds, ticks) = connection.idle(moment, self.tick)?;
                let of_network = self.of_network(connection);
                Some((Idle { holds, of_network, ticks, id: std::cmp::Reverse(*id) }, moment))
            });
        let idle: Vec<(Idle, Moment)> = idle.collect();
        // What was accepted a moment ago has its request on the way, unless there are many without.
        let is_many = of.div_ceil(MANY_IDLE) <= idle.len();
        let may_go =
            |idle: &Idle| (is_many || 0 < idle.ticks) && (idle.holds != Use::Kept || newcomers < idle.of_network);
        let first = idle.into_iter().filter(|(idle, _)| may_go(idle)).max_by_key(|(idle, _)| *idle);
        first.map(|(idle, moment)| (idle.id.0, moment))
    }

    /// How many of its kind a connection's address has. A proxy that is trusted stands for many addresses.
    fn of_network(&self, connection: &Connection) -> usize {
        let counts = match connection.kind {
            Kind::Ordinary => &self.ordinary,
            Kind::Reserved => &self.reserved,
        };
        if connection.is_trusted { 1 } else { counts.by_network.get(&connection.network).copied().unwrap_or_default() }
    }

    fn add(&mut self, kind: Kind, network: Network, is_trusted: bool) -> (u64, Arc<Watched>) {
        let (id, watched) = (self.next_id, Arc::new(Watched::default()));
        self.next_id += 1;
        let seen = Seen::first(&watched, self.tick);
        self.connections.insert(id, Connection { kind, network, is_trusted, watched: Arc::clone(&watched), seen });
        let counts = self.counts(kind);
        counts.all += 1;
        *counts.by_network.entry(network).or_default() += 1;
        (id, watched)
    }

    /// Removes a connection that may be removed already.
    fn remove(&mut self, id: u64) {
        let Some(Connection { kind, network, .. }) = self.connections.remove(&id) else { return };
        let counts = self.counts(kind);
        counts.all -= 1;
        if let Some(of_network) = counts.by_network.get_mut(&network) {
            *of_network -= 1;
            if *of_network == 0 {
                counts.by_network.remove(&network);
            }
        }
    }
}

impl Summary {
    fn count(&mut self, cut: Cut) {
        match cut {
            // A client that keeps a connection for later is usual.
            Cut::Idle | Cut::Reserved => {}
            Cut::SlowHead => self.slow_heads += 1,
            Cut::SlowReader => self.slow_readers += 1,
        }
    }

    fn log(self, open: usize) {
        let Self { displaced, turned_away, not_accepted, slow_heads, slow_readers } = self;
        if self != Self::default() {
            tracing::warn!(
                open,
                turned_away,
                not_accepted,
                displaced,
                slow_heads,
                slow_readers,
                "connections were ended by their bounds; see connections_max, connections_per_address_max and --trusted-proxy"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCH: WatchBounds =
        WatchBounds { tick_ms: 1, idle: 100, head: 100, progress: 100, progress_bytes_min: 1, reserved_life: 100 };

    fn places(trusted: &[&str]) -> Arc<Places> {
        let bounds = PlaceBounds {
            ordinary: KindBounds { max: 4, of_network_max: 3 },
            reserved: KindBounds { max: 2, of_network_max: 1 },
        };
        Arc::new(Places::new(bounds, trusted.iter().map(|network| network.parse().unwrap()).collect()))
    }

    fn take(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.take(address.parse().unwrap())
    }

    /// A place whose connection has a request under way.
    fn busy(places: &Arc<Places>, address: &str) -> Option<Place> {
        take(places, address).inspect(|place| place.watched().request_begins())
    }

    fn kinds(all: &[Option<Place>]) -> Vec<Option<Kind>> {
        all.iter().map(|place| place.as_ref().map(Place::kind)).collect()
    }

    fn is_displaced(place: &Option<Place>) -> bool {
        place.as_ref().is_some_and(|place| place.watched().moment().phase() == Phase::Closing)
    }

    const ORDINARY: Option<Kind> = Some(Kind::Ordinary);
    const RESERVED: Option<Kind> = Some(Kind::Reserved);

    #[test]
    fn h6_one_address_gets_a_part_of_the_places() {
        let places = places(&[]);
        let of_one: Vec<_> = (0..6).map(|_| busy(&places, "10.0.0.1")).collect();
        assert_eq!(kinds(&of_one), [ORDINARY, ORDINARY, ORDINARY, RESERVED, None, None]);
        let of_others: Vec<_> = (2..6).map(|n| busy(&places, &format!("10.0.0.{n}"))).collect();
        assert_eq!(kinds(&of_others), [ORDINARY, RESERVED, None, None]);
        drop((of_one, of_others));
        let again: Vec<_> = (0..5).map(|_| busy(&places, "10.0.0.1")).collect();
        assert_eq!(kinds(&again), [ORDINARY, ORDINARY, ORDINARY, RESERVED, None], "places are free again");
    }

    #[test]
    fn h6_a_trusted_proxy_may_take_them_all() {
        let places = places(&["10.0.0.0/24"]);
        let all: Vec<_> = (0..7).map(|_| busy(&places, "::ffff:10.0.0.1")).collect();
        assert_eq!(kinds(&all), [ORDINARY, ORDINARY, ORDINARY, ORDINARY, RESERVED, RESERVED, None]);
    }

    #[test]
    fn h6_at_the_bound_who_has_been_idle_for_longest_goes() {
        let places = places(&[]);
        let mut all: Vec<_> = (1..4).map(|n| take(&places, &format!("10.0.0.{n}"))).collect();
        places.look(&WATCH);
        // The second was idle for less long, the third has a request under way.
        for (at, ends) in [(1, true), (2, false)] {
            let watched = all[at].as_ref().unwrap().watched();
            watched.request_begins();
            if ends {
                watched.request_ends();
                watched.flushed();
            }
        }
        places.look(&WATCH);
        all.push(busy(&places, "10.0.0.4"));
        places.look(&WATCH);
        all.push(busy(&places, "10.0.0.5"));
        assert_eq!(all.iter().map(is_displaced).collect::<Vec<_>>(), [true, false, false, false, false]);
        all.push(busy(&places, "10.0.0.6"));
        assert_eq!(all.iter().map(is_displaced).collect::<Vec<_>>(), [true, true, false, false, false, false]);
        // All others are under way.
        all.push(busy(&places, "10.0.0.7"));
        assert_eq!(kinds(&all[3..]), [ORDINARY, ORDINARY, ORDINARY, RESERVED]);
        // The places of those that were displaced are others' by now.
        all.drain(..2);
        assert_eq!(places.lock().ordinary.all, 4);
    }

    #[test]
    fn h6_a_part_of_a_head_is_not_a_request() {
        let places = places(&[]);
        let all: Vec<_> = (1..5).map(|n| take(&places, &format!("10.0.0.{n}"))).collect();
        assert!(all.iter().flatten().all(|place| place.watched().received()));
        places.look(&WATCH);
        places.look(&WATCH);
        let _newest = busy(&places, "10.0.0.5");
        assert_eq!(all.iter().map(is_displaced).collect::<Vec<_>>(), [true, false, false, false]);
    }

    #[test]
    fn h6_what_was_just_accepted_goes_only_where_many_have_no_request() {
        let places = places(&[]);
        let mut all: Vec<_> = (1..5).map(|n| busy(&places, &format!("10.0.0.{n}"))).collect();
        places.look(&WATCH);
        drop(all.remove(0));
        all.push(take(&places, "10.0.0.5"));
        assert_eq!(take(&places, "10.0.0.6").as_ref().map(Place::kind), RESERVED, "its request is on the way");
        drop(all.remove(0));
        all.push(take(&places, "10.0.0.7"));
        assert_eq!(take(&places, "10.0.0.8").as_ref().map(Place::kind), ORDINARY, "half of them have none");
        assert_eq!(all.iter().map(is_displaced).collect::<Vec<_>>(), [false, false, true, false]);
    }

    /// A place whose connection had a response and waits for the next request.
    fn served(places: &Arc<Places>, address: &str) -> Option<Place> {
        take(places, address).inspect(|place| {
            place.watched().request_begins();
            place.watched().wrote(1);
            place.watched().request_ends();
            place.watched().flushed();
        })
    }

    #[test]
    fn h6_who_never_had_a_response_goes_first() {
        let places = places(&[]);
        let all = ["10.0.0.1", "10.0.0.1"].map(|address| served(&places, address));
        let half = ["10.0.0.2", "10.0.0.3"].map(|address| take(&places, address));
        half[1].as_ref().map(|place| place.watched().received());
        places.look(&WATCH);
        places.look(&WATCH);
        let new: Vec<_> = (4..6).map(|n| busy(&places, &format!("10.0.0.{n}"))).collect();
        assert_eq!(kinds(&new), [ORDINARY, ORDINARY]);
        assert_eq!(half.each_ref().map(is_displaced), [true, true]);
        assert_eq!(all.each_ref().map(is_displaced), [false, false]);
    }

    #[test]
    fn h6_who_does_not_read_goes_before_who_does() {
        let places = places(&[]);
        let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(|address| served(&places, address));
        let stalls = all[2].as_ref().unwrap().watched();
        stalls.request_begins();
        stalls.could_not_write();
        for _ in 0..=STALLED_TICKS {
            places.look(&WATCH);
        }
        assert_eq!(busy(&places, "10.0.0.5").as_ref().map(Place::kind), ORDINARY);
        assert_eq!(all.each_ref().map(is_displaced), [false, false, true, false]);
    }

    #[test]
    fn h6_nobody_loses_a_connection_to_who_has_as_many() {
        let places = places(&["10.9.0.0/16"]);
        let all = ["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3"].map(|address| served(&places, address));
        places.look(&WATCH);
        // The third address has one, as the first has: a second one is taken from who has two.
        let second = busy(&places, "10.0.0.3");
        assert_eq!(all.each_ref().map(is_displaced), [false, true, false, false]);
        // Now nobody has more than the third would have.
        let third = busy(&places, "10.0.0.3");
        assert_eq!((second.as_ref().map(Place::kind), third.as_ref().map(Place::kind)), (ORDINARY, RESERVED));
        // A proxy stands for many, and who has nothing takes from who has some.
        assert_eq!(busy(&places, "10.9.0.1").as_ref().map(Place::kind), ORDINARY);
    }

    #[test]
    fn h6_an_address_displaces_its_own() {
        let places = places(&[]);
        let neighbour = take(&places, "10.0.0.9");
        let all: Vec<_> = (0..3).map(|_| take(&places, "10.0.0.1")).collect();
        places.look(&WATCH);
        let newest = take(&places, "10.0.0.1");
        assert_eq!(newest.as_ref().map(Place::kind), ORDINARY);
        assert_eq!(all.iter().map(is_displaced).collect::<Vec<_>>(), [true, false, false]);
        assert!(!is_displaced(&neighbour));
    }

    #[test]
    fn h6_who_was_seen_idle_and_is_not_any_more_stays() {
        let places = places(&[]);
        let all: Vec<_> = (1..5).map(|n| take(&places, &format!("10.0.0.{n}"))).collect();
        places.look(&WATCH);
        all.iter().flatten().for_each(|place| place.watched().request_begins());
        assert_eq!(take(&places, "10.0.0.5").as_ref().map(Place::kind), RESERVED);
        places.not_accepted();
        assert!(!all.iter().any(is_displaced));
    }
}
