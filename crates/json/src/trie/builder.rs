//! Building a [`PathTrie`](super::PathTrie)'s bytes from paths.

use std::collections::BTreeMap;

use super::{ALL, EDGE, KEY, NODE, NONE};
use crate::entry::fingerprint;
use crate::loose::is_loosely;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// A member by its exact name.
    Name(String),
    /// A member by its bare name, see [`is_loosely`].
    Loose(String),
    /// An item.
    Item(u32),
}

impl PathStep {
    /// Edges stand in this order.
    fn edge_order(&self) -> usize {
        match self {
            Self::Name(_) => 0,
            Self::Loose(_) => 1,
            Self::Item(_) => 2,
        }
    }
}

/// Collects paths.
#[derive(Debug, Default)]
pub struct PathTrieBuilder {
    root: BuilderNode,
    path_count: u16,
}

#[derive(Debug, Default)]
struct BuilderNode {
    path: Option<u16>,
    /// In this order: exact names come before loose ones.
    below: BTreeMap<PathStep, BuilderNode>,
}

impl PathTrieBuilder {
    /// Adds the path of these steps and returns its number; none when there is no room for one more, or when a loose name and
    /// another one could mean the same member.
    pub fn add(&mut self, steps: &[PathStep]) -> Option<u16> {
        let Self { root, path_count } = self;
        let mut at = root;
        for (index, step) in steps.iter().enumerate() {
            if !at.has_room_for(step, index + 1 == steps.len()) {
                return None;
            }
            at = at.below.entry(step.clone()).or_default();
            // Where a name may mean several members, the path tells which of them it has found.
            if matches!(step, PathStep::Loose(_)) {
                at.number_path(path_count)?;
            }
        }
        at.number_path(path_count)
    }

    /// The tree as bytes; none when it is too large for them.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut encoder = Encoder::default();
        encoder.reserve(1);
        encoder.node(0, &self.root, false)?;
        let count = |length: usize, size: usize| u16::try_from(length / size).ok().filter(|count| *count < ALL);
        let header = [
            count(encoder.nodes.len(), NODE)?,
            count(encoder.keys.len(), KEY)?,
            self.path_count,
            self.root.path.unwrap_or(NONE),
        ];
        let header: Vec<u8> = header.into_iter().flat_map(u16::to_le_bytes).collect();
        Some([header, encoder.nodes, encoder.keys, encoder.edges, encoder.names].concat())
    }
}

impl BuilderNode {
    fn number_path(&mut self, path_count: &mut u16) -> Option<u16> {
        if self.path.is_none() {
            self.path = Some(*path_count);
            *path_count = path_count.checked_add(1).filter(|count| *count < ALL)?;
        }
        self.path
    }

    /// A loose name may fit a member that has an exact one as well, but then no path can go on below it: one member has one
    /// node.
    fn has_room_for(&self, step: &PathStep, is_last: bool) -> bool {
        self.below.iter().all(|(other, below)| match (step, other) {
            (PathStep::Loose(bare), PathStep::Name(name)) => is_last || !is_loosely(name, bare),
            (PathStep::Name(name), PathStep::Loose(bare)) => below.below.is_empty() || !is_loosely(name, bare),
            _ => true,
        })
    }

    /// The path with a loose name that fits an exact one.
    fn loose_path(&self, step: &PathStep) -> Option<u16> {
        let PathStep::Name(name) = step else { return None };
        let fits = |other: &&PathStep| matches!(other, PathStep::Loose(bare) if is_loosely(name, bare));
        self.below.get(self.below.keys().find(fits)?)?.path
    }
}

#[derive(Default)]
struct Encoder {
    nodes: Vec<u8>,
    keys: Vec<u8>,
    edges: Vec<u8>,
    names: Vec<u8>,
}

impl Encoder {
    fn reserve(&mut self, nodes: usize) {
        self.nodes.resize(self.nodes.len() + nodes * NODE, 0);
    }

    /// Writes a node whose room is reserved, and all below it. The depth is that of a path, which is bounded.
    fn node(&mut self, index: usize, node: &BuilderNode, is_inside: bool) -> Option<()> {
        // What a path ends at is read with all that is inside.
        let reads_all = is_inside || node.path.is_some();
        let first = u16::try_from(self.keys.len() / KEY).ok()?;
        self.keys.resize(self.keys.len() + node.below.len() * KEY, 0);
        self.edges.resize(self.edges.len() + node.below.len() * EDGE, 0);
        let mut counts = [0_u16; 3];
        for (offset, (step, below)) in node.below.iter().enumerate() {
            let (key, name, length) = self.step(step)?;
            counts[step.edge_order()] += 1;
            let loose_path = node.loose_path(step);
            let next = self.below(below, reads_all || loose_path.is_some())?;
            let index = usize::from(first) + offset;
            let path = below.path.unwrap_or(NONE);
            let edge = [&name.to_le_bytes()[..], &length.to_le_bytes(), &path.to_le_bytes(), &next.to_le_bytes()];
            let edge = [&edge.concat()[..], &loose_path.unwrap_or(NONE).to_le_bytes()];
            self.keys[index * KEY..(index + 1) * KEY].copy_from_slice(&key.to_le_bytes());
            self.edges[index * EDGE..(index + 1) * EDGE].copy_from_slice(&edge.concat());
        }
        let others = if reads_all { ALL } else { NONE };
        let numbers = [first, counts[0], counts[1], counts[2], others].map(u16::to_le_bytes).concat();
        self.nodes[index * NODE..(index + 1) * NODE].copy_from_slice(&numbers);
        Some(())
    }

    /// Writes the node below an edge and returns its number; [`ALL`] where no path goes on.
    fn below(&mut self, node: &BuilderNode, is_inside: bool) -> Option<u16> {
        if node.below.is_empty() {
            return Some(ALL);
        }
        let index = self.nodes.len() / NODE;
        self.reserve(1);
        self.node(index, node, is_inside)?;
        u16::try_from(index).ok().filter(|index| *index < ALL)
    }

    fn step(&mut self, step: &PathStep) -> Option<(u32, u32, u16)> {
        let name = match step {
            PathStep::Item(index) => return Some((*index, 0, 0)),
            PathStep::Name(name) | PathStep::Loose(name) => name,
        };
        let start = u32::try_from(self.names.len()).ok()?;
        self.names.extend_from_slice(name.as_bytes());
        Some((fingerprint(name.as_bytes()), start, u16::try_from(name.len()).ok()?))
    }
}
