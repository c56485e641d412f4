//! The map section as bytes that run as they are: what most fields do stands in records of one width, so that a fresh instance
//! has nothing to build. The recipe of a field is read when the record does not say all, or when somebody asks why.

use std::cell::OnceCell;

use hookmill_json::PathTrie;
use serde::{Deserialize, Serialize};

use super::codec::{PlainCodes, PlanError, decode, encode};
use super::field::{FastPathPlan, RecipeOptions};
use super::{Fallback, Field, Items, MapPlan, Path, Step, Steps, Target, Unknown};
use crate::lead::TEXT_FIELDS;

/// How many functions a record holds.
const FUNCTIONS_MAX: usize = 4;

/// Target, how it ends, number of functions, the functions, numbers of places and guards, then where places, name and recipe
/// stand.
const RECORD: usize = 32;

/// The record says how the field is made in the ordinary case.
const HAS_FAST_PATH: u8 = 1;
/// What is missing is left out.
const OMITS_MISSING: u8 = 2;
/// What is null or blank stays as it is.
const KEEPS_BLANK: u8 = 4;
/// It has several alternatives, among which an object is none for a text.
const SKIPS_OBJECTS: u8 = 8;

const TAGS_TARGET: u8 = TEXT_FIELDS.len() as u8;
const CUSTOM_TARGET: u8 = TAGS_TARGET + 1;
const VARIABLE_TARGET: u8 = CUSTOM_TARGET + 1;

/// What few documents say about their elements.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapOptions<'p> {
    /// Where the elements are; none for the body itself, or its items when it is a list.
    #[serde(borrow)]
    pub items: Option<Items<'p>>,
    /// Objects in the element where loose names are looked for as well.
    #[serde(borrow)]
    pub also_search: Vec<Path<'p>>,
    /// Inbound keys that are dropped without a word.
    #[serde(borrow)]
    pub ignore: Vec<Path<'p>>,
    /// Inbound objects whose members become custom fields of their own.
    #[serde(borrow)]
    pub expand: Vec<Path<'p>>,
    /// Where the source says that a lead is a test, besides at places.
    #[serde(borrow)]
    pub is_test: Vec<Path<'p>>,
    /// What filters of paths read from the element.
    #[serde(borrow)]
    pub filter_reads: Vec<Path<'p>>,
    /// With `unknown: reject`, the paths into the element that are known, whatever lies at their ends; none when all are.
    #[serde(borrow)]
    pub known_paths: Option<Vec<Vec<Step<'p>>>>,
    /// The fields at which later ones look, by their places.
    pub referenced: Vec<u16>,
    /// The order in which the variables are made, which are the first fields.
    pub variables: Vec<u16>,
}

/// A loaded map section.
#[derive(Debug)]
pub struct LoadedMap<'p> {
    /// What becomes of inbound keys that no field used.
    pub unknown: Unknown,
    /// What few documents say.
    pub options: MapOptions<'p>,
    /// The places that paths have; none when they are followed one by one.
    pub path_trie: Option<PathTrie<'p>>,
    /// Places where the source says that a lead is a test.
    tests: &'p [[u8; 2]],
    records: &'p [[u8; RECORD]],
    places: &'p [[u8; 2]],
    names: &'p [u8],
    recipes: &'p [u8],
    fields: OnceCell<Vec<OnceCell<Result<Field<'p>, PlanError>>>>,
}

/// How a field is made in the ordinary case.
#[derive(Clone, Copy, Debug)]
pub struct FastPath<'p> {
    places: &'p [[u8; 2]],
    guards: &'p [[u8; 2]],
    functions: &'p [u8],
    /// What is missing is left out.
    pub omits_missing: bool,
    /// What is null or blank stays as it is.
    pub keeps_blank: bool,
    /// An object is none of the alternatives.
    pub skips_objects: bool,
}

impl<'p> FastPath<'p> {
    /// Where it may be: the first that is not blank counts.
    pub fn places(self) -> impl Iterator<Item = u16> + use<'p> {
        self.places.iter().map(|place| u16::from_le_bytes(*place))
    }

    /// Where other alternatives may be, which the recipe knows.
    pub fn guards(self) -> impl Iterator<Item = u16> + use<'p> {
        self.guards.iter().map(|place| u16::from_le_bytes(*place))
    }

    /// Its functions in order, by the codes that the plan was encoded with.
    pub fn functions(self) -> &'p [u8] {
        self.functions
    }
}

