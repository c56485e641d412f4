//! A value in a text that was read.

use std::borrow::Cow;

use crate::entry::{Entry, Kind, Span, fingerprint};
use crate::index::JsonIndex;
use crate::string::unescape;
use crate::{Value, write_text};

/// One value of an index.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    index: &'s JsonIndex<'s>,
    at: u32,
}

impl<'t> JsonIndex<'t> {
    /// The characters of a string or a name.
    pub(crate) fn unescape(&self, span: Span) -> Cow<'t, str> {
        let text = self.slice(span);
        if span.escaped { unescape(text).into() } else { text.into() }
    }

    /// The whole as a value, which borrows from the text what it can.
    pub fn value(&self) -> Value<'t> {
        self.value_at(0)
    }

    /// The depth is the text's, which is bounded.
    fn value_at(&self, at: u32) -> Value<'t> {
        let entry = &self.entries[at as usize];
        match entry.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(self.slice(entry.span).into()),
            Kind::Text => Value::Text(self.unescape(entry.span)),
            Kind::List => Value::List(self.child_entries(at).map(|item| self.value_at(item)).collect()),
            Kind::Object => {
                let name = |member: u32| self.unescape(self.entries[member as usize].name);
                Value::Object(self.child_entries(at).map(|member| (name(member), self.value_at(member))).collect())
            }
        }
    }

    fn child_entries(&self, at: u32) -> ChildEntries<'_> {
        let Entry { next, kind, .. } = self.entries[at as usize];
        let is_nested = matches!(kind, Kind::List | Kind::Object);
        ChildEntries { entries: &self.entries, at: at + 1, end: if is_nested { next } else { at + 1 } }
    }
}

impl<'s> Node<'s> {
    pub(crate) fn new(index: &'s JsonIndex<'s>, at: u32) -> Self {
        Self { index, at }
    }

    fn entry(self) -> &'s Entry {
        &self.index.entries[self.at as usize]
    }

    /// Whether another node is of the same text.
    pub fn shares_index(self, other: Self) -> bool {
        std::ptr::eq(self.index, other.index)
    }

    /// Its text as it stands there; of a string without the quotes.
    pub fn text(self) -> &'s str {
        self.index.slice(self.entry().span)
    }

    /// Whether its text has no escapes.
    pub fn is_plain(self) -> bool {
        !self.entry().span.escaped
    }

    /// The objects that hold a value inside of this one, from the outermost to the nearest, this one included.
    pub fn objects_holding(self, inside: Self) -> Vec<Self> {
        let (mut at, mut found) = (self, Vec::new());
        while at.at < inside.at {
            if at.kind() == Kind::Object {
                found.push(at);
            }
            let holds = |child: &Self| child.at <= inside.at && inside.at < child.entry().next;
            match at.children().find(holds) {
                Some(child) => at = child,
                None => break,
            }
        }
        found
    }

    /// Its place among the values of the text.
    pub fn index(self) -> usize {
        self.at as usize
    }

    /// How many values it is, with all inside it.
    pub fn count(self) -> usize {
        (self.entry().next - self.at) as usize
    }

    /// The value so many places further in the text.
    pub fn nth_following(self, places: usize) -> Self {
        Self { at: self.at + places as u32, ..self }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// Where it begins in the text, and where its name does, in bytes.
    pub fn offsets(self) -> (usize, usize) {
        let Entry { span, name, kind, .. } = self.entry();
        // A quote stands before the text of a string and of a name.
        let quote = usize::from(*kind == Kind::Text);
        (span.start as usize - quote, (name.start as usize).saturating_sub(1))
    }

    /// The name it has as a member.
    pub fn name(self) -> Cow<'s, str> {
        self.index.unescape(self.entry().name)
    }

    /// What is directly inside.
    pub fn children(self) -> Children<'s> {
        Children { index: self.index, entries: self.index.child_entries(self.at) }
    }

    /// The member of this name.
    pub fn member(self, name: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        let key = fingerprint(name.as_bytes());
        self.children().find(|child| child.has_name(name, key))
    }

    /// Whether this is the text, or a number or a boolean that is written like it.
    pub fn equals_text(self, text: &str) -> bool {
        let entry = self.entry();
        match entry.kind {
            Kind::Text if entry.span.escaped => self.index.unescape(entry.span) == text,
            Kind::Text | Kind::Number | Kind::True | Kind::False => self.text().as_bytes() == text.as_bytes(),
            Kind::Null | Kind::List | Kind::Object => false,
        }
    }

    /// The item at this place, counted from 0.
    pub fn item(self, place: usize) -> Option<Self> {
        if self.kind() != Kind::List {
            return None;
        }
        self.children().nth(place)
    }

    fn has_name(self, name: &str, key: u32) -> bool {
        let entry = self.entry();
        if entry.name.escaped {
            return self.name() == name;
        }
        entry.name_fingerprint == key && self.index.slice(entry.name).as_bytes() == name.as_bytes()
    }

    /// The value, which borrows from the text what it can.
    pub fn value(self) -> Value<'s> {
        self.index.value_at(self.at)
    }

    /// Appends it as compact JSON text, without the values inside for which `skip` holds.
    pub fn write(self, out: &mut String, skip: &impl Fn(Self) -> bool) {
        let entry = self.entry();
        match entry.kind {
            Kind::Text if entry.span.escaped => write_text(out, &self.index.unescape(entry.span)),
            Kind::Text => {
                out.push('"');
                out.push_str(self.index.slice(entry.span));
                out.push('"');
            }
            Kind::List => self.write_children(out, ['[', ']'], skip),
            Kind::Object => self.write_children(out, ['{', '}'], skip),
            Kind::Null | Kind::True | Kind::False | Kind::Number => out.push_str(self.index.slice(entry.span)),
        }
    }

    fn write_children(self, out: &mut String, [open, close]: [char; 2], skip: &impl Fn(Self) -> bool) {
        out.push(open);
        let mut is_first = true;
        for child in self.children().filter(|child| !skip(*child)) {
            if !std::mem::take(&mut is_first) {
                out.push(',');
            }
            if self.kind() == Kind::Object {
                write_text(out, &child.name());
                out.push(':');
            }
            child.write(out, skip);
        }
        out.push(close);
    }
}

/// What is directly inside a list or an object.
pub struct Children<'s> {
    index: &'s JsonIndex<'s>,
    entries: ChildEntries<'s>,
}

impl<'s> Iterator for Children<'s> {
    type Item = Node<'s>;

    fn next(&mut self) -> Option<Node<'s>> {
        self.entries.next().map(|at| Node::new(self.index, at))
    }
}

/// The same as numbers of entries.
struct ChildEntries<'e> {
    entries: &'e [Entry],
    at: u32,
    end: u32,
}

impl Iterator for ChildEntries<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.at < self.end {
            let (at, entry) = (self.at, &self.entries[self.at as usize]);
            self.at = entry.next;
            if !entry.overridden {
                return Some(at);
            }
        }
        None
    }
}
