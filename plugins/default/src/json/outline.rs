//! What is wanted of a text: the places that paths lead to, as one tree in a few bytes, so that one pass over the text finds
//! them all and a fresh instance has nothing to build.
//!
//! The bytes are nodes, then edges, then names. A node has edges by name (an object's members) and by number (a list's items);
//! an edge leads to a place, to another node, or to both. What does not fit into the numbers' widths is not wanted: then the
//! whole text is read, which gives the same.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::habit::Habit;
use super::node::Node;
use super::tape::{Kind, mark_of};

/// A node that wants nothing: what is below is of no interest.
pub(super) const NONE: u16 = u16::MAX;
/// A node below which everything is wanted.
pub(super) const ALL: u16 = u16::MAX - 1;

const HEADER: usize = 8;
const NODE: usize = 10;
const KEY: usize = 4;
const EDGE: usize = 12;

/// Names whose bare form is longer fit no loose name that anybody writes.
const BARE_BYTES_MAX: usize = 128;

/// What is wanted of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// The place it is at; [`NONE`] when it is at none.
    pub(super) place: u16,
    /// Where to go on below it.
    pub(super) node: u16,
    /// The place of the loose name that fits as well; [`NONE`] when none does.
    pub(super) also: u16,
}

impl Want {
    /// Inside of what is wanted with all that it has, or not at all.
    pub(super) fn inside(node: u16) -> Self {
        Self { place: NONE, node, also: NONE }
    }
}

/// The tree, read from its bytes.
#[derive(Debug)]
pub struct Outline<'p> {
    nodes: &'p [[u8; NODE]],
    /// The look of a name, see [`mark_of`], or the number of an item.
    keys: &'p [[u8; KEY]],
    edges: &'p [[u8; EDGE]],
    names: &'p str,
    places: u16,
    /// The place of the whole.
    root: u16,
    /// What the texts so far had in common.
    habit: RefCell<Habit>,
}

/// A node: which edges are its own, and what becomes of what none of them names.
#[derive(Clone, Copy)]
pub(super) struct Around {
    first: u16,
    /// Edges by exact name, by loose name, by number.
    counts: [u16; 3],
    others: Want,
}

impl<'p> Outline<'p> {
    /// All of the text, and no place in it.
    pub fn nothing() -> Self {
        Self { nodes: &[], keys: &[], edges: &[], names: "", places: 0, root: NONE, habit: RefCell::default() }
    }

    /// Takes what [`OutlineBuilder::to_bytes`] made; none when it is something else.
    pub fn read(bytes: &'p [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let number = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let (nodes, rest) = rest.split_at_checked(usize::from(number(0)) * NODE)?;
        let (keys, rest) = rest.split_at_checked(usize::from(number(2)) * KEY)?;
        let (edges, names) = rest.split_at_checked(usize::from(number(2)) * EDGE)?;
        let names = std::str::from_utf8(names).ok()?;
        let (nodes, keys, edges) = (nodes.as_chunks().0, keys.as_chunks().0, edges.as_chunks().0);
        Some(Self { nodes, keys, edges, names, places: number(4), root: number(6), habit: RefCell::default() })
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        usize::from(self.places)
    }

    /// What the texts so far had in common.
    pub(super) fn take_habit(&self) -> Habit {
        self.habit.take()
    }

    /// Keeps it for the next text.
    pub(super) fn keep_habit(&self, habit: Habit) {
        self.habit.replace(habit);
    }

    /// What is wanted of the whole.
    pub(super) fn whole(&self) -> Want {
        Want { also: NONE, place: self.root, node: if self.nodes.is_empty() { ALL } else { 0 } }
    }

    /// What is wanted around here.
    #[inline]
    pub(super) fn around(&self, node: u16) -> Around {
        match self.nodes.get(usize::from(node)) {
            Some(node) => {
                let counts = [pair(node, 2), pair(node, 4), pair(node, 6)];
                Around { first: pair(node, 0), counts, others: Want::inside(pair(node, 8)) }
            }
            None => Around { first: 0, counts: [0; 3], others: Want::inside(NONE) },
        }
    }

