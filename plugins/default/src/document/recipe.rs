//! How a value is made: `from`, `template` or `value`, then functions, and what happens when that fails. The same in fields
//! and in messages.

use super::check::{At, Diagnostics, shortened, under};
use super::functions::{chain, source_path};
use super::node::Kind;
use super::path::Stage;
use super::{keys, literal, references, rules, template};
use crate::plan::owned::{Fallback, Recipe, RecipeOptions, Source, SourceKind, Template, TemplatePart};

/// The keys of a recipe.
pub const KEYS: [&str; 9] = keys::names(&keys::RECIPE);

const SOURCE_KEYS: [&str; 4] = keys::names(&keys::SOURCE);

/// Reads a recipe: a path, a list of paths, or a map of `KEYS`.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Recipe> {
    match &at.node.kind {
        Kind::Text(_) | Kind::List(_) => Some(plain(sources(diagnostics, at, stage), at.node.place.line)),
        Kind::Map(_) => from_map(diagnostics, at, stage, &KEYS),
        _ => {
            let message = format!("a path, a list of paths, or a map is needed, not {}", at.node.type_name());
            let hint =
                (at.node.kind != Kind::Null).then(|| format!("write a fixed value `{{value: {}}}`", at.node.quoted()));
            diagnostics.error(at, "wrong_type", message, hint);
            None
        }
    }
}

/// A recipe that takes what it finds.
pub fn plain(sources: Vec<Source>, line: u32) -> Recipe {
    Recipe { sources, then: Vec::new(), line, options: None }
}

/// Reads a recipe that is a map and may have these keys.
pub fn from_map(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage, known: &[&str]) -> Option<Recipe> {
    diagnostics.map_of(at, "a recipe", known)?;
    let given: Vec<&str> = ["from", "template", "value"].into_iter().filter(|key| at.node.get(key).is_some()).collect();
    if given.len() != 1 {
        let message = format!("exactly one of `from`, `template` and `value` is needed, here are {}", given.len());
        let hint = if given.is_empty() {
            "say where the value comes from, such as `from: email`"
        } else {
            "keep one of them; alternatives are written `from: [email, {value: none}]`"
        };
        diagnostics.error(at, "one_source", message, Some(hint.to_owned()));
    }
    let mut recipe = plain(Vec::new(), at.node.place.line);
    recipe.sources.extend(under(at, "from", |at| sources(diagnostics, at, stage)).unwrap_or_default());
    recipe.sources.extend(
        under(at, "template", |at| template_of(diagnostics, at, stage))
            .flatten()
            .map(|t| source(SourceKind::Template(t))),
    );
    let fixed = under(at, "value", |at| literal::value(diagnostics, at, stage));
    recipe.sources.extend(fixed.map(|value| source(SourceKind::Fixed(value))));
    recipe.then = under(at, "then", |at| chain(diagnostics, at, stage)).unwrap_or_default();
    recipe.options = options(diagnostics, at, stage).map(Box::new);
    Some(recipe)
}

/// The condition and the ways out; none when all are the usual ones.
fn options(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<RecipeOptions> {
    let options = RecipeOptions {
        when: under(at, "when", |at| rules::condition(diagnostics, at, stage)).flatten(),
        on_missing: fallback(diagnostics, at, stage, "on_missing", "omit").unwrap_or(Fallback::Omit),
        on_null: fallback(diagnostics, at, stage, "on_null", "keep").unwrap_or(Fallback::Keep),
        on_blank: fallback(diagnostics, at, stage, "on_blank", "keep").unwrap_or(Fallback::Keep),
        on_error: fallback(diagnostics, at, stage, "on_error", "keep_raw").unwrap_or(Fallback::Fail),
    };
    (options != RecipeOptions::USUAL).then_some(options)
}

fn source(kind: SourceKind) -> Source {
    Source { kind, then: Vec::new() }
}

fn sources(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Vec<Source> {
    let items = diagnostics.items(at);
    if items.is_empty() {
        diagnostics.error(
            at,
            "empty",
            "there is nothing to take the value from",
            Some("name at least one path".to_owned()),
        );
    }
    let mut sources = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = if items.len() == 1 { at.path.to_owned() } else { format!("{}[{index}]", at.path) };
        sources.extend(one_source(diagnostics, At { node, path: &path }, stage));
    }
    sources
}

fn one_source(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Source> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        return source_path(diagnostics, at, stage).map(|path| source(SourceKind::Path(path)));
    }
    diagnostics.map_of(at, "an alternative", &SOURCE_KEYS)?;
    let path = under(at, "path", |at| source_path(diagnostics, at, stage)).flatten().map(SourceKind::Path);
    let template = under(at, "template", |at| template_of(diagnostics, at, stage)).flatten().map(SourceKind::Template);
    let fixed = under(at, "value", |at| literal::value(diagnostics, at, stage)).map(SourceKind::Fixed);
    let then = under(at, "then", |at| chain(diagnostics, at, stage)).unwrap_or_default();
    let mut kinds = [path, template, fixed].into_iter().flatten();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        let suggestion = Some("write it like `{path: name, then: [trim]}`".to_owned());
        diagnostics.error(at, "one_source", "exactly one of `path`, `template` and `value` is needed", suggestion);
        return None;
    };
    Some(Source { kind, then })
}

/// A template, or a diagnostic why it is none.
pub fn template_of(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Template> {
    let text = diagnostics.text(at, "a text with places such as `{{ email }}`")?;
    match template::read(text, stage) {
        Ok(template) if stage == Stage::Map => Some(made_before(diagnostics, at, template)),
        Ok(template) => Some(template),
        Err(why) => {
            diagnostics.error(at, "bad_template", format!("`{}`: {}", shortened(text), why.message), why.suggestion);
            None
        }
    }
}

/// A template of `map`, with its places for fields that are defined above.
pub fn made_before(diagnostics: &mut Diagnostics, at: At<'_>, template: Template) -> Template {
    let part = |part| match part {
        TemplatePart::Value(path) => TemplatePart::Value(references::resolve(diagnostics, at, path)),
        fixed => fixed,
    };
    Template { parts: template.parts.into_iter().map(part).collect() }
}

fn fallback(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage, key: &str, keep: &str) -> Option<Fallback> {
    under(at, key, |at| match &at.node.kind {
        Kind::Null => Some(Fallback::Null),
        Kind::Text(word) if word == keep => Some(Fallback::Keep),
        Kind::Text(word) if word == "omit" => Some(Fallback::Omit),
        Kind::Text(word) if word == "null" => Some(Fallback::Null),
        Kind::Text(word) if word == "fail" => Some(Fallback::Fail),
        Kind::Map(entries) if entries.len() == 1 && entries[0].0.text == "default" => {
            let default = under(at, "default", |at| literal::value(diagnostics, at, stage));
            default.map(|value| Fallback::Default(Box::new(value)))
        }
        _ => {
            let mut words = vec!["omit", "null", "fail", "{default: ...}"];
            if !words.contains(&keep) {
                words.push(keep);
            }
            let message = format!("`{key}` should be one of {}, not {}", words.join(", "), at.node.quoted());
            let nearest = at.node.as_text().and_then(|word| super::suggest::nearest(word, &words));
            // The message lists them already.
            let suggestion = match at.node.as_text() {
                Some("default") => Some("write the value, too: `{default: none}`".to_owned()),
                _ => nearest.filter(|hint| !hint.starts_with("known here")),
            };
            diagnostics.error(at, "unknown_word", message, suggestion);
            None
        }
    })
    .flatten()
}
