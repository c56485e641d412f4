//! Elements, read again from the raw request: its bytes are kept as they came, and read as its headers say (I11), by the very code that
//! read them when they came.

use super::Pipeline;
use super::ingest::unavailable;
use hookmill_domain::beside::Beside;
use hookmill_domain::body::{self, Opened};
use hookmill_domain::config::Limits;
use hookmill_domain::error::ApiError;
use hookmill_store::requests::RawRequest;

/// One element of a request, and what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// The text of one JSON value.
    pub(crate) body: String,
    /// Headers and query.
    pub(crate) beside: Beside,
}

/// A request's body, opened once for all of its elements.
pub(crate) struct Reread<'a> {
    opened: Opened<'a>,
    beside: Beside,
}

impl<'a> Reread<'a> {
    /// Opens a body. It could be read when it came; bounds that were lowered since may refuse it.
    pub(crate) fn open(content_type: &str, beside: &[u8], bytes: &'a [u8], limits: &Limits) -> Result<Self, ApiError> {
        let beside: Beside = serde_json::from_slice(beside).unwrap_or_default();
        let coding = beside.headers.iter().find(|(name, _)| name == "content-encoding");
        let head = body::head(content_type, coding.map_or("", |(_, value)| value))?;
        Ok(Self { opened: body::open(&head, bytes, limits)?, beside })
    }

    /// The element at this place; none when the text has no such place. A body that was made a value is one element.
    pub(crate) fn element(&self, start: i64, bytes: i64) -> Option<Element> {
        let text = match &self.opened {
            Opened::Made(text) => text,
            Opened::Json(text) => {
                let start = usize::try_from(start).ok()?;
                text.get(start..start.checked_add(usize::try_from(bytes).ok()?)?)?.trim()
            }
        };
        Some(Element { body: text.to_owned(), beside: self.beside.clone() })
    }
}

impl Pipeline {
    /// The element that a submission came from, as its campaign's plugin gets it; none when its request is gone.
    pub async fn element(&self, submission_id: &str) -> Result<Option<String>, ApiError> {
        let found = self.store.element_place(submission_id).await.map_err(|error| unavailable(&error))?;
        let Some((request, start, bytes)) = found else { return Ok(None) };
        let RawRequest { content_type, beside, body } = request;
        let read = Reread::open(&content_type, &beside, &body, &self.settings.limits);
        Ok(read.ok().and_then(|read| read.element(start, bytes)).map(|element| element.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(content_type: &str, body: &[u8], place: (i64, i64)) -> Option<String> {
        let read = Reread::open(content_type, b"{}", body, &Limits::default()).unwrap();
        read.element(place.0, place.1).map(|element| element.body)
    }

    /// I10 I11: places are those of the text, whatever the bytes were.
    #[test]
    fn i11_elements_are_places_in_the_text() {
        type Row<'a> = (&'a str, &'a [u8], (i64, i64), Option<&'a str>);
        let table: [Row; 8] = [
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

    #[test]
    fn i11_the_coding_is_among_the_headers_that_matter() {
        let beside = br#"{"headers":[["content-encoding","gzip"]],"query":[]}"#;
        let refused = Reread::open("application/json", beside, b"{}", &Limits::default()).err().map(|r| r.code);
        assert_eq!(refused, Some("content_encoding_broken"));
    }
}
