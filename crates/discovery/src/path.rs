//! Paths as a document writes them: `email`, `contact.emails[*].address`, `$['a key']`, `$.field_data[?@.name == 'email'].values[0]`.

use std::fmt::Write;

/// The first words of paths that lead somewhere else than into the element, when more follows.
const ROOTS: [&str; 9] =
    ["header", "query", "body", "parent", "origin", "campaign", "organization", "context", "fields"];
/// How many bytes a path may have in a document.
const PATH_BYTES_MAX: usize = 1_000;

/// One step into an element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A member.
    Name(String),
    /// Every item of a list, or every member of an object whose names are data.
    Each,
    /// Of a list of name/value pairs, the value of the one with this name.
    Pair {
        /// The member that holds the name.
        by: String,
        /// The name.
        name: String,
        /// The member that holds the value.
        value: String,
    },
    /// The values of a pair that has a list of them.
    Values,
}

/// Paths to values in elements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// As a document writes it. `several`: a pair has more than one value somewhere.
    pub fn format(&self, several: bool) -> String {
        if let Some(short) = self.dotted() {
            return short;
        }
        let full = self.full(several);
        let follows_a_name = self.0.len() > 1 && !full.starts_with("$[");
        let leads_elsewhere = matches!(self.0.first(), Some(Step::Name(name)) if ROOTS.contains(&name.as_str()));
        match full.strip_prefix("$.") {
            Some(short) if follows_a_name && !leads_elsewhere && !full.contains(['\'', '?']) => short.to_owned(),
            _ => full,
        }
    }

    /// As a document writes it below a root, such as `body`. Only a path that begins with `$` may have `{{` without being a template.
    pub(super) fn format_below(&self, root: &str) -> String {
        let full = self.full(false).replace("{{", "{\\u007B");
        format!("{root}{}", full.strip_prefix('$').unwrap_or_default())
    }

    /// Whether a document can hold it.
    pub fn fits_a_document(&self) -> bool {
        self.full(true).len() <= PATH_BYTES_MAX
    }

    /// Whether it can find several values in one element.
    pub fn is_a_query(&self) -> bool {
        self.0.iter().any(|step| !matches!(step, Step::Name(_)))
    }

    /// The name of the value: of its member, or of its pair.
    pub fn own_name(&self) -> Option<&str> {
        self.names().next()
    }

    /// The name of the member of the element in which the value is.
    pub(super) fn first_name(&self) -> Option<&str> {
        self.names().last()
    }

    /// The name of what is around the value.
    pub fn around(&self) -> Option<&str> {
        self.names().nth(1)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().filter_map(|step| match step {
            Step::Name(name) | Step::Pair { name, .. } => Some(name.as_str()),
            Step::Each | Step::Values => None,
        })
    }

    /// Names with dots between, if that is enough.
    fn dotted(&self) -> Option<String> {
        let name = |step: &Step| match step {
            Step::Name(name) if is_plain(name) => Some(name.clone()),
            _ => None,
        };
        let names: Vec<String> = self.0.iter().map(name).collect::<Option<_>>()?;
        let leads_elsewhere = 1 < names.len() && names.first().is_some_and(|first| ROOTS.contains(&first.as_str()));
        (!leads_elsewhere && !names.is_empty()).then(|| names.join("."))
    }

    fn full(&self, several: bool) -> String {
        let mut text = String::from("$");
        for step in &self.0 {
            match step {
                Step::Name(name) => member(&mut text, name),
                Step::Each => text.push_str("[*]"),
                Step::Values => text.push_str(if several { "[*]" } else { "[0]" }),
                Step::Pair { by, name, value } => {
                    text.push_str("[?@");
                    member(&mut text, by);
                    _ = write!(text, " == {}]", quoted(name));
                    member(&mut text, value);
                }
            }
        }
        text
    }
}

fn member(text: &mut String, name: &str) {
    if is_shorthand(name) {
        _ = write!(text, ".{name}");
    } else {
        _ = write!(text, "[{}]", quoted(name));
    }
}

/// What stands between dots without a word more.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| !c.is_control() && !".*|'\"[]{}~$#".contains(c) && !is_unprintable(c);
    !name.is_empty() && name.trim() == name && name.chars().all(fits)
}

/// A member's name as RFC 9535 lets it stand after a dot, of ASCII alone.
fn is_shorthand(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name in single quotes. What a YAML text can't hold is escaped.
fn quoted(name: &str) -> String {
    let mut text = String::from("'");
    for c in name.chars() {
        match c {
            '\'' | '\\' => text.extend(['\\', c]),
            c if c.is_control() || is_unprintable(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    _ = write!(text, "\\u{unit:04X}");
                }
            }
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

/// Line ends and marks of Unicode that no line of a document should hold.
fn is_unprintable(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Step {
        Step::Name(text.into())
    }

    /// M3 M11: paths are written as a person would write them, and quoted where they have to be.
    #[test]
    fn m11_paths_are_those_of_documents() {
        let pair = |name: &str| Step::Pair { by: "name".into(), name: name.into(), value: "values".into() };
        let table: [(Vec<Step>, &str); 17] = [
            (vec![], "$"),
            (vec![name("email")], "email"),
            (vec![name("First Name")], "First Name"),
            (vec![name("contact"), name("first-name")], "contact.first-name"),
            (vec![name("contact"), name("emails"), Step::Each, name("address")], "contact.emails[*].address"),
            (vec![name("tags"), Step::Each], "tags[*]"),
            (vec![Step::Each, name("a")], "$[*].a"),
            (vec![name("a.b")], "$['a.b']"),
            (vec![name("fields"), name("name.first")], "$.fields['name.first']"),
            (vec![name("")], "$['']"),
            (vec![name("it's \\ \n")], "$['it\\'s \\\\ \\u000A']"),
            (vec![name("query")], "query"),
            (vec![name("fields"), name("email")], "$.fields.email"),
            (vec![name("query"), name("utm")], "$.query.utm"),
            (vec![name("query"), Step::Each], "$.query[*]"),
            (vec![name("field_data"), pair("email"), Step::Values], "$.field_data[?@.name == 'email'].values[0]"),
            (vec![name("field_data"), pair("what's?")], "$.field_data[?@.name == 'what\\'s?'].values"),
        ];
        for (steps, expected) in table {
            assert_eq!(Path(steps).format(false), expected);
        }
        let below = |own: &str| Path(vec![name("a"), name(own)]).format_below("body");
        assert_eq!((below("b"), below("{{ c.d")), ("body.a.b".into(), "body.a['{\\u007B c.d']".into()));
        let several = Path(vec![name("l"), pair("a"), Step::Values]).format(true);
        assert_eq!(several, "$.l[?@.name == 'a'].values[*]");
    }
}
