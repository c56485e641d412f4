//! `qualify`: from a lead to a verdict.

use hookmill_plugin_sdk::types::{self, FailedRule, Failure, Submission, Verdict};

use super::rule::{Judge, Judgement, Miss};
use super::scope::{Call, LeadScope};
use super::trace;
use crate::json::{Value, parse};
use crate::plan::{RulePlan, Severity};

/// Judges one lead by the rules of one severity.
pub fn qualify(
    rules: &[RulePlan],
    call: &Call<'_>,
    severity: types::Severity,
    submission: &Submission,
) -> Result<Verdict, Failure> {
    let lead = lead(submission)?;
    let scope = LeadScope::new(call, Some(submission), Some(lead));
    let mut judge = Judge::new(&scope);
    judge.trace = call.traces().then(Vec::new);
    let mut failed = Vec::new();
    for rule in rules.iter().filter(|rule| is_of(rule.severity, severity)) {
        if let Judgement::Failed(misses) = judge.judge(&rule.rule, &rule.name) {
            failed.extend(misses.into_iter().map(|miss| told(miss, rule, severity)));
        }
    }
    let trace = judge.trace.map(|rules| trace::listed("rules", rules));
    Ok(Verdict { qualified: failed.is_empty(), failed, trace })
}

/// The lead of a submission as a tree.
pub fn lead(submission: &Submission) -> Result<Value<'_>, Failure> {
    let refuse = |message: String| Failure::new("bad_lead", format!("the lead can't be read: {message}"));
    match parse(&submission.lead) {
        Ok(parsed) if matches!(parsed.root, Value::Object(_)) => Ok(parsed.root),
        Ok(parsed) => Err(refuse(format!("it is {}, not an object", parsed.root.type_name()))),
        Err(refused) => Err(refuse(format!("at byte {}: {}", refused.offset, refused.message))),
    }
}

fn is_of(severity: Severity, wanted: types::Severity) -> bool {
    match wanted {
        types::Severity::Hard => severity == Severity::Hard,
        types::Severity::Soft => severity == Severity::Soft,
    }
}

fn told(miss: Miss, rule: &RulePlan, severity: types::Severity) -> FailedRule {
    FailedRule {
        rule: miss.rule,
        field: miss.field,
        operator: miss.operator,
        reason: miss.reason.unwrap_or_else(|| rule.reason.clone()),
        severity,
        expected: miss.expected,
        actual: miss.actual,
    }
}
