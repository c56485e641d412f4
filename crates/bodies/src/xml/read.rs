//! Reading: from text to a tree of elements, without recursion, so that a hostile text can't use up the stack.

use super::{XmlLimits, name::is_name};
use crate::error::{BodyError, Fault};
use quick_xml::Reader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::{EscapeError, resolve_xml_entity};
use quick_xml::events::attributes::{AttrError, Attribute};
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How many characters of a name or an entity a message quotes.
const QUOTED_CHARS_MAX: usize = 60;

/// An element with what is in it.
pub(super) struct Element {
    /// Its name with its prefix.
    pub name: String,
    /// Where it begins, for messages.
    pub offset: usize,
    /// Names without `@`, and values.
    pub attributes: Vec<(String, String)>,
    /// Its children in order.
    pub children: Vec<Element>,
    /// All pieces of its own text.
    pub text: String,
}

/// Reads one document and gives its root element.
pub(super) fn document(text: &str, limits: &XmlLimits) -> Result<Element, BodyError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut building = Building { text, limits, offset: 0, elements: 0, open: Vec::new(), root: None };
    loop {
        building.offset = offset(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => return building.end(),
            Ok(event) => building.take(event)?,
            Err(error) => return Err(syntax(&error).at(text, offset(reader.error_position()))),
        }
    }
}

/// What is known so far.
struct Building<'a> {
    text: &'a str,
    limits: &'a XmlLimits,
    /// Where the event under way begins.
    offset: usize,
    elements: usize,
    /// The elements that have begun and not ended, outermost first.
    open: Vec<Element>,
    root: Option<Element>,
}

impl Building<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), BodyError> {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(_) => self.close(),
            Event::Text(text) => self.add(&text.xml10_content()),
            Event::CData(text) => self.add(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let mut letters = [0; 4];
                let text = self.resolve(&reference, &mut letters)?;
                self.add(text)
            }
            Event::DocType(_) => Err(self.reject(Fault::Syntax, "xml_doctype", DOCTYPE).hint("leave it out")),
            // `Empty` never comes: the reader gives its two ends.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), BodyError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.reject(Fault::Syntax, "xml_syntax", "a second root element").hint("an XML text has one"));
        }
        if self.limits.depth_max <= self.open.len() {
            let message = format!("elements nest deeper than {} (depth_max)", self.limits.depth_max);
            return Err(self.reject(Fault::Syntax, "xml_too_deep", message));
        }
        self.elements += 1;
        if self.limits.elements_max < self.elements {
            let message = format!("more than {} elements (elements_max)", self.limits.elements_max);
            return Err(self.reject(Fault::TooMany, "xml_too_large", message).hint("send it in parts"));
        }
        let name = self.named(tag.name().as_ref())?;
        let attributes = self.attributes(tag)?;
        self.open.push(Element { name, offset: self.offset, attributes, children: Vec::new(), text: String::new() });
        Ok(())
    }

    fn attributes(&self, tag: &BytesStart<'_>) -> Result<Vec<(String, String)>, BodyError> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            if self.limits.attributes_max <= attributes.len() {
                let message =
                    format!("an element has more than {} attributes (attributes_max)", self.limits.attributes_max);
                return Err(self.reject(Fault::TooMany, "xml_too_large", message));
            }
            let attribute = attribute.map_err(|error| self.bad_attribute(&error))?;
            attributes.push((self.named(attribute.key.as_ref())?, self.value(&attribute)?));
        }
        Ok(attributes)
    }

    fn value(&self, attribute: &Attribute<'_>) -> Result<String, BodyError> {
        match attribute.normalized_value(Implicit1_0) {
            Ok(value) => Ok(value.into_owned()),
            Err(Error::Escape(error)) => Err(self.bad_escape(&error)),
            Err(error) => Err(syntax(&error).at(self.text, self.offset)),
        }
    }

    fn close(&mut self) -> Result<(), BodyError> {
        let Some(element) = self.open.pop() else { return Ok(()) };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), BodyError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if is_blank(text) => {}
            None => {
                let blanks = text.len() - text.trim_start().len();
                return Err(BodyError::new(Fault::Syntax, "xml_syntax", "text outside of the root element")
                    .hint(ONE_ELEMENT)
                    .at(self.text, self.offset.saturating_add(blanks)));
            }
        }
        Ok(())
    }

    fn resolve<'l>(&self, reference: &BytesRef<'_>, letters: &'l mut [u8; 4]) -> Result<&'l str, BodyError> {
        match reference.resolve_char_ref() {
            Ok(Some(letter)) => Ok(letter.encode_utf8(letters)),
            Ok(None) => resolve_xml_entity(reference).ok_or_else(|| self.unknown_entity(reference)),
            Err(_) => Err(self.bad_character(reference)),
        }
    }

    fn end(mut self) -> Result<Element, BodyError> {
        if let Some(element) = self.open.pop() {
            let message = format!("`<{}>` is not closed: `</{0}>` is missing at the end", quoted(&element.name));
            return Err(BodyError::new(Fault::Syntax, "xml_syntax", message).at(self.text, element.offset));
        }
        let root = self.root.take();
        root.ok_or_else(|| self.reject(Fault::Syntax, "xml_syntax", "there is no element").hint(ONE_ELEMENT))
    }

    fn named(&self, name: &str) -> Result<String, BodyError> {
        if is_name(name) {
            return Ok(name.to_owned());
        }
        let message = format!("`{}` is not a name", quoted(name));
        Err(self.reject(Fault::Syntax, "xml_syntax", message).hint("names begin with a letter or `_`"))
    }

    fn bad_attribute(&self, error: &AttrError) -> BodyError {
        let (at, message) = match error {
            AttrError::ExpectedEq(at) => (at, "an attribute needs `=` and a value in quotes"),
            AttrError::ExpectedValue(at) => (at, "an attribute needs a value in quotes after its `=`"),
            AttrError::UnquotedValue(at) => (at, "an attribute's value stands in quotes"),
            AttrError::ExpectedQuote(at, _) => (at, "the quote that ends an attribute's value is missing"),
            AttrError::Duplicated(at, _) => (at, "an element has each attribute once"),
        };
        // Their offsets count from behind the tag's `<`.
        let offset = self.offset.saturating_add(1).saturating_add(*at);
        BodyError::new(Fault::Syntax, "xml_syntax", message).at(self.text, offset)
    }

    fn bad_escape(&self, error: &EscapeError) -> BodyError {
        match error {
            EscapeError::UnrecognizedEntity(_, name) => self.unknown_entity(name),
            EscapeError::UnterminatedEntity(_) => {
                self.reject(Fault::Syntax, "xml_syntax", BARE_AMPERSAND).hint(WRITE_AMPERSAND)
            }
            _ => self.reject(Fault::Syntax, "xml_syntax", "an attribute's value has an entity that can't be read"),
        }
    }

    fn unknown_entity(&self, name: &str) -> BodyError {
        let message = format!("`&{};` is not one of XML's own (amp, lt, gt, quot, apos)", quoted(name));
        self.reject(Fault::Syntax, "xml_entity", message).hint("write the character itself")
    }

    fn bad_character(&self, reference: &str) -> BodyError {
        let message = format!("`&{};` is not a character", quoted(reference));
        self.reject(Fault::Syntax, "xml_syntax", message)
    }

    fn reject(&self, fault: Fault, code: &'static str, message: impl Into<String>) -> BodyError {
        BodyError::new(fault, code, message).at(self.text, self.offset)
    }
}

