//! What erasing a person does to what is kept (L12): an element goes from a body and all others stay where they are, and of what is kept of a
//! transition only figures and ids stay.

use super::body::TextRepair;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The cause of a transition to `canceled` that erasing led to.
pub const CAUSE: &str = "erased";
/// What stays of the detail of a transition: nothing of it is said of a person.
const DETAIL_KEPT: [&str; 8] =
    ["attempts", "bulk_job_id", "cause", "delivery_id", "moved_to", "period", "price", "user_id"];

/// What was erased of a raw request. From then on its body is the text that was opened, in UTF-8, whatever its headers say: with blanks for
/// the elements that are gone, so that all others are where they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedElements {
    /// The places of the elements that are gone, in their order: first byte and length.
    pub elements: Vec<(usize, usize)>,
    /// What was rewritten in the others when the body was opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<TextRepair>,
}

impl ErasedElements {
    /// Whether the element at this place is gone.
    pub fn contains(&self, start: usize, bytes: usize) -> bool {
        self.elements.contains(&(start, bytes))
    }

    /// Whether the element that began here is gone: what stands there now is shorter, with blanks behind it.
    pub fn began_at(&self, start: usize) -> bool {
        self.elements.iter().any(|place| place.0 == start)
    }

    /// Adds a place; none is there twice.
    pub fn add(&mut self, start: usize, bytes: usize) {
        if let Err(at) = self.elements.binary_search(&(start, bytes)) {
            self.elements.insert(at, (start, bytes));
        }
    }

    /// Forgets what was rewritten in what is gone.
    pub fn forget_repairs(&mut self) {
        let gone: Vec<Range<usize>> = self.elements.iter().map(|(start, bytes)| *start..start + bytes).collect();
        self.repairs.retain(|repair| !gone.iter().any(|place| place.contains(&repair.offset)));
    }
}

/// Puts `null` and blanks in the place of an element; returns whether the text has this place.
pub fn blank(text: &mut String, start: usize, bytes: usize) -> bool {
    let end = start.saturating_add(bytes);
    if text.get(start..end).is_none() {
        return false;
    }
    let value = match bytes {
        0 => "",
        1..4 => "0",
        _ => "null",
    };
    text.replace_range(start..end, &format!("{value:<bytes$}"));
    true
}

/// What stays of the detail of a transition, a JSON object; none where nothing does.
pub fn kept_detail(detail: &[u8]) -> Option<Vec<u8>> {
    let members: Map<String, Value> = serde_json::from_slice(detail).ok()?;
    let kept = members.into_iter().filter(|(name, value)| {
        DETAIL_KEPT.contains(&name.as_str()) && !value.is_object() && !value.is_array() && !value.is_null()
    });
    let kept: Map<String, Value> = kept.collect();
    if kept.is_empty() { None } else { serde_json::to_vec(&kept).ok() }
}

/// SHA-256 of what was sent: of the body, or of the query where there is none.
pub fn message_digest(query: &[(String, String)], body: Option<&[u8]>) -> [u8; 32] {
    match body {
        Some(body) => Sha256::digest(body).into(),
        None => {
            let mut written = url::form_urlencoded::Serializer::new(String::new());
            written.extend_pairs(query);
            Sha256::digest(written.finish().as_bytes()).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn l12_an_element_is_blanked_in_its_place() {
        for (text, place, expected) in [
            (r#"[{"a":"é"},{"b":2}]"#, (1, 10), r#"[null      ,{"b":2}]"#),
            ("[{},1]", (1, 2), "[0 ,1]"),
            ("[{},1]", (4, 1), "[{},0]"),
            ("x", (1, 0), "x"),
        ] {
            let mut blanked = text.to_owned();
            assert!(blank(&mut blanked, place.0, place.1), "{text}");
            assert_eq!((blanked.as_str(), blanked.len()), (expected, text.len()));
        }
        for place in [(0, 9), (2, 1), (usize::MAX, 2)] {
            assert!(!blank(&mut "[é]".to_owned(), place.0, place.1), "{place:?}");
        }
    }

    #[test]
    fn l12_figures_and_ids_stay_of_a_detail() {
        let detail = br#"{"reason":"Ann is known","price":"1.50","attempts":2,"delivery_id":"dlv_1","last_response":{"body":"Ann"}}"#;
        let kept: Value = serde_json::from_slice(&kept_detail(detail).unwrap()).unwrap();
        assert_eq!(kept, serde_json::json!({"price": "1.50", "attempts": 2, "delivery_id": "dlv_1"}));
        for nothing in [&b"{\"input\":\"ann@x.example\"}"[..], b"{\"price\":{\"a\":\"Ann\"}}", b"[]", b"no"] {
            assert_eq!(kept_detail(nothing), None);
        }
    }

    #[test]
    fn l12_what_was_sent_has_a_digest() {
        let query = [("email".to_owned(), "ann@x.example".to_owned())];
        assert_eq!(message_digest(&query, Some(b"x")), message_digest(&[], Some(b"x")));
        let of_query: [u8; 32] = Sha256::digest(b"email=ann%40x.example").into();
        assert_eq!(message_digest(&query, None), of_query);
    }

    proptest! {
        /// Whatever is erased, and in whatever order: what is left is where it was, and the whole is JSON.
        #[test]
        fn l12_what_is_left_stays_where_it_was(
            items in proptest::collection::vec("[0-9]{1,3}|\"[a-zäé]{0,9}\"|\\{\"k\":\"[a-z ]{0,9}\"\\}", 1..9),
            gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..9),
        ) {
            let items: Vec<String> = items.into_iter().map(|item| if item.starts_with('0') { "0".to_owned() } else { item }).collect();
            let mut text = format!("[{}]", items.join(","));
            let mut places = Vec::new();
            let mut at = 1;
            for item in &items {
                places.push((at, item.len()));
                at += item.len() + 1;
            }
            let mut erased = ErasedElements::default();
            for index in gone {
                let (start, bytes) = places[index.index(places.len())];
                prop_assert!(blank(&mut text, start, bytes));
                erased.add(start, bytes);
            }
            prop_assert!(erased.elements.is_sorted());
            for ((start, bytes), item) in places.iter().zip(&items) {
                if !erased.contains(*start, *bytes) {
                    prop_assert_eq!(&text[*start..start + bytes], item);
                }
            }
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
        }
    }
}
