//! A table in what came in: ids in one place, what they mean in another.

use std::collections::BTreeMap;

use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, quote};
use super::from_pairs::first_inside;
use super::items::map_items;
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, optional, required, usually};
use super::text::scalar;

/// Gives what a list, or an object, elsewhere in the input has for an id.
pub const LOOKUP_IN: Spec = Spec {
    name: "lookup_in",
    summary: "Gives what a list at another path has for an id, or for each id of a list; an id that is not there is rejected.",
    takes: Kind::Any,
    gives: Kind::Any,
    lists: Lists::Whole,
    parameters: &[
        required(
            "in",
            ArgumentKind::Path,
            "where the list is; one object with an id is a list of one, any other object a table by the names of its members",
        ),
        usually("id", ArgumentKind::Insides, "id", "where the id stands in each item of the list"),
        optional("value", ArgumentKind::Insides, "the whole item", "where the value stands in the item or member"),
        optional("default", ArgumentKind::Fixed, "an id that is not there is rejected", "what any other id becomes"),
    ],
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_in_table", "[]", "wrong_type"]),
    errors: &[
        ("not_in_table", "nothing there has the id, and there is no default"),
        ("no_operand", "there is neither a list nor an object at the path"),
        ("path_too_wide", "a path looks at more values than PATH_VISITS_MAX"),
        ("output_too_large", "the list is larger than FUNCTION_OUTPUT_BYTES_MAX or FUNCTION_ITEMS_MAX"),
    ],
    examples: &[
        example("{lookup_in: {in: answers, id: question_id, value: answer}}", "[1]", r#"["40"]"#),
        example("{lookup_in: {in: answers, id: question_id, value: answer}}", r#""1""#, r#""40""#),
        example("{lookup_in: {in: answers, id: question_id, default: unknown}}", "2", r#""unknown""#),
        example("{lookup_in: answers}", "1", "not_in_table"),
        example("{lookup_in: gone}", "1", "no_operand"),
    ],
    run: Run::Value(lookup_in),
    ..Spec::USUAL
};

fn lookup_in<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    // What is blank has nothing to be looked up, wherever that would be.
    if value.is_blank() && !matches!(value, Value::Object(_)) {
        return Ok(Some(value));
    }
    let table = Table::read(call)?;
    match value {
        Value::List(ids) => map_items(ids, |id| id.map_or(Ok(None), |id| table.find(id, call))),
        id => table.find(id, call),
    }
}

/// What stands at the path, by id.
struct Table<'t>(BTreeMap<String, Value<'t>>);

impl<'t> Table<'t> {
    /// The first of an id wins; an item without one is passed over. In XML and forms, a list of one looks like its one item.
    fn read(call: &Call<'_, 't>) -> Result<Self, FunctionError> {
        let items = match call.value_at(0)? {
            Some(Value::List(items)) => items,
            Some(object @ Value::Object(_)) if id_of(&object, call)?.is_some() => vec![object],
            Some(Value::Object(members)) => {
                return Ok(Self(members.into_iter().map(|(name, value)| (name.into_owned(), value)).collect()));
            }
            other => return Err(no_table(other.as_ref(), call)),
        };
        let mut by_id = BTreeMap::new();
        for item in items {
            if let Some(id) = id_of(&item, call)? {
                by_id.entry(id).or_insert(item);
            }
        }
        Ok(Self(by_id))
    }

    fn find(&self, id: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
        if id.is_blank() && !matches!(id, Value::Object(_)) {
            return Ok(Some(id));
        }
        let item = self.0.get(scalar(&id, call)?.trim());
        let found = match item {
            Some(item) if !call.paths(2).is_empty() => first_inside(item, call.paths(2), call)?,
            item => item.cloned(),
        };
        found.or_else(|| call.value(3)).map(Some).ok_or_else(|| {
            let lacks = if item.is_some() { "has no value there" } else { "is not there" };
            let message =
                format!("{} is looked up at `{}` and {lacks}; write a `default`", quote(&id), path_text(call));
            FunctionError::new("not_in_table", message)
        })
    }
}

fn id_of<'t>(item: &Value<'t>, call: &Call<'_, 't>) -> Result<Option<String>, FunctionError> {
    let id = first_inside(item, call.paths(1), call)?;
    Ok(id.as_ref().and_then(Value::scalar_text).map(|id| id.trim().to_owned()))
}

fn no_table(found: Option<&Value<'_>>, call: &Call<'_, '_>) -> FunctionError {
    let found = found.map_or_else(|| "nothing".to_owned(), |value| value.type_name().to_owned());
    let message = format!("`{}` finds {found} at `{}`, not a list or an object", call.name, path_text(call));
    FunctionError::new("no_operand", message)
}

fn path_text<'t>(call: &Call<'_, 't>) -> &'t str {
    call.path(0).map_or("", |path| &path.text)
}
