//! Every list of objects in some bodies, with its items.

use super::path::{Path, Step};
use super::reading::{Reading, Source};
use super::walk::member_step;
use super::{VALUES_MAX, pairs};
use serde_json::Value;

/// How many lists are looked at.
const LISTS_MAX: usize = 50;

/// A list of objects; of a text that is an object in JSON, that object.
#[derive(Debug)]
pub(super) struct List<'r> {
    /// Where it is in each body.
    pub(super) path: Path,
    /// Its items in all bodies, with the times at which they were received.
    pub(super) items: Vec<(i64, &'r Value)>,
    /// How many items it has at most.
    pub(super) most: usize,
    /// Whether it is the body itself, which is an object.
    pub(super) is_the_body: bool,
    /// How many bodies have it.
    pub(super) bodies: usize,
    last_body: Option<usize>,
    /// Whether an item is not an object.
    pub(super) is_mixed: bool,
}

/// The lists of objects in bodies. Lists of name/value pairs are objects in another form.
pub(super) fn of<'r>(reading: &'r Reading<'_>) -> Vec<List<'r>> {
    let mut found = Finder { lists: Vec::new(), way: Vec::new(), left: 0 };
    for (index, (at_ms, body)) in reading.bodies.iter().enumerate() {
        found.left = VALUES_MAX;
        let is_text = matches!(reading.source, Source::Text(_));
        match body.as_ref() {
            // Without `items`, each item of such a body is a lead already.
            Value::Array(_) if !is_text => continue,
            Value::Object(_) if is_text => {
                found.list((index, *at_ms), std::slice::from_ref(body.as_ref()), true);
            }
            _ => {}
        }
        found.value((index, *at_ms), body);
    }
    found.lists.retain(|list| !list.items.is_empty());
    found.lists
}

struct Finder<'r> {
    lists: Vec<List<'r>>,
    way: Vec<Step>,
    left: usize,
}

impl<'r> Finder<'r> {
    fn value(&mut self, body: (usize, i64), value: &'r Value) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| member_step(name) != Step::Each) {
                    self.under(Step::Name(name.clone()), body, member);
                }
            }
            Value::Array(items) if pairs::of(items).is_none() => {
                self.list(body, items, false);
                items.iter().for_each(|item| self.under(Step::Each, body, item));
            }
            _ => {}
        }
    }

    fn under(&mut self, step: Step, body: (usize, i64), value: &'r Value) {
        self.way.push(step);
        self.value(body, value);
        self.way.pop();
    }

    fn list(&mut self, (body, at_ms): (usize, i64), items: &'r [Value], is_the_body: bool) {
        let known = self.lists.iter().position(|list| list.path.0 == self.way && list.is_the_body == is_the_body);
        if known.is_none() && LISTS_MAX <= self.lists.len() {
            return;
        }
        let index = known.unwrap_or_else(|| {
            self.lists.push(List {
                path: Path(self.way.clone()),
                items: Vec::new(),
                most: 0,
                is_the_body,
                bodies: 0,
                last_body: None,
                is_mixed: false,
            });
            self.lists.len() - 1
        });
        let Some(list) = self.lists.get_mut(index) else { return };
        if list.last_body != Some(body) {
            (list.bodies, list.last_body) = (list.bodies + 1, Some(body));
        }
        list.most = list.most.max(items.len());
        list.is_mixed |= items.iter().any(|item| !item.is_object());
        list.items.extend(items.iter().filter(|item| item.is_object()).map(|item| (at_ms, item)));
    }
}