const ONE_ELEMENT: &str = "an XML text is one element";
const DOCTYPE: &str = "a DOCTYPE is not taken, since it may define entities that grow without end";
const BARE_AMPERSAND: &str = "`&` begins an entity that no `;` ends";
const WRITE_AMPERSAND: &str = "for the character itself write `&amp;`";

/// Whether there is nothing but XML's white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| matches!(letter, ' ' | '\t' | '\r' | '\n'))
}

fn syntax(error: &Error) -> BodyError {
    let (message, hint) = match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => (BARE_AMPERSAND.to_owned(), Some(WRITE_AMPERSAND)),
        Error::IllFormed(error) => (ill_formed(error), None),
        Error::Syntax(SyntaxError::UnclosedTag) => {
            ("a tag is not closed: `>` is missing".to_owned(), Some("for the character itself write `&lt;`"))
        }
        Error::Syntax(error) => (not_closed(error).to_owned(), None),
        _ => ("this is not XML".to_owned(), None),
    };
    let rejected = BodyError::new(Fault::Syntax, "xml_syntax", message);
    hint.into_iter().fold(rejected, BodyError::hint)
}

fn not_closed(error: &SyntaxError) -> &'static str {
    match error {
        SyntaxError::InvalidBangMarkup => "`<!` begins neither a comment nor CDATA here",
        SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => "an instruction is not closed: `?>` is missing",
        SyntaxError::UnclosedComment => "a comment is not closed: `-->` is missing",
        SyntaxError::UnclosedDoctype => "a DOCTYPE is not closed: `>` is missing",
        SyntaxError::UnclosedCData => "a CDATA section is not closed: `]]>` is missing",
        SyntaxError::UnclosedTag => "a tag is not closed: `>` is missing",
        SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
            "the quote that ends an attribute's value is missing"
        }
    }
}

fn ill_formed(error: &IllFormedError) -> String {
    match error {
        IllFormedError::MismatchedEndTag { expected, found } => {
            format!("`</{}>` should be here, not `</{}>`", quoted(expected), quoted(found))
        }
        IllFormedError::UnmatchedEndTag(name) => format!("`</{}>` closes nothing", quoted(name)),
        IllFormedError::MissingEndTag(name) => format!("`<{}>` is not closed", quoted(name)),
        IllFormedError::DoubleHyphenInComment => "a comment can't have `--` in it".to_owned(),
        _ => "the declaration at the beginning is not as XML has it".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
