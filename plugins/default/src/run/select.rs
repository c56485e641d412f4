//! Following a path in the scope of a stage.

use std::cell::RefCell;

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

/// Follows paths wherever they are not sources of alternatives (in templates, conditions and arguments of functions, say), and
/// remembers what they found: what was read is used, and is not kept a second time.
#[derive(Default)]
pub struct Reader<'s> {
    read: RefCell<Vec<NodeRef<'s>>>,
}

impl<'s> Reader<'s> {
    /// Follows a path: a loose name is looked for in the element, then in each container (`also_search`); the first value that is
    /// not blank counts, else the first there is.
    pub fn look(&self, path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
        let found = look(path, scope)?;
        if scope.asks_what_is_used() {
            self.read.borrow_mut().extend(found.nodes());
        }
        Ok(found)
    }

    /// What was read since the last time.
    pub fn take(&self) -> Vec<NodeRef<'s>> {
        self.read.take()
    }
}

fn look<'s>(path: &Path<'_>, scope: &'s impl Scope) -> Result<Found<'s>, FunctionError> {
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
