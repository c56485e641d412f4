//! Which parts of an element a document knows: those that its paths lead to. With `unknown: reject`, any other fails the lead.

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

/// All paths into the element, each as far as it leads to one place; none when some path may begin with any key.
pub fn known_paths(map: &MapPlan) -> Option<Vec<Vec<Step>>> {
    let (mut known, mut all): (Vec<Vec<Step>>, bool) = (Vec::new(), false);
    let mut add = |path: &Path| match beginnings(path) {
        None => all = true,
        Some(found) => found.into_iter().for_each(|steps| {
            if !known.contains(&steps) {
                known.push(steps);
            }
        }),
    };
    // What stands in an object that is looked in is known as far as that object is.
    map.also_search.iter().for_each(&mut add);
    visit::map_paths(&mut map.clone(), &mut |path| add(path));
    (!all).then_some(known)
}

/// A path into the element as far as it leads to one place, or each way on which it may begin; none when that is any key.
fn beginnings(path: &Path) -> Option<Vec<Vec<Step>>> {
    if path.root != Root::Whole {
        return Some(Vec::new());
    }
    match &path.steps {
        Steps::Singular(steps) if steps.is_empty() => Some(Vec::new()),
        Steps::Singular(steps) => Some(vec![steps.clone()]),
        Steps::Many(segments) => match segments.first() {
            Some(Segment::Child(selectors) | Segment::Descendant(selectors)) => {
                selectors.iter().map(|selector| name_of(selector).map(|name| vec![name])).collect()
            }
            None => Some(Vec::new()),
        },
    }
}

fn name_of(selector: &Selector) -> Option<Step> {
    if let Selector::Name(name) = selector { Some(Step::Name(name.clone())) } else { None }
}
