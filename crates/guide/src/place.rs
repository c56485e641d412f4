//! Where a path of `map` leads, as far as a value can be put there.

use hookmill_jsonpath::{
    Comparison, Filter, Key, Operand, Query, Segment, Selector, Singular, Start, parse, parse_short,
};
use serde_json::{Map, Value};

/// The largest place in a list at which an example has a value.
const INDEX_MAX: i64 = 20;

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// The element that is mapped.
    Element,
    /// The whole body around it.
    Body,
    /// The object around it, and so many further out.
    Parent(usize),
    /// A header of the request.
    Header,
    /// The request's query.
    Query,
    /// A variable, or a field that was made before.
    Defined { is_variable: bool },
    /// What the host knows: campaign, organization, origin, time.
    Host,
}

/// One step to a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
    /// The item of a list in which these members have these values.
    Item(Vec<(Vec<String>, Value)>),
}

/// A path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// As the document writes it, without the marks of loose names.
    pub(crate) text: String,
    pub(crate) root: Root,
    /// Whether its name is found in other spellings, too.
    pub(crate) is_loose: bool,
    /// The steps from the root; none where a value can't be put at its end.
    pub(crate) steps: Option<Vec<Step>>,
}

impl Place {
    /// Reads a path of `map`.
    pub(crate) fn read(text: &str) -> Self {
        let mut steps = if text.starts_with('$') {
            parse(text).ok().and_then(|segments| steps(&segments))
        } else if text.contains('[') {
            parse_short(text).ok().and_then(|segments| steps(&segments))
        } else {
            Some(text.split('.').map(|name| Step::Name(name.trim_start_matches('~').to_owned())).collect())
        };
        let mut root = Root::Element;
        // Where it can't be followed, its first name still says where it starts.
        let first = text.split(['.', '[']).next().unwrap_or_default();
        if !text.starts_with('$')
            && first.len() < text.len()
            && let Some(known) = known_root(first)
        {
            root = known;
            steps = steps.map(|steps| steps.into_iter().skip(1).collect());
        }
        while let (Root::Parent(levels), Some(list)) = (&root, &mut steps)
            && 1 < list.len()
            && list.first() == Some(&Step::Name("parent".to_owned()))
        {
            root = Root::Parent(levels + 1);
            list.remove(0);
        }
        Self { text: text.replace('~', ""), root, is_loose: text.contains('~'), steps }
    }

    /// The first name after the root.
    pub(crate) fn first_name(&self) -> Option<&str> {
        match self.steps.as_deref()?.first()? {
            Step::Name(name) => Some(name),
            Step::Index(_) | Step::Item(_) => None,
        }
    }
}

fn known_root(name: &str) -> Option<Root> {
    Some(match name {
        "header" => Root::Header,
        "query" => Root::Query,
        "body" => Root::Body,
        "parent" => Root::Parent(1),
        "fields" => Root::Defined { is_variable: false },
        "variables" => Root::Defined { is_variable: true },
        "origin" | "campaign" | "organization" | "context" => Root::Host,
        _ => return None,
    })
}

/// The steps of a query to one value that it would find.
fn steps(segments: &[Segment<'_>]) -> Option<Vec<Step>> {
    segments.iter().map(step).collect()
}

fn step(segment: &Segment<'_>) -> Option<Step> {
    // A descendant may be a child.
    let (Segment::Child(selectors) | Segment::Descendant(selectors)) = segment;
    match selectors.first()? {
        Selector::Name(name) => Some(Step::Name(name.clone().into_owned())),
        Selector::Index(index) => place_in_list(*index),
        Selector::Wildcard => Some(Step::Index(0)),
        Selector::Slice(from, ..) => place_in_list(from.unwrap_or_default()),
        Selector::Filter(filter) => conditions(filter).map(Step::Item),
    }
}

fn place_in_list(index: i64) -> Option<Step> {
    (index <= INDEX_MAX).then(|| Step::Index(usize::try_from(index).unwrap_or_default()))
}

/// What an item needs to pass a filter.
fn conditions(filter: &Filter<'_>) -> Option<Vec<(Vec<String>, Value)>> {
    match filter {
        Filter::Any(parts) => parts.iter().find_map(conditions),
        Filter::All(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(conditions).collect();
            Some(all?.into_iter().flatten().collect())
        }
        Filter::Exists(Query::Single(_)) => Some(Vec::new()),
        Filter::Compare(Comparison::Equal, Operand::Single(member), Operand::Literal(value))
        | Filter::Compare(Comparison::Equal, Operand::Literal(value), Operand::Single(member)) => {
            let value = serde_json::from_str(&hookmill_json::text_of(value)).ok()?;
            Some(vec![(names(member)?, value)])
        }
        _ => None,
    }
}

fn names(member: &Singular<'_>) -> Option<Vec<String>> {
    let name = |key: &Key<'_>| match key {
        Key::Name(name) => Some(name.clone().into_owned()),
        Key::Index(_) => None,
    };
    let is_inside = member.start == Start::Current && !member.keys.is_empty();
    is_inside.then(|| member.keys.iter().map(name).collect()).flatten()
}

