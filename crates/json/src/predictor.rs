//! Predicts the members of an object: texts of one source have the same names in the same order. Who has read one knows which
//! name to expect next, and has only to compare. A text that is otherwise is read as if nothing was known.

use crate::trie::Target;

/// How many members are remembered; those behind are read without a prediction.
const MEMBERS_MAX: usize = 256;

/// How many bytes of names are remembered.
const NAME_BYTES_MAX: usize = 4_096;

/// How many predictions may fail before nothing is predicted any more.
const FAILURES_MAX: u8 = 4;

/// The members of an earlier text, in its order.
#[derive(Debug, Default)]
pub(crate) struct KeyOrderPredictor {
    /// The names, each from its first quote to the value behind it.
    names: Vec<u8>,
    members: Vec<Member>,
    /// Which member comes next in the text that is read now; past the last one when nothing is predicted.
    next: usize,
    stage: Stage,
    failures: u8,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Stage {
    /// The first text is read as it is: most sandboxes see only one.
    #[default]
    First,
    /// The next text is remembered.
    Waiting,
    /// This text is remembered.
    Learning,
    /// The next text is predicted to be alike.
    Predicting,
    /// Texts are never alike.
    Disabled,
}

/// A member: in which object it is, and what paths lead to there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// The object, as a node of the trie.
    pub(crate) node: u16,
    /// What paths lead to at its value.
    pub(crate) target: Target,
    /// The bit of its name among those that the trie names in the object.
    pub(crate) bit: u64,
    end: u32,
}

impl Member {
    /// A member of an object; where its name ends is filled in when it is remembered.
    pub(crate) fn new(node: u16, target: Target, bit: u64) -> Self {
        Self { node, target, bit, end: 0 }
    }
}

impl KeyOrderPredictor {
    /// A text begins.
    pub(crate) fn begin(&mut self) {
        self.next = match self.stage {
            Stage::Predicting => 0,
            _ => usize::MAX,
        };
        match self.stage {
            Stage::First => self.stage = Stage::Waiting,
            Stage::Waiting => {
                self.names.clear();
                self.members.clear();
                self.stage = Stage::Learning;
            }
            _ => {}
        }
    }

    /// The text ends; what was remembered of one that could not be read is of no use.
    pub(crate) fn end(&mut self, is_read: bool) {
        if self.stage == Stage::Learning {
            self.stage = if is_read { Stage::Predicting } else { Stage::Waiting };
        }
    }

    /// The predicted member with the length of its name up to the value, if it is the one that stands here.
    #[inline]
    pub(crate) fn expect(&mut self, node: u16, text: &[u8]) -> Option<(Member, usize)> {
        let member = *self.members.get(self.next)?;
        let start = self.next.checked_sub(1).map_or(0, |before| self.members[before].end as usize);
        let name = &self.names[start..member.end as usize];
        if member.node != node || !begins_with(text, name) {
            self.count_failure();
            return None;
        }
        self.next += 1;
        Some((member, name.len()))
    }

    #[cold]
    fn count_failure(&mut self) {
        self.next = usize::MAX;
        self.failures += 1;
        self.stage = if self.failures < FAILURES_MAX { Stage::Waiting } else { Stage::Disabled };
    }

    /// Remembers a member with its name up to the value.
    #[inline]
    pub(crate) fn learn(&mut self, member: Member, name: &[u8]) {
        if self.stage == Stage::Learning && self.has_room(name) {
            self.names.extend_from_slice(name);
            self.members.push(Member { end: self.names.len() as u32, ..member });
        }
    }

    fn has_room(&self, name: &[u8]) -> bool {
        self.members.len() < MEMBERS_MAX && self.names.len() + name.len() <= NAME_BYTES_MAX
    }
}

/// Whether a text begins with a name. Names are short, and in a guest a comparison by the library goes byte by byte.
#[inline]
fn begins_with(text: &[u8], name: &[u8]) -> bool {
    let Some(text) = text.get(..name.len()) else { return false };
    let ((words, rest), (text_words, text_rest)) = (name.as_chunks::<8>(), text.as_chunks::<8>());
    let is_same = |(one, other): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*one) == u64::from_le_bytes(*other);
    words.iter().zip(text_words).all(is_same) && rest.iter().eq(text_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_with_a_name_or_does_not() {
        let text = b"\"first_name\": 1, \"last_name\": 2";
        for length in 0..=text.len() {
            assert!(begins_with(text, &text[..length]));
            for at in 0..length {
                let mut name = text[..length].to_vec();
                name[at] ^= 1;
                assert!(!begins_with(text, &name), "{length} {at}");
            }
        }
        assert!(!begins_with(b"ab", b"abc"));
    }
}
