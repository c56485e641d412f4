//! Rows of a form: `people[0][name]=Ada` is the name of the first of a list, as the function `unflatten` with `brackets` reads it.

use hookmill_json::{FormName, NamePart, are_places, place};
use serde_json::{Map, Value};

/// How many names deep a row is read.
const DEPTH_MAX: usize = 8;

/// A form with its rows as lists; none where it has no rows, or where they do not fit together.
pub(super) fn read(body: &Value) -> Option<Value> {
    let members = body.as_object()?;
    members.keys().any(|name| list_name(name).is_some()).then_some(())?;
    let mut read = Value::Object(Map::new());
    for (name, value) in members {
        match parts(name) {
            Some(FormName { parts, ends_in_list }) => {
                let items = || if value.is_array() { value.clone() } else { Value::Array(vec![value.clone()]) };
                put(&mut read, &parts, if ends_in_list { items() } else { value.clone() })?;
            }
            None => put(&mut read, &[NamePart { name, is_place: false }], value.clone())?,
        }
    }
    let Value::Object(trees) = read else { return None };
    Some(trees.into_iter().map(|(name, tree)| (name, as_list(tree))).collect::<Map<_, _>>().into())
}

/// The list that a name of a row belongs to.
pub(super) fn list_name(name: &str) -> Option<&str> {
    let read = parts(name).filter(|read| name.contains('[') && 1 < read.parts.len())?;
    read.parts.first().map(|part| part.name)
}

/// The parts of a name, as the function with its usual mark takes it apart.
fn parts(name: &str) -> Option<FormName<'_>> {
    FormName::read(name, ".", true, DEPTH_MAX)
}

fn put(tree: &mut Value, way: &[NamePart<'_>], value: Value) -> Option<()> {
    let (first, rest) = way.split_first()?;
    let members = tree.as_object_mut()?;
    if rest.is_empty() {
        return members.insert(first.name.to_owned(), value).is_none().then_some(());
    }
    put(members.entry(first.name).or_insert_with(|| Value::Object(Map::new())), rest, value)
}

/// An object whose names are 0, 1 and so on is a list.
fn as_list(tree: Value) -> Value {
    let Value::Object(members) = tree else { return tree };
    let is_list = are_places(members.keys().map(String::as_str));
    let mut trees: Vec<(String, Value)> = members.into_iter().map(|(name, tree)| (name, as_list(tree))).collect();
    if is_list {
        trees.sort_by_key(|(name, _)| place(name));
        return trees.into_iter().map(|(_, tree)| tree).collect();
    }
    trees.into_iter().collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m11_rows_of_forms_are_lists() {
        let table = [
            (
                json!({"p[1][name]": "Bo", "p[0][name]": "Ada", "zip": "1"}),
                Some(json!({"p": [{"name": "Ada"}, {"name": "Bo"}], "zip": "1"})),
            ),
            (json!({"a[7]": 1, "b[c]": 2}), Some(json!({"a": {"7": 1}, "b": {"c": 2}}))),
            (
                json!({"p[0][name]": "Ada", "tags[]": "x", "to.city": "Ulm", "p[0].zip": "1"}),
                Some(json!({"p": [{"name": "Ada", "zip": "1"}], "tags": ["x"], "to": {"city": "Ulm"}})),
            ),
            (json!({"a[00]": 1, "b[+1]": 2}), Some(json!({"a": {"00": 1}, "b": {"+1": 2}}))),
            (json!({"a[0][b]": 1, "a": 2}), None),
            (json!({"tags[]": "x", "to.city": "Ulm"}), None),
            (json!({"a": 2, "a]": 1, "[0]": 3, "a[]": 4}), None),
            (json!(["a[0]"]), None),
        ];
        for (body, expected) in table {
            assert_eq!(read(&body), expected, "{body}");
        }
        assert_eq!((list_name("p[0][name]"), list_name("p")), (Some("p"), None));
    }
}
