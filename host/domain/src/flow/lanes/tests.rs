//! Fairness, residency, spilling, and random histories.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) const LIMITS: LaneLimits = LaneLimits {
    items_max: 12,
    bytes_max: 1_000,
    lane_items_max: 4,
    places_max: 100,
    lane_places_max: 3,
    lane_places_first: 3,
    lane_taken_max: 100,
    is_batch_one_place: false,
};

pub(super) fn item(id: usize) -> Item<usize> {
    Item { id: format!("i{id:05}").into(), shard: 0, bytes: 10, work: id }
}

pub(super) fn key(organization: &str, lane: &str) -> LaneKey {
    LaneKey::new(organization, lane)
}

fn take(lanes: &mut Lanes<usize>, count_max: usize) -> Option<TakenItems<usize>> {
    lanes.take(NOW, |_| count_max, 1_000)
}

fn take_all(lanes: &mut Lanes<usize>) -> Vec<(String, Vec<usize>)> {
    std::iter::from_fn(|| take(lanes, 2))
        .map(|taken| (taken.key.lane.to_string(), taken.items.iter().map(|item| item.work).collect()))
        .collect()
}

const NOW: Timestamp = Timestamp(1_000);

#[test]
fn w12_organizations_and_lanes_are_taken_in_turn() {
    let mut lanes = Lanes::new(LIMITS);
    for id in 0..3 {
        assert_eq!(lanes.offer(&key("flood", "a"), item(id), NOW), Offer::Queued);
    }
    lanes.offer(&key("flood", "b"), item(10), NOW);
    lanes.offer(&key("single", "c"), item(20), NOW);
    let expected = [("a", vec![0, 1]), ("c", vec![20]), ("b", vec![10]), ("a", vec![2])];
    assert_eq!(take_all(&mut lanes), expected.map(|(lane, ids)| (lane.to_owned(), ids)));
}

#[test]
fn w12_a_lane_with_enough_under_way_takes_no_place() {
    let mut lanes = Lanes::new(LIMITS);
    for id in 0..4 {
        lanes.offer(&key("o", "slow"), item(id), NOW);
    }
    assert_eq!(take_all(&mut lanes).len(), 2, "three of four are under way");
    assert!(take(&mut lanes, 2).is_none());
    lanes.offer(&key("o", "fast"), item(9), NOW);
    assert_eq!(take_all(&mut lanes), [("fast".to_owned(), vec![9])]);
    lanes.free_places(&key("o", "slow"), 1, PlaceEnd::Responded);
    assert_eq!(take_all(&mut lanes), [("slow".to_owned(), vec![3])]);
}

/// H2: what waits to be written is bounded as well, and a lane that has too much of it goes on when some of it is written.
#[test]
fn h2_what_is_not_written_holds_up_its_lane_alone() {
    let limits = LaneLimits { items_max: 10_000, bytes_max: 100_000, lane_items_max: 100, ..LIMITS };
    let mut lanes = Lanes::new(LaneLimits { lane_taken_max: 5, ..limits });
    let lane = key("o", "unwritten");
    for id in 0..20 {
        lanes.offer(&lane, item(id), NOW);
    }
    let mut unwritten = Vec::new();
    while let Some(taken) = take(&mut lanes, 10) {
        lanes.free_places(&lane, taken.places, PlaceEnd::Responded);
        unwritten.extend(taken.items);
    }
    assert_eq!((unwritten.len(), lanes.places()), (5, 0));
    lanes.offer(&key("o", "other"), item(90), NOW);
    assert_eq!(take_all(&mut lanes), [("other".to_owned(), vec![90])]);
    lanes.finish(&lane, unwritten[..2].iter().map(|item| &*item.id), None);
    assert_eq!(take_all(&mut lanes), [("unwritten".to_owned(), vec![5, 6])]);
}