    /// Which edge a member is at, by its exact name.
    #[inline]
    pub(super) fn named(&self, around: &Around, name: &[u8]) -> Option<u16> {
        let (first, mark) = (usize::from(around.first), mark_of(name).to_le_bytes());
        let keys = self.keys.get(first..first + usize::from(around.counts[0]))?;
        let mut candidates = keys.iter().enumerate().filter(|(_, key)| **key == mark).map(|(index, _)| index + first);
        candidates.find(|edge| self.name(*edge).as_bytes() == name).map(|edge| edge as u16)
    }

    /// Which edge a member may be at by its loose name.
    pub(super) fn loosely_named(&self, around: &Around, name: &str) -> Option<u16> {
        let first = usize::from(around.first + around.counts[0]);
        let keys = self.keys.get(first..first + usize::from(around.counts[1]))?;
        let mut room = [0; BARE_BYTES_MAX];
        let bare = bare_in(&mut room, name)?;
        let mark = mark_of(bare.as_bytes()).to_le_bytes();
        let mut candidates = keys.iter().enumerate().filter(|(_, key)| **key == mark).map(|(index, _)| index + first);
        candidates.find(|edge| self.name(*edge) == bare).map(|edge| edge as u16)
    }

    /// What is wanted of a member. Of several that a loose name fits, the first in the text counts: the place must be free.
    pub(super) fn member(&self, node: u16, name: &str, is_free: impl Fn(u16) -> bool) -> Want {
        let around = self.around(node);
        if let Some(edge) = self.named(&around, name.as_bytes()) {
            let want = self.want(edge);
            return if want.also == NONE || is_free(want.also) { want } else { Want { also: NONE, ..want } };
        }
        let loose = if self.has_loose(&around) { self.loosely_named(&around, name) } else { None };
        // One that is not free is read all the same: it may be the same name once more.
        let wanted = |want: Want| if is_free(want.place) { want } else { Want::inside(ALL) };
        loose.map_or(around.others(), |edge| wanted(self.want(edge)))
    }

    /// Finds the places in what was read, in the order of the text. The depth is the outline's, which is bounded.
    pub(super) fn find<'s>(&self, root: Node<'s>, found: &mut impl FnMut(u16, Node<'s>)) {
        self.find_in(self.whole(), root, found);
    }

    fn find_in<'s>(&self, want: Want, node: Node<'s>, found: &mut impl FnMut(u16, Node<'s>)) {
        [want.place, want.also].into_iter().filter(|place| *place != NONE).for_each(|place| found(place, node));
        if ALL <= want.node {
            return;
        }
        let (around, mut loosely) = (self.around(want.node), Vec::new());
        for (index, child) in node.children().enumerate() {
            let want = match node.kind() {
                Kind::List => self.item(&around, index as u32).unwrap_or(around.others()),
                _ => self.member(want.node, &child.name(), |place| !loosely.contains(&place)),
            };
            loosely.extend([want.place, want.also]);
            self.find_in(want, child, found);
        }
    }

    /// What is wanted of an item.
    #[inline]
    pub(super) fn item(&self, around: &Around, index: u32) -> Option<Want> {
        let first = around.first + around.counts[0] + around.counts[1];
        let key = index.to_le_bytes();
        let keys = self.keys.get(usize::from(first)..usize::from(first) + usize::from(around.counts[2]))?;
        let found = keys.iter().position(|other| *other == key)?;
        Some(self.want(first + found as u16))
    }

    /// Whether there is any loose name around here.
    #[inline]
    pub(super) fn has_loose(&self, around: &Around) -> bool {
        around.counts[1] > 0
    }

