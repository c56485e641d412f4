//! A client's response as something that paths point at.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use hookmill_bodies::xml::{self, XmlLimits};
use hookmill_json::{JsonIndex, Node, NodeRef, Value};
use hookmill_plugin_sdk::types::{ClientResponse, Entropy};
use sha2::{Digest, Sha256};

use super::budget::WorkBudget;
use super::scope::trees::pairs;
use super::scope::{Call, Scope, random_bytes};
use crate::plan::{ReadAs, Root};

/// What no other stage mixes into its random bytes.
const STAGE_OF_RESPONSES: u64 = 3;

/// The roots of `interpret`.
pub struct ResponseScope<'a, 'c> {
    call: &'a Call<'c>,
    response: &'a ClientResponse,
    body: Option<Node<'a>>,
    status: Option<Value<'static>>,
    status_class: Option<Value<'static>>,
    attempt: Value<'static>,
    text: Option<Value<'a>>,
    error: Option<Value<'a>>,
    budget: WorkBudget,
    random_calls: Cell<u64>,
    header: OnceCell<Value<'a>>,
}

impl<'a, 'c> ResponseScope<'a, 'c> {
    /// The scope of a response with its text, and its body where it could be read.
    pub fn new(call: &'a Call<'c>, response: &'a ClientResponse, text: &'a str, body: Option<Node<'a>>) -> Self {
        let number = |number: u16| Value::integer(number.into());
        Self {
            call,
            response,
            body,
            status: response.status.map(number),
            status_class: response.status.map(|status| number(status / 100)),
            attempt: Value::integer(response.attempt.into()),
            text: response.status.map(|_| Value::text(text)),
            error: response.error.as_deref().map(Value::text),
            budget: WorkBudget::default(),
            random_calls: Cell::new(0),
            header: OnceCell::new(),
        }
    }
}

impl Scope for ResponseScope<'_, '_> {
    fn root(&self, root: Root) -> Option<NodeRef<'_>> {
        let made = match root {
            Root::Body => return self.body.map(NodeRef::Indexed),
            Root::Status => self.status.as_ref(),
            Root::StatusClass => self.status_class.as_ref(),
            Root::Text => self.text.as_ref(),
            Root::Attempt => Some(&self.attempt),
            Root::Error => self.error.as_ref(),
            Root::Header => Some(self.header.get_or_init(|| pairs(&self.response.headers))),
            _ => return self.call.root(root),
        };
        made.map(NodeRef::Built)
    }

    fn phone_region(&self) -> &str {
        self.call.phone_region()
    }

    fn now_ms(&self) -> i64 {
        self.call.now_ms()
    }

    fn time_zone(&self) -> &str {
        self.call.time_zone()
    }

    /// A response brings none; its submission and attempt stand for it.
    fn random_bytes(&self) -> [u8; 16] {
        let digest = Sha256::digest(&self.response.submission_id);
        let high = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let entropy = Entropy { high, low: self.response.attempt.into() };
        random_bytes(&entropy, STAGE_OF_RESPONSES, &self.random_calls)
    }

    fn budget(&self) -> &WorkBudget {
        &self.budget
    }
}

/// The bytes of a response as text: UTF-8, or Latin-1 where the content type says so. What is neither is replaced: a response
/// is checked whatever its bytes.
pub fn decode_body(response: &ClientResponse) -> Cow<'_, str> {
    let charset = header(response, "content-type").to_ascii_lowercase();
    if charset.contains("charset=iso-8859-1") || charset.contains("charset=\"iso-8859-1\"") {
        return response.body.iter().map(|byte| char::from(*byte)).collect::<String>().into();
    }
    let bytes = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body);
    String::from_utf8_lossy(bytes)
}

fn header<'a>(response: &'a ClientResponse, name: &str) -> &'a str {
    response.headers.iter().find(|pair| pair.name == name).map_or("", |pair| pair.value.as_str())
}

/// The body as JSON text, read as the document says; none when it is not what it claims to be.
pub fn body_to_json<'t>(read_as: ReadAs, response: &ClientResponse, text: &'t str) -> Option<Cow<'t, str>> {
    forms(read_as, response, text).find_map(|form| read(form, text))
}

/// Whether a body that could not be read was to say something: it is one of JSON or XML, as far as it goes, or there is more of it.
pub fn is_unreadable(read_as: ReadAs, response: &ClientResponse, text: &str) -> bool {
    let claims = || forms(read_as, response, text).any(|form| matches!(form, ReadAs::Json | ReadAs::Xml));
    response.truncated || !text.trim().is_empty() && claims()
}

/// What a body may be, the likeliest first.
fn forms(read_as: ReadAs, response: &ClientResponse, text: &str) -> impl Iterator<Item = ReadAs> {
    let forms = match read_as {
        ReadAs::Auto => [by_content_type(header(response, "content-type")), by_first_character(text)],
        given => [Some(given), None],
    };
    forms.into_iter().flatten()
}

fn by_content_type(content_type: &str) -> Option<ReadAs> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.rsplit(['/', '+']).next() {
        Some("json") => Some(ReadAs::Json),
        Some("xml") => Some(ReadAs::Xml),
        _ => None,
    }
}

fn by_first_character(text: &str) -> Option<ReadAs> {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => Some(ReadAs::Json),
        Some(b'<') => Some(ReadAs::Xml),
        _ => None,
    }
}

fn read(form: ReadAs, text: &str) -> Option<Cow<'_, str>> {
    match form {
        ReadAs::Json => JsonIndex::parse(text).ok().map(|_| text.into()),
        ReadAs::Xml => xml::to_json(text.trim_start(), &XmlLimits::default()).ok().map(Into::into),
        ReadAs::Auto | ReadAs::Text => None,
    }
}
