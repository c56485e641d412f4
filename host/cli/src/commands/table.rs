//! Tables of plain text, aligned by what a terminal shows: wide letters take two places, marks none.

use unicode_width::UnicodeWidthChar;

/// The mark at the end of a truncated text.
pub(super) const CUT: &str = "…";
/// What is between columns.
const GAP: &str = "  ";

/// Rows under a head.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    widths_max: Vec<usize>,
}

impl Table {
    /// A table with these columns, each with its name and how wide it may be.
    pub(super) fn new(columns: &[(&str, usize)]) -> Self {
        let head = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self { rows: vec![head], widths_max: columns.iter().map(|(_, width)| *width).collect() }
    }

    /// Another row. A row that continues the one above leaves cells empty.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().zip(&self.widths_max).map(|(cell, max)| truncate(&cell, *max));
        self.rows.push(cells.collect());
    }

    /// Whether it has no rows apart from its head.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The lines, indented, without trailing spaces.
    pub(super) fn lines(&self, indent: &str) -> String {
        let columns = 0..self.widths_max.len();
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell)).max();
        let widths: Vec<usize> = columns.map(|column| width(column).unwrap_or_default()).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
            format!("{indent}{}", cells.join(GAP)).trim_end().to_owned() + "\n"
        };
        self.rows.iter().map(line).collect()
    }
}

fn pad(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(display_width(cell))))
}

/// The display width of a text.
fn display_width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// A text in one line, truncated with a mark where it is too wide. Control characters are escaped.
pub(super) fn truncate(text: &str, width_max: usize) -> String {
    let (mut shown, mut width) = (String::new(), 0);
    for piece in text.chars().map(escape) {
        let next = width + display_width(&piece);
        if width_max < next {
            while width_max <= display_width(&shown) {
                shown.pop();
            }
            return shown + CUT;
        }
        shown.push_str(&piece);
        width = next;
    }
    shown
}

/// A character, escaped if a terminal would interpret it.
pub(super) fn escape(c: char) -> String {
    match c {
        '\n' | '\r' | '\t' => c.escape_default().to_string(),
        c if c.is_control() || is_formatting(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    }
}

/// Characters that change the direction of text, or are invisible.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m10_columns_are_aligned_by_width() {
        let mut table = Table::new(&[("name", 10), ("value", 6)]);
        table.row(["李小龍".into(), "a".into()]);
        table.row(["e\u{301}".into(), "a long value".into()]);
        table.row([String::new(), "\u{1b}[2J".into()]);
        assert_eq!(table.lines("> "), "> name    value\n> 李小龍  a\n> e\u{301}       a lon…\n>         \\u{1b…\n");
    }

    #[test]
    fn m10_what_would_move_the_cursor_is_written_out() {
        let table = [
            ("a\nb\t", 20, "a\\nb\\t"),
            ("\u{1b}[31m", 20, "\\u{1b}[31m"),
            ("\u{202e}abc", 20, "\\u{202e}abc"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("李小龍", 5, "李小…"),
            ("李小龍", 4, "李…"),
            ("", 0, ""),
        ];
        for (text, width, expected) in table {
            assert_eq!(truncate(text, width), expected, "{text}");
        }
    }
}
