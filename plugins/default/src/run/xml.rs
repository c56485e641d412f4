//! A body as XML: the opposite of how XML is read.
//!
//! | value | XML |
//! |---|---|
//! | a member of an object | an element of that name; of the root object, the one member is the root element |
//! | the member `@name` | an attribute; without a value it is left out |
//! | `#text`, `#cdata` | the element's own text, the latter as CDATA |
//! | a list | its element once for each item; an empty list is not an element |
//! | a text, number, boolean | text, every digit kept |
//! | null | an empty element |
//!
//! Always UTF-8. Characters that XML 1.0 can't hold (most control characters) are taken out: nothing can write them.

use std::borrow::Cow;

use hookmill_bodies::xml;
use hookmill_plugin_sdk::types::Failure;
use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesCData, BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;

use hookmill_json::Value;

/// The key of an element's own text.
pub const TEXT: &str = "#text";
/// The key of the same as CDATA.
pub const CDATA: &str = "#cdata";

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 255;

/// A body as an XML document; `root` names the root element when the body itself does not have one.
pub fn document(body: &Value<'_>, root: Option<&str>, is_undeclared: bool) -> Result<Vec<u8>, Failure> {
    let mut xml = Xml { writer: Writer::new(Vec::new()) };
    if !is_undeclared {
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    }
    match (root, body) {
        (Some(root), Value::List(_)) => return Err(reject(format!("`{root}` can be one element only, not a list"))),
        (Some(root), body) => xml.element(root, body)?,
        (None, Value::Object(members)) => match members.as_slice() {
            [(name, Value::List(_))] => return Err(reject(format!("`{name}` can be one element only, not a list"))),
            [(name, value)] => xml.element(name, value)?,
            _ => return Err(reject(format!("XML has one root element, but here are {}", members.len()))),
        },
        (None, other) => {
            return Err(reject(format!("the root element has no name, for the body is {}", other.type_name())));
        }
    }
    Ok(xml.writer.into_inner())
}

/// Whether a text is the name of an element or attribute, with at most one prefix.
pub fn is_name(name: &str) -> bool {
    let is_part = |part: &str| !part.contains(':') && xml::is_name(part);
    let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    name.len() <= NAME_BYTES_MAX && prefix.is_none_or(is_part) && is_part(local)
}

struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    fn put(&mut self, event: Event<'_>) -> Result<(), Failure> {
        self.writer.write_event(event).map_err(|why| reject(format!("the XML can't be written: {why}")))
    }

    /// The depth is the value's, which is bounded.
    fn element(&mut self, name: &str, value: &Value<'_>) -> Result<(), Failure> {
        if !is_name(name) {
            return Err(reject(format!(
                "`{name}` is not the name of an XML element; rename it where the body is made"
            )));
        }
        match value {
            Value::List(items) => items.iter().try_for_each(|item| match item {
                Value::List(_) => Err(reject(format!("`{name}` has a list in a list, for which XML has no names"))),
                item => self.element(name, item),
            }),
            Value::Object(members) => self.object(name, members),
            Value::Null => self.put(Event::Empty(BytesStart::new(name))),
            scalar => {
                self.put(Event::Start(BytesStart::new(name)))?;
                self.text(scalar.scalar_text().unwrap_or_default())?;
                self.put(Event::End(BytesEnd::new(name)))
            }
        }
    }

    fn object(&mut self, name: &str, members: &[(Cow<'_, str>, Value<'_>)]) -> Result<(), Failure> {
        let mut start = BytesStart::new(name);
        let mut is_empty = true;
        for (member, value) in members {
            match member.strip_prefix('@') {
                Some(attribute) => push_attribute(&mut start, attribute, value)?,
                None => is_empty = false,
            }
        }
        if is_empty {
            return self.put(Event::Empty(start));
        }
        self.put(Event::Start(start))?;
        for (member, value) in members.iter().filter(|(member, _)| !member.starts_with('@')) {
            match &**member {
                TEXT => self.text(own_text(TEXT, value)?)?,
                CDATA => self.cdata(own_text(CDATA, value)?)?,
                child => self.element(child, value)?,
            }
        }
        self.put(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.put(Event::Text(BytesText::from_escaped(escape(text, false))))
    }

    fn cdata(&mut self, text: &str) -> Result<(), Failure> {
        let held: String = text.chars().filter(|c| is_xml_char(*c)).collect();
        BytesCData::escaped(&held).try_for_each(|section| self.put(Event::CData(section)))
    }
}

fn push_attribute(start: &mut BytesStart<'_>, name: &str, value: &Value<'_>) -> Result<(), Failure> {
    if !is_name(name) {
        return Err(reject(format!("`@{name}` is not the name of an XML attribute; rename it where the body is made")));
    }
    if *value == Value::Null {
        return Ok(());
    }
    let text = own_text(name, value)?;
    start.push_attribute(Attribute { key: QName(name), value: escape(text, true) });
    Ok(())
}

fn own_text<'v>(name: &str, value: &'v Value<'_>) -> Result<&'v str, Failure> {
    if *value == Value::Null {
        return Ok("");
    }
    value.scalar_text().ok_or_else(|| reject(format!("`{name}` must be one text, not {}", value.type_name())))
}

/// Whether XML 1.0 can hold a character.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// A text as XML has it. A line break in an attribute, and a carriage return anywhere, would be read as something else.
fn escape(text: &str, in_attribute: bool) -> Cow<'_, str> {
    let is_plain = |c: char| is_xml_char(c) && !matches!(c, '&' | '<' | '>' | '"' | '\r' | '\n' | '\t');
    if text.chars().all(is_plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars().filter(|c| is_xml_char(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' if in_attribute => out.push_str("&#10;"),
            '\t' if in_attribute => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out.into()
}

fn reject(message: String) -> Failure {
    Failure::new("bad_xml", format!("body: {message}")).in_field("body")
}

#[cfg(test)]
mod tests;
