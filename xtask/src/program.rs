//! Running other programs: shown, checked, bounded.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const POLL: Duration = Duration::from_millis(100);
const FAILURE_LINES_MAX: usize = 400;

/// The cargo that runs this program, in `directory`, as if called by hand: what `cargo run` tells a program about itself
/// is taken away, because build scripts that watch these variables would run again on every change of caller.
pub fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(directory);
    for (name, _) in std::env::vars_os() {
        if is_about_this_crate(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_this_crate(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| variable.starts_with(prefix))
}

/// Runs to the end with its output shown. Failure names the command line, to be run by hand.
pub fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("can't start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status}); its output is above", line(command));
    }
    Ok(())
}

/// As [`check`], but stops the program when `limit` has passed.
pub fn check_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = line(command);
    let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("can't start `{line}`"))?;
    let began = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("`{line}` failed ({status}); its output is above"),
            None if limit < began.elapsed() => {
                child.kill()?;
                child.wait()?;
                bail!("`{line}` was not done after {} s and was stopped", limit.as_secs());
            }
            None => std::thread::sleep(POLL),
        }
    }
}

/// As [`check`] for `cargo test`: what it said of tests that failed is said again at the end, below the thousands that passed.
pub fn check_tests(command: &mut Command) -> Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("can't start `{}`", line(command)))?;
    let mut failures = Failures::default();
    for printed in BufReader::new(child.stdout.take().context("no output to read")?).split(b'\n') {
        let printed = String::from_utf8_lossy(&printed?).into_owned();
        println!("{printed}");
        failures.read(printed);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status}); what failed:\n{}", line(command), failures.lines.join("\n"));
    }
    Ok(())
}

/// What `cargo test` prints between `failures:` and the result of a binary.
#[derive(Default)]
struct Failures {
    lines: Vec<String>,
    is_within: bool,
}

impl Failures {
    fn read(&mut self, line: String) {
        self.is_within = (self.is_within || line == "failures:") && !line.starts_with("test result: ");
        if self.is_within && self.lines.len() < FAILURE_LINES_MAX {
            self.lines.push(line);
        }
    }
}

/// What a program prints on stdout, or `None` if it can't be started or fails.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Looks a program up in `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    output("id", &["-u"]).as_deref() == Some("0")
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
