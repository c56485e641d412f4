//! What the texts of one source have in common: the same names in the same order. Who has read one knows what to expect of the
//! next, and has only to compare. A text that is otherwise is read as if nothing was known.

use super::outline::Want;

/// How many members are remembered; those behind are read as before.
const MEMBERS_MAX: usize = 256;

/// How many bytes of names are remembered.
const NAME_BYTES_MAX: usize = 4_096;

/// How often a text may be otherwise before nothing is expected any more.
const DISAPPOINTMENTS_MAX: u8 = 4;

/// The members of a text, in its order.
#[derive(Debug, Default)]
pub(super) struct Habit {
    /// The names, each from its first quote to the value behind it.
    names: Vec<u8>,
    members: Vec<Member>,
    /// Which member comes next in the text that is read now; past the last one when nothing is expected.
    next: usize,
    stage: Stage,
    disappointments: u8,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Stage {
    /// The first text is read as it is: most sandboxes see only one.
    #[default]
    New,
    /// The next text is remembered.
    Curious,
    /// This text is remembered.
    Learning,
    /// The next text is expected to be alike.
    Knowing,
    /// Texts are never alike.
    Weary,
}

/// A member: in which object it is, and what is wanted of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// The object, as a node of the outline.
    pub(super) node: u16,
    /// What is wanted.
    pub(super) want: Want,
    /// The bit of its name among the wanted ones of the object.
    pub(super) bit: u64,
    end: u32,
}

impl Member {
    /// A member of an object; where its name ends is filled in when it is remembered.
    pub(super) fn new(node: u16, want: Want, bit: u64) -> Self {
        Self { node, want, bit, end: 0 }
    }
}

impl Habit {
    /// A text begins.
    pub(super) fn begin(&mut self) {
        self.next = match self.stage {
            Stage::Knowing => 0,
            _ => usize::MAX,
        };
        match self.stage {
            Stage::New => self.stage = Stage::Curious,
            Stage::Curious => {
                self.names.clear();
                self.members.clear();
                self.stage = Stage::Learning;
            }
            _ => {}
        }
    }

    /// The text ends; what was remembered of one that could not be read is of no use.
    pub(super) fn end(&mut self, was_read: bool) {
        if self.stage == Stage::Learning {
            self.stage = if was_read { Stage::Knowing } else { Stage::Curious };
        }
    }

    /// The member that is expected here, with the length of its name up to the value, if it is the one that stands here.
    #[inline]
    pub(super) fn expected(&mut self, node: u16, text: &[u8]) -> Option<(Member, usize)> {
        let member = *self.members.get(self.next)?;
        let start = self.next.checked_sub(1).map_or(0, |before| self.members[before].end as usize);
        let name = &self.names[start..member.end as usize];
        if member.node != node || !text.starts_with(name) {
            self.disappointed();
            return None;
        }
        self.next += 1;
        Some((member, name.len()))
    }

    #[cold]
    fn disappointed(&mut self) {
        self.next = usize::MAX;
        self.disappointments += 1;
        self.stage = if self.disappointments < DISAPPOINTMENTS_MAX { Stage::Curious } else { Stage::Weary };
    }

    /// Remembers a member with its name up to the value.
    #[inline]
    pub(super) fn learn(&mut self, member: Member, name: &[u8]) {
        if self.stage == Stage::Learning && self.has_room(name) {
            self.names.extend_from_slice(name);
            self.members.push(Member { end: self.names.len() as u32, ..member });
        }
    }

    fn has_room(&self, name: &[u8]) -> bool {
        self.members.len() < MEMBERS_MAX && self.names.len() + name.len() <= NAME_BYTES_MAX
    }
}
