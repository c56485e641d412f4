//! Finding a standard library for `wasm32-unknown-unknown`, which a plain Rust installation lacks: the toolchain's own if
//! it is there, else rustup's, else built from Debian's sources.

mod debian;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::plugins::TARGET;
use crate::workspace::Workspace;
use crate::{program, progress};

const CHOICE: &str = "HOOKMILL_WASM";
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// How guests are compiled on this machine.
pub enum Toolchain {
    /// The toolchain that runs this program has the target.
    Installed,
    /// Debian's compiler, with a standard library built from Debian's sources.
    Debian(debian::Compiler),
}

impl Toolchain {
    /// For the person who watches.
    pub fn description(&self) -> String {
        match self {
            Toolchain::Installed => format!("the current toolchain has {TARGET}"),
            Toolchain::Debian(compiler) => compiler.description(),
        }
    }

    /// Makes a cargo call compile for the target.
    pub fn apply(&self, command: &mut Command) {
        if let Toolchain::Debian(compiler) = self {
            compiler.apply(command);
        }
    }
}

/// The first way that works, or the one that `HOOKMILL_WASM` names.
pub fn find(workspace: &Workspace) -> Result<Toolchain> {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    match choice.as_str() {
        "rustup" => installed_or_by_rustup(workspace),
        "debian" => debian::find(workspace).map(Toolchain::Debian),
        "" => installed_or_by_rustup(workspace).or_else(|error| {
            progress::note(format!("{error:#}"));
            progress::note("trying Debian's compiler and sources instead");
            debian::find(workspace).map(Toolchain::Debian).with_context(|| no_way(&error))
        }),
        other => bail!("{CHOICE} is `{other}`; it can be `rustup`, `debian` or absent"),
    }
}

fn no_way(error: &anyhow::Error) -> String {
    format!(
        "no Rust standard library for {TARGET} can be had here ({error:#}). \
         With rustup, run: rustup target add {TARGET}"
    )
}

fn installed_or_by_rustup(workspace: &Workspace) -> Result<Toolchain> {
    if is_installed(workspace) {
        return Ok(Toolchain::Installed);
    }
    if program::find("rustup").is_none() {
        bail!("the current toolchain lacks {TARGET}, and there is no rustup to add it");
    }
    progress::note(format!("the current toolchain lacks {TARGET}; running: rustup target add {TARGET}"));
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).current_dir(&workspace.root);
    program::check_within(&mut command, RUSTUP_LIMIT)?;
    if !is_installed(workspace) {
        bail!("`rustup target add {TARGET}` went well, but `rustc` has no library for it: is `rustc` rustup's?");
    }
    Ok(Toolchain::Installed)
}

/// Asks the compiler where the library would be, and looks.
fn is_installed(workspace: &Workspace) -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or("rustc".to_owned());
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(&workspace.root);
    let Ok(output) = command.output() else { return false };
    let directory = String::from_utf8_lossy(&output.stdout);
    output.status.success() && is_filled(Path::new(directory.trim()))
}

fn is_filled(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}
