//! Functions on lists.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hookmill_json::{Value, text_of};

use super::aggregate::{MAX, MIN, SUM};
use super::call::Call;
use super::error::{FunctionError, check_item_count, check_output_size};
use super::first_true::FIRST_TRUE;
use super::items::map_items;
use super::limits::FUNCTION_ITEMS_MAX;
use super::measure::cost;
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, optional, required, usually};
use super::text::scalar;
use crate::run::compare::equals;

/// A function that takes a list as one value.
const LIST: Spec = Spec {
    takes: Kind::List,
    lists: Lists::Whole,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "0", "missing", "{}"]),
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "first",
        summary: "Takes the first item of a list; a value that is not a list is its own first.",
        gives: Kind::Any,
        examples: &[example("first", r#"["a","b"]"#, r#""a""#), example("first", "[]", "missing")],
        run: Run::List(|items, _| Ok(items.into_iter().next())),
        ..LIST
    },
    Spec {
        name: "last",
        summary: "Takes the last item of a list; a value that is not a list is its own last.",
        gives: Kind::Any,
        examples: &[example("last", r#"["a","b"]"#, r#""b""#), example("last", r#""a""#, r#""a""#)],
        run: Run::List(|mut items, _| Ok(items.pop())),
        ..LIST
    },
    Spec {
        name: "join",
        summary: "Makes one text of the items that are not blank.",
        parameters: &[required("between", ArgumentKind::Text, "what stands between the items")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "0", "\"\"", "wrong_type"]),
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
        errors: &[("output_too_large", "there are more pieces than FUNCTION_ITEMS_MAX")],
        lists: Lists::InRow,
        parameters: &[required("at", ArgumentKind::NonEmpty, "what stands between the pieces")],
        on_empty: EmptyInput::of(["missing", "null", "[]", "[\"0\"]", "[]", "wrong_type"]),
        examples: &[
            example("{split: ','}", r#""a, b,,c""#, r#"["a","b","c"]"#),
            example("{split: ','}", r#"["a,b","c"]"#, r#"["a","b","c"]"#),
        ],
        run: Run::Read(|text, call| split(text, call).map(Some)),
        ..Spec::USUAL
    },
    Spec {
        name: "append",
        summary: "Puts the values of another path behind a list, those that it does not have yet; missing and null are an empty list.",
        gives: Kind::List,
        errors: &[("output_too_large", "the list is longer than FUNCTION_ITEMS_MAX")],
        parameters: &[required("from", ArgumentKind::Path, "where the values are")],
        on_empty: EmptyInput::of(["[\"b\"]", "[\"b\"]", "[\"\",\"b\"]", "[0,\"b\"]", "[\"b\"]", "[{},\"b\"]"]),
        examples: &[
            example("{append: beta}", r#"["a"]"#, r#"["a","b"]"#),
            example("{append: beta}", r#"["b"]"#, r#"["b"]"#),
            example("{append: gone}", r#""a""#, r#""a""#),
        ],
        run: Run::Any(append),
        ..LIST
    },
    Spec {
        name: "item",
        summary: "Takes one item of a list, counted from 0, from the end when negative; missing when there is none.",
        gives: Kind::Any,
        parameters: &[required("at", ArgumentKind::Whole(-100_000, 100_000), "which item")],
        on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "missing", "missing"]),
        examples: &[
            example("{item: 1}", r#"["a","b"]"#, r#""b""#),
            example("{item: -1}", r#"["a","b"]"#, r#""b""#),
            example("{item: 2}", r#"["a","b"]"#, "missing"),
        ],
        run: Run::List(item),
        ..LIST
    },
    Spec {
        name: "count",
        summary: "Counts the items of a list.",
        gives: Kind::Number,
        on_empty: EmptyInput::of(["missing", "null", "1", "1", "0", "1"]),
        examples: &[example("count", r#"["a","b"]"#, "2"), example("count", r#""a""#, "1")],
        run: Run::List(|items, _| Ok(Some(Value::Number(items.len().to_string().into())))),
        ..LIST
    },
    SUM,
    MAX,
    MIN,
    Spec {
        name: "unique",
        summary: "Leaves out items that a list has already.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "[\"\"]", "[0]", "[]", "[{}]"]),
        examples: &[example("unique", r#"["x","y","x",1,1.0]"#, r#"["x","y",1,1.0]"#)],
        run: Run::List(|items, _| Ok(Some(Value::List(distinct(items))))),
        ..LIST
    },
    Spec {
        name: "compact",
        summary: "Leaves out the blank items of a list.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "[]", "[0]", "[]", "[]"]),
        examples: &[example("compact", r#"["a",null," ",0,false]"#, r#"["a",0,false]"#)],
        run: Run::List(|items, _| Ok(Some(Value::List(items.into_iter().filter(|item| !item.is_blank()).collect())))),
        ..LIST
    },
    Spec {
        name: "list",
        summary: "Makes a list of one of a value that is not a list.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "[\"\"]", "[0]", "[]", "[{}]"]),
        examples: &[example("list", r#""a""#, r#"["a"]"#), example("list", r#"["a"]"#, r#"["a"]"#)],
        run: Run::List(|items, _| Ok(Some(Value::List(items)))),
        ..LIST
    },
    Spec {
        name: "flatten_list",
        summary: "Puts the items of lists inside a list in a row, one level deep.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "[\"\"]", "[0]", "[]", "[{}]"]),
        examples: &[example("flatten_list", r#"[["a","b"],"c",[["d"]]]"#, r#"["a","b","c",["d"]]"#)],
        run: Run::List(|items, _| {
            Ok(Some(Value::List(items.into_iter().flat_map(|item| as_list(Some(item), false)).collect())))
        }),
        ..LIST
    },
    Spec {
        name: "find",
        summary: "Takes the first item of a list whose members are equal to these values; of a list of values, to one of them.",
        gives: Kind::Any,
        parameters: &[required("members", ArgumentKind::Members, "the members and their values")],
        on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "missing", "missing"]),
        examples: &[
            example(
                "{find: {name: email}}",
                r#"[{"name":"phone"},{"name":"email","values":["a"]}]"#,
                r#"{"name":"email","values":["a"]}"#,
            ),
            example("{find: {id: 5}}", r#"[{"id":"5.0"}]"#, r#"{"id":"5.0"}"#),
            example(
                "{find: {name: [cell, mobile]}}",
                r#"[{"name":"phone"},{"name":"mobile"}]"#,
                r#"{"name":"mobile"}"#,
            ),
            example("{find: {main: true}}", r#"[{"main":"true"},{"main":true}]"#, r#"{"main":true}"#),
            example("{find: {name: zip}}", r#"[{"name":"phone"}]"#, "missing"),
        ],
        run: Run::List(|items, call| Ok(items.into_iter().find(|item| has_members(item, call.pairs(0))))),
        ..LIST
    },
    FIRST_TRUE,
    Spec {
        name: "pick",
        summary: "Takes what a path finds inside a value; missing when it finds nothing.",
        takes: Kind::Any,
        gives: Kind::Any,
        lists: Lists::Each,
        parameters: &[required("path", ArgumentKind::Inside, "the path, such as `values[0]` or `address.city`")],
        on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "[]", "missing"]),
        errors: &[("path_too_wide", "the path looks at more values than PATH_VISITS_MAX")],
        examples: &[
            example("{pick: 'values[0]'}", r#"{"name":"email","values":["a"]}"#, r#""a""#),
            example("{pick: a.b}", r#"{"a":{"b":0}}"#, "0"),
            example("{pick: id}", r#"[{"id":1},{"x":2},{"id":3}]"#, "[1,3]"),
            example("{pick: values}", r#"[{"values":["a"]},{"values":["b","c"]}]"#, r#"[["a"],["b","c"]]"#),
        ],
        run: Run::Value(|value, call| match call.path(0) {
            Some(path) => Ok(call.context.inside(path, &value)?.map(Value::into_owned)),
            None => Ok(Some(value)),
        }),
        ..LIST
    },
    Spec {
        name: "filter",
        summary: "Keeps the items of a list for which a condition holds, written as in a JSONPath filter.",
        gives: Kind::List,
        parameters: &[required("condition", ArgumentKind::Condition, "the condition, such as `@.type == 'home'`")],
        on_empty: EmptyInput::of(["missing", "null", "[]", "[]", "[]", "[]"]),
        errors: &[("path_too_wide", "the condition looks at more values than PATH_VISITS_MAX")],
        examples: &[
            example(
                "{filter: \"@.type == 'home'\"}",
                r#"[{"type":"home","n":1},{"type":"work"}]"#,
                r#"[{"type":"home","n":1}]"#,
            ),
            example("{filter: '@ > 2'}", "[1,2,3]", "[3]"),
        ],
        run: Run::List(filter),
        ..LIST
    },
    Spec {
        name: "map",
        summary: "Does functions to each item of a list; items that come to nothing are left out. A list that is made of an item stays one; `flatten_list` puts them in a row.",
        gives: Kind::List,
        parameters: &[required("then", ArgumentKind::Chain, "the functions")],
        on_empty: EmptyInput::of(["missing", "null", "[\"\"]", "[0]", "[]", "wrong_type"]),
        errors: &[("output_too_large", "the list is larger than FUNCTION_OUTPUT_BYTES_MAX or FUNCTION_ITEMS_MAX")],
        examples: &[
            example("{map: [trim, {multiply: 2}]}", r#"["1"," 2.5 "]"#, "[2,5]"),
            example("{map: [{pick: id}]}", r#"[{"id":1},{}]"#, "[1]"),
            example("{map: [{split: ','}]}", r#"["a,b","c"]"#, r#"[["a","b"],["c"]]"#),
        ],
        run: Run::List(|items, call| map_items(items, |item| call.context.apply_chain(call.chain(0), item))),
        ..LIST
    },
    Spec {
        name: "join_lists",
        summary: "Adds to each object of a list the members of the object of another list that has the same key.",
        gives: Kind::List,
        parameters: &[
            required("with", ArgumentKind::Path, "where the other list is"),
            required("key", ArgumentKind::NonEmpty, "the member that says which objects belong together"),
            optional(
                "other_key",
                ArgumentKind::NonEmpty,
                "the same as `key`",
                "what that member is called in the other list",
            ),
        ],
        on_empty: EmptyInput::of(["missing", "null", "[\"\"]", "[0]", "[]", "[{}]"]),
        errors: &[("output_too_large", "the list is larger than FUNCTION_OUTPUT_BYTES_MAX")],
        examples: &[example(
            "{join_lists: {with: answers, key: id, other_key: question_id}}",
            r#"[{"id":1,"text":"Age?"},{"id":2}]"#,
            r#"[{"id":1,"text":"Age?","question_id":1,"answer":"40"},{"id":2}]"#,
        )],
        run: Run::List(join_lists),
        ..LIST
    },
    Spec {
        name: "concat",
        summary: "Puts the texts at other paths behind a text, those that are not blank; missing and blank are not part of it.",
        takes: Kind::Text,
        gives: Kind::Text,
        parameters: &[
            required("from", ArgumentKind::Paths, "where the other texts are"),
            usually("between", ArgumentKind::Text, "' '", "what stands between them"),
        ],
        on_empty: EmptyInput::of(["\"b\"", "\"b\"", "\"b\"", "\"0 b\"", "\"b\"", "wrong_type"]),
        errors: &[("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX")],
        examples: &[
            example("{concat: beta}", r#""a""#, r#""a b""#),
            example("{concat: {from: [gone, beta], between: '-'}}", r#""a""#, r#""a-b""#),
            example("{concat: gone}", "missing", "missing"),
        ],
        run: Run::Any(concat),
        ..LIST
    },
];

/// The items that are not blank, in one text.
fn join<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let items = match value {
        Value::List(items) => items,
        object @ Value::Object(_) => return Err(FunctionError::wrong_type(call.name, "a list", &object)),
        other => return Ok(Some(other)),
    };
    let skip_blank = items.iter().filter(|item| !item.is_blank());
    let pieces: Vec<&str> = skip_blank.map(|item| scalar(item, call)).collect::<Result<_, _>>()?;
    let between = call.text_or_empty(0);
    let size = pieces.iter().map(|piece| piece.len() + between.len()).sum();
    check_output_size(size, 0, call.name)?;
    Ok(Some(Value::text(pieces.join(between))))
}

/// The pieces of a text, trimmed, without empty ones.
fn split(text: &str, call: &Call<'_, '_>) -> Result<Value<'static>, FunctionError> {
    let pieces = text.split(call.text_or_empty(0)).map(str::trim).filter(|piece| !piece.is_empty());
    let pieces: Vec<Value<'static>> =
        pieces.take(FUNCTION_ITEMS_MAX + 1).map(|piece| Value::text(piece.to_owned())).collect();
    check_item_count(pieces.len(), 0, call.name)?;
    Ok(Value::List(pieces))
}

/// A list with what it does not have yet behind it; null and a missing value are an empty list.
fn append<'t>(value: Option<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let Some(more) = call.value_at(0)?.filter(|more| !more.is_blank()) else { return Ok(value) };
    let mut items = as_list(value, true);
    let (mut seen, had) = (Seen::of(&items), items.len());
    items.extend(as_list(Some(more), true).into_iter().filter(|item| seen.is_new(item)));
    check_item_count(items.len(), had, call.name)?;
    Ok(Some(Value::List(items)))
}

/// The items of a list, or the one value; null is not an item where it stands for nothing.
fn as_list(value: Option<Value<'_>>, null_is_nothing: bool) -> Vec<Value<'_>> {
    match value {
        None => Vec::new(),
        Some(Value::Null) if null_is_nothing => Vec::new(),
        Some(Value::List(items)) => items,
        Some(other) => vec![other],
    }
}

/// The values that were seen, by their JSON text: quick, however many they are.
struct Seen(BTreeSet<String>);

impl Seen {
    fn of(items: &[Value<'_>]) -> Self {
        Self(items.iter().map(text_of).collect())
    }

    fn is_new(&mut self, value: &Value<'_>) -> bool {
        self.0.insert(text_of(value))
    }
}

fn distinct(items: Vec<Value<'_>>) -> Vec<Value<'_>> {
    let mut seen = Seen::of(&[]);
    items.into_iter().filter(|item| seen.is_new(item)).collect()
}

fn item<'t>(items: Vec<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let at = call.whole(0).unwrap_or(0);
    let place = match usize::try_from(at) {
        Ok(place) => Some(place),
        Err(_) => usize::try_from(at.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back)),
    };
    Ok(place.and_then(|place| items.into_iter().nth(place)))
}

/// Whether a value has these members.
fn has_members(value: &Value<'_>, members: &[(Cow<'_, str>, Value<'_>)]) -> bool {
    members.iter().all(|(name, wanted)| value.member(name).is_some_and(|found| is_wanted(found, wanted)))
}

/// Whether a value is the one that a document wants, or one of several, as rules compare.
pub fn is_wanted(found: &Value<'_>, wanted: &Value<'_>) -> bool {
    match wanted {
        Value::List(several) => several.iter().any(|wanted| equals(found, wanted, false)),
        one => equals(found, one, false),
    }
}

fn filter<'t>(items: Vec<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let list = Value::List(items);
    let Some(path) = call.path(0) else { return Ok(Some(list)) };
    let kept = call.context.inside(path, &list)?.map(Value::into_owned);
    Ok(Some(kept.unwrap_or(Value::List(Vec::new()))))
}

fn join_lists<'t>(items: Vec<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let key = call.text_or_empty(1);
    let other_key = call.text(2).unwrap_or(key);
    let others = as_list(call.value_at(0)?, true);
    let mut by_key: BTreeMap<&str, &Value<'_>> = BTreeMap::new();
    for other in &others {
        if let Some(found) = other.member(other_key).and_then(Value::scalar_text) {
            by_key.entry(found).or_insert(other);
        }
    }
    map_items(items, |item| {
        let Some(item) = item else { return Ok(None) };
        let joined = with_members(item, key, &by_key);
        call.context.spend(cost(&joined))?;
        Ok(Some(joined))
    })
}

fn with_members<'t>(item: Value<'t>, key: &str, by_key: &BTreeMap<&str, &Value<'_>>) -> Value<'t> {
    let other = item.member(key).and_then(Value::scalar_text).and_then(|key| by_key.get(key)).copied();
    match (item, other) {
        (Value::Object(mut members), Some(Value::Object(more))) => {
            let known: BTreeSet<&str> = members.iter().map(|(name, _)| &**name).collect();
            let new = more.iter().filter(|(name, _)| !known.contains(&**name));
            let new: Vec<_> =
                new.map(|(name, value)| (name.clone().into_owned().into(), value.clone().into_owned())).collect();
            members.extend(new);
            Value::Object(members)
        }
        (item, _) => item,
    }
}

fn concat<'t>(value: Option<Value<'t>>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let mut all = as_list(value.clone(), true);
    for path in call.paths(0) {
        all.extend(as_list(call.context.value_at(path)?, true));
    }
    let skip_blank: Vec<&Value<'t>> =
        all.iter().filter(|value| !value.is_blank() || matches!(value, Value::Object(_))).collect();
    if skip_blank.is_empty() {
        return Ok(value);
    }
    let pieces: Vec<&str> = skip_blank.into_iter().map(|piece| scalar(piece, call)).collect::<Result<_, _>>()?;
    let between = call.text_or_empty(1);
    check_output_size(pieces.iter().map(|piece| piece.len() + between.len()).sum(), 0, call.name)?;
    Ok(Some(Value::text(pieces.join(between))))
}
