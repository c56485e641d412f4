//! Chains of functions: `then: [trim, {default: "US"}]`.

use super::check::{At, Notes, join, shortened};
use super::node::Kind;
use super::path::{self, Stage};
use super::suggest::nearest;
use crate::functions::phone;
use crate::plan::owned::{Function, NamePart};

const NAMES: [&str; 16] = [
    "trim",
    "collapse_space",
    "lower",
    "upper",
    "title",
    "digits",
    "split_name",
    "phone",
    "email",
    "rfc3339",
    "default",
    "first",
    "last",
    "join",
    "split",
    "append",
];

const NAME_PARTS: [(&str, NamePart); 5] = [
    ("prefix", NamePart::Prefix),
    ("first", NamePart::First),
    ("middle", NamePart::Middle),
    ("last", NamePart::Last),
    ("suffix", NamePart::Suffix),
];

/// The functions of a list, or the one function that stands for a list of one.
pub fn chain(notes: &mut Notes, at: At<'_>, stage: Stage) -> Vec<Function> {
    let items = notes.items(at);
    let mut functions = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        functions.extend(one(notes, At { node, path: &path }, stage));
    }
    functions
}

fn one(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Function> {
    match &at.node.kind {
        Kind::Text(name) => without_argument(notes, at, name),
        Kind::Map(entries) if entries.len() == 1 => {
            let (key, argument) = &entries[0];
            let path = join(at.path, &key.text);
            with_argument(notes, at, &key.text, At { node: argument, path: &path }, stage)
        }
        _ => {
            notes.expected(at, "a function such as `trim`, or one with its argument such as `{default: none}`");
            None
        }
    }
}

fn without_argument(notes: &mut Notes, at: At<'_>, name: &str) -> Option<Function> {
    let function = match name {
        "trim" => Function::Trim,
        "collapse_space" => Function::CollapseSpace,
        "lower" => Function::Lower,
        "upper" => Function::Upper,
        "title" => Function::Title,
        "digits" => Function::Digits,
        "phone" => Function::Phone(None),
        "email" => Function::Email,
        "rfc3339" => Function::Rfc3339,
        "first" => Function::First,
        "last" => Function::Last,
        _ => return no_function(notes, at, name),
    };
    Some(function)
}

fn no_function(notes: &mut Notes, at: At<'_>, name: &str) -> Option<Function> {
    let example = match name {
        "split_name" => "{split_name: first}",
        "default" => "{default: unknown}",
        "join" => "{join: \", \"}",
        "split" => "{split: \",\"}",
        "append" => "{append: other.path}",
        _ => {
            let message = format!("there is no function `{}`", shortened(name));
            notes.error(at, "unknown_function", message, nearest(name, &NAMES));
            return None;
        }
    };
    let suggestion = Some(format!("write it like `{example}`"));
    notes.error(at, "missing_argument", format!("`{name}` needs an argument"), suggestion);
    None
}

fn with_argument(notes: &mut Notes, at: At<'_>, name: &str, argument: At<'_>, stage: Stage) -> Option<Function> {
    match name {
        "split_name" => notes.one_of(argument, &NAME_PARTS).map(Function::SplitName),
        "phone" => region(notes, argument).map(|region| Function::Phone(Some(region.into()))),
        "default" => Some(Function::Default(argument.node.value())),
        "join" => Some(Function::Join(notes.text(argument, "the text between the items")?.to_owned().into())),
        "split" => separator(notes, argument).map(|at| Function::Split(at.into())),
        "append" => path_of(notes, argument, stage).map(Function::Append),
        _ if NAMES.contains(&name) => {
            notes.error(
                at,
                "odd_argument",
                format!("`{name}` takes no argument"),
                Some(format!("write just `{name}`")),
            );
            None
        }
        _ => no_function(notes, at, name),
    }
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

fn separator(notes: &mut Notes, at: At<'_>) -> Option<String> {
    let text = notes.text(at, "the text between the pieces")?;
    if text.is_empty() {
        notes.error(
            at,
            "empty",
            "a text can't be split at nothing",
            Some("name what stands between: `{split: \",\"}`".to_owned()),
        );
        return None;
    }
    Some(text.to_owned())
}

/// A path, or a note why it is none.
pub fn path_of(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<crate::plan::owned::Path> {
    let text = notes.text(at, "a path such as `contact.email`")?;
    path::read(text, stage)
        .map_err(|why| notes.error(at, "bad_path", format!("`{}`: {}", shortened(text), why.message), why.suggestion))
        .ok()
}
