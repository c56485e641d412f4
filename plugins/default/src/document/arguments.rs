//! One argument of a function, read as its parameter says.

use hookmill_decimal::Decimal;

use super::check::{At, Notes, join, shortened, under};
use super::functions::{Chains, path_of};
use super::node::{Kind, Node};
use super::path::{self, Stage};
use super::{keys, recipe, template};
use crate::functions::{ArgumentKind, FORMATS_MAX, PATTERN_BYTES_MAX, clock, phone, template as filling};
use crate::plan::owned::{Argument, Expression, Path, Range, Root, Steps, Template};

const RANGE_KEYS: [&str; 3] = keys::names(&keys::RANGE);

/// Reads an argument, or notes why it is none.
pub fn read(notes: &mut Notes, at: At<'_>, kind: ArgumentKind, chains: Chains) -> Option<Argument> {
    let stage = chains.stage;
    match kind {
        ArgumentKind::Text => scalar(notes, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::NonEmpty => non_empty(notes, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Whole(min, max) => whole(notes, at, min, max).map(Argument::Whole),
        ArgumentKind::Flag => flag(notes, at).map(Argument::Flag),
        ArgumentKind::Word(words) => word(notes, at, words).map(Argument::Word),
        ArgumentKind::Fixed => Some(Argument::Value(at.node.value())),
        ArgumentKind::Operand => operand(notes, at, stage),
        ArgumentKind::Path => path_of(notes, at, stage).map(Argument::Path),
        ArgumentKind::Paths => paths(notes, at, stage).map(Argument::Paths),
        ArgumentKind::Inside => inside(notes, at).map(Argument::Path),
        ArgumentKind::Condition => condition(notes, at).map(Argument::Path),
        ArgumentKind::Chain => Some(Argument::Chain(Chains { depth: chains.depth + 1, ..chains }.read(notes, at))),
        ArgumentKind::Pattern => pattern(notes, at).map(Argument::Expression),
        ArgumentKind::Template => template(notes, at, stage).map(Argument::Template),
        ArgumentKind::Format => format(notes, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Formats => formats(notes, at),
        ArgumentKind::Zone => zone(notes, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Region => region(notes, at).map(|text| Argument::Text(text.into())),
        ArgumentKind::Texts => texts(notes, at),
        ArgumentKind::Table | ArgumentKind::Members => pairs(notes, at, kind),
        ArgumentKind::Ranges => ranges(notes, at),
    }
}

/// A text; a number or a boolean in the document stands for what it is written as.
fn scalar(notes: &mut Notes, at: At<'_>) -> Option<String> {
    match &at.node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(value) => Some(value.to_string()),
        _ => {
            notes.expected(at, "a text");
            None
        }
    }
}

fn non_empty(notes: &mut Notes, at: At<'_>) -> Option<String> {
    let text = scalar(notes, at)?;
    if text.is_empty() {
        notes.error(at, "empty", "this text must not be empty", Some("name at least one character".to_owned()));
        return None;
    }
    Some(text)
}

fn whole(notes: &mut Notes, at: At<'_>, min: i64, max: i64) -> Option<i64> {
    let number = match &at.node.kind {
        Kind::Number(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let found = number.filter(|number| (min..=max).contains(number));
    if found.is_none() {
        notes.expected(at, &format!("a whole number from {min} to {max}"));
    }
    found
}

fn flag(notes: &mut Notes, at: At<'_>) -> Option<bool> {
    if let Kind::Bool(value) = at.node.kind {
        return Some(value);
    }
    notes.expected(at, "`true` or `false`");
    None
}

fn word(notes: &mut Notes, at: At<'_>, words: &[&'static str]) -> Option<u8> {
    let places: Vec<(&str, u8)> = words.iter().copied().zip(0..).collect();
    notes.one_of(at, &places)
}

/// A number, or a path to one. A text that is written like a number is a mistake: a path has no such name.
fn operand(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Argument> {
    match &at.node.kind {
        Kind::Number(text) if Decimal::parse(text).is_ok() => Some(Argument::Value(at.node.value())),
        Kind::Text(text) if Decimal::parse(text).is_err() => path_of(notes, at, stage).map(Argument::Path),
        Kind::Text(_) => {
            notes.error(
                at,
                "wrong_type",
                "a number stands here without quotes",
                Some("write it without quotes".to_owned()),
            );
            None
        }
        _ => {
            notes.expected(at, "a number, or a path to one");
            None
        }
    }
}

fn paths(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Vec<Path>> {
    let items = notes.items(at);
    let mut paths = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        paths.push(path_of(notes, At { node, path: &path }, stage)?);
    }
    Some(paths)
}

/// A path that starts at the value itself: `address.city`, `[0]`, `$.items[*]`.
fn inside(notes: &mut Notes, at: At<'_>) -> Option<Path> {
    let text = notes.text(at, "a path inside the value, such as `address.city`")?;
    // A short path is read as one of the body, so that `campaign.id` is a member here, not the campaign's.
    let whole = match text {
        _ if text.starts_with('$') => text.to_owned(),
        _ if text.starts_with('[') => format!("${text}"),
        _ => format!("body.{text}"),
    };
    let read = path::read(&whole, Stage::Map);
    noted(notes, at, text, read.map(|path| Path { text: text.to_owned().into(), ..path }))
}

/// A condition on an item, as in the filter of a JSONPath.
fn condition(notes: &mut Notes, at: At<'_>) -> Option<Path> {
    let text = notes.text(at, "a condition such as `@.type == 'home'`")?;
    let read = path::read(&format!("$[?{text}]"), Stage::Map);
    noted(notes, at, text, read)
}

fn noted(notes: &mut Notes, at: At<'_>, text: &str, read: Result<Path, path::NoPath>) -> Option<Path> {
    read.map_err(|why| notes.error(at, "bad_path", format!("`{}`: {}", shortened(text), why.message), why.suggestion))
        .ok()
}

fn pattern(notes: &mut Notes, at: At<'_>) -> Option<Expression> {
    let text = notes.text(at, "a regular expression")?;
    let why = if text.len() > PATTERN_BYTES_MAX {
        format!("it is longer than {PATTERN_BYTES_MAX} bytes (PATTERN_BYTES_MAX)")
    } else {
        match Expression::new(text.to_owned()) {
            Ok(expression) => return Some(expression),
            Err(why) => why,
        }
    };
    let mend = "look-around and back-references don't exist here; write `\\` before a mark that stands for itself";
    notes.error(
        at,
        "bad_pattern",
        format!("`{}` is no regular expression: {why}", shortened(text)),
        Some(mend.to_owned()),
    );
    None
}

/// A template in which `{{ value }}` is the value itself, and `{{ value.name }}` a part of it.
fn template(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Template> {
    let text = notes.text(at, "a text with places such as `{{ value }}`")?;
    match template::read_with(text, |place| in_chain(place, stage)) {
        Ok(template) if stage == Stage::Map => Some(recipe::made_before(notes, at, template)),
        Ok(template) => Some(template),
        Err(why) => {
            notes.error(at, "bad_template", format!("`{}`: {}", shortened(text), why.message), why.suggestion);
            None
        }
    }
}

/// A path as it stands in a template among functions.
fn in_chain(place: &str, stage: Stage) -> Result<Path, path::NoPath> {
    match place.strip_prefix(filling::VALUE) {
        Some("") => Ok(Path {
            text: place.to_owned().into(),
            root: Root::Value,
            place: None,
            steps: Steps::Singular(Vec::new()),
        }),
        Some(rest) if rest.starts_with(['.', '[']) => {
            let inside = path::read(&format!("body{rest}"), Stage::Map)?;
            Ok(Path { text: place.to_owned().into(), root: Root::Value, ..inside })
        }
        _ => path::read(place, stage),
    }
}

fn format(notes: &mut Notes, at: At<'_>) -> Option<String> {
    let text = notes.text(at, "a date format such as `%m/%d/%Y`")?;
    let found = clock::check_output(text);
    found.map_err(|why| notes.error(at, "bad_format", why.message, why.mend)).ok()?;
    Some(text.to_owned())
}

fn formats(notes: &mut Notes, at: At<'_>) -> Option<Argument> {
    let items = notes.items(at);
    if items.len() > FORMATS_MAX {
        let message = format!("there are {} formats, the bound is {FORMATS_MAX} (FORMATS_MAX)", items.len());
        notes.error(at, "too_many", message, None);
        return None;
    }
    let mut formats = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        let at = At { node, path: &path };
        let text = notes.text(at, "a date format such as `%m/%d/%Y`")?;
        clock::check_input(text).map_err(|why| notes.error(at, "bad_format", why.message, why.mend)).ok()?;
        formats.push(text.to_owned().into());
    }
    Some(Argument::Texts(formats))
}

fn zone(notes: &mut Notes, at: At<'_>) -> Option<String> {
    let name = notes.text(at, "a time zone such as America/New_York")?;
    if clock::is_zone(name) {
        return Some(name.to_owned());
    }
    let message = format!("`{}` is no name of the IANA Time Zone Database", shortened(name));
    notes.error(at, "unknown_zone", message, Some("write a name such as `America/New_York` or `UTC`".to_owned()));
    None
}

fn region(notes: &mut Notes, at: At<'_>) -> Option<String> {
    let region = notes.text(at, "a region such as US")?;
    if phone::is_region(region) {
        return Some(region.to_ascii_uppercase());
    }
    let message = format!("`{}` is no region with phone numbers", shortened(region));
    notes.error(at, "unknown_region", message, Some("use a code of ISO 3166-1 such as US or DE".to_owned()));
    None
}

fn texts(notes: &mut Notes, at: At<'_>) -> Option<Argument> {
    let items = notes.items(at);
    let mut texts = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        texts.push(scalar(notes, At { node, path: &path })?.into());
    }
    Some(Argument::Texts(texts))
}

/// Sorted, so that looking up is quick.
fn pairs(notes: &mut Notes, at: At<'_>, kind: ArgumentKind) -> Option<Argument> {
    let example =
        if kind == ArgumentKind::Table { "a map such as `{TX: Texas}`" } else { "a map such as `{name: email}`" };
    let Kind::Map(entries) = &at.node.kind else {
        notes.expected(at, example);
        return None;
    };
    if entries.is_empty() {
        notes.error(at, "empty", "there is nothing in it", Some(format!("write {example}")));
        return None;
    }
    let mut pairs: Vec<_> = entries.iter().map(|(key, node)| (key.text.clone().into(), node.value())).collect();
    pairs.sort_by(|one: &(std::borrow::Cow<'_, str>, _), other| one.0.cmp(&other.0));
    Some(Argument::Pairs(pairs))
}

fn ranges(notes: &mut Notes, at: At<'_>) -> Option<Argument> {
    let items = notes.items(at);
    let mut ranges = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        ranges.push(range(notes, At { node, path: &path })?);
    }
    Some(Argument::Ranges(ranges))
}

fn range(notes: &mut Notes, at: At<'_>) -> Option<Range> {
    notes.map_of(at, "a map with `from`, `below` and `is`", &RANGE_KEYS)?;
    let from = end(notes, at, "from")?;
    let below = end(notes, at, "below")?;
    let Some(is) = at.node.get("is").map(Node::value) else {
        let mend = Some("write it like `{from: 0, below: 100, is: low}`".to_owned());
        notes.error(at, "missing_key", "the range does not say what a number in it `is`", mend);
        return None;
    };
    if let (Some((low, _)), Some((high, _))) = (&from, &below)
        && high <= low
    {
        let mend = Some("`below` must be above `from`".to_owned());
        notes.error(at, "empty_range", "no number lies in this range", mend);
        return None;
    }
    Some(Range { from: from.map(|(_, text)| text.into()), below: below.map(|(_, text)| text.into()), is })
}

/// An end of a range: an outer none when it is no number, an inner one when it is left open.
fn end(notes: &mut Notes, at: At<'_>, key: &str) -> Option<Option<(Decimal, String)>> {
    let read = under(at, key, |at| match &at.node.kind {
        Kind::Number(text) => Decimal::parse(text).ok().map(|number| (number, text.clone())),
        _ => {
            notes.expected(At { path: &join(at.path, ""), ..at }, "a number");
            None
        }
    });
    match read {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}
