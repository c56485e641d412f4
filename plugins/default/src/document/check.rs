//! Gathering problems: a check that finds one diagnostics it and goes on, so that all are told at once.

use super::defined_fields::DefinedFields;
use super::limits::{DIAGNOSTICS_MAX, ITEMS_MAX};
use super::node::{Key, Kind, Node, Place, Unreadable};
use super::suggest::nearest;
use super::variables::Variables;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemLevel {
    /// The document can't be used.
    Error,
    /// It can, but probably does not say what its author meant.
    Warning,
}

/// One thing wrong in a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// How bad.
    pub severe: ProblemLevel,
    /// A stable code in snake case.
    pub code: &'static str,
    /// The place as a path, such as `map.fields.email.from`.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// A suggested fix.
    pub suggestion: Option<String>,
}

/// Everything noted so far, and what is counted across the document.
#[derive(Default)]
pub struct Diagnostics {
    /// In the order of finding.
    pub problems: Vec<Problem>,
    /// Rules so far.
    pub rules: usize,
    /// The fields of `map` so far.
    pub defined_fields: DefinedFields,
    /// The variables of `map` so far.
    pub variables: Variables,
    /// Paths that only `map` has, such as `fields.email`; none before it was read.
    pub names_of_map: Vec<String>,
}

/// A node, and the path by which people find it.
#[derive(Clone, Copy)]
pub struct At<'n> {
    /// The node.
    pub node: &'n Node,
    /// Its path.
    pub path: &'n str,
}

impl Diagnostics {
    /// Reports an error at a node.
    pub fn error(&mut self, at: At<'_>, code: &'static str, message: impl Into<String>, suggestion: Option<String>) {
        self.note(ProblemLevel::Error, code, (at.path, at.node.place), message.into(), suggestion);
    }

    /// Reports what its author probably did not mean.
    pub fn warning(&mut self, at: At<'_>, code: &'static str, message: impl Into<String>, suggestion: Option<String>) {
        self.note(ProblemLevel::Warning, code, (at.path, at.node.place), message.into(), suggestion);
    }

    /// Reports that a node should be something else.
    pub fn expected(&mut self, at: At<'_>, what: &str) {
        let message = format!("this should be {what}, not {}: {}", at.node.type_name(), at.node.quoted());
        self.error(at, "wrong_type", message, None);
    }

    /// Reports a key that nothing here is called.
    pub fn unknown_key(&mut self, parent: &str, key: &Key, known: &[&str]) {
        // To look for the nearest name of each takes time that nobody gains by.
        if self.problems.len() == DIAGNOSTICS_MAX {
            return;
        }
        let path = join(parent, &key.text);
        let message = format!("`{}` means nothing here", shortened(&key.text));
        self.note(ProblemLevel::Error, "unknown_key", (&path, key.place), message, nearest(&key.text, known));
    }

    /// Reports an error at a key.
    pub fn bad_key(&mut self, parent: &str, key: &Key, code: &'static str, message: String, suggestion: &str) {
        let path = join(parent, &key.text);
        self.note(ProblemLevel::Error, code, (&path, key.place), message, Some(suggestion.to_owned()));
    }

    /// Reports at a key what its author probably did not mean.
    pub fn warning_at_key(&mut self, parent: &str, key: &Key, code: &'static str, message: String, suggestion: &str) {
        let path = join(parent, &key.text);
        self.note(ProblemLevel::Warning, code, (&path, key.place), message, Some(suggestion.to_owned()));
    }

    /// Reports the keys that stood twice; of their values the last one is looked at. The depth is the document's, which is bounded.
    pub fn doubles(&mut self, node: &Node, path: &str) {
        match &node.kind {
            Kind::List(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.doubles(item, &format!("{path}[{index}]")));
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    if key.is_double {
                        let message = format!("the key `{}` stands twice in this map", shortened(&key.text));
                        self.bad_key(path, key, "duplicate_key", message, "remove one of them");
                    }
                    self.doubles(value, &join(path, &key.text));
                }
            }
            _ => {}
        }
    }

    /// Reports that the text is not a document at all.
    pub fn unreadable(&mut self, why: Unreadable) {
        self.note(ProblemLevel::Error, why.code, ("", why.place), why.message, why.suggestion);
    }

    fn note(
        &mut self,
        severe: ProblemLevel,
        code: &'static str,
        at: (&str, Place),
        message: String,
        suggestion: Option<String>,
    ) {
        debug_assert!(super::codes::is_known(code), "`{code}` is not in the table of codes");
        if self.problems.len() == DIAGNOSTICS_MAX {
            return;
        }
        let (path, Place { line, column }) = at;
        self.problems.push(Problem { severe, code, path: path.to_owned(), line, column, message, suggestion });
    }

    /// The entries of a map; null is an empty one. Anything else is noted.
    pub fn map<'n>(&mut self, at: At<'n>, what: &str) -> Option<&'n [(Key, Node)]> {
        match &at.node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => Some(&[]),
            _ => {
                self.expected(at, what);
                None
            }
        }
    }

    /// The entries of a map with only these keys; others are noted.
    pub fn map_of<'n>(&mut self, at: At<'n>, what: &str, known: &[&str]) -> Option<&'n [(Key, Node)]> {
        let entries = self.map(at, what)?;
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            self.unknown_key(at.path, key, known);
        }
        Some(entries)
    }

    /// The items of a list, or the one value that stands for a list of one.
    pub fn items<'n>(&mut self, at: At<'n>) -> &'n [Node] {
        let Kind::List(items) = &at.node.kind else { return std::slice::from_ref(at.node) };
        if items.len() > ITEMS_MAX {
            let message = format!("this list has {} items, the bound is {ITEMS_MAX} (ITEMS_MAX)", items.len());
            self.error(at, "too_many", message, Some("long lists belong into value sets".to_owned()));
            return &[];
        }
        items
    }

    /// A text; anything else is noted.
    pub fn text<'n>(&mut self, at: At<'n>, what: &str) -> Option<&'n str> {
        let text = at.node.as_text();
        if text.is_none() {
            self.expected(at, what);
        }
        text
    }

    /// One of some words; anything else is noted.
    pub fn one_of<T: Copy>(&mut self, at: At<'_>, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let text = self.text(at, &format!("one of {}", known.join(", ")))?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("`{}` is none of the words that can stand here", shortened(text));
            self.error(at, "unknown_word", message, nearest(text, &known));
        }
        found
    }
}

/// The path of a key below a path.
pub fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

/// A foreign text for a message.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Calls with the value under a key and its path, if it is there.
pub fn under<'n, T>(at: At<'n>, key: &str, call: impl FnOnce(At<'_>) -> T) -> Option<T> {
    let node = at.node.get(key)?;
    let path = join(at.path, key);
    Some(call(At { node, path: &path }))
}
