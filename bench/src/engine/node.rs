//! V8 by the machine's `node`, where there is one: warm and without isolation, in a process that times itself.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::sample;
use super::table::Contender;

const LOOP: &str = include_str!("../../samples/node.js");

/// A running `node`.
pub struct Node {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    pub fn start() -> Result<Self> {
        let mut command = Command::new("node");
        command.arg("-e").arg(format!("{}\n{LOOP}", sample::SCRIPT)).env("HOOKMILL_LEAD", sample::LEAD);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("there is no `node` to start on this machine")?;
        let questions = process.stdin.take().context("standard input")?;
        let answers = BufReader::new(process.stdout.take().context("standard output")?);
        Ok(Self { process, questions, answers })
    }

    fn ask(&mut self, leads: usize) -> Result<String> {
        writeln!(self.questions, "{leads}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Contender for Node {
    fn name(&self) -> String {
        "V8 (node), warm, no isolation".to_owned()
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
