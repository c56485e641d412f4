//! Which keys of an element a document knows: those with which its paths begin. With `unknown: reject`, any other fails the lead.

use hookmill_jsonpath::owned::{Segment, Selector};

use super::visit;
use crate::plan::owned::{MapPlan, Path, Root, Step, Steps};

/// Adds what the filters of paths read from the element (`$`), which nothing else in a plan names.
pub fn add_filter_reads(map: &mut MapPlan) {
    let mut found: Vec<Path> = Vec::new();
    visit::map_paths(map, &mut |path| found.extend(filter_reads(path)));
    map.filter_reads = found;
}

fn filter_reads(path: &Path) -> Vec<Path> {
    let (Root::Whole, Steps::Many(segments)) = (path.root, &path.steps) else { return Vec::new() };
    let queries = segments.iter().flat_map(Segment::root_queries).map(|query| query.into_segments());
    let read = |segments| Path { steps: Steps::of_query(segments), ..path.clone() };
    queries.filter(|segments| !segments.is_empty()).map(read).collect()
}

/// The first steps of all paths into the element; none when some path may begin with any key.
pub fn known_keys(map: &MapPlan) -> Option<Vec<Step>> {
    let (mut keys, mut all): (Vec<Step>, bool) = (Vec::new(), false);
    let mut add = |path: &Path| match first_keys(path) {
        None => all = true,
        Some(found) => found.into_iter().for_each(|key| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }),
    };
    // What stands in an object that is looked in is known as far as that object is.
    map.also_search.iter().for_each(&mut add);
    visit::map_paths(&mut map.clone(), &mut |path| add(path));
    (!all).then_some(keys)
}

/// The keys with which a path into the element may begin; none when that is any key.
fn first_keys(path: &Path) -> Option<Vec<Step>> {
    if path.root != Root::Whole {
        return Some(Vec::new());
    }
    match &path.steps {
        Steps::Singular(steps) => Some(steps.first().cloned().into_iter().collect()),
        Steps::Many(segments) => match segments.first() {
            Some(Segment::Child(selectors) | Segment::Descendant(selectors)) => selectors.iter().map(name_of).collect(),
            None => Some(Vec::new()),
        },
    }
}

fn name_of(selector: &Selector) -> Option<Step> {
    if let Selector::Name(name) = selector { Some(Step::Name(name.clone())) } else { None }
}
