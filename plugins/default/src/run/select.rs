//! Following a path into a tree.

use super::query;
use super::scope::Scope;
use crate::functions::Refusal;
use crate::json::Value;
use crate::plan::{Path, Step, Steps};

/// How many values one path may look at.
pub const PATH_VISITS_MAX: usize = 100_000;

/// What a path found.
pub enum Found<'s> {
    /// Nothing.
    Missing,
    /// The one value of a singular path.
    One(&'s Value<'s>),
    /// The values of a query, at least one.
    Many(Vec<&'s Value<'s>>),
}

impl<'s> Found<'s> {
    /// As one value: the values of a query are a list.
    pub fn value(&self) -> Option<Value<'s>> {
        match self {
            Self::Missing => None,
            Self::One(value) => Some((*value).clone()),
            Self::Many(values) => Some(Value::List(values.iter().map(|value| (*value).clone()).collect())),
        }
    }

    /// The values themselves.
    pub fn values(&self) -> &[&'s Value<'s>] {
        match self {
            Self::Missing => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// Follows a path; refuses only when it would have to look at too much.
pub fn select<'s>(path: &Path, scope: &'s impl Scope) -> Result<Found<'s>, Refusal> {
    scope.root(path.root).map_or(Ok(Found::Missing), |root| select_in(&path.steps, root))
}

/// Follows steps from a value.
pub fn select_in<'v>(steps: &Steps, root: &'v Value<'v>) -> Result<Found<'v>, Refusal> {
    match steps {
        Steps::Singular(steps) => Ok(follow(steps, root).map_or(Found::Missing, Found::One)),
        Steps::Many(segments) => {
            let values = query::all(segments, root)?;
            Ok(if values.is_empty() { Found::Missing } else { Found::Many(values) })
        }
    }
}

fn follow<'s>(steps: &[Step], root: &'s Value<'s>) -> Option<&'s Value<'s>> {
    steps.iter().try_fold(root, |value, step| match (step, value) {
        (Step::Name(name), value) => value.member(name),
        (Step::Index(index), Value::List(items)) => items.get(place(*index, items.len())?),
        (Step::Like(bare), Value::Object(members)) => {
            members.iter().find(|(name, _)| is_like(name, bare)).map(|(_, value)| value)
        }
        _ => None,
    })
}

/// The place of an index in a list of this length; negative ones count from the end.
pub fn place(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        return length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    }
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// Whether a name is the bare one but for case, spaces, `_`, `-` and `.`.
pub fn is_like(name: &str, bare: &str) -> bool {
    let letters = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase);
    letters.eq(bare.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o3_names_are_found_in_any_spelling() {
        for name in ["firstName", "First Name", "first-name", "FIRST_NAME", "first.name", "firstname"] {
            assert!(is_like(name, "firstname"), "{name}");
        }
        for name in ["firstname2", "first", "", "first/name"] {
            assert!(!is_like(name, "firstname"), "{name}");
        }
    }

    #[test]
    fn m3_indexes_count_from_both_ends() {
        for (index, length, expected) in
            [(0, 2, Some(0)), (-1, 2, Some(1)), (-2, 2, Some(0)), (-3, 2, None), (2, 2, None), (i64::MIN, 2, None)]
        {
            assert_eq!(place(index, length), expected, "{index}");
        }
    }
}
