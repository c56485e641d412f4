//! What the page tells of the tables of the code.

use hookmill_plugin_default::bounds::Bound;
use hookmill_plugin_default::document::codes::CODES;
use hookmill_plugin_default::document::keys::{self, Is, KeySpec};
use hookmill_plugin_default::document::path::{ROOTS, Stage};
use hookmill_plugin_default::functions::{ArgumentKind, Kind, Lists, Parameter, Presence, Spec, registry};
use hookmill_plugin_default::plan::{Kind as Kinds, MissingOperand, OPERATORS, OperatorSpec, Wants};
use hookmill_plugin_default::{document, functions, plan, run};

use super::Piece;

/// What stands between the marks `<!-- made: NAME -->` and `<!-- end -->`.
pub const NAMES: [&str; 25] = [
    "document",
    "map",
    "fields",
    "recipe",
    "alternative",
    "comparison",
    "groups",
    "rule",
    "shape",
    "message",
    "for-each",
    "conditional",
    "choices",
    "object-of",
    "interpret",
    "outcome",
    "roots",
    "function-index",
    "functions",
    "number-words",
    "date-tokens",
    "operator-index",
    "operators",
    "codes",
    "bounds",
];

/// The groups of the registry, in its order.
const GROUPS: [&str; 14] = [
    "Text",
    "Patterns",
    "Coding",
    "Names",
    "E-mail",
    "Phone",
    "Places",
    "Numbers",
    "Dates and times",
    "Tables",
    "Digests and ids",
    "Lists",
    "Objects",
    "Choice",
];

/// The made pieces of the page.
pub fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = page[at..].find("<!-- made: ") {
        let name_at = at + open + "<!-- made: ".len();
        let name_end = name_at + page[name_at..].find(" -->").unwrap();
        let start = name_end + " -->\n".len();
        let end = start + page[start..].find("<!-- end -->").unwrap();
        let name = &page[name_at..name_end];
        pieces.push(Piece { start, end, what: name.to_owned(), made: generate(name) });
        at = end;
    }
    pieces
}

fn generate(name: &str) -> String {
    match name {
        "roots" => roots(),
        "function-index" => function_index(),
        "operator-index" => listed(OPERATORS.iter().map(|declared| declared.name)) + "\n",
        "functions" => all_functions(),
        "number-words" => number_words(),
        "operators" => OPERATORS.iter().map(operator).collect(),
        "codes" => codes(),
        "date-tokens" => date_tokens(),
        "bounds" => bounds(),
        _ => {
            let table = keys::tables().into_iter().find(|(known, _, _)| *known == name);
            key_table(&table.unwrap_or_else(|| panic!("no table is called {name}")).2)
        }
    }
}

fn key_table(known: &[KeySpec]) -> String {
    let row = |key: &KeySpec| {
        format!("| `{}` | {} | {} | {} |\n", key.name, what(key.is), cell(key.about), code(key.example))
    };
    format!("| key | is | says | example |\n|---|---|---|---|\n{}", known.iter().map(row).collect::<String>())
}

fn what(is: Is) -> String {
    match is {
        Is::Version => "1".to_owned(),
        Is::Text => "text".to_owned(),
        Is::Flag => "true or false".to_owned(),
        Is::Fixed => "any value".to_owned(),
        Is::Words(words) => words().iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
        Is::WayOut(_) => "way out".to_owned(),
        Is::Part(part) => match part {
            "field" => "path, alternatives or recipe".to_owned(),
            "sources" => "path or alternatives".to_owned(),
            "paths" => "path or paths".to_owned(),
            "seconds" => "seconds, duration or recipe".to_owned(),
            "functions" => "function or functions".to_owned(),
            "items" => "path, or recipe with `at`".to_owned(),
            other => other.replace('_', " "),
        },
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn roots() -> String {
    let stages =
        [(Stage::Map, "map"), (Stage::Qualify, "qualify"), (Stage::Shape, "shape"), (Stage::Interpret, "interpret")];
    let mut text = "| root | in | what follows | what it is |\n|---|---|---|---|\n".to_owned();
    for root in &ROOTS {
        let mut places: Vec<&str> =
            stages.iter().filter(|(stage, _)| root.is_at(*stage)).map(|(_, name)| *name).collect();
        if places.is_empty() {
            places.push("`for_each`");
        }
        let members: Vec<String> = root.members.iter().map(|member| format!("`{member}`")).collect();
        let members = match (members.is_empty(), root.is_single()) {
            (true, true) => "nothing".to_owned(),
            (true, false) if root.name == "lead" => "a standard field, or `custom` and a name".to_owned(),
            (true, false) => "any key".to_owned(),
            (false, _) => members.join(" "),
        };
        text += &format!("| `{}` | {} | {members} | {} |\n", root.name, places.join(", "), cell(root.about));
    }
    text
}

/// The functions by group, so that one is found among a hundred.
fn function_index() -> String {
    let line = |(group, specs): (&&str, &&[Spec])| {
        let anchor = group.to_lowercase().replace(' ', "-");
        format!("- [{group}](#{anchor}): {}\n", listed(specs.iter().map(|spec| spec.name)))
    };
    GROUPS.iter().zip(registry::GROUPS).map(line).collect()
}

fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" · ")
}

