//! What is left of a raw request without some of its elements: all others stay where they are, and what stands around them names the person no
//! longer.

use crate::element::{RequestReader, StoredBody};
use crate::rendered::json;
use hookmill_domain::body::Opened;
use hookmill_domain::config::Limits;
use hookmill_domain::envelope;
use hookmill_domain::erasure::{ErasedElements, blank};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::person::Person;
use hookmill_store::erasures::{ErasableRequest, ErasedBody};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The place of an element in a body's text: first byte and length.
pub(crate) type ElementPlace = (usize, usize);

/// An element that its host rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedElement {
    /// Its index in the request.
    pub(crate) index: usize,
    /// Why it was rejected.
    pub(crate) code: String,
    /// Where it stands.
    pub(crate) place: ElementPlace,
    /// Its text.
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    rejected: Vec<Rejection>,
}

#[derive(Deserialize)]
struct Rejection {
    index: usize,
    #[serde(default)]
    code: String,
}

/// Whether a response says that elements were rejected.
pub(crate) fn has_rejected(response: &[u8]) -> bool {
    serde_json::from_slice::<Response>(response).is_ok_and(|response| !response.rejected.is_empty())
}

fn stored(request: &ErasableRequest) -> StoredBody<'_> {
    let ErasableRequest { content_type, metadata, erased, body, .. } = request;
    StoredBody { content_type, metadata, erased: erased.as_deref(), body }
}

/// The rejected elements of a request that are still there.
pub(crate) fn rejected_elements(request: &ErasableRequest, limits: &Limits) -> Vec<RejectedElement> {
    let Ok(reader) = RequestReader::open(stored(request), limits) else { return Vec::new() };
    let (opened, _, erased) = reader.into_parts();
    rejected_in(&request.response, &opened, &erased)
}

fn rejected_in(response: &[u8], opened: &Opened<'_>, erased: &ErasedElements) -> Vec<RejectedElement> {
    let Ok(Response { rejected }) = serde_json::from_slice(response) else { return Vec::new() };
    if rejected.is_empty() {
        return Vec::new();
    }
    // It was read when it came; the bound on elements may have been lowered since.
    let Ok(envelope) = envelope::parse(opened.text(), usize::MAX) else { return Vec::new() };
    let elements = rejected.into_iter().filter_map(|Rejection { index, code }| {
        let element = envelope.elements.get(index)?;
        let place = (element.start, element.len);
        let text = opened.text().get(place.0..place.0 + place.1)?.to_owned();
        (!erased.began_at(place.0)).then_some(RejectedElement { index, code, place, text })
    });
    elements.collect()
}

/// What is left of a request without the elements at `gone`; `others` are those of submissions that are not erased.
pub(crate) fn erase_elements(
    request: ErasableRequest,
    gone: &BTreeSet<ElementPlace>,
    others: &BTreeSet<ElementPlace>,
    person: &Person,
    limits: &Limits,
) -> ErasedBody {
    let bytes_before = i64::try_from(request.body.len() + request.metadata.len()).unwrap_or(i64::MAX);
    let left = match RequestReader::open(stored(&request), limits) {
        Ok(reader) => {
            let (opened, metadata, erased) = reader.into_parts();
            Left::of(&request.response, &opened, metadata, erased, gone, others, person)
        }
        // Nobody can read what is left of it either.
        Err(_) => Left::nothing(ErasedElements::default(), gone),
    };
    ErasedBody {
        request_id: request.id,
        erased_before: request.erased,
        erased: json(&left.erased),
        body: left.text.into_bytes(),
        metadata: json(&left.metadata),
        is_whole: left.is_nothing,
        bytes_before,
    }
}

struct Left {
    text: String,
    metadata: RequestMetadata,
    erased: ErasedElements,
    is_nothing: bool,
}

impl Left {
    fn nothing(mut erased: ErasedElements, gone: &BTreeSet<ElementPlace>) -> Self {
        gone.iter().for_each(|(start, bytes)| erased.add(*start, *bytes));
        erased.repairs.clear();
        Self { text: String::new(), metadata: RequestMetadata::default(), erased, is_nothing: true }
    }

    fn of(
        response: &[u8],
        opened: &Opened<'_>,
        metadata: RequestMetadata,
        mut erased: ErasedElements,
        gone: &BTreeSet<ElementPlace>,
        others: &BTreeSet<ElementPlace>,
        person: &Person,
    ) -> Self {
        let rejected = rejected_in(response, opened, &erased).into_iter().map(|element| element.place);
        let kept: BTreeSet<ElementPlace> = others.iter().copied().chain(rejected).collect();
        let kept: BTreeSet<ElementPlace> =
            kept.into_iter().filter(|place| !gone.contains(place) && !erased.contains(place.0, place.1)).collect();
        if kept.is_empty() {
            return Self::nothing(erased, gone);
        }
        let mut text = opened.text().to_owned();
        erased.repairs = opened.repairs();
        for (start, bytes) in gone {
            blank(&mut text, *start, *bytes);
            erased.add(*start, *bytes);
        }
        erased.forget_repairs();
        let metadata = without_person(metadata, person);
        Self { text: overwrite_around(text, &kept, person), metadata, erased, is_nothing: false }
    }
}

/// Overwrites the person's addresses wherever none of the elements stands that are kept.
fn overwrite_around(text: String, kept: &BTreeSet<ElementPlace>, person: &Person) -> String {
    let (mut written, mut from) = (String::with_capacity(text.len()), 0);
    let around = |part: &str| {
        let mut part = part.to_owned();
        person.overwrite(&mut part);
        part
    };
    for (start, bytes) in kept {
        let (Some(before), Some(element)) = (text.get(from..*start), text.get(*start..start + bytes)) else { continue };
        written.push_str(&around(before));
        written.push_str(element);
        from = start + bytes;
    }
    written.push_str(&around(text.get(from..).unwrap_or_default()));
    written
}

