//! Functions without arguments that work on texts alone, by codes of one byte: the fast paths of a plan name functions so.

use super::registry;
use crate::plan::Function;

/// The functions, in the order of their codes.
const PLAIN_NAMES: [&str; 11] = [
    "trim",
    "collapse_space",
    "lower",
    "upper",
    "title",
    "digits",
    "email",
    "phone",
    "ascii",
    "html_decode",
    "country",
];

thread_local! {
    static PLAIN: &'static [Function<'static>] = build().leak();
}

fn build() -> Vec<Function<'static>> {
    let ids = PLAIN_NAMES.iter().filter_map(|name| registry::id_of(name));
    ids.map(|id| Function { id, arguments: Vec::new() }).collect()
}

/// Builds the table, so that no batch has to.
pub fn prepare() {
    PLAIN.with(|_| ());
}

/// The functions that codes name; unknown codes are left out.
pub fn plain_functions(codes: &[u8]) -> impl Iterator<Item = &'static Function<'static>> {
    let plain = PLAIN.with(|plain| *plain);
    codes.iter().filter_map(|code| plain.get(usize::from(*code)))
}

/// The codes of a chain; none when it has a function without a code.
pub fn plain_codes(functions: &[Function<'_>]) -> Option<Vec<u8>> {
    let plain = PLAIN.with(|plain| *plain);
    let code = |function: &Function<'_>| plain.iter().position(|plain| plain == function).map(|code| code as u8);
    functions.iter().map(code).collect()
}
