//! Paths: the short form (`contact.first_name`, `~first_name`, `campaign.values.rate`) and RFC 9535 (`$...`).

use hookmill_jsonpath::owned::{Segment, Selector};
use hookmill_jsonpath::{PathError, parse, parse_short};

use super::limits::PATH_BYTES_MAX;
use super::suggest::nearest;
use crate::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use crate::plan::owned::{Path, Root, Step, Steps};

/// In which part of the document a path stands; it decides what there is to point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `map`: an inbound element.
    Map,
    /// `qualify`: a lead.
    Qualify,
    /// `shape`: a lead or an event, and where it goes.
    Shape,
    /// Inside a `for_each` of `shape`: the same, and an item.
    Item,
    /// `interpret`: a client's response.
    Interpret,
}

/// Why a text is not a path.
#[derive(Debug, PartialEq)]
pub struct BadPath {
    /// What is wrong.
    pub message: String,
    /// A suggested fix.
    pub suggestion: Option<String>,
    /// The one where no functions can follow the path, as in a rule, when it is another.
    pub elsewhere: Option<String>,
}

impl BadPath {
    /// As it stands where no functions can follow the path.
    #[must_use]
    pub fn without_functions(self) -> Self {
        Self { suggestion: self.elsewhere.clone().or(self.suggestion), ..self }
    }
}

/// A root that a path can begin with.
pub struct RootSpec {
    /// What it is called.
    pub name: &'static str,
    root: Root,
    /// What can follow it; nothing when anything can.
    pub members: &'static [&'static str],
    stages: &'static [Stage],
    /// What it is, in one line.
    pub about: &'static str,
}

impl RootSpec {
    /// Whether it is one value, so that nothing can follow it.
    pub fn is_single(&self) -> bool {
        is_single_value(self.root) || self.root == Root::Position
    }

    /// Whether there is one at this stage.
    pub fn is_at(&self, stage: Stage) -> bool {
        self.stages.contains(&stage)
    }
}

const fn root_spec(
    name: &'static str,
    root: Root,
    members: &'static [&'static str],
    stages: &'static [Stage],
    about: &'static str,
) -> RootSpec {
    RootSpec { name, root, members, stages, about }
}

const EVERYWHERE: &[Stage] = &[Stage::Map, Stage::Qualify, Stage::Shape, Stage::Item, Stage::Interpret];

const WITH_LEAD: &[Stage] = &[Stage::Qualify, Stage::Shape, Stage::Item];

