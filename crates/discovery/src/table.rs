//! The table of fields: stats gathered from elements, as people and programs read them.

use super::PATHS_MAX;
use super::leads::Lists;
use super::meaning::Meaning;
use super::path::{Path, Step};
use super::path_stats::{Kinds, PathStats};
use super::shape::Shape;
use super::walk::walk;
use serde_json::Value;
use std::collections::HashMap;

/// What the document that runs makes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whether anything is made of it.
    pub is_used: bool,
    /// The fields of the lead that are made of it, as far as they have names.
    pub fields: Vec<String>,
}

/// A path, and all that is known of it.
#[derive(Debug, Clone)]
pub struct Field {
    /// Where it stands.
    pub path: Path,
    /// The same as a document writes it.
    pub written: String,
    /// How many values of each type it has.
    pub kinds: Kinds,
    /// In how many elements it is.
    pub seen: usize,
    /// In how many of them it is not blank.
    pub filled: usize,
    /// Masked values, no two the same.
    pub examples: Vec<String>,
    /// When it was first seen, in milliseconds since 1970.
    pub first_seen_ms: i64,
    /// When it was last seen.
    pub last_seen_ms: i64,
    /// Whether it is new in these elements.
    pub is_new: bool,
    /// Whether it went away in them.
    pub has_vanished: bool,
    /// Which standard field it is likely to hold.
    pub meaning: Option<Meaning>,
    /// The formats of its days, the likeliest first; empty when its values are none.
    pub date_formats: Vec<&'static str>,
    /// Whether it can find several values, or a list of one, in one element.
    pub is_a_list: bool,
    /// The elements to try it on, counted from 0: the last and the first in which it is not blank.
    pub samples: Vec<usize>,
    /// What the document that runs makes of it; none when that was not tried.
    pub usage: Option<Usage>,
}

/// Every path of some elements.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// In the order of their first occurrence.
    pub fields: Vec<Field>,
    /// The number of elements.
    pub elements: usize,
    /// When the oldest of them was received.
    pub first_at_ms: Option<i64>,
    /// When the newest of them was received.
    pub last_at_ms: Option<i64>,
    /// How many values stood in paths beyond the bound on paths.
    pub values_left_out: usize,
    /// How many elements had more values than the limit.
    pub elements_cut: usize,
    /// Lists in the elements that may hold several leads.
    pub lists: Lists,
}

impl Field {
    /// In which part of the elements it is filled, from 0 to 1.
    pub fn fill_rate(&self, elements: usize) -> f64 {
        // Counts are far below what a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let rate = self.filled as f64 / elements.max(1) as f64;
        (rate * 1_000.0).round() / 1_000.0
    }

    /// The same in percent, for people.
    pub fn fill_percent(&self, elements: usize) -> usize {
        (self.filled * 100 + elements / 2) / elements.max(1)
    }
}

/// Collects the statistics of paths while elements are added.
#[derive(Debug, Default)]
pub(super) struct FieldTableBuilder {
    stats: Vec<PathStats>,
    known: HashMap<Vec<Step>, usize>,
    times_ms: Vec<i64>,
    /// Where the elements stand.
    start: Vec<Step>,
    values_left_out: usize,
    elements_cut: usize,
}

impl FieldTableBuilder {
    /// For elements that stand at a path: their own paths begin with it.
    pub(super) fn below(start: &[Step]) -> Self {
        Self { start: start.to_vec(), ..Self::default() }
    }

    pub(super) fn element(&mut self, received_at_ms: i64, element: &Value) {
        let index = self.times_ms.len();
        self.times_ms.push(received_at_ms);
        let whole = walk(&self.start.clone(), element, &mut |steps, value| match self.stats(steps, index) {
            Some(stats) => stats.add(index, value),
            None => self.values_left_out += 1,
        });
        self.elements_cut += usize::from(!whole);
    }

    fn stats(&mut self, steps: &[Step], element: usize) -> Option<&mut PathStats> {
        let index = match self.known.get(steps) {
            Some(index) => *index,
            None if PATHS_MAX <= self.stats.len() => return None,
            None => {
                self.known.insert(steps.to_vec(), self.stats.len());
                self.stats.push(PathStats::new(Path(steps.to_vec()), element));
                self.stats.len() - 1
            }
        };
        self.stats.get_mut(index)
    }

    pub(super) fn finish(self) -> Fields {
        let (times, elements) = (self.times_ms, self.stats.len());
        let mut fields = Vec::with_capacity(elements);
        fields.extend(self.stats.iter().map(|stats| field(stats, &times)));
        Fields {
            fields,
            elements: times.len(),
            first_at_ms: times.first().copied(),
            last_at_ms: times.last().copied(),
            values_left_out: self.values_left_out,
            elements_cut: self.elements_cut,
            lists: Lists::default(),
        }
    }
}

fn field(stats: &PathStats, times_ms: &[i64]) -> Field {
    let time = |index: usize| times_ms.get(index).copied().unwrap_or_default();
    let meaning = Meaning::of(stats);
    let holds_days = meaning == Some(Meaning::DateOfBirth) || stats.shapes.main() == Some(Shape::Date);
    Field {
        written: stats.path.format(stats.is_several),
        path: stats.path.clone(),
        kinds: stats.kinds,
        seen: stats.seen,
        filled: stats.filled,
        examples: stats.examples.clone(),
        first_seen_ms: time(stats.first),
        last_seen_ms: time(stats.last),
        is_new: stats.is_new(times_ms.len()),
        has_vanished: stats.has_vanished(times_ms.len()),
        meaning,
        date_formats: if holds_days { stats.date_formats() } else { Vec::new() },
        is_a_list: stats.path.is_a_query(),
        samples: samples(stats.filled_in),
        usage: None,
    }
}

fn samples(filled_in: Option<(usize, usize)>) -> Vec<usize> {
    match filled_in {
        Some((first, last)) if first < last => vec![last, first],
        Some((only, _)) => vec![only],
        None => Vec::new(),
    }
}
