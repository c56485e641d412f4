//! How a function meets a value: what it does to missing, null, blank, a list, a wrong type. One place for all functions.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::{Call, EvalContext};
use super::declared::Declared;
use super::error::FunctionError;
use super::hidden::strip_hidden_of;
use super::items::{map_items, map_items_in_row};
use super::measure::cost;
use super::number::{Place, decimal_of};
use super::spec::{Lists, Run, Spec, TextRun};
use crate::plan::Function;

/// Applies a function to a value, or to the lack of one.
///
/// Missing and null pass through all functions but those that are made for them (`default` and the like). A function on
/// texts takes numbers and booleans by their text, and most take the items of a list one by one.
pub fn apply<'t>(
    function: &'t Function<'_>,
    value: Option<Value<'t>>,
    context: &dyn EvalContext<'t>,
) -> Result<Option<Value<'t>>, FunctionError> {
    let spec = function.spec();
    let call = Call { name: spec.name, arguments: &function.arguments, context };
    context.spend(value.as_ref().map_or(0, cost) + STEPS_PER_CALL)?;
    let made = run(function, value, &call)?;
    if let Some(made @ (Value::List(_) | Value::Object(_))) = &made {
        context.spend(cost(made))?;
    }
    Ok(made)
}

fn run<'t>(
    function: &'t Function<'_>,
    value: Option<Value<'t>>,
    call: &Call<'_, 't>,
) -> Result<Option<Value<'t>>, FunctionError> {
    let (spec, context) = (function.spec(), call.context);
    if let Run::Any(run) = spec.run {
        return run(value, call);
    }
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Value::Null)),
        Some(Value::List(items)) if spec.lists == Lists::Each => {
            map_items(items, |item| apply(function, item, context))
        }
        Some(Value::List(items)) if spec.lists == Lists::InRow => {
            map_items_in_row(items, |item| apply(function, item, context))
        }
        Some(list @ Value::List(_)) if spec.lists == Lists::Rejected => Err(list_error(spec, &list)),
        Some(value) if spec.reads_people => on_value(spec.run, strip_hidden_of(value), call),
        Some(value) => on_value(spec.run, value, call),
    }
}

/// What calling a function takes, whatever it is called on.
const STEPS_PER_CALL: usize = 64;

/// Applies functions in order.
pub fn apply_all<'t>(
    chain: &'t [Function<'_>],
    value: Option<Value<'t>>,
    context: &dyn EvalContext<'t>,
) -> Result<Option<Value<'t>>, FunctionError> {
    chain.iter().try_fold(value, |value, function| apply(function, value, context))
}

fn list_error(spec: &Spec, list: &Value<'_>) -> FunctionError {
    let mut rejection = FunctionError::wrong_type(spec.name, "one value", list);
    let each = if spec.stands_alone() { spec.name.to_owned() } else { format!("{{{}: ...}}", spec.name) };
    rejection.message += &format!("; take one of them with `first`, or write `{{map: [{each}]}}` to do it to each");
    rejection
}

fn on_value<'t>(run: Run, value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    match run {
        Run::Text(run) => on_text(run, value, call).map(Some),
        Run::Filled(run) => skip_blank(value, call, |value| on_text(run, value, call).map(Some)),
        Run::Read(run) => run(text_of(&value, call)?, call),
        Run::ReadFilled(run) => skip_blank(value, call, |value| run(text_of(&value, call)?, call)),
        Run::Number(run) => {
            skip_blank(value, call, |value| run(decimal_of(&value, call.name, Place::Input)?, call).map(Some))
        }
        Run::List(run) => run(as_list(value), call),
        Run::Object(run) => match value {
            Value::Object(members) => run(members, call),
            other => Err(FunctionError::wrong_type(call.name, "an object", &other)),
        },
        Run::Value(run) => run(value, call),
        Run::Any(run) => run(Some(value), call),
    }
}

/// A value that is not a list is a list of one: in XML and forms, a list of one looks like that.
fn as_list(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::List(items) => items,
        single => vec![single],
    }
}

fn skip_blank<'t>(
    value: Value<'t>,
    call: &Call<'_, 't>,
    run: impl FnOnce(Value<'t>) -> Result<Option<Value<'t>>, FunctionError>,
) -> Result<Option<Value<'t>>, FunctionError> {
    if !matches!(value, Value::Object(_)) && text_of(&value, call)?.trim().is_empty() {
        return Ok(Some(value));
    }
    run(value)
}

/// What is not changed stays the value it is; a part of a slice of the input stays a slice of it.
fn on_text<'t>(run: TextRun, value: Value<'t>, call: &Call<'_, 't>) -> Result<Value<'t>, FunctionError> {
    if let Value::Text(Cow::Borrowed(text)) = value {
        return run(text, call).map(Value::Text);
    }
    let text = text_of(&value, call)?;
    let made = match run(text, call)? {
        made if made == text => None,
        made => Some(made.into_owned()),
    };
    Ok(made.map_or(value, Value::text))
}

fn text_of<'v>(value: &'v Value<'_>, call: &Call<'_, '_>) -> Result<&'v str, FunctionError> {
    value.scalar_text().ok_or_else(|| FunctionError::wrong_type(call.name, "a text", value))
}
