//! The default plugin through its exports, natively.

mod depth;
mod diagnostics;
mod everything;
mod exercise;
mod fixtures;
mod formats;
mod functions;
mod grammar;
mod hints;
mod hostile;
mod interpreting;
mod kept;
mod mapping;
mod qualifying;
mod reach;
mod reference;
mod rules;
mod shaping;
mod standard;
mod totality;
mod used;
mod variables;
mod writing;
