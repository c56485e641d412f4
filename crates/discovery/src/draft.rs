//! A document made from what was discovered: a beginning that compiles, for a person to read and to finish.

use super::leads::{self, Around, LeadList};
use super::names;
use super::path::{Path, Step};
use super::table::{Field, Fields};
use super::yaml::scalar;
use super::{Meaning, Path as FieldPath};
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

/// How many paths one field is looked for at.
const ALTERNATIVES_MAX: usize = 8;
/// How many custom fields are written out; the others are kept without a line of their own.
const CUSTOM_MAX: usize = 200;
/// How many paths the comment at the end names.
const NAMED_MAX: usize = 100;
/// How many characters the name of a custom field has.
const NAME_CHARS_MAX: usize = 60;

/// The standard fields in their order: what is taken as it is, what a name is cut out of, and the functions for all of them.
const STANDARD: [(&str, Meaning, Option<&str>, &str); 14] = [
    ("external_id", Meaning::ExternalId, None, ""),
    ("first_name", Meaning::FirstName, Some("first"), "collapse_space"),
    ("last_name", Meaning::LastName, Some("last"), "collapse_space"),
    ("email", Meaning::Email, None, "email"),
    ("phone", Meaning::Phone, None, "phone"),
    ("street", Meaning::Street, None, "collapse_space"),
    ("city", Meaning::City, None, "collapse_space"),
    ("state", Meaning::State, None, "trim"),
    ("zip", Meaning::Zip, None, "trim"),
    ("country", Meaning::Country, None, "trim"),
    ("date_of_birth", Meaning::DateOfBirth, None, ""),
    ("ip", Meaning::Ip, None, "trim"),
    ("source", Meaning::Source, None, ""),
    ("tags", Meaning::Tags, None, ""),
];

/// A document (version 1, YAML) for elements like these.
pub fn draft(bodies: &Fields) -> String {
    let leads = bodies.lists.leads.as_deref();
    let fields = leads.map_or(bodies, |leads| &leads.fields);
    let own_names = fields.fields.iter().filter(|_| leads.is_some()).filter_map(|field| field.path.first_name());
    let customs = own_names.map(slug).collect();
    let mut draft =
        Draft { bodies, leads, fields, used: HashSet::new(), customs, cut: BTreeSet::new(), text: String::new() };
    draft.head();
    draft.items();
    draft.standard();
    draft.custom();
    draft.around();
    draft.write_unmapped();
    draft.text
}

struct Draft<'f> {
    bodies: &'f Fields,
    /// The list whose items are the leads; without it the bodies are.
    leads: Option<&'f LeadList>,
    /// The paths of the leads.
    fields: &'f Fields,
    used: HashSet<&'f FieldPath>,
    customs: HashSet<String>,
    /// Lists of which a field takes the first item alone.
    cut: BTreeSet<Path>,
    text: String,
}

