//! `interpret`: from a client's response to what it means.

use hookmill_json::{CanonicalNumber, JsonIndex, Value, text_of};
use hookmill_plugin_sdk::log;
use hookmill_plugin_sdk::types::{self, ClientResponse, Failure, OutcomeKind};

use super::qualify::failure;
use super::recipe::{Evaluator, Expected};
use super::response::{ResponseScope, body_to_json, decode_body};
use super::rule::{Name, RuleEvaluator, RuleResult};
use super::scope::{Call, Scope};
use super::trace;
use crate::plan::{Details, Interpretation, Otherwise, Outcome, OutcomePlan, Recipe};

/// Characters of a reason; a longer one is cut.
const REASON_CHARS_MAX: usize = 500;
/// Bytes of the client's own id; a longer text is none.
const REFERENCE_BYTES_MAX: usize = 1000;
/// Bytes of a price; a longer text is none.
const PRICE_BYTES_MAX: usize = 64;
/// Seconds to wait that are believed: a month. The host has bounds of its own.
const RETRY_AFTER_S_MAX: u64 = 31 * 24 * 60 * 60;

/// Interprets one response. None leaves it to the host's default, and so does a document without `interpret`.
///
/// When there was no response, nothing is concluded from what it lacks: only outcomes that look at `error` are tried, and
/// `otherwise` is not meant.
pub fn interpret(
    plan: Option<&Interpretation<'_>>,
    call: &Call<'_>,
    response: &ClientResponse,
) -> Result<Option<types::Outcome>, Failure> {
    let Some(plan) = plan else { return Ok(None) };
    let text = decode_body(response);
    let json = body_to_json(plan.read_as, response, &text);
    let index = json.as_deref().and_then(|json| JsonIndex::parse(json).ok());
    let scope = ResponseScope::new(call, response, &text, index.as_ref().map(JsonIndex::root));
    let mut evaluator = RuleEvaluator::new(&scope);
    evaluator.trace = call.traces().then(Vec::new);
    let decided = find_match(plan, &mut evaluator, response)?;
    let outcome = match decided {
        Some(outcome) => Some(build_outcome(plan, outcome, &scope)),
        None => outcome_without_match(plan, response, &scope),
    };
    if let Some(comparisons) = evaluator.trace {
        log_trace(decided, outcome.as_ref(), comparisons);
    }
    Ok(outcome)
}

/// The first outcome that matches.
fn find_match<'p, S: Scope>(
    plan: &'p Interpretation<'p>,
    evaluator: &mut RuleEvaluator<'_, S>,
    response: &ClientResponse,
) -> Result<Option<&'p OutcomePlan<'p>>, Failure> {
    for outcome in plan.outcomes.iter().filter(|outcome| response.status.is_some() || outcome.knows_silence) {
        let Some(rule) = &outcome.when else { return Ok(Some(outcome)) };
        // A condition without anything to check says nothing of this response.
        if let RuleResult::Passed = evaluator.evaluate(rule, Name::Of(&outcome.name)).map_err(failure)? {
            return Ok(Some(outcome));
        }
    }
    Ok(None)
}

fn build_outcome(plan: &Interpretation<'_>, outcome: &OutcomePlan<'_>, scope: &impl Scope) -> types::Outcome {
    let kind = outcome_kind(outcome.outcome);
    let mut outcome_found = with_details(kind, &outcome.name, [&outcome.details, &plan.details], scope);
    if outcome_found.reason.is_none() && kind != OutcomeKind::Accepted {
        outcome_found.reason = outcome.when.as_ref().and_then(|rule| rule.reason.as_deref()).map(str::to_owned);
    }
    outcome_found
}

/// A response that nothing matches. Success by status alone is none when the document says what an acceptance looks like.
fn outcome_without_match(
    plan: &Interpretation<'_>,
    response: &ClientResponse,
    scope: &impl Scope,
) -> Option<types::Outcome> {
    let status = response.status?;
    let is_success = (200..300).contains(&status);
    let details = [&plan.details, &Details::default()];
    match plan.otherwise {
        Otherwise::Is(outcome) => Some(with_details(outcome_kind(outcome), "interpret.otherwise", details, scope)),
        Otherwise::Unclaimed if is_success => {
            let mut outcome = with_details(OutcomeKind::Failed, "interpret.otherwise", details, scope);
            let unsaid = || "the response matches no outcome of the document".to_owned();
            outcome.reason = Some(outcome.reason.unwrap_or_else(unsaid));
            Some(outcome)
        }
        _ if plan.details == Details::default() => None,
        _ => Some(with_details(outcome_by_status(status), "status", details, scope)),
    }
}

