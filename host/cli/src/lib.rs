//! The composition root and the commands of the binary `hookmill`.

// A macro that prints panics when nobody reads: `output` has what does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod bounds;
pub mod commands;
mod output;
