//! `cargo xtask fuzz`: a host is started on SQLite, filled through its API, and called with whatever its own description allows
//! and forbids. It must not fail, return what it does not describe, or log an ERROR.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{apt, program, progress};

const INSTALL_LIMIT: Duration = Duration::from_secs(600);
const FUZZ_LIMIT: Duration = Duration::from_secs(600);
/// How many lines of a bad log are shown.
const SHOWN_MAX: usize = 20;

/// Fuzzes the host that was built for tests.
pub fn fuzz(workspace: &Workspace) -> Result<()> {
    let place = workspace.root.join("target/fuzz");
    std::fs::create_dir_all(&place)?;
    let python = environment(workspace, &place)?;
    let step = progress::step("Fuzzing the API by its own description");
    let host = Host::start(workspace, &place)?;
    let mut command = Command::new(python);
    command.arg(workspace.root.join("tests/fuzz/run.py")).arg(&host.url);
    command.arg(workspace.plugins().join("solar.wasm")).arg(&place).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("HOOKMILL_FUZZ_OPERATOR_KEY", &host.operator_key);
    let fuzzed = program::check_within(&mut command, FUZZ_LIMIT);
    let complaints = host.stop()?;
    fuzzed?;
    if !complaints.is_empty() {
        bail!(
            "the host logged errors while it was fuzzed ({}):\n{}",
            place.join("host.log").display(),
            complaints.join("\n")
        );
    }
    step.done("no failure, and nothing but what is described");
    Ok(())
}

/// A Python with exactly the packages that the requirements name; returns its interpreter.
fn environment(workspace: &Workspace, place: &Path) -> Result<PathBuf> {
    let wanted = workspace.root.join("tests/fuzz/requirements.txt");
    let (directory, installed) = (place.join("venv"), place.join("venv/installed.txt"));
    let python = directory.join("bin/python");
    if std::fs::read(&installed).is_ok_and(|text| Some(text) == std::fs::read(&wanted).ok()) {
        return Ok(python);
    }
    let step = progress::step("Installing schemathesis into an environment of its own");
    if program::output("python3", &["-c", "import ensurepip, venv"]).is_none() {
        apt::install(&["python3", "python3-venv"], "fuzz the API")?;
    }
    let mut make = Command::new("python3");
    program::check_within(make.args(["-m", "venv", "--clear"]).arg(&directory), INSTALL_LIMIT)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    program::check_within(&mut install, INSTALL_LIMIT)
        .context("the packages come from PyPI, by pip as it is set up here")?;
    std::fs::copy(&wanted, &installed)?;
    step.done("installed");
    Ok(python)
}

/// A host that is being fuzzed. Dropping it ends it.
struct Host {
    process: Child,
    /// Held open: a program that prints into a closed pipe fails.
    output: Option<BufReader<ChildStdout>>,
    log: PathBuf,
    url: String,
    operator_key: String,
}

impl Host {
    fn start(workspace: &Workspace, place: &Path) -> Result<Host> {
        let (data, log) = (place.join("data"), place.join("host.log"));
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let mut command = Command::new(workspace.binary("debug", "hookmill"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--development", "--data"]).arg(&data);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HOOKMILL_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&log)?);
        let process = command.spawn().with_context(|| format!("can't start `{}`", program::line(&command)))?;
        let mut host = Host { process, output: None, log, url: String::new(), operator_key: String::new() };
        host.read_announcement()?;
        Ok(host)
    }

    /// The host prints its address and first key, and then that it is ready.
    fn read_announcement(&mut self) -> Result<()> {
        let output = self.process.stdout.take().context("the host has no output")?;
        for line in self.output.insert(BufReader::new(output)).lines() {
            let line = line?;
            match line.split_once(' ') {
                Some(("listening", rest)) => self.url = rest.trim_start_matches("on ").to_owned(),
                Some(("operator", rest)) => self.operator_key = rest.trim_start_matches("key: ").to_owned(),
                _ if line == "ready" => return Ok(()),
                _ => {}
            }
        }
        bail!("the host did not start; its output:\n{}", std::fs::read_to_string(&self.log)?)
    }

    /// Ends the host; returns the lines of its log with failures of its own.
    fn stop(mut self) -> Result<Vec<String>> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the host ended while it was fuzzed ({status}); its log is {}", self.log.display());
        }
        self.process.kill()?;
        self.process.wait()?;
        let log = std::fs::read_to_string(&self.log)?;
        let complaints = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked at"));
        Ok(complaints.take(SHOWN_MAX).map(str::to_owned).collect())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
