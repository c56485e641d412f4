//! Writing: from a tree of elements to the text of one JSON value. The tree's depth is bounded, so this may recurse.

use std::collections::BTreeMap;

use hookmill_json::write_text;

use super::XmlLimits;
use super::read::Element;
use crate::error::{BodyError, Fault};

/// The whole value.
pub(super) fn document(text: &str, root: &Element, limits: &XmlLimits) -> Result<String, BodyError> {
    let mut writing = Writing { text, limits, out: String::with_capacity(text.len()) };
    writing.out.push('{');
    writing.member("", &root.name);
    writing.element(root)?;
    writing.out.push('}');
    Ok(writing.out)
}

struct Writing<'a> {
    text: &'a str,
    limits: &'a XmlLimits,
    out: String,
}

impl Writing<'_> {
    fn element(&mut self, element: &Element) -> Result<(), BodyError> {
        if element.attributes.is_empty() && element.children.is_empty() {
            write_text(&mut self.out, &element.text);
            return self.bounded(element);
        }
        self.out.push('{');
        for (name, value) in &element.attributes {
            self.member("@", name);
            write_text(&mut self.out, value);
        }
        self.bounded(element)?;
        for siblings in by_name(&element.children) {
            self.siblings(&siblings)?;
        }
        if let Some(text) = own_text(element) {
            self.member("#", "text");
            write_text(&mut self.out, text);
        }
        self.out.push('}');
        self.bounded(element)
    }

    fn siblings(&mut self, siblings: &[&Element]) -> Result<(), BodyError> {
        let [first, rest @ ..] = siblings else { return Ok(()) };
        self.member("", &first.name);
        if rest.is_empty() {
            return self.element(first);
        }
        self.out.push('[');
        self.element(first)?;
        for sibling in rest {
            self.out.push(',');
            self.element(sibling)?;
        }
        self.out.push(']');
        Ok(())
    }

    /// A member's name and its colon, after a comma unless it is the first. Names hold nothing that JSON escapes.
    fn member(&mut self, mark: &str, name: &str) {
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        self.out.extend(["\"", mark, name, "\":"]);
    }

    fn bounded(&self, element: &Element) -> Result<(), BodyError> {
        if self.out.len() <= self.limits.output_bytes_max {
            return Ok(());
        }
        let message = format!(
            "the XML becomes more than {} bytes of JSON (output_bytes_max); send it in parts",
            self.limits.output_bytes_max
        );
        Err(BodyError::new(Fault::TooLarge, "xml_too_large", message).at(self.text, element.offset))
    }
}

/// The children grouped by name, each group at the place of its first.
fn by_name(children: &[Element]) -> Vec<Vec<&Element>> {
    let mut groups: Vec<Vec<&Element>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for child in children {
        let place = *places.entry(&child.name).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(child),
            None => groups.push(vec![child]),
        }
    }
    groups
}

/// An element's own text beside attributes or children; none when it is blank.
fn own_text(element: &Element) -> Option<&str> {
    let trimmed = element.text.trim_matches([' ', '\t', '\r', '\n']);
    if trimmed.is_empty() {
        return None;
    }
    Some(if element.children.is_empty() { &element.text } else { trimmed })
}
