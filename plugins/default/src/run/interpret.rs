//! `interpret`: from a client's response to what it means.

use hookmill_decimal::{Decimal, NUMBER_DIGITS_MAX, ParseError, Rounding};
use hookmill_json::{JsonIndex, Value, text_of};
use hookmill_plugin_sdk::types::{self, ClientResponse, Failure, OutcomeKind, Warning};

use super::qualify::failure;
use super::recipe::{Evaluator, Expected};
use super::response::{ResponseScope, body_to_json, decode_body, is_unreadable};
use super::rule::{Name, RuleEvaluator, RuleResult, Unread};
use super::scope::{Call, Scope};
use super::trace::{self, Steps};
use crate::moment::duration_seconds;
use crate::plan::{Details, Interpretation, Otherwise, Outcome, OutcomePlan, Recipe};

/// Characters of a reason; a longer one is cut.
const REASON_CHARS_MAX: usize = 500;
/// Bytes of the client's own id; a longer text is none.
const REFERENCE_BYTES_MAX: usize = 1000;
/// Seconds to wait that are believed, in a document or in a response: 31 days. The host has bounds of its own.
pub const RETRY_AFTER_S_MAX: u64 = 31 * 24 * 60 * 60;
/// Characters of a response's value that a warning quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// Interprets one response. None leaves it to the host's default: of a document without `interpret`, and where there was no response.
///
/// When there was no response, nothing is concluded from what it lacks: only outcomes that look at `error` are tried, none that says the client
/// has the lead, and `otherwise` is not meant. For the same reason no acceptance follows from what is not found in a body that is empty or
/// can't be read, and success by status alone is none where a rejection could not be looked for.
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
    let is_unreadable = index.is_none() && is_unreadable(plan.read_as, response, &text);
    let is_empty = text.trim().is_empty() && !response.truncated;
    let unread = match index {
        Some(_) => Unread::default(),
        None => Unread { in_body: true, body: !is_empty, text: response.truncated },
    };
    let is_tried = |outcome: &OutcomePlan<'_>| {
        response.status.is_some()
            || outcome.knows_silence && !matches!(outcome.outcome, Outcome::Accepted | Outcome::Duplicate)
    };
    let decided = find_match(plan, &mut evaluator, is_tried, unread)?;
    if decided.is_none() && is_unreadable && !is_decided_anyway(plan, response) {
        return Err(unreadable(response));
    }
    let mut reader = DetailReader { scope: &scope, warnings: Vec::new(), trace: call.traces().then(Vec::new) };
    let mut outcome = match decided {
        Some(outcome) => Some(build_outcome(plan, outcome, &mut reader)),
        None => outcome_without_match(plan, response, &mut reader),
    };
    if let Some(outcome) = &mut outcome {
        let parts = reader.trace.take().unwrap_or_default();
        outcome.trace = evaluator.trace.map(|rules| trace_text(decided, outcome, rules, parts));
        outcome.warnings = reader.warnings;
    }
    Ok(outcome)
}

/// The first outcome that matches, of those that are tried.
fn find_match<'p, S: Scope>(
    plan: &'p Interpretation<'p>,
    evaluator: &mut RuleEvaluator<'_, S>,
    is_tried: impl Fn(&OutcomePlan<'_>) -> bool,
    unread: Unread,
) -> Result<Option<&'p OutcomePlan<'p>>, Failure> {
    for outcome in plan.outcomes.iter().filter(|outcome| is_tried(outcome)) {
        let Some(rule) = &outcome.when else { return Ok(Some(outcome)) };
        evaluator.unread = if outcome.outcome == Outcome::Accepted { unread } else { Unread::default() };
        // A condition without anything to check says nothing of this response.
        if let RuleResult::Passed = evaluator.evaluate(rule, Name::Of(&outcome.name)).map_err(failure)? {
            return Ok(Some(outcome));
        }
    }
    Ok(None)
}

/// Whether a response whose body can't be read, and which no outcome matches, was decided all the same. Where the document describes what no
/// acceptance looks like, and it could not be looked for, success by status alone says nothing.
fn is_decided_anyway(plan: &Interpretation<'_>, response: &ClientResponse) -> bool {
    let is_success = response.status.is_some_and(|status| (200..300).contains(&status));
    let looked = |outcome: &OutcomePlan<'_>| outcome.looks_at_body || outcome.looks_at_text && response.truncated;
    !is_success || plan.otherwise != Otherwise::Unrejected || !plan.outcomes.iter().any(looked)
}

