//! Elements of requests: as they continue in memory, and read again from the raw request by the very code that read them when they came
//! (I11).

use super::Pipeline;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::body::{self, BodyWarning, Element, Opened};
use hookmill_domain::config::Limits;
use hookmill_domain::erasure::ErasedElements;
use hookmill_domain::error::ApiError;
use hookmill_domain::flow::lanes::{Item, LaneKey};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_engine::contract::Warning;
use hookmill_stages::{Kept, StandingBid};
use hookmill_store::requests::RawRequest;
use hookmill_store::work::{RequestWork, SubmissionWork};
use std::sync::Arc;

/// What a submission takes in memory besides its element, in bytes.
pub(crate) const ITEM_BYTES: usize = 512;

/// A submission with its element: the same whether it came from intake or was loaded from the store.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) row: SubmissionWork,
    /// The text of one JSON value, or why it can't be read any more.
    pub(crate) body: Result<String, String>,
    /// What is odd about how its element came.
    pub(crate) warnings: Vec<Warning>,
    pub(crate) origin: Arc<Origin>,
    /// What it goes on with, where it is not mapped.
    pub(crate) resumed: Option<Resumed>,
    /// What its client had bid, where it is only looked at.
    pub(crate) bid: Option<StandingBid>,
}

/// What a submission goes on with that was mapped before.
#[derive(Debug, Clone)]
pub(crate) struct Resumed {
    pub(crate) kept: Kept,
    pub(crate) lead: String,
    pub(crate) is_test: bool,
    /// The warnings that were noted so far.
    pub(crate) warnings: Vec<Warning>,
}

/// What the elements of one request have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) channel: String,
    pub(crate) source_name: String,
    pub(crate) metadata: RequestMetadata,
    pub(crate) remote_address: Option<String>,
}

impl Received {
    /// A submission whose element was read.
    pub(crate) fn readable(row: SubmissionWork, element: Element, origin: Arc<Origin>) -> Self {
        let warnings = element.warnings.into_iter().map(warning).collect();
        Self { row, body: Ok(element.text), warnings, origin, resumed: None, bid: None }
    }

    /// A submission that goes on with its lead.
    pub(crate) fn resumed(row: SubmissionWork, resumed: Resumed) -> Self {
        let (body, warnings, origin) = (Ok(String::new()), Vec::new(), Arc::default());
        Self { row, body, warnings, origin, resumed: Some(resumed), bid: None }
    }

    /// A submission whose element can't be read any more.
    pub(crate) fn unreadable(row: SubmissionWork, why: String) -> Self {
        Self { row, body: Err(why), warnings: Vec::new(), origin: Arc::default(), resumed: None, bid: None }
    }

    /// The state in which it was taken up.
    pub(crate) fn state(&self) -> State {
        State::parse(&self.row.state).unwrap_or(State::Received)
    }

    /// Whether it waits for its first-submission action, which has not decided.
    pub(crate) fn awaits_decision(&self) -> bool {
        let is_decided = self.resumed.as_ref().is_some_and(|resumed| resumed.kept.is_action_decided);
        self.state() == State::PendingAction && !is_decided
    }

    /// Its lane: its campaign.
    pub(crate) fn lane(&self) -> LaneKey {
        LaneKey::new(&self.row.organization_id, &self.row.campaign_key)
    }

    /// As it is queued.
    pub(crate) fn into_item(self) -> Item<Self> {
        let lead = self.resumed.as_ref().map_or(0, |resumed| resumed.lead.len());
        let bytes = ITEM_BYTES + self.body.as_ref().map_or(0, String::len) + lead;
        let shard = u16::try_from(self.row.shard).unwrap_or(0);
        Item { id: self.row.id.as_str().into(), shard, bytes, work: self }
    }
}

/// A request's body, opened once for all of its elements.
pub(crate) struct RequestReader<'a> {
    opened: Opened<'a>,
    metadata: RequestMetadata,
    erased: ErasedElements,
}

