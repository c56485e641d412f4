//! Failures of one item.

use crate::types::{Failure, Json};

impl Failure {
    /// A failure of the whole item: a stable code in snake case, and what, where and the suggested fix for people.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Failure;
    ///
    /// let failure = Failure::new("not_a_state", "`state` must be a code such as TX")
    ///     .in_field("state")
    ///     .by_function("state_code")
    ///     .on_input("\"Texass\"");
    /// assert_eq!(failure.field.as_deref(), Some("state"));
    /// ```
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), field: None, function: None, input: None, message: message.into() }
    }

    /// Names the field that could not be made.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Failure;
    /// assert_eq!(Failure::new("bad", "").in_field("zip").field.as_deref(), Some("zip"));
    /// ```
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the function that rejected its input.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Failure;
    /// assert_eq!(Failure::new("bad", "").by_function("phone").function.as_deref(), Some("phone"));
    /// ```
    #[must_use]
    pub fn by_function(mut self, function: impl Into<String>) -> Self {
        self.function = Some(function.into());
        self
    }

    /// Quotes the rejected input, as JSON text.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Failure;
    /// assert_eq!(Failure::new("bad", "").on_input("\"12\"").input.as_deref(), Some("\"12\""));
    /// ```
    #[must_use]
    pub fn on_input(mut self, input: impl Into<Json>) -> Self {
        self.input = Some(input.into());
        self
    }
}
