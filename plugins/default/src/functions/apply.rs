//! How a function meets a value: what it does to missing, null, blank, a list, a wrong type. One place for all functions.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::{Call, EvalContext};
use super::error::FunctionError;
use super::limits::{FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX, OUTPUT_DEPTH_MAX};
use super::number::decimal_of;
use super::spec::{Lists, Run, TextRun};
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
    let call = Call { name: spec.name, arguments: function.arguments(), context };
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
        Some(list @ Value::List(_)) if spec.lists == Lists::Refused => Err(list_error(spec.name, &list)),
        Some(value) => on_value(spec.run, value, call),
    }
}

/// What calling a function takes, whatever it is called on.
const STEPS_PER_CALL: usize = 64;

/// What a function takes for each value in a list or an object, besides its bytes.
const STEPS_PER_VALUE: usize = 32;

/// How many steps it takes to read a value.
pub fn cost(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| cost(item) + STEPS_PER_VALUE).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + cost(value) + STEPS_PER_VALUE).sum(),
    }
}

/// Applies functions in order.
pub fn apply_all<'t>(
    chain: &'t [Function<'_>],
    value: Option<Value<'t>>,
    context: &dyn EvalContext<'t>,
) -> Result<Option<Value<'t>>, FunctionError> {
    chain.iter().try_fold(value, |value, function| apply(function, value, context))
}

fn list_error(name: &str, list: &Value<'_>) -> FunctionError {
    let mut refusal = FunctionError::wrong_type(name, "one value", list);
    refusal.message += &format!("; take one of them with `first`, or write `{{map: [{name}]}}` to do it to each");
    refusal
}

/// A list is treated item by item; what comes to nothing is left out, and lists that are made stand in a row.
pub fn map_items<'t>(
    items: Vec<Value<'t>>,
    make: impl Fn(Option<Value<'t>>) -> Result<Option<Value<'t>>, FunctionError>,
) -> Result<Option<Value<'t>>, FunctionError> {
    let mut done = Vec::with_capacity(items.len());
    let mut room = items.iter().map(text_size).sum::<usize>().max(FUNCTION_OUTPUT_BYTES_MAX);
    let items_max = items.len().max(FUNCTION_ITEMS_MAX);
    for item in items {
        let made = make(Some(item))?;
        let taken = made.as_ref().map_or(0, text_size);
        room = room.checked_sub(taken).ok_or_else(|| {
            FunctionError::too_large("a list", "FUNCTION_OUTPUT_BYTES_MAX", FUNCTION_OUTPUT_BYTES_MAX)
        })?;
        match made {
            Some(Value::List(pieces)) => done.extend(pieces),
            Some(value) => done.push(value),
            None => {}
        }
        if items_max < done.len() {
            return Err(FunctionError::too_large("a list", "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX));
        }
    }
    Ok(Some(Value::List(done)))
}

/// About how many bytes of text a value holds.
pub fn text_size(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(text_size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + text_size(value)).sum(),
    }
}

/// Refuses what is nested deeper than the bound: a function can make depth that no input had.
pub fn check_depth(value: &Value<'_>, function: &str) -> Result<(), FunctionError> {
    if has_depth(value, OUTPUT_DEPTH_MAX) {
        return Ok(());
    }
    let message =
        format!("what `{function}` would make here is nested more than {OUTPUT_DEPTH_MAX} deep (OUTPUT_DEPTH_MAX)");
    Err(FunctionError::new("too_deep", message))
}

fn has_depth(value: &Value<'_>, depth: usize) -> bool {
    match value {
        Value::List(items) => 0 < depth && items.iter().all(|item| has_depth(item, depth - 1)),
        Value::Object(members) => 0 < depth && members.iter().all(|(_, value)| has_depth(value, depth - 1)),
        _ => true,
    }
}

fn on_value<'t>(run: Run, value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    match run {
        Run::Text(run) => on_text(run, value, call).map(Some),
        Run::Filled(run) => skip_blank(value, call, |value| on_text(run, value, call).map(Some)),
        Run::Read(run) => run(text_of(&value, call)?, call),
        Run::ReadFilled(run) => skip_blank(value, call, |value| run(text_of(&value, call)?, call)),
        Run::Number(run) => skip_blank(value, call, |value| run(decimal_of(&value, call.name)?, call).map(Some)),
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
