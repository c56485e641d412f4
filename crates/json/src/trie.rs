//! Paths into a text as one tree in a few bytes, so that one pass over the text finds what they all lead to, and a fresh
//! instance has nothing to build.
//!
//! The bytes are nodes, then keys and edges, then names. A node has edges by name (an object's members) and by number (a list's
//! items); an edge ends a path, leads to another node, or both. A path that does not fit into the numbers' widths is left out:
//! then it is followed in the whole text, which finds the same.

mod builder;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use crate::entry::{Kind, fingerprint};
use crate::loose::{BARE_BYTES_MAX, bare_in};
use crate::node::Node;
use crate::predictor::KeyOrderPredictor;

pub use builder::{PathStep, PathTrieBuilder};

/// No path, or a node that no path goes through: what is below is skipped.
pub(crate) const NONE: u16 = u16::MAX;
/// A node below which everything is read.
pub(crate) const ALL: u16 = u16::MAX - 1;

const HEADER: usize = 8;
const NODE: usize = 10;
const KEY: usize = 4;
const EDGE: usize = 12;

/// What paths lead to at one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The path that ends here; [`NONE`] when none does.
    pub(crate) path: u16,
    /// The node to go on with below it.
    pub(crate) node: u16,
    /// The path with a loose name that ends here as well; [`NONE`] when none does.
    pub(crate) loose_path: u16,
}

impl Target {
    /// No path ends here; `node` says what becomes of what is below.
    pub(crate) fn below(node: u16) -> Self {
        Self { path: NONE, node, loose_path: NONE }
    }
}

/// The tree, read from its bytes.
#[derive(Debug)]
pub struct PathTrie<'p> {
    nodes: &'p [[u8; NODE]],
    /// The fingerprint of a name, or the number of an item.
    keys: &'p [[u8; KEY]],
    edges: &'p [[u8; EDGE]],
    names: &'p str,
    path_count: u16,
    /// The path that ends at the whole value.
    root: u16,
    /// What the texts so far had in common.
    predictor: RefCell<KeyOrderPredictor>,
}

/// A node: which edges are its own, and what becomes of what none of them names.
#[derive(Clone, Copy)]
pub(crate) struct TrieNode {
    first: u16,
    /// Edges by exact name, by loose name, by number.
    counts: [u16; 3],
    others: Target,
}

impl<'p> PathTrie<'p> {
    /// No path: all of a text is read.
    pub fn empty() -> Self {
        Self { nodes: &[], keys: &[], edges: &[], names: "", path_count: 0, root: NONE, predictor: RefCell::default() }
    }

    /// Takes what [`PathTrieBuilder::to_bytes`] made; none when it is something else.
    pub fn read(bytes: &'p [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let number = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let (nodes, rest) = rest.split_at_checked(usize::from(number(0)) * NODE)?;
        let (keys, rest) = rest.split_at_checked(usize::from(number(2)) * KEY)?;
        let (edges, names) = rest.split_at_checked(usize::from(number(2)) * EDGE)?;
        let names = std::str::from_utf8(names).ok()?;
        let (nodes, keys, edges) = (nodes.as_chunks().0, keys.as_chunks().0, edges.as_chunks().0);
        let (path_count, root) = (number(4), number(6));
        Some(Self { nodes, keys, edges, names, path_count, root, predictor: RefCell::default() })
    }

    /// How many paths there are.
    pub fn path_count(&self) -> usize {
        usize::from(self.path_count)
    }

    /// Takes what the texts so far had in common out of the trie.
    pub(crate) fn take_predictor(&self) -> KeyOrderPredictor {
        self.predictor.take()
    }

    /// Keeps it for the next text.
    pub(crate) fn keep_predictor(&self, predictor: KeyOrderPredictor) {
        self.predictor.replace(predictor);
    }

    /// What paths lead to at the whole value.
    pub(crate) fn whole(&self) -> Target {
        Target { loose_path: NONE, path: self.root, node: if self.nodes.is_empty() { ALL } else { 0 } }
    }

    /// A node by its number.
    #[inline]
    pub(crate) fn node(&self, node: u16) -> TrieNode {
        match self.nodes.get(usize::from(node)) {
            Some(node) => {
                let counts = [u16_at(node, 2), u16_at(node, 4), u16_at(node, 6)];
                TrieNode { first: u16_at(node, 0), counts, others: Target::below(u16_at(node, 8)) }
            }
            None => TrieNode { first: 0, counts: [0; 3], others: Target::below(NONE) },
        }
    }

