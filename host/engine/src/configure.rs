//! Configurations: checked and compiled once, in the sandbox, when they are saved (P4).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::contract_types::{Compiled, Description, Diagnostic, DiagnosticLevel};
use super::fault::{Fault, FaultKind, Phase};
use super::instance::{Ledger, Recipe, Running, Slot};
use super::limits::Limits;
use super::lookup::{NoValueSets, ValueSets};
use super::output;
use super::program::Loaded;
use super::runtime::Runtime;

/// A configuration that compiled and that the component takes.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledConfiguration {
    /// What a fresh instance loads; the same document gives the same bytes.
    pub plan: Arc<[u8]>,
    /// Warnings; never errors.
    pub warnings: Vec<Diagnostic>,
}

/// Why there is no compiled configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigurationError {
    /// The document is wrong; at least one of these is an error.
    #[error("the configuration has {} problems", .0.len())]
    Diagnostics(Vec<Diagnostic>),
    /// The component misbehaved.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The component takes no configuration.
    #[error("the component takes no configuration: it does not export `configuration`")]
    NotConfigurable,
}

/// A plugin's work outside of any session: no lead, no tables.
pub(crate) struct Workbench<'a> {
    runtime: &'a Runtime,
    component: &'a Loaded,
    value_sets: Arc<dyn ValueSets>,
    abandoned: Arc<AtomicBool>,
    ledger: Ledger,
}

impl<'a> Workbench<'a> {
    pub(crate) fn new(runtime: &'a Runtime, component: &'a Loaded) -> Self {
        let (value_sets, abandoned) = (Arc::new(NoValueSets), Arc::default());
        Workbench { runtime, component, value_sets, abandoned, ledger: Ledger::default() }
    }

    /// Compiles a document, and makes sure that a fresh instance takes the result.
    pub(crate) fn compile(&mut self, document: &str, slot: Slot) -> Result<CompiledConfiguration, ConfigurationError> {
        let limits = &self.runtime.limits;
        if limits.document_bytes_max < document.len() {
            return Err(ConfigurationError::Diagnostics(vec![too_long(document.len(), limits.document_bytes_max)]));
        }
        let (mut running, recipe) = self.start(None, slot)?;
        let compiled = recipe.compile(&mut running, document)?;
        let plan: Arc<[u8]> = compiled.plan.into();
        self.start(Some(&plan), super::instance::Seat::Taken(running).emptied())?;
        Ok(CompiledConfiguration { plan, warnings: compiled.warnings })
    }

    /// Asks a component what it is; none when it does not say. Starts it in any case.
    pub(crate) fn describe(&mut self, slot: Slot) -> Result<Option<Description>, Fault> {
        let (mut running, desk) = self.start(None, slot)?;
        desk.check_types(&mut running)?;
        desk.describe(&mut running)
    }

    fn start<'b>(&'b mut self, plan: Option<&'b [u8]>, slot: Slot) -> Result<(Running, Desk<'b>), Fault> {
        let Workbench { runtime, component, value_sets, abandoned, ledger } = self;
        let recipe = Recipe { runtime, component, plan, value_sets, now_ms: 0, abandoned };
        let running = recipe.start(slot, ledger).map_err(|(fault, _)| fault)?;
        Ok((running, Desk { recipe, ledger }))
    }
}

/// A workbench with an instance on it.
struct Desk<'a> {
    recipe: Recipe<'a>,
    ledger: &'a mut Ledger,
}

impl Desk<'_> {
    fn compile(self, running: &mut Running, document: &str) -> Result<Compiled, ConfigurationError> {
        let Some(configuration) = &self.recipe.component.exports.configuration else {
            return Err(ConfigurationError::NotConfigurable);
        };
        let limits = &self.recipe.runtime.limits;
        let Running { store, instance, .. } = running;
        let allowed_us = limits.deadline_configure_ms * 1_000;
        let answer = self.recipe.call(store, Phase::Compile, allowed_us, self.ledger, |store| {
            configuration.indices.load(&mut *store, instance)?.call_compile(store, document)
        })?;
        match answer {
            Ok(compiled) => Ok(checked(compiled, limits)?),
            Err(diagnostics) => Err(refused(diagnostics, limits)),
        }
    }

    fn check_types(&self, running: &mut Running) -> Result<(), Fault> {
        let checked = self.recipe.component.exports.check_types(&mut running.store, &running.instance);
        checked.map_err(|error| {
            let what = format_args!("its exports are not the contract's: {error:#}");
            Fault::new(FaultKind::InvalidOutput, Phase::Start, what)
        })
    }

    fn describe(self, running: &mut Running) -> Result<Option<Description>, Fault> {
        let Some(configuration) = &self.recipe.component.exports.configuration else { return Ok(None) };
        let Running { store, instance, .. } = running;
        let allowed_us = self.recipe.runtime.limits.deadline_configure_ms * 1_000;
        let described = self.recipe.call(store, Phase::Describe, allowed_us, self.ledger, |store| {
            configuration.indices.load(&mut *store, instance)?.call_describe(store)
        })?;
        output::check_one(&described, Phase::Describe, &self.recipe.runtime.limits)?;
        Ok(Some(described))
    }
}

