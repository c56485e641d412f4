//! `map.variables`: values that fields are made of, and that are not part of the lead. They may use each other in any order.

use super::check::{At, Diagnostics, join};
use super::defined_fields::ReferenceError;
use super::limits::VARIABLES_MAX;
use super::node::{Key, Kind, Node};
use super::path::{self, Stage};
use super::recipe;
use super::suggest::nearest;
use crate::plan::owned::{Field, Path, Steps, Target};

/// The variables of a document, and what is known of their use so far.
#[derive(Default)]
pub struct Variables {
    names: Vec<String>,
    /// The one that is being read; none outside of `variables`.
    current: Option<usize>,
    /// Whether a path may lead to one here.
    are_in_scope: bool,
    /// Which one uses which.
    uses: Vec<(usize, usize)>,
    /// Places in the plan of those that are used.
    referenced: Vec<u16>,
}

impl Variables {
    /// Whether one of them is being read.
    pub fn are_being_read(&self) -> bool {
        self.current.is_some()
    }

    /// Says whether paths that are read from now on may lead to them.
    pub fn set_scope(&mut self, are_in_scope: bool) {
        self.are_in_scope = are_in_scope;
    }

    /// Places in the plan of those that are used.
    pub fn referenced(&self) -> &[u16] {
        &self.referenced
    }

    /// Finds the place of a variable in the plan, and the steps that go on from it.
    pub fn find(&mut self, path: &Path) -> Result<(u16, Steps), ReferenceError> {
        let error = |message: String, hint| Err(ReferenceError { message, hint });
        let name = path::first_name(&path.steps).unwrap_or_default();
        if !self.are_in_scope {
            return error("variables are for `fields` and for other variables".to_owned(), None);
        }
        let place = self.names.iter().position(|known| known == name);
        let Some((number, place)) = place.and_then(|number| Some((number, u16::try_from(number).ok()?))) else {
            let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
            return error(format!("the document does not define a variable `{name}`"), nearest(name, &names));
        };
        self.uses.extend(self.current.map(|current| (current, number)));
        if !self.referenced.contains(&place) {
            self.referenced.push(place);
        }
        Ok((place, path::without_first(path.steps.clone())))
    }

    /// The order in which they are made, each after those that it uses; or those that need each other, the first one twice.
    fn order(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut order = Vec::with_capacity(self.names.len());
        for number in 0..self.names.len() {
            self.add_after_used(number, &mut Vec::new(), &mut order)?;
        }
        Ok(order)
    }

    /// The depth is the number of variables, which is bounded.
    fn add_after_used(&self, number: usize, way: &mut Vec<usize>, order: &mut Vec<usize>) -> Result<(), Vec<usize>> {
        if order.contains(&number) {
            return Ok(());
        }
        if let Some(start) = way.iter().position(|earlier| *earlier == number) {
            return Err([&way[start..], &[number]].concat());
        }
        way.push(number);
        for (_, used) in self.uses.iter().filter(|(user, _)| *user == number) {
            self.add_after_used(*used, way, order)?;
        }
        way.pop();
        order.push(number);
        Ok(())
    }
}

/// The variables of `map`, and the order in which they are made.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>) -> (Vec<Field>, Vec<u16>) {
    let entries = diagnostics.map(at, "a map from a variable's name to where it comes from").unwrap_or_default();
    if entries.len() > VARIABLES_MAX {
        let message = format!("there are {} variables, the bound is {VARIABLES_MAX} (VARIABLES_MAX)", entries.len());
        diagnostics.error(at, "too_many", message, Some("put functions in one chain instead".to_owned()));
        return Default::default();
    }
    let names = entries.iter().map(|(key, _)| key.text.clone()).collect();
    diagnostics.variables = Variables { names, are_in_scope: true, ..Variables::default() };
    let mut variables = Vec::with_capacity(entries.len());
    for (number, (key, node)) in entries.iter().enumerate() {
        diagnostics.variables.current = Some(number);
        variables.extend(variable(diagnostics, at.path, key, node));
    }
    (diagnostics.variables.current, diagnostics.variables.are_in_scope) = (None, false);
    let order = diagnostics.variables.order().unwrap_or_else(|circle| {
        reject_circle(diagnostics, at, entries, &circle);
        Vec::new()
    });
    (variables, order.into_iter().filter_map(|number| u16::try_from(number).ok()).collect())
}

fn variable(diagnostics: &mut Diagnostics, parent: &str, key: &Key, node: &Node) -> Option<Field> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if key.text.is_empty() || !key.text.chars().all(is_word) {
        let message = format!("`{}` is not the name of a variable", key.text);
        diagnostics.bad_key(parent, key, "bad_name", message, "use letters, digits, `_` and `-`");
    }
    let path = join(parent, &key.text);
    let recipe = recipe::read(diagnostics, At { node, path: &path }, Stage::Map)?;
    Some(Field { name: format!("variables.{}", key.text).into(), target: Target::Variable, recipe })
}

fn reject_circle(diagnostics: &mut Diagnostics, at: At<'_>, entries: &[(Key, Node)], circle: &[usize]) {
    let keys: Vec<&Key> = circle.iter().filter_map(|number| entries.get(*number)).map(|(key, _)| key).collect();
    let Some(first) = keys.first() else { return };
    let way: Vec<String> = keys.iter().map(|key| format!("`{}`", key.text)).collect();
    let message = format!("these variables need each other: {}", way.join(" uses "));
    let hint = "make one of them of keys of the element alone";
    diagnostics.bad_key(at.path, first, "circular_variables", message, hint);
}

/// Warns of those that nothing uses.
pub fn warn_of_unused(diagnostics: &mut Diagnostics, at: At<'_>) {
    let Kind::Map(entries) = &at.node.kind else { return };
    for (number, (key, _)) in entries.iter().enumerate().take(diagnostics.variables.names.len()) {
        if diagnostics.variables.referenced.iter().any(|used| usize::from(*used) == number) {
            continue;
        }
        let message = format!("nothing uses the variable `{}`", key.text);
        let hint = format!("write `variables.{}` in a field, or remove it", key.text);
        diagnostics.warning_at_key(at.path, key, "unused_variable", message, &hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(uses: &[(usize, usize)], count: usize) -> Result<Vec<usize>, Vec<usize>> {
        Variables { names: vec![String::new(); count], uses: uses.to_vec(), ..Variables::default() }.order()
    }

    #[test]
    fn m3_variables_are_made_after_those_that_they_use() {
        assert_eq!(ordered(&[], 3), Ok(vec![0, 1, 2]));
        assert_eq!(ordered(&[(0, 2), (2, 1)], 3), Ok(vec![1, 2, 0]));
        assert_eq!(ordered(&[(0, 1), (0, 2), (1, 2)], 3), Ok(vec![2, 1, 0]));
        assert_eq!(ordered(&[(0, 0)], 1), Err(vec![0, 0]));
        assert_eq!(ordered(&[(0, 1), (1, 2), (2, 1)], 3), Err(vec![1, 2, 1]));
    }
}
