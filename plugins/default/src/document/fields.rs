//! The `map` section.

use super::check::{At, Diagnostics, join, under};
use super::defined_fields::DefinedFields;
use super::functions::path_of;
use super::limits::FIELDS_MAX;
use super::node::{Key, Kind, Node};
use super::path::Stage;
use super::{arguments, keys, known_paths, names, placing, recipe, variables};
use crate::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use crate::plan::owned::{Field, Items, MapPlan, Path, Root, Steps, Target, Unknown};

const KEYS: [&str; 8] = keys::names(&keys::MAP);

const ITEMS_KEYS: [&str; keys::ITEMS.len()] = keys::names(&keys::ITEMS);

/// Where a source usually says that a lead is a test.
const IS_TEST: [&str; 2] = ["~is_test", "~test"];

/// Reads the `map` section.
pub fn read(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<MapPlan> {
    diagnostics.map_of(at, "a map with `fields`", &KEYS)?;
    let unknown = [("custom", Unknown::Custom), ("drop", Unknown::Drop), ("reject", Unknown::Reject)];
    let (mut made_fields, order) = under(at, "variables", |at| variables::read(diagnostics, at)).unwrap_or_default();
    let before = made_fields.len();
    diagnostics.variables.set_scope(true);
    made_fields.extend(under(at, "fields", |at| fields(diagnostics, at, before)).unwrap_or_default());
    diagnostics.variables.set_scope(false);
    let expand = under(at, "expand", |at| expanded(diagnostics, at, &made_fields)).unwrap_or_default();
    under(at, "variables", |at| variables::warn_of_unused(diagnostics, at));
    diagnostics.names_of_map = made_fields.iter().map(path_in_map).collect();
    let mut referenced = std::mem::take(&mut diagnostics.defined_fields).into_referenced();
    referenced.extend(diagnostics.variables.referenced());
    let mut map = MapPlan {
        items: under(at, "items", |at| items(diagnostics, at)).flatten(),
        also_search: under(at, "also_search", |at| paths(diagnostics, at)).unwrap_or_default(),
        variables: order,
        fields: made_fields,
        referenced,
        unknown: under(at, "unknown", |at| diagnostics.one_of(at, &unknown)).flatten().unwrap_or(Unknown::Custom),
        ignore: under(at, "ignore", |at| paths(diagnostics, at)).unwrap_or_default(),
        expand,
        is_test: under(at, "is_test", |at| paths(diagnostics, at)).unwrap_or_else(usual_test_marks),
        filter_reads: Vec::new(),
        known_paths: None,
        path_trie: Vec::new(),
        fast_paths: Vec::new(),
    };
    known_paths::add_filter_reads(&mut map);
    if map.unknown == Unknown::Reject {
        map.known_paths = known_paths::known_paths(&map);
    }
    placing::place(&mut map);
    Some(map)
}

/// Where the elements are: parts of the body, or of a value that is made first.
fn items(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Items> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        return part_path(diagnostics, at).map(Items::Parts);
    }
    let recipe = recipe::from_map(diagnostics, at, Stage::Map, &ITEMS_KEYS)?;
    let inside = under(at, "at", |at| arguments::inside(diagnostics, at)).flatten();
    Some(Items::Evaluated { recipe: Box::new(recipe), at: inside })
}

/// The path of parts of the body, which is where it must start.
fn part_path(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Path> {
    let path = path_of(diagnostics, at, Stage::Map)?;
    if path.root == Root::Whole {
        return Some(path);
    }
    let hint = Some(
        "write it like `$.entry[*]`, or take it `from` there: `{from: query.lead, then: [parse_json]}`".to_owned(),
    );
    diagnostics.error(at, "bad_path", "`items` takes elements out of the body, and this path starts elsewhere", hint);
    None
}

/// How paths of `map` lead to what was made.
fn path_in_map(field: &Field) -> String {
    if field.target == Target::Variable { field.name.to_string() } else { format!("fields.{}", field.name) }
}

fn usual_test_marks() -> Vec<Path> {
    IS_TEST.iter().filter_map(|text| super::path::read(text, Stage::Map).ok()).collect()
}

fn paths(diagnostics: &mut Diagnostics, at: At<'_>) -> Vec<Path> {
    let mut paths = Vec::new();
    for (index, node) in diagnostics.items(at).iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        paths.extend(path_of(diagnostics, At { node, path: &path }, Stage::Map));
    }
    paths
}

