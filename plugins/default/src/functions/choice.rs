//! Functions that choose: another value for one that is not there, or nothing for one that is.

use hookmill_json::Value;

use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, required};

/// A function that sees every value as it is.
const CHOICE: Spec = Spec { takes: Kind::Any, gives: Kind::Any, lists: Lists::Whole, ..Spec::USUAL };

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "default",
        summary: "Gives another value for one that is missing or blank.",
        parameters: &[required("value", ArgumentKind::Fixed, "the other value")],
        on_empty: EmptyInput::of(["\"d\"", "\"d\"", "\"d\"", "0", "\"d\"", "\"d\""]),
        examples: &[example("{default: d}", "missing", "\"d\""), example("{default: d}", "false", "false")],
        run: Run::Any(|value, call| match value {
            Some(value) if !value.is_blank() => Ok(Some(value)),
            _ => Ok(call.value(0)),
        }),
        ..CHOICE
    },
    Spec {
        name: "coalesce",
        summary: "Gives the first value at other paths that is not blank, for one that is missing or blank.",
        parameters: &[required("from", ArgumentKind::Paths, "the paths, in the order in which they are tried")],
        on_empty: EmptyInput::of(["\"b\"", "\"b\"", "\"b\"", "0", "\"b\"", "\"b\""]),
        examples: &[
            example("{coalesce: [gone, beta]}", "missing", "\"b\""),
            example("{coalesce: gone}", "\"\"", "\"\""),
        ],
        run: Run::Any(|value, call| {
            if value.as_ref().is_some_and(|value| !value.is_blank()) {
                return Ok(value);
            }
            for path in call.paths(0) {
                if let Some(other) = call.context.value_at(path)?.filter(|other| !other.is_blank()) {
                    return Ok(Some(other));
                }
            }
            Ok(value)
        }),
        ..CHOICE
    },
    Spec {
        name: "null_if",
        summary: "Makes a value null that is one of these.",
        parameters: &[required(
            "values",
            ArgumentKind::Texts,
            "the values, as texts; white space around and case do not matter",
        )],
        lists: Lists::Each,
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "0", "[]", "{}"]),
        examples: &[
            example("{null_if: [n/a, none]}", "\" N/A \"", "null"),
            example("{null_if: [n/a, none]}", "\"x\"", "\"x\""),
            example("{null_if: 0}", "0", "null"),
        ],
        run: Run::Value(|value, call| {
            let text = value.scalar_text().map(|text| text.trim().to_lowercase());
            let nulls = call.texts(0).unwrap_or_default();
            let is_null = text.is_some_and(|text| nulls.iter().any(|null| null.trim().to_lowercase() == text));
            Ok(Some(if is_null { Value::Null } else { value }))
        }),
        ..CHOICE
    },
    Spec {
        name: "omit_blank",
        summary: "Makes a blank value missing: null, white space, an empty list or object.",
        on_empty: EmptyInput::of(["missing", "missing", "missing", "0", "missing", "missing"]),
        examples: &[example("omit_blank", "\" \"", "missing"), example("omit_blank", "false", "false")],
        run: Run::Any(|value, _| Ok(value.filter(|value| !value.is_blank()))),
        ..CHOICE
    },
    Spec {
        name: "constant",
        summary: "Gives this value for any that is there and not blank.",
        parameters: &[required("value", ArgumentKind::Fixed, "the value")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"yes\"", "[]", "{}"]),
        examples: &[example("{constant: 'yes'}", "\"anything\"", "\"yes\""), example("{constant: 1}", "\"\"", "\"\"")],
        run: Run::Value(|value, call| Ok(if value.is_blank() { Some(value) } else { call.value(0) })),
        ..CHOICE
    },
];
