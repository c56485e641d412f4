//! One value of the index: where its text lies, and which entry follows it.

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
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) escaped: bool,
}

impl Span {
    /// A piece without escapes.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, escaped: false }
    }
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its text; of a string without the quotes.
    pub(crate) span: Span,
    /// Its name, when it is a member.
    pub(crate) name: Span,
    /// The fingerprint of its name, see [`fingerprint`].
    pub(crate) name_fingerprint: u32,
    /// The entry behind this one and all inside it.
    pub(crate) next: u32,
    pub(crate) kind: Kind,
    /// Another member of this name comes later, which counts instead.
    pub(crate) overridden: bool,
}

impl Entry {
    /// A value without a name.
    #[inline]
    pub(crate) fn unnamed(span: Span, kind: Kind, next: u32) -> Self {
        Self { span, name: Span::default(), name_fingerprint: 0, next, kind, overridden: false }
    }
}

/// First, middle and last byte of a name, and its length: names that differ here need not be compared.
#[inline]
pub(crate) fn fingerprint(name: &[u8]) -> u32 {
    let [first, .., last] = name else { return name.first().copied().map_or(0, u32::from) };
    let middle = name[name.len() / 2];
    u32::from_le_bytes([*first, middle, *last, name.len() as u8])
}
