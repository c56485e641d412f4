//! Ways to make a [`Failure`] that read as English.

use crate::types::{Failure, Json};

impl Failure {
    /// A failure of the whole item: a stable code in snake case, and what, where and the mend for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), field: None, function: None, input: None, message: message.into() }
    }

    /// Names the field that could not be made.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the function that refused.
    #[must_use]
    pub fn by_function(mut self, function: impl Into<String>) -> Self {
        self.function = Some(function.into());
        self
    }

    /// Quotes the input that was refused, as JSON text.
    #[must_use]
    pub fn on_input(mut self, input: impl Into<Json>) -> Self {
        self.input = Some(input.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M5: field, function, input and reason all reach the host.
    #[test]
    fn m5_a_failure_carries_all_it_is_told() {
        let failure =
            Failure::new("not_a_phone", "too short").in_field("phone").by_function("phone").on_input("\"12\"");
        assert_eq!(failure.code, "not_a_phone");
        assert_eq!(failure.field.as_deref(), Some("phone"));
        assert_eq!(failure.function.as_deref(), Some("phone"));
        assert_eq!(failure.input.as_deref(), Some("\"12\""));
    }
}
