//! What plugins answer, as JSON for the timeline, the API and the context of events.

use crate::engine::contract::{FailedRule, Failure, Notice, Severity, Verdict};
use crate::engine::{Fault, ItemError};
use serde_json::{Value, json};

/// Why an item has no result, for its timeline; none when nothing is known about it yet.
pub(crate) fn item_error(error: &ItemError) -> Option<(&'static str, Value)> {
    match error {
        ItemError::Failure(failed) => Some(("mapping_failed", failure(failed))),
        ItemError::Fault(faulted) => Some(("plugin_faulted", fault(faulted))),
        ItemError::Postponed => None,
    }
}

/// A failure: which field, which function, on what, and why.
pub(crate) fn failure(failed: &Failure) -> Value {
    json!({
        "code": failed.code,
        "field": failed.field,
        "function": failed.function,
        "input": failed.input.as_deref().map(raw),
        "message": failed.message,
    })
}

/// A fault: which limit, in which call.
pub(crate) fn fault(faulted: &Fault) -> Value {
    json!({
        "code": faulted.kind.code(),
        "phase": faulted.phase.as_str(),
        "message": faulted.message,
        "limit": faulted.limit.map(|hit| json!({"name": hit.name, "value": hit.value})),
        "panic": faulted.panic,
        "replayable": faulted.kind.is_replayable(),
    })
}

/// The verdict and the remarks, as a submission keeps them.
pub(crate) fn decision(verdict: Option<&Verdict>, notices: &[Notice]) -> Option<Vec<u8>> {
    if notices.is_empty() && verdict.is_none_or(|verdict| verdict.qualified) {
        return None;
    }
    let notices: Vec<Value> =
        notices.iter().map(|n| json!({"code": n.code, "path": n.path, "message": n.message})).collect();
    let failed = verdict.map(failed_rules).unwrap_or_default();
    serde_json::to_vec(
        &json!({"qualified": verdict.is_none_or(|v| v.qualified), "failed_rules": failed, "notices": notices}),
    )
    .ok()
}

/// The rules that failed.
pub(crate) fn failed_rules(verdict: &Verdict) -> Vec<Value> {
    verdict.failed.iter().map(failed_rule).collect()
}

fn failed_rule(rule: &FailedRule) -> Value {
    let mut value = json!({
        "rule": rule.rule,
        "field": rule.field,
        "operator": rule.operator,
        "reason": rule.reason,
        "severity": severity(rule.severity),
        "expected": raw(&rule.expected),
    });
    // Missing is not null: a missing field has no `actual` at all.
    if let (Some(actual), Some(map)) = (&rule.actual, value.as_object_mut()) {
        map.insert("actual".into(), raw(actual));
    }
    value
}

/// A severity's name.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Hard => "hard",
        Severity::Soft => "soft",
    }
}

/// JSON text as a value; text that is no JSON as a string, so that nothing is hidden.
pub(crate) fn raw(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