/// Puts a value at the end of steps; whether there was room for it.
pub(crate) fn put(body: &mut Value, steps: &[Step], value: Value) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        let is_free = body.is_null();
        if is_free {
            *body = value;
        }
        return is_free;
    };
    match first {
        Step::Name(name) => {
            if body.is_null() {
                *body = Value::Object(Map::new());
            }
            let Value::Object(members) = body else { return false };
            put(members.entry(name.clone()).or_insert(Value::Null), rest, value)
        }
        Step::Index(index) => {
            let Some(items) = list(body) else { return false };
            while items.len() <= *index {
                items.push(Value::Null);
            }
            items.get_mut(*index).is_some_and(|item| put(item, rest, value))
        }
        Step::Item(conditions) => {
            let Some(items) = list(body) else { return false };
            let found = items.iter().position(|item| passes(item, conditions));
            let index = found.unwrap_or(items.len());
            if found.is_none() {
                items.push(item(conditions));
            }
            items.get_mut(index).is_some_and(|item| put(item, rest, value))
        }
    }
}

fn list(body: &mut Value) -> Option<&mut Vec<Value>> {
    if body.is_null() {
        *body = Value::Array(Vec::new());
    }
    body.as_array_mut()
}

fn passes(item: &Value, conditions: &[(Vec<String>, Value)]) -> bool {
    let member = |names: &[String]| names.iter().try_fold(item, |item, name| item.get(name));
    conditions.iter().all(|(names, value)| member(names) == Some(value))
}

fn item(conditions: &[(Vec<String>, Value)]) -> Value {
    let mut item = Value::Object(Map::new());
    for (names, value) in conditions {
        let steps: Vec<Step> = names.iter().cloned().map(Step::Name).collect();
        put(&mut item, &steps, value.clone());
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn m3_a_value_is_put_where_its_path_looks() {
        for (path, body) in [
            ("email", json!({"email": 1})),
            ("~first_name", json!({"first_name": 1})),
            ("contact.emails[0].address", json!({"contact": {"emails": [{"address": 1}]}})),
            ("$['a.b']", json!({"a.b": 1})),
            ("$.q[?@.name == 'full name'].values[0]", json!({"q": [{"name": "full name", "values": [1]}]})),
            ("$.q[?@.a == 'x' && @.b.c == 2].v", json!({"q": [{"a": "x", "b": {"c": 2}, "v": 1}]})),
            ("$..questions[?@.key == 'k'].text", json!({"questions": [{"key": "k", "text": 1}]})),
            ("$.list[1:]", json!({"list": [null, 1]})),
            ("$.list[*].a", json!({"list": [{"a": 1}]})),
        ] {
            let place = Place::read(path);
            assert_eq!(place.root, Root::Element, "{path}");
            let mut made = Value::Null;
            assert!(put(&mut made, &place.steps.unwrap(), json!(1)), "{path}");
            assert_eq!(made, body, "{path}");
        }
        assert_eq!(Place::read("$.l[?length(@.a) > 3]").steps, None);
    }

    #[test]
    fn m3_roots_are_not_names() {
        for (path, root, steps) in [
            ("query", Root::Element, 1),
            ("query.utm", Root::Query, 1),
            ("$.query.utm", Root::Element, 2),
            ("header.user-agent", Root::Header, 1),
            ("parent.parent.id", Root::Parent(2), 1),
            ("variables.x", Root::Defined { is_variable: true }, 1),
            ("origin.tag", Root::Host, 1),
            ("body.l[0]", Root::Body, 2),
        ] {
            let place = Place::read(path);
            assert_eq!((place.root, place.steps.map(|steps| steps.len())), (root, Some(steps)), "{path}");
        }
    }

    #[test]
    fn two_values_share_what_is_around_them() {
        let mut body = Value::Null;
        let mut add = |path: &str| put(&mut body, &Place::read(path).steps.unwrap(), json!(path));
        assert!(add("a.b") && add("a.c") && add("l[?@.k == 'x'].v") && add("l[?@.k == 'x'].w"));
        assert!(!add("a.b") && !add("a.b.c") && !add("a") && !add("a[0]"));
        let item = json!({"k": "x", "v": "l[?@.k == 'x'].v", "w": "l[?@.k == 'x'].w"});
        assert_eq!(body, json!({"a": {"b": "a.b", "c": "a.c"}, "l": [item]}));
    }
}
