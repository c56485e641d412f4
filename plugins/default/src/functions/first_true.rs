//! The item of a list that is marked.

use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, quote};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, optional};
use crate::run::compare::says;

/// Takes the first one that says yes.
pub const FIRST_TRUE: Spec = Spec {
    name: "first_true",
    summary: "Takes the first item of a list that says yes, itself or at a path inside it; missing where none does.",
    takes: Kind::List,
    gives: Kind::Any,
    lists: Lists::Whole,
    parameters: &[optional(
        "at",
        ArgumentKind::Inside,
        "the item itself",
        "where the yes or no stands in each item, such as `selected`; missing, null and blank count as no",
    )],
    on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "missing", "missing"]),
    errors: &[("not_a_boolean", "what stands there is not one of the words of `boolean`")],
    examples: &[
        example(
            "{first_true: selected}",
            r#"[{"id":1,"selected":false},{"id":2,"selected":"yes"},{"id":3}]"#,
            r#"{"id":2,"selected":"yes"}"#,
        ),
        example("first_true", r#"["no",true]"#, "true"),
        example("{first_true: selected}", r#"[{"id":1}]"#, "missing"),
        example("{first_true: selected}", r#"[{"id":1,"selected":"maybe"}]"#, "not_a_boolean"),
    ],
    run: Run::List(first_true),
    ..Spec::USUAL
};

fn first_true<'t>(items: Vec<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    for item in items {
        let says_yes = match call.path(0) {
            Some(path) => call.context.inside(path, &item)?.map_or(Ok(false), |mark| is_yes(&mark))?,
            None => is_yes(&item)?,
        };
        if says_yes {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn is_yes(mark: &Value<'_>) -> Result<bool, FunctionError> {
    if mark.is_blank() {
        return Ok(false);
    }
    says(mark).ok_or_else(|| {
        let hint = "`filter` takes a condition for other words, such as `{filter: \"@.selected == 'ja'\"}`";
        FunctionError::new("not_a_boolean", format!("{} is not a word for yes or no; {hint}", quote(mark)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_blank_marks_are_no_and_odd_ones_are_rejected() {
        for (mark, expected) in [
            (Value::Null, Ok(false)),
            (Value::text(" "), Ok(false)),
            (Value::integer(0), Ok(false)),
            (Value::text("On"), Ok(true)),
            (Value::text("maybe"), Err("not_a_boolean")),
            (Value::List(vec![Value::Bool(true)]), Err("not_a_boolean")),
        ] {
            assert_eq!(is_yes(&mark).map_err(|error| error.code), expected, "{mark:?}");
        }
    }
}
