//! Lines and columns of places in a text, found in one pass in their order.

use super::draft::Place;

/// Finds lines and columns in a text.
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    line_start: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, line_start: 0 }
    }

    /// Where `part`, a slice of the text, begins.
    pub(super) fn locate(&mut self, part: &str) -> Place {
        self.place((part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    /// The line of the first byte from `offset` on that ends no line.
    pub(super) fn line_behind(&mut self, offset: usize) -> u64 {
        let rest = self.text.as_bytes().get(offset..).unwrap_or_default();
        let line_ends = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.place(offset + line_ends).line
    }

    fn place(&mut self, offset: usize) -> Place {
        for (passed, byte) in self.text.as_bytes().get(self.at..offset).unwrap_or_default().iter().enumerate() {
            if *byte == b'\n' {
                (self.line, self.line_start) = (self.line + 1, self.at + passed + 1);
            }
        }
        self.at = self.at.max(offset);
        Place { line: self.line, column: (offset.saturating_sub(self.line_start) + 1) as u64 }
    }
}
