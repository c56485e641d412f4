//! A place in a text that was read.

use std::borrow::Cow;

use super::tape::{Entry, Kind, Piece, Tape, mark_of};
use super::text::unescaped;
use super::{Value, write_text};

/// One value of a tape.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    tape: &'s Tape<'s>,
    index: u32,
}

impl<'t> Tape<'t> {
    pub(super) fn slice(&self, piece: Piece) -> &'t str {
        &self.text[piece.start as usize..piece.end as usize]
    }

    /// What a string says.
    pub(super) fn said(&self, piece: Piece) -> Cow<'t, str> {
        let text = self.slice(piece);
        if piece.escaped { unescaped(text).into() } else { text.into() }
    }

    /// The whole as a value, which borrows from the text what it can.
    pub fn value(&self) -> Value<'t> {
        self.value_at(0)
    }

    /// The depth is the text's, which is bounded.
    fn value_at(&self, index: u32) -> Value<'t> {
        let entry = &self.entries[index as usize];
        match entry.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(self.slice(entry.piece).into()),
            Kind::Text => Value::Text(self.said(entry.piece)),
            Kind::List => Value::List(self.inside(index).map(|item| self.value_at(item)).collect()),
            Kind::Object => {
                let name = |member: u32| self.said(self.entries[member as usize].name);
                Value::Object(self.inside(index).map(|member| (name(member), self.value_at(member))).collect())
            }
        }
    }

    fn inside(&self, index: u32) -> Inside<'_> {
        let Entry { next, kind, .. } = self.entries[index as usize];
        let is_nested = matches!(kind, Kind::List | Kind::Object);
        Inside { entries: &self.entries, at: index + 1, end: if is_nested { next } else { index + 1 } }
    }
}

impl<'s> Node<'s> {
    pub(super) fn new(tape: &'s Tape<'s>, index: u32) -> Self {
        Self { tape, index }
    }

    fn entry(self) -> &'s Entry {
        &self.tape.entries[self.index as usize]
    }

    /// Whether another one is of the same text.
    pub fn is_of_tape_of(self, other: Self) -> bool {
        std::ptr::eq(self.tape, other.tape)
    }

    /// Its text; of a string without the quotes.
    pub fn text(self) -> &'s str {
        self.tape.slice(self.entry().piece)
    }

    /// Whether its text stands there as it says, without escapes.
    pub fn is_plain(self) -> bool {
        !self.entry().piece.escaped
    }

    /// The objects around a value inside of this one, from the outermost to the nearest, this one included.
    pub fn objects_around(self, inside: Self) -> Vec<Self> {
        let (mut at, mut found) = (self, Vec::new());
        while at.index < inside.index {
            if at.kind() == Kind::Object {
                found.push(at);
            }
            let holds = |child: &Self| child.index <= inside.index && inside.index < child.entry().next;
            match at.children().find(holds) {
                Some(child) => at = child,
                None => break,
            }
        }
        found
    }

    /// Its place among the values of the text.
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// How many values it is, with all inside it.
    pub fn count(self) -> usize {
        (self.entry().next - self.index) as usize
    }

    /// The value that stands so many places behind this one.
    pub fn behind(self, places: usize) -> Self {
        Self { index: self.index + places as u32, ..self }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// Where it begins in the text, and where its name does, in bytes.
    pub fn offsets(self) -> (usize, usize) {
        let Entry { piece, name, kind, .. } = self.entry();
        // A quote stands before the text of a string and of a name.
        let quote = usize::from(*kind == Kind::Text);
        (piece.start as usize - quote, (name.start as usize).saturating_sub(1))
    }

    /// The name it has as a member.
    pub fn name(self) -> Cow<'s, str> {
        self.tape.said(self.entry().name)
    }

    /// What is directly inside.
    pub fn children(self) -> Children<'s> {
        Children { tape: self.tape, inside: self.tape.inside(self.index) }
    }

    /// The member of this name.
    pub fn member(self, name: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        let mark = mark_of(name.as_bytes());
        self.children().find(|child| child.is_named(name, mark))
    }

    /// Whether this is the text, or what is written like it: a number, a boolean.
    pub fn says(self, text: &str) -> bool {
        let entry = self.entry();
        match entry.kind {
            Kind::Text if entry.piece.escaped => self.tape.said(entry.piece) == text,
            Kind::Text | Kind::Number | Kind::True | Kind::False => self.text().as_bytes() == text.as_bytes(),
            Kind::Null | Kind::List | Kind::Object => false,
        }
    }

    /// The item at this place.
    pub fn item(self, place: usize) -> Option<Self> {
        if self.kind() != Kind::List {
            return None;
        }
        self.children().nth(place)
    }

    fn is_named(self, name: &str, mark: u32) -> bool {
        let entry = self.entry();
        if entry.name.escaped {
            return self.name() == name;
        }
        entry.name_mark == mark && self.tape.slice(entry.name).as_bytes() == name.as_bytes()
    }

    /// The value, which borrows from the text what it can.
    pub fn value(self) -> Value<'s> {
        self.tape.value_at(self.index)
    }

    /// Appends it as compact JSON text, without what `is_left_out` says is to be left out inside.
    pub fn write(self, out: &mut String, is_left_out: &impl Fn(Self) -> bool) {
        let entry = self.entry();
        match entry.kind {
            Kind::Text if entry.piece.escaped => write_text(out, &self.tape.said(entry.piece)),
            Kind::Text => {
                out.push('"');
                out.push_str(self.tape.slice(entry.piece));
                out.push('"');
            }
            Kind::List => self.write_children(out, ['[', ']'], is_left_out),
            Kind::Object => self.write_children(out, ['{', '}'], is_left_out),
            Kind::Null | Kind::True | Kind::False | Kind::Number => out.push_str(self.tape.slice(entry.piece)),
        }
    }

    fn write_children(self, out: &mut String, [open, close]: [char; 2], is_left_out: &impl Fn(Self) -> bool) {
        out.push(open);
        let mut is_first = true;
        for child in self.children().filter(|child| !is_left_out(*child)) {
            if !std::mem::take(&mut is_first) {
                out.push(',');
            }
            if self.kind() == Kind::Object {
                write_text(out, &child.name());
                out.push(':');
            }
            child.write(out, is_left_out);
        }
        out.push(close);
    }
}

/// What is directly inside a list or an object.
pub struct Children<'s> {
    tape: &'s Tape<'s>,
    inside: Inside<'s>,
}

impl<'s> Iterator for Children<'s> {
    type Item = Node<'s>;

    fn next(&mut self) -> Option<Node<'s>> {
        self.inside.next().map(|index| Node::new(self.tape, index))
    }
}

/// The same as places on the tape.
struct Inside<'e> {
    entries: &'e [Entry],
    at: u32,
    end: u32,
}

impl Iterator for Inside<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.at < self.end {
            let (index, entry) = (self.at, &self.entries[self.at as usize]);
            self.at = entry.next;
            if !entry.shadowed {
                return Some(index);
            }
        }
        None
    }
}
