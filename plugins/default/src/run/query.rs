//! Queries of RFC 9535 over a tree: wildcards, slices, descendants, filters. Numbers are compared as decimals.

use std::cmp::Ordering;

use super::select::{PATH_VISITS_MAX, item_at};
use crate::functions::Refusal;
use crate::json::{Spot, Value};
use crate::plan::{Comparison, Filter, Operand, Query, Segment, Selector};

/// All values that the segments select, in the order of the RFC.
pub fn all<'v>(segments: &[Segment<'_>], root: Spot<'v>) -> Result<Vec<Spot<'v>>, Refusal> {
    Walk { root, visits: 0 }.nodes(segments, root)
}

struct Walk<'v> {
    root: Spot<'v>,
    visits: usize,
}

impl<'v> Walk<'v> {
    fn nodes(&mut self, segments: &[Segment<'_>], from: Spot<'v>) -> Result<Vec<Spot<'v>>, Refusal> {
        let mut nodes = vec![from];
        for segment in segments {
            let mut next = Vec::new();
            for node in nodes {
                match segment {
                    Segment::Child(selectors) => self.children(selectors, node, &mut next)?,
                    Segment::Descendant(selectors) => self.descendants(selectors, node, &mut next)?,
                }
            }
            nodes = next;
        }
        Ok(nodes)
    }

    fn visit(&mut self) -> Result<(), Refusal> {
        self.visits += 1;
        if self.visits > PATH_VISITS_MAX {
            return Err(Refusal::new(
                "path_too_wide",
                format!("this path would look at more than {PATH_VISITS_MAX} values"),
            ));
        }
        Ok(())
    }

    /// The node and all below it. The depth is that of the input, which is bounded.
    fn descendants(
        &mut self,
        selectors: &[Selector<'_>],
        node: Spot<'v>,
        out: &mut Vec<Spot<'v>>,
    ) -> Result<(), Refusal> {
        self.children(selectors, node, out)?;
        for child in node.children() {
            self.descendants(selectors, child, out)?;
        }
        Ok(())
    }

    fn children(&mut self, selectors: &[Selector<'_>], node: Spot<'v>, out: &mut Vec<Spot<'v>>) -> Result<(), Refusal> {
        for selector in selectors {
            self.visit()?;
            match selector {
                Selector::Name(name) => out.extend(node.member(name)),
                Selector::Index(index) => {
                    out.extend(item_at(node, *index));
                }
                Selector::Wildcard => {
                    for child in node.children() {
                        self.visit()?;
                        out.push(child);
                    }
                }
                Selector::Slice(from, to, by) => out.extend(slice(node, *from, *to, *by)),
                Selector::Filter(filter) => {
                    for child in node.children() {
                        if self.passes(filter, child)? {
                            out.push(child);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The depth is that of the path, which is bounded.
    fn passes(&mut self, filter: &Filter<'_>, node: Spot<'v>) -> Result<bool, Refusal> {
        self.visit()?;
        match filter {
            Filter::Any(parts) => parts.iter().try_fold(false, |found, part| Ok(found || self.passes(part, node)?)),
            Filter::All(parts) => parts.iter().try_fold(true, |so_far, part| Ok(so_far && self.passes(part, node)?)),
            Filter::Not(part) => Ok(!self.passes(part, node)?),
            Filter::Exists(query) => Ok(!self.query(query, node)?.is_empty()),
            Filter::Compare(comparison, left, right) => {
                let (left, right) = (self.operand(left, node)?, self.operand(right, node)?);
                Ok(compare(*comparison, left.as_ref(), right.as_ref()))
            }
            Filter::Matches(operand, pattern) => match self.operand(operand, node)? {
                Some(Value::Text(text)) => Ok(pattern.is_match(&text)),
                _ => Ok(false),
            },
        }
    }

    fn query(&mut self, query: &Query<'_>, node: Spot<'v>) -> Result<Vec<Spot<'v>>, Refusal> {
        let from = if query.absolute { self.root } else { node };
        self.nodes(&query.segments, from)
    }

    fn operand(&mut self, operand: &Operand<'_>, node: Spot<'v>) -> Result<Option<Value<'v>>, Refusal> {
        Ok(match operand {
            Operand::Literal(value) => Some(value.borrowed().into_owned()),
            Operand::Value(query) => match self.query(query, node)?.as_slice() {
                [one] => Some(one.value()),
                _ => None,
            },
            Operand::Count(query) => Some(count(self.query(query, node)?.len())),
            Operand::Length(inner) => match self.operand(inner, node)? {
                Some(Value::Text(text)) => Some(count(text.chars().count())),
                Some(Value::List(items)) => Some(count(items.len())),
                Some(Value::Object(members)) => Some(count(members.len())),
                _ => None,
            },
        })
    }
}

fn count<'v>(number: usize) -> Value<'v> {
    Value::Number(number.to_string().into())
}

/// RFC 9535, 2.3.4.2.
fn slice<'v>(node: Spot<'v>, from: Option<i64>, to: Option<i64>, by: i64) -> Vec<Spot<'v>> {
    if node.list_len().is_none() {
        return Vec::new();
    }
    let items = node.children();
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let absolute = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
    let bound = |index: Option<i64>, otherwise: i64, low: i64, high: i64| {
        index.map_or(otherwise, |index| absolute(index).clamp(low, high))
    };
    let mut picked = Vec::new();
    if by > 0 {
        let (mut at, end) = (bound(from, 0, 0, length), bound(to, length, 0, length));
        while at < end {
            picked.extend(usize::try_from(at).ok().and_then(|at| items.get(at).copied()));
            at = at.saturating_add(by);
        }
    } else if by < 0 {
        let (mut at, end) = (bound(from, length - 1, -1, length - 1), bound(to, -1, -1, length - 1));
        while end < at {
            picked.extend(usize::try_from(at).ok().and_then(|at| items.get(at).copied()));
            at = at.saturating_add(by);
        }
    }
    picked
}

/// RFC 9535, 2.3.5.2.2. Nothing equals nothing.
fn compare(comparison: Comparison, left: Option<&Value<'_>>, right: Option<&Value<'_>>) -> bool {
    match comparison {
        Comparison::Equal => is_equal(left, right),
        Comparison::NotEqual => !is_equal(left, right),
        Comparison::Less => order(left, right) == Some(Ordering::Less),
        Comparison::LessOrEqual => order(left, right) == Some(Ordering::Less) || is_equal(left, right),
    }
}

fn is_equal(left: Option<&Value<'_>>, right: Option<&Value<'_>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => same(left, right),
        _ => false,
    }
}

/// Whether two values are the same by what they mean: 1 is 1.0, and members have no order.
pub fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => left.decimal() == right.decimal(),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(other)) => {
            let in_other = |name: &str, value: &Value<'_>| right.member(name).is_some_and(|found| same(value, found));
            left.len() == other.len() && left.iter().all(|(name, value)| in_other(name, value))
        }
        _ => left == right,
    }
}

fn order(left: Option<&Value<'_>>, right: Option<&Value<'_>>) -> Option<Ordering> {
    match (left?, right?) {
        (left @ Value::Number(_), right @ Value::Number(_)) => Some(left.decimal()?.cmp(&right.decimal()?)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
