//! Tables: in the document, of the organization, and the words for yes and no.

use std::borrow::Cow;

use hookmill_decimal::Decimal;
use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, quote};
use super::lookup_in::LOOKUP_IN;
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Parameter, Run, Spec, example, optional, required, usually};
use super::text::scalar;

/// What people and machines write for yes and no.
const YES: [&str; 6] = ["true", "yes", "y", "1", "on", "t"];
const NO: [&str; 6] = ["false", "no", "n", "0", "off", "f"];

const OTHERWISE: Parameter =
    optional("default", ArgumentKind::Fixed, "what is not there is rejected", "what anything else becomes");

const TABLE: Spec = Spec {
    gives: Kind::Any,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_in_table", "[]", "wrong_type"]),
    errors: &[("not_in_table", "the table does not have it, and there is no default")],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "lookup",
        summary: "Gives what a table in the document has for a text, without white space around it.",
        parameters: &[
            required("table", ArgumentKind::Table, "the table, a map from text to value"),
            OTHERWISE,
            usually("ignore_case", ArgumentKind::Flag, "false", "whether upper and lower case are the same"),
        ],
        examples: &[
            example("{lookup: {table: {TX: Texas, CA: California}}}", r#"" TX ""#, r#""Texas""#),
            example("{lookup: {table: {TX: Texas}, ignore_case: true}}", r#""tx""#, r#""Texas""#),
            example("{lookup: {table: {\"1\": low, \"2\": high}, default: unknown}}", "3", r#""unknown""#),
            example("{lookup: {table: {TX: Texas}}}", r#""NY""#, "not_in_table"),
        ],
        run: Run::Value(lookup),
        ..TABLE
    },
    Spec {
        name: "lookup_set",
        summary: "Gives what a value set of the organization has for a text, without white space around it.",
        parameters: &[required("set", ArgumentKind::NonEmpty, "the name of the value set"), OTHERWISE],
        errors: &[
            ("not_in_table", "the value set does not have it, and there is no default"),
            ("table_unknown", "the organization has no such value set"),
            ("table_not_granted", "the value set is not granted to this plugin"),
            ("table_value", "what the value set has for it is not JSON"),
        ],
        examples: &[
            example("{lookup_set: colours}", r#"" red""#, r##""#f00""##),
            example("{lookup_set: {set: colours, default: none}}", r#""blue""#, r#""none""#),
            example("{lookup_set: colours}", r#""blue""#, "not_in_table"),
            example("{lookup_set: sizes}", r#""xl""#, "table_unknown"),
        ],
        run: Run::Value(lookup_set),
        ..TABLE
    },
    LOOKUP_IN,
    Spec {
        name: "range_label",
        summary: "Gives the label of the range in which a number lies: from its lower end up to, but without, its upper end.",
        takes: Kind::Number,
        lists: Lists::Rejected,
        parameters: &[
            required(
                "ranges",
                ArgumentKind::Ranges,
                "the ranges in the order in which they are tried, each `{from, below, is}`",
            ),
            OTHERWISE,
        ],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"low\"", "wrong_type", "wrong_type"]),
        errors: &[
            ("not_a_number", "the value is not a number"),
            ("number_too_long", "the number has more digits than NUMBER_DIGITS_MAX"),
            ("not_in_range", "it lies in none of the ranges, and there is no default"),
        ],
        examples: &[
            example("{range_label: [{below: 100, is: low}, {from: 100, is: high}]}", "99.99", r#""low""#),
            example("{range_label: [{below: 100, is: low}, {from: 100, is: high}]}", r#""100""#, r#""high""#),
            example("{range_label: {ranges: [{below: 0, is: debt}], default: fine}}", "0", r#""fine""#),
            example("{range_label: [{below: 0, is: debt}]}", "0", "not_in_range"),
        ],
        run: Run::Number(range_label),
        ..TABLE
    },
    Spec {
        name: "boolean",
        summary: "Reads the words for yes and no; `true` and `false` are themselves, whatever the words are. Anything else is rejected.",
        reads_people: true,
        gives: Kind::Boolean,
        parameters: &[
            optional("true", ArgumentKind::Texts, "true, yes, y, 1, on, t", "the words for yes, in any case"),
            optional("false", ArgumentKind::Texts, "false, no, n, 0, off, f", "the words for no, in any case"),
        ],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "false", "[]", "wrong_type"]),
        errors: &[("not_a_boolean", "it is none of the words")],
        examples: &[
            example("boolean", r#"" Yes""#, "true"),
            example("boolean", "0", "false"),
            example("boolean", r#""maybe""#, "not_a_boolean"),
            example("{boolean: {true: [ja, sí], false: [nein]}}", r#""Ja""#, "true"),
            example("{boolean: {true: [ja, sí], false: [nein]}}", "false", "false"),
        ],
        run: Run::Value(boolean),
        ..TABLE
    },
];

fn lookup<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let key = scalar(&value, call)?.trim();
    let pairs = call.pairs(0);
    let found = match call.flag(2) {
        false => pairs.binary_search_by(|(name, _)| (**name).cmp(key)).ok(),
        true => pairs.iter().position(|(name, _)| is_alike(name, key)),
    };
    let found = found.and_then(|place| pairs.get(place)).map(|(_, value)| value.borrowed());
    or_default(found, value, call, || format!("the table knows {}", list_names(pairs.iter().map(|(name, _)| &**name))))
}

/// Whether two texts are the same but for case.
fn is_alike(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

fn lookup_set<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let key = scalar(&value, call)?.trim();
    let set = call.text_or_empty(0);
    let found = if key.is_empty() { None } else { call.context.table(set, key)? };
    or_default(found, value, call, || format!("the value set `{set}` does not have it"))
}

/// A blank value has nothing to be looked up; what is not found is the default, or rejected.
fn or_default<'t>(
    found: Option<Value<'t>>,
    value: Value<'t>,
    call: &Call<'_, 't>,
    why: impl Fn() -> String,
) -> Result<Option<Value<'t>>, FunctionError> {
    if found.is_none() && value.is_blank() {
        return Ok(Some(value));
    }
    let reject = || {
        let hint = "add it, or write a `default`";
        FunctionError::new("not_in_table", format!("{} is not in the table: {}; {hint}", quote(&value), why()))
    };
    found.or_else(|| call.value(1)).map(Some).ok_or_else(reject)
}

fn range_label(number: Decimal, call: &Call<'_, '_>) -> Result<Value<'static>, FunctionError> {
    let bound = |text: &Option<Cow<'_, str>>| text.as_deref().and_then(|text| Decimal::parse(text).ok());
    let holds = |range: &&crate::plan::Range<'_>| {
        bound(&range.from).is_none_or(|from| from <= number) && bound(&range.below).is_none_or(|below| number < below)
    };
    let found = call.ranges(0).iter().find(holds).map(|range| range.is.borrowed()).or_else(|| call.value(1));
    let reject = || {
        FunctionError::new("not_in_range", format!("{} lies in none of the ranges; write a `default`", number.digits()))
    };
    found.map(Value::into_owned).ok_or_else(reject)
}

/// A JSON boolean says itself what it is; the words are for those who can't send one.
fn boolean<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    if matches!(value, Value::Bool(_)) || scalar(&value, call)?.trim().is_empty() {
        return Ok(Some(value));
    }
    read_boolean(scalar(&value, call)?, call)
}

fn read_boolean(text: &str, call: &Call<'_, '_>) -> Result<Option<Value<'static>>, FunctionError> {
    let word = text.trim().to_lowercase();
    let is_own = |own: &[Cow<'_, str>]| own.iter().any(|one| one.trim().to_lowercase() == word);
    let says = |place: usize, usual: &[&str]| call.texts(place).map_or_else(|| usual.contains(&word.as_str()), is_own);
    match (says(0, &YES), says(1, &NO)) {
        (true, _) => Ok(Some(Value::Bool(true))),
        (false, true) => Ok(Some(Value::Bool(false))),
        (false, false) => {
            let hint = "is not a word for yes or no; name your own: `{boolean: {true: [ja], false: [nein]}}`";
            Err(FunctionError::of_text("not_a_boolean", text, hint))
        }
    }
}

/// The first few names, for a message.
fn list_names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let shown: Vec<&str> = names.take(6).collect();
    if shown.len() < 6 { shown.join(", ") } else { format!("{} and more", shown[..5].join(", ")) }
}
