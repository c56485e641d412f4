//! Reading JSON text (RFC 8259) in one pass, into one flat list of places in it.
//!
//! Nothing is copied and nothing is built: an entry says where a value stands, and where the next one begins that is not
//! inside it. Paths skip along these, and only what they find becomes a [`super::Value`].

use super::node::Node;
use super::outline::{ALL, NONE, Outline, Want};
use super::text::{escape, plain_run};
use super::{pick, skip};

/// How deep lists and objects may be nested.
pub const DEPTH_MAX: usize = 128;

/// How many values a text may have: each takes room, and an element of a body is read again by itself.
pub const VALUES_MAX: usize = 300_000;

/// Objects with more members than this are searched for double names by sorting instead of by comparing all pairs.
const PAIRS_MAX: usize = 16;

/// About how many bytes of a body one value takes, for a first guess.
const BYTES_PER_VALUE: usize = 12;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// A stable code in snake case.
    pub code: &'static str,
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is wrong, for people.
    pub message: String,
}

impl Refused {
    pub(super) fn new(code: &'static str, offset: usize, message: impl Into<String>) -> Self {
        Self { code, offset, message: message.into() }
    }
}

/// What kind of value an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true`.
    True,
    /// `false`.
    False,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

/// A piece of the text, and whether it has escapes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) escaped: bool,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its text; of a string without the quotes.
    pub(super) piece: Piece,
    /// Its name, when it is a member.
    pub(super) name: Piece,
    /// The look of its name; see [`mark_of`].
    pub(super) name_mark: u32,
    /// The entry behind this one and all inside it.
    pub(super) next: u32,
    pub(super) kind: Kind,
    /// Another member of this name comes later, which wins.
    pub(super) shadowed: bool,
}

/// A text that was read.
#[derive(Debug)]
pub struct Tape<'t> {
    pub(super) text: &'t str,
    pub(super) entries: Vec<Entry>,
    double_names: Vec<String>,
    /// The members that won over an earlier one of their name.
    doubles: Vec<usize>,
    /// The entry of each wanted place; [`MISSING`] where there is none.
    places: Vec<u32>,
}

/// No entry.
pub(super) const MISSING: u32 = u32::MAX;

impl<'t> Tape<'t> {
    /// Reads a text that is one JSON value.
    pub fn read(text: &'t str) -> Result<Self, Refused> {
        Self::reading(text, &Outline::nothing(), true)
    }

    /// Reads a text and remembers where the wanted places are. What is not wanted is kept as well, or skipped: then nothing
    /// is known of it, not even whether its names are distinct.
    pub fn read_outlined(text: &'t str, outline: &Outline<'_>, keeps_rest: bool) -> Result<Self, Refused> {
        if !keeps_rest && let Some((entries, places)) = pick::read(text, outline) {
            return Ok(Self { text, entries, double_names: Vec::new(), doubles: Vec::new(), places });
        }
        Self::reading(text, outline, keeps_rest)
    }

    fn reading(text: &'t str, outline: &Outline<'_>, keeps_rest: bool) -> Result<Self, Refused> {
        if u32::try_from(text.len()).is_err() {
            return Err(Refused::new("too_large", 0, "a body can't have four gigabytes"));
        }
        let entries = Vec::with_capacity(text.len() / BYTES_PER_VALUE + 1);
        let mut reader = Reader::new(text, outline, keeps_rest, entries);
        reader.space();
        while reader.value()? {}
        if reader.at < text.len() {
            return Err(reader.refuse("trailing_text", "there is more after the end of the value"));
        }
        let Reader { suspects, entries, places, .. } = reader;
        let mut tape = Self { text, entries, double_names: Vec::new(), doubles: Vec::new(), places };
        if !suspects.is_empty() && tape.shadow(suspects) {
            if !keeps_rest {
                return Self::reading(text, outline, true);
            }
            tape.find_again(outline);
        }
        Ok(tape)
    }

