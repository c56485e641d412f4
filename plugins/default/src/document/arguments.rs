//! One argument of a function, read as its parameter says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hookmill_decimal::Decimal;
use hookmill_json::Value;

use super::check::{At, Diagnostics, join, shortened, under};
use super::functions::{Chains, path_of};
use super::node::{Key, Kind, Node};
use super::path::{self, Stage};
use super::{keys, literal, recipe, template};
use crate::functions::{ArgumentKind, FORMATS_MAX, PATTERN_BYTES_MAX, calendar, clock, phone, template as filling};
use crate::plan::owned::{Argument, Expression, Path, Range, Root, Source, SourceKind, Steps, Template};

const RANGE_KEYS: [&str; 3] = keys::names(&keys::RANGE);

const PART_KEYS: [&str; 5] = keys::names(&keys::PART);

/// Reads an argument, or reports why it is none.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>, kind: ArgumentKind, chains: Chains) -> Option<Argument> {
    let stage = chains.stage;
    match kind {
        ArgumentKind::Text => scalar(diagnostics, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::NonEmpty => non_empty(diagnostics, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Whole(min, max) => integer(diagnostics, at, min, max).map(Argument::Whole),
        ArgumentKind::Flag | ArgumentKind::OfBirth => flag(diagnostics, at).map(Argument::Flag),
        ArgumentKind::Word(words) => word(diagnostics, at, words).map(Argument::Word),
        ArgumentKind::Fixed => Some(Argument::Value(literal::value(diagnostics, at, stage))),
        ArgumentKind::Operand => operand(diagnostics, at, stage),
        ArgumentKind::Path => path_of(diagnostics, at, stage).map(Argument::Path),
        ArgumentKind::Paths => paths(diagnostics, at, stage).map(Argument::Paths),
        ArgumentKind::Inside => inside(diagnostics, at).map(Argument::Path),
        ArgumentKind::Insides => insides(diagnostics, at).map(Argument::Paths),
        ArgumentKind::Condition => condition(diagnostics, at).map(Argument::Path),
        ArgumentKind::Chain => {
            Some(Argument::Chain(Chains { depth: chains.depth + 1, ..chains }.read(diagnostics, at)))
        }
        ArgumentKind::Pattern => pattern(diagnostics, at).map(Argument::Expression),
        ArgumentKind::Template => template(diagnostics, at, stage).map(Argument::Template),
        ArgumentKind::Format => format(diagnostics, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Formats => formats(diagnostics, at),
        ArgumentKind::Zone => zone(diagnostics, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Region => region(diagnostics, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Texts => texts(diagnostics, at),
        ArgumentKind::Months => months(diagnostics, at),
        ArgumentKind::Table => {
            literal::warn(diagnostics, at, stage);
            pairs(diagnostics, at, "a map such as `{TX: Texas}`")
        }
        ArgumentKind::Members => members(diagnostics, at),
        ArgumentKind::Parts => parts(diagnostics, at, chains),
        ArgumentKind::Names => new_names(diagnostics, at),
        ArgumentKind::Ranges => ranges(diagnostics, at),
    }
}

/// A text; a number or a boolean in the document stands for what it is written as.
fn scalar(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    match &at.node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(value) => Some(value.to_string()),
        _ => {
            diagnostics.expected(at, "a text");
            None
        }
    }
}

fn non_empty(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let text = scalar(diagnostics, at)?;
    if text.is_empty() {
        diagnostics.error(at, "empty", "this text must not be empty", Some("name at least one character".to_owned()));
        return None;
    }
    Some(text)
}

fn integer(diagnostics: &mut Diagnostics, at: At<'_>, min: i64, max: i64) -> Option<i64> {
    let number = match &at.node.kind {
        Kind::Number(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let found = number.filter(|number| (min..=max).contains(number));
    if found.is_none() {
        diagnostics.expected(at, &format!("an integer from {min} to {max}"));
    }
    found
}

fn flag(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<bool> {
    if let Kind::Bool(value) = at.node.kind {
        return Some(value);
    }
    diagnostics.expected(at, "`true` or `false`");
    None
}

fn word(diagnostics: &mut Diagnostics, at: At<'_>, words: &[&'static str]) -> Option<u8> {
    let places: Vec<(&str, u8)> = words.iter().copied().zip(0..).collect();
    diagnostics.one_of(at, &places)
}

/// A number, or a path to one. A text that is written like a number is a mistake: a path has no such name.
fn operand(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Argument> {
    match &at.node.kind {
        Kind::Number(text) if Decimal::parse(text).is_ok() => Some(Argument::Value(at.node.value())),
        Kind::Text(text) if Decimal::parse(text).is_err() => path_of(diagnostics, at, stage).map(Argument::Path),
        Kind::Text(_) => {
            diagnostics.error(
                at,
                "wrong_type",
                "a number stands here without quotes",
                Some("write it without quotes".to_owned()),
            );
            None
        }
        _ => {
            diagnostics.expected(at, "a number, or a path to one");
            None
        }
    }
}

fn paths(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Vec<Path>> {
    let items = diagnostics.items(at);
    let mut paths = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        paths.push(path_of(diagnostics, At { node, path: &path }, stage)?);
    }
    Some(paths)
}

/// A path that starts at the value itself: `address.city`, `[0]`, `$.items[*]`.
pub fn inside(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Path> {
    let text = diagnostics.text(at, "a path inside the value, such as `address.city`")?;
    report(diagnostics, at, text, path::read_inside(text).map_err(path::BadPath::without_functions))
}

/// A condition on an item, as in the filter of a JSONPath.
fn condition(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Path> {
    let text = diagnostics.text(at, "a condition such as `@.type == 'home'`")?;
    let read = path::read(&format!("$[?{text}]"), Stage::Map);
    report(diagnostics, at, text, read)
}

/// Paths that start at an item of the value, at least one.
fn insides(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Vec<Path>> {
    let items = diagnostics.items(at);
    if items.is_empty() {
        diagnostics.error(at, "empty", "there is no path here", Some("name at least one path".to_owned()));
        return None;
    }
    let is_list = matches!(at.node.kind, Kind::List(_));
    let mut paths = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = if is_list { format!("{}[{index}]", at.path) } else { at.path.to_owned() };
        paths.push(inside(diagnostics, At { node, path: &path })?);
    }
    Some(paths)
}

fn report(diagnostics: &mut Diagnostics, at: At<'_>, text: &str, read: Result<Path, path::BadPath>) -> Option<Path> {
    read.map_err(|why| {
        diagnostics.error(at, "bad_path", format!("`{}`: {}", shortened(text), why.message), why.suggestion)
    })
    .ok()
}

fn pattern(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Expression> {
    let text = diagnostics.text(at, "a regular expression")?;
    if text.len() > PATTERN_BYTES_MAX {
        let message =
            format!("this pattern has {} bytes, the bound is {PATTERN_BYTES_MAX} (PATTERN_BYTES_MAX)", text.len());
        diagnostics.error(at, "too_large", message, Some("do it in several functions".to_owned()));
        return None;
    }
    match Expression::new(text.to_owned()) {
        Ok(expression) => Some(expression),
        Err(why) => {
            let hint =
                "look-around and back-references don't exist here; write `\\` before a mark that stands for itself";
            let message = format!("`{}` is not a regular expression: {why}", shortened(text));
            diagnostics.error(at, "bad_pattern", message, Some(hint.to_owned()));
            None
        }
    }
}

/// A template in which `{{ value }}` is the value itself, and `{{ value.name }}` a part of it.
fn template(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Template> {
    let text = diagnostics.text(at, "a text with places such as `{{ value }}`")?;
    match template::read_with(text, |place| inside_chain(place, stage)) {
        Ok(template) if stage == Stage::Map => Some(recipe::made_before(diagnostics, at, template)),
        Ok(template) => Some(template),
        Err(why) => {
            diagnostics.error(at, "bad_template", format!("`{}`: {}", shortened(text), why.message), why.suggestion);
            None
        }
    }
}

/// A path as it stands in a template among functions.
fn inside_chain(place: &str, stage: Stage) -> Result<Path, path::BadPath> {
    match place.strip_prefix(filling::VALUE) {
        Some("") => Ok(Path {
            text: place.to_owned().into(),
            root: Root::Value,
            place: None,
            steps: Steps::Singular(Vec::new()),
        }),
        Some(rest) if rest.starts_with(['.', '[']) => {
            let inside = path::read_inside(rest.strip_prefix('.').unwrap_or(rest))?;
            Ok(Path { text: place.to_owned().into(), root: Root::Value, ..inside })
        }
        _ => path::read(place, stage),
    }
}

fn format(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let text = diagnostics.text(at, "a date format such as `%m/%d/%Y`")?;
    let found = clock::check_output(text);
    found.map_err(|why| diagnostics.error(at, "bad_format", why.message, why.hint)).ok()?;
    Some(text.to_owned())
}

fn formats(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    let items = diagnostics.items(at);
    if items.len() > FORMATS_MAX {
        let message = format!("there are {} formats, the bound is {FORMATS_MAX} (FORMATS_MAX)", items.len());
        diagnostics.error(at, "too_many", message, None);
        return None;
    }
    let mut formats = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        let at = At { node, path: &path };
        let text = diagnostics.text(at, "a date format such as `%m/%d/%Y`")?;
        clock::check_input(text).map_err(|why| diagnostics.error(at, "bad_format", why.message, why.hint)).ok()?;
        formats.push(text.to_owned().into());
    }
    Some(Argument::Texts(formats))
}

fn zone(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let name = diagnostics.text(at, "a time zone such as America/New_York")?;
    if clock::is_zone(name) {
        return Some(name.to_owned());
    }
    let message = format!("`{}` is not a name in the IANA Time Zone Database", shortened(name));
    diagnostics.error(at, "unknown_zone", message, Some("write a name such as `America/New_York` or `UTC`".to_owned()));
    None
}

fn region(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<String> {
    let region = diagnostics.text(at, "a region such as US")?;
    if phone::is_region(region) {
        return Some(region.to_ascii_uppercase());
    }
    let message = format!("`{}` is not a region with phone numbers", shortened(region));
    diagnostics.error(at, "unknown_region", message, Some("use a code of ISO 3166-1 such as US or DE".to_owned()));
    None
}

fn texts(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    let items = diagnostics.items(at);
    let mut texts = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        texts.push(scalar(diagnostics, At { node, path: &path })?.into());
    }
    Some(Argument::Texts(texts))
}

/// Sorted, so that looking up is quick.
fn pairs(diagnostics: &mut Diagnostics, at: At<'_>, example: &str) -> Option<Argument> {
    let Kind::Map(entries) = &at.node.kind else {
        diagnostics.expected(at, example);
        return None;
    };
    if entries.is_empty() {
        diagnostics.error(at, "empty", "there is nothing in it", Some(format!("write {example}")));
        return None;
    }
    let mut pairs: Vec<_> = entries.iter().map(|(key, node)| (key.text.clone().into(), node.value())).collect();
    pairs.sort_by(|one: &(Cow<'_, str>, _), other| one.0.cmp(&other.0));
    Some(Argument::Pairs(pairs))
}

/// Names of months by their keys, sorted, so that looking up is quick. All that is not a name or not a month is told.
fn months(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    pairs(diagnostics, at, "a map such as `{Ionawr: 1}`")?;
    let Kind::Map(entries) = &at.node.kind else { return None };
    let read = entries.iter().map(|(key, node)| month(diagnostics, at, key, node)).collect::<Vec<_>>();
    let mut months: Vec<(Cow<'_, str>, _)> = read.into_iter().collect::<Option<_>>()?;
    months.sort_by(|one, other| one.0.cmp(&other.0));
    let double = months.windows(2).find(|pair| pair[0].0 == pair[1].0);
    if let Some([(name, _), _]) = double {
        let message = format!("`{name}` stands twice; case and accents of a name don't matter");
        diagnostics.error(at, "duplicate_key", message, Some("remove one of them".to_owned()));
        return None;
    }
    Some(Argument::Pairs(months))
}

/// One name of a month by its key, and the month's number.
fn month(
    diagnostics: &mut Diagnostics,
    parent: At<'_>,
    key: &Key,
    node: &Node,
) -> Option<(Cow<'static, str>, Value<'static>)> {
    let path = join(parent.path, &key.text);
    let at = At { node, path: &path };
    let name = calendar::key(&key.text);
    if name.is_empty() {
        let message = format!("`{}` has no letters, so it is not the name of a month", shortened(&key.text));
        diagnostics.error(at, "wrong_type", message, Some("write a name such as `Ionawr`".to_owned()));
        return None;
    }
    let number = node.value();
    let is_month =
        matches!(&number, Value::Number(digits) if digits.parse().is_ok_and(|month| (1..=12).contains(&month)));
    if !is_month {
        let message = format!("the number of a month is an integer from 1 to 12, not {}", node.quoted());
        diagnostics.error(at, "wrong_type", message, Some(format!("write it like `{}: 1`", shortened(&key.text))));
        return None;
    }
    Some((name.into(), number))
}

/// What members are compared with: one value, or one of several. What nothing could be equal to is a mistake.
fn members(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    let pairs = pairs(diagnostics, at, "a map such as `{name: email}`")?;
    let Kind::Map(entries) = &at.node.kind else { return Some(pairs) };
    for (key, node) in entries {
        let is_single = |node: &Node| !matches!(node.kind, Kind::List(_) | Kind::Map(_));
        let is_comparable = match &node.kind {
            Kind::List(several) => !several.is_empty() && several.iter().all(is_single),
            _ => is_single(node),
        };
        if !is_comparable {
            let path = join(at.path, &key.text);
            let at = At { node, path: &path };
            let message =
                format!("a member is compared with one value, or with one of several, not with {}", node.quoted());
            let hint = Some("write it like `{name: email}` or `{name: [email, mail]}`".to_owned());
            diagnostics.error(at, "wrong_type", message, hint);
            return None;
        }
    }
    Some(pairs)
}

/// The members of an object that is made.
fn parts(diagnostics: &mut Diagnostics, at: At<'_>, chains: Chains) -> Option<Argument> {
    let entries = diagnostics.map(at, "a map such as `{question: label, answer: 'values[0]'}`")?;
    if entries.is_empty() {
        let hint = Some("name its members, such as `{question: label}`".to_owned());
        diagnostics.error(at, "empty", "there is nothing in it", hint);
        return None;
    }
    let mut parts = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        let path = join(at.path, &key.text);
        parts.push((key.text.clone().into(), part(diagnostics, At { node, path: &path }, chains)?));
    }
    Some(Argument::Parts(parts))
}

/// One member: a path inside the value, or one of its sources with functions of its own.
fn part(diagnostics: &mut Diagnostics, at: At<'_>, chains: Chains) -> Option<Source> {
    let stage = chains.stage;
    let of_value = |path: Path| SourceKind::Path(Path { root: Root::Value, ..path });
    if !matches!(at.node.kind, Kind::Map(_)) {
        return inside(diagnostics, at).map(|path| Source { kind: of_value(path), then: Vec::new() });
    }
    diagnostics.map_of(at, "where a member comes from", &PART_KEYS)?;
    let kinds = [
        under(at, "path", |at| inside(diagnostics, at).map(of_value)),
        under(at, "from", |at| path_of(diagnostics, at, stage).map(SourceKind::Path)),
        under(at, "template", |at| template(diagnostics, at, stage).map(SourceKind::Template)),
        under(at, "value", |at| Some(SourceKind::Fixed(literal::value(diagnostics, at, stage)))),
    ];
    let then = under(at, "then", |at| Chains { depth: chains.depth + 1, ..chains }.read(diagnostics, at));
    let mut given = kinds.into_iter().flatten();
    let (Some(kind), None) = (given.next(), given.next()) else {
        let hint = Some("write it like `{path: label, then: [trim]}`".to_owned());
        let message = "exactly one of `path`, `from`, `template` and `value` is needed";
        diagnostics.error(at, "one_source", message, hint);
        return None;
    };
    Some(Source { kind: kind?, then: then.unwrap_or_default() })
}

/// New names by old ones, sorted like [`pairs`]. Two that become one would lose a value.
fn new_names(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    if let Kind::Map(entries) = &at.node.kind {
        let mut taken = BTreeMap::new();
        for (key, node) in entries {
            let path = join(at.path, &key.text);
            let at = At { node, path: &path };
            let new = non_empty(diagnostics, at)?;
            if let Some(other) = taken.insert(new.clone(), &key.text) {
                let message =
                    format!("`{}` and `{}` would both become `{}`", shortened(other), key.text, shortened(&new));
                diagnostics.error(at, "duplicate_field", message, Some("give one of them another name".to_owned()));
                return None;
            }
        }
    }
    pairs(diagnostics, at, "a map such as `{old_name: new_name}`")
}

fn ranges(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Argument> {
    let items = diagnostics.items(at);
    let mut ranges = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        ranges.push(range(diagnostics, At { node, path: &path })?);
    }
    Some(Argument::Ranges(ranges))
}

fn range(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Range> {
    diagnostics.map_of(at, "a map with `from`, `below` and `is`", &RANGE_KEYS)?;
    let from = end(diagnostics, at, "from")?;
    let below = end(diagnostics, at, "below")?;
    let Some(is) = at.node.get("is").map(Node::value) else {
        let hint = Some("write it like `{from: 0, below: 100, is: low}`".to_owned());
        diagnostics.error(at, "missing_key", "the range does not say what a number in it `is`", hint);
        return None;
    };
    if let (Some((low, _)), Some((high, _))) = (&from, &below)
        && high <= low
    {
        let hint = Some("`below` must be above `from`".to_owned());
        diagnostics.error(at, "empty_range", "no number lies in this range", hint);
        return None;
    }
    Some(Range { from: from.map(|(_, text)| text.into()), below: below.map(|(_, text)| text.into()), is })
}

/// An end of a range: an outer none when it is not a number, an inner one when it is left open.
fn end(diagnostics: &mut Diagnostics, at: At<'_>, key: &str) -> Option<Option<(Decimal, String)>> {
    let read = under(at, key, |at| match &at.node.kind {
        Kind::Number(text) => Decimal::parse(text).ok().map(|number| (number, text.clone())),
        _ => {
            diagnostics.expected(at, "a number");
            None
        }
    });
    match read {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}