impl<'f> Draft<'f> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn head(&mut self) {
        let elements = self.fields.elements;
        let moment =
            |ms: i64| jiff::Timestamp::from_millisecond(ms).map(|moment| moment.to_string()).unwrap_or_default();
        let time = |ms: Option<i64>| ms.map(moment).unwrap_or_default();
        let when = match (time(self.fields.first_at_ms), time(self.fields.last_at_ms)) {
            (first, last) if first == last => String::new(),
            (first, last) => format!(", {first} to {last}"),
        };
        self.line(&format!("# A draft, made from {elements} {}{when}.", if elements == 1 { "lead" } else { "leads" }));
        self.line("# Review every line before use; a dry run shows the result for a sample.");
        self.other_lists();
        self.line("version: 1\nname: draft\nmap:");
    }

    /// Where the leads are.
    fn items(&mut self) {
        let Some(leads) = self.leads else { return };
        let items = leads::items(&leads.source, &leads.path);
        let count = self.bodies.elements;
        self.line(&format!(
            "  # {count} {} had these leads. If a whole body is one lead,",
            if count == 1 { "body" } else { "bodies" }
        ));
        self.line("  # remove `items` and write each path from the body on.");
        self.line(&format!("  items: {items}"));
    }

    /// Lists of which it is not clear whether each item is a lead.
    fn other_lists(&mut self) {
        for other in &self.bodies.lists.others {
            let (items, most) = (&other.items, other.most);
            let objects = if most == 1 { "object" } else { "objects" };
            self.line(&format!(
                "# A list of up to {most} {objects} is read as a part of one lead. If each of them is a lead,"
            ));
            self.line("# remove the fields below, write their paths from the object on, and add to `map`:");
            self.line(&format!("#   items: {items}"));
        }
    }

    fn standard(&mut self) {
        let start = self.text.len();
        for (name, meaning, part, functions) in STANDARD {
            let mut found = self.of(meaning);
            let plain = found.len();
            if part.is_some() {
                found.extend(self.of(Meaning::FullName));
            }
            found.truncate(ALTERNATIVES_MAX);
            let around = if found.is_empty() { self.around_of(meaning) } else { None };
            if found.is_empty() && around.is_none() {
                continue;
            }
            self.field(name);
            if let Some(one) = around {
                self.around_line(one);
            }
            for (index, field) in found.into_iter().enumerate() {
                self.alternative(meaning, field, part.filter(|_| plain <= index));
            }
            self.then(functions);
            self.line("      on_error: keep_raw");
        }
        self.open(start);
    }

    /// Writes the key of all fields before the first of them.
    fn open(&mut self, start: usize) {
        if start < self.text.len() {
            self.text.insert_str(start, "  fields:\n");
        }
    }

    /// What a field may be found at, the best first.
    fn of(&self, meaning: Meaning) -> Vec<&'f Field> {
        let mut found: Vec<&Field> = self.fields.fields.iter().filter(|field| suits(field, meaning)).collect();
        found.sort_by_key(|field| {
            let by_name = Meaning::by_name(&field.path) == Some(meaning);
            (field.has_vanished, !by_name, std::cmp::Reverse(field.filled), field.path.0.len())
        });
        found
    }

    fn field(&mut self, name: &str) {
        self.line(&format!("    {}:\n      from:", scalar(name)));
    }

    fn alternative(&mut self, meaning: Meaning, field: &'f Field, part: Option<&str>) {
        let mut then = Vec::new();
        if field.is_a_list && (part.is_some() || meaning == Meaning::DateOfBirth) {
            then.push("first".to_owned());
            self.cut.extend(list_around(&field.path));
        }
        then.extend(part.map(|part| format!("{{split_name: {part}}}")));
        if meaning == Meaning::DateOfBirth {
            then.push(date(&field.date_formats));
        }
        if meaning == Meaning::Tags && !field.is_a_list {
            then.push("{split: \",\"}".into());
        }
        let path = scalar(&field.written);
        let source = match then.is_empty() {
            true => path,
            false => format!("{{path: {path}, then: [{}]}}", then.join(", ")),
        };
        let comment = self.comment(field);
        self.line(&format!("        - {source}  # {comment}"));
        self.used.insert(&field.path);
    }

    /// What stands around the leads and holds for each of them, such as the address of a household.
    fn around_of(&self, meaning: Meaning) -> Option<&'f Around> {
        use Meaning::{City, Country, Source, State, Street, Zip};
        let is_shared = matches!(meaning, Street | City | State | Zip | Country | Source);
        let mut around = self.leads.iter().filter(|_| is_shared).flat_map(|leads| &leads.around);
        around.find(|one| one.is_whole && one.field.meaning == Some(meaning))
    }

    fn around_line(&mut self, one: &'f Around) {
        let filled = one.field.fill_percent(self.bodies.elements).min(100);
        let example = one.field.examples.first().filter(|_| one.is_whole);
        let example = example.map(|example| format!(", like {example}")).unwrap_or_default();
        self.line(&format!("        - {}  # around the lead, filled in {filled}%{example}", scalar(&one.written)));
    }

    fn then(&mut self, functions: &str) {
        if !functions.is_empty() {
            self.line(&format!("      then: [{functions}]"));
        }
    }

    /// The comment on the line of a path.
    fn comment(&self, field: &Field) -> String {
        let mut comment = format!("filled in {}%", field.fill_percent(self.fields.elements));
        if let Some(example) = field.examples.first() {
            _ = write!(comment, ", like {example}");
        }
        if 1 < field.date_formats.len() {
            comment.push_str("; month first or day first? remove the wrong format");
        }
        for (is_so, what) in [(field.is_new, "; new"), (field.has_vanished, "; vanished")] {
            comment.push_str(if is_so { what } else { "" });
        }
        comment
    }

    /// What needs a line to become a custom field of a name of its own, or one that can be read.
    fn custom(&mut self) {
        let start = self.text.len();
        let has_fields = self.text.contains("\n  fields:\n");
        self.custom_around();
        let wanted = self.fields.fields.iter().filter(|field| wants_a_line(field) && field.path.fits_a_document());
        let wanted: Vec<&Field> = wanted.filter(|field| !self.used.contains(&field.path)).take(CUSTOM_MAX).collect();
        for field in wanted {
            let Some(name) = field.path.own_name().and_then(|name| self.custom_name(name)) else { continue };
            self.field(&format!("custom.{name}"));
            let comment = self.comment(field);
            self.line(&format!("        - {}  # {comment}", scalar(&field.written)));
            let first = if field.is_a_list && !field.written.ends_with("[*]") { "first" } else { "" };
            self.cut.extend(list_around(&field.path).filter(|_| !first.is_empty()));
            let day = if is_foreign_day(field) { date(&field.date_formats) } else { String::new() };
            self.then(&[first, &day].into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", "));
            if !day.is_empty() {
                self.line("      on_error: keep_raw");
            }
            self.used.insert(&field.path);
        }
        self.cut_lists();
        if !has_fields {
            self.open(start);
        }
    }

    /// Where a field takes the first of a list, the others are in a field with the whole list.
    fn cut_lists(&mut self) {
        for path in std::mem::take(&mut self.cut) {
            let Some(name) = path.own_name().and_then(|name| self.custom_name(name)) else { continue };
            self.field(&format!("custom.{name}"));
            self.line(&format!(
                "        - {}  # the whole list, of which a field above has the first",
                scalar(&path.format(false))
            ));
        }
    }

    /// What stands around the leads is not theirs by itself: each value needs a line.
    fn custom_around(&mut self) {
        let Some(leads) = self.leads else { return };
        let left: Vec<&Around> = leads.around.iter().filter(|one| self.is_custom(one)).collect();
        for one in left.into_iter().take(CUSTOM_MAX) {
            let Some(name) = self.custom_name(one.own_name()) else { continue };
            self.field(&format!("custom.{name}"));
            self.around_line(one);
        }
    }

    /// Whether a value around the leads is neither a standard field of theirs nor of the envelope.
    fn is_custom(&self, one: &Around) -> bool {
        let is_taken = STANDARD.iter().any(|(_, meaning, ..)| {
            self.of(*meaning).is_empty() && self.around_of(*meaning).is_some_and(|taken| taken.written == one.written)
        });
        !is_taken && !is_of_the_envelope(&one.field)
    }

    /// What of the values around the leads has no line.
    fn write_left_out(&mut self) {
        let Some(leads) = self.leads else { return };
        for one in leads.around.iter().filter(|one| is_of_the_envelope(&one.field)) {
            self.line(&format!("  # Part of the envelope, not of the lead: {}", one.written));
        }
        let customs = leads.around.iter().filter(|one| self.is_custom(one)).count();
        let left_out = customs.saturating_sub(CUSTOM_MAX) + leads.unreached;
        if 0 < left_out {
            self.line(&format!("  # Left out: values around the leads at {left_out} more paths."));
        }
    }

    /// A name that no other custom field has.
    fn custom_name(&mut self, name: &str) -> Option<String> {
        let slug = slug(name);
        let names = (1..=CUSTOM_MAX).map(|number| if number == 1 { slug.clone() } else { format!("{slug}_{number}") });
        let name = names.into_iter().find(|name| !self.customs.contains(name))?;
        self.customs.insert(name.clone());
        Some(name)
    }

    fn around(&mut self) {
        self.write_left_out();
        self.line("  # Everything not used above is kept under its own name as a custom field.");
        self.line("  unknown: custom");
        let ignored: Vec<&Field> = self.fields.fields.iter().filter(|field| is_of_the_envelope(field)).collect();
        self.used.extend(ignored.iter().map(|field| &field.path));
        let ignored = ignored.iter().map(|field| field.written.clone()).collect();
        self.list("ignore", "Part of the envelope, not of the lead.", ignored);
        let mut expand: Vec<String> =
            self.fields.fields.iter().filter_map(|field| expanded_path(&field.path)).collect();
        expand.dedup();
        self.list("expand", "Their members become custom fields of their own.", expand);
    }

    fn list(&mut self, key: &str, why: &str, paths: Vec<String>) {
        if !paths.is_empty() {
            let paths: Vec<String> = paths.iter().map(|path| scalar(path)).collect();
            self.line(&format!("  # {why}\n  {key}: [{}]", paths.join(", ")));
        }
    }

    /// What is not known, as a comment.
    fn write_unmapped(&mut self) {
        let rest: Vec<&Field> = self.fields.fields.iter().filter(|field| !self.used.contains(&field.path)).collect();
        if rest.is_empty() {
            return;
        }
        self.line("# Not recognised, kept as custom fields:");
        for field in rest.iter().take(NAMED_MAX) {
            let types: Vec<&str> = field.kinds.each().map(|(kind, _)| kind).collect();
            let comment = self.comment(field);
            self.line(&format!("#   {}  {}, {comment}", field.written, types.join(" or ")));
        }
        if NAMED_MAX < rest.len() {
            self.line(&format!("#   and {} more", rest.len() - NAMED_MAX));
        }
    }
}

