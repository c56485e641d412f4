//! A filled-in body as bytes, or as a part of the query.

use hookmill_json::{Value, text_of};
use hookmill_plugin_sdk::types::{Failure, Pair};

use super::form;
use super::xml;
use crate::plan::{Format, Message};

/// The content type of JSON.
pub const JSON_TYPE: &str = "application/json";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A body ready to be sent.
pub struct Encoded {
    /// What goes into the query.
    pub query: Vec<Pair>,
    /// The content type; none without a body.
    pub content_type: Option<String>,
    /// The bytes; none without a body.
    pub bytes: Option<Vec<u8>>,
}

/// What the destination's owner chose, where the document does not say.
pub fn format_of(content_type: &str) -> Format {
    if content_type.to_ascii_lowercase().starts_with(FORM_TYPE) { Format::Form } else { Format::Json }
}

/// Writes a body as a message says. A GET has no body: its values go into the query.
pub fn encode(message: &Message<'_>, method: &str, format: Format, body: &Value<'_>) -> Result<Encoded, Failure> {
    if method == "GET" {
        return encode_query(message, format, body);
    }
    let (usual, bytes) = match format {
        Format::Json => (JSON_TYPE, text_of(body).into_bytes()),
        Format::Form => (FORM_TYPE, form::encode_pairs(&form::pairs(check_named(body, "a form")?)).into_bytes()),
        Format::Xml => ("application/xml", xml::document(body, message.root.as_deref(), message.is_undeclared)?),
        Format::Text => ("text/plain; charset=utf-8", plain(body)?.into_bytes()),
    };
    let content_type = message.content_type.as_deref().unwrap_or(usual).to_owned();
    Ok(Encoded { query: Vec::new(), content_type: Some(content_type), bytes: Some(bytes) })
}

fn encode_query(message: &Message<'_>, format: Format, body: &Value<'_>) -> Result<Encoded, Failure> {
    if message.body.is_some() && matches!(format, Format::Xml | Format::Text) {
        let hint = "put the values under `query`, or send it with POST";
        return Err(reject("no_body_in_get", format!("a GET has no body, so its text would be lost; {hint}")));
    }
    Ok(Encoded { query: form::pairs(check_named(body, "a query")?), content_type: None, bytes: None })
}

/// Names and values, or the reason why there are none.
pub fn check_named<'b, 'v>(body: &'b Value<'v>, what: &str) -> Result<&'b Value<'v>, Failure> {
    match body {
        Value::Object(_) => Ok(body),
        other => {
            let message = format!("{what} is made of names and values, but this is {}", other.type_name());
            Err(reject("not_an_object", message))
        }
    }
}

fn plain(body: &Value<'_>) -> Result<String, Failure> {
    match body {
        Value::Null => Ok(String::new()),
        Value::Object(_) | Value::List(_) => {
            Err(reject("wrong_type", format!("a text body is one text, but this is {}", body.type_name())))
        }
        scalar => Ok(scalar.scalar_text().unwrap_or_default().to_owned()),
    }
}

fn reject(code: &'static str, message: String) -> Failure {
    Failure::new(code, format!("body: {message}")).in_field("body")
}
