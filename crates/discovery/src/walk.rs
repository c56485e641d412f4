//! Every value of an element with its path. Lists of pairs are one path a name, all other lists one path for all items, and an object
//! whose keys are somebody's data one for all members.

use super::path::Step;
use super::{VALUES_MAX, pairs};
use serde_json::Value;

/// Calls `visit` with every value that has nothing inside, in their order; answers whether that was all of them. `start` is where the
/// element stands.
pub(super) fn walk(start: &[Step], element: &Value, visit: &mut impl FnMut(&[Step], &Value)) -> bool {
    let mut walk = Walk { steps: start.to_vec(), left: VALUES_MAX, visit };
    walk.value(element);
    0 < walk.left
}

struct Walk<'v, V> {
    steps: Vec<Step>,
    left: usize,
    visit: &'v mut V,
}

impl<V: FnMut(&[Step], &Value)> Walk<'_, V> {
    fn value(&mut self, value: &Value) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return;
        }
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, member) in members {
                    self.under(member_step(name), member);
                }
            }
            Value::Array(items) if !items.is_empty() => self.list(items),
            leaf => (self.visit)(&self.steps, leaf),
        }
    }

    fn under(&mut self, step: Step, value: &Value) {
        self.steps.push(step);
        self.value(value);
        self.steps.pop();
    }

    fn list(&mut self, items: &[Value]) {
        let Some(found) = pairs::of(items) else {
            items.iter().for_each(|item| self.under(Step::Each, item));
            return;
        };
        for item in items {
            self.pair(item, found);
        }
    }

    fn pair(&mut self, item: &Value, found: pairs::Pairs) {
        let Value::Object(members) = item else { return };
        let name = item.get(found.by).and_then(Value::as_str).unwrap_or_default();
        let step = Step::Pair { by: found.by.into(), name: name.into(), value: found.value.into() };
        match item.get(found.value) {
            Some(Value::Array(values)) if !values.is_empty() => {
                self.steps.push(step);
                values.iter().for_each(|value| self.under(Step::Values, value));
                self.steps.pop();
            }
            value => self.under(step, value.unwrap_or(&Value::Null)),
        }
        let others = members.iter().filter(|(key, _)| *key != found.by && *key != found.value);
        self.steps.push(Step::Each);
        others.for_each(|(key, member)| self.under(member_step(key), member));
        self.steps.pop();
    }
}

/// The step to a member.
pub(super) fn member_step(name: &str) -> Step {
    if pairs::is_a_name(name) { Step::Name(name.into()) } else { Step::Each }
}
