//! What the maps of a document may hold, each key once with one line about it. The parser takes its lists of keys from these
//! tables, the JSON Schema and the reference are made of them.

use super::words;
use crate::lead::TEXT_FIELDS;

/// A key of a map.
#[derive(Clone, Copy)]
pub struct KeySpec {
    /// Its name.
    pub name: &'static str,
    /// What stands under it.
    pub is: Is,
    /// What it says, in one line.
    pub about: &'static str,
    /// An example of the value, as YAML has it in one line.
    pub example: &'static str,
}

/// What stands under a key.
#[derive(Clone, Copy)]
pub enum Is {
    /// The version of documents.
    Version,
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// Any fixed value.
    Fixed,
    /// One of some words.
    Words(fn() -> Vec<&'static str>),
    /// A way out; the word is the one that only this key has.
    WayOut(&'static str),
    /// What the schema calls so.
    Part(&'static str),
}

const fn key(name: &'static str, is: Is, example: &'static str, about: &'static str) -> KeySpec {
    KeySpec { name, is, about, example }
}

/// The names of a table, for the parser.
pub const fn names<const N: usize>(keys: &[KeySpec; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = keys[index].name;
        index += 1;
    }
    names
}

/// A document.
pub const DOCUMENT: [KeySpec; 7] = [
    key("version", Is::Version, "1", "The version of the language: 1."),
    key("name", Is::Text, "solar", "What people call this document."),
    key("map", Is::Part("map"), "{fields: {email: ~email}}", "How an inbound element becomes a lead."),
    key(
        "qualify",
        Is::Part("rules"),
        "[{field: email, op: valid, reason: no e-mail address}]",
        "The rules that a lead must pass, every one.",
    ),
    key(
        "shape",
        Is::Part("shape"),
        "{client: {body: {email: {from: lead.email}}}}",
        "What is sent to the client, and what subscribers are told.",
    ),
    key(
        "interpret",
        Is::Part("interpret"),
        "{outcomes: [{outcome: rejected, when: {field: result, op: eq, value: error}}]}",
        "What the client's response means.",
    ),
    key(
        "interpret_ping",
        Is::Part("interpret"),
        "{outcomes: [{outcome: accepted, when: {field: bid, op: gt, value: 0}, price: bid, reference: token}], otherwise: rejected}",
        "What the client's response to a ping means, with its price and the token of its bid. Without it `interpret` says that, too.",
    ),
];

/// `map`.
pub const MAP: [KeySpec; 8] = [
    key(
        "items",
        Is::Part("items"),
        "$.entry[*]",
        "The elements of the body that become a lead each. Without it the body is one, or its items are when it is a list.",
    ),
    key(
        "also_search",
        Is::Part("paths"),
        "[contact, answers]",
        "Objects in the element where `~name` looks as well, after the element itself.",
    ),
    key(
        "variables",
        Is::Part("variables"),
        "{answers: {from: field_data, then: [from_pairs]}}",
        "Values that fields are made of, and that are not part of the lead: `variables.answers`.",
    ),
    key(
        "fields",
        Is::Part("fields"),
        "{email: ~email, age: responses.age}",
        "The fields of the lead, and where each comes from.",
    ),
    key(
        "unknown",
        Is::Words(|| vec!["custom", "drop", "reject"]),
        "drop",
        "What becomes of keys that no field used: kept as custom fields (the usual), dropped, or the lead fails.",
    ),
    key(
        "ignore",
        Is::Part("paths"),
        "[form_id, meta.debug]",
        "Keys that are not custom fields and no reason to reject.",
    ),
    key(
        "expand",
        Is::Part("paths"),
        "[answers]",
        "Objects whose members become custom fields of their own: of the element, or fields that were made.",
    ),
    key(
        "is_test",
        Is::Part("paths"),
        "[~is_test, meta.test]",
        "Where the source says that a lead is a test. Without it `~is_test` and `~test`.",
    ),
];

/// The standard fields, in the order of [`crate::lead`].
pub const FIELDS: [KeySpec; TEXT_FIELDS.len() + 1] = [
    key("external_id", Is::Part("field"), "id", "The source's own id of the lead."),
    key("first_name", Is::Part("field"), "~first_name", "The given name."),
    key("last_name", Is::Part("field"), "~last_name", "The family name."),
    key("email", Is::Part("field"), "{from: ~email, then: [email]}", "The e-mail address."),
    key(
        "phone",
        Is::Part("field"),
        "{from: ~phone, then: [phone], on_error: keep_raw}",
        "The phone number, best in E.164.",
    ),
    key("street", Is::Part("field"), "~street", "Street and number."),
    key("city", Is::Part("field"), "~city", "The city."),
    key("state", Is::Part("field"), "{from: ~state, then: [state_code]}", "The state or province."),
    key("zip", Is::Part("field"), "~zip", "The postal code, a text that keeps its zeros."),
    key("country", Is::Part("field"), "~country", "The country."),
    key(
        "date_of_birth",
        Is::Part("field"),
        "{from: dob, then: [{date: '%m/%d/%Y'}]}",
        "The date of birth, best as 1990-05-15.",
    ),
    key("ip", Is::Part("field"), "origin.remote_address", "The address from which the person posted."),
    key("source", Is::Part("field"), "{value: webinar}", "Where the lead comes from."),
    key("tags", Is::Part("field"), "{from: interests, then: [{split: ','}]}", "A list of texts."),
];

/// One alternative of several.
pub const SOURCE: [KeySpec; 4] = [
    key("path", Is::Part("path"), "full_name", "Where the value stands."),
    key("template", Is::Part("template"), "'{{ first }} {{ last }}'", "A text made of values."),
    key("value", Is::Fixed, "webinar", "A fixed value."),
    key("then", Is::Part("functions"), "[trim]", "Functions for this alternative alone, before it is checked blank."),
];

/// How a value is made.
pub const RECIPE: [KeySpec; 9] = [
    key(
        "from",
        Is::Part("sources"),
        "[mobile, phone]",
        "A path, or several: the first value that is not blank counts.",
    ),
    key("template", Is::Part("template"), "'{{ street }}, {{ city }}'", "A text made of values."),
    key("value", Is::Fixed, "webinar", "A fixed value."),
    key("then", Is::Part("functions"), "[trim, {truncate: 50}]", "Functions, in order."),
    key(
        "when",
        Is::Part("condition"),
        "{field: consent, op: is_true}",
        "Only when this holds; otherwise it is left out.",
    ),
    key(
        "on_missing",
        Is::WayOut("omit"),
        "fail",
        "What happens when there is no value: `omit` (the usual), `null`, `fail` or a default.",
    ),
    key(
        "on_null",
        Is::WayOut("keep"),
        "omit",
        "What happens when the value is null: `keep` (the usual), `omit`, `fail` or a default.",
    ),
    key(
        "on_blank",
        Is::WayOut("keep"),
        "{default: unknown}",
        "What happens when the value is blank but not null: `keep` (the usual), `omit`, `null`, `fail` or a default.",
    ),
    key(
        "on_error",
        Is::WayOut("keep_raw"),
        "keep_raw",
        "What happens when a function rejects: `fail` (the usual), `omit`, `null`, `keep_raw` with a warning, or a default.",
    ),
];

/// What a recipe under `items` may say besides.
pub const AT: KeySpec = key(
    "at",
    Is::Part("path"),
    "leads",
    "Where the elements are in the value that was made. Without it the value is one, or its items are when it is a list.",
);

/// A recipe under `items`.
pub const ITEMS: [KeySpec; RECIPE.len() + 1] = and_one(&RECIPE, AT);

/// These keys and one more.
const fn and_one<const N: usize, const M: usize>(keys: &[KeySpec; N], more: KeySpec) -> [KeySpec; M] {
    let mut all = [more; M];
    let mut index = 0;
    while index < N {
        all[index] = keys[index];
        index += 1;
    }
    all
}

/// A comparison.
pub const COMPARISON: [KeySpec; 9] = [
    key("field", Is::Part("path"), "state", "The path of the value that is looked at."),
    key("op", Is::Part("operator"), "eq", "How it is compared."),
    key("value", Is::Fixed, "CA", "What it is compared with."),
    key("values", Is::Part("values"), "[CA, TX]", "What it is compared with: a list, or two ends."),
    key("set", Is::Text, "served_zips", "The name of a value set of the organization."),
    key("other", Is::Part("path"), "custom.work_phone", "The path of the field that it is compared with."),
    key("fields", Is::Part("paths"), "[phone, custom.work_phone]", "Several fields, for `distinct`."),
    key(
        "on_missing",
        Is::Words(|| vec!["fail", "pass", "skip"]),
        "pass",
        "What a missing value counts as: failed (the usual), passed, or as if the rule were not there.",
    ),
    key("ignore_case", Is::Flag, "true", "Whether texts are compared without regard to case."),
];

/// Conditions made of others.
pub const GROUPS: [KeySpec; 3] = [
    key(
        "all",
        Is::Part("conditions"),
        "[{field: email, op: present}, {field: phone, op: present}]",
        "Every one of these holds.",
    ),
    key(
        "any",
        Is::Part("conditions"),
        "[{field: email, op: present}, {field: phone, op: present}]",
        "At least one of these holds.",
    ),
    key("not", Is::Part("condition"), "{field: state, op: in, values: [AK, HI]}", "This does not hold."),
];

/// What every condition may say besides.
pub const REASON: KeySpec = key("reason", Is::Text, "too young", "What the verdict says when it fails.");

/// What a rule of `qualify` may say besides its condition.
pub const RULE: [KeySpec; 3] = [
    key("name", Is::Text, "age", "The rule's name in verdicts. Without one its place, such as `qualify[2]`."),
    REASON,
    key(
        "severity",
        Is::Words(|| vec!["hard", "soft"]),
        "soft",
        "When it is checked: hard rules (the usual) before the first-submission action, soft ones after it. Both disqualify.",
    ),
];

/// `shape`.
pub const SHAPE: [KeySpec; 3] = [
    key(
        "client",
        Is::Part("message"),
        "{format: form, body: {email: {from: lead.email}}}",
        "The message to the client.",
    ),
    key(
        "ping",
        Is::Part("message"),
        "{body: {zip: {from: lead.zip}, loan: {from: lead.custom.loan}}}",
        "The message that asks the client for a bid. The lead has city, state, zip, country, source, tags and the custom fields that the endpoint lists.",
    ),
    key("webhook", Is::Part("message"), "{body: {event: {from: event.name}}}", "What subscribers are told of events."),
];

/// A message.
pub const MESSAGE: [KeySpec; 9] = [
    key("method", Is::Words(|| list(&words::METHODS)), "PUT", "The HTTP method, instead of the destination's."),
    key("query", Is::Part("query"), "{key: {from: campaign.values.key}}", "What is added to the query of the URL."),
    key(
        "headers",
        Is::Part("headers"),
        "{X-Campaign: {from: campaign.id}}",
        "Headers; those that the host sets are rejected.",
    ),
    key("content_type", Is::Text, "application/vnd.api+json", "The content type, instead of the format's."),
    key(
        "format",
        Is::Words(|| list(&words::FORMATS)),
        "xml",
        "How the body is written. Without it as the destination wants it.",
    ),
    key("root", Is::Text, "lead", "The name of the root element, for XML."),
    key("declaration", Is::Flag, "false", "Whether XML begins with a declaration; it does unless this says false."),
    key("omit_blank", Is::Flag, "true", "Whether blank values are left out everywhere; 0 and false stay."),
    key(
        "body",
        Is::Part("body"),
        "{email: {from: lead.email}}",
        "What is sent: any nesting of values, lists and recipes.",
    ),
];

/// A part of a body for each item of a list.
pub const FOR_EACH: [KeySpec; 3] = [
    key("for_each", Is::Part("field"), "lead.custom.items", "The list; in `make`, `item` is the item."),
    key("when", Is::Part("condition"), "{field: item.sku, op: present}", "Only for items for which this holds."),
    key("make", Is::Part("body"), "{sku: {from: item.sku}}", "What is made for each item."),
];

/// A part of a body with a condition.
pub const CONDITIONAL: [KeySpec; 2] = [
    key(
        "when",
        Is::Part("condition"),
        "{field: lead.phone, op: present}",
        "Only where this holds is the part made; elsewhere it is left out.",
    ),
    key("make", Is::Part("body"), "{type: mobile, number: {from: lead.phone}}", "What is made."),
];

/// An object whose members may be called like keys of the language.
pub const OBJECT_OF: KeySpec = key(
    "object_of",
    Is::Part("body_members"),
    "{value: {from: lead.phone}}",
    "An object of these members, whatever they are called, such as `value`, `from` or `template` alone.",
);

/// Parts of a body that choose among others.
pub const CHOICES: [KeySpec; 2] = [
    key(
        "first_of",
        Is::Part("bodies"),
        "[{from: lead.custom.mobile}, {from: lead.phone}]",
        "The first of these values that is not null.",
    ),
    key(
        "merge",
        Is::Part("bodies"),
        "[{from: lead.custom}, {id: {from: submission.id}}]",
        "These objects in one; the last one wins. Null and what is blank add nothing; what else is not an object is rejected.",
    ),
];

/// `interpret`.
pub const INTERPRET: [KeySpec; 7] = [
    key(
        "as",
        Is::Words(|| list(&words::BODY_FORMS)),
        "xml",
        "How the body is read; `auto` (the usual) goes by its content type.",
    ),
    key(
        "outcomes",
        Is::Part("outcomes"),
        "[{outcome: accepted, when: {field: result, op: eq, value: ok}}]",
        "What responses mean, tried in order: the first whose condition holds counts.",
    ),
    key(
        "otherwise",
        Is::Words(|| list(&words::OTHERWISE)),
        "failed",
        "What a response means that nothing matches; `default` goes by its status.",
    ),
    key("reason", Is::Part("field"), "message", "Where the reason stands."),
    key("price", Is::Part("field"), "{from: payout, then: [number]}", "Where the price stands, a decimal number."),
    key("reference", Is::Part("field"), "id", "Where the client's id of the lead stands."),
    key(
        "retry_after",
        Is::Part("seconds"),
        "60",
        "After how long to try again: a number of seconds, a duration such as `1h`, or where one of them stands.",
    ),
];

/// An outcome.
pub const OUTCOME: [KeySpec; 7] = [
    key("outcome", Is::Words(|| list(&words::OUTCOMES)), "rejected", "What such a response means."),
    key(
        "name",
        Is::Text,
        "known number",
        "Its name in traces. Without one its place, such as `interpret.outcomes[0]`.",
    ),
    key(
        "when",
        Is::Part("condition"),
        "{field: code, op: lt, value: 0}",
        "The condition; without one it takes all responses.",
    ),
    key("reason", Is::Part("field"), "error.message", "Where the reason stands."),
    key("price", Is::Part("field"), "payout", "Where the price stands."),
    key("reference", Is::Part("field"), "id", "Where the client's id of the lead stands."),
    key("retry_after", Is::Part("seconds"), "15min", "With `retry`: after how long to try again, as above."),
];

/// A member of an object that the function `object` makes.
pub const PART: [KeySpec; 5] = [
    key("path", Is::Text, "'values[0]'", "Where it stands inside the value."),
    key("from", Is::Part("path"), "form_id", "Where it stands elsewhere, a path of the stage."),
    key("template", Is::Part("template"), "'{{ value.first }} {{ value.last }}'", "A text made of values."),
    key("value", Is::Fixed, "webinar", "A fixed value."),
    key("then", Is::Part("functions"), "[trim]", "Functions for this member."),
];

/// A range of `range_label`.
pub const RANGE: [KeySpec; 3] = [
    key("from", Is::Part("number"), "0", "The smallest number in it; without it there is no lower end."),
    key("below", Is::Part("number"), "100", "The smallest number above it; without it there is no upper end."),
    key("is", Is::Fixed, "low", "What a number in it becomes."),
];

/// The tables with the places of their maps in a document, for the reference.
pub fn tables() -> Vec<(&'static str, &'static str, Vec<KeySpec>)> {
    vec![
        ("document", "A document", DOCUMENT.to_vec()),
        ("map", "`map`", MAP.to_vec()),
        ("fields", "`map.fields`", FIELDS.to_vec()),
        ("recipe", "A recipe", RECIPE.to_vec()),
        ("items", "A recipe under `items`, besides the keys of a recipe", vec![AT]),
        ("alternative", "An alternative in a list under `from`", SOURCE.to_vec()),
        ("comparison", "A condition that compares", COMPARISON.to_vec()),
        ("groups", "A condition made of others", GROUPS.to_vec()),
        ("rule", "A rule of `qualify`, besides its condition", RULE.to_vec()),
        ("shape", "`shape`", SHAPE.to_vec()),
        ("message", "A message", MESSAGE.to_vec()),
        ("for-each", "A part for each item of a list", FOR_EACH.to_vec()),
        ("conditional", "A part with a condition", CONDITIONAL.to_vec()),
        ("choices", "Parts that choose", CHOICES.to_vec()),
        ("object-of", "An object, whatever its members are called", vec![OBJECT_OF]),
        ("interpret", "`interpret`", INTERPRET.to_vec()),
        ("outcome", "An outcome", OUTCOME.to_vec()),
    ]
}

fn list<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::TAGS;

    #[test]
    fn m2_o10_the_standard_fields_are_all_described() {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(names, [TEXT_FIELDS.as_slice(), &[TAGS]].concat());
    }

    #[test]
    fn m2_every_key_says_what_it_is() {
        for (_, _, keys) in tables() {
            for key in keys {
                assert!(key.about.ends_with('.') && key.about.len() < 160, "{}: {}", key.name, key.about);
                assert!(super::super::yaml::read(key.example).is_ok(), "{}: {}", key.name, key.example);
            }
        }
    }
}
