//! `qualify`: from a lead to a verdict.

use hookmill_json::{JsonIndex, Kind, PathTrie};
use hookmill_plugin_sdk::types::{self, FailedRule, Failure, Submission, Verdict};

use super::rule::{Judge, Judgement, Miss, Name, Unjudged};
use super::scope::{Call, LeadScope};
use super::trace;
use crate::plan::{RulePlan, Severity};

/// Judges one lead by the rules of one severity.
pub fn qualify(
    rules: &[RulePlan<'_>],
    outline: &PathTrie<'_>,
    call: &Call<'_>,
    severity: types::Severity,
    submission: &Submission,
) -> Result<Verdict, Failure> {
    let lead = lead(submission, outline)?;
    let scope = LeadScope::new(call, Some(submission), Some(&lead));
    let mut judge = Judge::new(&scope);
    judge.trace = call.traces().then(Vec::new);
    let mut failed = Vec::new();
    for rule in rules.iter().filter(|rule| is_of(rule.severity, severity)) {
        if let Judgement::Failed(misses) = judge.judge(&rule.rule, Name::Of(&rule.name)).map_err(failure)? {
            failed.extend(misses.into_iter().map(|miss| told(miss, rule, severity)));
        }
    }
    let trace = judge.trace.map(|rules| trace::listed("rules", rules));
    Ok(Verdict { qualified: failed.is_empty(), failed, trace })
}

/// A rule that can be neither met nor not met fails the lead, so that nothing is decided about it.
pub fn failure(unjudged: Unjudged) -> Failure {
    let Unjudged { code, field, message } = unjudged;
    Failure::new(code, format!("{field}: {message}")).in_field(field)
}

/// The lead of a submission, of which the places of an outline are read.
pub fn lead<'l>(submission: &'l Submission, outline: &PathTrie<'_>) -> Result<JsonIndex<'l>, Failure> {
    let refuse = |message: String| Failure::new("bad_lead", format!("the lead can't be read: {message}"));
    match JsonIndex::parse_paths(&submission.lead, outline, false) {
        Ok(index) if index.root().kind() == Kind::Object => Ok(index),
        Ok(index) => Err(refuse(format!("it is {}, not an object", index.value().type_name()))),
        Err(refused) => Err(refuse(format!("at byte {}: {}", refused.offset, refused.message))),
    }
}

fn is_of(severity: Severity, wanted: types::Severity) -> bool {
    match wanted {
        types::Severity::Hard => severity == Severity::Hard,
        types::Severity::Soft => severity == Severity::Soft,
    }
}

fn told(miss: Miss, rule: &RulePlan<'_>, severity: types::Severity) -> FailedRule {
    FailedRule {
        rule: miss.rule,
        field: miss.field,
        operator: miss.operator,
        reason: miss.reason.unwrap_or_else(|| rule.reason.to_string()),
        severity,
        expected: miss.expected,
        actual: miss.actual,
    }
}