/// All roots.
pub const ROOTS: [RootSpec; 22] = [
    root_spec(
        "header",
        Root::Header,
        &[],
        &[Stage::Map, Stage::Interpret],
        "A header, by its name in any case. Of a request these are kept: `content-type`, `content-encoding`, `user-agent`, `referer`, `origin`, `accept-language`.",
    ),
    root_spec(
        "query",
        Root::Query,
        &[],
        &[Stage::Map],
        "A parameter of the request's query; a repeated one is a list.",
    ),
    root_spec(
        "body",
        Root::Body,
        &[],
        &[Stage::Map, Stage::Interpret],
        "The whole body: around the element that `items` took, or a key of a response that is called like a root.",
    ),
    root_spec(
        "parent",
        Root::Parent(1),
        &[],
        &[Stage::Map],
        "The object around the element that `items` took; `parent.parent` is the one around that.",
    ),
    root_spec(
        "origin",
        Root::Origin,
        &["channel", "name", "source_label", "tag", "remote_address"],
        &[Stage::Map],
        "How the element came in; what is unknown is missing.",
    ),
    root_spec(
        "campaign",
        Root::Campaign,
        &["id", "name", "client", "time_zone", "phone_region", "values"],
        EVERYWHERE,
        "The campaign; `client.id` and `client.name`, and its own values such as `campaign.values.rate`.",
    ),
    root_spec(
        "organization",
        Root::Organization,
        &["id", "name", "values"],
        EVERYWHERE,
        "The organization and its own values.",
    ),
    root_spec(
        "context",
        Root::Context,
        &["now", "run_id"],
        EVERYWHERE,
        "This run; `now` is in milliseconds since 1970.",
    ),
    root_spec(
        "lead",
        Root::Lead,
        &[],
        WITH_LEAD,
        "The lead: its standard fields, and the others as `lead.custom.age`.",
    ),
    root_spec(
        "fields",
        Root::Field(Root::NO_FIELD),
        &[],
        &[Stage::Map],
        "A field that is defined above, by its name, as it stands in the lead.",
    ),
    root_spec("variables", Root::Field(Root::NO_VARIABLE), &[], &[Stage::Map], "A variable, by its name."),
    root_spec(
        "submission",
        Root::Submission,
        &["id", "lead_id", "is_test", "received_at", "bid"],
        WITH_LEAD,
        "The submission; `received_at` is in milliseconds since 1970, `bid.price` and `bid.token` are what the client offered for it.",
    ),
    root_spec(
        "event",
        Root::Event,
        &["id", "name", "occurred_at", "status", "details", "payload", "category"],
        &[Stage::Shape, Stage::Item],
        "What happened, in messages to subscribers.",
    ),
    root_spec(
        "destination",
        Root::Destination,
        &["kind", "id", "name", "method", "url", "content_type", "settings"],
        &[Stage::Shape, Stage::Item, Stage::Interpret],
        "Who receives the message.",
    ),
    root_spec("item", Root::Item, &[], &[Stage::Item], "Inside `for_each`: the item."),
    root_spec("outer", Root::Outer, &[], &[Stage::Item], "Inside a `for_each` in another: the item around."),
    root_spec("position", Root::Position, &[], &[Stage::Item], "Inside `for_each`: which item it is, from 1."),
    root_spec("status", Root::Status, &[], &[Stage::Interpret], "The response's HTTP status, a number."),
    root_spec("status_class", Root::StatusClass, &[], &[Stage::Interpret], "Its first digit."),
    root_spec("text", Root::Text, &[], &[Stage::Interpret], "The response's body as text."),
    root_spec("attempt", Root::Attempt, &[], &[Stage::Interpret], "Which attempt this was, from 1."),
    root_spec("error", Root::Error, &[], &[Stage::Interpret], "Why there was no response."),
];

/// Reads a path that starts at a value: `address.city`, `[0]`, `$.items[*]`. No name in it is one of a root.
pub fn read_inside(text: &str) -> Result<Path, BadPath> {
    within_bounds(text)?;
    if text.contains("{{") {
        return Err(template_for_path(text));
    }
    let steps = match text.chars().next() {
        Some('$') => full(text, Stage::Map)?.1,
        Some('[') => full(&format!("${text}"), Stage::Map)?.1,
        _ if text.contains('[') => bracketed(text)?,
        _ => Steps::Singular(dotted(text, Stage::Map)?),
    };
    Ok(Path { text: text.to_owned().into(), root: Root::Body, place: None, steps })
}

/// Reads a path.
pub fn read(text: &str, stage: Stage) -> Result<Path, BadPath> {
    within_bounds(text)?;
    let (root, steps) = if text.starts_with('$') { full(text, stage)? } else { short(text, stage)? };
    let steps = if root == Root::Header { in_small_letters(steps) } else { steps };
    check_first(root, &steps, stage)?;
    Ok(Path { text: text.to_owned().into(), root, place: None, steps })
}

/// Headers are named in any case, and come in small letters.
fn in_small_letters(steps: Steps) -> Steps {
    let Steps::Singular(mut steps) = steps else { return steps };
    if let Some(Step::Name(name)) = steps.first_mut() {
        *name = name.to_ascii_lowercase().into();
    }
    Steps::Singular(steps)
}

