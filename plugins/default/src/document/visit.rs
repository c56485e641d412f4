//! Every path of a compiled document, wherever one can stand: what comes later (places, the keys that a document knows, what a
//! condition looks at) asks here, so that a new part of the language that reads a path is seen by all of them or by none.

use crate::functions::{ArgumentKind, Declared};
use crate::plan::owned::{
    Argument, Function, MapPlan, Message, Path, Recipe, Rule, RuleKind, Shape, Source, SourceKind, Template,
    TemplatePart, With,
};

/// Calls with each path of a map section but those of `items` and `also_search`, which are not of the element alone.
pub fn map_paths(map: &mut MapPlan, call: &mut impl FnMut(&mut Path)) {
    for field in &mut map.fields {
        recipe_paths(&mut field.recipe, call);
    }
    let lists = [&mut map.is_test, &mut map.ignore, &mut map.expand, &mut map.filter_reads];
    lists.into_iter().flatten().for_each(call);
}

/// Calls with each path of a message.
pub fn message_paths(message: &mut Message, call: &mut impl FnMut(&mut Path)) {
    message.headers.iter_mut().for_each(|(_, recipe)| recipe_paths(recipe, call));
    message.query.iter_mut().chain(&mut message.body).for_each(|shape| shape_paths(shape, call));
}

/// Calls with each path of a condition. The depth is the document's, which is bounded.
pub fn rule_paths(rule: &mut Rule, call: &mut impl FnMut(&mut Path)) {
    match &mut rule.kind {
        RuleKind::All(parts) | RuleKind::Any(parts) => parts.iter_mut().for_each(|part| rule_paths(part, call)),
        RuleKind::Not(part) => rule_paths(part, call),
        RuleKind::Field { path, check, .. } => {
            call(path);
            match &mut check.with {
                With::Other(other) => call(other),
                With::Others(others) => others.iter_mut().for_each(call),
                With::Nothing
                | With::Value(_)
                | With::Values(_)
                | With::Pattern(..)
                | With::Kind(_)
                | With::Set(_)
                | With::Moment(_)
                | With::Moments(..)
                | With::Ages(..) => {}
            }
        }
    }
}

/// The depth is the document's, which is bounded.
fn shape_paths(shape: &mut Shape, call: &mut impl FnMut(&mut Path)) {
    match shape {
        Shape::Fixed(_) => {}
        Shape::Leaf(recipe) => recipe_paths(recipe, call),
        Shape::Object(members) => members.iter_mut().for_each(|member| shape_paths(&mut member.shape, call)),
        Shape::List(parts) | Shape::FirstOf(parts) | Shape::Merge(parts) => {
            parts.iter_mut().for_each(|part| shape_paths(part, call));
        }
        Shape::When(part) => {
            rule_paths(&mut part.when, call);
            shape_paths(&mut part.make, call);
        }
        Shape::ForEach(each) => {
            recipe_paths(&mut each.list, call);
            each.when.iter_mut().for_each(|rule| rule_paths(rule, call));
            shape_paths(&mut each.make, call);
        }
    }
}

fn recipe_paths(recipe: &mut Recipe, call: &mut impl FnMut(&mut Path)) {
    recipe.sources.iter_mut().for_each(|source| source_paths(source, call));
    chain_paths(&mut recipe.then, call);
    if let Some(rule) = recipe.options.as_mut().and_then(|options| options.when.as_mut()) {
        rule_paths(rule, call);
    }
}

fn source_paths(source: &mut Source, call: &mut impl FnMut(&mut Path)) {
    match &mut source.kind {
        SourceKind::Path(path) => call(path),
        SourceKind::Template(template) => template_paths(template, call),
        SourceKind::Fixed(_) => {}
    }
    chain_paths(&mut source.then, call);
}

fn template_paths(template: &mut Template, call: &mut impl FnMut(&mut Path)) {
    for part in &mut template.parts {
        if let TemplatePart::Value(path) = part {
            call(path);
        }
    }
}

/// Paths that start at the value that is worked on are not of the stage, and so are left out.
fn chain_paths(chain: &mut [Function], call: &mut impl FnMut(&mut Path)) {
    for function in chain {
        let parameters = function.spec().parameters;
        for (parameter, argument) in parameters.iter().zip(&mut function.arguments) {
            match argument {
                Argument::Path(_) if matches!(parameter.kind, ArgumentKind::Inside | ArgumentKind::Condition) => {}
                Argument::Paths(_) if parameter.kind == ArgumentKind::Insides => {}
                Argument::Path(path) => call(path),
                Argument::Paths(paths) => paths.iter_mut().for_each(&mut *call),
                Argument::Chain(chain) => chain_paths(chain, call),
                Argument::Template(template) => template_paths(template, call),
                Argument::Parts(parts) => parts.iter_mut().for_each(|(_, source)| source_paths(source, call)),
                Argument::Absent
                | Argument::Text(_)
                | Argument::Whole(_)
                | Argument::Flag(_)
                | Argument::Word(_)
                | Argument::Value(_)
                | Argument::Expression(_)
                | Argument::Texts(_)
                | Argument::Pairs(_)
                | Argument::Ranges(_) => {}
            }
        }
    }
}
