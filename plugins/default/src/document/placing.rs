//! The last step of compiling: which places of an element, or of a lead, paths lead to, so that reading it finds them all.

use hookmill_json::{PathStep, PathTrieBuilder};
use hookmill_jsonpath::owned::{Segment, Selector};

use crate::functions::Declared;
use crate::plan::owned::{FastPathPlan, MapPlan, Message, Path, Recipe, Root, Rule, RuleKind, RulePlan, Shape};
use crate::plan::owned::{Source, SourceKind, Step, Steps, TemplatePart, Unknown, With};

/// How many steps of a path lead to a place; what is deeper is followed below it.
const PLACED_STEPS_MAX: usize = 16;

/// Gives the paths of a map section their places. What has none is followed step by step.
pub fn place(map: &mut MapPlan) {
    // What a path names counts there, whether it is found or not.
    if map.unknown == Unknown::Reject {
        return;
    }
    let mut places = PathTrieBuilder::default();
    let mut add_path = map.clone();
    for_each_path(&mut add_path, &mut |path| place_path(path, &map.also_search, &mut places));
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
    add_path.iter_mut().for_each(|rule| visit_rule(&mut rule.rule, &mut |path| visit_lead_path(path, &mut places)));
    places.to_bytes().inspect(|_| *rules = add_path).unwrap_or_default()
}

/// Gives the paths of a message into the lead their places.
pub fn place_message(message: &mut Message) {
    let (mut places, mut add_path) = (PathTrieBuilder::default(), message.clone());
    let mut call = |path: &mut Path| visit_lead_path(path, &mut places);
    add_path.headers.iter_mut().for_each(|(_, recipe)| visit_recipe(recipe, &mut call));
    add_path.query.iter_mut().chain(&mut add_path.body).for_each(|shape| visit_shape(shape, &mut call));
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

/// The depth is the document's, which is bounded.
fn visit_shape(shape: &mut Shape, call: &mut impl FnMut(&mut Path)) {
    match shape {
        Shape::Fixed(_) => {}
        Shape::Leaf(recipe) => visit_recipe(recipe, call),
        Shape::Object(members) => members.iter_mut().for_each(|member| visit_shape(&mut member.shape, call)),
        Shape::List(parts) | Shape::FirstOf(parts) | Shape::Merge(parts) => {
            parts.iter_mut().for_each(|part| visit_shape(part, call));
        }
        Shape::ForEach(each) => {
            visit_recipe(&mut each.list, call);
            visit_shape(&mut each.make, call);
        }
    }
}

fn visit_recipe(recipe: &mut Recipe, call: &mut impl FnMut(&mut Path)) {
    recipe.sources.iter_mut().for_each(|source| visit_source(source, call));
    if let Some(rule) = recipe.options.as_mut().and_then(|options| options.when.as_mut()) {
        visit_rule(rule, call);
    }
}

fn for_each_path(map: &mut MapPlan, call: &mut impl FnMut(&mut Path)) {
    for field in &mut map.fields {
        visit_recipe(&mut field.recipe, call);
    }
    map.is_test.iter_mut().chain(&mut map.ignore).chain(&mut map.expand).for_each(call);
}

fn visit_source(source: &mut Source, call: &mut impl FnMut(&mut Path)) {
    match &mut source.kind {
        SourceKind::Path(path) => call(path),
        SourceKind::Template(template) => template.parts.iter_mut().for_each(|part| {
            if let TemplatePart::Value(path) = part {
                call(path);
            }
        }),
        SourceKind::Fixed(_) => {}
    }
}

/// The depth is the document's, which is bounded.
fn visit_rule(rule: &mut Rule, call: &mut impl FnMut(&mut Path)) {
    match &mut rule.kind {
        RuleKind::All(parts) | RuleKind::Any(parts) => parts.iter_mut().for_each(|part| visit_rule(part, call)),
        RuleKind::Not(part) => visit_rule(part, call),
        RuleKind::Field { path, check, .. } => {
            call(path);
            match &mut check.with {
                With::Other(other) => call(other),
                With::Others(others) => others.iter_mut().for_each(call),
                _ => {}
            }
        }
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