/// What the host would say.
fn outcome_by_status(status: u16) -> OutcomeKind {
    match status {
        200..=299 => OutcomeKind::Accepted,
        408 | 425 | 429 | 500..=599 => OutcomeKind::Retry,
        _ => OutcomeKind::Failed,
    }
}

fn outcome_kind(outcome: Outcome) -> OutcomeKind {
    match outcome {
        Outcome::Accepted => OutcomeKind::Accepted,
        Outcome::Rejected => OutcomeKind::Rejected,
        Outcome::Duplicate => OutcomeKind::Duplicate,
        Outcome::Retry => OutcomeKind::Retry,
        Outcome::Failed => OutcomeKind::Failed,
    }
}

/// An outcome with what the response says besides. What can't be taken out of it is left out: the outcome is sure all the same.
fn with_details(kind: OutcomeKind, rule: &str, details: [&Details<'_>; 2], scope: &impl Scope) -> types::Outcome {
    let [own, all] = details;
    let made = |own: &Option<_>, all: &Option<_>| {
        own.as_ref().or(all.as_ref()).and_then(|recipe| evaluate_detail(recipe, scope))
    };
    let is_retry = kind == OutcomeKind::Retry;
    types::Outcome {
        kind,
        reason: made(&own.reason, &all.reason).and_then(|value| reason(&value)),
        reference: made(&own.reference, &all.reference).and_then(|value| reference(&value)),
        price: made(&own.price, &all.price).and_then(|value| price(&value)),
        retry_after_ms: made(&own.retry_after, &all.retry_after)
            .filter(|_| is_retry)
            .and_then(|value| parse_retry_after(&value)),
        rule: Some(rule.to_owned()),
    }
}

fn evaluate_detail(recipe: &Recipe<'_>, scope: &impl Scope) -> Option<Value<'static>> {
    let made = Evaluator::new(scope).evaluate(recipe, Expected::Any).ok()?;
    made.value.filter(|value| !value.is_blank()).map(Value::into_owned)
}

/// One text, the texts of a list, or anything else as JSON.
fn reason(value: &Value<'_>) -> Option<String> {
    let text = match value {
        Value::List(items) if items.iter().all(|item| item.scalar_text().is_some()) => {
            items.iter().filter_map(Value::scalar_text).collect::<Vec<_>>().join("; ")
        }
        value => value.scalar_text().map_or_else(|| text_of(value), str::to_owned),
    };
    let cut: String = text.trim().chars().take(REASON_CHARS_MAX).collect();
    Some(cut).filter(|text| !text.is_empty())
}

fn single<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::List(items) => items.iter().find(|item| !item.is_blank()).and_then(Value::scalar_text),
        value => value.scalar_text(),
    }
    .map(str::trim)
}

fn reference(value: &Value<'_>) -> Option<String> {
    single(value).filter(|text| !text.is_empty() && text.len() <= REFERENCE_BYTES_MAX).map(str::to_owned)
}

fn price(value: &Value<'_>) -> Option<String> {
    single(value)
        .filter(|text| text.len() <= PRICE_BYTES_MAX && CanonicalNumber::parse(text).is_some())
        .map(str::to_owned)
}

/// Whole seconds; a fraction is left off, anything else is none.
fn parse_retry_after(value: &Value<'_>) -> Option<u64> {
    let text = single(value)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds = whole.parse::<u64>().ok().filter(|_| fraction.bytes().all(|byte| byte.is_ascii_digit()))?;
    (seconds <= RETRY_AFTER_S_MAX).then_some(seconds * 1000)
}

/// An outcome has no room for a trace: a dry run finds it in the log.
fn log_trace(decided: Option<&OutcomePlan<'_>>, outcome: Option<&types::Outcome>, comparisons: Vec<Value<'static>>) {
    let mut members = vec![("rules", Value::List(comparisons))];
    let rule = outcome.and_then(|outcome| outcome.rule.clone());
    members.push(("decided", Value::text(rule.unwrap_or_else(|| "the status, by the host's default".to_owned()))));
    members.extend(decided.map(|outcome| ("line", Value::integer(outcome.line.into()))));
    log::debug!("interpret: {}", text_of(&trace::object(members)));
}
