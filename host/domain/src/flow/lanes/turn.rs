//! Whose turn it is among equals: start-time fair queueing. Each has used so much, and who has used least is next. Who comes, or comes back,
//! begins with what the last one that was served had used: nobody saves turns up by waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Those that have something to do, in the order of what they have used.
#[derive(Debug, Default)]
pub(super) struct Turn {
    order: BTreeMap<Place, Arc<str>>,
    /// What the one that was served last had used.
    now: u64,
    /// How many have come so far: among those that have used as much, who came first is first.
    come: u64,
}

/// What was used, and when it came.
type Place = (u64, u64);

/// What one of them has used, and its place while it has something to do.
#[derive(Debug, Default)]
pub(super) struct Standing {
    used: u64,
    place: Option<Place>,
}

impl Turn {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The names in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.order.values()
    }

    /// Lets one come or go.
    pub(super) fn set(&mut self, standing: &mut Standing, name: &Arc<str>, is_in: bool) {
        match (standing.place, is_in) {
            (None, true) => {
                standing.used = standing.used.max(self.now);
                self.come(standing, name);
            }
            (Some(place), false) => {
                self.order.remove(&place);
                standing.place = None;
            }
            _ => {}
        }
    }

    /// It is this one's turn.
    pub(super) fn serve(&mut self, standing: &Standing) {
        self.now = self.now.max(standing.used);
    }

    /// One has used so much more. Who is charged while it is in the turn goes behind those that have used as much by now.
    pub(super) fn charge(&mut self, standing: &mut Standing, name: &Arc<str>, cost: u64) {
        if let Some(place) = standing.place {
            self.order.remove(&place);
        }
        standing.used = standing.used.saturating_add(cost);
        if standing.place.is_some() {
            self.come(standing, name);
        }
    }

    fn come(&mut self, standing: &mut Standing, name: &Arc<str>) {
        let place = (standing.used, self.come);
        self.come += 1;
        self.order.insert(place, name.clone());
        standing.place = Some(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn serve(turn: &mut Turn, standings: &mut [Standing], costs: &[u64]) -> usize {
        let name = turn.names().next().unwrap().clone();
        let at: usize = name.parse().unwrap();
        turn.serve(&standings[at]);
        turn.charge(&mut standings[at], &name, costs[at]);
        at
    }

    proptest! {
        /// W12: whoever always has something to do gets the same share, whatever one turn of it costs.
        #[test]
        fn w12_all_use_the_same(costs in proptest::collection::vec(1_u64..1_000, 2..8), turns in 0_usize..2_000) {
            let (mut turn, mut used) = (Turn::default(), vec![0_u64; costs.len()]);
            let mut standings: Vec<Standing> = costs.iter().map(|_| Standing::default()).collect();
            for (at, standing) in standings.iter_mut().enumerate() {
                turn.set(standing, &Arc::from(at.to_string()), true);
            }
            for _ in 0..turns {
                let at = serve(&mut turn, &mut standings, &costs);
                used[at] += costs[at];
            }
            let (least, most) = (used.iter().min().unwrap(), used.iter().max().unwrap());
            prop_assert!(most - least <= *costs.iter().max().unwrap(), "{used:?}");
        }
    }

    /// W12: who was away has not saved anything up, and is next all the same.
    #[test]
    fn w12_nobody_saves_turns_up() {
        let (mut turn, costs) = (Turn::default(), [10, 10]);
        let mut standings = [Standing::default(), Standing::default()];
        turn.set(&mut standings[0], &Arc::from("0"), true);
        for _ in 0..100 {
            serve(&mut turn, &mut standings, &costs);
        }
        turn.set(&mut standings[1], &Arc::from("1"), true);
        let next: Vec<usize> = (0..4).map(|_| serve(&mut turn, &mut standings, &costs)).collect();
        assert_eq!(next.iter().filter(|at| **at == 1).count(), 2, "{next:?}");
        turn.set(&mut standings[0], &Arc::from("0"), false);
        assert_eq!(turn.names().map(|name| &**name).collect::<Vec<_>>(), ["1"]);
    }
}
