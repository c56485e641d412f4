//! Functions on lists.

use super::call::Call;
use super::refusal::Refusal;
use super::spec::{ArgumentKind, Kind, Lists, OnNothing, Run, Spec, example, required};
use super::text::{scalar, within_output};
use crate::json::Value;

/// A function that takes a list as one value.
const LIST: Spec = Spec {
    takes: Kind::List,
    lists: Lists::Whole,
    on_nothing: OnNothing::of(["missing", "null", "\"\"", "0", "missing", "{}"]),
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "first",
        summary: "Takes the first item of a list; a value that is no list is its own first.",
        gives: Kind::Any,
        examples: &[example("first", r#"["a","b"]"#, r#""a""#), example("first", "[]", "missing")],
        run: Run::List(|items, _| Ok(items.into_iter().next())),
        ..LIST
    },
    Spec {
        name: "last",
        summary: "Takes the last item of a list; a value that is no list is its own last.",
        gives: Kind::Any,
        examples: &[example("last", r#"["a","b"]"#, r#""b""#), example("last", r#""a""#, r#""a""#)],
        run: Run::List(|mut items, _| Ok(items.pop())),
        ..LIST
    },
    Spec {
        name: "join",
        summary: "Makes one text of the items that are not blank.",
        parameters: &[required("between", ArgumentKind::Text, "what stands between the items")],
        on_nothing: OnNothing::of(["missing", "null", "\"\"", "0", "\"\"", "wrong_type"]),
        errors: &[("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX")],
        examples: &[
            example("{join: ', '}", r#"["a",null,1,""]"#, r#""a, 1""#),
            example("{join: ', '}", r#""a""#, r#""a""#),
        ],
        run: Run::Value(join),
        ..LIST
    },
    Spec {
        name: "split",
        summary: "Cuts a text at a mark: its pieces are trimmed, empty ones left out.",
        gives: Kind::List,
        parameters: &[required("at", ArgumentKind::NonEmpty, "what stands between the pieces")],
        on_nothing: OnNothing::of(["missing", "null", "[]", "[\"0\"]", "[]", "wrong_type"]),
        examples: &[
            example("{split: ','}", r#""a, b,,c""#, r#"["a","b","c"]"#),
            example("{split: ','}", r#"["a,b","c"]"#, r#"["a","b","c"]"#),
        ],
        run: Run::Read(|text, call| Ok(Some(split(text, call.text_or_empty(0))))),
        ..Spec::USUAL
    },
    Spec {
        name: "append",
        summary: "Puts the values of another path behind a list, those that it does not have yet; missing and null are an empty list.",
        gives: Kind::List,
        parameters: &[required("from", ArgumentKind::Path, "where the values are")],
        on_nothing: OnNothing::of(["[\"b\"]", "[\"b\"]", "[\"\",\"b\"]", "[0,\"b\"]", "[\"b\"]", "[{},\"b\"]"]),
        examples: &[
            example("{append: beta}", r#"["a"]"#, r#"["a","b"]"#),
            example("{append: beta}", r#"["b"]"#, r#"["b"]"#),
            example("{append: gone}", r#""a""#, r#""a""#),
        ],
        run: Run::Any(|value, call| Ok(append(value, call))),
        ..LIST
    },
];

/// The items that are not blank, in one text.
fn join<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, Refusal> {
    let items = match value {
        Value::List(items) => items,
        object @ Value::Object(_) => return Err(Refusal::wrong_type(call.name, "a list", &object)),
        other => return Ok(Some(other)),
    };
    let filled = items.iter().filter(|item| !item.is_blank());
    let pieces: Vec<&str> = filled.map(|item| scalar(item, call)).collect::<Result<_, _>>()?;
    let between = call.text_or_empty(0);
    let size = pieces.iter().map(|piece| piece.len() + between.len()).sum();
    within_output(size, 0, call.name)?;
    Ok(Some(Value::text(pieces.join(between))))
}

/// The pieces of a text, trimmed, without empty ones.
fn split(text: &str, at: &str) -> Value<'static> {
    let pieces = text.split(at).map(str::trim).filter(|piece| !piece.is_empty());
    Value::List(pieces.map(|piece| Value::text(piece.to_owned())).collect())
}

/// A list with what it does not have yet behind it; null and a missing value are an empty list.
fn append<'t>(value: Option<Value<'t>>, call: &Call<'_, 't>) -> Option<Value<'t>> {
    let more = call.path(0).and_then(|path| call.around.value_at(path));
    let Some(more) = more.filter(|more| !more.is_blank()) else { return value };
    let mut items = as_list(value);
    for item in as_list(Some(more)) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    Some(Value::List(items))
}

fn as_list(value: Option<Value<'_>>) -> Vec<Value<'_>> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items,
        Some(other) => vec![other],
    }
}