fn within_bounds(text: &str) -> Result<(), BadPath> {
    if text.trim() != text || text.is_empty() {
        return reject(
            "a path must not be empty or have space around it",
            "write it like `contact.email` or `$['a key']`",
        );
    }
    if text.len() > PATH_BYTES_MAX {
        return reject(&format!("this path is longer than {PATH_BYTES_MAX} bytes (PATH_BYTES_MAX)"), "shorten it");
    }
    Ok(())
}

fn full(text: &str, stage: Stage) -> Result<(Root, Steps), BadPath> {
    let segments = parse(text).map_err(|error| not_a_path("this is not a JSONPath (RFC 9535)", error))?;
    let steps = Steps::of_query(segments);
    match stage {
        Stage::Map => Ok((Root::Whole, steps)),
        Stage::Qualify => Ok((Root::Lead, steps)),
        Stage::Shape | Stage::Item => rooted(steps, stage),
        Stage::Interpret => Ok((Root::Body, steps)),
    }
}

fn short(text: &str, stage: Stage) -> Result<(Root, Steps), BadPath> {
    if text.contains("{{") {
        return Err(template_for_path(text));
    }
    let steps = if text.contains('[') { bracketed(text)? } else { Steps::Singular(dotted(text, stage)?) };
    match (stage, first_name(&steps).and_then(|name| known(name, stage))) {
        (Stage::Interpret, found) => in_response(steps, found),
        // A single word is a key, even when a root is called like that.
        (_, Some(_)) if length(&steps) > 1 => rooted(steps, stage),
        (Stage::Map, _) => Ok((Root::Whole, steps)),
        (Stage::Qualify, _) => Ok((Root::Lead, in_lead(steps))),
        (Stage::Shape | Stage::Item, _) => rooted(steps, stage),
    }
}

/// What a response has besides its body: single values by a single word, trees by more. All else is in the body.
fn in_response(steps: Steps, found: Option<&'static RootSpec>) -> Result<(Root, Steps), BadPath> {
    let is_single = length(&steps) == 1;
    match found.map(|known| known.root) {
        Some(Root::Body) => Ok((Root::Body, without_first(steps))),
        Some(root) if is_single == is_single_value(root) => Ok((root, without_first(steps))),
        _ => Ok((Root::Body, steps)),
    }
}

fn is_single_value(root: Root) -> bool {
    matches!(root, Root::Status | Root::StatusClass | Root::Text | Root::Attempt | Root::Error)
}

fn bracketed(text: &str) -> Result<Steps, BadPath> {
    if text.split('[').next().is_some_and(|names| names.contains('~')) {
        let hint = "leave the brackets out and take the part in `then`: `{item: 0}`, `{pick: 'values[0]'}`, or `first`";
        return Err(BadPath {
            message: "a path with a loose name (`~name`) can't have brackets".to_owned(),
            suggestion: Some(hint.to_owned()),
            elsewhere: Some(format!("write the name exactly: `{}`", text.replace('~', ""))),
        });
    }
    parse_short(text).map(Steps::of_query).map_err(|error| not_a_path("this is not a path", error))
}

fn not_a_path(what: &str, error: PathError) -> BadPath {
    BadPath { message: format!("{what}: {error}"), suggestion: error.hint, elsewhere: None }
}

/// A template where a path must stand.
fn template_for_path(text: &str) -> BadPath {
    let inside = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::trim);
    let quoted = if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") };
    let suggestion = format!("write `{{template: {quoted}}}`; only in a message is a text a template by itself");
    let elsewhere = match inside.filter(|inside| !inside.contains("{{")) {
        Some(path) => format!("write `{path}`"),
        None => "make a field of the template in `map`, and name that here".to_owned(),
    };
    let message = "this is a template, and here stands a path".to_owned();
    BadPath { message, suggestion: Some(suggestion), elsewhere: Some(elsewhere) }
}

/// How a JSONPath to any key begins.
fn start(stage: Stage) -> &'static str {
    match stage {
        Stage::Map | Stage::Interpret => "$",
        Stage::Qualify => "$.custom",
        Stage::Shape => "$.lead.custom",
        Stage::Item => "$.item",
    }
}

