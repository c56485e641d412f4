//! Paths of each stage, short ones and whole queries.

use super::Draw;
use super::values::{NAMES, quoted};

/// Where a path stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `map`.
    Map,
    /// `qualify`.
    Qualify,
    /// `shape`.
    Shape,
    /// `shape`, inside `for_each`.
    Item,
    /// `interpret`.
    Interpret,
}

const ANYWHERE: [&str; 5] =
    ["campaign.values.rate", "organization.name", "context.now", "campaign.id", "campaign.client.name"];
const IN_MAP: [&str; 13] = [
    "~name",
    "contact.~email",
    "header.user-agent",
    "query.tag",
    "body.list",
    "parent.name",
    "parent.parent.id",
    "origin.channel",
    "fields.email",
    "fields.x",
    "variables.v",
    "variables.w",
    "variables.w.name",
];
const IN_QUALIFY: [&str; 5] = ["custom.x", "lead.email", "submission.is_test", "x", "tags"];
const IN_SHAPE: [&str; 8] = [
    "lead",
    "lead.custom",
    "lead.custom.x",
    "lead.email",
    "submission.received_at",
    "event.details",
    "event.payload",
    "destination.url",
];
const IN_ITEM: [&str; 5] = ["item", "item.id", "outer", "outer.name", "position"];
const IN_INTERPRET: [&str; 8] =
    ["status", "status_class", "text", "attempt", "error", "header.content-type", "body", "destination.id"];
const CONDITIONS: [&str; 12] = [
    "@",
    "@.a",
    "@.name == 'email'",
    "@.id > 1",
    "@ != null && !(@.x == @.a)",
    "length(@) >= 2 || count(@.*) == 1",
    "match(@.email, '.*@[a-z.]+')",
    "search(@, '\\\\p{L}+[0-9]{2,3}')",
    "value(@..id) == 5.0",
    "@..x",
    "$.x == @.x",
    "(((((@.a < 'b')))))",
];

/// A condition of a filter.
pub fn condition(draw: &mut Draw<'_>) -> String {
    draw.word(&CONDITIONS)
}

/// A path of a stage.
pub fn path(draw: &mut Draw<'_>, stage: Stage) -> String {
    if let Some(key) = draw.fresh_key().filter(|_| stage == Stage::Map) {
        return match draw.count(4) {
            0 => format!("~{key}"),
            1 => format!("{key}.a"),
            2 => format!("$.{key}[?@.id == 1]"),
            3 => format!("$.list[?@.id == $.{key}]"),
            _ => key,
        };
    }
    match draw.count(5) {
        0 => draw.word(&["email", "name", "contact.email", "tags[0]", "list[-1].id", "custom.x", "a"]),
        1 => draw.word(&ANYWHERE),
        2 => query(draw, start(stage)),
        _ => own(draw, stage),
    }
}

/// A path inside a value.
pub fn inside(draw: &mut Draw<'_>) -> String {
    if draw.once_in(2) {
        query(draw, "$")
    } else {
        draw.word(&["id", "[0]", "a.b", "email", "values[0]", "list[-1].name"])
    }
}

fn own(draw: &mut Draw<'_>, stage: Stage) -> String {
    match stage {
        Stage::Map => draw.word(&IN_MAP),
        Stage::Qualify => draw.word(&IN_QUALIFY),
        Stage::Shape => draw.word(&IN_SHAPE),
        Stage::Item => draw.word(&IN_ITEM),
        Stage::Interpret => draw.word(&IN_INTERPRET),
    }
}

fn start(stage: Stage) -> &'static str {
    match stage {
        Stage::Map | Stage::Qualify | Stage::Interpret => "$",
        Stage::Shape => "$.lead.custom",
        Stage::Item => "$.item",
    }
}

/// A query of RFC 9535.
fn query(draw: &mut Draw<'_>, start: &str) -> String {
    let segments = draw.several(3, segment);
    format!("{start}{}", segments.concat())
}

fn segment(draw: &mut Draw<'_>) -> String {
    match draw.count(9) {
        0 => format!("[{}]", quoted(draw.one(&NAMES))),
        1 => format!(".{}", draw.one(&["email", "list", "x", "custom", "name"])),
        2 => format!("[{}]", draw.whole(-3, 3)),
        3 => "[*]".to_owned(),
        4 => "..*".to_owned(),
        5 => format!("..{}", draw.one(&["email", "id", "x"])),
        6 => format!("[{}:{}:{}]", draw.whole(-3, 3), draw.whole(-9, 9), draw.whole(-2, 2)),
        7 => "['email','x',0,1:]".to_owned(),
        8 => format!("..[?{}]", condition(draw)),
        _ => format!("[?{}]", condition(draw)),
    }
}
