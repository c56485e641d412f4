//! A guide as a page: written by the server, readable without scripts.

use super::{Block, Inline, Line, visible};
use maud::{DOCTYPE, Markup, html};

/// Writes the page.
pub(crate) fn page(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|block| match block {
        Block::Title(line) => Some(line),
        _ => None,
    });
    let headings = || {
        blocks.iter().filter_map(|block| match block {
            Block::Heading(title) => Some(*title),
            _ => None,
        })
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { @for part in title.into_iter().flatten() { (plain(part)) } }
                link rel="stylesheet" href="/docs/style.css";
            }
            body {
                nav aria-label="Sections" {
                    ul { @for title in headings() { li { a href={ "#" (anchor(title)) } { (title) } } } }
                }
                main { @for block in blocks { (block_of(block)) } }
            }
        }
    };
    page.into_string()
}

fn block_of(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Title(line) => { h1 { (inline(line)) } }
            Block::Heading(title) => { h2 id=(anchor(title)) { (title) } }
            Block::Paragraph(line) => { p { (inline(line)) } }
            Block::List(items) => { ul { @for item in items { li { (inline(item)) } } } }
            Block::Table(titles, rows) => {
                table {
                    thead { tr { @for title in *titles { th scope="col" { (title) } } } }
                    tbody { @for row in rows { tr { @for cell in row { td { (inline(cell)) } } } } }
                }
            }
            Block::Code(_, text) => { pre { code { (text) } } }
        }
    }
}

fn inline(line: &Line) -> Markup {
    html! {
        @for part in line {
            @match part {
                Inline::Code(code) => { code { (visible(code)) } }
                other => { (plain(other)) }
            }
        }
    }
}

fn plain(part: &Inline) -> String {
    match part {
        Inline::Words(words) => words.clone().into_owned(),
        Inline::Text(text) | Inline::Code(text) => visible(text),
    }
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i6_a_page_writes_no_markup_from_outside() {
        let text = "<script>\"'&\u{202e}".to_owned();
        let blocks = [
            Block::Title(vec![Inline::Text(text.clone())]),
            Block::Paragraph(vec![Inline::Code(text.clone())]),
            Block::Code("json", text.clone()),
            Block::Table(&["a"], vec![vec![vec![Inline::Text(text)]]]),
        ];
        let page = page(&blocks);
        assert!(!page.contains("<script") && !page.contains("&quot;&quot;"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 5);
        assert_eq!(page.matches('\u{202e}').count(), 1, "only where a block of code has to be copied exactly");
    }
}
