//! How a value is made: `from`, `template` or `value`, then functions, and what happens when that fails. The same in fields
//! and in messages.

use super::check::{At, Notes, shortened, under};
use super::functions::{chain, path_of};
use super::node::Kind;
use super::path::Stage;
use super::{defined_fields, keys, rules, template};
use crate::plan::owned::{Fallback, Rare, Recipe, Source, SourceKind, Template, TemplatePart};

/// The keys of a recipe.
pub const KEYS: [&str; 9] = keys::names(&keys::RECIPE);

const SOURCE_KEYS: [&str; 4] = keys::names(&keys::SOURCE);

/// Reads a recipe: a path, a list of paths, or a map of `KEYS`.
pub fn read(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Recipe> {
    match &at.node.kind {
        Kind::Text(_) | Kind::List(_) => Some(plain(sources(notes, at, stage), at.node.place.line)),
        Kind::Map(_) => from_map(notes, at, stage),
        _ => {
            notes.expected(at, "a path, a list of paths, or a map with `from`, `template` or `value`");
            None
        }
    }
}

/// A recipe that takes what it finds.
pub fn plain(sources: Vec<Source>, line: u32) -> Recipe {
    Recipe { sources, then: Vec::new(), line, rare: None }
}

fn from_map(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Recipe> {
    notes.map_of(at, "a recipe", &KEYS)?;
    let given: Vec<&str> = ["from", "template", "value"].into_iter().filter(|key| at.node.get(key).is_some()).collect();
    if given.len() != 1 {
        let message = format!("exactly one of `from`, `template` and `value` is needed, here are {}", given.len());
        notes.error(at, "one_source", message, Some("several alternatives are written `from: [a, b]`".to_owned()));
    }
    let mut recipe = plain(Vec::new(), at.node.place.line);
    recipe.sources.extend(under(at, "from", |at| sources(notes, at, stage)).unwrap_or_default());
    recipe.sources.extend(
        under(at, "template", |at| template_of(notes, at, stage)).flatten().map(|t| source(SourceKind::Template(t))),
    );
    recipe.sources.extend(at.node.get("value").map(|node| source(SourceKind::Fixed(node.value()))));
    recipe.then = under(at, "then", |at| chain(notes, at, stage)).unwrap_or_default();
    recipe.rare = rare(notes, at, stage).map(Box::new);
    Some(recipe)
}

/// The condition and the ways out; none when all are the usual ones.
fn rare(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Rare> {
    let rare = Rare {
        when: under(at, "when", |at| rules::condition(notes, at, stage)).flatten(),
        on_missing: fallback(notes, at, "on_missing", "omit").unwrap_or(Fallback::Omit),
        on_null: fallback(notes, at, "on_null", "keep").unwrap_or(Fallback::Keep),
        on_blank: fallback(notes, at, "on_blank", "keep").unwrap_or(Fallback::Keep),
        on_error: fallback(notes, at, "on_error", "keep_raw").unwrap_or(Fallback::Fail),
    };
    (rare != Rare::USUAL).then_some(rare)
}

fn source(kind: SourceKind) -> Source {
    Source { kind, then: Vec::new() }
}

fn sources(notes: &mut Notes, at: At<'_>, stage: Stage) -> Vec<Source> {
    let items = notes.items(at);
    if items.is_empty() {
        notes.error(at, "empty", "there is nothing to take the value from", Some("name at least one path".to_owned()));
    }
    let mut sources = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = if items.len() == 1 { at.path.to_owned() } else { format!("{}[{index}]", at.path) };
        sources.extend(one_source(notes, At { node, path: &path }, stage));
    }
    sources
}

fn one_source(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Source> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        return path_of(notes, at, stage).map(|path| source(SourceKind::Path(path)));
    }
    notes.map_of(at, "an alternative", &SOURCE_KEYS)?;
    let path = under(at, "path", |at| path_of(notes, at, stage)).flatten().map(SourceKind::Path);
    let template = under(at, "template", |at| template_of(notes, at, stage)).flatten().map(SourceKind::Template);
    let fixed = at.node.get("value").map(|node| SourceKind::Fixed(node.value()));
    let then = under(at, "then", |at| chain(notes, at, stage)).unwrap_or_default();
    let mut kinds = [path, template, fixed].into_iter().flatten();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        let suggestion = Some("write it like `{path: name, then: [trim]}`".to_owned());
        notes.error(at, "one_source", "exactly one of `path`, `template` and `value` is needed", suggestion);
        return None;
    };
    Some(Source { kind, then })
}

/// A template, or a note why it is none.
pub fn template_of(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Template> {
    let text = notes.text(at, "a text with places such as `{{ email }}`")?;
    match template::read(text, stage) {
        Ok(template) if stage == Stage::Map => Some(made_before(notes, at, template)),
        Ok(template) => Some(template),
        Err(why) => {
            notes.error(at, "bad_template", format!("`{}`: {}", shortened(text), why.message), why.suggestion);
            None
        }
    }
}

/// A template of `map`, with its places for fields that are defined above.
pub fn made_before(notes: &mut Notes, at: At<'_>, template: Template) -> Template {
    let part = |part| match part {
        TemplatePart::Value(path) => TemplatePart::Value(defined_fields::resolve(notes, at, path)),
        fixed => fixed,
    };
    Template { parts: template.parts.into_iter().map(part).collect() }
}

fn fallback(notes: &mut Notes, at: At<'_>, key: &str, keep: &str) -> Option<Fallback> {
    under(at, key, |at| match &at.node.kind {
        Kind::Null => Some(Fallback::Null),
        Kind::Text(word) if word == keep => Some(Fallback::Keep),
        Kind::Text(word) if word == "omit" => Some(Fallback::Omit),
        Kind::Text(word) if word == "null" => Some(Fallback::Null),
        Kind::Text(word) if word == "fail" => Some(Fallback::Fail),
        Kind::Map(entries) if entries.len() == 1 && entries[0].0.text == "default" => {
            Some(Fallback::Default(Box::new(entries[0].1.value())))
        }
        _ => {
            let mut words = vec!["omit", "null", "fail", "{default: ...}"];
            if !words.contains(&keep) {
                words.push(keep);
            }
            let message = format!("`{key}` should be one of {}, not {}", words.join(", "), at.node.quoted());
            let nearest = at.node.as_text().and_then(|word| super::suggest::nearest(word, &words));
            // The message lists them already.
            let suggestion = nearest.filter(|mend| !mend.starts_with("known here"));
            notes.error(at, "unknown_word", message, suggestion);
            None
        }
    })
    .flatten()
}