fn unreadable(response: &ClientResponse) -> Failure {
    let why = if response.truncated { "is not all there" } else { "is not the JSON or XML that it seems to be" };
    let message = format!(
        "the body of the response {why}, so nobody knows whether an outcome of the document matches it; `otherwise` says what such a response means"
    );
    Failure::new("unreadable_body", message).in_field("body")
}

fn build_outcome(
    plan: &Interpretation<'_>,
    outcome: &OutcomePlan<'_>,
    reader: &mut DetailReader<'_, impl Scope>,
) -> types::Outcome {
    let kind = outcome_kind(outcome.outcome);
    let mut outcome_found = with_details(kind, &outcome.name, [&outcome.details, &plan.details], reader);
    if outcome_found.reason.is_none() && kind != OutcomeKind::Accepted {
        outcome_found.reason = outcome.when.as_ref().and_then(|rule| rule.reason.as_deref()).map(str::to_owned);
    }
    outcome_found
}

/// A response that nothing matches. Success by status alone is none when the document says what an acceptance looks like.
fn outcome_without_match(
    plan: &Interpretation<'_>,
    response: &ClientResponse,
    reader: &mut DetailReader<'_, impl Scope>,
) -> Option<types::Outcome> {
    let status = response.status?;
    let is_success = (200..300).contains(&status);
    let details = [&plan.details, &Details::default()];
    Some(match plan.otherwise {
        Otherwise::Is(outcome) => with_details(outcome_kind(outcome), "interpret.otherwise", details, reader),
        Otherwise::Unclaimed if is_success => {
            let mut outcome = with_details(OutcomeKind::Failed, "interpret.otherwise", details, reader);
            let unsaid = || "the response matches no outcome of the document".to_owned();
            outcome.reason = Some(outcome.reason.unwrap_or_else(unsaid));
            outcome
        }
        _ => with_details(outcome_by_status(status), "status", details, reader),
    })
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

/// An outcome with what the response says besides. What can't be taken out of it is left out with a warning: the outcome is sure all the
/// same.
fn with_details(
    kind: OutcomeKind,
    rule: &str,
    details: [&Details<'_>; 2],
    reader: &mut DetailReader<'_, impl Scope>,
) -> types::Outcome {
    let [own, all] = details;
    let retry_after = own.retry_after.as_ref().or(all.retry_after.as_ref()).filter(|_| kind == OutcomeKind::Retry);
    types::Outcome {
        kind,
        reason: reader.read("reason", own.reason.as_ref().or(all.reason.as_ref()), reason),
        reference: reader.read("reference", own.reference.as_ref().or(all.reference.as_ref()), reference),
        price: reader.read("price", own.price.as_ref().or(all.price.as_ref()), price),
        retry_after_ms: reader.read("retry_after", retry_after, retry_after_ms),
        rule: Some(rule.to_owned()),
        warnings: Vec::new(),
        trace: None,
    }
}

/// What takes the parts of an outcome out of a response, and notes what is odd about them.
struct DetailReader<'a, S> {
    scope: &'a S,
    warnings: Vec<Warning>,
    trace: Option<Vec<Value<'static>>>,
}

impl<S: Scope> DetailReader<'_, S> {
    /// One part; none where the response does not say it, or what it says can't be used.
    fn read<T>(
        &mut self,
        part: &'static str,
        recipe: Option<&Recipe<'_>>,
        convert: fn(&Value<'_>) -> Result<Option<T>, String>,
    ) -> Option<T> {
        let recipe = recipe?;
        let budget = self.scope.budget();
        let mut evaluator = Evaluator::new(self.scope);
        evaluator.steps = (self.trace.is_some() && budget.has_trace_room()).then(Steps::default);
        let evaluated = evaluator.evaluate(recipe, Expected::Any).map_err(|error| error.message);
        let steps = evaluator.steps.take();
        let value = evaluated.as_ref().ok().and_then(|evaluated| evaluated.value.as_ref());
        let traced = value.filter(|_| steps.is_some()).map(|value| budget.trace_value(value));
        let converted = match &evaluated {
            Ok(_) => value.filter(|value| !value.is_blank()).map_or(Ok(None), convert),
            Err(why) => Err(why.clone()),
        };
        if let (Some(trace), Some(steps)) = (&mut self.trace, steps) {
            trace.push(trace_part(part, recipe.line, steps, traced, converted.as_ref().err()));
        }
        converted.unwrap_or_else(|why| {
            let message = format!("the {part} is left out: {why} (line {} of the document)", recipe.line);
            self.warnings.push(Warning { code: "part_left_out".into(), path: part.into(), message });
            None
        })
    }
}

/// One text, the texts of a list, or anything else as JSON.
fn reason(value: &Value<'_>) -> Result<Option<String>, String> {
    let text = match value {
        Value::List(items) if items.iter().all(|item| item.scalar_text().is_some()) => {
            items.iter().filter_map(Value::scalar_text).collect::<Vec<_>>().join("; ")
        }
        value => value.scalar_text().map_or_else(|| text_of(value), str::to_owned),
    };
    let cut: String = text.trim().chars().take(REASON_CHARS_MAX).collect();
    Ok(Some(cut).filter(|text| !text.is_empty()))
}

/// The value's text, or that of the first item of a list that is not blank; none where that is blank.
fn single<'v>(value: &'v Value<'_>) -> Result<Option<&'v str>, String> {
    let one = match value {
        Value::List(items) => items.iter().find(|item| !item.is_blank()),
        value => Some(value),
    };
    let Some(one) = one else { return Ok(None) };
    let text = one.scalar_text().ok_or_else(|| format!("{} is not one text or number", quote(&text_of(one))))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()))
}

