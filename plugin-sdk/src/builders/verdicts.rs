//! Verdicts, and the rules that failed.

use serde::Serialize;

use crate::Field;
use crate::types::{FailedRule, Severities, Severity, Verdict};

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

    /// Without the failed rules of other severities, and without soft ones where a hard one failed.
    pub(crate) fn limited_to(mut self, severities: Severities) -> Self {
        let failed = self.failed.len();
        self.failed.retain(|rule| severities.contains(rule.severity.into()));
        if self.failed.iter().any(|rule| rule.severity == Severity::Hard) {
            self.failed.retain(|rule| rule.severity == Severity::Hard);
        }
        self.qualified |= self.failed.is_empty() && failed != 0;
        self
    }
}

impl From<Severity> for Severities {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Hard => Self::HARD,
            Severity::Soft => Self::SOFT,
        }
    }
}

impl FailedRule {
    /// A rule that the lead did not meet: its name, the field it looks at, the operator (such as `ge`), what it wants, and the
    /// reason for people. What the lead has is taken from the field. The rule is a hard one unless it is made [`soft`](Self::soft).
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

    /// As a soft rule: checked after the first-submission action, on the enriched lead.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Lead;
    /// use hookmill_plugin_sdk::types::{FailedRule, Severity};
    /// let lead = Lead::default();
    /// let rule = FailedRule::new("roof", &lead.custom("roof"), "present", true, "nothing is known of the roof").soft();
    /// assert_eq!(rule.severity, Severity::Soft);
    /// ```
    #[must_use]
    pub fn soft(self) -> Self {
        Self { severity: Severity::Soft, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M7: a call checks by the severities it names, and a hard failure needs no soft one.
    #[test]
    fn m7_failures_are_limited_to_the_severities_of_the_call() {
        let lead = crate::Lead::default();
        let hard = FailedRule::new("hard", &lead.zip(), "present", true, "no zip");
        let soft = FailedRule::new("soft", &lead.zip(), "present", true, "no zip").soft();
        for (severities, rules, expected) in [
            (Severities::all(), vec![soft.clone(), hard.clone()], vec!["hard"]),
            (Severities::all(), vec![soft.clone()], vec!["soft"]),
            (Severities::SOFT, vec![soft.clone(), hard.clone()], vec!["soft"]),
            (Severities::SOFT, vec![hard.clone()], vec![]),
            (Severities::HARD, vec![soft], vec![]),
        ] {
            let verdict = Verdict::of(rules).limited_to(severities);
            let failed: Vec<&str> = verdict.failed.iter().map(|rule| rule.rule.as_str()).collect();
            assert_eq!((verdict.qualified, failed), (expected.is_empty(), expected));
        }
        let unexplained = Verdict { qualified: false, ..Verdict::qualified() };
        assert!(!unexplained.limited_to(Severities::all()).qualified);
    }
}
