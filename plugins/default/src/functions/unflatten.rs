//! Objects in objects of names such as `a.b`, and lists of names such as `a[0][b]`, as forms write them.

use std::borrow::Cow;

use hookmill_json::{FormName, NamePart, Value, are_places, place};

use super::call::Call;
use super::error::FunctionError;
use super::limits::{FLATTEN_DEPTH_MAX, FUNCTION_ITEMS_MAX};
use super::measure::check_depth;
use super::spec::Members;

/// How many names are compared in a step of work.
const NAMES_PER_STEP: usize = 4;

/// A value, or an object in the making.
enum Tree<'t> {
    Value(Value<'t>),
    Inside(Inside<'t>),
}

/// An object in the making, or a list where all its names are places.
#[derive(Default)]
struct Inside<'t> {
    members: Vec<(Cow<'t, str>, Tree<'t>)>,
    is_list: bool,
}

/// Names that need no place in another object come first: then it is known where values stand in the way.
pub fn unflatten<'t>(members: Members<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    if FUNCTION_ITEMS_MAX < members.len() {
        return Err(FunctionError::too_large(call.name, "FUNCTION_ITEMS_MAX", FUNCTION_ITEMS_MAX));
    }
    let (between, brackets) = (call.text_or_empty(0), call.flag(1));
    let is_long = |name: &str| split(name, between, brackets).is_some();
    let (long, short): (Members<'t>, Members<'t>) = members.into_iter().partition(|(name, _)| is_long(name));
    let short = short.into_iter().map(|(name, value)| (name, Tree::Value(value)));
    let mut object = Inside { members: short.collect(), is_list: false };
    for (name, value) in long {
        let Some(parts) = split(&name, between, brackets) else { continue };
        // Each name is looked for among those that are there.
        call.context.spend(1 + object.compared(&parts.parts) / NAMES_PER_STEP)?;
        if object.is_free(&parts.parts) {
            object.put(&parts.parts, if parts.ends_in_list { as_list(value) } else { value });
        } else {
            let message = format!("`{name}` is left as it is: a value stands where it needs an object");
            call.context.warn("key_conflict", message);
            object.members.push((name, Tree::Value(value)));
        }
    }
    let made = object.into_value();
    check_depth(&made, call.name)?;
    Ok(Some(made))
}

fn as_list(value: Value<'_>) -> Value<'_> {
    if matches!(value, Value::List(_)) { value } else { Value::List(vec![value]) }
}

fn split<'n>(name: &'n str, between: &str, brackets: bool) -> Option<FormName<'n>> {
    FormName::read(name, between, brackets, FLATTEN_DEPTH_MAX)
}

impl<'t> Inside<'t> {
    fn find(&self, name: &str) -> Option<&Tree<'t>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, tree)| tree)
    }

    /// How many names are compared on this way.
    fn compared(&self, way: &[NamePart<'_>]) -> usize {
        let below = way.split_first().and_then(|(first, rest)| match self.find(first.name)? {
            Tree::Inside(inside) => Some(inside.compared(rest)),
            Tree::Value(_) => None,
        });
        self.members.len() + below.unwrap_or(0)
    }

    /// Whether nothing but objects stands on the way, and nothing at its end.
    fn is_free(&self, way: &[NamePart<'_>]) -> bool {
        let Some((first, rest)) = way.split_first() else { return true };
        match self.find(first.name) {
            None => true,
            Some(_) if rest.is_empty() => false,
            Some(Tree::Inside(inside)) => inside.is_free(rest),
            Some(Tree::Value(Value::Object(members))) => is_free_in(members, rest),
            Some(Tree::Value(_)) => false,
        }
    }

    /// Puts a value at the end of a way that is free.
    fn put(&mut self, way: &[NamePart<'_>], value: Value<'t>) {
        let Some((first, rest)) = way.split_first() else { return };
        self.is_list = first.is_place && (self.is_list || self.members.is_empty());
        let place = match self.members.iter().position(|(known, _)| known == first.name) {
            Some(place) => place,
            None => {
                let tree = if rest.is_empty() { Tree::Value(Value::Null) } else { Tree::Inside(Self::default()) };
                self.members.push((first.name.to_owned().into(), tree));
                self.members.len() - 1
            }
        };
        let Some((_, tree)) = self.members.get_mut(place) else { return };
        if rest.is_empty() {
            *tree = Tree::Value(value);
            return;
        }
        if let Tree::Value(Value::Object(members)) = tree {
            let members = std::mem::take(members).into_iter().map(|(name, value)| (name, Tree::Value(value)));
            *tree = Tree::Inside(Self { members: members.collect(), is_list: false });
        }
        if let Tree::Inside(inside) = tree {
            inside.put(rest, value);
        }
    }

    /// A list where the names are the places from 0 without a gap, in any order; else an object.
    fn into_value(self) -> Value<'t> {
        let is_list = self.is_list && are_places(self.members.iter().map(|(name, _)| &**name));
        let mut members: Vec<(Cow<'t, str>, Value<'t>)> =
            self.members.into_iter().map(|(name, tree)| (name, tree.into_value())).collect();
        if !is_list {
            return Value::Object(members);
        }
        members.sort_by_key(|(name, _)| place(name));
        Value::List(members.into_iter().map(|(_, value)| value).collect())
    }
}

/// The same inside of a value that came as an object.
fn is_free_in(members: &Members<'_>, way: &[NamePart<'_>]) -> bool {
    let Some((first, rest)) = way.split_first() else { return false };
    match members.iter().find(|(known, _)| known == first.name) {
        None => true,
        Some((_, Value::Object(inside))) if !rest.is_empty() => is_free_in(inside, rest),
        Some(_) => false,
    }
}

impl<'t> Tree<'t> {
    fn into_value(self) -> Value<'t> {
        match self {
            Self::Value(value) => value,
            Self::Inside(inside) => inside.into_value(),
        }
    }
}