fn reference(value: &Value<'_>) -> Result<Option<String>, String> {
    let Some(text) = single(value)? else { return Ok(None) };
    if text.len() <= REFERENCE_BYTES_MAX {
        return Ok(Some(text.to_owned()));
    }
    let bytes = text.len();
    Err(format!("{} has {bytes} bytes, at most {REFERENCE_BYTES_MAX} are kept (REFERENCE_BYTES_MAX)", quote(text)))
}

/// A decimal number, without an exponent: `125e-1` is 12.5.
fn price(value: &Value<'_>) -> Result<Option<String>, String> {
    let Some(text) = single(value)? else { return Ok(None) };
    let quoted = quote(text);
    match Decimal::parse(text) {
        Ok(number) => Ok(Some(number.digits())),
        Err(ParseError::NotANumber) => {
            Err(format!("{quoted} is not a decimal number; add `then: [number]` to read one out of a text"))
        }
        Err(ParseError::TooLong) => Err(format!(
            "{quoted} has more than {NUMBER_DIGITS_MAX} digits before or after the point (NUMBER_DIGITS_MAX)"
        )),
    }
}

/// Seconds, of which a fraction is left off, or a duration, in milliseconds.
fn retry_after_ms(value: &Value<'_>) -> Result<Option<u64>, String> {
    let Some(text) = single(value)? else { return Ok(None) };
    let seconds = Decimal::parse(text).ok().filter(|seconds| !seconds.is_negative());
    let whole = seconds.and_then(|seconds| seconds.rounded(0, Rounding::Truncate).ok()?.to_i64());
    let whole = whole.and_then(|seconds| u64::try_from(seconds).ok()).or_else(|| duration_seconds(text));
    match whole.filter(|seconds| *seconds <= RETRY_AFTER_S_MAX) {
        Some(seconds) => Ok(Some(seconds * 1000)),
        None => Err(format!(
            "{} is neither a number of seconds from 0 to {RETRY_AFTER_S_MAX} (RETRY_AFTER_S_MAX) nor a duration such as `1h`",
            quote(text)
        )),
    }
}

/// The beginning of a text of the response, as a warning shows it.
fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Which rule decided, each comparison, and how each part was found.
fn trace_text(
    decided: Option<&OutcomePlan<'_>>,
    outcome: &types::Outcome,
    rules: Vec<Value<'static>>,
    parts: Vec<Value<'static>>,
) -> String {
    let mut members = vec![("rules", Value::List(rules)), ("parts", Value::List(parts))];
    members.push(("decided", Value::text_or_null(outcome.rule.clone())));
    members.extend(decided.map(|outcome| ("line", Value::integer(outcome.line.into()))));
    text_of(&trace::object(members))
}

fn trace_part(
    part: &'static str,
    line: u32,
    steps: Steps,
    value: Option<Value<'static>>,
    left_out: Option<&String>,
) -> Value<'static> {
    let mut members = vec![("part", Value::text(part)), ("line", Value::integer(line.into()))];
    members.extend(steps.members());
    members.extend(value.map(|value| ("value", value)));
    members.extend(left_out.map(|why| ("failed", Value::text(why.clone()))));
    trace::object(members)
}