fn checked(mut compiled: Compiled, limits: &Limits) -> Result<Compiled, Fault> {
    if limits.plan_bytes_max < compiled.plan.len() {
        let what = format_args!("its plan has {} bytes", compiled.plan.len());
        let value = limits.plan_bytes_max as u64;
        return Err(Fault::limit(FaultKind::OutputSize, Phase::Compile, "plan_bytes_max", value, what));
    }
    if compiled.warnings.iter().any(is_error) {
        return Err(Fault::new(
            FaultKind::InvalidOutput,
            Phase::Compile,
            "it compiled a document in which it found an error",
        ));
    }
    compiled.warnings.truncate(limits.diagnostics_max);
    output::check_one(&compiled.warnings, Phase::Compile, limits)?;
    Ok(compiled)
}

/// Errors first, in the order of the document, so that the bound never cuts the last of them off.
fn refused(mut diagnostics: Vec<Diagnostic>, limits: &Limits) -> ConfigurationError {
    if !diagnostics.iter().any(is_error) {
        let what = "it refused the document and named no error";
        return Fault::new(FaultKind::InvalidOutput, Phase::Compile, what).into();
    }
    if limits.diagnostics_max < diagnostics.len() {
        diagnostics.sort_by_key(|diagnostic| !is_error(diagnostic));
        diagnostics.truncate(limits.diagnostics_max.max(1));
    }
    match output::check_one(&diagnostics, Phase::Compile, limits) {
        Ok(()) => ConfigurationError::Diagnostics(diagnostics),
        Err(fault) => fault.into(),
    }
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.level == DiagnosticLevel::Error
}

fn too_long(bytes: usize, bytes_max: usize) -> Diagnostic {
    Diagnostic {
        level: DiagnosticLevel::Error,
        code: "document_too_long".into(),
        path: String::new(),
        line: 0,
        column: 0,
        message: format!("the document has {bytes} bytes; at most {bytes_max} are taken"),
        suggestion: Some("move long tables into a value set".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(level: DiagnosticLevel) -> Diagnostic {
        Diagnostic { level, ..too_long(1, 0) }
    }

    /// P3, M2: what `compile` answers is bounded, and says one thing.
    #[test]
    fn plans_are_bounded() {
        let limits = Limits { plan_bytes_max: 3, ..Limits::default() };
        let compiled = |bytes, warnings| Compiled { plan: vec![0; bytes], warnings };
        assert!(checked(compiled(3, vec![]), &limits).is_ok());
        assert_eq!(checked(compiled(4, vec![]), &limits).unwrap_err().limit.unwrap().name, "plan_bytes_max");
        let contradiction = compiled(1, vec![diagnostic(DiagnosticLevel::Error)]);
        assert_eq!(checked(contradiction, &limits).unwrap_err().kind, FaultKind::InvalidOutput);
    }

    /// P3: 500 diagnostics of a megabyte each would be no bound.
    #[test]
    fn diagnostics_are_bounded_in_bytes() {
        let limits = Limits { output_item_bytes_max: 100, ..Limits::default() };
        let loud = |level| Diagnostic { message: "x".repeat(101), ..diagnostic(level) };
        let refused = refused(vec![loud(DiagnosticLevel::Error)], &limits);
        assert!(matches!(refused, ConfigurationError::Fault(fault) if fault.kind == FaultKind::OutputSize));
        let compiled = Compiled { plan: vec![], warnings: vec![loud(DiagnosticLevel::Warning)] };
        assert_eq!(checked(compiled, &limits).unwrap_err().kind, FaultKind::OutputSize);
    }

    #[test]
    fn the_bound_keeps_an_error() {
        let limits = Limits { diagnostics_max: 2, ..Limits::default() };
        let mut all = vec![diagnostic(DiagnosticLevel::Warning); 5];
        all.push(diagnostic(DiagnosticLevel::Error));
        let ConfigurationError::Diagnostics(kept) = refused(all, &limits) else { panic!("no diagnostics") };
        assert_eq!(kept.len(), 2);
        assert!(is_error(&kept[0]));
        let none = refused(vec![diagnostic(DiagnosticLevel::Warning)], &limits);
        assert!(matches!(none, ConfigurationError::Fault(fault) if fault.kind == FaultKind::InvalidOutput));
    }
}
