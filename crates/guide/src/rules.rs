//! What the rules of `qualify` want of single fields of the lead.

use crate::phrase::{Part, Phrase, plain, with_code, with_codes};
use serde_json::Value;

/// What a lead's standard fields are called.
pub const STANDARD_FIELDS: [&str; 14] = [
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "city",
    "state",
    "zip",
    "country",
    "date_of_birth",
    "ip",
    "source",
    "tags",
];

/// What a rule wants of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wish {
    /// The field, as `email` or `custom.age`.
    pub(crate) field: String,
    pub(crate) operator: String,
    /// What it is compared with.
    pub(crate) values: Vec<Value>,
    /// Whether a lead without the field is disqualified.
    pub(crate) is_needed: bool,
    pub(crate) phrase: Phrase,
}

/// Operators that a missing value passes, unless the rule says otherwise.
const PASSED_BY_MISSING: [&str; 7] = ["ne", "not_in", "not_in_set", "blank", "invalid", "distinct", "is_false"];

/// What all rules want of single fields, and the fields of which at least one is wanted.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) of_fields: Vec<Wish>,
    pub(crate) any_of: Vec<Phrase>,
}

impl Wishes {
    /// Reads the rules.
    pub(crate) fn read(qualify: Option<&Value>) -> Self {
        let mut wishes = Self::default();
        qualify.into_iter().for_each(|rules| wishes.add(rules));
        wishes
    }

    /// Reads a condition: a comparison, a list of those, or a group.
    pub(crate) fn add(&mut self, condition: &Value) {
        if let Value::Array(all) = condition {
            return all.iter().for_each(|one| self.add(one));
        }
        if let Some(all) = condition.get("all") {
            return self.add(all);
        }
        if let Some(any) = condition.get("any").and_then(Value::as_array) {
            return self.add_any(any);
        }
        self.of_fields.extend(wish(condition));
    }

    /// The first of several that is about one field is what an example goes for; none of their fields is needed by itself.
    fn add_any(&mut self, any: &[Value]) {
        let wishes: Vec<Wish> = any.iter().filter_map(wish).collect();
        let mut phrase = vec![Part::Text("at least one of these: ")];
        for (index, wish) in wishes.iter().enumerate() {
            if 0 < index {
                phrase.push(Part::Text("; "));
            }
            phrase.push(Part::Code(wish.field.clone()));
            phrase.push(Part::Text(" "));
            phrase.extend(wish.phrase.iter().cloned());
        }
        if !wishes.is_empty() && wishes.len() == any.len() {
            self.any_of.push(phrase);
        }
        self.of_fields.extend(wishes.into_iter().next().map(|first| Wish {
            is_needed: false,
            phrase: Vec::new(),
            ..first
        }));
    }
}

fn wish(condition: &Value) -> Option<Wish> {
    let field = field_name(condition.get("field")?.as_str()?)?;
    let operator = condition.get("op")?.as_str()?.to_owned();
    let values = match (condition.get("value"), condition.get("values")) {
        (Some(value), _) => vec![value.clone()],
        (None, Some(Value::Array(values))) => values.clone(),
        _ => Vec::new(),
    };
    let passes = condition.get("on_missing").is_some_and(|way| way == "pass" || way == "skip");
    let is_needed = !passes && !PASSED_BY_MISSING.contains(&operator.as_str());
    let phrase = phrase(&operator, &values, condition, &field)?;
    Some(Wish { field, operator, values, is_needed, phrase })
}

/// A field of the lead as a rule names it: what is not a standard field is a custom one.
fn field_name(path: &str) -> Option<String> {
    let path = path.strip_prefix("$.").unwrap_or(path);
    if path.contains(['[', '$', '?']) {
        return None;
    }
    let first = path.split('.').next().unwrap_or_default();
    let is_known = first == "custom" || STANDARD_FIELDS.contains(&first);
    Some(if is_known { path.to_owned() } else { format!("custom.{path}") })
}

