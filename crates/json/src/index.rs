//! A JSON text (RFC 8259) as a flat list of entries, read in one pass.
//!
//! Nothing is copied and nothing is built: an entry says where a value lies, and which entry comes next that is not inside it.
//! Paths skip along these, and only what they find becomes a [`Value`](crate::Value).

use crate::entry::{Entry, Span};
use crate::error::JsonError;
use crate::node::Node;
use crate::pick;
use crate::reader::Reader;
use crate::trie::PathTrie;

/// Objects with more members than this are searched for duplicate names by sorting instead of by comparing all pairs.
const PAIRS_MAX: usize = 16;

/// About how many bytes of a text one value takes, for a first guess.
const BYTES_PER_VALUE: usize = 12;

/// The entry of a path that leads nowhere.
pub(crate) const MISSING: u32 = u32::MAX;

/// A text that was read.
#[derive(Debug)]
pub struct JsonIndex<'t> {
    pub(crate) text: &'t str,
    pub(crate) entries: Vec<Entry>,
    duplicate_names: Vec<String>,
    /// The members that override an earlier one of their name.
    overriding: Vec<usize>,
    /// The entry at the end of each path of the trie; [`MISSING`] where there is none.
    found: Vec<u32>,
}

impl<'t> JsonIndex<'t> {
    /// Reads a text that is one JSON value.
    ///
    /// # Errors
    /// Why the text is not JSON, or which bound it exceeds: [`DEPTH_MAX`](crate::DEPTH_MAX),
    /// [`VALUES_MAX`](crate::VALUES_MAX), four gigabytes.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        Self::read(text, &PathTrie::empty(), true)
    }

    /// Reads a text and remembers what the paths of the trie lead to. What no path leads to is kept as well, or skipped: then
    /// nothing is known of it, not even whether its names are distinct.
    ///
    /// # Errors
    /// As [`Self::parse`] has them.
    pub fn parse_paths(text: &'t str, trie: &PathTrie<'_>, keep_rest: bool) -> Result<Self, JsonError> {
        if !keep_rest && let Some((entries, found)) = pick::read(text, trie) {
            return Ok(Self::new(text, entries, found));
        }
        Self::read(text, trie, keep_rest)
    }

    fn new(text: &'t str, entries: Vec<Entry>, found: Vec<u32>) -> Self {
        Self { text, entries, duplicate_names: Vec::new(), overriding: Vec::new(), found }
    }

    fn read(text: &'t str, trie: &PathTrie<'_>, keep_rest: bool) -> Result<Self, JsonError> {
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError::new("too_large", 0, "a body can't have four gigabytes"));
        }
        let entries = Vec::with_capacity(text.len() / BYTES_PER_VALUE + 1);
        let mut reader = Reader::new(text, trie, keep_rest, entries);
        reader.read_all()?;
        let Reader { suspects, entries, found, .. } = reader;
        let mut index = Self::new(text, entries, found);
        if !suspects.is_empty() && index.override_duplicates(suspects) {
            if !keep_rest {
                return Self::read(text, trie, true);
            }
            index.find_paths(trie);
        }
        Ok(index)
    }

    /// Reads the value that begins at this byte and appends its entries to these. Returns them and where the value ends; none
    /// when no value begins there, or an object has a name twice.
    pub(crate) fn append_value(text: &'t str, at: usize, entries: Vec<Entry>) -> Option<(Vec<Entry>, usize)> {
        let trie = PathTrie::empty();
        let mut reader = Reader::new(text, &trie, true, entries);
        reader.lexer.at = at;
        reader.read_value().ok()?;
        let Reader { suspects, entries, lexer, .. } = reader;
        let mut index = Self::new(text, entries, Vec::new());
        let has_duplicates = !suspects.is_empty() && index.override_duplicates(suspects);
        (!has_duplicates).then_some((index.entries, lexer.at))
    }

    /// The value itself.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// What a path of the trie leads to, by the number that [`PathTrieBuilder::add`](crate::PathTrieBuilder::add) gave it.
    #[inline]
    pub fn at_path(&self, path: u16) -> Option<Node<'_>> {
        let entry = *self.found.get(usize::from(path))?;
        (entry != MISSING).then(|| Node::new(self, entry))
    }

    /// Names that stand twice in one object (the last one counts), in order of appearance.
    pub fn duplicate_names(&self) -> &[String] {
        &self.duplicate_names
    }

    /// Whether a member overrides an earlier one of its name.
    pub fn is_overriding(&self, member: Node<'_>) -> bool {
        self.overriding.binary_search(&member.index()).is_ok()
    }

    /// Marks members that a later one of their name overrides. Returns whether there are any.
    fn override_duplicates(&mut self, objects: Vec<u32>) -> bool {
        let mut overriding: Vec<usize> =
            objects.into_iter().flat_map(|object| self.override_members(object as usize)).collect();
        overriding.sort_unstable();
        self.duplicate_names = overriding.iter().map(|at| self.unescape(self.entries[*at].name).into_owned()).collect();
        self.overriding = overriding;
        !self.overriding.is_empty()
    }

    /// Finds the paths among the members that count: overridden ones are at none.
    fn find_paths(&mut self, trie: &PathTrie<'_>) {
        let mut found = vec![MISSING; self.found.len()];
        trie.find(self.root(), &mut |path, node| {
            if let Some(free) = found.get_mut(usize::from(path)).filter(|entry| **entry == MISSING) {
                *free = node.index() as u32;
            }
        });
        self.found = found;
    }

    /// Of members with one name the last counts; returns those that override another.
    fn override_members(&mut self, object: usize) -> Vec<usize> {
        let end = self.entries[object].next as usize;
        let mut members = Vec::new();
        let mut at = object + 1;
        while at < end {
            members.push(at);
            at = self.entries[at].next as usize;
        }
        if members.len() <= PAIRS_MAX && !self.has_duplicate(&members) {
            return Vec::new();
        }
        members.sort_by_cached_key(|at| (self.unescape(self.entries[*at].name), *at));
        let mut overriding: Vec<usize> = Vec::new();
        for pair in members.windows(2) {
            if self.has_same_name(pair[0], pair[1]) {
                self.entries[pair[0]].overridden = true;
                overriding.push(pair[1]);
            }
        }
        overriding
    }

    fn has_duplicate(&self, members: &[usize]) -> bool {
        let later = |place: usize| members[place + 1..].iter();
        members.iter().enumerate().any(|(place, one)| later(place).any(|other| self.has_same_name(*one, *other)))
    }

    fn has_same_name(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.entries[one], &self.entries[other]);
        if one.name.escaped || other.name.escaped {
            return self.unescape(one.name) == self.unescape(other.name);
        }
        one.name_fingerprint == other.name_fingerprint
            && self.slice(one.name).as_bytes() == self.slice(other.name).as_bytes()
    }

    /// The text of a span, as it stands there.
    pub(crate) fn slice(&self, span: Span) -> &'t str {
        &self.text[span.start as usize..span.end as usize]
    }
}

#[cfg(test)]
mod tests;
