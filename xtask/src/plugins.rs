//! `cargo xtask plugins`: every guest of this repository, as a component in `target/plugins/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::{self, Guest};
use crate::wasm::{self, Toolchain};
use crate::workspace::Workspace;
use crate::{program, progress, wit};

/// The target of every guest: nothing can be imported but what the contract names.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Builds all guests.
pub fn build_all(workspace: &Workspace) -> Result<()> {
    build_each(workspace, &guests::all(workspace)?)
}

/// Builds what the host embeds and no more.
pub fn build_default(workspace: &Workspace) -> Result<()> {
    build_each(workspace, &[guests::default(workspace)])
}

/// A component's file is touched only when its bytes change, so that nothing is rebuilt for nothing.
fn build_each(workspace: &Workspace, guests: &[Guest]) -> Result<()> {
    let step = progress::step("Finding a Rust standard library for WebAssembly");
    let toolchain = wasm::find(workspace)?;
    step.done(toolchain.description());
    let flags = encoded_flags(workspace)?;
    std::fs::create_dir_all(workspace.plugins())?;
    for guest in guests {
        build(workspace, &toolchain, &flags, guest)?;
    }
    Ok(())
}

fn build(workspace: &Workspace, toolchain: &Toolchain, flags: &str, guest: &Guest) -> Result<()> {
    let step = progress::step(format!("Building the plugin `{}`", guest.name));
    let module = guests::build_module(build_command(workspace, toolchain, flags, guest), guest)?;
    let file = workspace.plugins().join(&guest.name).with_extension("wasm");
    let new = file.with_extension("wasm.new");
    wit::componentize(workspace, &module, &new)?;
    let bytes = std::fs::metadata(&new)?.len();
    let outcome = if replace_if_changed(&file, &new)? { "written" } else { "unchanged" };
    step.done(format!("{outcome}, {} KB", bytes.div_ceil(1024)));
    Ok(())
}

/// One cargo call for each guest: features are then never shared between guests, and a plugin's bytes don't depend on
/// its neighbours. `--crate-type` because link-time optimisation is off for a crate that is an `rlib` as well.
fn build_command(workspace: &Workspace, toolchain: &Toolchain, flags: &str, guest: &Guest) -> Command {
    let mut command = program::cargo(&workspace.root);
    command.args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", "plugin", "--target", TARGET]);
    command.arg("--message-format").arg("json-render-diagnostics");
    command.arg("--manifest-path").arg(guest.directory.join("Cargo.toml"));
    command.arg("--target-dir").arg(workspace.guests_target());
    command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    toolchain.apply(&mut command);
    command
}

/// `plugins/rustflags.txt` and the names that replace this machine's directories, in cargo's own encoding.
fn encoded_flags(workspace: &Workspace) -> Result<String> {
    let file = workspace.root.join("plugins/rustflags.txt");
    let text = if file.is_file() { std::fs::read_to_string(&file)? } else { String::new() };
    let mut flags = parse_flags(&text);
    flags.push(format!("--remap-path-prefix={}=hookmill", workspace.root.display()));
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    Ok(flags.join("\x1f"))
}

/// One flag a line, with its value; `#` begins a comment.
fn parse_flags(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn cargo_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

/// Puts `new` in the place of `file` unless they are equal; returns whether it did. Renamed, so that a reader never sees half of it.
fn replace_if_changed(file: &Path, new: &Path) -> Result<bool> {
    if std::fs::read(file).is_ok_and(|old| std::fs::read(new).is_ok_and(|new| old == new)) {
        std::fs::remove_file(new)?;
        return Ok(false);
    }
    std::fs::rename(new, file).with_context(|| format!("can't write {}", file.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flag may be followed by its value; comments and empty lines are nothing.
    #[test]
    fn flags_are_one_a_line() {
        let text = "# all\n-C target-feature=+simd128 # one pass\n\n-Clink-arg=-zstack-size=65536\n";
        assert_eq!(parse_flags(text), ["-C", "target-feature=+simd128", "-Clink-arg=-zstack-size=65536"]);
    }

    /// The host embeds these files: an equal one must keep its time of change.
    #[test]
    fn an_equal_file_is_left_alone() -> Result<()> {
        let file = std::env::temp_dir().join(format!("hookmill-xtask-{}.wasm", std::process::id()));
        let replace = |bytes: &[u8]| -> Result<bool> {
            let new = file.with_extension("wasm.new");
            std::fs::write(&new, bytes)?;
            replace_if_changed(&file, &new)
        };
        assert!(replace(b"one")?);
        assert!(!replace(b"one")?);
        assert!(replace(b"two")?);
        std::fs::remove_file(&file)?;
        Ok(())
    }
}
