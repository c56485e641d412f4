//! A guide as Markdown (CommonMark with the tables of GitHub).

use super::{Block, Inline, Line, visible};

/// Marks that words of the host may have by accident.
const MARKS: &[char] = &['\\', '*', '_', '[', ']', '<', '>', '|', '~', '&', '#'];

/// Writes the guide.
pub(crate) fn markdown(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(line) => format!("# {}\n", inline(line, false)),
        Block::Heading(title) => format!("## {title}\n"),
        Block::Paragraph(line) => format!("{}\n", inline(line, false)),
        Block::List(items) => items.iter().map(|item| format!("- {}\n", inline(item, false))).collect(),
        Block::Table(titles, rows) => table(titles, rows),
        Block::Code(language, text) => {
            let fence = "`".repeat((longest_run(text) + 1).max(3));
            format!("{fence}{language}\n{text}\n{fence}\n")
        }
    }
}

fn table(titles: &[&str], rows: &[Vec<Line>]) -> String {
    let mut text = format!("| {} |\n|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| inline(cell, true)).collect();
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

fn inline(line: &Line, in_table: bool) -> String {
    line.iter().map(|part| part_of(part, in_table)).collect()
}

fn part_of(part: &Inline, in_table: bool) -> String {
    match part {
        Inline::Words(words) => escape(words, |c| MARKS.contains(&c)),
        Inline::Text(text) => escape(&visible(text), |c| c.is_ascii_punctuation()),
        Inline::Code(code) => code_span(&visible(code), in_table),
    }
}

fn escape(text: &str, is_mark: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_mark(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Code in a line: between more back-quotes than it has in a row. In a table a bar ends the cell, in code too, unless it is escaped.
fn code_span(code: &str, in_table: bool) -> String {
    if code.trim().is_empty() {
        return "\"\"".to_owned() + &"\\ ".repeat(usize::from(!code.is_empty()));
    }
    let mark = "`".repeat(longest_run(code) + 1);
    let code = if in_table { code.replace('|', "\\|") } else { code.to_owned() };
    // A space at both ends is taken off again.
    let space = if code.starts_with(['`', ' ']) || code.ends_with(['`', ' ']) { " " } else { "" };
    format!("{mark}{space}{code}{space}{mark}")
}

/// How many back-quotes stand in a row at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn i6_markdown_from_outside_is_text() {
        for (given, written) in [
            ("<script>", "\\<script\\>"),
            ("`|[x](javascript:1)", "\\`\\|\\[x\\]\\(javascript\\:1\\)"),
            ("a\n# b", "a \\# b"),
            ("https://x.example", "https\\:\\/\\/x\\.example"),
            ("Füße 5", "Füße 5"),
        ] {
            assert_eq!(part_of(&text(given), false), written);
        }
    }

    #[test]
    fn i6_code_from_outside_stays_code() {
        for (given, in_table, written) in [
            ("a", false, "`a`"),
            ("`", false, "`` ` ``"),
            ("a``b", false, "```a``b```"),
            ("a|b", true, "`a\\|b`"),
            ("a|b", false, "`a|b`"),
            ("a\nb", true, "`a b`"),
            (" a", false, "`  a `"),
            ("", false, "\"\""),
        ] {
            assert_eq!(part_of(&Inline::Code(given.to_owned()), in_table), written, "{given}");
        }
        let block = block(&Block::Code("json", "```\n# x".to_owned()));
        assert_eq!(block, "````json\n```\n# x\n````\n");
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let rows = vec![vec![vec![text("a\nb")], vec![Inline::Code("c".to_owned())]]];
        assert_eq!(table(&["x", "y"], &rows), "| x | y |\n|---|---|\n| a b | `c` |\n");
    }
}
