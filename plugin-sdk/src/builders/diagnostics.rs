//! What is wrong in a configuration.

use crate::types::{Diagnostic, Level};

impl Diagnostic {
    /// The configuration can't be used. The path says where, such as `states[1]`; empty for the whole. Line and column are
    /// filled in from it.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Diagnostic;
    ///
    /// let diagnostic = Diagnostic::error("states[1]", "`Texas` is not a code of two letters").suggest("write TX");
    /// assert_eq!(diagnostic.path, "states[1]");
    /// ```
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code: "invalid".to_owned(),
            path: path.into(),
            line: 0,
            column: 0,
            message: message.into(),
            suggestion: None,
        }
    }

    /// The configuration can be used, but probably does not say what its author meant.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::{Diagnostic, Level};
    /// assert_eq!(Diagnostic::warning("states", "nobody lives there").level, Level::Warning);
    /// ```
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(path, message) }
    }

    /// A stable code in snake case, instead of `invalid`.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Diagnostic;
    /// assert_eq!(Diagnostic::error("", "").with_code("out_of_range").code, "out_of_range");
    /// ```
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// The suggested fix.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::types::Diagnostic;
    /// assert_eq!(Diagnostic::error("", "").suggest("write TX").suggestion.as_deref(), Some("write TX"));
    /// ```
    #[must_use]
    pub fn suggest(mut self, hint: impl Into<String>) -> Self {
        self.suggestion = Some(hint.into());
        self
    }
}
