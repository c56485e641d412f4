//! The full reader: one pass over a text that checks all of its syntax and writes down every value, without recursion.

use crate::entry::{Entry, Kind, Span, fingerprint};
use crate::error::JsonError;
use crate::index::MISSING;
use crate::lexer::{Lexer, closing};
use crate::skip;
use crate::string::unescape;
use crate::trie::{ALL, NONE, PathTrie, Target};

/// How deep lists and objects may be nested.
pub const DEPTH_MAX: usize = 128;

/// How many values a text may have: each takes room, and an element of a body is read again by itself.
pub const VALUES_MAX: usize = 300_000;

/// A list or an object that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    entry: u32,
    kind: Kind,
    /// A bit for each name so far, by its fingerprint: names of different bits are different.
    names: u64,
    /// Whether two names had the same bit.
    is_suspect: bool,
    /// The node of the trie that holds what its members lead to.
    node: u16,
    /// Which item comes next.
    item: u32,
}

/// Where reading stands.
pub(crate) struct Reader<'t, 'w> {
    pub(crate) lexer: Lexer<'t>,
    /// The lists and objects that hold this place.
    open: Vec<Open>,
    /// Objects in which two names may be the same.
    pub(crate) suspects: Vec<u32>,
    /// The name of the value that comes next, and its fingerprint.
    name: Span,
    name_fingerprint: u32,
    pub(crate) entries: Vec<Entry>,
    trie: &'w PathTrie<'w>,
    keep_rest: bool,
    /// What paths lead to at the value that comes next.
    target: Target,
    pub(crate) found: Vec<u32>,
}

impl<'t, 'w> Reader<'t, 'w> {
    /// A reader at the start of a text that appends to these entries.
    pub(crate) fn new(text: &'t str, trie: &'w PathTrie<'w>, keep_rest: bool, entries: Vec<Entry>) -> Self {
        Self {
            lexer: Lexer::new(text),
            open: Vec::with_capacity(16),
            suspects: Vec::new(),
            name: Span::default(),
            name_fingerprint: 0,
            entries,
            trie,
            keep_rest,
            target: trie.whole(),
            found: vec![MISSING; trie.path_count()],
        }
    }

    /// Reads a text that is one value and nothing else.
    pub(crate) fn read_all(&mut self) -> Result<(), JsonError> {
        self.lexer.skip_space();
        self.read_value()?;
        self.lexer.end()
    }

    /// Reads the value that begins here.
    pub(crate) fn read_value(&mut self) -> Result<(), JsonError> {
        while self.step()? {}
        Ok(())
    }

    /// Reads one value, or the beginning of one that has others inside, and what stands between it and the next. Returns
    /// whether there is a next one.
    fn step(&mut self) -> Result<bool, JsonError> {
        let start = self.lexer.at;
        if VALUES_MAX <= self.entries.len() {
            return Err(self
                .lexer
                .error("too_large", &format!("there are more than {VALUES_MAX} values (VALUES_MAX)")));
        }
        if self.target.node == NONE && !self.keep_rest {
            (self.name, self.name_fingerprint) = (Span::default(), 0);
            self.lexer.at = skip::value(self.lexer.bytes, start)
                .ok_or_else(|| self.lexer.error("not_json", "no value ends here"))?;
            return self.after_value();
        }
        match self.lexer.peek() {
            b'"' => {
                let span = self.lexer.string()?;
                self.push(span, Kind::Text);
            }
            b'{' => return self.enter(Kind::Object),
            b'[' => return self.enter(Kind::List),
            _ => {
                let kind = self.lexer.scalar()?;
                self.push(Span::new(start, self.lexer.at), kind);
            }
        }
        self.after_value()
    }

    fn enter(&mut self, kind: Kind) -> Result<bool, JsonError> {
        if self.open.len() == DEPTH_MAX {
            return Err(self
                .lexer
                .error("too_deep", &format!("lists and objects are nested more than {DEPTH_MAX} deep")));
        }
        let entry = self.entries.len() as u32;
        let node = self.target.node;
        self.push(Span::new(self.lexer.at, self.lexer.at), kind);
        self.lexer.at += 1;
        self.lexer.skip_space();
        if self.lexer.take(closing(kind)) {
            self.close(entry);
            return self.after_value();
        }
        self.open.push(Open { entry, kind, names: 0, is_suspect: false, node, item: 0 });
        self.before_item(kind, node, 0)?;
        Ok(true)
    }

    /// Closes what ends here. Returns whether another value follows.
    fn after_value(&mut self) -> Result<bool, JsonError> {
        loop {
            self.lexer.skip_space();
            let Some(parent) = self.open.last_mut() else { return Ok(false) };
            parent.item += 1;
            let Open { kind, node, item, .. } = *parent;
            if self.lexer.take(b',') {
                self.lexer.skip_space();
                self.before_item(kind, node, item)?;
                return Ok(true);
            }
            if !self.lexer.take(closing(kind)) {
                return Err(self.lexer.no_comma(closing(kind)));
            }
            if let Some(closed) = self.open.pop() {
                self.close(closed.entry);
                if closed.is_suspect {
                    self.suspects.push(closed.entry);
                }
            }
        }
    }

    fn close(&mut self, entry: u32) {
        let (end, next) = (self.lexer.at as u32, self.entries.len() as u32);
        let entry = &mut self.entries[entry as usize];
        entry.span.end = end;
        entry.next = next;
    }

    /// In an object a name stands before each value.
    fn before_item(&mut self, parent: Kind, node: u16, item: u32) -> Result<(), JsonError> {
        if parent != Kind::Object {
            self.target = if ALL <= node { Target::below(node) } else { self.item_target(node, item) };
            return Ok(());
        }
        self.name = self.lexer.name()?;
        let name = self.name;
        self.name_fingerprint = fingerprint(&self.lexer.bytes[name.start as usize..name.end as usize]);
        self.target = if ALL <= node { Target::below(node) } else { self.member_target(node) };
        self.lexer.colon()
    }

    /// What paths lead to at the member whose name was read.
    fn member_target(&self, node: u16) -> Target {
        let Span { start, end, escaped } = self.name;
        let name = &self.lexer.text[start as usize..end as usize];
        let is_free = |path: u16| self.found.get(usize::from(path)).is_none_or(|entry| *entry == MISSING);
        if escaped {
            return self.trie.member(node, &unescape(name), is_free);
        }
        self.trie.member(node, name, is_free)
    }

    fn item_target(&self, node: u16, item: u32) -> Target {
        let node = self.trie.node(node);
        self.trie.item(&node, item).unwrap_or(node.others())
    }

    fn push(&mut self, span: Span, kind: Kind) {
        let entry = self.entries.len() as u32;
        let name = std::mem::take(&mut self.name);
        let name_fingerprint = std::mem::take(&mut self.name_fingerprint);
        for path in [self.target.path, self.target.loose_path] {
            if let Some(found) = self.found.get_mut(usize::from(path)) {
                *found = entry;
            }
        }
        if let Some(parent) = self.open.last_mut().filter(|parent| parent.kind == Kind::Object) {
            // Escapes can write one name in many ways.
            let bit = 1 << (name_fingerprint.wrapping_mul(0x9e37_79b1) >> 26);
            parent.is_suspect |= parent.names & bit != 0 || name.escaped;
            parent.names |= bit;
        }
        self.entries.push(Entry { name, name_fingerprint, ..Entry::unnamed(span, kind, entry + 1) });
    }
}