    /// What is wanted at an edge.
    #[inline]
    pub(super) fn want(&self, edge: u16) -> Want {
        self.edges.get(usize::from(edge)).map_or(Want::inside(NONE), |edge| Want {
            place: pair(edge, 6),
            node: pair(edge, 8),
            also: pair(edge, 10),
        })
    }

    fn name(&self, edge: usize) -> &'p str {
        let Some(edge) = self.edges.get(edge) else { return "" };
        let start = u32::from_le_bytes([edge[0], edge[1], edge[2], edge[3]]) as usize;
        self.names.get(start..start + usize::from(pair(edge, 4))).unwrap_or_default()
    }
}

impl Around {
    /// What becomes of what no edge names.
    pub(super) fn others(&self) -> Want {
        self.others
    }

    /// The number of an edge among those of its node.
    pub(super) fn own_number(&self, edge: u16) -> u16 {
        edge - self.first
    }
}

fn pair(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Whether a name is the bare one but for case, spaces, `_`, `-` and `.`.
pub fn is_loosely(name: &str, bare: &str) -> bool {
    let is_between = |byte: u8| matches!(byte, b' ' | b'_' | b'-' | b'.');
    if name.is_ascii() && bare.is_ascii() {
        // Most names differ in the first letter.
        let first = name.bytes().find(|byte| !is_between(*byte)).map(|byte| byte.to_ascii_lowercase());
        if name.len() < bare.len() || first != bare.bytes().next() {
            return false;
        }
        return name.bytes().filter(|byte| !is_between(*byte)).map(|byte| byte.to_ascii_lowercase()).eq(bare.bytes());
    }
    bare_of(name).eq(bare.chars())
}

fn bare_of(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase)
}

/// A name without case, spaces, `_`, `-` and `.`; none when there is no room for it.
fn bare_in<'r>(room: &'r mut [u8; BARE_BYTES_MAX], name: &str) -> Option<&'r str> {
    let mut length = 0;
    if name.is_ascii() {
        for byte in name.bytes().filter(|byte| !matches!(byte, b' ' | b'_' | b'-' | b'.')) {
            *room.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
    } else {
        for letter in bare_of(name) {
            length += letter.encode_utf8(room.get_mut(length..length + 4)?).len();
        }
    }
    std::str::from_utf8(&room[..length]).ok()
}

/// One step to a wanted place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutlineStep {
    /// A member by its exact name.
    Name(String),
    /// A member by its bare name, see [`is_loosely`].
    Loose(String),
    /// An item.
    Item(u32),
}

impl OutlineStep {
    /// Edges stand in this order.
    fn sort(&self) -> usize {
        match self {
            Self::Name(_) => 0,
            Self::Loose(_) => 1,
            Self::Item(_) => 2,
        }
    }
}

/// The tree in the making.
#[derive(Debug, Default)]
pub struct OutlineBuilder {
    root: Growing,
    places: u16,
}

#[derive(Debug, Default)]
struct Growing {
    place: Option<u16>,
    /// In this order: exact names come before loose ones.
    below: BTreeMap<OutlineStep, Growing>,
}

impl OutlineBuilder {
    /// The place these steps lead to; none when there is no room for one more, or when a loose name and another one could
    /// mean the same member.
    pub fn add(&mut self, steps: &[OutlineStep]) -> Option<u16> {
        let Self { root, places } = self;
        let mut at = root;
        for (index, step) in steps.iter().enumerate() {
            if !at.has_room_for(step, index + 1 == steps.len()) {
                return None;
            }
            at = at.below.entry(step.clone()).or_default();
            // Where several members may be meant, the place tells which of them is.
            if matches!(step, OutlineStep::Loose(_)) {
                at.placed(places)?;
            }
        }
        at.placed(places)
    }