    /// Reads the value that begins at this byte and puts its entries behind these. Where it ends; none for what is no value, or
    /// has a name twice.
    pub(super) fn read_behind(text: &'t str, at: usize, entries: Vec<Entry>) -> Option<(Vec<Entry>, usize)> {
        let outline = Outline::nothing();
        let mut reader = Reader::new(text, &outline, true, entries);
        reader.at = at;
        while reader.value().ok()? {}
        let Reader { suspects, entries, at, .. } = reader;
        let mut tape = Self { text, entries, double_names: Vec::new(), doubles: Vec::new(), places: Vec::new() };
        let has_doubles = !suspects.is_empty() && tape.shadow(suspects);
        (!has_doubles).then_some((tape.entries, at))
    }

    /// The value itself.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// What is at a wanted place.
    #[inline]
    pub fn place(&self, place: u16) -> Option<Node<'_>> {
        let index = *self.places.get(usize::from(place))?;
        (index != MISSING).then(|| Node::new(self, index))
    }

    /// Finds double names. Whether there are any.
    fn shadow(&mut self, suspects: Vec<u32>) -> bool {
        let mut doubles: Vec<usize> = suspects.into_iter().flat_map(|object| self.shadow_in(object as usize)).collect();
        doubles.sort_unstable();
        self.double_names = doubles.iter().map(|at| self.said(self.entries[*at].name).into_owned()).collect();
        self.doubles = doubles;
        !self.doubles.is_empty()
    }

    /// Finds the places in what counts of a text that was read whole: what is hidden by a double name is at none.
    fn find_again(&mut self, outline: &Outline<'_>) {
        let mut places = vec![MISSING; self.places.len()];
        outline.find(self.root(), &mut |place, node| {
            if let Some(free) = places.get_mut(usize::from(place)).filter(|index| **index == MISSING) {
                *free = node.index() as u32;
            }
        });
        self.places = places;
    }

    /// Names that stood twice in one object (the last one won), in order of appearance.
    pub fn double_names(&self) -> &[String] {
        &self.double_names
    }

    /// Whether a member won over an earlier one of its name.
    pub fn is_double(&self, member: Node<'_>) -> bool {
        self.doubles.binary_search(&member.index()).is_ok()
    }

    fn has_double(&self, members: &[usize]) -> bool {
        let later = |place: usize| members[place + 1..].iter();
        members.iter().enumerate().any(|(place, one)| later(place).any(|other| self.is_same_name(*one, *other)))
    }

    fn is_same_name(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.entries[one], &self.entries[other]);
        if one.name.escaped || other.name.escaped {
            return self.said(one.name) == self.said(other.name);
        }
        one.name_mark == other.name_mark && self.slice(one.name).as_bytes() == self.slice(other.name).as_bytes()
    }

    /// Of members with one name the last wins; returns those that won.
    fn shadow_in(&mut self, object: usize) -> Vec<usize> {
        let end = self.entries[object].next as usize;
        let mut members = Vec::new();
        let mut at = object + 1;
        while at < end {
            members.push(at);
            at = self.entries[at].next as usize;
        }
        if members.len() <= PAIRS_MAX && !self.has_double(&members) {
            return Vec::new();
        }
        members.sort_by_cached_key(|at| (self.said(self.entries[*at].name), *at));
        let mut doubles: Vec<usize> = Vec::new();
        for pair in members.windows(2) {
            if self.is_same_name(pair[0], pair[1]) {
                self.entries[pair[0]].shadowed = true;
                doubles.push(pair[1]);
            }
        }
        doubles
    }
}

/// A list or an object that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    index: u32,
    kind: Kind,
    /// A bit for each name so far, by its look: names of different bits are different.
    names: u64,
    /// Whether two names had the same bit.
    is_suspect: bool,
    /// Where its members are among what is wanted.
    node: u16,
    /// Which item comes next.
    item: u32,
}

struct Reader<'t, 'w> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// The lists and objects around this place.
    open: Vec<Open>,
    /// Objects in which two names may be the same.
    suspects: Vec<u32>,
    /// The name of the value that comes next, and its look.
    name: Piece,
    name_mark: u32,
    entries: Vec<Entry>,
    outline: &'w Outline<'w>,
    keeps_rest: bool,
    /// What is wanted of the value that comes next.
    want: Want,
    places: Vec<u32>,
}

