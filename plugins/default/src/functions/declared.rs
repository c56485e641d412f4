//! What is declared of the functions in a plan, which holds their ids and arguments alone.

use super::error::FunctionError;
use super::registry;
use super::spec::{Lists, Run, Spec};
use crate::plan::Function;

/// What a function of a plan is.
pub trait Declared {
    /// Its declaration; that of `UNKNOWN` where the plan is of another version of the plugin.
    fn spec(&self) -> &'static Spec;

    /// Its name in documents.
    fn name(&self) -> &'static str {
        self.spec().name
    }

    /// Whether a missing value stays missing.
    fn passes_missing(&self) -> bool {
        !matches!(self.spec().run, Run::Any(_))
    }

    /// Whether it takes a list as one value, instead of its items one by one.
    fn takes_lists(&self) -> bool {
        self.spec().lists == Lists::Whole
    }
}

impl Declared for Function<'_> {
    fn spec(&self) -> &'static Spec {
        registry::by_id(self.id).unwrap_or(&UNKNOWN)
    }
}

/// Stands for a function that this version of the plugin does not have: every call of it fails.
static UNKNOWN: Spec = Spec {
    name: "unknown",
    run: Run::Any(|_, _| Err(FunctionError::new("bad_plan", "a function is unknown; save the document again"))),
    ..Spec::USUAL
};
