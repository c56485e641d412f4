//! All functions of the language, in groups. What documents may say, what is done, and what the reference tells follow from this one list.

use super::spec::Spec;
use super::{choice, coding, digest, email, list, lookup, name, number, object, pattern, phone, place, text, time};
use crate::plan::FunctionId;

/// The functions by group. A function's place is written into plans, so a plan belongs to the version that compiled it.
pub static GROUPS: &[&[Spec]] = &[
    text::FUNCTIONS,
    pattern::FUNCTIONS,
    coding::FUNCTIONS,
    name::FUNCTIONS,
    email::FUNCTIONS,
    phone::FUNCTIONS,
    place::FUNCTIONS,
    number::FUNCTIONS,
    time::FUNCTIONS,
    lookup::FUNCTIONS,
    digest::FUNCTIONS,
    list::FUNCTIONS,
    object::FUNCTIONS,
    choice::FUNCTIONS,
];

/// All functions, group by group.
pub fn registry() -> impl Iterator<Item = &'static Spec> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Spec> {
    registry().find(|spec| spec.name == name)
}

/// The id of the function of this name.
pub fn id_of(name: &str) -> Option<FunctionId> {
    let group_of = |specs: &&[Spec]| specs.iter().position(|spec| spec.name == name);
    let (group, place) = GROUPS.iter().enumerate().find_map(|(group, specs)| Some((group, group_of(specs)?)))?;
    Some(FunctionId { group: u8::try_from(group).ok()?, place: u8::try_from(place).ok()? })
}

/// The function of this id.
pub fn by_id(id: FunctionId) -> Option<&'static Spec> {
    GROUPS.get(usize::from(id.group))?.get(usize::from(id.place))
}

/// All names.
pub fn names() -> Vec<&'static str> {
    registry().map(|spec| spec.name).collect()
}