    /// The tree as bytes; none when it is too large for them.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut written = Written::default();
        written.reserve(1);
        written.node(0, &self.root, false)?;
        let count = |length: usize, size: usize| u16::try_from(length / size).ok().filter(|count| *count < ALL);
        let header = [
            count(written.nodes.len(), NODE)?,
            count(written.keys.len(), KEY)?,
            self.places,
            self.root.place.unwrap_or(NONE),
        ];
        let header: Vec<u8> = header.into_iter().flat_map(u16::to_le_bytes).collect();
        Some([header, written.nodes, written.keys, written.edges, written.names].concat())
    }
}

impl Growing {
    fn placed(&mut self, places: &mut u16) -> Option<u16> {
        if self.place.is_none() {
            self.place = Some(*places);
            *places = places.checked_add(1).filter(|places| *places < ALL)?;
        }
        self.place
    }

    /// A loose name may fit a member that is at an exact one as well, but then nothing below it can be wanted: one member has
    /// one node.
    fn has_room_for(&self, step: &OutlineStep, is_last: bool) -> bool {
        self.below.iter().all(|(other, below)| match (step, other) {
            (OutlineStep::Loose(bare), OutlineStep::Name(name)) => is_last || !is_loosely(name, bare),
            (OutlineStep::Name(name), OutlineStep::Loose(bare)) => below.below.is_empty() || !is_loosely(name, bare),
            _ => true,
        })
    }

    /// The place of the loose name that fits an exact one.
    fn also(&self, step: &OutlineStep) -> Option<u16> {
        let OutlineStep::Name(name) = step else { return None };
        let fits = |other: &&OutlineStep| matches!(other, OutlineStep::Loose(bare) if is_loosely(name, bare));
        self.below.get(self.below.keys().find(fits)?)?.place
    }
}

#[derive(Default)]
struct Written {
    nodes: Vec<u8>,
    keys: Vec<u8>,
    edges: Vec<u8>,
    names: Vec<u8>,
}

impl Written {
    fn reserve(&mut self, nodes: usize) {
        self.nodes.resize(self.nodes.len() + nodes * NODE, 0);
    }

    /// Writes a node whose room is reserved, and all below it. The depth is that of a path, which is bounded.
    fn node(&mut self, index: usize, node: &Growing, is_inside: bool) -> Option<()> {
        // What has a place is wanted with all that it has.
        let keeps_all = is_inside || node.place.is_some();
        let first = u16::try_from(self.keys.len() / KEY).ok()?;
        self.keys.resize(self.keys.len() + node.below.len() * KEY, 0);
        self.edges.resize(self.edges.len() + node.below.len() * EDGE, 0);
        let mut counts = [0_u16; 3];
        for (offset, (step, below)) in node.below.iter().enumerate() {
            let (key, name, length) = self.step(step)?;
            counts[step.sort()] += 1;
            let also = node.also(step);
            let next = self.below(below, keeps_all || also.is_some())?;
            let index = usize::from(first) + offset;
            let place = below.place.unwrap_or(NONE);
            let edge = [&name.to_le_bytes()[..], &length.to_le_bytes(), &place.to_le_bytes(), &next.to_le_bytes()];
            let edge = [&edge.concat()[..], &also.unwrap_or(NONE).to_le_bytes()];
            self.keys[index * KEY..(index + 1) * KEY].copy_from_slice(&key.to_le_bytes());
            self.edges[index * EDGE..(index + 1) * EDGE].copy_from_slice(&edge.concat());
        }
        let others = if keeps_all { ALL } else { NONE };
        let numbers = [first, counts[0], counts[1], counts[2], others].map(u16::to_le_bytes).concat();
        self.nodes[index * NODE..(index + 1) * NODE].copy_from_slice(&numbers);
        Some(())
    }

    /// Where to go on below: nowhere special when the place itself is wanted with all that it has.
    fn below(&mut self, node: &Growing, is_inside: bool) -> Option<u16> {
        if node.below.is_empty() {
            return Some(ALL);
        }
        let index = self.nodes.len() / NODE;
        self.reserve(1);
        self.node(index, node, is_inside)?;
        u16::try_from(index).ok().filter(|index| *index < ALL)
    }

