//! Which crates of this repository are guests, and how one is built.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};

/// A crate that is built to a component.
pub struct Guest {
    /// The component's file name, without `.wasm`.
    pub name: String,
    /// The crate's directory.
    pub directory: PathBuf,
}

/// What the host itself embeds.
pub fn default(workspace: &Workspace) -> Guest {
    Guest { name: "default".to_owned(), directory: workspace.root.join("plugins/default") }
}

/// The default plugin first, then the examples and the tests' own, by name.
pub fn all(workspace: &Workspace) -> Result<Vec<Guest>> {
    let mut guests = vec![default(workspace)];
    for home in ["plugins/examples", "tests/guests"] {
        guests.extend(crates_in(&workspace.root.join(home))?);
    }
    Ok(guests)
}

/// Builds the core module with cargo, as `command` was prepared, and returns its path.
pub fn build_module(mut command: Command, guest: &Guest) -> Result<PathBuf> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("can't start cargo")?;
    let messages = BufReader::new(child.stdout.take().context("cargo has no stdout")?);
    let mut module = None;
    for message in messages.lines() {
        module = module_named_in(&message?, guest).or(module);
    }
    if !child.wait()?.success() {
        bail!("the guest `{}` does not build; the compiler's reasons are above", guest.name);
    }
    module.with_context(|| {
        format!("cargo built no .wasm file for {}: does it have a library?", guest.directory.display())
    })
}

/// Every directory with a manifest; others (JavaScript, Python) are not cargo's.
fn crates_in(home: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for entry in std::fs::read_dir(home).with_context(|| format!("can't list {}", home.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            guests.push(Guest { name: entry.file_name().to_string_lossy().into_owned(), directory: entry.path() });
        }
    }
    guests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(guests)
}

/// The `.wasm` file in one of cargo's messages, if the message is about this guest.
fn module_named_in(message: &str, guest: &Guest) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let manifest = Path::new(message["manifest_path"].as_str()?);
    if message["reason"] != "compiler-artifact" || manifest != guest.directory.join("Cargo.toml") {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(|file| file.as_str());
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}
