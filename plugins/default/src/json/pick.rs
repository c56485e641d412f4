//! The short way to the wanted places of a text: what is not wanted is stepped over, and only what is wanted is written down.
//!
//! It takes what is ordinary and gives up on anything else: a name with escapes, a name that may stand twice, a text that is not
//! JSON. Then the long way of [`super::tape`] finds out what to do, which gives the same where both go.

use super::habit::{Habit, Member};
use super::outline::{ALL, Around, NONE, Outline, Want};
use super::skip;
use super::tape::{Entry, Kind, MISSING, Piece, Tape, number_length, piece};
use super::text::{escape, plain_run};

/// What was written down: the whole first, then what is at each place with all that it has.
type Picked = (Vec<Entry>, Vec<u32>);

/// Picks the wanted places out of a text; none when it takes the long way.
pub(super) fn read(text: &str, outline: &Outline<'_>) -> Option<Picked> {
    let mut entries = Vec::with_capacity(outline.places() + 1);
    entries.push(entry(piece(0, text.len()), Kind::Object, 1));
    let places = vec![MISSING; outline.places()];
    let mut habit = outline.take_habit();
    habit.begin();
    let mut picker = Picker { text, bytes: text.as_bytes(), at: 0, outline, entries, places, habit };
    let was_read = picker.whole();
    let Picker { entries, places, mut habit, .. } = picker;
    habit.end(was_read.is_some());
    outline.keep_habit(habit);
    was_read.map(|()| (entries, places))
}

struct Picker<'t, 'o> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    outline: &'o Outline<'o>,
    entries: Vec<Entry>,
    places: Vec<u32>,
    habit: Habit,
}

impl Picker<'_, '_> {
    fn whole(&mut self) -> Option<()> {
        let whole = self.outline.whole();
        self.space();
        if self.text.len() >= MISSING as usize || self.peek()? != b'{' || whole.place != NONE || ALL <= whole.node {
            return None;
        }
        self.object(whole.node)?;
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    /// Goes through the object that begins here. The depth is the outline's, which is bounded.
    fn object(&mut self, node: u16) -> Option<()> {
        let around = self.outline.around(node);
        let mut seen = 0_u64;
        self.at += 1;
        self.space();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let want = self.member(node, &around, &mut seen)?;
            self.value(want)?;
            self.space();
            if !self.take(b',') {
                return self.needs(b'}');
            }
            self.space();
        }
    }

    /// Goes through the list that begins here.
    fn list(&mut self, node: u16) -> Option<()> {
        let around = self.outline.around(node);
        let mut index = 0;
        self.at += 1;
        self.space();
        if self.take(b']') {
            return Some(());
        }
        loop {
            let want = self.outline.item(&around, index).unwrap_or(around.others());
            self.value(want)?;
            index += 1;
            self.space();
            if !self.take(b',') {
                return self.needs(b']');
            }
            self.space();
        }
    }

    #[inline]
    fn value(&mut self, want: Want) -> Option<()> {
        match want {
            // A loose name that fits an exact one as well.
            Want { also, .. } if also != NONE => return None,
            Want { place: NONE, node: NONE, .. } => self.at = skip::value(self.bytes, self.at)?,
            Want { place: NONE, node, .. } if node < ALL => match self.peek()? {
                b'{' => self.object(node)?,
                b'[' => self.list(node)?,
                _ => self.at = skip::value(self.bytes, self.at)?,
            },
            Want { place, .. } => self.write_down(place, want.node)?,
        }
        Some(())
    }

    /// Writes down what stands here: a scalar, or a list or an object with all that it has.
    fn write_down(&mut self, place: u16, node: u16) -> Option<()> {
        let (start, next) = (self.at, self.entries.len() as u32);
        *self.places.get_mut(usize::from(place))? = next;
        let (piece, kind) = match self.peek()? {
            b'"' => (self.string()?, Kind::Text),
            b'{' | b'[' if node == ALL => return self.tree(),
            // Places inside of what has a place itself.
            b'{' | b'[' => return None,
            b't' => (self.word("true")?, Kind::True),
            b'f' => (self.word("false")?, Kind::False),
            b'n' => (self.word("null")?, Kind::Null),
            _ => {
                let length = number_length(&self.bytes[start..]);
                self.at += length;
                (piece(start, self.at), Kind::Number)
            }
        };
        self.entries.push(entry(piece, kind, next + 1));
        (start < self.at).then_some(())
    }

    fn tree(&mut self) -> Option<()> {
        (self.entries, self.at) = Tape::read_behind(self.text, self.at, std::mem::take(&mut self.entries))?;
        Some(())
    }

    /// The name that stands here; none when it has escapes.
    #[inline]
    fn name(&mut self) -> Option<(usize, usize)> {
        self.needs(b'"')?;
        let start = self.at;
        self.at += plain_run(self.bytes.get(start..)?);
        let end = self.at;
        self.needs(b'"')?;
        Some((start, end))
    }

    /// Goes to the value of the member that begins here: what is wanted of it; none when its name may have been here before.
    #[inline]
    fn member(&mut self, node: u16, around: &Around, seen: &mut u64) -> Option<Want> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        let member = match self.habit.expected(node, rest) {
            Some((member, length)) => {
                self.at += length;
                member
            }
            None => {
                let name = self.name()?;
                let (want, bit) = self.wanted(around, name)?;
                self.space();
                self.needs(b':')?;
                self.space();
                let member = Member::new(node, want, bit);
                self.habit.learn(member, &self.bytes[at..self.at]);
                member
            }
        };
        if *seen & member.bit != 0 {
            return None;
        }
        *seen |= member.bit;
        Some(member.want)
    }

    /// What is wanted of a member of this name, and the bit of the name among those that are wanted.
    fn wanted(&self, around: &Around, (start, end): (usize, usize)) -> Option<(Want, u64)> {
        let edge = match self.outline.named(around, &self.bytes[start..end]) {
            None if self.outline.has_loose(around) => self.outline.loosely_named(around, self.text.get(start..end)?),
            edge => edge,
        };
        let Some(edge) = edge else { return Some((around.others(), 0)) };
        let bit = 1_u64.checked_shl(around.own_number(edge).into())?;
        Some((self.outline.want(edge), bit))
    }

    fn string(&mut self) -> Option<Piece> {
        self.at += 1;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += plain_run(self.bytes.get(self.at..)?);
            match self.peek()? {
                b'"' => break,
                b'\\' => (_, self.at) = escape(self.text, self.at).ok()?,
                _ => return None,
            }
            escaped = true;
        }
        self.at += 1;
        Some(Piece { escaped, ..piece(start, self.at - 1) })
    }

    fn word(&mut self, word: &str) -> Option<Piece> {
        let start = self.at;
        self.at += word.len();
        (self.bytes.get(start..self.at)? == word.as_bytes()).then(|| piece(start, self.at))
    }

    #[inline]
    fn space(&mut self) {
        while self.at < self.bytes.len() && matches!(self.bytes[self.at], b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn needs(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }
}

fn entry(piece: Piece, kind: Kind, next: u32) -> Entry {
    Entry { piece, name: Piece::default(), name_mark: 0, next, kind, shadowed: false }
}
