//! The last step of compiling: which places of an element, or of a lead, paths lead to, so that reading it finds them all.

use hookmill_json::{PathStep, PathTrieBuilder};
use hookmill_jsonpath::owned::{Segment, Selector};

use super::visit;
use crate::functions::Declared;
use crate::plan::owned::{
    FastPathPlan, MapPlan, Message, Path, Recipe, Root, RulePlan, Source, SourceKind, Step, Steps,
};

/// How many steps of a path lead to a place; what is deeper is followed below it.
const PLACED_STEPS_MAX: usize = 16;

/// Gives the paths of a map section their places. What has none is followed step by step.
pub fn place(map: &mut MapPlan) {
    let mut places = PathTrieBuilder::default();
    let mut add_path = map.clone();
    visit::map_paths(&mut add_path, &mut |path| place_path(path, &map.also_search, &mut places));
    add_path.fast_paths =
        map.fields.iter().map(|field| fast_path(&field.recipe, &map.also_search, &mut places)).collect();
    if let Some(bytes) = places.to_bytes() {
        add_path.path_trie = bytes;
        *map = add_path;
    }
}

/// The places of a recipe's first alternatives, those on which nothing is done, and where the others would be.
fn fast_path(recipe: &Recipe, also_search: &[Path], places: &mut PathTrieBuilder) -> Option<FastPathPlan> {
    if recipe.options().when.is_some() {
        return None;
    }
    let plain = recipe.sources.iter().take_while(|source| source.then.is_empty() && is_exact(source)).count();
    let (first, others) = recipe.sources.split_at(plain);
    let first: Vec<&Path> = first.iter().filter_map(path_of).collect();
    let mut fast_path = FastPathPlan { places: add_to_all(&first, also_search, places)?, guards: Vec::new() };
    for source in others {
        // A function that makes something of nothing needs no place.
        let path = path_of(source).filter(|_| source.then.iter().all(Declared::passes_missing))?;
        fast_path.guards.extend(add_to_all(&[path], also_search, places)?);
    }
    (!recipe.sources.is_empty()).then_some(fast_path)
}

fn is_exact(source: &Source) -> bool {
    path_of(source).is_some_and(|path| {
        path.root == Root::Whole && path.place.is_none() && split(&path.steps).1 == Steps::Singular(Vec::new())
    })
}

fn path_of(source: &Source) -> Option<&Path> {
    if let SourceKind::Path(path) = &source.kind { Some(path) } else { None }
}

/// The places of paths in the element, then of those with loose names in each container, in the order in which they count.
fn add_to_all(paths: &[&Path], also_search: &[Path], places: &mut PathTrieBuilder) -> Option<Vec<u16>> {
    let mut found = Vec::new();
    for path in paths {
        found.push(add_path(path, &[], places)?);
    }
    for container in also_search {
        let (around, rest) = split(&container.steps);
        if container.root != Root::Whole || rest != Steps::Singular(Vec::new()) {
            return None;
        }
        for path in paths.iter().filter(|path| path.is_loose()) {
            found.push(add_path(path, &around, places)?);
        }
    }
    Some(found)
}

fn add_path(path: &Path, around: &[PathStep], places: &mut PathTrieBuilder) -> Option<u16> {
    let (exact, _) = split(&path.steps);
    let is_of_element = path.root == Root::Whole && path.place.is_none() && !exact.is_empty();
    if is_of_element { places.add(&[around, &exact].concat()) } else { None }
}

/// Gives the paths of rules into the lead their places; returns the places as [`hookmill_json::PathTrie`] reads them.
pub fn place_rules(rules: &mut Vec<RulePlan>) -> Vec<u8> {
    let (mut places, mut add_path) = (PathTrieBuilder::default(), rules.clone());
    let mut call = |path: &mut Path| visit_lead_path(path, &mut places);
    add_path.iter_mut().for_each(|rule| visit::rule_paths(&mut rule.rule, &mut call));
    places.to_bytes().inspect(|_| *rules = add_path).unwrap_or_default()
}

/// Gives the paths of a message into the lead their places.
pub fn place_message(message: &mut Message) {
    let (mut places, mut add_path) = (PathTrieBuilder::default(), message.clone());
    visit::message_paths(&mut add_path, &mut |path| visit_lead_path(path, &mut places));
    if let Some(bytes) = places.to_bytes() {
        add_path.path_trie = bytes.into();
        *message = add_path;
    }
}

fn visit_lead_path(path: &mut Path, places: &mut PathTrieBuilder) {
    if path.root == Root::Lead && path.place.is_none() {
        take_path(path, places);
    }
}

/// The steps that lead to one place for sure are taken off the path; what needs a tree below it stays.
fn place_path(path: &mut Path, also_search: &[Path], places: &mut PathTrieBuilder) {
    // A loose name is looked for in several places.
    if path.root != Root::Whole || path.place.is_some() || path.is_loose() && !also_search.is_empty() {
        return;
    }
    take_path(path, places);
}

fn take_path(path: &mut Path, places: &mut PathTrieBuilder) {
    let (exact, rest) = split(&path.steps);
    if let Some(place) = places.add(&exact) {
        (path.place, path.steps) = (Some(place), rest);
    }
}

fn split(steps: &Steps) -> (Vec<PathStep>, Steps) {
    match steps {
        Steps::Singular(steps) => {
            let exact: Vec<PathStep> = steps.iter().take(PLACED_STEPS_MAX).map_while(exact_step).collect();
            let rest = steps[exact.len()..].to_vec();
            (exact, Steps::Singular(rest))
        }
        // A filter can ask for anything in the element by `$`.
        Steps::Many(segments) if segments.iter().any(Segment::uses_root) => (Vec::new(), steps.clone()),
        Steps::Many(segments) => {
            let exact: Vec<PathStep> = segments.iter().take(PLACED_STEPS_MAX).map_while(exact_segment).collect();
            let rest = segments[exact.len()..].to_vec();
            (exact, Steps::Many(rest))
        }
    }
}

fn exact_step(step: &Step) -> Option<PathStep> {
    match step {
        Step::Name(name) => Some(PathStep::Name(name.to_string())),
        Step::Like(bare) => Some(PathStep::Loose(bare.to_string())),
        Step::Index(index) => u32::try_from(*index).ok().map(PathStep::Item),
    }
}

fn exact_segment(segment: &Segment) -> Option<PathStep> {
    let Segment::Child(selectors) = segment else { return None };
    match selectors.as_slice() {
        [Selector::Name(name)] => Some(PathStep::Name(name.to_string())),
        [Selector::Index(index)] => u32::try_from(*index).ok().map(PathStep::Item),
        _ => None,
    }
}