/// W12: nobody has so much that there is no room for who has nothing: not in another organization, not in the same one.
#[test]
fn w12_there_is_always_room_for_who_has_nothing() {
    let limits = LaneLimits { items_max: 10_000, bytes_max: 100_000, places_max: 100, lane_items_max: 100, ..LIMITS };
    let mut lanes = Lanes::new(LaneLimits { lane_places_max: 64, lane_places_first: 64, ..limits });
    for lane in 0..4 {
        for id in 0..64 {
            lanes.offer(&key("greedy", &format!("hangs {lane}")), item(lane * 64 + id), NOW);
        }
    }
    while take(&mut lanes, 64).is_some() {}
    let greedy = lanes.places();
    assert!((40..=50).contains(&greedy), "one organization has about half: {greedy}");
    lanes.offer(&key("greedy", "well"), item(1_000), NOW);
    lanes.offer(&key("other", "well"), item(1_001), NOW);
    let ids: Vec<_> = take_all(&mut lanes).into_iter().flat_map(|(_, ids)| ids).collect();
    assert_eq!(ids.len(), 2, "both are served while the others hang: {ids:?}");
}

/// W12: lanes of one host share what the host may have, and other hosts of the organization go on.
#[test]
fn w12_a_host_that_hangs_leaves_room_for_others() {
    let limits = LaneLimits { items_max: 10_000, bytes_max: 100_000, places_max: 100, lane_items_max: 100, ..LIMITS };
    let mut lanes = Lanes::new(limits);
    let mut under_way = Vec::new();
    for id in 0..200 {
        let lane = key("o", &format!("hangs {id}"));
        lanes.offer(&lane, item(id), NOW);
        lanes.set_host(&lane, "crm.example");
        under_way.extend(take(&mut lanes, 1).map(|taken| taken.key));
    }
    assert!((30..=36).contains(&lanes.places()), "a third: {}", lanes.places());
    for id in 200..220 {
        lanes.offer(&key("o", &format!("other {id}")), item(id), NOW);
    }
    let before = lanes.places();
    while let Some(taken) = take(&mut lanes, 1) {
        lanes.set_host(&taken.key, &format!("host of {}", taken.key.lane));
    }
    assert!(before + 5 <= lanes.places(), "{before} and then {}", lanes.places());
    for lane in &under_way {
        lanes.free_places(lane, 1, PlaceEnd::Responded);
    }
    assert!(take(&mut lanes, 1).is_some(), "whoever waited for the host goes on");
}

/// H6: a lane is read for as many bytes as there is room for, and not while there is little.
#[test]
fn h6_a_read_has_room_for_its_bytes() {
    let mut lanes = Lanes::new(LaneLimits { bytes_max: 900, items_max: 120, lane_items_max: 40, ..LIMITS });
    let lane = key("o", "a");
    let mut bytes_max = Vec::new();
    for id in 0..3 {
        lanes.spill(&lane, NOW);
        let reads = lanes.lanes_to_read(NOW, 10);
        for read in &reads {
            let rows = ReadRows { items: vec![Item { bytes: 140, ..item(id) }], has_more: true, next_at: None };
            lanes.read_ended(read, Some(rows), NOW);
        }
        bytes_max.extend(reads.into_iter().map(|read| read.bytes_max));
    }
    assert_eq!(bytes_max, [300, 160], "and 20 are not worth a read");
}

/// W12: what was learnt of a lane is known when it has something to do again.
#[test]
fn w12_a_lane_that_was_idle_is_remembered() {
    let limits = LaneLimits { items_max: 10_000, lane_items_max: 1_000, places_max: 10_000, ..LIMITS };
    let mut lanes = Lanes::new(LaneLimits { lane_places_max: 64, lane_places_first: 2, ..limits });
    let lane = key("o", "a");
    for (round, expected) in [(0, 2), (1, 4), (2, 8)] {
        for id in 0..10 {
            lanes.offer(&lane, item(round * 100 + id), NOW);
        }
        let first = take(&mut lanes, 1_000).unwrap();
        assert_eq!(first.items.len(), expected);
        lanes.set_host(&lane, "crm.example");
        lanes.free_places(&lane, expected, PlaceEnd::Responded);
        lanes.finish(&lane, first.items.iter().map(|item| &*item.id), None);
        while let Some(rest) = take(&mut lanes, 1_000) {
            lanes.free_places(&lane, rest.places, PlaceEnd::Unused);
            lanes.finish(&lane, rest.items.iter().map(|item| &*item.id), None);
        }
        assert!(lanes.keys().is_empty());
    }
}

