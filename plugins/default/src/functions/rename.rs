//! Other names for the members of an object.

use std::collections::BTreeSet;

use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;
use super::spec::{ArgumentKind, EmptyInput, Kind, Members, Run, Spec, example, required};

/// Gives members other names.
pub const RENAME: Spec = Spec {
    name: "rename",
    summary: "Gives members of an object other names, in their places; names that it does not have are passed over.",
    takes: Kind::Object,
    gives: Kind::Object,
    parameters: &[required("names", ArgumentKind::Names, "a map from each name to the new one")],
    on_empty: EmptyInput::of(["missing", "null", "wrong_type", "wrong_type", "[]", "{}"]),
    errors: &[("key_conflict", "two members would have the same name")],
    examples: &[
        example("{rename: {q1: income, gone: x}}", r#"{"q1":5,"b":2}"#, r#"{"income":5,"b":2}"#),
        example("{rename: {a: b, b: a}}", r#"{"a":1,"b":2}"#, r#"{"b":1,"a":2}"#),
        example("{rename: {a: b}}", r#"{"a":1,"b":2}"#, "key_conflict"),
    ],
    run: Run::Object(rename),
    ..Spec::USUAL
};

fn rename<'t>(members: Members<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let names = call.pairs(0);
    let (mut renamed, mut taken) = (Members::with_capacity(members.len()), BTreeSet::new());
    for (name, value) in members {
        let found = names.binary_search_by(|(old, _)| (**old).cmp(&*name)).ok().and_then(|place| names.get(place));
        let name = match found.and_then(|(_, new)| new.scalar_text()) {
            Some(new) => new.into(),
            None => name,
        };
        if !taken.insert(name.to_string()) {
            let reason = "would be the name of two members; take one of them out with `without` before";
            return Err(FunctionError::of_text("key_conflict", &name, reason));
        }
        renamed.push((name, value));
    }
    Ok(Some(Value::Object(renamed)))
}
