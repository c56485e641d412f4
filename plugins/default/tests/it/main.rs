//! The default plugin through its exports, natively.

mod depth;
mod diagnostics;
mod functions;
mod house;
mod jsonpath;
mod kept;
mod mapping;
mod qualifying;
mod shaping;
mod standard;
mod totality;