/// W12: who does not answer gets one request at a time until it does; who does gets more and more.
#[test]
fn w12_a_lane_grows_with_responses_and_shrinks_without() {
    let limits = LaneLimits { items_max: 10_000, bytes_max: 100_000, lane_items_max: 1_000, ..LIMITS };
    let mut lanes = Lanes::new(LaneLimits { places_max: 10_000, lane_places_max: 20, lane_places_first: 4, ..limits });
    let lane = key("o", "a");
    for id in 0..200 {
        lanes.offer(&lane, item(id), NOW);
    }
    let mut taken = Vec::new();
    for end in [
        PlaceEnd::Responded,
        PlaceEnd::Responded,
        PlaceEnd::Responded,
        PlaceEnd::NoResponse,
        PlaceEnd::Unused,
        PlaceEnd::Responded,
    ] {
        let count = take(&mut lanes, 1_000).map_or(0, |taken| taken.items.len());
        taken.push(count);
        lanes.free_places(&lane, count, end);
    }
    taken.push(take(&mut lanes, 1_000).map_or(0, |taken| taken.items.len()));
    assert_eq!(taken, [4, 8, 16, 20, 1, 1, 2]);
}

/// W12: a batch that cost more than was thought gives others their turn.
#[test]
fn w12_who_is_charged_more_waits_longer() {
    let mut lanes = Lanes::new(LaneLimits { is_batch_one_place: true, items_max: 100, ..LIMITS });
    for id in 0..4 {
        lanes.offer(&key("dear", "a"), item(id), NOW);
        lanes.offer(&key("cheap", "b"), item(10 + id), NOW);
    }
    let mut order = String::new();
    while let Some(taken) = take(&mut lanes, 1) {
        order.push_str(&taken.key.lane);
        lanes.charge(&taken.key, if &*taken.key.lane == "a" { 100 } else { 10 });
        lanes.free_places(&taken.key, taken.places, PlaceEnd::Responded);
    }
    assert_eq!(order, "abbbbaaa");
}

/// W12: what hosts may send to one destination together is divided anew when one joins or leaves.
#[test]
fn w12_a_share_may_shrink_and_grow() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    for id in 0..4 {
        lanes.offer(&lane, item(id), NOW);
    }
    assert_eq!(take(&mut lanes, 2).map(|taken| taken.items.len()), Some(2));
    lanes.set_lane_places_share(1);
    assert!(take(&mut lanes, 2).is_none(), "two are under way, and one may be");
    lanes.free_places(&lane, 1, PlaceEnd::Responded);
    assert!(take(&mut lanes, 2).is_none());
    lanes.set_lane_places_share(3);
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![2, 3])], "room is used at once");
    lanes.set_lane_places_share(0);
    lanes.free_places(&lane, 3, PlaceEnd::Responded);
    lanes.offer(&lane, item(9), NOW);
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![9])], "one is always allowed");
}

/// W12: a lane that can't be worked on takes neither memory nor reads, however much of it is in the store; others go on.
#[test]
fn w12_a_parked_lane_waits_in_the_store() {
    let mut lanes = Lanes::new(LIMITS);
    let (parked, other) = (key("o", "parked"), key("o", "other"));
    for id in 0..4 {
        lanes.offer(&parked, item(id), NOW);
    }
    lanes.offer(&other, item(9), NOW);
    let taken = take(&mut lanes, 3).unwrap();
    lanes.spill(&parked, NOW);
    let read = lanes.lanes_to_read(NOW, 9).remove(0);
    lanes.free_places(&parked, 3, PlaceEnd::Responded);
    lanes.finish(&parked, taken.items.iter().map(|item| &*item.id), Some(Timestamp(9_000)));
    lanes.park(&parked, Timestamp(9_000));
    assert_eq!(lanes.resident_count(), 1);
    // The read began before, and had left out what was resident then.
    lanes.read_ended(&read, Some(ReadRows { items: Vec::new(), has_more: true, next_at: None }), NOW);
    assert!(lanes.lanes_to_read(Timestamp(8_999), 9).is_empty());
    assert_eq!(take_all(&mut lanes), [("other".to_owned(), vec![9])]);
    let read = lanes.lanes_to_read(Timestamp(9_000), 9).remove(0);
    lanes.read_ended(&read, Some(ReadRows { items: (0..4).map(item).collect(), has_more: false, next_at: None }), NOW);
    assert_eq!(take_all(&mut lanes).len(), 2, "it is read whole");

    lanes.park(&parked, Timestamp(20_000));
    lanes.spill(&parked, Timestamp(10_000));
    assert_eq!(lanes.lanes_to_read(Timestamp(10_000), 9).len(), 1, "who ends it need not wait");
}

