//! Random queries on random JSON: they never panic, and agree with an evaluator that follows the sentences of the RFC and
//! knows nothing of speed or bounds.

use std::fmt;

use jsonpath_rust::JsonPath;
use proptest::prelude::*;
use serde_json::Value;

use super::found;

#[derive(Clone, Debug)]
enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice(Option<i64>, Option<i64>, Option<i64>),
    Filter(Condition),
}

#[derive(Clone, Debug)]
struct Segment {
    is_descendant: bool,
    selectors: Vec<Selector>,
}

#[derive(Clone, Debug)]
struct Query {
    start: char,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
enum Condition {
    Or(Box<Condition>, Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Exists(Query),
    Compare(&'static str, Operand, Operand),
}

#[derive(Clone, Debug)]
enum Operand {
    Literal(Value),
    Single(Query),
    Value(Query),
    Count(Query),
    Length(Query),
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |bound: &Option<i64>| bound.map(|index| index.to_string()).unwrap_or_default();
        match self {
            Self::Name(name) => write!(f, "'{}'", name.replace('\\', "\\\\").replace('\'', "\\'")),
            Self::Index(index) => write!(f, "{index}"),
            Self::Wildcard => f.write_str("*"),
            Self::Slice(from, to, None) => write!(f, "{}:{}", bound(from), bound(to)),
            Self::Slice(from, to, by) => write!(f, "{} :{}: {}", bound(from), bound(to), bound(by)),
            Self::Filter(condition) => write!(f, "?{condition}"),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start)?;
        for segment in &self.segments {
            let selectors: Vec<String> = segment.selectors.iter().map(ToString::to_string).collect();
            write!(f, "{}[{}]", if segment.is_descendant { ".." } else { "" }, selectors.join(","))?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(left, right) => write!(f, "({left}||{right})"),
            Self::And(left, right) => write!(f, "{left} && {right}"),
            Self::Not(inner) => write!(f, "!({inner})"),
            Self::Exists(query) => write!(f, "{query}"),
            Self::Compare(operator, left, right) => write!(f, "{left} {operator}{right}"),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => write!(f, "{value}"),
            Self::Single(query) => write!(f, "{query}"),
            Self::Value(query) => write!(f, "value({query})"),
            Self::Count(query) => write!(f, "count( {query})"),
            Self::Length(query) => write!(f, "length({query} )"),
        }
    }
}

/// The evaluator. Nothing is `None`.
struct Reference<'v> {
    root: &'v Value,
}

impl<'v> Reference<'v> {
    fn nodes(&self, query: &Query, current: &'v Value) -> Vec<&'v Value> {
        let start = if query.start == '$' { self.root } else { current };
        query.segments.iter().fold(vec![start], |nodes, segment| {
            let inputs: Vec<&Value> =
                if segment.is_descendant { nodes.into_iter().flat_map(with_descendants).collect() } else { nodes };
            let of_node = |node| segment.selectors.iter().flat_map(move |selector| self.selected(selector, node));
            inputs.into_iter().flat_map(of_node).collect()
        })
    }

    fn selected(&self, selector: &Selector, node: &'v Value) -> Vec<&'v Value> {
        match selector {
            Selector::Name(name) => node.as_object().and_then(|members| members.get(name)).into_iter().collect(),
            Selector::Index(index) => node.as_array().and_then(|items| nth(items, *index)).into_iter().collect(),
            Selector::Wildcard => children(node),
            Selector::Slice(from, to, by) => match node {
                Value::Array(items) => sliced(items, *from, *to, by.unwrap_or(1)),
                _ => Vec::new(),
            },
            Selector::Filter(condition) => {
                children(node).into_iter().filter(|child| self.holds(condition, child)).collect()
            }
        }
    }

    fn holds(&self, condition: &Condition, current: &'v Value) -> bool {
        match condition {
            Condition::Or(left, right) => self.holds(left, current) || self.holds(right, current),
            Condition::And(left, right) => self.holds(left, current) && self.holds(right, current),
            Condition::Not(inner) => !self.holds(inner, current),
            Condition::Exists(query) => !self.nodes(query, current).is_empty(),
            Condition::Compare(operator, left, right) => {
                let (left, right) = (self.value(left, current), self.value(right, current));
                let (left, right) = (left.as_ref(), right.as_ref());
                match *operator {
                    "==" => equal(left, right),
                    "!=" => !equal(left, right),
                    "<" => less(left, right),
                    ">" => less(right, left),
                    "<=" => less(left, right) || equal(left, right),
                    _ => less(right, left) || equal(left, right),
                }
            }
        }
    }

    fn value(&self, operand: &Operand, current: &'v Value) -> Option<Value> {
        match operand {
            Operand::Literal(value) => Some(value.clone()),
            Operand::Single(query) | Operand::Value(query) => match self.nodes(query, current).as_slice() {
                [only] => Some((*only).clone()),
                _ => None,
            },
            Operand::Count(query) => Some(self.nodes(query, current).len().into()),
            Operand::Length(query) => match self.nodes(query, current).first()? {
                Value::String(text) => Some(text.chars().count().into()),
                Value::Array(items) => Some(items.len().into()),
                Value::Object(members) => Some(members.len().into()),
                _ => None,
            },
        }
    }
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn with_descendants(node: &Value) -> Vec<&Value> {
    let mut all = vec![node];
    all.extend(children(node).into_iter().flat_map(with_descendants));
    all
}

fn nth(items: &[Value], index: i64) -> Option<&Value> {
    let index = if index < 0 { index + items.len() as i64 } else { index };
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

/// By the sentences of 2.3.4.2.2.
fn sliced(items: &[Value], from: Option<i64>, to: Option<i64>, by: i64) -> Vec<&Value> {
    let len = items.len() as i64;
    if by == 0 {
        return Vec::new();
    }
    let (start, end) =
        if by > 0 { (from.unwrap_or(0), to.unwrap_or(len)) } else { (from.unwrap_or(len - 1), to.unwrap_or(-len - 1)) };
    let normalize = |index: i64| if index >= 0 { index } else { len + index };
    let (start, end) = (normalize(start), normalize(end));
    let mut picked = Vec::new();
    if by > 0 {
        let (lower, upper) = (start.max(0).min(len), end.max(0).min(len));
        let mut at = lower;
        while at < upper {
            picked.extend(items.get(at as usize));
            at += by;
        }
    } else {
        let (upper, lower) = (start.max(-1).min(len - 1), end.max(-1).min(len - 1));
        let mut at = upper;
        while lower < at {
            picked.extend(items.get(at as usize));
            at += by;
        }
    }
    picked
}

fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(Some(left), Some(right)))
        }
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.contains_key(name) && equal(Some(value), right.get(name)))
        }
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

fn less(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() < right.as_f64(),
        (Some(Value::String(left)), Some(Value::String(right))) => left.chars().lt(right.chars()),
        _ => false,
    }
}

