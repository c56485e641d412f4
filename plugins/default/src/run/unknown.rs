//! What becomes of inbound keys that no field used (M6).

use std::collections::BTreeSet;

use super::select::is_like;
use crate::json::Value;
use crate::plan::{MapPlan, Path, Root, Segment, Selector, SourceKind, Step, Steps};

/// The values of the input that were used, by where they lie in memory: the tree does not move while it is mapped.
#[derive(Default)]
pub struct Used(BTreeSet<usize>);

impl Used {
    /// Marks a value as used.
    pub fn mark(&mut self, value: &Value<'_>) {
        self.0.insert(std::ptr::from_ref(value).addr());
    }

    fn has(&self, value: &Value<'_>) -> bool {
        self.0.contains(&std::ptr::from_ref(value).addr())
    }

    /// What is left of a value when all that was used is taken out of it; none when nothing is. The depth is the input's.
    pub fn remainder<'v>(&self, value: &Value<'v>) -> Option<Value<'v>> {
        match value {
            _ if self.has(value) => None,
            Value::Object(members) if !members.is_empty() => {
                let kept = members.iter().filter_map(|(name, value)| Some((name.clone(), self.remainder(value)?)));
                Some(kept.collect::<Vec<_>>()).filter(|kept| !kept.is_empty()).map(Value::Object)
            }
            Value::List(items) if !items.is_empty() => {
                let kept = items.iter().filter_map(|item| self.remainder(item));
                Some(kept.collect::<Vec<_>>()).filter(|kept| !kept.is_empty()).map(Value::List)
            }
            other => Some(other.clone()),
        }
    }
}

/// The top-level keys that no path of the document names.
pub fn foreign_keys<'v>(plan: &MapPlan, element: &'v Value<'_>) -> Vec<&'v str> {
    let Value::Object(members) = element else { return Vec::new() };
    let paths: Vec<&Path> = paths_of(plan).collect();
    let named = |name: &str| paths.iter().any(|path| names(path, name));
    members.iter().map(|(name, _)| name.as_ref()).filter(|name| !named(name)).collect()
}

fn paths_of(plan: &MapPlan) -> impl Iterator<Item = &Path> {
    let sources = plan.fields.iter().flat_map(|field| &field.recipe.sources);
    let of_fields = sources.flat_map(|source| match &source.kind {
        SourceKind::Path(path) => vec![path],
        SourceKind::Template(template) => template.parts.iter().filter_map(in_template).collect(),
        SourceKind::Fixed(_) => Vec::new(),
    });
    of_fields.chain(&plan.ignore).chain(&plan.spread).chain(&plan.is_test)
}

fn in_template(part: &crate::plan::TemplatePart) -> Option<&Path> {
    if let crate::plan::TemplatePart::Value(path) = part { Some(path) } else { None }
}

/// Whether a path begins with this key.
fn names(path: &Path, key: &str) -> bool {
    if path.root != Root::Whole {
        return false;
    }
    match &path.steps {
        Steps::Singular(steps) => match steps.first() {
            Some(Step::Name(name)) => name == key,
            Some(Step::Like(bare)) => is_like(key, bare),
            _ => false,
        },
        Steps::Many(segments) => match segments.first() {
            Some(Segment::Child(selectors) | Segment::Descendant(selectors)) => {
                selectors.iter().any(|selector| match selector {
                    Selector::Name(name) => name == key,
                    _ => true,
                })
            }
            None => false,
        },
    }
}