#[test]
fn h2_an_item_is_resident_once_until_it_is_written() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Queued);
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Resident);
    let one = take(&mut lanes, 5).map(|taken| taken.items.len());
    assert_eq!((one, lanes.offer(&lane, item(1), NOW)), (Some(1), Offer::Resident));
    lanes.free_places(&lane, 1, PlaceEnd::Responded);
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Resident, "it is not written yet");
    lanes.finish(&lane, ["i00001"], None);
    assert_eq!(lanes.resident_count(), 0);
    assert!(lanes.keys().is_empty(), "nothing is remembered of an idle lane");
}

/// A read sees the row of an item whose commit is known to the database and not yet to this host.
#[test]
fn h2_a_read_leaves_alone_what_is_about_to_be_handed_over() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.spill(&lane, NOW);
    lanes.reserve(&item(1).id);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(1)], has_more: false, next_at: None }), NOW);
    assert!(take(&mut lanes, 5).is_none());
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Queued);
}

#[test]
fn h2_a_read_starts_nothing_that_ended_while_it_was_under_way() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.offer(&lane, item(1), NOW);
    let taken = take(&mut lanes, 5).unwrap();
    lanes.spill(&lane, NOW);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    // The read saw the row before this was written.
    lanes.free_places(&taken.key, 1, PlaceEnd::Responded);
    lanes.finish(&taken.key, [&*item(1).id], None);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(1)], has_more: false, next_at: None }), NOW);
    assert!(take(&mut lanes, 5).is_none());
}

#[test]
fn h2_a_read_from_before_a_lost_lease_is_made_again() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.spill(&lane, NOW);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    lanes.drop_queued(|_, _| false);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(1)], has_more: false, next_at: None }), NOW);
    assert!(take(&mut lanes, 5).is_none());
    assert_eq!(lanes.lanes_to_read(NOW, 10).len(), 1);
}

#[test]
fn h2_memory_never_overtakes_what_was_spilled() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    for id in 0..4 {
        assert_eq!(lanes.offer(&lane, item(id), NOW), Offer::Queued);
    }
    assert_eq!(lanes.offer(&lane, item(4), NOW), Offer::Spilled, "the lane is full");
    assert_eq!(take(&mut lanes, 3).map(|taken| taken.items.len()), Some(3));
    assert_eq!(lanes.offer(&lane, item(5), NOW), Offer::Spilled, "item 4 goes first");
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    assert_eq!(lanes.offer(&lane, item(6), NOW), Offer::Spilled, "a read is under way");
    let rows = (0..6).map(item).collect();
    lanes.read_ended(&read, Some(ReadRows { items: rows, has_more: false, next_at: None }), NOW);
    assert_eq!(lanes.lanes_to_read(NOW, 10), [], "the lane has enough again");
    for id in ["i00000", "i00001", "i00002"] {
        lanes.free_places(&lane, 1, PlaceEnd::Responded);
        lanes.finish(&lane, [id], None);
    }
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![3, 4]), ("a".to_owned(), vec![5])]);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(6)], has_more: false, next_at: None }), NOW);
    assert_eq!(lanes.offer(&lane, item(7), NOW), Offer::Queued, "memory holds all that is due");
}

#[test]
fn h2_a_failed_read_is_made_again_and_a_later_row_is_waited_for() {
    let mut lanes: Lanes<usize> = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.spill(&lane, NOW);
    let read = lanes.lanes_to_read(NOW, 1).remove(0);
    assert_eq!(lanes.lanes_to_read(NOW, 1), []);
    lanes.read_ended(&read, None, Timestamp(2_000));
    assert_eq!((lanes.lanes_to_read(NOW, 1), lanes.next_read_at()), (vec![], Some(Timestamp(2_000))));
    let read = lanes.lanes_to_read(Timestamp(2_000), 1).remove(0);
    lanes.read_ended(&read, Some(ReadRows { items: vec![], has_more: false, next_at: Some(Timestamp(9_000)) }), NOW);
    assert_eq!(lanes.next_read_at(), Some(Timestamp(9_000)));
}