fn dotted(text: &str, stage: Stage) -> Result<Vec<Step>, BadPath> {
    text.split('.').map(|piece| dotted_step(piece, start(stage))).collect()
}

fn dotted_step(piece: &str, start: &str) -> Result<Step, BadPath> {
    let (like, name) = piece.strip_prefix('~').map_or((false, piece), |name| (true, name));
    if name.trim().is_empty() || name.trim() != name {
        let hint = format!("for a dot inside a key write `{start}['a.b']`");
        return reject("a path must have a name before and after each dot", &hint);
    }
    if name.contains('|') {
        let key = format!("for a key with a bar write `{start}['a|b']`");
        return Err(BadPath {
            message: "a path has no pipes and no functions".to_owned(),
            suggestion: Some(format!("functions stand in `then`, as in `{{from: zip, then: [upper]}}`; {key}")),
            elsewhere: Some(format!("make a field with functions in `map`, and name that here; {key}")),
        });
    }
    if name.contains(['*', '\'', '"', ']', '{', '}', '~']) || name.chars().any(char::is_control) {
        let message = format!("`{name}` has a character that a short path can't have");
        return reject(
            &message,
            &format!("write a JSONPath: `{start}['the key']`, or `{start}.list[*]` for all items"),
        );
    }
    Ok(if like { Step::Like(bare(name).into()) } else { Step::Name(name.to_owned().into()) })
}

/// A name without what a loose comparison does not look at.
pub fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

/// The path begins with the name of a root, which is taken off.
fn rooted(steps: Steps, stage: Stage) -> Result<(Root, Steps), BadPath> {
    let names: Vec<&str> = ROOTS.iter().filter(|root| root.is_at(stage)).map(|root| root.name).collect();
    let Some(first) = first_name(&steps) else {
        return reject("a path must begin with a name here", &format!("begin it with one of {}", names.join(", ")));
    };
    let Some(RootSpec { root, .. }) = known(first, stage) else {
        if let "fields" | "variables" = first {
            let hint = "name what the lead has: `lead.email`, or `lead.custom.age`";
            return reject(&format!("`{first}` is in `map` alone"), hint);
        }
        let suggestion =
            if is_lead_field(first) { format!("did you mean `lead.{first}`?") } else { with_roots(first, &names) };
        return reject(&format!("there is no `{first}` here"), &suggestion);
    };
    if matches!(&steps, Steps::Many(segments) if segments.iter().any(Segment::uses_root)) {
        let message = format!("this path starts at `{first}`, so its filter can't start at `$`");
        return reject(&message, "start at `@`, the item, and compare it with a fixed value");
    }
    Ok(further_out(*root, without_first(steps)))
}

/// `parent.parent.id` is of the object around the object around the element.
fn further_out(root: Root, steps: Steps) -> (Root, Steps) {
    match root {
        Root::Parent(levels) if first_name(&steps) == Some("parent") && length(&steps) > 1 => {
            further_out(Root::Parent(levels.saturating_add(1)), without_first(steps))
        }
        _ => (root, steps),
    }
}

fn with_roots(first: &str, names: &[&str]) -> String {
    nearest(first, names).unwrap_or_default()
}

/// `email` and `custom.x` are fields of the lead; any other name is a custom field.
fn in_lead(steps: Steps) -> Steps {
    match first_name(&steps) {
        Some(name) if !is_lead_field(name) => match steps {
            Steps::Singular(mut steps) => {
                steps.insert(0, Step::Name(CUSTOM.into()));
                Steps::Singular(steps)
            }
            Steps::Many(mut segments) => {
                segments.insert(0, Segment::Child(vec![Selector::Name(CUSTOM.into())]));
                Steps::Many(segments)
            }
        },
        _ => steps,
    }
}

