//! One value of a lead or a body, and the ways to read it.

use std::borrow::Cow;
use std::str::FromStr;

use serde::Deserialize;

use crate::Object;
use crate::types::Failure;

/// A field that may be missing. Missing, null, empty text and 0 are four different things.
///
/// ```
/// use hookmill_plugin_sdk::Object;
///
/// let body = Object::parse(r#"{"nothing": null, "empty": "", "zero": 0}"#).unwrap();
/// assert!(body.get("phone").is_missing());
/// assert!(body.get("nothing").is_null());
/// assert_eq!(body.get("empty").text().as_deref(), Some(""));
/// assert_eq!(body.get("zero").number::<u8>().unwrap(), Some(0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    home: &'static str,
    name: &'a str,
    json: Option<&'a str>,
}

impl<'a> Field<'a> {
    pub(crate) fn new(name: &'a str, json: Option<&'a str>) -> Self {
        Self { home: "", name, json }
    }

    /// The same as a custom field of a lead.
    pub(crate) fn custom(self) -> Self {
        Self { home: "custom.", ..self }
    }

    /// Where it stands, as failures and rules tell it: its name, in a lead's custom fields with `custom.` before it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Lead;
    /// let lead = Lead::default();
    /// assert_eq!((lead.zip().path().as_str(), lead.custom("bill").path().as_str()), ("zip", "custom.bill"));
    /// ```
    pub fn path(&self) -> String {
        format!("{}{}", self.home, self.name)
    }

    /// Its name, as it was asked for.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// assert_eq!(Object::default().get("phone").name(), "phone");
    /// ```
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its JSON text exactly as it came; none when it is missing.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"price": 1.10}"#).unwrap();
    /// assert_eq!(body.get("price").json(), Some("1.10"));
    /// ```
    pub fn json(&self) -> Option<&'a str> {
        self.json
    }

    /// Whether the source did not say it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// assert!(Object::default().get("phone").is_missing());
    /// ```
    pub fn is_missing(&self) -> bool {
        self.json.is_none()
    }

    /// Whether the source said null.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// assert!(Object::parse(r#"{"phone": null}"#).unwrap().get("phone").is_null());
    /// ```
    pub fn is_null(&self) -> bool {
        self.json == Some("null")
    }

    /// Whether nothing can be read from it: missing, null, or text of white space alone.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"name": "  ", "age": 0}"#).unwrap();
    /// assert!(body.get("name").is_blank() && body.get("phone").is_blank() && !body.get("age").is_blank());
    /// ```
    pub fn is_blank(&self) -> bool {
        self.is_missing() || self.is_null() || self.text().is_some_and(|text| text.trim().is_empty())
    }

    /// Its text, or the digits of a number exactly as they came; none for all else. Copied only where it has an escape.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"name": "Jo\u00e3o", "zip": 02139, "phone": 5125550142, "tags": []}"#);
    /// assert!(body.is_err(), "JSON has no number that begins with 0");
    /// let body = Object::parse(r#"{"name": "Jo\u00e3o", "phone": 5125550142, "tags": []}"#).unwrap();
    /// assert_eq!(body.get("name").text().unwrap(), "João");
    /// assert_eq!(body.get("phone").text().unwrap(), "5125550142");
    /// assert_eq!(body.get("tags").text(), None);
    /// ```
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let json = self.json?;
        match json.as_bytes().first()? {
            b'"' => string(json),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json)),
            _ => None,
        }
    }

    /// Its text, which must not be blank.
    ///
    /// # Errors
    /// `field_missing` when it is blank, `not_text` when it is a list, an object or a boolean.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let failure = Object::default().get("email").required_text().unwrap_err();
    /// assert_eq!((failure.code.as_str(), failure.message.as_str()), ("field_missing", "`email` is missing"));
    /// ```
    pub fn required_text(&self) -> Result<Cow<'a, str>, Failure> {
        if self.is_blank() {
            let how = if self.is_missing() { "missing" } else { "blank" };
            return Err(self.failure("field_missing", format!("`{}` is {how}", self.path())));
        }
        self.text().ok_or_else(|| self.failure("not_text", format!("`{}` must be text", self.path())))
    }

    /// Its number, from a JSON number or from text that is one; none when it is blank.
    ///
    /// # Errors
    /// `not_a_number` when it is something else, or does not fit `N`.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"age": "41", "bill": 120.5, "rooms": "many"}"#).unwrap();
    /// assert_eq!(body.get("age").number::<u32>().unwrap(), Some(41));
    /// assert_eq!(body.get("bill").number::<f64>().unwrap(), Some(120.5));
    /// assert_eq!(body.get("roof").number::<u32>().unwrap(), None);
    /// assert_eq!(body.get("rooms").number::<u32>().unwrap_err().message, "`rooms` must be a number, not \"many\"");
    /// ```
    pub fn number<N: FromStr>(&self) -> Result<Option<N>, Failure> {
        if self.is_blank() {
            return Ok(None);
        }
        let number = self.text().and_then(|text| text.trim().parse().ok());
        number.map(Some).ok_or_else(|| self.failure("not_a_number", self.must_be("a number")))
    }

    /// Whether it is true; none unless it is a JSON boolean.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"owner": true, "pets": "false"}"#).unwrap();
    /// assert_eq!((body.get("owner").boolean(), body.get("pets").boolean()), (Some(true), None));
    /// ```
    pub fn boolean(&self) -> Option<bool> {
        match self.json? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Its members; an empty object when it is missing or null.
    ///
    /// # Errors
    /// `not_an_object` when it is something else.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"home": {"rooms": 4}}"#).unwrap();
    /// assert_eq!(body.get("home").object().unwrap().get("rooms").json(), Some("4"));
    /// assert!(body.get("office").object().unwrap().is_empty());
    /// ```
    pub fn object(&self) -> Result<Object<'a>, Failure> {
        match self.json {
            None | Some("null") => Ok(Object::default()),
            Some(json) => Object::parse(json).map_err(|_| self.failure("not_an_object", self.must_be("an object"))),
        }
    }

    /// Reads it as any type that serde reads; none when it is missing or null.
    ///
    /// # Errors
    /// `wrong_type` with serde's reason.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"tags": ["a", "b"]}"#).unwrap();
    /// assert_eq!(body.get("tags").read::<Vec<&str>>().unwrap(), Some(vec!["a", "b"]));
    /// assert_eq!(body.get("tags").read::<u32>().unwrap_err().code, "wrong_type");
    /// ```
    pub fn read<T: Deserialize<'a>>(&self) -> Result<Option<T>, Failure> {
        match self.json {
            None | Some("null") => Ok(None),
            Some(json) => serde_json::from_str(json)
                .map(Some)
                .map_err(|error| self.failure("wrong_type", format!("`{}` can't be read: {error}", self.path()))),
        }
    }

    fn must_be(&self, what: &str) -> String {
        format!("`{}` must be {what}, not {}", self.path(), shortened(self.json.unwrap_or("missing")))
    }

    fn failure(&self, code: &str, message: String) -> Failure {
        let failure = Failure::new(code, message).in_field(self.path());
        match self.json {
            Some(json) if json.len() <= QUOTED_BYTES_MAX => failure.on_input(json),
            _ => failure,
        }
    }
}

