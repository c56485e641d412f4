//! Slices (RFC 9535, 2.3.4.2).

use hookmill_json::{NodeRef, NodeRefChildren};

/// The items of a slice, not yet looked at.
pub struct Picked<I> {
    /// How many items were stepped over to know them.
    pub skipped: usize,
    /// They themselves, in the order of the slice.
    pub items: I,
}

/// The items from, to, by. What is not a list has none, and a step of 0 picks none.
pub fn picked(
    node: NodeRef<'_>,
    from: Option<i64>,
    to: Option<i64>,
    by: i64,
) -> Picked<impl Iterator<Item = NodeRef<'_>>> {
    let children = if node.list_len().is_some() { node.children() } else { NodeRefChildren::None };
    let items: Vec<NodeRef<'_>> = children.collect();
    let places = Places::new(items.len(), from, to, by);
    Picked { skipped: items.len(), items: places.filter_map(move |place| items.get(place).copied()) }
}

/// The places of a slice in a list.
struct Places {
    at: i64,
    end: i64,
    by: i64,
}

impl Places {
    fn new(length: usize, from: Option<i64>, to: Option<i64>, by: i64) -> Self {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let bound = |index: Option<i64>, otherwise: i64, low: i64, high: i64| {
            let absolute = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
            index.map_or(otherwise, |index| absolute(index).clamp(low, high))
        };
        if by < 0 {
            return Self { at: bound(from, length - 1, -1, length - 1), end: bound(to, -1, -1, length - 1), by };
        }
        Self { at: bound(from, 0, 0, length), end: bound(to, length, 0, length), by }
    }
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let is_inside = match self.by {
            0 => false,
            1.. => self.at < self.end,
            _ => self.at > self.end,
        };
        let at = is_inside.then_some(self.at)?;
        self.at = at.saturating_add(self.by);
        usize::try_from(at).ok()
    }
}
