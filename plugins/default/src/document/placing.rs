//! The last step of compiling `map`: which places of an element its paths lead to, so that reading the element finds them all.

use crate::json::{OutlineBuilder, OutlineStep};
use crate::plan::owned::{MapPlan, Path, Root, Rule, RuleKind, Segment, Selector, Source, SourceKind, Step, Steps};
use crate::plan::owned::{TemplatePart, Unknown, With};

/// How many steps of a path lead to a place; what is deeper is followed below it.
const PLACED_STEPS_MAX: usize = 16;

/// Gives the paths of a map section their places, where each element is a whole body. Elsewhere paths are followed one by one.
pub fn place(map: &mut MapPlan) {
    let is_whole = map.each.is_none() && map.look_in.is_empty() && map.unknown != Unknown::Reject;
    if !is_whole {
        return;
    }
    let mut places = OutlineBuilder::default();
    let mut placed = map.clone();
    for_each_path(&mut placed, &mut |path| place_path(path, &mut places));
    if let Some(bytes) = places.to_bytes() {
        placed.outline = bytes.into();
        *map = placed;
    }
}

fn for_each_path(map: &mut MapPlan, call: &mut impl FnMut(&mut Path)) {
    for field in &mut map.fields {
        field.recipe.sources.iter_mut().for_each(|source| of_source(source, call));
        if let Some(rule) = field.recipe.rare.as_mut().and_then(|rare| rare.when.as_mut()) {
            of_rule(rule, call);
        }
    }
    map.is_test.iter_mut().chain(&mut map.ignore).chain(&mut map.spread).for_each(call);
}

fn of_source(source: &mut Source, call: &mut impl FnMut(&mut Path)) {
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
fn of_rule(rule: &mut Rule, call: &mut impl FnMut(&mut Path)) {
    match &mut rule.kind {
        RuleKind::All(parts) | RuleKind::Any(parts) => parts.iter_mut().for_each(|part| of_rule(part, call)),
        RuleKind::Not(part) => of_rule(part, call),
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
fn place_path(path: &mut Path, places: &mut OutlineBuilder) {
    if path.root != Root::Whole || path.place.is_some() {
        return;
    }
    let (sure, rest) = split(&path.steps);
    if let Some(place) = places.add(&sure) {
        (path.place, path.steps) = (Some(place), rest);
    }
}

fn split(steps: &Steps) -> (Vec<OutlineStep>, Steps) {
    match steps {
        Steps::Singular(steps) => {
            let sure: Vec<OutlineStep> = steps.iter().take(PLACED_STEPS_MAX).map_while(sure_step).collect();
            let rest = steps[sure.len()..].to_vec();
            (sure, Steps::Singular(rest))
        }
        // A filter can ask for anything in the element by `$`.
        Steps::Many(segments) if segments.iter().any(Segment::asks_for_the_root) => (Vec::new(), steps.clone()),
        Steps::Many(segments) => {
            let sure: Vec<OutlineStep> = segments.iter().take(PLACED_STEPS_MAX).map_while(sure_segment).collect();
            let rest = segments[sure.len()..].to_vec();
            (sure, Steps::Many(rest))
        }
    }
}

fn sure_step(step: &Step) -> Option<OutlineStep> {
    match step {
        Step::Name(name) => Some(OutlineStep::Name(name.to_string())),
        Step::Like(bare) => Some(OutlineStep::Loose(bare.to_string())),
        Step::Index(index) => u32::try_from(*index).ok().map(OutlineStep::Item),
    }
}

fn sure_segment(segment: &Segment) -> Option<OutlineStep> {
    let Segment::Child(selectors) = segment else { return None };
    match selectors.as_slice() {
        [Selector::Name(name)] => Some(OutlineStep::Name(name.to_string())),
        [Selector::Index(index)] => u32::try_from(*index).ok().map(OutlineStep::Item),
        _ => None,
    }
}
