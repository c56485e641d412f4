//! A posting guide in its two forms: written once as blocks, and then as a page or as Markdown. What comes from outside, such as names of
//! campaigns and fields, is a [`Inline::Text`] or [`Inline::Code`], which both forms escape.

mod content;
mod html;
mod markdown;

pub(crate) use content::{About, blocks};
pub(crate) use html::page;
pub(crate) use markdown::markdown;

use std::borrow::Cow;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inline {
    /// Words of the host.
    Words(Cow<'static, str>),
    /// A text from outside.
    Text(String),
    /// What is written exactly so; from anywhere.
    Code(String),
}

/// Parts of a line.
pub(crate) type Line = Vec<Inline>;

/// A block of a guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// The title of the guide.
    Title(Line),
    /// The title of a section.
    Heading(&'static str),
    /// A paragraph.
    Paragraph(Line),
    /// A list.
    List(Vec<Line>),
    /// A table: the titles of its columns, and its rows.
    Table(&'static [&'static str], Vec<Vec<Line>>),
    /// A block of code in a language.
    Code(&'static str, String),
}

/// Words of the host with their back-quoted parts as code.
pub(crate) fn words(text: &str) -> Line {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => Inline::Words(part.to_owned().into()),
        _ => Inline::Code(part.to_owned()),
    };
    text.split('`').enumerate().filter(|(_, part)| !part.is_empty()).map(part).collect()
}

/// A text from outside without what would hide or reorder what stands around it.
fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                ' '
            } else if is_hidden(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
