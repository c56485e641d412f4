//! Rows of a form: `people[0][name]=Ada` is the name of the first of a list, as the function `unflatten` with `brackets` reads it.

use serde_json::{Map, Value};

/// How many names deep a row is read.
const DEPTH_MAX: usize = 8;

/// A form with its rows as lists; none where it has no rows, or where they do not fit together.
pub(super) fn read(body: &Value) -> Option<Value> {
    let members = body.as_object()?;
    members.keys().any(|name| parts(name).is_some()).then_some(())?;
    let mut read = Value::Object(Map::new());
    for (name, value) in members {
        put(&mut read, &parts(name).unwrap_or_else(|| vec![name]), value)?;
    }
    let Value::Object(trees) = read else { return None };
    Some(trees.into_iter().map(|(name, tree)| (name, as_list(tree))).collect::<Map<_, _>>().into())
}

/// The list that a name of a row belongs to.
pub(super) fn list_name(name: &str) -> Option<&str> {
    parts(name)?.first().copied()
}

/// The parts of a name such as `a[0][b]`.
fn parts(name: &str) -> Option<Vec<&str>> {
    let (first, rest) = name.strip_suffix(']')?.split_once('[')?;
    let mut parts = vec![first];
    parts.extend(rest.split("]["));
    let is_plain = |part: &&str| !part.is_empty() && !part.contains(['[', ']', '.']);
    (parts.len() <= DEPTH_MAX && parts.iter().all(is_plain)).then_some(parts)
}

fn put(tree: &mut Value, way: &[&str], value: &Value) -> Option<()> {
    let (first, rest) = way.split_first()?;
    let members = tree.as_object_mut()?;
    if rest.is_empty() {
        return members.insert((*first).to_owned(), value.clone()).is_none().then_some(());
    }
    put(members.entry(*first).or_insert_with(|| Value::Object(Map::new())), rest, value)
}

/// An object whose names are 0, 1 and so on is a list.
fn as_list(tree: Value) -> Value {
    let Value::Object(members) = tree else { return tree };
    let mut places: Vec<(Option<usize>, String, Value)> =
        members.into_iter().map(|(name, tree)| (name.parse().ok(), name, as_list(tree))).collect();
    places.sort_by_key(|(place, _, _)| *place);
    let is_list = !places.is_empty() && places.iter().zip(0..).all(|((place, _, _), index)| *place == Some(index));
    if is_list {
        return places.into_iter().map(|(_, _, tree)| tree).collect();
    }
    places.into_iter().map(|(_, name, tree)| (name, tree)).collect::<Map<_, _>>().into()
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
            (json!({"a[0][b]": 1, "a": 2}), None),
            (json!({"a": 2, "a]": 1, "[0]": 3, "a[]": 4}), None),
            (json!(["a[0]"]), None),
        ];
        for (body, expected) in table {
            assert_eq!(read(&body), expected, "{body}");
        }
        assert_eq!((list_name("p[0][name]"), list_name("p")), (Some("p"), None));
    }
}
