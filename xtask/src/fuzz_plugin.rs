//! `cargo xtask fuzz-plugin`: the default plugin, natively, under cargo-fuzz: whatever is read, compiled or run must come to a value or a
//! typed failure.
//!
//! It needs what nothing else here needs, so it is asked for by name, and nothing is installed on the way.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{program, progress};

/// The targets in `plugins/default/fuzz`.
const TARGETS: [&str; 3] = ["parse", "compile", "run"];
/// The default duration of each target.
const SECONDS_USUAL: u64 = 120;
/// Plans stay in memory as long as the process, as in an instance; so a process ends in time.
const SECONDS_OF_PROCESS_MAX: u64 = 600;
const MEMORY_MB_MAX: u64 = 4096;
/// No input may take longer, with all the fuzzer's counting.
const INPUT_SECONDS_MAX: u64 = 10;
const INPUT_BYTES_MAX: u64 = 4000;

/// Runs every target for so many seconds.
pub fn fuzz_plugin(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let seconds = seconds(arguments)?;
    check_tools()?;
    let place = workspace.root.join("target/fuzz-plugin");
    for target in TARGETS {
        let step = progress::step(format!("Fuzzing the default plugin: {target}, {seconds} s"));
        let mut left = seconds;
        while 0 < left {
            let slice = left.min(SECONDS_OF_PROCESS_MAX);
            program::check(&mut run(workspace, &place, target, slice)?)
                .with_context(|| format!("the input that fails lies in {}", place.join("found").display()))?;
            left -= slice;
        }
        step.done("no failure");
    }
    Ok(())
}

fn seconds(arguments: &[String]) -> Result<u64> {
    match arguments {
        [] => Ok(SECONDS_USUAL),
        [flag, seconds] if flag == "--seconds" => {
            seconds.parse().with_context(|| format!("`--seconds {seconds}` is not a number of seconds"))
        }
        other => bail!("unknown argument `{}`; write `cargo xtask fuzz-plugin --seconds 600`", other.join(" ")),
    }
}

fn check_tools() -> Result<()> {
    if program::output("cargo", &["fuzz", "--version"]).is_none() {
        bail!("there is no cargo-fuzz; install it with `cargo install cargo-fuzz --locked`");
    }
    if program::output("cargo", &["+nightly", "--version"]).is_none() {
        bail!("there is no nightly toolchain; install it with `rustup toolchain install nightly --profile minimal`");
    }
    Ok(())
}

/// One process of the fuzzer. No sanitizer: `unsafe` is denied, and without one it tries several times as many inputs.
fn run(workspace: &Workspace, place: &Path, target: &str, seconds: u64) -> Result<Command> {
    let (corpus, found) = (place.join("corpus").join(target), place.join("found"));
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&found)?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root.join("plugins/default"));
    command.args(["+nightly", "fuzz", "run", "--sanitizer", "none", "--target-dir"]).arg(place).arg(target).arg(corpus);
    command.args([
        "--",
        "-detect_leaks=0",
        &format!("-max_total_time={seconds}"),
        &format!("-max_len={INPUT_BYTES_MAX}"),
    ]);
    command.args([format!("-timeout={INPUT_SECONDS_MAX}"), format!("-rss_limit_mb={MEMORY_MB_MAX}")]);
    command.arg(format!("-artifact_prefix={}/", found.display()));
    Ok(command)
}