/// A longer input is not quoted whole.
const QUOTED_BYTES_MAX: usize = 200;

fn shortened(json: &str) -> String {
    if json.len() <= QUOTED_BYTES_MAX {
        return json.to_owned();
    }
    let start: String = json.chars().take(QUOTED_BYTES_MAX / 4).collect();
    format!("{start}…")
}

/// The text of a JSON string.
fn string(json: &str) -> Option<Cow<'_, str>> {
    if !json.contains('\\') {
        return Some(Cow::Borrowed(&json[1..json.len() - 1]));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &'static str) -> Field<'static> {
        Field::new("f", Some(json))
    }

    /// M3: missing, null, empty text and 0 are four different things.
    #[test]
    fn m3_four_different_things() {
        let told = |field: Field<'_>| (field.is_missing(), field.is_null(), field.text().map(Cow::into_owned));
        assert_eq!(told(Field::new("f", None)), (true, false, None));
        assert_eq!(told(field("null")), (false, true, None));
        assert_eq!(told(field("\"\"")), (false, false, Some(String::new())));
        assert_eq!(told(field("0")), (false, false, Some("0".to_owned())));
    }

    /// I10: no digit is lost, and none is invented.
    #[test]
    fn i10_digits_stay() {
        assert_eq!(field("1e400").text().unwrap(), "1e400");
        assert_eq!(field("12345678901234567890.10").text().unwrap(), "12345678901234567890.10");
        assert_eq!(field("300").number::<u8>().unwrap_err().code, "not_a_number");
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(field("\"plain\"").text(), Some(Cow::Borrowed("plain"))));
        assert!(matches!(field(r#""tab\t""#).text(), Some(Cow::Owned(text)) if text == "tab\t"));
        assert_eq!(field(r#""\ud800""#).text(), None);
    }

    /// A failure quotes short inputs whole and long ones not at all, so that it stays small.
    #[test]
    fn failures_are_bounded() {
        let long = format!("[{}]", "1,".repeat(5_000));
        let failure = Field::new("f", Some(&long)).number::<u8>().unwrap_err();
        assert!(failure.input.is_none() && failure.message.len() < 300, "{}", failure.message.len());
        assert_eq!(field("true").required_text().unwrap_err().input.as_deref(), Some("true"));
    }
}
