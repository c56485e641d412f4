//! XML as one JSON value, by these rules:
//!
//! | XML | JSON |
//! |---|---|
//! | the root element | an object whose single member has the element's name |
//! | an element with text only | that text, as it is written: `<zip> 02139</zip>` is `" 02139"` |
//! | an empty element | `""` |
//! | an element with children or attributes | an object: attributes first, as `@name`, then children by name, in the order they begin |
//! | children of one name | one member with a list, at the place of the first; a single child is not a list |
//! | the element's own text beside attributes or children | `#text`: all its pieces in one, last; left out when it is blank, and beside children without the white space around it |
//! | CDATA | text |
//! | `&amp;` and its four kin, `&#233;`, `&#xe9;` | the character |
//! | comments, processing instructions, the declaration | nothing |
//! | a namespace's prefix | a part of the name: `soap:Body`; declarations are attributes: `@xmlns:soap` |
//!
//! Every value is text: nothing is taken for a number, a boolean or null (`xsi:nil="true"` is an attribute like any other). Line breaks
//! are `\n` however they were written, and in attributes a space, as XML has it.
//!
//! Rejected: a DOCTYPE (and so entities of its own, which could grow without end), names that are none, more than one root, text outside
//! of it, and whatever passes one of [`XmlLimits`].

mod name;
mod read;
mod write;

#[cfg(test)]
mod tests;

use crate::error::BodyError;

pub use name::is_name;

/// The bounds of an XML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlLimits {
    /// How deep elements may nest (32). The JSON value nests at most twice as deep.
    pub depth_max: usize,
    /// How many elements there may be (100,000).
    pub elements_max: usize,
    /// How many attributes one element may have (256).
    pub attributes_max: usize,
    /// How many bytes the JSON text may have (16 MiB).
    pub output_bytes_max: usize,
}

impl Default for XmlLimits {
    fn default() -> Self {
        Self { depth_max: 32, elements_max: 100_000, attributes_max: 256, output_bytes_max: 16 << 20 }
    }
}

/// An XML text as the text of one JSON value. The text is characters already: the encoding that its declaration names is not looked at.
pub fn to_json(text: &str, limits: &XmlLimits) -> Result<String, BodyError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = read::document(text, limits)?;
    write::document(text, &root, limits)
}
