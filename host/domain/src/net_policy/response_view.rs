//! What is shown of a response that redirects: its target may be as much of a secret as the URL that it stands for.

use super::url::{ECHO_BYTES_MIN, MASKED_PATH, UrlView};
use serde_json::Value;
use std::borrow::Cow;
use url::Url;

/// Under this name the details of a response have the target of a redirect.
const TARGET: &str = "redirects_to";
/// What repeats the target in a form that can't be told: the page that comes with a redirect.
const PAGE: [&str; 2] = ["body", "body_base64"];

impl UrlView {
    /// The details of a response as they are shown, JSON text as it is kept.
    pub fn show_response_text(self, details: Vec<u8>) -> Vec<u8> {
        // Few responses redirect: the others cost no tree.
        let redirects = details.windows(TARGET.len()).any(|window| window == TARGET.as_bytes());
        if self == Self::Full || !redirects {
            return details;
        }
        match serde_json::from_slice::<Value>(&details) {
            Ok(value) => self.show_response(&value).to_string().into_bytes(),
            Err(_) => details,
        }
    }

    /// The same of a value. Of a redirect's target, and of all URLs beside it, scheme and host are shown, and nothing of its page.
    pub fn show_response(self, details: &Value) -> Cow<'_, Value> {
        let Some(target) = find_target(details).filter(|_| self == Self::Masked) else {
            return Cow::Borrowed(details);
        };
        let mut shown = details.clone();
        mask(&mut shown, &pieces(target));
        Cow::Owned(shown)
    }
}

fn find_target(details: &Value) -> Option<&str> {
    match details {
        Value::Object(members) => {
            let here = members.get(TARGET).and_then(Value::as_str);
            here.or_else(|| members.values().find_map(find_target))
        }
        Value::Array(items) => items.iter().find_map(find_target),
        _ => None,
    }
}

/// What a text may repeat of a target that is relative: all of it, its path, its query.
fn pieces(target: &str) -> Vec<String> {
    let (path, query) = match Url::parse(target) {
        Ok(url) => (url.path().to_owned(), url.query().unwrap_or_default().to_owned()),
        Err(_) => {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            (path.to_owned(), query.to_owned())
        }
    };
    let whole = format!("{path}?{query}");
    [target.to_owned(), whole, path, query].into_iter().filter(|piece| ECHO_BYTES_MIN <= piece.len()).collect()
}

fn mask(details: &mut Value, pieces: &[String]) {
    match details {
        Value::String(text) => *text = mask_text(text, pieces),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, pieces)),
        Value::Object(members) => {
            let is_page = members.contains_key(TARGET);
            for (name, value) in members {
                match value {
                    Value::String(target) if name == TARGET => *target = UrlView::Masked.show(target),
                    page if is_page && PAGE.contains(&name.as_str()) => *page = Value::Null,
                    value => mask(value, pieces),
                }
            }
        }
        _ => {}
    }
}

/// A text with scheme and host alone of each URL in it, and without what it repeats of the target.
fn mask_text(text: &str, pieces: &[String]) -> String {
    let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = ["https://", "http://"].into_iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(from.len());
        let (url, behind) = from.split_at(end);
        masked.push_str(before);
        masked.push_str(&mask_url(url));
        rest = behind;
    }
    masked.push_str(rest);
    pieces.iter().fold(masked, |text, piece| text.replace(piece.as_str(), MASKED_PATH))
}

/// A URL in a sentence, and the mark behind it.
fn mask_url(text: &str) -> String {
    let url = text.trim_end_matches([',', ';', '.', ')', ':']);
    format!("{}{}", UrlView::Masked.show(url), &text[url.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn show_details(details: &Value) -> Value {
        let text = UrlView::Masked.show_response_text(details.to_string().into_bytes());
        serde_json::from_slice(&text).unwrap()
    }

    /// O9 W8: who may not set the URL sees of the target what is seen of the URL, wherever it is repeated.
    #[test]
    fn o9_the_target_of_a_redirect_is_masked() {
        let target = "https://www.client.example/T0/B0?key=secret&n=1";
        let reason = format!("the endpoint redirects to {target} (301); save {target} as its URL");
        let attempt = json!({"status": 301, "reason": reason, "redirects_to": target, "body": "<a href=\"/T0/B0?key=secret&amp;n=1\">", "body_base64": "YQ=="});
        let details = json!({"reason": reason, "attempts": 1, "last_response": attempt, "warnings": [{"message": "`/T0/B0?key=secret&n=1` is not a price"}]});
        let masked = show_details(&details);
        assert!(!masked.to_string().contains("secret") && !masked.to_string().contains("T0"), "{masked}");
        let expected = "the endpoint redirects to https://www.client.example/… (301); save https://www.client.example/… as its URL";
        assert_eq!((&masked["reason"], &masked["last_response"]["reason"]), (&json!(expected), &json!(expected)));
        assert_eq!(masked["last_response"]["redirects_to"], "https://www.client.example/…");
        assert_eq!((&masked["attempts"], &masked["last_response"]["body"]), (&json!(1), &Value::Null));
        assert_eq!(*UrlView::Full.show_response(&details), details);
    }

    #[test]
    fn o9_a_relative_target_is_masked() {
        let details = json!({"reason": "the endpoint redirects to https://client.example/moved?token=secret (302) for now", "redirects_to": "/moved?token=secret", "message": "moved?token=secret, token=secret"});
        let masked = show_details(&details);
        assert_eq!(masked["reason"], "the endpoint redirects to https://client.example/… (302) for now");
        assert_eq!(masked["redirects_to"], "/…");
        assert!(!masked.to_string().contains("secret"), "{masked}");
    }

    #[test]
    fn other_responses_are_shown_as_they_are() {
        let details = json!({"reason": "see https://client.example/errors/7", "body": "x", "price": 1.50});
        assert_eq!(show_details(&details), details);
        assert_eq!(UrlView::Masked.show_response_text(b"redirects_to".to_vec()), b"redirects_to");
    }
}
