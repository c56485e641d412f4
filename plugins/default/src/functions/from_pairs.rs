//! An object of a list of names and values, as forms and questionnaires send them.

use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;
use super::object::Names;
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, usually};
use crate::plan::{Path, Step, Steps};

/// Makes an object of pairs.
pub const FROM_PAIRS: Spec = Spec {
    name: "from_pairs",
    summary: "Makes an object of a list of `{name, value}`; an item without a name or a value is left out, the first of a name wins.",
    takes: Kind::List,
    gives: Kind::Object,
    lists: Lists::Whole,
    parameters: &[
        usually("name", ArgumentKind::Insides, "name", "where the name stands in each item"),
        usually(
            "value",
            ArgumentKind::Insides,
            "value",
            "where the value stands in each item; of several the first that is not blank counts",
        ),
        usually("single", ArgumentKind::Flag, "false", "whether a list of one item is that item"),
    ],
    on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "{}", "{}"]),
    errors: &[("path_too_wide", "a path looks at more values than PATH_VISITS_MAX")],
    examples: &[
        example("from_pairs", r#"[{"name":"a","value":1},{"name":"b"}]"#, r#"{"a":1}"#),
        example(
            "{from_pairs: {value: values, single: true}}",
            r#"[{"name":"email","values":["x"]},{"name":"likes","values":["a","b"]},{"name":"inbox_url"}]"#,
            r#"{"email":"x","likes":["a","b"]}"#,
        ),
        example(
            "{from_pairs: {name: field.ref, value: [choice.label, choices.labels, text, number]}}",
            r#"[{"field":{"ref":"roof"},"choice":{"label":"Flat"}},{"field":{"ref":"rooms"},"number":0}]"#,
            r#"{"roof":"Flat","rooms":0}"#,
        ),
    ],
    run: Run::List(from_pairs),
    ..Spec::USUAL
};

fn from_pairs<'t>(items: Vec<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let mut object = Names::default();
    for item in items {
        if !matches!(item, Value::Object(_)) {
            return Err(FunctionError::wrong_type(call.name, "a list of objects", &item));
        }
        let name = first_inside(&item, call.paths(0), call)?;
        let value = first_inside(&item, call.paths(1), call)?;
        if let (Some(name), Some(value)) = (name.as_ref().and_then(Value::scalar_text), value) {
            object.add(name.to_owned().into(), if call.flag(2) { single(value) } else { value });
        }
    }
    Ok(Some(Value::Object(object.members)))
}

/// What stands at the first of these paths where it is not blank, else the first that is there.
pub fn first_inside<'t>(
    item: &Value<'t>,
    paths: &[Path<'_>],
    call: &Call<'_, 't>,
) -> Result<Option<Value<'t>>, FunctionError> {
    let mut blank = None;
    for path in paths {
        match inside(item, path, call)? {
            Some(found) if !found.is_blank() => return Ok(Some(found)),
            found => blank = blank.or(found),
        }
    }
    Ok(blank)
}

/// A single name, which is usual, needs no copy of what is not borrowed.
fn inside<'t>(item: &Value<'t>, path: &Path<'_>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    if let Steps::Singular(steps) = &path.steps
        && let [Step::Name(name)] = steps.as_slice()
    {
        return Ok(item.member(name).cloned());
    }
    Ok(call.context.inside(path, item)?.map(Value::into_owned))
}

fn single(value: Value<'_>) -> Value<'_> {
    match value {
        Value::List(mut items) if items.len() == 1 => items.pop().unwrap_or(Value::Null),
        other => other,
    }
}
