//! Conditions on a child (RFC 9535, 2.3.5 and 2.4).

use hookmill_json::{NodeRef, Value};

use super::Evaluator;
use super::compare::{Side, holds};
use crate::TooWide;
use crate::ast::{Filter, Operand, Query};

/// How many steps of a pattern count as much as one character that is only read.
const STEPS_PER_CHARACTER: usize = 16;

impl<'v> Evaluator<'v> {
    /// Whether a child passes. The depth is that of the path, which is bounded.
    pub fn passes(&mut self, filter: &Filter<'_>, node: NodeRef<'v>) -> Result<bool, TooWide> {
        self.visit(0)?;
        match filter {
            Filter::Any(parts) => parts.iter().try_fold(false, |found, part| Ok(found || self.passes(part, node)?)),
            Filter::All(parts) => parts.iter().try_fold(true, |so_far, part| Ok(so_far && self.passes(part, node)?)),
            Filter::Not(part) => Ok(!self.passes(part, node)?),
            Filter::Exists(Query::Single(query)) => Ok(self.follow(query, node)?.is_some()),
            Filter::Exists(query) => Ok(!self.query(query, node)?.is_empty()),
            Filter::Compare(comparison, left, right) => {
                let (left, right) = (self.operand(left, node)?, self.operand(right, node)?);
                holds(*comparison, left, right, &mut |steps| self.visit(steps))
            }
            Filter::Matches(operand, pattern) => match self.operand(operand, node)? {
                Side::Scalar(Value::Text(text)) => {
                    self.visit(pattern.cost(text.len()) / STEPS_PER_CHARACTER)?;
                    Ok(pattern.is_match(&text))
                }
                _ => Ok(false),
            },
        }
    }

    fn query(&mut self, query: &Query<'_>, node: NodeRef<'v>) -> Result<Vec<NodeRef<'v>>, TooWide> {
        match query {
            Query::Single(query) => Ok(self.follow(query, node)?.into_iter().collect()),
            Query::Many(start, segments) => self.nodes(segments, self.start(*start, node)),
        }
    }

    /// One value, or nothing.
    fn operand<'o>(&mut self, operand: &'o Operand<'_>, node: NodeRef<'v>) -> Result<Side<'o>, TooWide>
    where
        'v: 'o,
    {
        match operand {
            Operand::Literal(value) => Ok(NodeRef::Built(value).into()),
            Operand::Single(query) => Ok(self.follow(query, node)?.map_or(Side::Nothing, Side::from)),
            Operand::Only(query) => Ok(match self.query(query, node)?.as_slice() {
                [only] => (*only).into(),
                _ => Side::Nothing,
            }),
            Operand::Count(query) => Ok(count(self.query(query, node)?.len())),
            Operand::Length(of) => {
                let of = self.operand(of, node)?;
                self.length(of)
            }
        }
    }

    /// Characters, items or members; nothing of what has none (2.4.4).
    fn length<'o>(&mut self, of: Side<'_>) -> Result<Side<'o>, TooWide> {
        match of {
            Side::Scalar(Value::Text(text)) => {
                self.visit(text.len())?;
                Ok(count(text.chars().count()))
            }
            Side::List(node) | Side::Object(node) => {
                let length = node.children().count();
                self.visit(length)?;
                Ok(count(length))
            }
            Side::Scalar(_) | Side::Nothing => Ok(Side::Nothing),
        }
    }
}

fn count<'o>(number: usize) -> Side<'o> {
    Side::Scalar(Value::Number(number.to_string().into()))
}
