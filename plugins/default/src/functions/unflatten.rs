//! Objects in objects of names such as `a.b`, and lists of names such as `a[0][b]`, as forms write them.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;
use super::limits::{FLATTEN_DEPTH_MAX, FUNCTION_ITEMS_MAX};
use super::measure::check_depth;
use super::spec::Members;

/// How many names are compared in a step of work.
const NAMES_PER_STEP: usize = 4;

/// How many digits a place in a list may have: none has more than [`FUNCTION_ITEMS_MAX`].
const PLACE_DIGITS_MAX: usize = 5;

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

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part<'n> {
    name: &'n str,
    /// Whether it is a number in brackets.
    is_place: bool,
}

/// The parts of a name, and whether `[]` ends it.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'n> {
    way: Vec<Part<'n>>,
    ends_in_list: bool,
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
        call.context.spend(1 + object.compared(&parts.way) / NAMES_PER_STEP)?;
        if object.is_free(&parts.way) {
            object.put(&parts.way, if parts.ends_in_list { as_list(value) } else { value });
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

/// The parts of a name; none where it is only one, one of them is empty, or there are too many.
fn split<'n>(name: &'n str, between: &str, brackets: bool) -> Option<Parts<'n>> {
    let mut parts = Parts { way: Vec::new(), ends_in_list: false };
    let mut rest = name;
    while !rest.is_empty() && !parts.ends_in_list {
        if brackets && !parts.way.is_empty() && rest.starts_with('[') {
            let (inside, behind) = rest[1..].split_once(']')?;
            match (inside.is_empty(), behind.is_empty()) {
                (true, true) => parts.ends_in_list = true,
                (true, false) => return None,
                (false, _) => parts.way.push(Part { name: inside, is_place: is_place(inside) }),
            }
            rest = behind;
        } else {
            let plain = if parts.way.is_empty() { rest } else { rest.strip_prefix(between)? };
            let bracket = plain.find('[').filter(|_| brackets);
            let end = [plain.find(between), bracket].into_iter().flatten().min().unwrap_or(plain.len());
            parts.way.push(Part { name: plain.get(..end).filter(|part| !part.is_empty())?, is_place: false });
            rest = &plain[end..];
        }
    }
    let is_nested = 1 < parts.way.len() || parts.ends_in_list;
    (is_nested && parts.way.len() <= FLATTEN_DEPTH_MAX).then_some(parts)
}

fn is_place(inside: &str) -> bool {
    inside.len() <= PLACE_DIGITS_MAX
        && inside.bytes().all(|byte| byte.is_ascii_digit())
        && (inside == "0" || !inside.starts_with('0'))
}

impl<'t> Inside<'t> {
    fn find(&self, name: &str) -> Option<&Tree<'t>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, tree)| tree)
    }

    /// How many names are compared on this way.
    fn compared(&self, way: &[Part<'_>]) -> usize {
        let below = way.split_first().and_then(|(first, rest)| match self.find(first.name)? {
            Tree::Inside(inside) => Some(inside.compared(rest)),
            Tree::Value(_) => None,
        });
        self.members.len() + below.unwrap_or(0)
    }

    /// Whether nothing but objects stands on the way, and nothing at its end.
    fn is_free(&self, way: &[Part<'_>]) -> bool {
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
    fn put(&mut self, way: &[Part<'_>], value: Value<'t>) {
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
        let is_list = self.is_list && !self.members.is_empty();
        let mut members: Vec<(Cow<'t, str>, Value<'t>)> =
            self.members.into_iter().map(|(name, tree)| (name, tree.into_value())).collect();
        if !is_list {
            return Value::Object(members);
        }
        let place = |name: &str| name.parse::<usize>().unwrap_or(usize::MAX);
        let mut order: Vec<usize> = members.iter().map(|(name, _)| place(name)).collect();
        order.sort_unstable();
        if !order.into_iter().eq(0..members.len()) {
            return Value::Object(members);
        }
        members.sort_by_key(|(name, _)| place(name));
        Value::List(members.into_iter().map(|(_, value)| value).collect())
    }
}

/// The same inside of a value that came as an object.
fn is_free_in(members: &Members<'_>, way: &[Part<'_>]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str, brackets: bool) -> Option<(Vec<String>, bool)> {
        let parts = split(name, ".", brackets)?;
        let text = |part: &Part<'_>| if part.is_place { format!("#{}", part.name) } else { part.name.to_owned() };
        Some((parts.way.iter().map(text).collect(), parts.ends_in_list))
    }

    #[test]
    fn m4_names_are_split_as_forms_write_them() {
        let table: [(&str, &[&str], bool); 7] = [
            ("people[0][name]", &["people", "#0", "name"], false),
            ("People[1].Name.first", &["People", "#1", "Name", "first"], false),
            ("a.b[c.d]", &["a", "b", "c.d"], false),
            ("tags[]", &["tags"], true),
            ("a[b][]", &["a", "b"], true),
            ("a[00]", &["a", "00"], false),
            ("a[123456]", &["a", "123456"], false),
        ];
        for (name, way, ends_in_list) in table {
            let expected = (way.iter().map(|part| (*part).to_owned()).collect(), ends_in_list);
            assert_eq!(parts(name, true), Some(expected), "{name}");
        }
        for name in ["", "a", "[0]", "a[", "a[0", "a[0]b", "a[][b]", "a..b", ".a", "a."] {
            assert_eq!(parts(name, true), None, "{name}");
        }
        assert_eq!(parts("a[0][b]", false), None);
        assert_eq!(parts(&vec!["a"; FLATTEN_DEPTH_MAX + 1].join("."), true), None);
    }
}
