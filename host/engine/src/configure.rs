//! Configurations: checked and compiled once, in the sandbox, when they are saved (P4).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::contract_types::{Compiled, Description, Diagnostic, DiagnosticLevel};
use super::fault::{Fault, FaultKind, Phase};
use super::instance::{CallStats, InstanceSpec, Running};
use super::limits::Limits;
use super::lookup::{NoValueSets, ValueSets};
use super::output;
use super::program::{LoadedComponent, Program};
use super::runtime::{HostPermit, Priority, Runtime};

/// A configuration that compiled and that the component loads.
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

/// Checks and compiles a configuration in the sandbox.
pub(crate) async fn compile(
    runtime: &Arc<Runtime>,
    priority: Priority,
    component: &Arc<LoadedComponent>,
    document: &str,
) -> Result<CompiledConfiguration, ConfigurationError> {
    if !component.stages().is_configurable() {
        return Err(ConfigurationError::NotConfigurable);
    }
    let permit = runtime.acquire_permit(priority, Phase::Compile).await?;
    let (shared, component, document) = (Arc::clone(runtime), Arc::clone(component), document.to_owned());
    let work = move || ConfigCompiler::new(&shared, &component).compile(&document, permit);
    let compiled = runtime.pool(priority).run(work).await;
    compiled.unwrap_or_else(|lost| Err(Fault::host(Phase::Compile, lost).into()))
}

/// Calls `describe`; none when the component does not export it.
pub(crate) async fn describe(
    runtime: &Arc<Runtime>,
    priority: Priority,
    component: &Arc<LoadedComponent>,
) -> Result<Option<Description>, Fault> {
    let permit = runtime.acquire_permit(priority, Phase::Describe).await?;
    let (shared, component) = (Arc::clone(runtime), Arc::clone(component));
    let work = move || ConfigCompiler::new(&shared, &component).describe(permit);
    let described = runtime.pool(priority).run(work).await;
    described.unwrap_or_else(|lost| Err(Fault::host(Phase::Describe, lost)))
}

/// Loads a configuration and says whether it reads prices; what loads none may.
pub(crate) async fn reads_price(runtime: &Arc<Runtime>, priority: Priority, program: &Program) -> Result<bool, Fault> {
    let permit = runtime.acquire_permit(priority, Phase::Load).await?;
    let (shared, program) = (Arc::clone(runtime), program.clone());
    let work = move || {
        let Program { component, plan } = &program;
        let (running, _) = ConfigCompiler::new(&shared, component).start(plan.as_deref(), permit)?;
        Ok(running.loaded.reads_price)
    };
    let loaded = runtime.pool(priority).run(work).await;
    loaded.unwrap_or_else(|lost| Err(Fault::host(Phase::Load, lost)))
}

/// A plugin's work outside of any session: no leads, no tables.
struct ConfigCompiler<'a> {
    runtime: &'a Runtime,
    component: &'a LoadedComponent,
    value_sets: Arc<dyn ValueSets>,
    abandoned: Arc<AtomicBool>,
    stats: CallStats,
}

impl<'a> ConfigCompiler<'a> {
    fn new(runtime: &'a Runtime, component: &'a LoadedComponent) -> Self {
        let (value_sets, abandoned) = (Arc::new(NoValueSets), Arc::default());
        ConfigCompiler { runtime, component, value_sets, abandoned, stats: CallStats::default() }
    }

    /// Compiles a document, and checks that a fresh instance loads the result.
    fn compile(&mut self, document: &str, permit: HostPermit) -> Result<CompiledConfiguration, ConfigurationError> {
        let limits = &self.runtime.limits;
        if limits.document_bytes_max < document.len() {
            return Err(ConfigurationError::Diagnostics(vec![document_too_long(
                document.len(),
                limits.document_bytes_max,
            )]));
        }
        let (mut running, spec) = self.start(None, permit)?;
        let compiled = spec.compile(&mut running, document)?;
        let plan: Arc<[u8]> = compiled.plan.into();
        self.start(Some(&plan), super::instance::InstanceSlot::Taken(running).into_permit())?;
        Ok(CompiledConfiguration { plan, warnings: compiled.warnings })
    }

    /// Calls `describe`; none when the component does not export it. Starts the component in any case.
    fn describe(&mut self, permit: HostPermit) -> Result<Option<Description>, Fault> {
        let (mut running, call) = self.start(None, permit)?;
        call.check_types(&mut running)?;
        call.describe(&mut running)
    }

    fn start<'b>(&'b mut self, plan: Option<&'b [u8]>, permit: HostPermit) -> Result<(Running, ConfigCall<'b>), Fault> {
        let ConfigCompiler { runtime, component, value_sets, abandoned, stats } = self;
        let spec = InstanceSpec { runtime, component, plan, value_sets, now_ms: 0, abandoned };
        let running = spec.start(permit, stats).map_err(|(fault, _)| fault)?;
        Ok((running, ConfigCall { spec, stats }))
    }
}