/// Where a field goes, as its record says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TargetRef<'p> {
    /// A standard field that holds a text, by its place in [`TEXT_FIELDS`].
    Text(usize),
    /// The tags.
    Tags,
    /// A custom field.
    Custom(&'p str),
    /// Nowhere: other fields are made of it.
    Variable,
}

impl<'p> LoadedMap<'p> {
    /// Takes what [`encode_section`] made.
    pub(super) fn read(bytes: &'p [u8]) -> Result<Self, PlanError> {
        let cut_off = PlanError("its map section is cut off");
        let (unknown, mut rest) = bytes.split_first().ok_or(cut_off)?;
        let mut sections = [&bytes[..0]; 7];
        for section in &mut sections {
            let (length, behind) = rest.split_first_chunk::<4>().ok_or(cut_off)?;
            (*section, rest) = behind.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(cut_off)?;
        }
        let [options, path_trie, tests, records, places, names, recipes] = sections;
        Ok(Self {
            unknown: *UNKNOWN.get(usize::from(*unknown)).ok_or(PlanError("its map section can't be read"))?,
            options: if options.is_empty() { MapOptions::default() } else { decode(options)? },
            path_trie: PathTrie::read(path_trie).filter(|_| !path_trie.is_empty()),
            tests: tests.as_chunks().0,
            records: records.as_chunks().0,
            places: places.as_chunks().0,
            names,
            recipes,
            fields: OnceCell::new(),
        })
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The places of all fields in the order in which they are made: variables first.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<'_, 'p> {
        let variables = &self.options.variables;
        variables.iter().map(|variable| usize::from(*variable)).chain(variables.len()..self.len())
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Places where the source says that a lead is a test.
    pub fn tests(&self) -> impl Iterator<Item = u16> + use<'p> {
        self.tests.iter().map(|place| u16::from_le_bytes(*place))
    }

    /// How a field is made in the ordinary case, if its record says it.
    pub fn fast_path(&self, index: usize) -> Option<FastPath<'p>> {
        let record: &'p [u8; RECORD] = self.records.get(index)?;
        if record[1] & HAS_FAST_PATH == 0 {
            return None;
        }
        let (first, places, guards) = (word(record, 12), short(record, 8), short(record, 10));
        let (places, guards) = self.places.get(first..first + places + guards)?.split_at_checked(places)?;
        Some(FastPath {
            places,
            guards,
            functions: record.get(3..3 + usize::from(record[2]))?,
            omits_missing: record[1] & OMITS_MISSING != 0,
            keeps_blank: record[1] & KEEPS_BLANK != 0,
            skips_objects: record[1] & SKIPS_OBJECTS != 0,
        })
    }

    /// Where a field goes.
    pub fn target(&self, index: usize) -> Option<TargetRef<'p>> {
        let record = self.records.get(index)?;
        match record[0] {
            CUSTOM_TARGET => {
                let name = slice(self.names, word(record, 16), word(record, 20))?;
                std::str::from_utf8(name).ok().map(TargetRef::Custom)
            }
            TAGS_TARGET => Some(TargetRef::Tags),
            VARIABLE_TARGET => Some(TargetRef::Variable),
            text => (usize::from(text) < TEXT_FIELDS.len()).then_some(TargetRef::Text(text.into())),
        }
    }

    /// A field as its author wrote it.
    pub fn field(&self, index: usize) -> Result<&Field<'p>, PlanError> {
        let fields = self.fields.get_or_init(|| (0..self.len()).map(|_| OnceCell::new()).collect());
        let damaged = PlanError("a field can't be read");
        let field = fields.get(index).ok_or(damaged)?.get_or_init(|| {
            let record = self.records.get(index).ok_or(damaged)?;
            decode(slice(self.recipes, word(record, 24), word(record, 28)).ok_or(damaged)?)
        });
        field.as_ref().map_err(|damaged| *damaged)
    }
}

const UNKNOWN: [Unknown; 3] = [Unknown::Custom, Unknown::Drop, Unknown::Reject];

fn word(record: &[u8; RECORD], at: usize) -> usize {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]) as usize
}

