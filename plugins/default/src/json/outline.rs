//! What is wanted of a text: the places that paths lead to, as one tree in a few bytes, so that one pass over the text finds
//! them all and a fresh instance has nothing to build.
//!
//! The bytes are nodes, then edges, then names. A node has edges by name (an object's members) and by number (a list's items);
//! an edge leads to a place, to another node, or to both. What does not fit into the numbers' widths is not wanted: then the
//! whole text is read, which gives the same.

use std::collections::BTreeMap;

use super::tape::mark_of;

/// A node that wants nothing: what is below is of no interest.
pub(super) const NONE: u16 = u16::MAX;
/// A node below which everything is wanted.
pub(super) const ALL: u16 = u16::MAX - 1;

const HEADER: usize = 8;
const NODE: usize = 8;
const EDGE: usize = 16;

/// What is wanted of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// The place it is at; [`NONE`] when it is at none.
    pub(super) place: u16,
    /// Where to go on below it.
    pub(super) node: u16,
}

impl Want {
    /// Inside of what is wanted with all that it has, or not at all.
    pub(super) fn inside(node: u16) -> Self {
        Self { place: NONE, node }
    }
}

/// The tree, read from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'p> {
    nodes: &'p [[u8; NODE]],
    edges: &'p [[u8; EDGE]],
    names: &'p str,
    places: u16,
    /// The place of the whole.
    root: u16,
}

struct Edge {
    key: u32,
    name: u32,
    length: u16,
    is_loose: bool,
    want: Want,
}

impl<'p> Outline<'p> {
    /// All of the text, and no place in it.
    pub const NOTHING: Outline<'static> = Outline { nodes: &[], edges: &[], names: "", places: 0, root: NONE };

    /// Takes what [`OutlineBuilder::to_bytes`] made; none when it is something else.
    pub fn read(bytes: &'p [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let number = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let (nodes, rest) = rest.split_at_checked(usize::from(number(0)) * NODE)?;
        let (edges, names) = rest.split_at_checked(usize::from(number(2)) * EDGE)?;
        let names = std::str::from_utf8(names).ok()?;
        Some(Self { nodes: nodes.as_chunks().0, edges: edges.as_chunks().0, names, places: number(4), root: number(6) })
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        usize::from(self.places)
    }

    /// About how many values are read when nothing else is kept.
    pub(super) fn entries_guess(&self) -> usize {
        self.edges.len() + 4
    }

    /// What is wanted of the whole.
    pub(super) fn whole(&self) -> Want {
        Want { place: self.root, node: if self.nodes.is_empty() { ALL } else { 0 } }
    }

    /// What is wanted of a member. Of several that a loose name fits, the first in the text counts: the place must be free.
    pub(super) fn member(&self, node: u16, name: &str, mark: u32, is_free: impl Fn(u16) -> bool) -> Want {
        let Some(found) = self.nodes.get(usize::from(node)) else { return Want::inside(NONE) };
        let (first, count, others) = (pair(found, 0), pair(found, 2), Want::inside(pair(found, 6)));
        for edge in self.edges_of(first, count) {
            if edge.is_loose {
                if is_loosely(name, self.name(&edge)) && is_free(edge.want.place) {
                    return edge.want;
                }
            } else if edge.key == mark && self.name(&edge) == name {
                return edge.want;
            }
        }
        others
    }

    /// What is wanted of an item.
    pub(super) fn item(&self, node: u16, index: u32) -> Want {
        let Some(found) = self.nodes.get(usize::from(node)) else { return Want::inside(NONE) };
        let (first, count, others) = (pair(found, 0) + pair(found, 2), pair(found, 4), Want::inside(pair(found, 6)));
        self.edges_of(first, count).find(|edge| edge.key == index).map_or(others, |edge| edge.want)
    }

    fn edges_of(&self, first: u16, count: u16) -> impl Iterator<Item = Edge> + use<'p> {
        let first = usize::from(first);
        self.edges.get(first..first + usize::from(count)).unwrap_or_default().iter().map(edge)
    }

    fn name(&self, edge: &Edge) -> &'p str {
        let start = edge.name as usize;
        self.names.get(start..start + usize::from(edge.length)).unwrap_or_default()
    }
}

fn pair(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn edge(bytes: &[u8; EDGE]) -> Edge {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Edge {
        key: word(0),
        name: word(4),
        length: pair(bytes, 8),
        is_loose: bytes[14] == 1,
        want: Want { place: pair(bytes, 10), node: pair(bytes, 12) },
    }
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
    let letters = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase);
    letters.eq(bare.chars())
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
        for step in steps {
            if !at.has_room_for(step) {
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
            count(written.edges.len(), EDGE)?,
            self.places,
            self.root.place.unwrap_or(NONE),
        ];
        let header: Vec<u8> = header.into_iter().flat_map(u16::to_le_bytes).collect();
        Some([header, written.nodes, written.edges, written.names].concat())
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

    /// One member can't be at two places, so a loose name must not fit any other name here.
    fn has_room_for(&self, step: &OutlineStep) -> bool {
        self.below.keys().filter(|other| *other != step).all(|other| match (step, other) {
            (OutlineStep::Loose(bare), OutlineStep::Name(name))
            | (OutlineStep::Name(name), OutlineStep::Loose(bare)) => !is_loosely(name, bare),
            _ => true,
        })
    }
}

#[derive(Default)]
struct Written {
    nodes: Vec<u8>,
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
        let first = u16::try_from(self.edges.len() / EDGE).ok()?;
        self.edges.resize(self.edges.len() + node.below.len() * EDGE, 0);
        let (mut names, mut items) = (0_u16, 0_u16);
        for (offset, (step, below)) in node.below.iter().enumerate() {
            let (key, name, length, is_loose) = self.step(step)?;
            *if matches!(step, OutlineStep::Item(_)) { &mut items } else { &mut names } += 1;
            let next = self.below(below, keeps_all)?;
            let at = (usize::from(first) + offset) * EDGE;
            let place = below.place.unwrap_or(NONE);
            let bytes = [&key.to_le_bytes()[..], &name.to_le_bytes(), &length.to_le_bytes(), &place.to_le_bytes()];
            let bytes = [&bytes.concat()[..], &next.to_le_bytes(), &[u8::from(is_loose), 0]].concat();
            self.edges[at..at + EDGE].copy_from_slice(&bytes);
        }
        let numbers = [first, names, items, if keeps_all { ALL } else { NONE }].map(u16::to_le_bytes).concat();
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

    fn step(&mut self, step: &OutlineStep) -> Option<(u32, u32, u16, bool)> {
        let name = match step {
            OutlineStep::Item(index) => return Some((*index, 0, 0, false)),
            OutlineStep::Name(name) | OutlineStep::Loose(name) => name,
        };
        let start = u32::try_from(self.names.len()).ok()?;
        self.names.extend_from_slice(name.as_bytes());
        let is_loose = matches!(step, OutlineStep::Loose(_));
        Some((mark_of(name.as_bytes()), start, u16::try_from(name.len()).ok()?, is_loose))
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
        prop::sample::select(vec!["a", "b", "A", "a_b", "aB", "", "é"]).prop_map(str::to_owned)
    }

    fn step() -> impl Strategy<Value = OutlineStep> {
        let loose = prop::sample::select(vec!["a", "ab", "c"]).prop_map(|bare| OutlineStep::Loose(bare.to_owned()));
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