/// A raw request as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredBody<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) metadata: &'a [u8],
    /// The elements that were erased.
    pub(crate) erased: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
}

impl<'a> From<&'a RawRequest> for StoredBody<'a> {
    fn from(request: &'a RawRequest) -> Self {
        let RawRequest { content_type, metadata, erased, body } = request;
        Self { content_type, metadata, erased: erased.as_deref(), body }
    }
}

impl<'a> From<&'a RequestWork> for StoredBody<'a> {
    fn from(request: &'a RequestWork) -> Self {
        let RequestWork { content_type, metadata, erased, body, .. } = request;
        Self { content_type, metadata, erased: erased.as_deref(), body }
    }
}

impl<'a> RequestReader<'a> {
    /// Opens a body. It could be read when it came; bounds that were lowered since may reject it. Once something of it was erased, it is stored
    /// as it was opened.
    pub(crate) fn open(stored: StoredBody<'a>, limits: &Limits) -> Result<Self, ApiError> {
        let StoredBody { content_type, metadata, erased, body: bytes } = stored;
        let metadata: RequestMetadata = serde_json::from_slice(metadata).unwrap_or_default();
        if let Some(erased) = erased {
            let erased: ErasedElements = serde_json::from_slice(erased).unwrap_or_default();
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            return Ok(Self { opened: Opened::restore(text, &erased.repairs), metadata, erased });
        }
        let coding = metadata.headers.iter().find(|(name, _)| name == "content-encoding");
        let head = body::head(content_type, coding.map_or("", |(_, value)| value))?;
        let head = body::with_default_charset(head, metadata.charset.as_deref())?;
        Ok(Self { opened: body::open(&head, bytes, limits)?, metadata, erased: ErasedElements::default() })
    }

    /// The headers that matter and the query.
    pub(crate) fn metadata(&self) -> &RequestMetadata {
        &self.metadata
    }

    /// What its elements have in common.
    pub(crate) fn origin(&self, request: &RequestWork) -> Origin {
        Origin {
            channel: request.channel.clone(),
            source_name: request.source_name.clone().unwrap_or_default(),
            metadata: self.metadata.clone(),
            remote_address: request.remote_address.clone(),
        }
    }

    /// The element at this place; none when the text has no such place, or it was erased. A body that was made a value is one element.
    pub(crate) fn element(&self, start: i64, bytes: i64) -> Option<Element> {
        let (start, bytes) = (usize::try_from(start).ok()?, usize::try_from(bytes).ok()?);
        if self.erased.contains(start, bytes) {
            return None;
        }
        body::element(&self.opened, start, bytes)
    }

    /// Why there is no element at a place.
    pub(crate) fn missing(&self, start: i64, bytes: i64) -> &'static str {
        match (usize::try_from(start), usize::try_from(bytes)) {
            (Ok(start), Ok(bytes)) if self.erased.contains(start, bytes) => "its element was erased with the person",
            _ => "the raw request has no such element",
        }
    }

    /// The body as it was opened, and what was erased of it.
    pub(crate) fn into_parts(self) -> (Opened<'a>, RequestMetadata, ErasedElements) {
        (self.opened, self.metadata, self.erased)
    }
}

/// A warning about a body, as one of the lead.
pub(crate) fn warning(warning: BodyWarning) -> Warning {
    Warning { code: warning.code.to_owned(), path: "body".to_owned(), message: warning.message }
}

