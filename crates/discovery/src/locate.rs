//! An element with the values of one path taken away: what changes then in the lead is what the path is used for.

use super::path::{Path, Step};
use super::walk::member_step;
use serde_json::Value;

/// The element with null in all places of a path.
pub fn without(element: &Value, path: &Path) -> Value {
    let mut left = element.clone();
    at(&mut left, &path.0, &mut |value| *value = Value::Null);
    left
}

fn at(value: &mut Value, steps: &[Step], act: &mut impl FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else { return act(value) };
    match (step, value) {
        (Step::Name(name), Value::Object(members)) => {
            if let Some(member) = members.get_mut(name) {
                at(member, rest, act);
            }
        }
        (Step::Each, Value::Object(members)) => {
            let data = members.iter_mut().filter(|(name, _)| member_step(name) == Step::Each);
            data.for_each(|(_, member)| at(member, rest, act));
        }
        (Step::Each | Step::Values, Value::Array(items)) => items.iter_mut().for_each(|item| at(item, rest, act)),
        (Step::Pair { by, name, value: held }, Value::Array(items)) => {
            let named = items.iter_mut().filter(|item| item.get(by).and_then(Value::as_str) == Some(name));
            named.filter_map(|item| item.get_mut(held)).for_each(|value| at(value, rest, act));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk;
    use serde_json::json;

    fn holds(element: &Value, path: &Path) -> bool {
        let mut found = false;
        at(&mut element.clone(), &path.0, &mut |value| found |= !value.is_null());
        found
    }

    /// M11: every path that is told leads back to its values, and to nothing else.
    #[test]
    fn m11_paths_lead_to_their_values() {
        let element = json!({
            "a": {"b": 1, "c.d": "x"},
            "list": [{"e": 1}, {"e": 2, "f": [true]}],
            "field_data": [{"name": "email", "values": ["a@x.example", "b@x.example"]}, {"name": "zip", "values": ["02139"]}],
            "people": {"ann@x.example": {"age": 3}, "total": 1},
        });
        let mut paths = Vec::new();
        assert!(walk(&[], &element, &mut |steps, _| paths.push(Path(steps.to_vec()))));
        paths.dedup();
        assert_eq!(paths.len(), 8, "{paths:?}");
        for path in paths {
            assert!(holds(&element, &path), "{path:?}");
            let left = without(&element, &path);
            assert!(!holds(&left, &path), "{path:?}: {left}");
            assert_ne!(left, element, "{path:?}");
        }
    }
}
