//! Comparing values: numbers exactly, texts as texts, lists by their items.

use std::cmp::Ordering;

use hookmill_json::{CanonicalNumber, Value};
use hookmill_jsonpath::is_equal;

use crate::plan::Operator;

/// One value against one other.
pub fn against(operator: Operator, actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> Option<bool> {
    let text = || wanted.scalar_text();
    match operator {
        Operator::Eq => Some(equals(actual, wanted, ignore_case)),
        Operator::Ne => Some(!equals(actual, wanted, ignore_case)),
        Operator::Lt => ordered(actual, wanted).map(std::cmp::Ordering::is_lt),
        Operator::Le => ordered(actual, wanted).map(std::cmp::Ordering::is_le),
        Operator::Gt => ordered(actual, wanted).map(std::cmp::Ordering::is_gt),
        Operator::Ge => ordered(actual, wanted).map(std::cmp::Ordering::is_ge),
        Operator::Contains => contains(actual, wanted, ignore_case),
        Operator::StartsWith => on_texts(actual, text()?, ignore_case, |text, start| text.starts_with(start)),
        Operator::EndsWith => on_texts(actual, text()?, ignore_case, |text, end| text.ends_with(end)),
        _ => None,
    }
}

/// One value against several.
pub fn among(operator: Operator, actual: &Value<'_>, values: &[Value<'_>], ignore_case: bool) -> Option<bool> {
    let is_one = || values.iter().any(|wanted| equals(actual, wanted, ignore_case));
    match (operator, values) {
        (Operator::In, _) => Some(is_one()),
        (Operator::NotIn, _) => Some(!is_one()),
        (Operator::Between, [low, high]) => Some(ordered(actual, low)?.is_ge() && ordered(actual, high)?.is_le()),
        _ => None,
    }
}

/// A number in the document is compared as a number, even with a text that is written like one; a text as text, so that the
/// zip 02139 is not 2139; true and false also with those words.
pub fn equals(actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> bool {
    match wanted {
        Value::Number(_) => {
            actual.canonical_number().is_some() && actual.canonical_number() == wanted.canonical_number()
        }
        Value::Text(text) => on_texts(actual, text, ignore_case, |actual, wanted| actual == wanted).unwrap_or(false),
        Value::Bool(wanted) => match actual {
            Value::Bool(actual) => actual == wanted,
            Value::Text(text) => text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
            _ => false,
        },
        _ => is_equal(actual, wanted),
    }
}

/// How two numbers stand to each other; none when one is none.
pub fn ordered(actual: &Value<'_>, limit: &Value<'_>) -> Option<Ordering> {
    Some(actual.canonical_number()?.cmp(&limit.canonical_number()?))
}

/// Asks of the text of a scalar; none of anything else.
pub fn on_texts(actual: &Value<'_>, wanted: &str, ignore_case: bool, is: impl Fn(&str, &str) -> bool) -> Option<bool> {
    let actual = actual.scalar_text()?;
    Some(if ignore_case { is(&actual.to_lowercase(), &wanted.to_lowercase()) } else { is(actual, wanted) })
}

/// A list with this item, or a text with this text in it; none of anything else.
pub fn contains(actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> Option<bool> {
    match actual {
        Value::List(items) => Some(items.iter().any(|item| equals(item, wanted, ignore_case))),
        _ => on_texts(actual, wanted.scalar_text()?, ignore_case, |actual, wanted| actual.contains(wanted)),
    }
}

/// Whether no two of these are the same; blank ones are not looked at. Numbers are the same as numbers (`5`, `5.0`), anything
/// by its text (`5`, `"5"`). Takes the time of sorting.
pub fn all_distinct(values: &[Value<'_>], ignore_case: bool) -> bool {
    let filled = || values.iter().filter(|value| !value.is_blank());
    let mut texts: Vec<String> = filled().map(|value| plain_text(value, ignore_case)).collect();
    texts.sort_unstable();
    let mut numbers: Vec<CanonicalNumber> =
        filled().filter(|value| matches!(value, Value::Number(_))).filter_map(Value::canonical_number).collect();
    numbers.sort_unstable();
    let is_twice = |pair: &[String]| pair.first() == pair.last();
    !texts.windows(2).any(is_twice) && !numbers.windows(2).any(|pair| pair.first() == pair.last())
}

fn plain_text(value: &Value<'_>, ignore_case: bool) -> String {
    let text = value.scalar_text().map_or_else(|| hookmill_json::text_of(value), |text| text.trim().to_owned());
    if ignore_case { text.to_lowercase() } else { text }
}

/// What people and machines write for yes and no; none for anything else.
pub fn says(value: &Value<'_>) -> Option<bool> {
    let text = value.scalar_text()?.trim().to_lowercase();
    match text.as_str() {
        "true" | "yes" | "y" | "1" | "on" | "t" => Some(true),
        "false" | "no" | "n" | "0" | "off" | "f" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use hookmill_json::parse;

    #[test]
    fn m7_distinct_looks_at_what_is_there() {
        for (list, ignore_case, distinct) in [
            ("[]", false, true),
            ("[null,null,\"\",\" \"]", false, true),
            ("[1,2,\"1 \"]", false, false),
            ("[5,5.0]", false, false),
            ("[\"5\",\"5.0\"]", false, true),
            ("[\"a\",\"A\"]", false, true),
            ("[\"a\",\"A\"]", true, false),
            ("[{\"a\":1},{\"a\":1}]", false, false),
            ("[true,\"true\"]", false, false),
        ] {
            let Value::List(items) = parse(list).unwrap() else { panic!("{list}") };
            assert_eq!(all_distinct(&items, ignore_case), distinct, "{list}");
        }
    }

    proptest! {
        /// M7: sorting finds what comparing each with each finds.
        #[test]
        fn m7_distinct_is_no_pair_alike(texts in prop::collection::vec("[ab]{1,3}", 0..8)) {
            let values: Vec<Value<'_>> = texts.iter().map(|text| Value::text(text.as_str())).collect();
            let pairs = (0..texts.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            let any_alike = pairs.into_iter().any(|(i, j)| texts[i] == texts[j]);
            prop_assert_eq!(all_distinct(&values, false), !any_alike);
        }
    }
}