const NAMES: [&str; 6] = ["a", "b", "é", "a b", "'", "\\"];

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        proptest::sample::select(vec!["0", "-0", "1", "1.0", "10e-1", "2", "-1.5", "1e2", "100"])
            .prop_map(|number| serde_json::from_str(number).unwrap()),
        proptest::sample::select(vec!["", "a", "b", "é", "😀", "\u{ff61}"]).prop_map(Value::from),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(4, 40, 5, |inner| {
        let member = (proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::Array),
            prop::collection::vec(member, 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_index() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -4_i64..5, 1 => Just(9_007_199_254_740_991), 1 => Just(-9_007_199_254_740_991)]
}

fn plain_selector() -> impl Strategy<Value = Selector> {
    let bound = || proptest::option::of(any_index());
    prop_oneof![
        3 => proptest::sample::select(NAMES.to_vec()).prop_map(|name| Selector::Name(name.to_owned())),
        2 => any_index().prop_map(Selector::Index),
        2 => Just(Selector::Wildcard),
        1 => (bound(), bound(), bound()).prop_map(|(from, to, by)| Selector::Slice(from, to, by)),
    ]
}

fn singular(start: BoxedStrategy<char>) -> impl Strategy<Value = Query> {
    let key = prop_oneof![
        2 => proptest::sample::select(NAMES.to_vec()).prop_map(|name| Selector::Name(name.to_owned())),
        1 => any_index().prop_map(Selector::Index),
    ];
    let segment = key.prop_map(|key| Segment { is_descendant: false, selectors: vec![key] });
    (start, prop::collection::vec(segment, 0..3)).prop_map(|(start, segments)| Query { start, segments })
}

fn either_start() -> BoxedStrategy<char> {
    prop_oneof![3 => Just('@'), 1 => Just('$')].boxed()
}

/// Queries of which `jsonpath-rust` says what the RFC says: it finds `<=` and `>=` true where a side has no value, and so are
/// functions of what has none.
fn query_of_the_library() -> impl Strategy<Value = Query> {
    let operand =
        prop_oneof![any_scalar().prop_map(Operand::Literal), singular(either_start()).prop_map(Operand::Single)];
    let compared = (proptest::sample::select(vec!["==", "!=", "<", ">"]), operand.clone(), operand)
        .prop_map(|(operator, left, right)| Condition::Compare(operator, left, right));
    let leaf = prop_oneof![1 => query(either_start(), 0).prop_map(Condition::Exists), 3 => compared];
    let selector = prop_oneof![2 => plain_selector(), 2 => combined(leaf.boxed()).prop_map(Selector::Filter)].boxed();
    let segment = (prop::bool::weighted(0.25), prop::collection::vec(selector, 1..3))
        .prop_map(|(is_descendant, selectors)| Segment { is_descendant, selectors });
    prop::collection::vec(segment, 0..4).prop_map(|segments| Query { start: '$', segments })
}

/// Queries with filters so many levels deep.
fn query(start: BoxedStrategy<char>, depth: u32) -> BoxedStrategy<Query> {
    let selector = if depth == 0 {
        plain_selector().boxed()
    } else {
        prop_oneof![2 => plain_selector(), 2 => condition(depth - 1).prop_map(Selector::Filter)].boxed()
    };
    let segment = (prop::bool::weighted(0.25), prop::collection::vec(selector, 1..3))
        .prop_map(|(is_descendant, selectors)| Segment { is_descendant, selectors });
    (start, prop::collection::vec(segment, 0..4)).prop_map(|(start, segments)| Query { start, segments }).boxed()
}

fn operand(depth: u32) -> BoxedStrategy<Operand> {
    prop_oneof![
        3 => any_scalar().prop_map(Operand::Literal),
        4 => singular(either_start()).prop_map(Operand::Single),
        1 => query(either_start(), depth).prop_map(Operand::Value),
        1 => query(either_start(), depth).prop_map(Operand::Count),
        1 => singular(either_start()).prop_map(Operand::Length),
    ]
    .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<Condition> {
    let operators = vec!["==", "!=", "<", "<=", ">", ">="];
    let leaf = prop_oneof![
        1 => query(either_start(), depth).prop_map(Condition::Exists),
        3 => (proptest::sample::select(operators), operand(depth), operand(depth))
            .prop_map(|(operator, left, right)| Condition::Compare(operator, left, right)),
    ];
    combined(leaf.boxed())
}

fn combined(leaf: BoxedStrategy<Condition>) -> BoxedStrategy<Condition> {
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Condition::Or(left.into(), right.into())),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Condition::And(left.into(), right.into())),
            inner.prop_map(|inner| Condition::Not(inner.into())),
        ]
    })
    .boxed()
}