    fn step(&mut self, step: &OutlineStep) -> Option<(u32, u32, u16)> {
        let name = match step {
            OutlineStep::Item(index) => return Some((*index, 0, 0)),
            OutlineStep::Name(name) | OutlineStep::Loose(name) => name,
        };
        let start = u32::try_from(self.names.len()).ok()?;
        self.names.extend_from_slice(name.as_bytes());
        Some((mark_of(name.as_bytes()), start, u16::try_from(name.len()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{Node, Tape, text_of};

    /// What the steps lead to, followed one by one in a text that was read whole.
    fn followed<'s>(root: Node<'s>, steps: &[OutlineStep]) -> Option<Node<'s>> {
        steps.iter().try_fold(root, |node, step| match step {
            OutlineStep::Name(name) => node.member(name),
            OutlineStep::Item(index) => node.item(*index as usize),
            OutlineStep::Loose(bare) if node.kind() == crate::json::Kind::Object => {
                node.children().find(|child| is_loosely(&child.name(), bare))
            }
            OutlineStep::Loose(_) => None,
        })
    }

    fn name() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "b", "A", "a_b", "aB", "", "é", "É"]).prop_map(str::to_owned)
    }

    fn step() -> impl Strategy<Value = OutlineStep> {
        let loose =
            prop::sample::select(vec!["a", "ab", "c", "é"]).prop_map(|bare| OutlineStep::Loose(bare.to_owned()));
        prop_oneof![3 => name().prop_map(OutlineStep::Name), 1 => loose, 1 => (0..3_u32).prop_map(OutlineStep::Item)]
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf =
            prop::sample::select(vec!["1", "null", "\"x\"", "\"]\\\"}\"", "true", "[]", "{}"]).prop_map(str::to_owned);
        let member = |inner: BoxedStrategy<String>| {
            (name(), inner, any::<bool>()).prop_map(|(name, value, escaped)| match (escaped, name.as_str()) {
                (true, "a") => format!("\"\\u0061\": {value}"),
                _ => format!("\"{name}\" :{value}"),
            })
        };
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let items = prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" , ")));
            let members = prop::collection::vec(member(inner.boxed()), 0..5);
            prop_oneof![items, members.prop_map(|members| format!("{{ {} }}", members.join(",")))]
        })
    }

    proptest! {
        /// M3: one pass finds what following each path finds, whether the rest is kept or skipped.
        #[test]
        fn m3_one_pass_finds_what_paths_find(
            text in json(),
            paths in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..6),
        ) {
            let mut wanted = OutlineBuilder::default();
            let placed: Vec<(&Vec<OutlineStep>, u16)> =
                paths.iter().filter_map(|steps| Some((steps, wanted.add(steps)?))).collect();
            let bytes = wanted.to_bytes().unwrap();
            let wanted = Outline::read(&bytes).unwrap();
            let whole = Tape::read(&text).unwrap();
            for keeps_rest in [true, false] {
                let tape = Tape::read_outlined(&text, &wanted, keeps_rest).unwrap();
                for (steps, place) in &placed {
                    let expected = followed(whole.root(), steps).map(|node| text_of(&node.value()));
                    let found = tape.place(*place).map(|node| text_of(&node.value()));
                    prop_assert_eq!(found, expected, "{:?} in {}", steps, text);
                }
                if keeps_rest {
                    prop_assert_eq!(text_of(&tape.value()), text_of(&whole.value()));
                    prop_assert_eq!(tape.double_names(), whole.double_names());
                }
            }
        }

        #[test]
        fn any_bytes_are_a_tree_or_none(bytes: Vec<u8>) {
            if let Some(wanted) = Outline::read(&bytes) {
                let _ = Tape::read_outlined("{\"a\":[1,{\"b\":2}]}", &wanted, false);
            }
        }
    }
}