impl<'t, 'w> Reader<'t, 'w> {
    fn new(text: &'t str, outline: &'w Outline<'w>, keeps_rest: bool, entries: Vec<Entry>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            open: Vec::with_capacity(16),
            suspects: Vec::new(),
            name: Piece::default(),
            name_mark: 0,
            entries,
            outline,
            keeps_rest,
            want: outline.whole(),
            places: vec![MISSING; outline.places()],
        }
    }

    /// Reads one value, or the beginning of one that has others inside, and what stands between it and the next. Whether
    /// there is a next one.
    fn value(&mut self) -> Result<bool, Refused> {
        let start = self.at;
        if VALUES_MAX <= self.entries.len() {
            return Err(self.refuse("too_large", &format!("there are more than {VALUES_MAX} values (VALUES_MAX)")));
        }
        if self.want.node == NONE && !self.keeps_rest {
            (self.name, self.name_mark) = (Piece::default(), 0);
            self.at = skip::value(self.bytes, start).ok_or_else(|| self.refuse("not_json", "no value ends here"))?;
            return self.after_value();
        }
        match self.peek() {
            b'"' => {
                let piece = self.string()?;
                self.push(piece, Kind::Text);
            }
            b'{' => return self.enter(Kind::Object),
            b'[' => return self.enter(Kind::List),
            b't' => self.word("true", Kind::True)?,
            b'f' => self.word("false", Kind::False)?,
            b'n' => self.word("null", Kind::Null)?,
            b'-' | b'0'..=b'9' => {
                let length = number_length(&self.bytes[start..]);
                if length == 0 {
                    return Err(self.refuse("not_json", "this is no number: write digits without a leading zero"));
                }
                self.at += length;
                self.push(piece(start, self.at), Kind::Number);
            }
            _ if start == self.bytes.len() => {
                return Err(self.refuse("truncated", "the text ends where a value should be"));
            }
            _ => return Err(self.refuse("not_json", "a value can't begin here")),
        }
        self.after_value()
    }

    fn enter(&mut self, kind: Kind) -> Result<bool, Refused> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.refuse("too_deep", &format!("lists and objects are nested more than {DEPTH_MAX} deep")));
        }
        let index = self.entries.len() as u32;
        let node = self.want.node;
        self.push(piece(self.at, self.at), kind);
        self.at += 1;
        self.space();
        if self.take(closing(kind)) {
            self.leave(index);
            return self.after_value();
        }
        self.open.push(Open { index, kind, names: 0, is_suspect: false, node, item: 0 });
        self.before_item(kind, node, 0)?;
        Ok(true)
    }

    /// Closes what ends here. Whether another value follows.
    fn after_value(&mut self) -> Result<bool, Refused> {
        loop {
            self.space();
            let Some(around) = self.open.last_mut() else { return Ok(false) };
            around.item += 1;
            let Open { kind, node, item, .. } = *around;
            if self.take(b',') {
                self.space();
                self.before_item(kind, node, item)?;
                return Ok(true);
            }
            if !self.take(closing(kind)) {
                let code = if self.at == self.bytes.len() { "truncated" } else { "not_json" };
                let close = char::from(closing(kind));
                return Err(self.refuse(code, &format!("a comma or `{close}` should be here")));
            }
            if let Some(closed) = self.open.pop() {
                self.leave(closed.index);
                if closed.is_suspect {
                    self.suspects.push(closed.index);
                }
            }
        }
    }

    fn leave(&mut self, index: u32) {
        let (end, next) = (self.at as u32, self.entries.len() as u32);
        let entry = &mut self.entries[index as usize];
        entry.piece.end = end;
        entry.next = next;
    }

    /// In an object a name stands before each value.
    fn before_item(&mut self, around: Kind, node: u16, item: u32) -> Result<(), Refused> {
        if around != Kind::Object {
            self.want = if ALL <= node { Want::inside(node) } else { self.item(node, item) };
            return Ok(());
        }
        if self.peek() != b'"' {
            return Err(self.refuse("not_json", "a name in double quotes should be here"));
        }
        self.name = self.string()?;
        let name = self.name;
        self.name_mark = mark_of(&self.bytes[name.start as usize..name.end as usize]);
        self.want = if ALL <= node { Want::inside(node) } else { self.member(node) };
        self.space();
        if !self.take(b':') {
            return Err(self.refuse("not_json", "a colon should follow the name"));
        }
        self.space();
        Ok(())
    }

    /// What is wanted of the member whose name was read.
    fn member(&self, node: u16) -> Want {
        let Piece { start, end, escaped } = self.name;
        let name = &self.text[start as usize..end as usize];
        let is_free = |place: u16| self.places.get(usize::from(place)).is_none_or(|index| *index == MISSING);
        if escaped {
            let said = super::text::unescaped(name);
            return self.outline.member(node, &said, is_free);
        }
        self.outline.member(node, name, is_free)
    }

    fn item(&self, node: u16, index: u32) -> Want {
        let around = self.outline.around(node);
        self.outline.item(&around, index).unwrap_or(around.others())
    }

    fn push(&mut self, piece: Piece, kind: Kind) {
        let next = self.entries.len() as u32 + 1;
        let name = std::mem::take(&mut self.name);
        let name_mark = std::mem::take(&mut self.name_mark);
        if let Some(place) = self.places.get_mut(usize::from(self.want.place)) {
            *place = next - 1;
        }
        if let Some(place) = self.places.get_mut(usize::from(self.want.also)) {
            *place = next - 1;
        }
        if let Some(around) = self.open.last_mut().filter(|around| around.kind == Kind::Object) {
            // Escapes can write one name in many ways.
            let bit = 1 << (name_mark.wrapping_mul(0x9e37_79b1) >> 26);
            around.is_suspect |= around.names & bit != 0 || name.escaped;
            around.names |= bit;
        }
        self.entries.push(Entry { piece, name, name_mark, next, kind, shadowed: false });
    }

    /// A string whose first quote is here; its escapes are checked and stay.
    fn string(&mut self) -> Result<Piece, Refused> {
        self.at += 1;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.peek() {
                b'"' => break,
                b'\\' => (_, self.at) = escape(self.text, self.at)?,
                _ if self.at == self.bytes.len() => {
                    return Err(self.refuse("truncated", "the text ends inside a string"));
                }
                _ => return Err(self.refuse("control_character", "a control character must be escaped in a string")),
            }
            escaped = true;
        }
        let end = self.at;
        self.at += 1;
        Ok(Piece { escaped, ..piece(start, end) })
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Refused> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word.as_bytes()) {
            return Err(self.refuse("not_json", &format!("`{word}` should be here, or a text in double quotes")));
        }
        self.at += word.len();
        self.push(piece(start, self.at), kind);
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// The byte here; zero at the end, which begins nothing.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn refuse(&self, code: &'static str, message: &str) -> Refused {
        Refused::new(code, self.at, message)
    }
}

/// Length, first, middle and last byte: names that differ here need not be compared.
pub(crate) fn mark_of(name: &[u8]) -> u32 {
    let [first, .., last] = name else { return name.first().copied().map_or(0, u32::from) };
    let middle = name[name.len() / 2];
    u32::from_le_bytes([*first, middle, *last, name.len() as u8])
}

pub(super) fn piece(start: usize, end: usize) -> Piece {
    Piece { start: start as u32, end: end as u32, escaped: false }
}

fn closing(kind: Kind) -> u8 {
    if kind == Kind::Object { b'}' } else { b']' }
}

/// The length of the number that begins here by the grammar of RFC 8259; 0 when none does.
pub(super) fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = if bytes.get(at) == Some(&b'0') { 1 } else { digits(at) };
    if whole == 0 {
        return 0;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return 0,
            fraction => at += 1 + fraction,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits(at + 1 + sign) {
            0 => return 0,
            exponent => at += 1 + sign + exponent,
        }
    }
    at
}

#[cfg(test)]
mod tests;
