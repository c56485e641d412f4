//! A host in a process of its own, so that it can be killed.

use crate::client::Client;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

/// How long a host may take to start: the first one compiles the default plugin, in a process that yields to all others.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running host.
pub struct HostProcess {
    /// Where it listens.
    pub address: SocketAddr,
    /// The operator's key, on data that had none.
    pub operator_key: Option<String>,
    child: Child,
    /// Kept open and never read, where that is what a test wants.
    _unread: Option<ChildStderr>,
}

/// What becomes of a host's standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stderr {
    /// Whoever read it is gone: writing fails.
    Closed,
    /// Nobody reads it: writing waits once the pipe is full.
    Unread,
}

impl HostProcess {
    /// Starts a host on a data directory; on PostgreSQL if a URL is given.
    pub async fn start(data: &Path, database_url: Option<&str>) -> Self {
        Self::spawn(command(data, database_url)).await
    }

    /// Starts a host from a copy of the binary, on SQLite.
    pub async fn start_copy(binary: &Path, data: &Path) -> Self {
        Self::spawn(command_of(binary, data, None)).await
    }

    /// Starts a host with a encryption key from its environment, as hosts that share a database have it.
    pub async fn start_with_key(data: &Path, database_url: Option<&str>, key: &str) -> Self {
        let mut command = command(data, database_url);
        command.env("HOOKMILL_KEY", key);
        Self::spawn(command).await
    }

    /// Starts a host that logs much to a standard error which can't be written.
    pub async fn start_without_log(data: &Path, database_url: Option<&str>, key: &str, stderr: Stderr) -> Self {
        let mut command = command(data, database_url);
        command.env("HOOKMILL_KEY", key).env("HOOKMILL_LOG", "debug").stderr(Stdio::piped());
        let mut host = Self::spawn(command).await;
        host._unread = host.child.stderr.take().filter(|_| stderr == Stderr::Unread);
        host
    }

    /// Starts a host whose log goes into a file, line by line and with all that is of use to who looks for a mistake.
    pub async fn start_with_log(data: &Path, log: &Path) -> Self {
        let log = std::fs::File::create(log).expect("the log's file can be made");
        let mut command = command(data, None);
        command.env("HOOKMILL_LOG", "debug").stderr(log);
        Self::spawn(command).await
    }

    /// Starts a host that may have so many files open, connections among them.
    pub async fn start_with_files(data: &Path, files: u32) -> Self {
        let host = command(data, None);
        let host = host.as_std();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -n {files}; exec \"$0\" \"$@\""))
            .arg(host.get_program())
            .args(host.get_args());
        Self::spawn(as_host(command)).await
    }

    /// Starts a host and kills it (`kill -9`) after a while, wherever it is in its start by then.
    pub async fn kill_while_starting(data: &Path, database_url: Option<&str>, key: &str, life: Duration) {
        let mut command = command(data, database_url);
        let mut child = command.env("HOOKMILL_KEY", key).spawn().expect("the host's binary can be run");
        tokio::time::sleep(life).await;
        child.kill().await.expect("the host can be killed");
    }

    async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the host's binary can be run");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (address, operator_key) =
            tokio::time::timeout(PATIENCE, announced(lines)).await.expect("the host starts in time");
        Self { address, operator_key, child, _unread: None }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the host runs")
    }

    /// Somebody without a key at this host.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the host can be killed");
    }

    /// `SIGTERM`, and how the host ends.
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().expect("the host runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("a signal can be sent");
        assert!(sent.success(), "the signal was not sent: {sent}");
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the host ends in time")
            .expect("it is waited for")
    }
}

/// Runs a host that can't say anything: its standard output is full. Returns how it ends, and its standard error.
pub async fn run_without_output(data: &Path, database_url: Option<&str>) -> std::process::Output {
    let mut command = command(data, database_url);
    command.stdout(full()).stderr(Stdio::piped());
    let child = command.spawn().expect("the host's binary can be run");
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the host ends in time");
    ended.expect("it is waited for")
}

/// A standard output on which nothing can be written.
pub fn full() -> Stdio {
    std::fs::File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

fn command(data: &Path, database_url: Option<&str>) -> Command {
    command_of(&binary(), data, database_url)
}

fn command_of(binary: &Path, data: &Path, database_url: Option<&str>) -> Command {
    let mut command = Command::new(binary);
    command.args(["serve", "--development", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    // Compiling the default plugin takes longer than most of what is tested.
    command.arg("--cache").arg(crate::world::cache());
    command.args(["--bound", &format!("host.job_wait_ms={}", crate::world::JOB_WAIT_MS)]);
    command.args(["--bound", &format!("host.unwritten_per_destination_max={}", crate::world::UNWRITTEN_MAX)]);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    as_host(command)
}

fn as_host(mut command: Command) -> Command {
    command.env("HOOKMILL_LOG", "warn").stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    command
}

async fn announced(
    mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
) -> (SocketAddr, Option<String>) {
    let (mut address, mut key) = (None, None);
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(url) = line.strip_prefix("listening on http://") {
            address = Some(url.parse().expect("an address"));
        } else if let Some(text) = line.strip_prefix("operator key: ") {
            key = Some(text.to_owned());
        } else if line == "ready" {
            break;
        }
    }
    (address.expect("the host says where it listens"), key)
}

/// The host's binary.
pub fn binary() -> PathBuf {
    match std::env::var_os("HOOKMILL_BIN") {
        Some(path) => path.into(),
        None => crate::world::workspace().join("target/debug/hookmill"),
    }
}
