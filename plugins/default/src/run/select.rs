//! Following a path in the scope of a stage.

use hookmill_json::NodeRef;

use super::scope::Scope;
use super::steps::{Found, select_in, walk_steps};
use crate::functions::FunctionError;
use crate::plan::Path;

/// How many steps it takes to look at one value.
const STEPS_PER_VISIT: usize = 16;

/// Follows a path; rejects only when it would have to look at too much, alone or with all that was done before.
pub fn select<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
    let start = match path.place {
        Some(place) => scope.place(place).map(NodeRef::Indexed),
        None => scope.root(path.root),
    };
    let Some(start) = start else { return Ok(Found::Missing) };
    let (found, visits) = walk_steps(&path.steps, start)?;
    if 0 < visits {
        scope.budget().spend(visits * STEPS_PER_VISIT)?;
    }
    Ok(found)
}

/// Follows a path as it is meant wherever it is not a source of alternatives: a loose name is looked for in the element, then in each
/// container (`also_search`); the first value that is not blank counts, else the first there is.
pub fn look<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
    let mut best = select(path, scope)?;
    if !path.is_loose() {
        return Ok(best);
    }
    for container in scope.containers() {
        if best.is_filled() {
            break;
        }
        scope.budget().spend(STEPS_PER_VISIT)?;
        let found = select_in(&path.steps, *container)?;
        if found.is_filled() || best.nodes().is_empty() {
            best = found;
        }
    }
    Ok(best)
}