/// The objects whose members become custom fields: parts of the element, and whole custom fields, which all are defined by now.
fn expanded(diagnostics: &mut Diagnostics, at: At<'_>, fields: &[Field]) -> Vec<Path> {
    diagnostics.defined_fields.begin_after_all();
    let paths = paths(diagnostics, at);
    for path in &paths {
        let Root::Field(place) = path.root else { continue };
        let field = fields.get(usize::from(place));
        let is_whole = path.steps == Steps::Singular(Vec::new());
        if field.is_some_and(|field| !is_whole || !matches!(field.target, Target::Custom(_))) {
            let message = format!("`{}` is not a whole custom field", path.text);
            let hint = "name a custom field that holds an object; a part of one is made a field of its own first";
            diagnostics.error(at, "bad_path", message, Some(hint.to_owned()));
        }
    }
    paths
}

/// The fields, which stand in the plan behind so many variables.
fn fields(diagnostics: &mut Diagnostics, at: At<'_>, variables: usize) -> Vec<Field> {
    let entries = diagnostics.map(at, "a map from a field's name to where it comes from").unwrap_or_default();
    if entries.len() > FIELDS_MAX {
        let message = format!("there are {} fields, the bound is {FIELDS_MAX} (FIELDS_MAX)", entries.len());
        diagnostics.error(at, "too_many", message, None);
        return Vec::new();
    }
    let mut fields: Vec<Field> = Vec::with_capacity(entries.len());
    diagnostics.defined_fields = DefinedFields::of(entries);
    for (number, (key, node)) in entries.iter().enumerate() {
        diagnostics.defined_fields.begin(number);
        let Some(field) = field(diagnostics, at.path, key, node) else { continue };
        if let Some(other) = fields.iter().find(|other| other.target == field.target) {
            let message = format!("`{}` is the same field as `{}`", field.name, other.name);
            diagnostics.bad_key(at.path, key, "duplicate_field", message, "remove one of them");
        }
        diagnostics.defined_fields.end(variables + fields.len());
        fields.push(field);
    }
    names::warn_of_near_ones(diagnostics, at.path, entries, &fields);
    fields
}

fn field(diagnostics: &mut Diagnostics, parent: &str, key: &Key, node: &Node) -> Option<Field> {
    let target = target(diagnostics, parent, key);
    let path = join(parent, &key.text);
    let recipe = recipe::read(diagnostics, At { node, path: &path }, Stage::Map);
    Some(Field { name: key.text.clone().into(), target: target?, recipe: recipe? })
}

fn target(diagnostics: &mut Diagnostics, parent: &str, key: &Key) -> Option<Target> {
    let name = key.text.as_str();
    if let Some(index) = TEXT_FIELDS.iter().position(|field| *field == name) {
        return Some(Target::Text(index));
    }
    if name == TAGS {
        return Some(Target::Tags);
    }
    let custom = name.strip_prefix("custom.").unwrap_or(name);
    if name == CUSTOM || custom.trim().is_empty() {
        let message = format!("`{name}` is not the name of a field");
        diagnostics.bad_key(parent, key, "bad_field_name", message, "name the custom field: `custom.age`");
        return None;
    }
    if custom == name
        && let Some(close) = names::misspelt(name)
    {
        let message = format!("`{name}` would be a custom field, but looks like the standard field `{close}`");
        let hint = format!("write `{close}`, or `custom.{name}` if you mean a custom field");
        diagnostics.bad_key(parent, key, "misspelt_field", message, &hint);
        return None;
    }
    Some(Target::Custom(custom.to_owned().into()))
}
