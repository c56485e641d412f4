//! `qualify`: from a lead to a verdict.

use hookmill_json::{JsonIndex, Kind, PathTrie};
use hookmill_plugin_sdk::types::{self, FailedRule, Failure, Severities, Submission, Verdict};

use super::rule::{FailedCheck, Name, RuleError, RuleEvaluator, RuleResult};
use super::scope::{Call, LeadScope};
use super::trace;
use crate::plan::{RulePlan, Severity};

/// Checks one lead by the rules of these severities: the soft ones only where no hard one failed.
pub fn qualify(
    rules: &[RulePlan<'_>],
    path_trie: &PathTrie<'_>,
    call: &Call<'_>,
    severities: Severities,
    submission: &Submission,
) -> Result<Verdict, Failure> {
    let lead = lead(submission, path_trie)?;
    let scope = LeadScope::new(call, Some(submission), Some(&lead));
    let mut evaluator = RuleEvaluator::new(&scope);
    evaluator.trace = call.traces().then(Vec::new);
    let mut failed = Vec::new();
    for severity in [Severity::Hard, Severity::Soft] {
        let asked = failed.is_empty() && severities.contains(types::Severity::from(severity).into());
        for rule in rules.iter().filter(|rule| asked && rule.severity == severity) {
            let result = evaluator.evaluate(&rule.rule, Name::Of(&rule.name)).map_err(failure)?;
            if let RuleResult::Failed(failures) = result {
                failed.extend(failures.into_iter().map(|part| describe_failure(part, rule)));
            }
        }
    }
    let trace = evaluator.trace.map(|rules| trace::json_list("rules", rules));
    Ok(Verdict { qualified: failed.is_empty(), failed, trace })
}

/// A rule that can be neither met nor not met fails the lead, so that nothing is decided about it.
pub fn failure(unchecked: RuleError) -> Failure {
    let RuleError { code, field, message } = unchecked;
    Failure::new(code, format!("{field}: {message}")).in_field(field)
}

/// The lead of a submission, of which the places of an outline are read.
pub fn lead<'l>(submission: &'l Submission, path_trie: &PathTrie<'_>) -> Result<JsonIndex<'l>, Failure> {
    let reject = |message: String| Failure::new("bad_lead", format!("the lead can't be read: {message}"));
    match JsonIndex::parse_paths(&submission.lead, path_trie, false) {
        Ok(index) if index.root().kind() == Kind::Object => Ok(index),
        Ok(index) => Err(reject(format!("it is {}, not an object", index.value().type_name()))),
        Err(rejected) => Err(reject(format!("at byte {}: {}", rejected.offset, rejected.message))),
    }
}

fn describe_failure(part: FailedCheck, rule: &RulePlan<'_>) -> FailedRule {
    FailedRule {
        rule: part.rule,
        field: part.field,
        operator: part.operator,
        reason: part.reason.unwrap_or_else(|| rule.reason.to_string()),
        severity: rule.severity.into(),
        expected: part.expected,
        actual: part.actual,
    }
}
