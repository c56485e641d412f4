//! A contender in a process of its own, which times itself: it answers each number on standard input with the microseconds
//! that so many transformations took, and 0 with one result.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::sample::Sample;
use super::table::Contender;
use super::threads::Threads;

const NODE_LOOP: &str = include_str!("../../samples/node.js");

/// A running peer.
pub struct Peer {
    name: &'static str,
    process: Child,
    questions: ChildStdin,
    responses: BufReader<ChildStdout>,
}

impl Peer {
    /// The obvious native code.
    pub fn native(program: &Path, sample: &Sample) -> Result<Self> {
        Self::start("native Rust, serde_json tree", Command::new(program).arg(sample.name))
            .with_context(|| format!("`{}` is built by `cargo xtask bench engine`", program.display()))
    }

    /// V8 by the machine's `node`, where there is one.
    pub fn node(sample: &Sample) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg("-e").arg(format!("{}\n{NODE_LOOP}", sample.script)).env("HOOKMILL_LEAD", sample.input);
        Self::start("V8 (node), warm, no isolation", &mut command)
            .context("there is no `node` to start on this machine")
    }

    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = process.stdin.take().context("standard input")?;
        let responses = BufReader::new(process.stdout.take().context("standard output")?);
        Ok(Self { name, process, questions, responses })
    }

    fn ask(&mut self, leads: usize) -> Result<String> {
        writeln!(self.questions, "{leads}")?;
        let mut response = String::new();
        self.responses.read_line(&mut response)?;
        Ok(response.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Contender for Peer {
    fn threads(&self) -> Threads {
        Threads::Of(self.process.id())
    }

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn once(&mut self) -> Result<String> {
        self.ask(0)
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        self.ask(leads).map(|_| leads)
    }

    fn timed(&mut self, leads: usize) -> Result<(usize, Duration)> {
        let us: f64 = self.ask(leads)?.parse()?;
        Ok((leads, Duration::from_secs_f64(us / 1e6)))
    }
}