/// The list that a path leads through first.
fn list_around(path: &Path) -> Option<Path> {
    let each = path.0.iter().position(|step| *step == Step::Each)?;
    let list = Path(path.0.get(..each)?.to_vec());
    (!list.0.is_empty() && !list.is_a_query()).then_some(list)
}

fn is_of_the_envelope(field: &Field) -> bool {
    field.path.0.len() == 1 && field.path.own_name().is_some_and(names::is_of_the_envelope)
}

fn suits(field: &Field, meaning: Meaning) -> bool {
    field.meaning == Some(meaning) && field.path.fits_a_document()
}

fn date(formats: &[&str]) -> String {
    match formats {
        [] | ["%Y-%m-%d"] => "date".into(),
        [one] => format!("{{date: \"{one}\"}}"),
        several => format!("{{date: [\"{}\"]}}", several.join("\", \"")),
    }
}

/// A pair of a list is reached by its name alone; a day that is not ISO 8601 needs its format.
fn wants_a_line(field: &Field) -> bool {
    field.path.0.iter().any(|step| matches!(step, Step::Pair { .. })) || is_foreign_day(field)
}

fn is_foreign_day(field: &Field) -> bool {
    let is_single = !field.path.0.iter().any(|step| matches!(step, Step::Each));
    is_single && !field.written.ends_with("[*]") && !matches!(field.date_formats.as_slice(), [] | ["%Y-%m-%d"])
}

/// The object of custom fields that a path leads through.
fn expanded_path(path: &Path) -> Option<String> {
    let is_one = |step: &Step| matches!(step, Step::Name(name) if names::is_spread(name));
    let end = path.0.iter().position(is_one).filter(|end| end + 1 < path.0.len())?;
    let until = Path(path.0.get(..=end)?.to_vec());
    (!until.is_a_query() && matches!(path.0.get(end + 1), Some(Step::Name(_)))).then(|| until.format(false))
}

/// A name in lower case, of letters, digits and `_`.
fn slug(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let joined = parts.map(str::to_lowercase).collect::<Vec<_>>().join("_");
    let short: String = joined.chars().take(NAME_CHARS_MAX).collect();
    if short.is_empty() { "field".into() } else { short }
}
