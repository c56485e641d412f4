//! Comparisons (RFC 9535, 2.3.5.2.2): exact, and by what values mean, not by how they are written.

use std::cmp::Ordering;

use hookmill_json::{Kind, NodeRef, Value};

use super::children::members;
use crate::TooWide;
use crate::ast::Comparison;

/// One side of a comparison.
pub enum Side<'v> {
    /// A query found nothing, or a function has no result. Nothing equals nothing.
    Nothing,
    /// Null, a boolean, a number or a text.
    Scalar(Value<'v>),
    /// A list.
    List(NodeRef<'v>),
    /// An object.
    Object(NodeRef<'v>),
}

impl<'v> From<NodeRef<'v>> for Side<'v> {
    /// What is there. Nothing is copied, but for a text with escapes.
    fn from(value: NodeRef<'v>) -> Self {
        match value {
            NodeRef::Indexed(node) if node.kind() == Kind::List => Self::List(value),
            NodeRef::Indexed(node) if node.kind() == Kind::Object => Self::Object(value),
            NodeRef::Built(Value::List(_)) => Self::List(value),
            NodeRef::Built(Value::Object(_)) => Self::Object(value),
            _ => Self::Scalar(value.value()),
        }
    }
}

impl Side<'_> {
    /// How much there is to read: the characters of a text or a number.
    fn size(&self) -> usize {
        match self {
            Self::Scalar(Value::Text(text) | Value::Number(text)) => text.len(),
            _ => 0,
        }
    }
}

/// What looking at more costs: a number of steps, which may be too many.
type Cost<'c> = &'c mut dyn FnMut(usize) -> Result<(), TooWide>;

/// Whether two sides stand so to each other.
pub fn holds(comparison: Comparison, left: Side<'_>, right: Side<'_>, cost: Cost<'_>) -> Result<bool, TooWide> {
    cost(left.size() + right.size())?;
    match comparison {
        Comparison::Equal => are_equal(left, right, cost),
        Comparison::NotEqual => Ok(!are_equal(left, right, cost)?),
        Comparison::Less => Ok(order(&left, &right) == Some(Ordering::Less)),
        Comparison::LessOrEqual => Ok(order(&left, &right) == Some(Ordering::Less) || are_equal(left, right, cost)?),
    }
}

/// Whether two values are equal by what they mean: 1 is 1.0, and members have no order.
pub fn is_equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    are_equal(NodeRef::Built(left).into(), NodeRef::Built(right).into(), &mut |_| Ok(())).unwrap_or(false)
}

/// Compares what is nested without recursing: values may be nested as deep as a body can be.
fn are_equal(left: Side<'_>, right: Side<'_>, cost: Cost<'_>) -> Result<bool, TooWide> {
    let mut pairs = Vec::new();
    if !is_equal_outside(left, right, &mut pairs, cost)? {
        return Ok(false);
    }
    while let Some((left, right)) = pairs.pop() {
        let (left, right) = (Side::from(left), Side::from(right));
        cost(left.size() + right.size())?;
        if !is_equal_outside(left, right, &mut pairs, cost)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two values are equal but for what is inside, which is appended to the pairs.
fn is_equal_outside<'v>(
    left: Side<'v>,
    right: Side<'v>,
    pairs: &mut Vec<(NodeRef<'v>, NodeRef<'v>)>,
    cost: Cost<'_>,
) -> Result<bool, TooWide> {
    match (left, right) {
        (Side::Nothing, Side::Nothing) => Ok(true),
        (Side::Scalar(left), Side::Scalar(right)) => Ok(is_equal_scalar(&left, &right)),
        (Side::List(left), Side::List(right)) => {
            let (left, right): (Vec<_>, Vec<_>) = (left.children().collect(), right.children().collect());
            cost(left.len() + right.len())?;
            let is_as_long = left.len() == right.len();
            pairs.extend(left.into_iter().zip(right));
            Ok(is_as_long)
        }
        (Side::Object(left), Side::Object(right)) => {
            let (left, right) = (members(left), members(right));
            cost(left.len() + right.len())?;
            let is_named_alike =
                left.len() == right.len() && left.iter().zip(&right).all(|(one, other)| one.0 == other.0);
            pairs.extend(left.into_iter().zip(right).map(|(one, other)| (one.1, other.1)));
            Ok(is_named_alike)
        }
        _ => Ok(false),
    }
}

fn is_equal_scalar(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || order_of_numbers(left, right) == Some(Ordering::Equal)
        }
        _ => left == right,
    }
}

/// Numbers and texts have an order among their like; nothing else has one. That of UTF-8 is that of the scalar values.
fn order(left: &Side<'_>, right: &Side<'_>) -> Option<Ordering> {
    let (Side::Scalar(left), Side::Scalar(right)) = (left, right) else { return None };
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order_of_numbers(left, right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Most numbers are small and whole; all others are compared digit by digit.
fn order_of_numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    let small = |value: &Value<'_>| value.scalar_text().and_then(|text| text.parse::<i64>().ok());
    match (small(left), small(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(left.canonical_number()?.cmp(&right.canonical_number()?)),
    }
}
