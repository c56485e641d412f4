//! Following a path into a tree.

use super::query;
use super::scope::Scope;
use super::work::Work;
use crate::functions::Refusal;
use crate::plan::{Path, Step, Steps};
use hookmill_json::{NodeRef, Value, is_loosely};

/// How many values one path may look at.
pub const PATH_VISITS_MAX: usize = 100_000;

/// What a path found.
#[derive(Clone)]
pub enum Found<'s> {
    /// Nothing.
    Missing,
    /// The one value of a singular path.
    One(NodeRef<'s>),
    /// The values of a query, at least one.
    Many(Vec<NodeRef<'s>>),
}

impl<'s> Found<'s> {
    /// As one value: the values of a query are a list. Refuses when holding it is more than may still be done.
    pub fn value(&self, work: &Work) -> Result<Option<Value<'s>>, Refusal> {
        work.spend_on(self.spots())?;
        Ok(self.free_value())
    }

    /// The same, where it is known to be small.
    pub fn free_value(&self) -> Option<Value<'s>> {
        match self {
            Self::Missing => None,
            Self::One(spot) => Some(spot.value()),
            Self::Many(spots) => Some(Value::List(spots.iter().map(|spot| spot.value()).collect())),
        }
    }

    /// Whether there is anything in it.
    /// Whether it found a value that is not blank.
    fn is_filled(&self) -> bool {
        match self {
            Self::Missing => false,
            Self::One(spot) => !spot.is_blank(),
            Self::Many(spots) => !spots.is_empty(),
        }
    }

    /// The places themselves.
    pub fn spots(&self) -> &[NodeRef<'s>] {
        match self {
            Self::Missing => &[],
            Self::One(spot) => std::slice::from_ref(spot),
            Self::Many(spots) => spots,
        }
    }
}

/// How many steps it takes to look at one value.
const STEPS_PER_VISIT: usize = 16;

/// Follows a path; refuses only when it would have to look at too much, alone or with all that was done before.
pub fn select<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, Refusal> {
    let start = match path.place {
        Some(place) => scope.place(place).map(NodeRef::Indexed),
        None => scope.root(path.root),
    };
    let Some(start) = start else { return Ok(Found::Missing) };
    let (found, visits) = walk(&path.steps, start)?;
    if 0 < visits {
        scope.work().spend(visits * STEPS_PER_VISIT)?;
    }
    Ok(found)
}

/// Follows a path as it is meant wherever it is no source of alternatives: a loose name is looked for in the element, then in each
/// container (`look_in`); the first value that is not blank counts, else the first there is.
pub fn look<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, Refusal> {
    let mut best = select(path, scope)?;
    if !path.is_loose() {
        return Ok(best);
    }
    for container in scope.containers() {
        if best.is_filled() {
            break;
        }
        scope.work().spend(STEPS_PER_VISIT)?;
        let found = select_in(&path.steps, *container)?;
        if found.is_filled() || best.spots().is_empty() {
            best = found;
        }
    }
    Ok(best)
}

/// Follows steps from a place.
pub fn select_in<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<Found<'s>, Refusal> {
    Ok(walk(steps, root)?.0)
}

/// What steps find from a place, and how many values a query looked at for it.
fn walk<'s>(steps: &Steps<'_>, root: NodeRef<'s>) -> Result<(Found<'s>, usize), Refusal> {
    match steps {
        Steps::Singular(steps) => Ok((follow(steps, root).map_or(Found::Missing, Found::One), 0)),
        Steps::Many(segments) => {
            let (spots, visits) = query::all(segments, root)?;
            Ok((if spots.is_empty() { Found::Missing } else { Found::Many(spots) }, visits))
        }
    }
}

fn follow<'s>(steps: &[Step<'_>], root: NodeRef<'s>) -> Option<NodeRef<'s>> {
    steps.iter().try_fold(root, |spot, step| match step {
        Step::Name(name) => spot.member(name),
        Step::Index(index) => item_at(spot, *index),
        Step::Like(bare) => spot.member_by(|name| is_loosely(name, bare)),
    })
}

/// The item at this index of a list, from its end when negative. Only then must the list be counted.
pub fn item_at(spot: NodeRef<'_>, index: i64) -> Option<NodeRef<'_>> {
    match usize::try_from(index) {
        Ok(place) => spot.item(place),
        Err(_) => spot.item(place(index, spot.list_len()?)?),
    }
}

/// The place of an index in a list of this length; negative ones count from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        return length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    }
    usize::try_from(index).ok().filter(|index| *index < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o3_names_are_found_in_any_spelling() {
        for name in ["firstName", "First Name", "first-name", "FIRST_NAME", "first.name", "firstname"] {
            assert!(is_loosely(name, "firstname"), "{name}");
        }
        for name in ["firstname2", "first", "", "first/name"] {
            assert!(!is_loosely(name, "firstname"), "{name}");
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