fn short(record: &[u8; RECORD], at: usize) -> usize {
    usize::from(u16::from_le_bytes([record[at], record[at + 1]]))
}

fn slice(bytes: &[u8], start: usize, length: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(length)?)
}

/// The bytes of a map section.
pub(super) fn encode_section(map: &MapPlan<'_>, plain_codes: PlainCodes) -> Result<Vec<u8>, PlanError> {
    let (placed, unplaced): (Vec<&Path<'_>>, Vec<&Path<'_>>) = map.is_test.iter().partition(|path| is_at_place(path));
    let options = MapOptions {
        items: map.items.clone(),
        also_search: map.also_search.clone(),
        ignore: map.ignore.clone(),
        expand: map.expand.clone(),
        is_test: unplaced.into_iter().cloned().collect(),
        filter_reads: map.filter_reads.clone(),
        known_paths: map.known_paths.clone(),
        referenced: map.referenced.clone(),
        variables: map.variables.clone(),
    };
    let options = if options == MapOptions::default() { Vec::new() } else { encode(&options)? };
    let tests: Vec<u8> = placed.iter().filter_map(|path| path.place).flat_map(u16::to_le_bytes).collect();
    let (mut records, mut places, mut names, mut recipes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, field) in map.fields.iter().enumerate() {
        let name = if let Target::Custom(name) = &field.target { name.as_bytes() } else { &[] };
        let recipe = encode(field)?;
        let line = map.fast_paths.get(index).and_then(Option::as_ref);
        let words = [places.len() / 2, names.len(), name.len(), recipes.len(), recipe.len()];
        records.extend_from_slice(
            &record(field, line, plain_codes(&field.recipe.then), words)
                .ok_or(PlanError("a part of the plan is too large"))?,
        );
        let all = line.into_iter().flat_map(|line| line.places.iter().chain(&line.guards));
        places.extend(all.flat_map(|place| place.to_le_bytes()));
        names.extend_from_slice(name);
        recipes.extend_from_slice(&recipe);
    }
    let unknown = UNKNOWN.iter().position(|unknown| *unknown == map.unknown).unwrap_or_default();
    let mut bytes = vec![unknown as u8];
    for section in [&options, &map.path_trie, &tests, &records, &places, &names, &recipes] {
        let length = u32::try_from(section.len()).map_err(|_| PlanError("a part of the plan is too large"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(section);
    }
    Ok(bytes)
}

fn record(
    field: &Field<'_>,
    line: Option<&FastPathPlan>,
    codes: Option<Vec<u8>>,
    words: [usize; 5],
) -> Option<[u8; RECORD]> {
    let mut record = [0; RECORD];
    record[0] = match field.target {
        Target::Text(index) => u8::try_from(index).ok()?,
        Target::Tags => TAGS_TARGET,
        Target::Custom(_) => CUSTOM_TARGET,
        Target::Variable => VARIABLE_TARGET,
    };
    if let (Some(line), Some(functions)) = (line, codes.filter(|codes| codes.len() <= FUNCTIONS_MAX)) {
        record[1] = HAS_FAST_PATH | ending(field.recipe.options());
        if 1 < field.recipe.sources.len() && matches!(field.target, Target::Text(_)) {
            record[1] |= SKIPS_OBJECTS;
        }
        record[2] = functions.len() as u8;
        record[3..3 + functions.len()].copy_from_slice(&functions);
        let counts = [line.places.len(), line.guards.len()].map(u16::try_from);
        record[8..10].copy_from_slice(&counts[0].ok()?.to_le_bytes());
        record[10..12].copy_from_slice(&counts[1].ok()?.to_le_bytes());
    }
    for (index, word) in words.into_iter().enumerate() {
        let at = 12 + 4 * index;
        record[at..at + 4].copy_from_slice(&u32::try_from(word).ok()?.to_le_bytes());
    }
    Some(record)
}

fn ending(options: &RecipeOptions<'_>) -> u8 {
    let omits = options.on_missing == Fallback::Omit;
    let keeps = options.on_null == Fallback::Keep && options.on_blank == Fallback::Keep;
    (u8::from(omits) * OMITS_MISSING) | (u8::from(keeps) * KEEPS_BLANK)
}

fn is_at_place(path: &Path<'_>) -> bool {
    path.root == super::Root::Whole && path.place.is_some() && path.steps == Steps::Singular(Vec::new())
}
