//! What is declared of the functions in a plan, which holds their ids and arguments alone.

use super::error::FunctionError;
use super::registry;
use super::spec::{ArgumentKind, Lists, Run, Spec};
use crate::plan::{Argument, Function, Path, TemplatePart};

/// What a function of a plan is.
pub trait Declared<'p> {
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

    /// The paths of its stage that it follows: those of chains inside it, too, but not those that start at the value itself.
    fn paths(&self) -> Vec<&Path<'p>>;
}

impl<'p> Declared<'p> for Function<'p> {
    fn spec(&self) -> &'static Spec {
        registry::by_id(self.id).unwrap_or(&UNKNOWN)
    }

    fn paths(&self) -> Vec<&Path<'p>> {
        let mut paths = Vec::new();
        for (parameter, argument) in self.spec().parameters.iter().zip(&self.arguments) {
            match (argument, parameter.kind) {
                (Argument::Path(_), ArgumentKind::Inside | ArgumentKind::Condition) => {}
                (Argument::Path(path), _) => paths.push(path),
                (Argument::Paths(several), _) => paths.extend(several),
                (Argument::Chain(chain), _) => paths.extend(chain.iter().flat_map(Declared::paths)),
                (Argument::Template(template), _) => paths.extend(template.parts.iter().filter_map(TemplatePart::path)),
                _ => {}
            }
        }
        paths
    }
}

/// Stands for a function that this version of the plugin does not have: every call of it fails.
static UNKNOWN: Spec = Spec {
    name: "unknown",
    run: Run::Any(|_, _| Err(FunctionError::new("bad_plan", "a function is unknown; save the document again"))),
    ..Spec::USUAL
};