fn without_person(metadata: RequestMetadata, person: &Person) -> RequestMetadata {
    let without = |pairs: Vec<(String, String)>| {
        let pairs = pairs.into_iter().map(|(name, mut value)| {
            person.overwrite(&mut value);
            (name, value)
        });
        pairs.collect()
    };
    let RequestMetadata { headers, query, charset, inbound } = metadata;
    RequestMetadata { headers: without(headers), query: without(query), charset, inbound }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::person::Address;

    const BODY: &str = r#"{"idempotency_key":"ann@x.example-1","leads":[{"campaign_id":"A","email":"ann@x.example"},{"campaign_id":"A","email":"bob@x.example","by":"ann@x.example"},{"email":"ann@x.example"}]}"#;

    fn request(content_type: &str, body: &[u8], erased: Option<Vec<u8>>) -> ErasableRequest {
        let metadata = br#"{"headers":[["x-from","ann@x.example"]],"query":[["utm","1"]]}"#.to_vec();
        let response = br#"{"accepted":[{"index":0},{"index":1}],"rejected":[{"index":2,"code":"campaign_unknown"}]}"#;
        let (id, content_type) = ("req_1".to_owned(), content_type.to_owned());
        ErasableRequest { id, content_type, metadata, response: response.to_vec(), erased, body: body.to_vec() }
    }

    fn ann() -> Person {
        Person { addresses: vec![Address::of(Some("ann@x.example"), None).unwrap()] }
    }

    fn place(element: &str) -> ElementPlace {
        (BODY.find(element).unwrap(), element.len())
    }

    fn read(body: &ErasedBody, place: ElementPlace) -> Option<String> {
        let stored = StoredBody {
            content_type: "application/json; charset=utf-16",
            metadata: &body.metadata,
            erased: Some(&body.erased),
            body: &body.body,
        };
        let reader = RequestReader::open(stored, &Limits::default()).unwrap();
        let (start, bytes) = (i64::try_from(place.0).unwrap(), i64::try_from(place.1).unwrap());
        reader.element(start, bytes).map(|element| element.text)
    }

    /// The element goes, and what stands around the others; the others stay as they were, even where they name the person.
    #[test]
    fn l12_the_others_stay_where_they_are() {
        let [first, second, third] = [
            r#"{"campaign_id":"A","email":"ann@x.example"}"#,
            r#"{"campaign_id":"A","email":"bob@x.example","by":"ann@x.example"}"#,
            r#"{"email":"ann@x.example"}"#,
        ];
        let limits = Limits::default();
        let (gone, others) = (BTreeSet::from([place(first)]), BTreeSet::from([place(second)]));
        let left = erase_elements(request("application/json", BODY.as_bytes(), None), &gone, &others, &ann(), &limits);
        assert_eq!((left.is_whole, left.body.len()), (false, BODY.len()));
        assert_eq!((read(&left, place(first)), read(&left, place(second)).as_deref()), (None, Some(second)));
        let text = String::from_utf8(left.body.clone()).unwrap();
        assert_eq!(text.matches("ann@x.example").count(), 2, "what was rejected is looked at by itself: {text}");
        assert!(!String::from_utf8_lossy(&left.metadata).contains("ann@"));

        let again = request("application/json", &left.body, Some(left.erased.clone()));
        let rejected = rejected_elements(&again, &limits);
        assert_eq!(
            (rejected[0].index, rejected[0].code.as_str(), rejected[0].text.as_str()),
            (2, "campaign_unknown", third)
        );
        let left = erase_elements(again, &BTreeSet::from([rejected[0].place]), &others, &ann(), &limits);
        let text = String::from_utf8(left.body.clone()).unwrap();
        assert_eq!((text.matches("ann@x.example").count(), text.len()), (1, BODY.len()));
        let again = request("application/json", &left.body, Some(left.erased.clone()));
        assert!(rejected_elements(&again, &limits).is_empty());

        let left = erase_elements(again, &others, &BTreeSet::new(), &ann(), &limits);
        assert!(left.is_whole && left.body.is_empty());
        assert_eq!(left.metadata, br#"{"headers":[],"query":[]}"#);
        assert_eq!(read(&left, place(second)), None);
    }

    /// I10: places are those of the text, whatever the bytes were, and so they stay.
    #[test]
    fn l12_a_body_in_another_charset_becomes_text() {
        let bytes = b"[{\"a\":\"Ren\xe9e\ny\"},{\"b\":\"Zo\xeb\nx\"}]";
        let mut request = request("application/json; charset=windows-1252", bytes, None);
        request.response = b"{}".to_vec();
        let (gone, others) = (BTreeSet::from([(1, 17)]), BTreeSet::from([(19, 15)]));
        let left = erase_elements(request, &gone, &others, &ann(), &Limits::default());
        assert_eq!(String::from_utf8(left.body.clone()).unwrap(), "[null             ,{\"b\":\"Zoë\\nx\"}]");
        assert_eq!(read(&left, (19, 15)).as_deref(), Some("{\"b\":\"Zoë\\nx\"}"));
        let erased: ErasedElements = serde_json::from_slice(&left.erased).unwrap();
        assert_eq!(erased.repairs.len(), 1, "the warning of what is left stays");
    }

    #[test]
    fn l12_what_nobody_can_read_goes_whole() {
        let (gone, others) = (BTreeSet::from([(0, 3)]), BTreeSet::from([(4, 3)]));
        let left = erase_elements(request("image/png", b"x", None), &gone, &others, &ann(), &Limits::default());
        assert!(left.is_whole && left.body.is_empty());
        assert_eq!(left.bytes_before, 1 + 62);
    }
}
