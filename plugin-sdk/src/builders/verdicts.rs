//! Verdicts, and the rules that failed.

use serde::Serialize;

use crate::Field;
use crate::types::{FailedRule, Severity, Verdict};

impl Verdict {
    /// The lead goes on.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Verdict;
    /// assert!(Verdict::qualified().qualified);
    /// ```
    pub fn qualified() -> Self {
        Self::of([])
    }

    /// The lead goes on if none of the rules failed. Options and lists of failed rules both do.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Lead;
    /// use hookmill_plugin_sdk::types::{FailedRule, Verdict};
    ///
    /// let lead = Lead::parse(r#"{"state": "OK"}"#).unwrap();
    /// let area = FailedRule::new("area", &lead.state(), "in", ["TX", "AZ"], "we serve Texas and Arizona");
    /// let verdict = Verdict::of([area]);
    /// assert!(!verdict.qualified);
    /// assert_eq!(verdict.failed[0].expected, r#"["TX","AZ"]"#);
    /// assert_eq!(verdict.failed[0].actual.as_deref(), Some("\"OK\""));
    /// ```
    pub fn of(failed: impl IntoIterator<Item = FailedRule>) -> Self {
        let failed: Vec<_> = failed.into_iter().collect();
        Self { qualified: failed.is_empty(), failed, trace: None }
    }

    /// The same with the severity that the rules were judged by.
    pub(crate) fn judged(mut self, severity: Severity) -> Self {
        self.failed.iter_mut().for_each(|rule| rule.severity = severity);
        self
    }
}

impl FailedRule {
    /// A rule that the lead did not meet: its name, the field it looks at, the operator (such as `ge`), what it wants, and the
    /// reason for people. What the lead has is taken from the field; the severity is that of the call.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Lead;
    /// use hookmill_plugin_sdk::types::FailedRule;
    ///
    /// let lead = Lead::parse(r#"{"custom": {"bill": 80}}"#).unwrap();
    /// let rule = FailedRule::new("bill", &lead.custom("bill"), "ge", 100, "the bill is too small");
    /// assert_eq!((rule.expected.as_str(), rule.actual.as_deref()), ("100", Some("80")));
    /// assert_eq!(FailedRule::new("age", &lead.custom("age"), "ge", 18, "too young").actual, None);
    /// ```
    pub fn new(
        rule: impl Into<String>,
        field: &Field<'_>,
        operator: impl Into<String>,
        expected: impl Serialize,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            field: field.path(),
            operator: operator.into(),
            reason: reason.into(),
            severity: Severity::Hard,
            expected: serde_json::to_string(&expected).unwrap_or_else(|_| "null".to_owned()),
            actual: field.json().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M7: rules get the severity they were judged by.
    #[test]
    fn m7_severity_is_the_calls() {
        let lead = crate::Lead::default();
        let rule = FailedRule::new("r", &lead.zip(), "present", true, "no zip");
        let verdict = Verdict::of(Some(rule)).judged(Severity::Soft);
        assert_eq!(verdict.failed[0].severity, Severity::Soft);
    }
}
