//! The `interpret` section: what a client's response means.

use hookmill_json::Value;

use super::check::{At, Diagnostics, under};
use super::limits::OUTCOMES_MAX;
use super::message::fixed;
use super::node::Kind;
use super::path::Stage;
use super::{keys, recipe, rules, visit, words};
use crate::moment::duration_seconds;
use crate::plan::owned::{Details, Interpretation, Otherwise, Outcome, OutcomePlan, Recipe, Root, Rule};
use crate::run::RETRY_AFTER_S_MAX;

const KEYS: [&str; 7] = keys::names(&keys::INTERPRET);

const OUTCOME_KEYS: [&str; 7] = keys::names(&keys::OUTCOME);

/// Reads the section.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Interpretation> {
    diagnostics.map_of(at, "a map with `outcomes`", &KEYS)?;
    let outcomes = under(at, "outcomes", |at| outcomes(diagnostics, at)).unwrap_or_default();
    let details = details(diagnostics, at);
    if details == Details::default() && at.node.get("outcomes").is_none() {
        let hint = "write it like `outcomes: [{outcome: rejected, when: {field: result, op: eq, value: error}}]`";
        diagnostics.error(at, "missing_key", "`interpret` needs `outcomes`", Some(hint.to_owned()));
    }
    let said = under(at, "otherwise", |at| otherwise(diagnostics, at, &outcomes)).flatten();
    let claims = outcomes.iter().any(|outcome| outcome.outcome == Outcome::Accepted);
    let unsaid = match (claims, outcomes.is_empty()) {
        (true, _) => Otherwise::Unclaimed,
        (false, false) => Otherwise::Unrejected,
        (false, true) => Otherwise::Default,
    };
    Some(Interpretation {
        read_as: under(at, "as", |at| diagnostics.one_of(at, &words::BODY_FORMS)).flatten().unwrap_or_default(),
        outcomes,
        otherwise: said.unwrap_or(unsaid),
        details,
    })
}

fn otherwise(diagnostics: &mut Diagnostics, at: At<'_>, outcomes: &[OutcomePlan]) -> Option<Otherwise> {
    if let Some(all) = outcomes.iter().find(|outcome| outcome.when.is_none()) {
        let message = format!("nothing gets here: the outcome of line {} has no `when` and takes all", all.line);
        diagnostics.error(at, "unreachable", message, Some("remove one of them".to_owned()));
    }
    diagnostics.one_of(at, &words::OTHERWISE)
}

fn outcomes(diagnostics: &mut Diagnostics, at: At<'_>) -> Vec<OutcomePlan> {
    let Kind::List(items) = &at.node.kind else {
        diagnostics.expected(at, "a list of outcomes");
        return Vec::new();
    };
    if items.len() > OUTCOMES_MAX {
        diagnostics.error(
            at,
            "too_many",
            format!("there are {} outcomes, the bound is {OUTCOMES_MAX} (OUTCOMES_MAX)", items.len()),
            None,
        );
        return Vec::new();
    }
    if items.is_empty() {
        diagnostics.error(
            at,
            "empty",
            "this list of outcomes is empty",
            Some("put an outcome in, or remove it".to_owned()),
        );
    }
    let mut outcomes: Vec<OutcomePlan> = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        let at = At { node, path: &path };
        let Some(outcome) = one(diagnostics, at) else { continue };
        reject_unreachable(diagnostics, at, &outcomes, &outcome);
        outcomes.push(outcome);
    }
    outcomes
}

