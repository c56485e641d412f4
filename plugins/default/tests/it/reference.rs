//! `docs/functions.md`: every function with its arguments, refusals and examples, written from the registry that runs them.

use std::fmt::Write as _;
use std::{fs, path::Path};

use hookmill_plugin_default::functions::{ArgumentKind, Parameter, Presence, Spec, registry};

const HEAD: &str = "\
# Functions

What a document can do to a value: in `then`, in order, by name or as `{name: argument}`. Of several arguments a map names them, and
anything but a map is the first one: `{lookup_set: colours}`, `{lookup_set: {set: colours, default: none}}`. An argument in brackets may be left out.
This page is written from the functions' own declarations by a test; the examples are run by another.
";

/// The groups as the plugin's README names them, in the order of the registry.
const GROUPS: [&str; 14] = [
    "text", "patterns", "coding", "names", "e-mail", "phone", "places", "numbers", "dates", "tables", "digests, ids", "lists",
    "objects", "choice",
];

/// M4: the page of the functions says what the functions are. `HOOKMILL_UPDATE_REFERENCE=1` writes it.
#[test]
#[allow(clippy::disallowed_methods, reason = "a switch for whoever declares a function")]
fn m4_the_page_of_functions_is_what_they_declare() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/functions.md");
    let page = page();
    if std::env::var_os("HOOKMILL_UPDATE_REFERENCE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stands = fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == page, "docs/functions.md is not what the functions declare: set HOOKMILL_UPDATE_REFERENCE=1 and read the difference");
}

fn page() -> String {
    assert_eq!(GROUPS.len(), registry::GROUPS.len(), "each group has a name");
    let mut page = HEAD.to_owned();
    for (name, functions) in GROUPS.iter().zip(registry::GROUPS) {
        let mut name = (*name).to_owned();
        name[..1].make_ascii_uppercase();
        writeln!(page, "\n## {name}").unwrap();
        functions.iter().for_each(|spec| section(&mut page, spec));
    }
    page
}

fn section(page: &mut String, spec: &Spec) {
    let arguments: Vec<String> = spec.parameters.iter().map(shown).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!(": {}", arguments.join(", ")) };
    writeln!(page, "\n**`{}`**{arguments}  \n{}\n", spec.name, spec.summary).unwrap();
    for parameter in spec.parameters {
        writeln!(page, "- `{}`: {}", parameter.name, explained(parameter)).unwrap();
    }
    for example in spec.examples {
        writeln!(page, "- `{}`: `{}` → `{}`", example.call, example.input, example.output).unwrap();
    }
    for (code, when) in spec.errors.iter().chain(spec.notices) {
        writeln!(page, "- `{code}`: {when}").unwrap();
    }
}

fn shown(parameter: &Parameter) -> String {
    match parameter.presence {
        Presence::Required => format!("`{}`", parameter.name),
        Presence::Usual(_) | Presence::Optional(_) => format!("[`{}`]", parameter.name),
    }
}

fn explained(parameter: &Parameter) -> String {
    let otherwise = match parameter.presence {
        Presence::Required => String::new(),
        Presence::Usual(usual) => format!("; usually `{usual}`"),
        Presence::Optional(otherwise) => format!("; left out, {otherwise}"),
    };
    format!("{} ({}){otherwise}", parameter.summary, said(parameter.kind))
}

fn said(kind: ArgumentKind) -> String {
    let said = match kind {
        ArgumentKind::Text => "a text",
        ArgumentKind::NonEmpty => "a text that is not empty",
        ArgumentKind::Whole(from, to) => return format!("a whole number from {from} to {to}"),
        ArgumentKind::Flag => "`true` or `false`",
        ArgumentKind::Word(words) => return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ArgumentKind::Fixed => "any fixed value",
        ArgumentKind::Operand => "a number, or a path to one",
        ArgumentKind::Path => "a path",
        ArgumentKind::Paths => "paths",
        ArgumentKind::Inside => "a path inside the value, such as `address.city`",
        ArgumentKind::Condition => "a condition such as `@.type == 'home'`",
        ArgumentKind::Chain => "functions",
        ArgumentKind::Pattern => "a regular expression",
        ArgumentKind::Template => "a template",
        ArgumentKind::Format => "a format of `%` tokens",
        ArgumentKind::Formats => "a format of `%` tokens, or several in a list",
        ArgumentKind::Zone => "a time zone such as `America/Chicago`",
        ArgumentKind::Region => "a region such as `US`",
        ArgumentKind::Texts => "texts",
        ArgumentKind::Table => "a map from texts to values",
        ArgumentKind::Ranges => "a list of `{from, below, is}`",
        ArgumentKind::Members => "a map from names to values",
    };
    said.to_owned()
}
