//! `cargo xtask plugins`: every guest of this repository, as a component in `target/plugins/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::{self, Guest};
use crate::house::House;
use crate::wasm::{self, Toolchain};
use crate::{program, say};

/// The target of every guest: nothing can be imported but what the contract names.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Builds all guests. A component's file is touched only when its bytes change, so that nothing is rebuilt for nothing.
pub fn build_all(house: &House) -> Result<()> {
    let step = say::step("Finding a Rust standard library for WebAssembly");
    let toolchain = wasm::find(house)?;
    step.done(toolchain.description());
    let flags = encoded_flags(house)?;
    std::fs::create_dir_all(house.plugins())?;
    for guest in guests::all(house)? {
        build(house, &toolchain, &flags, &guest)?;
    }
    Ok(())
}

fn build(house: &House, toolchain: &Toolchain, flags: &str, guest: &Guest) -> Result<()> {
    let step = say::step(format!("Building the plugin `{}`", guest.name));
    let module = guests::build_module(build_command(house, toolchain, flags, guest), guest)?;
    let component = guests::componentize(&module)?;
    let file = house.plugins().join(&guest.name).with_extension("wasm");
    let outcome = if write_if_changed(&file, &component)? { "written" } else { "unchanged" };
    step.done(format!("{outcome}, {} KB", component.len().div_ceil(1024)));
    Ok(())
}

/// One cargo call for each guest: features are then never shared between guests, and a plugin's bytes don't depend on
/// its neighbours. `--crate-type` because link-time optimisation is off for a crate that is an `rlib` as well.
fn build_command(house: &House, toolchain: &Toolchain, flags: &str, guest: &Guest) -> Command {
    let mut command = program::cargo(&house.root);
    command.args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", "plugin", "--target", TARGET]);
    command.arg("--message-format").arg("json-render-diagnostics");
    command.arg("--manifest-path").arg(guest.directory.join("Cargo.toml"));
    command.arg("--target-dir").arg(house.guests_target());
    command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    toolchain.apply(&mut command);
    command
}

/// `plugins/rustflags.txt` and the names that stand for this machine's directories, in cargo's own encoding.
fn encoded_flags(house: &House) -> Result<String> {
    let file = house.root.join("plugins/rustflags.txt");
    let text = if file.is_file() { std::fs::read_to_string(&file)? } else { String::new() };
    let mut flags = parse_flags(&text);
    flags.push(format!("--remap-path-prefix={}=hookmill", house.root.display()));
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

/// Whether the file had to be written. Written beside and renamed, so that a reader never sees half of it.
fn write_if_changed(file: &Path, bytes: &[u8]) -> Result<bool> {
    if std::fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let beside = file.with_extension("wasm.new");
    std::fs::write(&beside, bytes).with_context(|| format!("can't write {}", beside.display()))?;
    std::fs::rename(&beside, file).with_context(|| format!("can't write {}", file.display()))?;
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
        assert!(write_if_changed(&file, b"one")?);
        assert!(!write_if_changed(&file, b"one")?);
        assert!(write_if_changed(&file, b"two")?);
        std::fs::remove_file(&file)?;
        Ok(())
    }
}
