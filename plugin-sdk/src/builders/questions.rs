//! Questions to the outside.

use serde::Serialize;

use crate::types::{Failure, Pair, Question};

impl Question {
    /// A GET. The key names the answer and is unique in one lead; the host asks only what an admin granted.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Question;
    ///
    /// let question = Question::get("roof", "https://roofs.example.com/78701").with_timeout_ms(500);
    /// assert_eq!((question.method.as_str(), question.timeout_ms), ("GET", Some(500)));
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
    /// use hookmill_plugin_sdk::types::Question;
    ///
    /// let question = Question::post_json("score", "https://scores.example.com/", &["a@example.com"]).unwrap();
    /// assert_eq!(question.body, br#"["a@example.com"]"#);
    /// ```
    pub fn post_json(key: impl Into<String>, url: impl Into<String>, body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| Failure::new("not_json", error.to_string()))?;
        let question = Self { method: "POST".to_owned(), body, ..Self::get(key, url) };
        Ok(question.with_header("content-type", "application/json"))
    }

    /// Adds a header.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Question;
    /// assert_eq!(Question::get("k", "https://example.com").with_header("Accept", "text/xml").headers[0].name, "accept");
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push(Pair::header(name, value));
        self
    }

    /// Waits this long at most; the grant's limit bounds it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Question;
    /// assert_eq!(Question::get("k", "https://example.com").with_timeout_ms(9).timeout_ms, Some(9));
    /// ```
    #[must_use]
    pub fn with_timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = Some(timeout_ms);
        self
    }
}
