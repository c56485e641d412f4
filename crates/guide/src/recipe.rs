//! How a document makes a value: alternatives and functions, in one form whichever way they are written.

use crate::place::{Place, Root};
use crate::{FOLLOWED_MAX, PATHS_FOLLOWED_MAX, PATHS_OF_FIELD_MAX};
use serde_json::{Map, Value};
use std::cell::Cell;

/// A function with what is given to it; null when nothing is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) given: Value,
}

impl Function {
    /// An argument by its name; the only one may stand without it.
    pub(crate) fn argument(&self, name: &str) -> Option<&Value> {
        match &self.given {
            Value::Object(members) => members.get(name),
            Value::Null => None,
            only => Some(only),
        }
    }
}

/// One place that a value may come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) place: Place,
    /// What is done to what stands there.
    pub(crate) functions: Vec<Function>,
    /// Whether it is one of several parts that a text is made of.
    pub(crate) is_part: bool,
}

/// How a value is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recipe {
    /// The alternatives that come from the source, in their order.
    pub(crate) sources: Vec<Source>,
    /// Whether the lead fails without a value.
    pub(crate) is_needed: bool,
    /// The condition without which it is not made.
    pub(crate) when: Option<Value>,
}

/// The recipes of variables and fields, by name.
pub(crate) struct Definitions<'d> {
    variables: Option<&'d Map<String, Value>>,
    fields: Option<&'d Map<String, Value>>,
    /// How many more paths are followed: variables of many variables would be more than anybody reads.
    paths_left: Cell<usize>,
}

impl<'d> Definitions<'d> {
    /// The definitions of a document.
    pub(crate) fn new(variables: Option<&'d Map<String, Value>>, fields: Option<&'d Map<String, Value>>) -> Self {
        Self { variables, fields, paths_left: Cell::new(PATHS_FOLLOWED_MAX) }
    }

    /// Reads a recipe; what is made of variables and earlier fields is followed to what they are made of.
    pub(crate) fn recipe(&self, value: &Value) -> Recipe {
        let mut recipe = self.follow(value, FOLLOWED_MAX);
        recipe.sources.truncate(PATHS_OF_FIELD_MAX);
        recipe
    }

    fn follow(&self, value: &Value, levels: usize) -> Recipe {
        let Value::Object(members) = value else {
            return Recipe { sources: self.alternatives(value, &[], levels), ..Recipe::default() };
        };
        let then = functions(members.get("then"));
        let fails = |key: &str| members.get(key).is_some_and(|way| way == "fail");
        let mut sources = self.parts(members, levels);
        if let Some(from) = members.get("from").or_else(|| members.get("path")) {
            sources.extend(self.alternatives(from, &then, levels));
        }
        sources.extend(self.read_by_functions(&then, levels));
        Recipe { sources, is_needed: fails("on_missing"), when: members.get("when").cloned() }
    }

    fn alternatives(&self, from: &Value, then: &[Function], levels: usize) -> Vec<Source> {
        match from {
            Value::String(path) => self.at(Place::read(path), then, levels),
            Value::Array(items) => items.iter().flat_map(|item| self.alternatives(item, then, levels)).collect(),
            Value::Object(members) => {
                let own = functions(members.get("then"));
                let chain = [own.as_slice(), then].concat();
                let mut sources = self.parts(members, levels);
                if let Some(path) = members.get("path").or_else(|| members.get("from")) {
                    sources.extend(self.alternatives(path, &chain, levels));
                }
                sources.extend(self.read_by_functions(&own, levels));
                sources
            }
            _ => Vec::new(),
        }
    }

    /// What stands at a path. A part of a variable or field is where nobody can say, unless it is the whole of it.
    fn at(&self, place: Place, then: &[Function], levels: usize) -> Vec<Source> {
        let Some(paths_left) = self.paths_left.get().checked_sub(1) else { return Vec::new() };
        self.paths_left.set(paths_left);
        let Root::Defined { is_variable } = place.root else {
            return vec![Source { place, functions: then.to_vec(), is_part: false }];
        };
        let of = if is_variable { self.variables } else { self.fields };
        let found = place.first_name().and_then(|name| of?.get(name));
        let (Some(found), Some(levels)) = (found, levels.checked_sub(1)) else { return Vec::new() };
        let is_whole = place.steps.as_ref().is_some_and(|steps| steps.len() == 1);
        let mut sources = self.follow(found, levels).sources;
        for source in &mut sources {
            source.functions.extend_from_slice(then);
            if !is_whole {
                source.place.steps = None;
            }
        }
        sources
    }

    fn parts(&self, members: &Map<String, Value>, levels: usize) -> Vec<Source> {
        template(members).flat_map(|part| self.part(part, levels)).collect()
    }

    fn part(&self, path: &str, levels: usize) -> Vec<Source> {
        let at = self.at(Place::read(path), &[], levels);
        at.into_iter().map(|source| Source { is_part: true, ..source }).collect()
    }

    /// What functions read besides the value that they work on.
    fn read_by_functions(&self, then: &[Function], levels: usize) -> Vec<Source> {
        const READING: [&str; 7] = ["concat", "append", "coalesce", "add", "subtract", "multiply", "divide"];
        let reading = then.iter().filter(|function| READING.contains(&function.name.as_str()));
        let given = reading.filter_map(|function| function.argument("from").or_else(|| function.argument("value")));
        let paths = given.flat_map(|given| match given {
            Value::String(path) => vec![path.as_str()],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        });
        paths.filter(|path| path.parse::<f64>().is_err()).flat_map(|path| self.part(path, levels)).collect()
    }
}

/// The paths in a template.
fn template(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let text = members.get("template").and_then(Value::as_str).unwrap_or_default();
    text.split("{{").skip(1).filter_map(|part| part.split("}}").next()).map(str::trim).filter(|path| !path.is_empty())
}

/// Functions in their order.
pub(crate) fn functions(then: Option<&Value>) -> Vec<Function> {
    match then {
        Some(Value::Array(items)) => items.iter().filter_map(function).collect(),
        Some(one) => function(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn function(value: &Value) -> Option<Function> {
    match value {
        Value::String(name) => Some(Function { name: name.clone(), given: Value::Null }),
        Value::Object(members) => {
            let (name, given) = members.iter().next()?;
            Some(Function { name: name.clone(), given: given.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn h6_variables_of_variables_are_followed_within_bounds() {
        let names = |level: usize| (0..100).map(|_| json!(format!("variables.v{level}"))).collect::<Vec<_>>();
        let levels = (0..6).map(|level| (format!("v{level}"), json!({ "from": names(level + 1) })));
        let variables: Map<String, Value> = levels.collect();
        let definitions = Definitions::new(Some(&variables), None);
        assert!(definitions.recipe(&json!("variables.v0")).sources.is_empty());
        assert_eq!(definitions.paths_left.get(), 0);
        let many: Vec<Value> = (0..500).map(|n| json!(format!("p{n}"))).collect();
        assert_eq!(Definitions::new(None, None).recipe(&json!(many)).sources.len(), PATHS_OF_FIELD_MAX);
    }
}
