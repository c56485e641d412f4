//! Debian's `rustc-web` and `rust-web-src`: a recent compiler with the sources of its own standard library, from which
//! cargo builds the one for WebAssembly. For machines that reach Debian's mirrors and not rustup's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{apt, program};

const COMPILER: &str = "/usr/bin/rustc";
const OLDEST_MINOR: u32 = 95;

/// A compiler with its sources, and a linker for what it makes.
pub struct Compiler {
    version: String,
    linker: PathBuf,
}

impl Compiler {
    /// For the person who watches.
    pub fn description(&self) -> String {
        format!("{COMPILER} ({}) builds the standard library, {} links", self.version, self.linker.display())
    }

    /// Makes a cargo call use this compiler and build the standard library first. `RUSTC_BOOTSTRAP` lets a stable
    /// compiler do so; `LD_LIBRARY_PATH` is the calling toolchain's and not for this one.
    pub fn apply(&self, command: &mut Command) {
        command.arg("-Zbuild-std=std,panic_abort");
        command.env("RUSTC", COMPILER).env("RUSTC_BOOTSTRAP", "1").env_remove("LD_LIBRARY_PATH");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &self.linker);
    }
}

/// Finds the compiler, its sources and a linker, and installs the packages that lack.
pub fn find(workspace: &Workspace) -> Result<Compiler> {
    if version().is_none() || !has_sources() {
        apt::install(&["rustc-web", "rust-web-src"], "compile plugins to WebAssembly")?;
    }
    let version = version().with_context(|| format!("{COMPILER} is older than 1.{OLDEST_MINOR}, or absent"))?;
    anyhow::ensure!(has_sources(), "{COMPILER} has no sources of its standard library; install rust-web-src");
    Ok(Compiler { linker: linker_or_install(workspace, &version)?, version })
}

/// `None` if the compiler is absent or too old.
fn version() -> Option<String> {
    let version = program::output(COMPILER, &["--version"])?;
    let minor = version.split_whitespace().nth(1)?.split('.').nth(1)?;
    (OLDEST_MINOR <= minor.parse().ok()?).then_some(version)
}

fn has_sources() -> bool {
    let sysroot = program::output(COMPILER, &["--print", "sysroot"]).unwrap_or_default();
    Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file()
}

fn linker_or_install(workspace: &Workspace, version: &str) -> Result<PathBuf> {
    let llvm = llvm_major().with_context(|| format!("{COMPILER} ({version}) does not tell its LLVM version"))?;
    if let Some(linker) = linker(workspace, &llvm) {
        return Ok(linker);
    }
    apt::install(&[&format!("lld-{llvm}")], "link plugins")?;
    linker(workspace, &llvm).with_context(|| format!("lld-{llvm} is installed, but there is no wasm-ld-{llvm} in PATH"))
}

/// `rust-lld` of the toolchain that runs this program, else Debian's of the compiler's LLVM.
fn linker(workspace: &Workspace, llvm: &str) -> Option<PathBuf> {
    rustup_linker(workspace).or_else(|| program::find(&format!("wasm-ld-{llvm}"))).or_else(|| program::find("wasm-ld"))
}

fn rustup_linker(workspace: &Workspace) -> Option<PathBuf> {
    let mut command = Command::new("rustc");
    let output = command.args(["--print", "target-libdir"]).current_dir(&workspace.root).output().ok()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Some(libraries.parent()?.join("bin/rust-lld")).filter(|linker| linker.is_file())
}

fn llvm_major() -> Option<String> {
    let versions = program::output(COMPILER, &["-vV"])?;
    let line = versions.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    Some(line.split('.').next()?.to_owned())
}
