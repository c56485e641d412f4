//! Documents and inputs out of bytes: a grammar over every function, operator, path, message and interpretation that is declared.
//! The same bytes always make the same document, so that a property test and a fuzzer both walk through it.

mod documents;
mod functions;
mod messages;
mod paths;
mod rules;
mod values;

use arbitrary::Unstructured;

pub use documents::{document, document_of_fresh_keys};
pub use values::json;

/// What choices are drawn from. Where the bytes end, every choice is the first and every list is empty.
pub struct Draw<'b> {
    bytes: Unstructured<'b>,
    /// The keys that paths of `map` begin with, each another one, when that is asked for.
    fresh_keys: Option<usize>,
}

impl<'b> Draw<'b> {
    /// From these bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: Unstructured::new(bytes), fresh_keys: None }
    }

    /// With another key at the beginning of each path of `map`.
    pub fn with_fresh_keys(&mut self) {
        self.fresh_keys = Some(0);
    }

    /// A key that no path began with before, when that is asked for.
    fn fresh_key(&mut self) -> Option<String> {
        let number = self.fresh_keys.as_mut()?;
        *number += 1;
        Some(format!("k{number}k"))
    }

    /// How many, up to a bound.
    pub fn count(&mut self, max: usize) -> usize {
        self.bytes.int_in_range(0..=max).unwrap_or(0)
    }

    /// An integer, the ends and what is around them more often than the rest.
    pub fn whole(&mut self, from: i64, to: i64) -> i64 {
        match self.count(5) {
            0 => 1.clamp(from, to),
            1 => from,
            2 => to,
            3 => to.saturating_add(1),
            _ => self.bytes.int_in_range(from..=to).unwrap_or(from),
        }
    }

    /// Whether this one time in so many is now.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.count(times - 1) + 1 == times
    }

    /// One of several.
    pub fn one<'o, T: ?Sized>(&mut self, of: &[&'o T]) -> &'o T {
        of[self.count(of.len() - 1)]
    }

    /// One of several, as a text of its own.
    pub fn word(&mut self, of: &[&str]) -> String {
        self.one(of).to_owned()
    }

    /// So many at most of something.
    pub fn several<T>(&mut self, max: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.count(max)).map(|_| make(self)).collect()
    }

    /// Any text, seldom a long one.
    pub fn any_text(&mut self) -> String {
        let length = self.count(12);
        (0..length).map(|_| self.bytes.arbitrary::<char>().unwrap_or('a')).collect()
    }

    /// Any bytes, as many as so many.
    pub fn any_bytes(&mut self, max: usize) -> Vec<u8> {
        let length = self.count(max);
        (0..length).map(|_| self.bytes.arbitrary::<u8>().unwrap_or(0)).collect()
    }
}
