//! Which standard field of a lead a path is likely to hold: by the name of its key first, then by the shape of its values.

use super::names;
use super::path::Path;
use super::path_stats::PathStats;
use super::shape::{Shape, could_be_phone};
use serde::Serialize;
use utoipa::ToSchema;

/// What a path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FieldMeaning)]
pub enum Meaning {
    /// Its id where it comes from.
    ExternalId,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
    /// Both in one.
    FullName,
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
    /// Street and number.
    Street,
    /// The city.
    City,
    /// The state.
    State,
    /// The postal code.
    Zip,
    /// The country.
    Country,
    /// The day of birth.
    DateOfBirth,
    /// Where the lead sat.
    Ip,
    /// Where the lead comes from.
    Source,
    /// What it is marked with.
    Tags,
}

/// How many of a path's values must have a shape, of a hundred, so that the path has it.
const SHAPE_PERCENT: usize = 80;

impl Meaning {
    /// Whether values tell who somebody is, so that not one letter of them is shown.
    pub fn is_somebody(self) -> bool {
        !matches!(self, Self::State | Self::Country | Self::Source | Self::Tags)
    }

    /// What the key says.
    pub(super) fn by_name(path: &Path) -> Option<Self> {
        let own = path.own_name()?;
        if path.0.len() == 1 && names::bare(own) == "id" {
            return Some(Self::ExternalId);
        }
        names::meaning(own, path.around())
    }

    /// What key and values say together.
    pub(super) fn of(stats: &PathStats) -> Option<Self> {
        let named = Self::by_name(&stats.path).filter(|meaning| meaning.suits(stats));
        named.or_else(|| by_shape(stats))
    }

    /// Whether the values contradict the name: half of them must not.
    fn suits(self, stats: &PathStats) -> bool {
        if stats.shapes.total == 0 {
            return true;
        }
        let suited: usize = stats.shapes.each().filter(|(shape, _)| self.takes(*shape)).map(|(_, count)| count).sum();
        let suited = if self == Self::Phone { suited.max(stats.shapes.phones) } else { suited };
        stats.shapes.total <= suited * 2
    }

    fn takes(self, shape: Shape) -> bool {
        match self {
            Self::Email => shape == Shape::Email,
            Self::Phone => shape == Shape::Phone,
            Self::DateOfBirth => matches!(shape, Shape::Date | Shape::Moment),
            Self::Ip => shape == Shape::Ip,
            Self::Zip => matches!(shape, Shape::Zip | Shape::Number | Shape::Text),
            Self::FirstName | Self::LastName | Self::FullName | Self::City => {
                matches!(shape, Shape::Text | Shape::Code)
            }
            Self::State | Self::Country => matches!(shape, Shape::Text | Shape::Code | Shape::Flag),
            Self::Street => matches!(shape, Shape::Street | Shape::Text),
            Self::ExternalId => !matches!(shape, Shape::Flag | Shape::Email),
            Self::Source | Self::Tags => shape != Shape::Flag,
        }
    }
}

/// What the values say by themselves.
fn by_shape(stats: &PathStats) -> Option<Meaning> {
    let is_other = |name: Option<&str>| name.is_some_and(names::is_of_others);
    if is_other(stats.path.own_name()) || is_other(stats.path.around()) {
        return None;
    }
    match stats.shapes.main()? {
        Shape::Email => Some(Meaning::Email),
        Shape::Phone => Some(Meaning::Phone),
        Shape::Ip => Some(Meaning::Ip),
        Shape::Zip => Some(Meaning::Zip),
        Shape::Street => Some(Meaning::Street),
        Shape::Uuid if stats.path.0.len() == 1 => Some(Meaning::ExternalId),
        _ => None,
    }
}

/// How many values have which shape.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    counts: std::collections::BTreeMap<Shape, usize>,
    pub(super) total: usize,
    /// How many could be phone numbers, bare digits too.
    phones: usize,
}

impl Shapes {
    pub(super) fn add(&mut self, text: &str) {
        *self.counts.entry(Shape::of(text)).or_default() += 1;
        self.total += 1;
        self.phones += usize::from(could_be_phone(text));
    }

    fn each(&self) -> impl Iterator<Item = (Shape, usize)> {
        self.counts.iter().map(|(shape, count)| (*shape, *count))
    }

    /// The shape that nearly all values have.
    pub(super) fn main(&self) -> Option<Shape> {
        let (shape, count) = self.each().max_by_key(|(_, count)| *count)?;
        (self.total * SHAPE_PERCENT <= count * 100).then_some(shape)
    }
}
