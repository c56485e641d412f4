//! Functions on objects.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, check_output_size};
use super::from_pairs::FROM_PAIRS;
use super::limits::{FLATTEN_DEPTH_MAX, FUNCTION_ITEMS_MAX, FUNCTION_OUTPUT_BYTES_MAX};
use super::measure::text_size;
use super::rename::RENAME;
use super::spec::{ArgumentKind, EmptyInput, Kind, Members, Run, Spec, example, required, usually};
use super::template::fill_template;
use super::unflatten::unflatten;
use crate::plan::{Root, SourceKind};

/// A function that takes an object.
const OBJECT: Spec = Spec {
    takes: Kind::Object,
    gives: Kind::Object,
    on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "[]", "{}"]),
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "object",
        summary: "Makes an object of parts: a path inside the value, or a map of `path`, `from`, `template` or `value`, and `then`. What is missing is left out.",
        takes: Kind::Any,
        parameters: &[required("members", ArgumentKind::Parts, "the members, and where each comes from")],
        on_empty: EmptyInput::of(["missing", "null", "{}", "{}", "[]", "{}"]),
        errors: &[
            ("output_too_large", "the object is larger than FUNCTION_OUTPUT_BYTES_MAX"),
            ("path_too_wide", "a path looks at more values than PATH_VISITS_MAX"),
        ],
        examples: &[
            example(
                "{object: {question: label, answer: 'values[0]'}}",
                r#"[{"label":"Roof?","values":["flat"]},{"label":"Age?"}]"#,
                r#"[{"question":"Roof?","answer":"flat"},{"question":"Age?"}]"#,
            ),
            example(
                "{object: {id: {path: id, then: [number]}, of: {from: beta}, name: {template: 'No. {{ value.id }}'}, kind: {value: q}}}",
                r#"{"id":"7"}"#,
                r#"{"id":7,"of":"b","name":"No. 7","kind":"q"}"#,
            ),
        ],
        run: Run::Value(object),
        ..OBJECT
    },
    Spec {
        name: "to_pairs",
        summary: "Makes a list of `{name, value}` of the members of an object.",
        gives: Kind::List,
        parameters: &[
            usually("name", ArgumentKind::NonEmpty, "name", "what the name is called in each item"),
            usually("value", ArgumentKind::NonEmpty, "value", "what the value is called in each item"),
        ],
        on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "[]", "[]"]),
        examples: &[
            example("to_pairs", r#"{"a":1,"b":null}"#, r#"[{"name":"a","value":1},{"name":"b","value":null}]"#),
            example("{to_pairs: {name: key}}", r#"{"a":1}"#, r#"[{"key":"a","value":1}]"#),
        ],
        run: Run::Object(|members, call| Ok(Some(to_pairs(members, call)))),
        ..OBJECT
    },
    FROM_PAIRS,
    Spec {
        name: "keys",
        summary: "Lists the names of the members of an object.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "[]", "[]"]),
        examples: &[example("keys", r#"{"a":1,"b":2}"#, r#"["a","b"]"#)],
        run: Run::Object(|members, _| {
            Ok(Some(Value::List(members.into_iter().map(|(name, _)| Value::Text(name)).collect())))
        }),
        ..OBJECT
    },
    Spec {
        name: "values",
        summary: "Lists the values of the members of an object.",
        gives: Kind::List,
        on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "[]", "[]"]),
        examples: &[example("values", r#"{"a":1,"b":2}"#, "[1,2]")],
        run: Run::Object(|members, _| Ok(Some(Value::List(members.into_iter().map(|(_, value)| value).collect())))),
        ..OBJECT
    },
    Spec {
        name: "only",
        summary: "Keeps these members of an object.",
        parameters: &[required("names", ArgumentKind::Texts, "their names")],
        examples: &[example("{only: [a, c]}", r#"{"a":1,"b":2}"#, r#"{"a":1}"#)],
        run: Run::Object(|members, call| Ok(Some(keep_members(members, |name| is_among(name, call))))),
        ..OBJECT
    },
    Spec {
        name: "without",
        summary: "Leaves out these members of an object.",
        parameters: &[required("names", ArgumentKind::Texts, "their names")],
        examples: &[example("{without: [a, c]}", r#"{"a":1,"b":2}"#, r#"{"b":2}"#)],
        run: Run::Object(|members, call| Ok(Some(keep_members(members, |name| !is_among(name, call))))),
        ..OBJECT
    },
    RENAME,
    Spec {
        name: "flatten",
        summary: "Makes one level of an object of many: the names on the way to a value are joined; empty objects stay.",
        parameters: &[
            usually("with", ArgumentKind::NonEmpty, "'.'", "what stands between the names"),
            usually(
                "lists",
                ArgumentKind::Flag,
                "false",
                "whether lists are flattened, too, with the places of their items as names",
            ),
        ],
        errors: &[
            ("output_too_large", "the result is larger than FUNCTION_OUTPUT_BYTES_MAX or FUNCTION_ITEMS_MAX"),
            ("key_conflict", "two values would have the same name"),
        ],
        examples: &[
            example("flatten", r#"{"a":{"b":1,"c":{"d":[2]}},"e":{}}"#, r#"{"a.b":1,"a.c.d":[2],"e":{}}"#),
            example("{flatten: {with: _, lists: true}}", r#"{"a":["x",{"b":1}]}"#, r#"{"a_0":"x","a_1_b":1}"#),
            example("flatten", r#"{"a.b":1,"a":{"b":2}}"#, "key_conflict"),
        ],
        run: Run::Object(flatten),
        ..OBJECT
    },
    Spec {
        name: "unflatten",
        summary: "Makes objects in objects of names such as `a.b`; a name that needs a place where a value stands is left as it is.",
        parameters: &[
            usually("with", ArgumentKind::NonEmpty, "'.'", "what stands between the names"),
            usually(
                "brackets",
                ArgumentKind::Flag,
                "false",
                "whether names in brackets are read as well, as forms write them: `a[b]`, a list of `a[0]`, `a[1]` and so on without a gap, and of `a[]`",
            ),
        ],
        errors: &[
            ("output_too_large", "the object has more members than FUNCTION_ITEMS_MAX"),
            ("too_deep", "the result would be nested more than OUTPUT_DEPTH_MAX deep"),
        ],
        warnings: &[("key_conflict", "a name stays as it is, for a value stands where it needs an object")],
        examples: &[
            example("unflatten", r#"{"a.b":1,"a.c.d":2,"e":3}"#, r#"{"e":3,"a":{"b":1,"c":{"d":2}}}"#),
            example(
                "{unflatten: {brackets: true}}",
                r#"{"p[0][name]":"Ann","p[1][name]":"Bo","tags[]":"x","a[7]":1}"#,
                r#"{"p":[{"name":"Ann"},{"name":"Bo"}],"tags":["x"],"a":{"7":1}}"#,
            ),
            example(
                "unflatten",
                r#"{"name":"Jake Broe","name.first":"Jake"}"#,
                r#"{"name":"Jake Broe","name.first":"Jake"} + key_conflict"#,
            ),
        ],
        run: Run::Object(unflatten),
        ..OBJECT
    },
];

/// An object of parts, each made of the value or of what stands elsewhere.
fn object<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let mut members: Members<'t> = Vec::new();
    let mut size = 0;
    for (name, source) in call.parts(0) {
        let found = match &source.kind {
            SourceKind::Path(path) if path.root == Root::Value => {
                call.context.inside(path, &value)?.map(Value::into_owned)
            }
            SourceKind::Path(path) => call.context.value_at(path)?,
            SourceKind::Template(template) => Some(Value::text(fill_template(template, &value, call)?)),
            SourceKind::Fixed(fixed) => Some(fixed.borrowed()),
        };
        let Some(made) = call.context.apply_chain(&source.then, found)? else { continue };
        size += name.len() + text_size(&made);
        check_output_size(size, 0, call.name)?;
        members.push((Cow::Borrowed(&**name), made));
    }
    Ok(Some(Value::Object(members)))
}

fn to_pairs<'t>(members: Members<'t>, call: &Call<'_, 't>) -> Value<'t> {
    let (name_key, value_key) = (call.text_or_empty(0), call.text_or_empty(1));
    let pair = |(name, value): (Cow<'t, str>, Value<'t>)| {
        Value::Object(vec![(name_key.into(), Value::Text(name)), (value_key.into(), value)])
    };
    Value::List(members.into_iter().map(pair).collect())
}

/// Members with distinct names.
#[derive(Default)]
pub struct Names<'t> {
    /// In the order in which they were added.
    pub members: Members<'t>,
    taken: std::collections::BTreeSet<String>,
}

impl<'t> Names<'t> {
    /// Whether the name was free.
    pub fn add(&mut self, name: Cow<'t, str>, value: Value<'t>) -> bool {
        let is_free = self.taken.insert(name.to_string());
        if is_free {
            self.members.push((name, value));
        }
        is_free
    }
}

fn is_among(name: &str, call: &Call<'_, '_>) -> bool {
    call.texts(0).unwrap_or_default().iter().any(|one| one == name)
}

fn keep_members<'t>(members: Members<'t>, is_kept: impl Fn(&str) -> bool) -> Value<'t> {
    Value::Object(members.into_iter().filter(|(name, _)| is_kept(name)).collect())
}

/// A flat object in the making.
struct Flat<'t, 'c> {
    names: Names<'t>,
    bytes: usize,
    bytes_max: usize,
    between: &'c str,
    lists: bool,
}

fn flatten<'t>(members: Members<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let bytes_max =
        members.iter().map(|(name, value)| name.len() + text_size(value)).sum::<usize>().max(FUNCTION_OUTPUT_BYTES_MAX);
    let mut flat =
        Flat { names: Names::default(), bytes: 0, bytes_max, between: call.text_or_empty(0), lists: call.flag(1) };
    for (name, value) in members {
        flat.put(name, value, 1)?;
    }
    Ok(Some(Value::Object(flat.names.members)))
}

impl<'t> Flat<'t, '_> {
    fn put(&mut self, name: Cow<'t, str>, value: Value<'t>, depth: usize) -> Result<(), FunctionError> {
        match value {
            Value::Object(members) if !members.is_empty() && depth < FLATTEN_DEPTH_MAX => members
                .into_iter()
                .try_for_each(|(inner, value)| self.put(self.join_name(&name, &inner), value, depth + 1)),
            Value::List(items) if self.lists && !items.is_empty() && depth < FLATTEN_DEPTH_MAX => {
                let numbered = items.into_iter().enumerate();
                numbered.into_iter().try_for_each(|(place, value)| {
                    self.put(self.join_name(&name, &place.to_string()), value, depth + 1)
                })
            }
            value => self.add(name, value),
        }
    }

    fn join_name(&self, outer: &str, inner: &str) -> Cow<'t, str> {
        format!("{outer}{}{inner}", self.between).into()
    }

    fn add(&mut self, name: Cow<'t, str>, value: Value<'t>) -> Result<(), FunctionError> {
        self.bytes += name.len() + text_size(&value);
        if self.bytes_max < self.bytes {
            return Err(FunctionError::too_large("flatten", "FUNCTION_OUTPUT_BYTES_MAX", FUNCTION_OUTPUT_BYTES_MAX));
        }
        if FUNCTION_ITEMS_MAX <= self.names.members.len() {
            return Err(FunctionError::too_large("flatten", "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX));
        }
        let conflict = || {
            FunctionError::of_text(
                "key_conflict",
                &name,
                "would be the name of two values; use another mark between names",
            )
        };
        if self.names.add(name.clone(), value) { Ok(()) } else { Err(conflict()) }
    }
}
