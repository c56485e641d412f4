//! Messages ready to be sent.

use std::fmt::Write;

use serde::Serialize;

use crate::types::{Failure, Pair, Payload};

impl Payload {
    /// A JSON body.
    ///
    /// # Errors
    /// `not_json` when the value can't be written as JSON.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Payload;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Message<'a> { mail: &'a str }
    ///
    /// let payload = Payload::json(&Message { mail: "a@example.com" }).unwrap().with_header("x-partner", "7");
    /// assert_eq!(payload.body.unwrap(), br#"{"mail":"a@example.com"}"#);
    /// ```
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value).map_err(|error| Failure::new("not_json", error.to_string()))?;
        Ok(Self::raw("application/json", body))
    }

    /// A form body, `application/x-www-form-urlencoded`.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Payload;
    /// assert_eq!(Payload::form([("name", "Jane Doe"), ("at", "1+1=2")]).body.unwrap(), b"name=Jane+Doe&at=1%2B1%3D2");
    /// ```
    pub fn form<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pair = |(name, value): (N, V)| format!("{}={}", encoded(name.as_ref()), encoded(value.as_ref()));
        let pairs: Vec<String> = pairs.into_iter().map(pair).collect();
        Self::raw("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// Exactly these bytes.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Payload;
    /// let payload = Payload::raw("text/xml", "<lead/>");
    /// assert_eq!(payload.content_type.as_deref(), Some("text/xml"));
    /// ```
    pub fn raw(content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { content_type: Some(content_type.into()), body: Some(body.into()), ..Self::empty() }
    }

    /// No body, as for GET.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Payload;
    /// let payload = Payload::empty().with_method("GET").with_query("zip", "78701");
    /// assert!(payload.body.is_none());
    /// ```
    pub fn empty() -> Self {
        Self { method: None, query: Vec::new(), headers: Vec::new(), content_type: None, body: None, trace: None }
    }

    /// Sends it by this method instead of the destination's.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Payload;
    /// assert_eq!(Payload::empty().with_method("PUT").method.as_deref(), Some("PUT"));
    /// ```
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Adds a header. The host adds authentication and the signature, and keeps a few names to itself.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Payload;
    /// assert_eq!(Payload::empty().with_header("X-Partner", "7").headers[0].name, "x-partner");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push(Pair::header(name, value));
        self
    }

    /// Adds a parameter to the URL's query; the host encodes it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Payload;
    /// assert_eq!(Payload::empty().with_query("a b", "c").query[0].name, "a b");
    /// ```
    #[must_use]
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(Pair { name: name.into(), value: value.into() });
        self
    }
}

impl Pair {
    /// A header, its name in lower case as the contract wants it.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Pair;
    /// assert_eq!(Pair::header("Accept", "text/xml").name, "accept");
    /// ```
    pub fn header(name: impl AsRef<str>, value: impl Into<String>) -> Self {
        Self { name: name.as_ref().to_ascii_lowercase(), value: value.into() }
    }
}

/// As the URL standard encodes forms.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M8: forms say what the URL standard says.
    #[test]
    fn m8_forms() {
        assert_eq!(encoded("a b*-._~é"), "a+b*-._%7E%C3%A9");
        assert_eq!(Payload::form([("", "")]).body.unwrap(), b"=");
        assert_eq!(Payload::form::<&str, &str>([]).body.unwrap(), b"");
    }
}
