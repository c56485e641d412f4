//! One number of a list of numbers, computed exactly.

use hookmill_decimal::Decimal;
use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;
use super::number::{Place, decimal_of, number_value};
use super::spec::{EmptyInput, Kind, Lists, Run, Spec, example};

/// A function that makes one number of a list of them.
const AGGREGATE: Spec = Spec {
    takes: Kind::List,
    gives: Kind::Number,
    lists: Lists::Whole,
    on_empty: EmptyInput::of(["missing", "null", "missing", "0", "missing", "wrong_type"]),
    errors: &[
        ("not_a_number", "an item is not a number, and no text that is written like one"),
        ("number_too_long", "a number has more digits than NUMBER_DIGITS_MAX"),
    ],
    ..Spec::USUAL
};

/// Adds them up.
pub const SUM: Spec = Spec {
    name: "sum",
    summary: "Adds up the numbers of a list; null and blank items do not count, and where none counts it is missing.",
    examples: &[
        example("sum", r#"["0.1",0.2,null,""]"#, "0.3"),
        example("sum", r#"["12","$5"]"#, "not_a_number"),
        example("sum", "[]", "missing"),
    ],
    run: Run::List(|items, call| fold(&items, call, |sum, number| Ok(sum.plus(&number)?))),
    ..AGGREGATE
};

/// The largest.
pub const MAX: Spec = Spec {
    name: "max",
    summary: "Takes the largest number of a list; null and blank items do not count, and where none counts it is missing.",
    examples: &[example("max", r#"["9",10,null]"#, "10"), example("max", r#"["high"]"#, "not_a_number")],
    run: Run::List(|items, call| fold(&items, call, |largest, number| Ok(largest.max(number)))),
    ..AGGREGATE
};

/// The smallest.
pub const MIN: Spec = Spec {
    name: "min",
    summary: "Takes the smallest number of a list; null and blank items do not count, and where none counts it is missing.",
    examples: &[example("min", r#"["9",10,""]"#, "9"), example("min", "[-1.50,0]", "-1.50")],
    run: Run::List(|items, call| fold(&items, call, |smallest, number| Ok(smallest.min(number)))),
    ..AGGREGATE
};

/// All numbers of a list made one by two; missing where there is none.
fn fold(
    items: &[Value<'_>],
    call: &Call<'_, '_>,
    two: impl Fn(Decimal, Decimal) -> Result<Decimal, FunctionError>,
) -> Result<Option<Value<'static>>, FunctionError> {
    let mut made: Option<Decimal> = None;
    for item in items.iter().filter(|item| counts(item)) {
        let number = decimal_of(item, call.name, Place::Item)?;
        made = Some(match made {
            Some(made) => two(made, number)?,
            None => number,
        });
    }
    Ok(made.map(number_value))
}

/// An empty list or object is a value of a wrong type, not a number that was left blank.
fn counts(item: &Value<'_>) -> bool {
    match item {
        Value::Null => false,
        Value::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_what_was_left_blank_does_not_count_and_all_else_does() {
        for (item, expected) in [
            (Value::Null, false),
            (Value::text(" "), false),
            (Value::text("x"), true),
            (Value::integer(0), true),
            (Value::Bool(false), true),
            (Value::List(Vec::new()), true),
        ] {
            assert_eq!(counts(&item), expected, "{item:?}");
        }
    }
}
