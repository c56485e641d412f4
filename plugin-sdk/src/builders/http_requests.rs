//! HTTP requests that the host makes for a lead.

use serde::Serialize;

use crate::types::{Failure, HttpRequest, Pair};

impl HttpRequest {
    /// A GET. The key names the response and is unique in one lead; the host sends it only where an admin granted the host name.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::HttpRequest;
    ///
    /// let request = HttpRequest::get("roof", "https://roofs.example.com/78701").with_timeout_ms(500);
    /// assert_eq!((request.method.as_str(), request.timeout_ms), ("GET", Some(500)));
    /// ```
    pub fn get(key: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            method: "GET".to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
        }
    }

    /// A POST of JSON.
    ///
    /// # Errors
    /// `not_json` when the body can't be written as JSON.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::HttpRequest;
    ///
    /// let request = HttpRequest::post_json("score", "https://scores.example.com/", &["a@example.com"]).unwrap();
    /// assert_eq!(request.body, br#"["a@example.com"]"#);
    /// ```
    pub fn post_json(key: impl Into<String>, url: impl Into<String>, body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| Failure::new("not_json", error.to_string()))?;
        let request = Self { method: "POST".to_owned(), body, ..Self::get(key, url) };
        Ok(request.with_header("content-type", "application/json"))
    }

    /// Adds a header.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::HttpRequest;
    /// assert_eq!(HttpRequest::get("k", "https://example.com").with_header("Accept", "text/xml").headers[0].name, "accept");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push(Pair::header(name, value));
        self
    }

    /// Waits this long at most; the grant's limit bounds it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::HttpRequest;
    /// assert_eq!(HttpRequest::get("k", "https://example.com").with_timeout_ms(9).timeout_ms, Some(9));
    /// ```
    #[must_use]
    pub fn with_timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = Some(timeout_ms);
        self
    }
}
