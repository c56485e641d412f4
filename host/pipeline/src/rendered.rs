//! What plugins return, as JSON for the timeline, the API and the context of events.

use hookmill_engine::contract::{Failure, Severity, Verdict, Warning as ContractWarning};
use hookmill_engine::{Fault, ItemError, Stage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The decision about a lead, with its warnings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// Whether every rule passed; null where no lead was made.
    qualified: Option<bool>,
    /// The rules that failed.
    failed_rules: Vec<FailedRule>,
    /// The warnings about how the element came, and of the mapping.
    warnings: Vec<Warning>,
}

/// A rule that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedRule {
    /// Its place in the document.
    rule: String,
    /// The field that it checks.
    field: String,
    /// The operator.
    operator: String,
    /// Why the lead is disqualified, in the document's words.
    reason: String,
    /// `hard` or `soft`.
    severity: &'static str,
    /// What the rule expected.
    expected: Value,
    /// What the field held. A field that was missing has no `actual` at all: missing is not null.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<Value>,
}

/// Something unusual that does not stop the lead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// A stable code in snake case.
    pub code: String,
    /// The field or the place in the document; `body` for one about how the element came.
    pub path: String,
    /// A message for people.
    pub message: String,
}

/// Why an item has no result, for its timeline; none when nothing is known about it yet.
pub(crate) fn item_error(stage: Stage, error: &ItemError) -> Option<(&'static str, Value)> {
    match error {
        ItemError::Failure(failed) => Some((failed_in(stage), failure(failed))),
        ItemError::Fault(faulted) => Some(("plugin_faulted", fault(faulted))),
        ItemError::Postponed => None,
    }
}

/// The cause of a failure names the stage that failed.
fn failed_in(stage: Stage) -> &'static str {
    match stage {
        Stage::Map => "map_failed",
        Stage::Enrich => "enrich_failed",
        Stage::Qualify => "qualify_failed",
        Stage::Shape => "shape_failed",
        Stage::Interpret => "interpret_failed",
    }
}

/// A failure: field, function, input and message.
pub(crate) fn failure(failed: &Failure) -> Value {
    json!({
        "code": failed.code,
        "field": failed.field,
        "function": failed.function,
        "input": failed.input.as_deref().map(raw),
        "message": failed.message,
    })
}

/// A fault: the limit and the call.
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

/// What is said of an element of which no lead was made, and which is canceled.
pub(crate) fn no_lead() -> ContractWarning {
    let message = "no lead was made of this element: what its plugin looks for is not in it; in a document, that is what `items` finds";
    ContractWarning { code: "no_lead".to_owned(), path: "items".to_owned(), message: message.to_owned() }
}

/// The verdict and the warnings, as they are stored with a submission. Who is not mapped has no verdict.
pub(crate) fn decision(is_mapped: bool, verdict: Option<&Verdict>, warnings: &[ContractWarning]) -> Option<Vec<u8>> {
    if warnings.is_empty() && verdict.is_none_or(|verdict| verdict.qualified) {
        return None;
    }
    let decision = Decision {
        qualified: is_mapped.then(|| verdict.is_none_or(|verdict| verdict.qualified)),
        failed_rules: verdict.map(failed_rules).unwrap_or_default(),
        warnings: convert_warnings(warnings),
    };
    serde_json::to_vec(&decision).ok()
}

/// The warnings that a decision has.
pub(crate) fn stored_warnings(decision: Option<&[u8]>) -> Vec<ContractWarning> {
    #[derive(Deserialize)]
    struct Stored {
        warnings: Vec<Warning>,
    }
    let stored = decision.and_then(|decision| serde_json::from_slice::<Stored>(decision).ok());
    let warning = |Warning { code, path, message }| ContractWarning { code, path, message };
    stored.map(|stored| stored.warnings.into_iter().map(warning).collect()).unwrap_or_default()
}

/// The warnings of the mapping.
pub(crate) fn convert_warnings(warnings: &[ContractWarning]) -> Vec<Warning> {
    let warning =
        |n: &ContractWarning| Warning { code: n.code.clone(), path: n.path.clone(), message: n.message.clone() };
    warnings.iter().map(warning).collect()
}

/// Why a lead is disqualified, for its timeline and its events.
pub(crate) fn disqualification(verdict: &Verdict) -> Value {
    json!({
        "reason": verdict.failed.first().map(|rule| rule.reason.clone()),
        "failed_rules": failed_rules(verdict),
    })
}

/// The rules that failed.
pub(crate) fn failed_rules(verdict: &Verdict) -> Vec<FailedRule> {
    let failed = verdict.failed.iter().map(|rule| FailedRule {
        rule: rule.rule.clone(),
        field: rule.field.clone(),
        operator: rule.operator.clone(),
        reason: rule.reason.clone(),
        severity: severity(rule.severity),
        expected: raw(&rule.expected),
        actual: rule.actual.as_deref().map(raw),
    });
    failed.collect()
}

/// A severity's name.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Hard => "hard",
        Severity::Soft => "soft",
    }
}

/// JSON text as a value; text that is not JSON as a string, so that nothing is hidden.
pub(crate) fn raw(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// JSON of a value that always has some.
pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