fn sorted<'v>(values: impl IntoIterator<Item = &'v Value>) -> Vec<String> {
    let mut texts: Vec<String> = values.into_iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// M3: what a query finds is what the RFC says, in its order; a rejection names a bound.
    #[test]
    fn m3_random_queries_find_what_the_rfc_says(query in query(Just('$').boxed(), 2), value in any_value()) {
        let (text, json) = (query.to_string(), value.to_string());
        match found(&text, &json) {
            Ok(found) => {
                let expected = Value::Array(Reference { root: &value }.nodes(&query, &value).into_iter().cloned().collect());
                prop_assert_eq!(found, expected.to_string(), "{} in {}", text, json);
            }
            Err(why) => prop_assert!(why.contains("nested more than") || why.contains("TooWide"), "{}: {}", text, why),
        }
    }

    /// M3: a query finds what another implementation finds, whose order below `..` is its own.
    #[test]
    fn m3_random_queries_find_what_jsonpath_rust_finds(query in query_of_the_library(), value in any_value()) {
        let (text, json) = (query.to_string(), value.to_string());
        if let Ok(found) = found(&text, &json) {
            let found: Vec<Value> = serde_json::from_str(&found).unwrap();
            let theirs = value.query(&text).unwrap();
            prop_assert_eq!(sorted(&found), sorted(theirs), "{} in {}", text, json);
        }
    }

    /// H6: any text is a query or is message why not, at a place in it.
    #[test]
    fn h6_any_text_is_a_query_or_is_told_why(
        text in r#"\$([.\[\]?@$'"=<>!&|*:,() 0-9a-eé\\-]|\.\.|\[\?@|==|length\(|match\(|\\u00e9|'a'){0,24}"#,
        value in any_value(),
    ) {
        let _ = found(&text, &value.to_string());
        if let Err(error) = hookmill_jsonpath::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}: {}", text, error);
        }
    }

    /// H6: any text is a pattern or is message why not; no pattern of the dialect is unknown to the library.
    #[test]
    fn h6_any_pattern_is_built_or_is_told_why(
        pattern in r#"([a-c.|()*+?^$\[\]{},\\0-2-]|\\p\{L\}|\[a-c\]|\\\\.|\{1,2\}){0,12}"#,
        text: String,
    ) {
        let quoted = pattern.replace('\\', "\\\\").replace('\'', "\\'");
        let query = format!("$[?search(@, '{quoted}')]");
        match found(&query, &Value::from(vec![text]).to_string()) {
            Ok(_) => {}
            Err(why) => prop_assert!(!why.contains("regex") && !why.contains("parse"), "{}: {}", pattern, why),
        }
    }
}