/// What a rule wants, in words; none for an operator that is not known here.
fn phrase(operator: &str, values: &[Value], condition: &Value, field: &str) -> Option<Phrase> {
    let text = |key: &str| condition.get(key).and_then(Value::as_str).map(str::to_owned);
    let first = || values.first().map(plain).or_else(|| text("other"));
    let one = |words| first().map(|value| with_code(words, value));
    let all = |words| Some(with_codes(words, values.iter().map(plain)));
    let ends = |words| {
        let end = |index: usize| values.get(index).filter(|end| !end.is_null()).map(plain);
        Some(match (end(0), end(1)) {
            (Some(from), Some(to)) => {
                vec![Part::Text(words), Part::Text("from "), Part::Code(from), Part::Text(" to "), Part::Code(to)]
            }
            (Some(from), None) => vec![Part::Text(words), Part::Text("at least "), Part::Code(from)],
            (None, Some(to)) => vec![Part::Text(words), Part::Text("at most "), Part::Code(to)],
            (None, None) => return None,
        })
    };
    match operator {
        "eq" => one("must be "),
        "ne" => one("must not be "),
        "lt" => one("must be a number below "),
        "le" => one("must be a number of at most "),
        "gt" => one("must be a number above "),
        "ge" => one("must be a number of at least "),
        "between" => ends("must be a number: "),
        "in" => all("must be one of "),
        "not_in" => all("must be none of "),
        "in_set" => text("set").map(|set| with_code("must be a key of the value set ", set)),
        "not_in_set" => text("set").map(|set| with_code("must not be a key of the value set ", set)),
        "contains" => one("must contain "),
        "starts_with" => one("must begin with "),
        "ends_with" => one("must end with "),
        "matches" => one("must match the pattern "),
        "present" => Some(vec![Part::Text("must not be blank")]),
        "blank" => Some(vec![Part::Text("must be blank")]),
        "valid" => Some(with_code("must be a valid value of the kind ", first().unwrap_or_else(|| field.to_owned()))),
        "is_true" => Some(vec![Part::Text("must say yes")]),
        "is_false" => Some(vec![Part::Text("must say no")]),
        "before" => one("must be before ").map(from_now),
        "after" => one("must be after ").map(from_now),
        "within" if values.len() == 1 => one("must be between now and ").map(from_now),
        "within" => ends("must be a time: "),
        "age_between" => ends("must be the date of birth of somebody of this age: "),
        _ => None,
    }
}

/// A distance such as `-18y` is one from now; a moment is not.
fn from_now(mut phrase: Phrase) -> Phrase {
    let is_distance = |text: &str| {
        let digits = text.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count();
        0 < digits && text.ends_with(|last: char| last.is_ascii_alphabetic()) && !text.contains(':')
    };
    if matches!(phrase.last(), Some(Part::Code(text)) if is_distance(text)) {
        phrase.push(Part::Text(" from now"));
    }
    phrase
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m7_rules_name_the_fields_that_they_need() {
        let rules = json!([
            {"field": "state", "op": "in", "values": ["CA", "TX"]},
            {"all": [{"field": "income", "op": "ge", "value": 5, "on_missing": "skip"}, {"field": "x", "op": "ne", "value": 1}]},
            {"any": [{"field": "phone", "op": "present"}, {"field": "email", "op": "present"}]},
            {"not": {"field": "email", "op": "present"}},
        ]);
        let wishes = Wishes::read(Some(&rules));
        let of_fields: Vec<_> = wishes.of_fields.iter().map(|wish| (wish.field.as_str(), wish.is_needed)).collect();
        assert_eq!(of_fields, [("state", true), ("custom.income", false), ("custom.x", false), ("phone", false)]);
        let last = |value: &str| {
            let rule = json!([{"field": "x", "op": "before", "value": value}]);
            Wishes::read(Some(&rule)).of_fields[0].phrase.last().cloned()
        };
        assert_eq!(last("-18y"), Some(Part::Text(" from now")));
        for moment in ["2026-01-31", "2026-01-31T10:00:00Z", "now"] {
            assert_eq!(last(moment), Some(Part::Code(moment.to_owned())));
        }
        let codes = |phrase: &Phrase| phrase.iter().filter(|part| matches!(part, Part::Code(_))).count();
        assert_eq!((codes(&wishes.of_fields[0].phrase), codes(&wishes.any_of[0])), (2, 2));
    }
}
