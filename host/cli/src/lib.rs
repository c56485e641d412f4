//! The composition root and the commands of the binary `hookmill`.

pub mod app;
pub mod commands;