fn check_first(root: Root, steps: &Steps, stage: Stage) -> Result<(), BadPath> {
    let Some(name) = first_name(steps) else { return Ok(()) };
    if root == Root::Lead {
        if is_lead_field(name) {
            return Ok(());
        }
        let message = format!("a lead has no field `{name}`");
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
        let written = match (stage, is_plain) {
            (Stage::Qualify, true) => format!("custom.{name}"),
            (Stage::Qualify, false) => format!("$.custom[{}]", quoted_name(name)),
            (_, true) => format!("lead.custom.{name}"),
            (_, false) => format!("$.lead.custom[{}]", quoted_name(name)),
        };
        return reject(&message, &format!("a custom field is written `{written}`"));
    }
    let Some(RootSpec { name: root_name, members: names, .. }) = ROOTS.iter().find(|known| known.root == root) else {
        return Ok(());
    };
    if names.is_empty() || names.contains(&name) {
        return Ok(());
    }
    let message = format!("`{root_name}` has no `{name}`");
    Err(BadPath { message, suggestion: nearest(name, names), elsewhere: None })
}

/// A name as a JSONPath has it in brackets.
fn quoted_name(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn is_lead_field(name: &str) -> bool {
    TEXT_FIELDS.contains(&name) || name == TAGS || name == CUSTOM
}

fn known(name: &str, stage: Stage) -> Option<&'static RootSpec> {
    ROOTS.iter().find(|root| root.name == name && root.is_at(stage))
}

/// Whether a text is most likely a path: more than one name, the first one a root, such as `lead.email`.
pub fn names_a_root(text: &str, stage: Stage) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let first = text.split_once('.').map_or("", |(first, _)| first);
    known(first, stage).is_some() && text.split('.').all(is_name) && read(text, stage).is_ok()
}

/// The name with which steps begin, if they begin with one.
pub fn first_name(steps: &Steps) -> Option<&str> {
    match steps {
        Steps::Singular(steps) => match steps.first()? {
            Step::Name(name) => Some(name),
            Step::Index(_) | Step::Like(_) => None,
        },
        Steps::Many(segments) => match segments.first()? {
            Segment::Child(selectors) => match selectors.as_slice() {
                [Selector::Name(name)] => Some(name),
                _ => None,
            },
            Segment::Descendant(_) => None,
        },
    }
}

/// What follows the first step.
pub fn without_first(steps: Steps) -> Steps {
    match steps {
        Steps::Singular(steps) => Steps::Singular(steps.into_iter().skip(1).collect()),
        Steps::Many(segments) => Steps::Many(segments.into_iter().skip(1).collect()),
    }
}

fn length(steps: &Steps) -> usize {
    match steps {
        Steps::Singular(steps) => steps.len(),
        Steps::Many(segments) => segments.len(),
    }
}