impl Pipeline {
    /// The element that a submission came from, as its campaign's plugin gets it; none when its request is gone.
    #[boxed]
    pub async fn element(&self, organization_id: &str, submission_id: &str) -> Result<Option<String>, ApiError> {
        let found = self.people.element_place(organization_id, submission_id).await.map_err(unavailable)?;
        let Some((request, start, bytes)) = found else { return Ok(None) };
        let reader = RequestReader::open(StoredBody::from(&request), &self.settings.limits);
        Ok(reader.ok().and_then(|reader| reader.element(start, bytes)).map(|element| element.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open<'a>(
        content_type: &'a str,
        metadata: &'a [u8],
        erased: Option<&'a [u8]>,
        body: &'a [u8],
    ) -> Result<RequestReader<'a>, ApiError> {
        RequestReader::open(StoredBody { content_type, metadata, erased, body }, &Limits::default())
    }

    fn element(content_type: &str, body: &[u8], place: (i64, i64)) -> Option<String> {
        let reader = open(content_type, b"{}", None, body).unwrap();
        reader.element(place.0, place.1).map(|element| element.text)
    }

    /// I10 I11: places are those of the text, whatever the bytes were.
    #[test]
    fn i11_elements_are_places_in_the_text() {
        type Row<'a> = (&'a str, &'a [u8], (i64, i64), Option<&'a str>);
        let table: [Row; 10] = [
            ("application/json", b"[{\"a\":\"x\ny\"},2]", (1, 12), Some("{\"a\":\"x\\ny\"}")),
            ("application/x-ndjson", b"{\"a\":1}\n\n2\n", (9, 1), Some("2")),
            ("application/json", b"[{\"a\":1},2]", (1, 7), Some("{\"a\":1}")),
            ("application/json", b" {} ", (0, 4), Some("{}")),
            ("application/json", b"\xef\xbb\xbf[1,2]", (3, 1), Some("2")),
            ("application/json; charset=latin1", b"[\"\xe9\",2]", (1, 4), Some("\"é\"")),
            ("application/json", b"[1]", (2, 5), None),
            ("application/json", b"[1]", (-1, 1), None),
            ("application/x-www-form-urlencoded", b"a=1", (0, 3), Some("{\"a\":\"1\"}")),
            ("application/xml", b"<a>1</a>", (0, 9), Some("{\"a\":\"1\"}")),
        ];
        for (content_type, body, place, expected) in table {
            assert_eq!(element(content_type, body, place).as_deref(), expected, "{content_type} {place:?}");
        }
    }

    /// I10: the charset of the source is that of when the request came.
    #[test]
    fn i11_the_charset_of_the_source_is_kept() {
        let metadata = br#"{"headers":[],"query":[],"charset":"windows-1252"}"#;
        let reader = open("application/x-www-form-urlencoded", metadata, None, b"a=%E9").unwrap();
        assert_eq!(reader.element(0, 9).unwrap().text, "{\"a\":\"\u{e9}\"}");
    }

    #[test]
    fn i11_the_coding_is_among_the_headers_that_matter() {
        let metadata = br#"{"headers":[["content-encoding","gzip"]],"query":[]}"#;
        let rejected = open("application/json", metadata, None, b"{}").err().map(|error| error.code);
        assert_eq!(rejected, Some("content_encoding_broken"));
    }

    /// L12: what is left of a body is text, whatever its headers say, and its elements are where they were.
    #[test]
    fn l12_what_is_left_of_a_body_is_read() {
        let metadata = br#"{"headers":[["content-encoding","gzip"]],"query":[],"charset":"windows-1252"}"#;
        let erased = br#"{"elements":[[1,9]],"repairs":[{"character":"\n","offset":17,"line":2,"column":7}]}"#;
        let reader =
            open("application/json; charset=utf-16", metadata, Some(erased), "[null     ,{\"a\":\"\\né\"}]".as_bytes())
                .unwrap();
        assert_eq!(reader.element(1, 9), None);
        assert_eq!(reader.missing(1, 9), "its element was erased with the person");
        assert_eq!(reader.missing(90, 9), "the raw request has no such element");
        let left = reader.element(11, 12).unwrap();
        assert_eq!((left.text.as_str(), left.warnings.len()), (r#"{"a":"\né"}"#, 1));
        assert_eq!(reader.metadata().headers.len(), 1);
    }
}