/// What may stand around a written number.
fn number_words() -> String {
    let mut page = format!("Currencies: {}\n\n| suffix | zeros |\n|---|---|\n", listed(functions::currency_words()));
    for zeros in 0..=12 {
        let mut words = functions::suffix_words().filter(|(of, _)| *of == zeros).map(|(_, word)| word).peekable();
        if words.peek().is_some() {
            page.push_str(&format!("| {} | {zeros} |\n", words.map(code).collect::<Vec<_>>().join(" ")));
        }
    }
    page
}

fn all_functions() -> String {
    assert_eq!(GROUPS.len(), registry::GROUPS.len());
    let group =
        |(name, specs): (&&str, &&[Spec])| format!("\n### {name}\n{}", specs.iter().map(function).collect::<String>());
    GROUPS.iter().zip(registry::GROUPS).map(group).collect::<String>() + "\n"
}

fn function(spec: &Spec) -> String {
    let lists = match spec.lists {
        Lists::Each => "; of a list each item",
        Lists::InRow => "; of a list each item, and what comes out of them in one row",
        Lists::Whole => "",
        Lists::Rejected => "; a list is rejected",
    };
    let visible =
        if spec.reads_people { " without [characters that nobody sees](#characters-that-nobody-sees)" } else { "" };
    let mut text = format!(
        "\n#### `{}`\n\n{} Takes {}{visible}, gives {}{lists}.\n",
        spec.name,
        spec.summary,
        phrase(spec.takes),
        phrase(spec.gives)
    );
    if !spec.parameters.is_empty() {
        text += "\n| argument | is | says | left out |\n|---|---|---|---|\n";
        text.extend(spec.parameters.iter().map(parameter));
    }
    text += "\n| call | of | makes |\n|---|---|---|\n";
    let row = |example: &functions::Example| {
        format!("| {} | {} | {} |\n", code(example.call), code(example.input), outcome(example.output))
    };
    text.extend(spec.examples.iter().map(row));
    let names = ["missing", "null", "`\"\"`", "`0`", "`[]`", "`{}`"];
    let nothing = names.iter().zip(spec.on_empty.all()).map(|(name, made)| format!("{name} → {}", outcome(made)));
    text += &format!("\nOf nothing, called as in the first line: {}.\n", nothing.collect::<Vec<_>>().join(" · "));
    text + &list_codes("Rejects", spec.errors) + &list_codes("Warnings", spec.warnings)
}

fn list_codes(word: &str, codes: &[(&str, &str)]) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let told = codes.iter().map(|(code, when)| format!("`{code}` ({})", when.trim_end_matches('.')));
    format!("\n{word}: {}.\n", told.collect::<Vec<_>>().join("; "))
}

fn phrase(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "any value",
        kind => kind.phrase(),
    }
}

/// What comes out: JSON, nothing, or a rejection.
fn outcome(output: &str) -> String {
    let output = output.split(" + ").map(str::to_owned).collect::<Vec<_>>().join(", warning ");
    let is_code = output.contains('_')
        && output.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if output == "missing" {
        return output;
    }
    if is_code { format!("rejected: `{output}`") } else { code(&output) }
}

fn parameter(parameter: &Parameter) -> String {
    let left_out = match parameter.presence {
        Presence::Required => "must be there".to_owned(),
        Presence::Usual(usual) => format!("`{usual}`"),
        Presence::Optional(otherwise) => otherwise.to_owned(),
    };
    format!("| `{}` | {} | {} | {left_out} |\n", parameter.name, argument(parameter.kind), cell(parameter.summary))
}

fn argument(kind: ArgumentKind) -> String {
    let words = match kind {
        ArgumentKind::Text => "text",
        ArgumentKind::NonEmpty => "text, not empty",
        ArgumentKind::Whole(min, max) => return format!("integer, {min} to {max}"),
        ArgumentKind::Flag | ArgumentKind::OfBirth => "true or false",
        ArgumentKind::Word(words) => return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
        ArgumentKind::Fixed => "any value",
        ArgumentKind::Operand => "number, or path to one",
        ArgumentKind::Path => "path",
        ArgumentKind::Paths => "path or paths",
        ArgumentKind::Inside => "path inside the value",
        ArgumentKind::Insides => "path or paths inside the item",
        ArgumentKind::Condition => "condition as in a JSONPath filter",
        ArgumentKind::Chain => "functions",
        ArgumentKind::Pattern => "regular expression",
        ArgumentKind::Template => "template",
        ArgumentKind::Format => "date format",
        ArgumentKind::Formats => "date format or formats",
        ArgumentKind::Zone => "IANA time zone",
        ArgumentKind::Months => "map from name to number of the month",
        ArgumentKind::Region => "ISO 3166-1 code",
        ArgumentKind::Texts => "text or texts",
        ArgumentKind::Table => "map from text to any value",
        ArgumentKind::Ranges => "list of `{from, below, is}`",
        ArgumentKind::Members => "map from member to its value",
        ArgumentKind::Parts => {
            "map from member to a path inside the value, or to `{path, from, template, value, then}`"
        }
        ArgumentKind::Names => "map from name to new name",
    };
    words.to_owned()
}