fn reject<T>(message: &str, suggestion: &str) -> Result<T, BadPath> {
    let suggestion = Some(suggestion.to_owned()).filter(|text| !text.is_empty());
    Err(BadPath { message: message.to_owned(), suggestion, elsewhere: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[&str]) -> Steps {
        Steps::Singular(steps.iter().map(|name| Step::Name((*name).to_owned().into())).collect())
    }

    #[test]
    fn m3_short_paths_point_where_they_say() {
        for (text, stage, root, steps) in [
            ("email", Stage::Map, Root::Whole, names(&["email"])),
            ("First Name", Stage::Map, Root::Whole, names(&["First Name"])),
            ("contact.first-name", Stage::Map, Root::Whole, names(&["contact", "first-name"])),
            ("$['a.b']", Stage::Map, Root::Whole, names(&["a.b"])),
            ("query", Stage::Map, Root::Whole, names(&["query"])),
            ("query.utm_source", Stage::Map, Root::Query, names(&["utm_source"])),
            ("$.query.utm_source", Stage::Map, Root::Whole, names(&["query", "utm_source"])),
            ("header.x-id", Stage::Map, Root::Header, names(&["x-id"])),
            ("header.User-Agent", Stage::Map, Root::Header, names(&["user-agent"])),
            ("header['X-Id']", Stage::Interpret, Root::Header, names(&["x-id"])),
            ("campaign.values.rate", Stage::Map, Root::Campaign, names(&["values", "rate"])),
            ("email", Stage::Qualify, Root::Lead, names(&["email"])),
            ("income", Stage::Qualify, Root::Lead, names(&["custom", "income"])),
            ("custom.income", Stage::Qualify, Root::Lead, names(&["custom", "income"])),
            ("$.custom.income", Stage::Qualify, Root::Lead, names(&["custom", "income"])),
            ("lead.email", Stage::Shape, Root::Lead, names(&["email"])),
            ("$.lead.email", Stage::Shape, Root::Lead, names(&["email"])),
            ("event", Stage::Shape, Root::Event, names(&[])),
            ("item", Stage::Item, Root::Item, names(&[])),
            ("item.sku", Stage::Item, Root::Item, names(&["sku"])),
            ("status", Stage::Interpret, Root::Status, names(&[])),
            ("status.code", Stage::Interpret, Root::Body, names(&["status", "code"])),
            ("body.status", Stage::Interpret, Root::Body, names(&["status"])),
            ("body", Stage::Interpret, Root::Body, names(&[])),
            ("code", Stage::Interpret, Root::Body, names(&["code"])),
            ("header", Stage::Interpret, Root::Body, names(&["header"])),
            ("header.location", Stage::Interpret, Root::Header, names(&["location"])),
            ("$.status", Stage::Interpret, Root::Body, names(&["status"])),
        ] {
            let path = read(text, stage).unwrap();
            assert_eq!((path.root, path.steps), (root, steps), "{text} in {stage:?}");
        }
        let like = read("~First Name", Stage::Map).unwrap().steps;
        assert_eq!(like, Steps::Singular(vec![Step::Like("firstname".into())]));
        let last = read("emails[-1].address", Stage::Map).unwrap().steps;
        let index = [Step::Name("emails".into()), Step::Index(-1), Step::Name("address".into())];
        assert_eq!(last, Steps::Singular(index.to_vec()));
    }

    #[test]
    fn m2_bad_paths_are_rejected_with_the_fix() {
        for (text, stage, part) in [
            ("", Stage::Map, "contact.email"),
            ("a..b", Stage::Map, "$['a.b']"),
            ("a.*", Stage::Map, "$.list[*]"),
            ("$.a[", Stage::Map, "[?@.type == 'home']"),
            ("email", Stage::Shape, "did you mean `lead.email`?"),
            ("led.email", Stage::Shape, "did you mean `lead`?"),
            ("lead.income", Stage::Shape, "custom.income"),
            ("item.sku", Stage::Shape, "known here"),
            ("campaign.nmae", Stage::Interpret, "did you mean `name`?"),
            ("campaign.nmae", Stage::Map, "did you mean `name`?"),
            ("$.income", Stage::Qualify, "custom.income"),
            ("$.a[?@.b == 012345]", Stage::Map, "a zip code needs quotes"),
            ("$.first-name", Stage::Map, "['a key']"),
            ("$.lead.custom.l[?@.a == $.lead.email]", Stage::Shape, "start at `@`"),
            ("body.l[?@[?$.a]]", Stage::Map, "start at `@`"),
            ("emails[0", Stage::Map, "add the `]`"),
            ("zip | upper", Stage::Map, "then: [upper]"),
            ("~emails[0]", Stage::Map, "{item: 0}"),
            ("contact.~emails[0].value", Stage::Map, "{item: 0}"),
            ("$.a[?((((((((((@.b))))))))))]", Stage::Map, "simplify"),
        ] {
            let rejected = read(text, stage).unwrap_err();
            let suggestion = rejected.suggestion.unwrap_or_default();
            assert!(suggestion.contains(part), "{text}: {} / {suggestion}", rejected.message);
        }
    }
}
