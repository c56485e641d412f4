//! The fast reader: steps over what no path leads to, and writes down only what one does.
//!
//! It takes what is ordinary and gives up on anything else: a name with escapes, a name that may stand twice, a text that is not
//! JSON. Then the full [`crate::reader`] decides, which finds the same where both read a text.

use crate::entry::{Entry, Kind, Span};
use crate::index::{JsonIndex, MISSING};
use crate::number::number_length;
use crate::predictor::{KeyOrderPredictor, Member};
use crate::skip;
use crate::string::{escape, plain_run};
use crate::trie::{ALL, NONE, PathTrie, Target, TrieNode};

/// The entries, the whole value first, then what each path leads to with all inside it; and the entry of each path.
type Picked = (Vec<Entry>, Vec<u32>);

/// Reads what paths lead to; none when the text expect the full reader.
pub(crate) fn read(text: &str, trie: &PathTrie<'_>) -> Option<Picked> {
    let mut entries = Vec::with_capacity(trie.path_count() + 1);
    entries.push(Entry::unnamed(Span::new(0, text.len()), Kind::Object, 1));
    let found = vec![MISSING; trie.path_count()];
    let mut predictor = trie.take_predictor();
    predictor.begin();
    let mut picker = Picker { text, bytes: text.as_bytes(), at: 0, trie, entries, found, predictor };
    let is_read = picker.whole();
    let Picker { entries, found, mut predictor, .. } = picker;
    predictor.end(is_read.is_some());
    trie.keep_predictor(predictor);
    is_read.map(|()| (entries, found))
}

struct Picker<'t, 'o> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    trie: &'o PathTrie<'o>,
    entries: Vec<Entry>,
    found: Vec<u32>,
    predictor: KeyOrderPredictor,
}

impl Picker<'_, '_> {
    fn whole(&mut self) -> Option<()> {
        let whole = self.trie.whole();
        self.skip_space();
        if self.text.len() >= MISSING as usize || self.peek()? != b'{' || whole.path != NONE || ALL <= whole.node {
            return None;
        }
        self.object(whole.node)?;
        self.skip_space();
        (self.at == self.text.len()).then_some(())
    }

    /// Goes through the object that begins here. The depth is the trie's, which is bounded.
    fn object(&mut self, node: u16) -> Option<()> {
        let trie_node = self.trie.node(node);
        let mut seen = 0_u64;
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let target = self.member(node, &trie_node, &mut seen)?;
            self.value(target)?;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(b'}');
            }
            self.skip_space();
        }
    }

    /// Goes through the list that begins here.
    fn list(&mut self, node: u16) -> Option<()> {
        let trie_node = self.trie.node(node);
        let mut index = 0;
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Some(());
        }
        loop {
            let target = self.trie.item(&trie_node, index).unwrap_or(trie_node.others());
            self.value(target)?;
            index += 1;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(b']');
            }
            self.skip_space();
        }
    }

    #[inline]
    fn value(&mut self, target: Target) -> Option<()> {
        match target {
            // A loose name that fits an exact one as well.
            Target { loose_path, .. } if loose_path != NONE => return None,
            Target { path: NONE, node: NONE, .. } => self.at = skip::value(self.bytes, self.at)?,
            Target { path: NONE, node, .. } if node < ALL => match self.peek()? {
                b'{' => self.object(node)?,
                b'[' => self.list(node)?,
                _ => self.at = skip::value(self.bytes, self.at)?,
            },
            Target { path, .. } => self.record(path, target.node)?,
        }
        Some(())
    }

    /// Writes down the value here: a scalar, or a list or an object with all that is inside.
    fn record(&mut self, path: u16, node: u16) -> Option<()> {
        let (start, next) = (self.at, self.entries.len() as u32);
        *self.found.get_mut(usize::from(path))? = next;
        let (span, kind) = match self.peek()? {
            b'"' => (self.string()?, Kind::Text),
            b'{' | b'[' if node == ALL => return self.tree(),
            // Paths end here and go on inside.
            b'{' | b'[' => return None,
            b't' => (self.word("true")?, Kind::True),
            b'f' => (self.word("false")?, Kind::False),
            b'n' => (self.word("null")?, Kind::Null),
            _ => {
                let length = number_length(&self.bytes[start..]);
                self.at += length;
                (Span::new(start, self.at), Kind::Number)
            }
        };
        self.entries.push(Entry::unnamed(span, kind, next + 1));
        (start < self.at).then_some(())
    }

    fn tree(&mut self) -> Option<()> {
        (self.entries, self.at) = JsonIndex::append_value(self.text, self.at, std::mem::take(&mut self.entries))?;
        Some(())
    }

    /// The name that stands here; none when it has escapes.
    #[inline]
    fn name(&mut self) -> Option<(usize, usize)> {
        self.expect(b'"')?;
        let start = self.at;
        self.at += plain_run(self.bytes.get(start..)?);
        let end = self.at;
        self.expect(b'"')?;
        Some((start, end))
    }

    /// Goes to the value of the member that begins here: what paths lead to there; none when its name may have been here before.
    #[inline]
    fn member(&mut self, node: u16, trie_node: &TrieNode, seen: &mut u64) -> Option<Target> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        let member = match self.predictor.expect(node, rest) {
            Some((member, length)) => {
                self.at += length;
                member
            }
            None => {
                let name = self.name()?;
                let (target, bit) = self.target_of(trie_node, name)?;
                self.skip_space();
                self.expect(b':')?;
                self.skip_space();
                let member = Member::new(node, target, bit);
                self.predictor.learn(member, &self.bytes[at..self.at]);
                member
            }
        };
        if *seen & member.bit != 0 {
            return None;
        }
        *seen |= member.bit;
        Some(member.target)
    }

    /// What paths lead to at a member of this name, and the bit of the name among those that the trie names.
    fn target_of(&self, node: &TrieNode, (start, end): (usize, usize)) -> Option<(Target, u64)> {
        let edge = match self.trie.find_exact(node, &self.bytes[start..end]) {
            None if self.trie.has_loose_names(node) => self.trie.find_loose(node, self.text.get(start..end)?),
            edge => edge,
        };
        let Some(edge) = edge else { return Some((node.others(), 0)) };
        let bit = 1_u64.checked_shl(node.edge_offset(edge).into())?;
        Some((self.trie.target(edge), bit))
    }

    fn string(&mut self) -> Option<Span> {
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
        Some(Span { escaped, ..Span::new(start, self.at - 1) })
    }

    fn word(&mut self, word: &str) -> Option<Span> {
        let start = self.at;
        self.at += word.len();
        (self.bytes.get(start..self.at)? == word.as_bytes()).then(|| Span::new(start, self.at))
    }

    #[inline]
    fn skip_space(&mut self) {
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
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }
}
