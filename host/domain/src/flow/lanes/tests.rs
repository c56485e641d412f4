//! Fairness, residency, spilling, and random histories.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMITS: LaneLimits = LaneLimits {
    items_max: 12,
    bytes_max: 1_000,
    organization_bytes_max: 600,
    lane_items_max: 4,
    lane_in_flight_max: 3,
};

fn item(id: usize) -> Item<usize> {
    Item { id: format!("i{id:05}").into(), shard: 0, bytes: 10, work: id }
}

fn key(organization: &str, lane: &str) -> LaneKey {
    LaneKey::new(organization, lane)
}

fn take_all(lanes: &mut Lanes<usize>) -> Vec<(String, Vec<usize>)> {
    std::iter::from_fn(|| lanes.take(2, 1_000))
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
    assert!(lanes.take(2, 1_000).is_none());
    lanes.offer(&key("o", "fast"), item(9), NOW);
    assert_eq!(take_all(&mut lanes), [("fast".to_owned(), vec![9])]);
    lanes.free_places(&key("o", "slow"), 1);
    assert_eq!(take_all(&mut lanes), [("slow".to_owned(), vec![3])]);
}

/// W12: what hosts may send to one destination together is divided anew when one joins or leaves.
#[test]
fn w12_a_share_may_shrink_and_grow() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    for id in 0..4 {
        lanes.offer(&lane, item(id), NOW);
    }
    assert_eq!(lanes.take(2, 1_000).map(|taken| taken.items.len()), Some(2));
    lanes.set_lane_in_flight_max(1);
    assert!(lanes.take(2, 1_000).is_none(), "two are under way, and one may be");
    lanes.free_places(&lane, 1);
    assert!(lanes.take(2, 1_000).is_none());
    lanes.set_lane_in_flight_max(3);
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![2, 3])], "room is used at once");
    lanes.set_lane_in_flight_max(0);
    lanes.free_places(&lane, 3);
    lanes.offer(&lane, item(9), NOW);
    assert_eq!(take_all(&mut lanes), [("a".to_owned(), vec![9])], "one is always allowed");
}

#[test]
fn h2_an_item_is_resident_once_until_it_is_written() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Queued);
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Resident);
    let one = lanes.take(5, 1_000).map(|taken| taken.items.len());
    assert_eq!((one, lanes.offer(&lane, item(1), NOW)), (Some(1), Offer::Resident));
    lanes.free_places(&lane, 1);
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
    assert!(lanes.take(5, 1_000).is_none());
    assert_eq!(lanes.offer(&lane, item(1), NOW), Offer::Queued);
}

#[test]
fn h2_a_read_starts_nothing_that_ended_while_it_was_under_way() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.offer(&lane, item(1), NOW);
    let taken = lanes.take(5, 1_000).unwrap();
    lanes.spill(&lane, NOW);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    // The read saw the row before this was written.
    lanes.free_places(&taken.key, 1);
    lanes.finish(&taken.key, [&*item(1).id], None);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(1)], has_more: false, next_at: None }), NOW);
    assert!(lanes.take(5, 1_000).is_none());
}

#[test]
fn h2_a_read_from_before_a_lost_lease_is_made_again() {
    let mut lanes = Lanes::new(LIMITS);
    let lane = key("o", "a");
    lanes.spill(&lane, NOW);
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    lanes.drop_queued(|_, _| false);
    lanes.read_ended(&read, Some(ReadRows { items: vec![item(1)], has_more: false, next_at: None }), NOW);
    assert!(lanes.take(5, 1_000).is_none());
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
    assert_eq!(lanes.take(3, 1_000).map(|taken| taken.items.len()), Some(3));
    assert_eq!(lanes.offer(&lane, item(5), NOW), Offer::Spilled, "item 4 goes first");
    let read = lanes.lanes_to_read(NOW, 10).remove(0);
    assert_eq!(lanes.offer(&lane, item(6), NOW), Offer::Spilled, "a read is under way");
    let rows = (0..6).map(item).collect();
    lanes.read_ended(&read, Some(ReadRows { items: rows, has_more: false, next_at: None }), NOW);
    assert_eq!(lanes.lanes_to_read(NOW, 10), [], "the lane has enough again");
    for id in ["i00000", "i00001", "i00002"] {
        lanes.free_places(&lane, 1);
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
                if let Some(taken) = self.lanes.take(2, 1_000) {
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
                    self.lanes.free_places(&key, 1);
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
