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

/// Two fields: one that is a number has the other compared as a number, whichever side it stands on.
pub fn between_fields(operator: Operator, actual: &Value<'_>, other: &Value<'_>, ignore_case: bool) -> Option<bool> {
    let is_number = |value: &Value<'_>| matches!(value, Value::Number(_));
    match operator {
        Operator::Eq | Operator::Ne if is_number(actual) && !is_number(other) => {
            against(operator, other, actual, ignore_case)
        }
        _ => against(operator, actual, other, ignore_case),
    }
}

/// The one rule by which a value is the one that a document names. A number in the document is compared as a number, even with a
/// text that is written like one; a text as text, also with the digits of a number as they are written, so that the zip 02139 is
/// not 2139; true and false are equal to themselves alone, never to a text or a number.
pub fn equals(actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> bool {
    match wanted {
        Value::Number(_) => {
            actual.canonical_number().is_some() && actual.canonical_number() == wanted.canonical_number()
        }
        Value::Text(_) if matches!(actual, Value::Bool(_)) => false,
        Value::Text(text) => on_texts(actual, text, ignore_case, |actual, wanted| actual == wanted).unwrap_or(false),
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

/// Whether no two of these are the same, as two fields are compared; blank ones are not looked at, nor is white space around a
/// text. Takes the time of sorting.
pub fn all_distinct(values: &[Value<'_>], ignore_case: bool) -> bool {
    let filled = || values.iter().filter(|value| !value.is_blank());
    let (numbers, others): (Vec<&Value<'_>>, Vec<&Value<'_>>) =
        filled().partition(|value| matches!(value, Value::Number(_)));
    let mut texts: Vec<String> = others.iter().map(|value| plain_text(value, ignore_case)).collect();
    let mut numbers: Vec<CanonicalNumber> = numbers.into_iter().filter_map(Value::canonical_number).collect();
    texts.sort_unstable();
    numbers.sort_unstable();
    let is_a_number =
        |value: &&Value<'_>| value.canonical_number().is_some_and(|it| numbers.binary_search(&it).is_ok());
    !is_twice(&texts) && !is_twice(&numbers) && !others.iter().any(is_a_number)
}

fn is_twice<T: PartialEq>(sorted: &[T]) -> bool {
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

/// A text without white space around it, in quotes as JSON has it; anything else as JSON text.
fn plain_text(value: &Value<'_>, ignore_case: bool) -> String {
    let text = match value {
        Value::Text(text) => hookmill_json::text_of(&Value::text(text.trim())),
        value => hookmill_json::text_of(value),
    };
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
            ("[true,\"true\"]", false, true),
            ("[true,true]", false, false),
            ("[5,\"5.0\"]", false, false),
            ("[\"05\",5]", false, false),
        ] {
            let Value::List(items) = parse(list).unwrap() else { panic!("{list}") };
            assert_eq!(all_distinct(&items, ignore_case), distinct, "{list}");
        }
    }

    /// M3, M7: what a document says, in each kind, against each kind of value.
    #[test]
    fn m7_one_rule_for_equality() {
        let is = |actual: &str, wanted: &str| equals(&parse(actual).unwrap(), &parse(wanted).unwrap(), false);
        for (wanted, same, other) in [
            ("5", &["5", "5.0", "\"5\"", "\"5.0\"", "\" 5 \""][..], &["\"5a\"", "true", "null", "[5]"][..]),
            ("\"5\"", &["\"5\"", "5"], &["5.0", "\"5.0\"", "\"05\"", "true"]),
            ("\"02139\"", &["\"02139\""], &["2139", "\"2139\""]),
            ("true", &["true"], &["\"true\"", "1", "\"yes\"", "false"]),
            ("false", &["false"], &["\"false\"", "0", "null", "\"\""]),
            ("\"true\"", &["\"true\""], &["true", "\"TRUE\""]),
            ("\"false\"", &["\"false\""], &["false"]),
            ("null", &["null"], &["\"null\"", "\"\"", "0", "false"]),
            ("[1,{\"a\":2}]", &["[1.0,{\"a\":2}]"], &["[\"1\",{\"a\":2}]", "1"]),
        ] {
            same.iter().for_each(|actual| assert!(is(actual, wanted), "{actual} is {wanted}"));
            other.iter().for_each(|actual| assert!(!is(actual, wanted), "{actual} is not {wanted}"));
        }
    }

    /// M7: two fields are equal whichever stands first.
    #[test]
    fn m7_two_fields_are_equal_both_ways() {
        let values = ["5", "5.0", "\"5\"", "\"5.0\"", "\"05\"", "true", "\"true\"", "null", "\"\"", "[5]", "{}"];
        for (one, other) in values.iter().flat_map(|one| values.iter().map(move |other| (one, other))) {
            let (a, b) = (parse(one).unwrap(), parse(other).unwrap());
            let equal = |a, b| between_fields(Operator::Eq, a, b, false);
            assert_eq!(equal(&a, &b), equal(&b, &a), "{one} and {other}");
            if !a.is_blank() && !b.is_blank() {
                let distinct = all_distinct(&[a.clone(), b.clone()], false);
                assert_eq!(equal(&a, &b), Some(!distinct), "{one} and {other}");
            }
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