#[test]
fn h2_what_a_lost_shard_had_queued_is_dropped() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    for id in 0..3 {
        lanes.offer(&lane, Item { shard: id as u16, ..item(id) }, NOW);
    }
    assert_eq!(lanes.drop_queued(|_, item| item.shard == 1), 1);
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![0, 2])]);
}

/// A store that keeps every committed item until it is finished, and a host that hands over, forgets hand-overs, reads, takes and
/// finishes in any order.
#[derive(Debug, Clone)]
enum Step {
    Commit { lane: u8, forgets: bool },
    BeginRead,
    EndReads { fails: bool },
    Take,
    Finish { retries: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..3, any::<bool>()).prop_map(|(lane, forgets)| Step::Commit { lane, forgets }),
        2 => Just(Step::BeginRead),
        2 => any::<bool>().prop_map(|fails| Step::EndReads { fails }),
        3 => Just(Step::Take),
        3 => any::<bool>().prop_map(|retries| Step::Finish { retries }),
    ]
}

struct Model {
    lanes: Lanes<usize>,
    store: BTreeMap<String, (LaneKey, usize)>,
    in_flight: Vec<(LaneKey, Arc<str>)>,
    /// Reads that are under way, with what they saw when they began.
    reads: Vec<(LaneRead, ReadRows<usize>)>,
    next: usize,
}

impl Model {
    fn begin_read(&mut self) {
        for read in self.lanes.lanes_to_read(NOW, 2) {
            let rows: Vec<_> =
                self.store.values().filter(|(key, _)| *key == read.key).map(|(_, id)| item(*id)).collect();
            let (has_more, items) = (6 < rows.len(), rows.into_iter().take(6).collect());
            self.reads.push((read, ReadRows { items, has_more, next_at: None }));
        }
    }

    fn end_reads(&mut self, fails: bool) {
        for (read, rows) in std::mem::take(&mut self.reads) {
            self.lanes.read_ended(&read, (!fails).then_some(rows), NOW);
        }
    }

    fn run(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Commit { lane, forgets } => {
                let key = key(if *lane == 0 { "x" } else { "y" }, &format!("lane {lane}"));
                let new = item(self.next);
                self.next += 1;
                self.lanes.reserve(&new.id);
                self.store.insert(new.id.to_string(), (key.clone(), new.work));
                if *forgets {
                    self.lanes.release(&key, &new.id, Some(NOW));
                } else {
                    self.lanes.offer(&key, new, NOW);
                }
            }
            Step::BeginRead => self.begin_read(),
            Step::EndReads { fails } => self.end_reads(*fails),
            Step::Take => {
                if let Some(taken) = take(&mut self.lanes, 2) {
                    for item in taken.items {
                        prop_assert!(
                            !self.in_flight.iter().any(|(_, id)| *id == item.id),
                            "{} was started twice",
                            item.id
                        );
                        prop_assert!(self.store.contains_key(&*item.id), "{} was started after its end", item.id);
                        self.in_flight.push((taken.key.clone(), item.id));
                    }
                }
            }
            Step::Finish { retries } => {
                if let Some((key, id)) = self.in_flight.pop() {
                    if !retries {
                        self.store.remove(&*id);
                    }
                    self.lanes.free_places(&key, 1, PlaceEnd::Responded);
                    self.lanes.finish(&key, [&*id], retries.then_some(NOW));
                }
            }
        }
        prop_assert!(
            self.lanes.resident_count() <= LIMITS.items_max + 3,
            "one item a lane beyond the bound at the most"
        );
        Ok(())
    }
}

proptest! {
    #[test]
    fn h2_every_history_ends_and_starts_nothing_twice(steps in proptest::collection::vec(step(), 0..200)) {
        let mut model = Model { lanes: Lanes::new(LIMITS), store: BTreeMap::new(), in_flight: Vec::new(), reads: Vec::new(), next: 0 };
        for step in &steps {
            model.run(step)?;
        }
        for _ in 0..1_000 {
            model.run(&Step::BeginRead)?;
            model.run(&Step::EndReads { fails: false })?;
            model.run(&Step::Take)?;
            model.run(&Step::Finish { retries: false })?;
        }
        prop_assert!(model.store.is_empty(), "left behind: {:?}", model.store.keys());
        prop_assert!(model.lanes.keys().is_empty());
    }
}