fn operator(declared: &OperatorSpec) -> String {
    let operand = match declared.wants {
        Wants::Nothing => "nothing".to_owned(),
        Wants::Value => "`value`, anything".to_owned(),
        Wants::Number => "`value`, a number".to_owned(),
        Wants::Text => "`value`, a text".to_owned(),
        Wants::Pattern => "`value`, a regular expression".to_owned(),
        Wants::Moment => "`value`, a moment".to_owned(),
        Wants::Moments => "`value`, a distance from now, or `values`, two moments".to_owned(),
        Wants::Numbers => "`values`, two numbers".to_owned(),
        Wants::Ages => "`values`, two ages, one of which may be null".to_owned(),
        Wants::Values => "`values`, a list".to_owned(),
        Wants::Set => "`set`, the name of a value set".to_owned(),
        Wants::Fields => "nothing, or `fields` instead of `field`".to_owned(),
        Wants::Kind => format!("`value`, one of {}", Kinds::ALL.map(|(name, _)| format!("`{name}`")).join(" ")),
    };
    let other = if declared.takes_other { ", or `other`, a path" } else { "" };
    let case = if declared.has_case { " Knows `ignore_case`." } else { "" };
    let lacking = declared.lacking;
    let missing = if lacking.missing_is_compared { "compared" } else { "as `on_missing` says" };
    let example = declared.example;
    let actual = example.actual.map_or("nothing".to_owned(), code);
    format!(
        "\n#### `{}`\n\n{} Compared with {operand}{other}.{case}\n\n{}\n\n| passes | fails | expected | actual |\n|---|---|---|---|\n| {} | {} | {} | {actual} |\n\nMissing: {missing}. Null: {}. Blank: {}. Of a type it can't look at: {}.\n",
        declared.name,
        declared.about,
        code(example.rule),
        code(example.passes),
        code(example.fails),
        code(example.expected),
        says(lacking.null),
        says(lacking.blank),
        says(lacking.odd),
    )
}

fn says(lacking: MissingOperand) -> &'static str {
    match lacking {
        MissingOperand::Passes => "passes",
        MissingOperand::Fails => "fails",
        MissingOperand::Compared => "compared",
    }
}

/// What formats of dates are made of.
fn date_tokens() -> String {
    let row = |(token, about): &(&str, &str)| format!("| {} | {} |\n", code(token), cell(about));
    format!("| token | is |\n|---|---|\n{}", functions::clock::TOKENS.iter().map(row).collect::<String>())
}

fn codes() -> String {
    let row = |code: &document::codes::Code| {
        let level = if code.is_warning { "warning" } else { "error" };
        format!("| `{}` | {level} | {} | {} |\n", code.name, cell(code.about), cell(code.hint))
    };
    format!("| code | | means | hint |\n|---|---|---|---|\n{}", CODES.iter().map(row).collect::<String>())
}

/// The tables of bounds.
pub fn bounds() -> String {
    let bound = |name, max: usize, about| Bound { name, max: max as i128, about };
    let run = [
        bound("VALUES_MAX", hookmill_json::VALUES_MAX, "Values of one body, lead or response."),
        bound("LEADS_MAX", run::LEADS_MAX, "Leads that one element may become."),
        bound("PATH_VISITS_MAX", run::PATH_VISITS_MAX, "Values that one path may look at."),
        bound("MESSAGE_VALUES_MAX", run::MESSAGE_VALUES_MAX, "Values of one message, lists and objects counted."),
        bound(
            "OUTPUT_BYTES_MAX",
            run::OUTPUT_BYTES_MAX,
            "Bytes of all leads of one element, of one message, of one template.",
        ),
        bound(
            "WORK_MAX",
            run::WORK_MAX,
            "Steps that one element, lead, message or response takes: about one for each byte that a function reads, some for each value of a list or an object, more for regular expressions.",
        ),
        bound("WORK_PER_LEAD", run::WORK_PER_LEAD, "Steps that each lead of an element adds to that."),
        bound(
            "TRACE_BYTES_MAX",
            run::TRACE_BYTES_MAX,
            "Bytes of values that the trace of one item shows; what comes after them is left out of it.",
        ),
        bound("VARIABLE_BYTES_MAX", run::VARIABLE_BYTES_MAX, "Bytes of all variables of one lead."),
        bound("PLAN_BYTES_MAX", plan::PLAN_BYTES_MAX, "Bytes of a compiled document."),
    ];
    let table = |title: &str, bounds: &[Bound]| {
        let row = |bound: &Bound| format!("| `{}` | {} | {} |\n", bound.name, bound.max, cell(bound.about.trim()));
        format!("| {title} | at most | counts |\n|---|---|---|\n{}\n", bounds.iter().map(row).collect::<String>())
    };
    table("a document", document::BOUNDS) + &table("functions", functions::BOUNDS) + &table("a run", &run)
}
