//! From a component's bytes to machine code.

use wasmtime::Engine as Wasm;

/// Compiles a component that was admitted by its names and sizes. This is the only place where foreign bytes meet the compiler.
pub(crate) fn compile(wasm: &Wasm, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    wasm.precompile_component(component).map_err(|error| CompileError(format!("{error:#}")))
}

/// The compiler refused the component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CompileError(pub(crate) String);