    /// The edge of a member by its exact name.
    #[inline]
    pub(crate) fn find_exact(&self, node: &TrieNode, name: &[u8]) -> Option<u16> {
        let (first, key) = (usize::from(node.first), fingerprint(name).to_le_bytes());
        let keys = self.keys.get(first..first + usize::from(node.counts[0]))?;
        let mut candidates =
            keys.iter().enumerate().filter(|(_, other)| **other == key).map(|(index, _)| index + first);
        candidates.find(|edge| self.name(*edge).as_bytes() == name).map(|edge| edge as u16)
    }

    /// The edge of a member by its loose name.
    pub(crate) fn find_loose(&self, node: &TrieNode, name: &str) -> Option<u16> {
        let first = usize::from(node.first + node.counts[0]);
        let keys = self.keys.get(first..first + usize::from(node.counts[1]))?;
        let mut room = [0; BARE_BYTES_MAX];
        let bare = bare_in(&mut room, name)?;
        let key = fingerprint(bare.as_bytes()).to_le_bytes();
        let mut candidates =
            keys.iter().enumerate().filter(|(_, other)| **other == key).map(|(index, _)| index + first);
        candidates.find(|edge| self.name(*edge) == bare).map(|edge| edge as u16)
    }

    /// What paths lead to at a member. Of several members that a loose name fits, the first in the text counts: its path must
    /// be free.
    pub(crate) fn member(&self, node: u16, name: &str, is_free: impl Fn(u16) -> bool) -> Target {
        let node = self.node(node);
        if let Some(edge) = self.find_exact(&node, name.as_bytes()) {
            let target = self.target(edge);
            let keeps_loose = target.loose_path == NONE || is_free(target.loose_path);
            return if keeps_loose { target } else { Target { loose_path: NONE, ..target } };
        }
        let loose = if self.has_loose_names(&node) { self.find_loose(&node, name) } else { None };
        // One that is not free is read all the same: it may be the same name once more.
        let first = |target: Target| if is_free(target.path) { target } else { Target::below(ALL) };
        loose.map_or(node.others(), |edge| first(self.target(edge)))
    }

    /// Finds what the paths lead to in a text that was read, in the order of the text. The depth is the trie's, which is
    /// bounded.
    pub(crate) fn find<'s>(&self, root: Node<'s>, found: &mut impl FnMut(u16, Node<'s>)) {
        self.find_below(self.whole(), root, found);
    }

    fn find_below<'s>(&self, target: Target, value: Node<'s>, found: &mut impl FnMut(u16, Node<'s>)) {
        let paths = [target.path, target.loose_path];
        paths.into_iter().filter(|path| *path != NONE).for_each(|path| found(path, value));
        if ALL <= target.node {
            return;
        }
        let (node, mut taken) = (self.node(target.node), Vec::new());
        for (index, child) in value.children().enumerate() {
            let target = match value.kind() {
                Kind::List => self.item(&node, index as u32).unwrap_or(node.others()),
                _ => self.member(target.node, &child.name(), |path| !taken.contains(&path)),
            };
            taken.extend([target.path, target.loose_path]);
            self.find_below(target, child, found);
        }
    }

    /// What paths lead to at an item.
    #[inline]
    pub(crate) fn item(&self, node: &TrieNode, index: u32) -> Option<Target> {
        let first = node.first + node.counts[0] + node.counts[1];
        let key = index.to_le_bytes();
        let keys = self.keys.get(usize::from(first)..usize::from(first) + usize::from(node.counts[2]))?;
        let found = keys.iter().position(|other| *other == key)?;
        Some(self.target(first + found as u16))
    }

    /// Whether the node has an edge with a loose name.
    #[inline]
    pub(crate) fn has_loose_names(&self, node: &TrieNode) -> bool {
        node.counts[1] > 0
    }

    /// What an edge leads to.
    #[inline]
    pub(crate) fn target(&self, edge: u16) -> Target {
        self.edges.get(usize::from(edge)).map_or(Target::below(NONE), |edge| Target {
            path: u16_at(edge, 6),
            node: u16_at(edge, 8),
            loose_path: u16_at(edge, 10),
        })
    }

    fn name(&self, edge: usize) -> &'p str {
        let Some(edge) = self.edges.get(edge) else { return "" };
        let start = u32::from_le_bytes([edge[0], edge[1], edge[2], edge[3]]) as usize;
        self.names.get(start..start + usize::from(u16_at(edge, 4))).unwrap_or_default()
    }
}

impl TrieNode {
    /// What becomes of what no edge names.
    pub(crate) fn others(&self) -> Target {
        self.others
    }

    /// The number of an edge among those of its node.
    pub(crate) fn edge_offset(&self, edge: u16) -> u16 {
        edge - self.first
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}