fn one(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<OutcomePlan> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        diagnostics.expected(at, "an outcome such as `{outcome: rejected, when: {field: code, op: lt, value: 0}}`");
        return None;
    }
    diagnostics.map_of(at, "an outcome", &OUTCOME_KEYS)?;
    if at.node.get("outcome").is_none() {
        let hint = "add `outcome:` with one of accepted, rejected, duplicate, retry, failed";
        diagnostics.error(at, "missing_key", "this does not say which `outcome` it is", Some(hint.to_owned()));
    }
    let outcome = under(at, "outcome", |at| diagnostics.one_of(at, &words::OUTCOMES)).flatten();
    let when = match at.node.get("when") {
        None => None,
        Some(_) => Some(under(at, "when", |at| rules::condition(diagnostics, at, Stage::Interpret)).flatten()?),
    };
    let details = details(diagnostics, at);
    if details.retry_after.is_some() && outcome.is_some_and(|outcome| outcome != Outcome::Retry) {
        let hint = Some("remove it, or write `outcome: retry`".to_owned());
        let message = "`retry_after` means something with `outcome: retry` only";
        under(at, "retry_after", |at| diagnostics.error(at, "unexpected_argument", message, hint));
    }
    let name = under(at, "name", |at| diagnostics.text(at, "a name").map(str::to_owned)).flatten();
    Some(OutcomePlan {
        name: name.unwrap_or_else(|| at.path.to_owned()).into(),
        outcome: outcome?,
        knows_silence: when.as_ref().is_some_and(|rule| looks_at(rule, Root::Error)),
        looks_at_body: when.as_ref().is_some_and(|rule| looks_at(rule, Root::Body)),
        looks_at_text: when.as_ref().is_some_and(|rule| looks_at(rule, Root::Text)),
        when,
        details,
        line: at.node.place.line,
    })
}

fn reject_unreachable(diagnostics: &mut Diagnostics, at: At<'_>, earlier: &[OutcomePlan], outcome: &OutcomePlan) {
    let same = |one: &Rule, other: &Rule| one.kind == other.kind;
    let before = earlier.iter().find(|earlier| match (&earlier.when, &outcome.when) {
        (None, _) => true,
        (Some(one), Some(other)) => same(one, other),
        (Some(_), None) => false,
    });
    let Some(before) = before else { return };
    let why = if before.when.is_none() { "takes all responses" } else { "has the same condition" };
    let message = format!("no response gets here: the outcome of line {} {why}", before.line);
    diagnostics.error(at, "unreachable", message, Some("remove one of them, or put this one first".to_owned()));
}

/// Whether a condition looks at a root, in whatever place of it.
fn looks_at(rule: &Rule, root: Root) -> bool {
    let mut is_found = false;
    visit::rule_paths(&mut rule.clone(), &mut |path| is_found |= path.root == root);
    is_found
}

fn details(diagnostics: &mut Diagnostics, at: At<'_>) -> Details {
    let mut recipe = |key| under(at, key, |at| recipe::read(diagnostics, at, Stage::Interpret)).flatten();
    let (reason, price, reference) = (recipe("reason"), recipe("price"), recipe("reference"));
    let retry_after = under(at, "retry_after", |at| seconds(diagnostics, at)).flatten();
    Details { reason, price, reference, retry_after }
}

/// A number of seconds, a duration, or where it stands.
fn seconds(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Recipe> {
    let seconds = match &at.node.kind {
        Kind::Number(digits) => digits.parse::<u64>().ok(),
        // A key that begins with a digit is written as a JSONPath here, so that no duration is taken for one.
        Kind::Text(text) if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+')) => {
            duration_seconds(text)
        }
        _ => return recipe::read(diagnostics, at, Stage::Interpret),
    };
    let Some(seconds) = seconds.filter(|seconds| *seconds <= RETRY_AFTER_S_MAX) else {
        let message = format!(
            "`retry_after` is at most {RETRY_AFTER_S_MAX} seconds (RETRY_AFTER_S_MAX, 31 days), and this is {}",
            at.node.quoted()
        );
        let hint =
            "write an integer of seconds such as `60`, a duration such as `90s`, `30min`, `1h` or `1d`, or a path";
        diagnostics.error(at, "wrong_type", message, Some(hint.to_owned()));
        return None;
    };
    Some(fixed(Value::Number(seconds.to_string().into()), at.node.place.line))
}
