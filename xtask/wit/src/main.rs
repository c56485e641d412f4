//! The contract's own tools: what a version may change, the page for authors, and components from core modules.
//!
//! A program of its own, because the libraries behind it are large: `cargo xtask` itself compiles in seconds, and calls this
//! where it needs it.

mod changes;
mod contract;
mod page;
mod release;
mod versions;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

const USAGE: &str = "\
usage: cargo xtask wit [COMMAND]

  (none)           check everything, and write docs/contract.md
  --check          check everything, docs/contract.md included; part of `cargo xtask ci`
  diff OLD NEW     what changed from one folder to another, and what that means for the version
  release FOLDER   freeze a folder of wit/, such as v1; it can't be changed afterwards
  componentize MODULE COMPONENT
                   make a component of a core module that carries its interface (wit-bindgen puts it there)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nwit: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => versions::write_page(&root),
        ["--check"] => versions::check(&root),
        ["diff", old, new] => versions::diff(Path::new(old), Path::new(new)),
        ["release", folder] => versions::release(&root, folder),
        ["componentize", module, component] => componentize(Path::new(module), Path::new(component)),
        ["help" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask wit {}` is not a command\n\n{USAGE}", words.join(" ")),
    }
}

/// Writes the component that a core module makes, validated.
fn componentize(module: &Path, component: &Path) -> Result<()> {
    let bytes = std::fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let encoder = ComponentEncoder::default().validate(true).module(&bytes);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    let encoded = encoded.with_context(|| format!("{} can't be made a component", module.display()))?;
    std::fs::write(component, encoded).with_context(|| format!("can't write {}", component.display()))
}