/// One call of a configuration export, in an instance of its own.
struct ConfigCall<'a> {
    spec: InstanceSpec<'a>,
    stats: &'a mut CallStats,
}

impl ConfigCall<'_> {
    fn compile(self, running: &mut Running, document: &str) -> Result<Compiled, ConfigurationError> {
        let Some(configuration) = &self.spec.component.exports.configuration else {
            return Err(ConfigurationError::NotConfigurable);
        };
        let limits = &self.spec.runtime.limits;
        let Running { store, instance, .. } = running;
        let allowed_us = limits.deadline_configure_ms * 1_000;
        let compiled = self.spec.call(store, Phase::Compile, allowed_us, self.stats, |store| {
            configuration.indices.load(&mut *store, instance)?.call_compile(store, document)
        })?;
        match compiled {
            Ok(compiled) => Ok(check_compiled(compiled, limits)?),
            Err(diagnostics) => Err(check_diagnostics(diagnostics, limits)),
        }
    }

    fn check_types(&self, running: &mut Running) -> Result<(), Fault> {
        let checked = self.spec.component.exports.check_types(&mut running.store, &running.instance);
        checked.map_err(|error| {
            let what = format_args!("its exports are not the contract's: {error:#}");
            Fault::new(FaultKind::InvalidOutput, Phase::Start, what)
        })
    }

    fn describe(self, running: &mut Running) -> Result<Option<Description>, Fault> {
        let Some(configuration) = &self.spec.component.exports.configuration else { return Ok(None) };
        let Running { store, instance, .. } = running;
        let allowed_us = self.spec.runtime.limits.deadline_configure_ms * 1_000;
        let described = self.spec.call(store, Phase::Describe, allowed_us, self.stats, |store| {
            configuration.indices.load(&mut *store, instance)?.call_describe(store)
        })?;
        output::check_one(&described, Phase::Describe, &self.spec.runtime.limits)?;
        Ok(Some(described))
    }
}

fn check_compiled(mut compiled: Compiled, limits: &Limits) -> Result<Compiled, Fault> {
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

/// Errors first, in the order of the document, so that truncation never removes the last of them.
fn check_diagnostics(mut diagnostics: Vec<Diagnostic>, limits: &Limits) -> ConfigurationError {
    if !diagnostics.iter().any(is_error) {
        let what = "it rejected the document without naming an error";
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

fn document_too_long(bytes: usize, bytes_max: usize) -> Diagnostic {
    Diagnostic {
        level: DiagnosticLevel::Error,
        code: "document_too_long".into(),
        path: String::new(),
        line: 0,
        column: 0,
        message: format!("the document has {bytes} bytes; at most {bytes_max} are accepted"),
        suggestion: Some("move long tables into a value set".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(level: DiagnosticLevel) -> Diagnostic {
        Diagnostic { level, ..document_too_long(1, 0) }
    }

    /// P3, M2: what `compile` returns is bounded and consistent.
    #[test]
    fn plans_are_bounded() {
        let limits = Limits { plan_bytes_max: 3, ..Limits::default() };
        let compiled = |bytes, warnings| Compiled { plan: vec![0; bytes], warnings };
        assert!(check_compiled(compiled(3, vec![]), &limits).is_ok());
        assert_eq!(check_compiled(compiled(4, vec![]), &limits).unwrap_err().limit.unwrap().name, "plan_bytes_max");
        let contradiction = compiled(1, vec![diagnostic(DiagnosticLevel::Error)]);
        assert_eq!(check_compiled(contradiction, &limits).unwrap_err().kind, FaultKind::InvalidOutput);
    }

    /// P3: 500 diagnostics of a megabyte each would not be bounded.
    #[test]
    fn diagnostics_are_bounded_in_bytes() {
        let limits = Limits { output_item_bytes_max: 100, ..Limits::default() };
        let loud = |level| Diagnostic { message: "x".repeat(101), ..diagnostic(level) };
        let rejected = check_diagnostics(vec![loud(DiagnosticLevel::Error)], &limits);
        assert!(matches!(rejected, ConfigurationError::Fault(fault) if fault.kind == FaultKind::OutputSize));
        let compiled = Compiled { plan: vec![], warnings: vec![loud(DiagnosticLevel::Warning)] };
        assert_eq!(check_compiled(compiled, &limits).unwrap_err().kind, FaultKind::OutputSize);
    }

    #[test]
    fn the_bound_keeps_an_error() {
        let limits = Limits { diagnostics_max: 2, ..Limits::default() };
        let mut all = vec![diagnostic(DiagnosticLevel::Warning); 5];
        all.push(diagnostic(DiagnosticLevel::Error));
        let ConfigurationError::Diagnostics(kept) = check_diagnostics(all, &limits) else { panic!("no diagnostics") };
        assert_eq!(kept.len(), 2);
        assert!(is_error(&kept[0]));
        let none = check_diagnostics(vec![diagnostic(DiagnosticLevel::Warning)], &limits);
        assert!(matches!(none, ConfigurationError::Fault(fault) if fault.kind == FaultKind::InvalidOutput));
    }
}
