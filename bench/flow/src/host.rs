//! The host under measurement: started on a free port with fresh data, and ended with the measurement.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A host that starts on nothing compiles its plugin first.
const START_LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(20);
/// What is under way is finished within this.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A running host.
pub struct Host {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key it printed when it found no data.
    pub operator_key: String,
    directory: TempDir,
}

impl Host {
    /// Starts `hookmill serve` and waits for its address and its operator key. The data lie beside this program, not in
    /// the system's temporary directory, which may be memory and then makes every commit look free.
    pub async fn start(binary: &Path, database_url: Option<&str>) -> Result<Host> {
        let program = std::env::current_exe()?;
        let parent = program.parent().context("this program has no directory")?;
        let directory = tempfile::Builder::new().prefix("bench-flow-").tempdir_in(parent)?;
        let mut child = spawn(binary, directory.path(), database_url)?;
        let (address, operator_key) = until_announced(&mut child, directory.path(), announced).await?;
        Ok(Host { child, address, operator_key, directory })
    }

    /// Starts it again on its data, after [`Host::stop`]. It listens on another port.
    pub async fn start_again(&mut self, binary: &Path, database_url: Option<&str>) -> Result<()> {
        self.child = spawn(binary, self.directory.path(), database_url)?;
        self.address = until_announced(&mut self.child, self.directory.path(), announced_address).await?;
        Ok(())
    }

    /// Has it end in good order, so that its data can be written past it.
    pub async fn stop(&mut self) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw).context("the host has no process id")?;
        kill_process(pid, Signal::TERM).context("can't ask the host to stop")?;
        let ended = tokio::time::timeout(STOP_LIMIT, self.child.wait()).await;
        ended.with_context(|| format!("the host did not stop within {} s", STOP_LIMIT.as_secs()))??;
        Ok(())
    }

    /// The process, to read its account.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the host ended during the measurement")
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Warnings and errors in its log so far.
    pub fn warnings(&self) -> usize {
        let log = std::fs::read_to_string(log_of(self.directory.path())).unwrap_or_default();
        log.lines().filter(|line| line.contains(" WARN ") || line.contains("ERROR ")).count()
    }

    /// Ends it at once. Its data go away when it is dropped.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("can't stop the host")
    }
}

fn spawn(binary: &Path, directory: &Path, database_url: Option<&str>) -> Result<Child> {
    let log = std::fs::File::create(log_of(directory))?;
    let mut command = Command::new(binary);
    // Receivers on the loopback interface, without TLS, are for developers alone.
    command.args(["serve", "--development", "--listen", "127.0.0.1:0"]).arg("--data").arg(directory.join("data"));
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    command.spawn().with_context(|| format!("can't start {}", binary.display()))
}

fn log_of(directory: &Path) -> PathBuf {
    directory.join("log")
}

/// Waits until what a host prints says what is looked for.
async fn until_announced<T>(child: &mut Child, directory: &Path, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        let output = std::fs::read_to_string(log_of(directory)).unwrap_or_default();
        if let Some(found) = find(&output) {
            return Ok(found);
        }
        if let Some(status) = child.try_wait()? {
            bail!("the host ended ({status}) before it listened; its output:\n{output}");
        }
        if START_LIMIT < began.elapsed() {
            bail!("the host did not listen within {} s; its output:\n{output}", START_LIMIT.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The two lines that a host prints when it starts on an empty database, after any others.
fn announced(output: &str) -> Option<(SocketAddr, String)> {
    Some((announced_address(output)?, word_after(output, "operator key: ")?.to_owned()))
}

/// The line that it prints whenever it starts.
fn announced_address(output: &str) -> Option<SocketAddr> {
    word_after(output, "listening on http://")?.parse().ok()
}

/// `None` as long as the line is not whole.
fn word_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    rest.split_once(char::is_whitespace).map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines may come in any order, among others, and half written.
    #[test]
    fn both_lines_are_awaited() {
        assert_eq!(announced("listening on http://127.0.0.1:80"), None);
        assert_eq!(announced("operator key: hm_1\nlistening on http://127.0.0.1:80"), None);
        let both = announced("a log line\noperator key: hm_1\nlistening on http://127.0.0.1:8080\n");
        assert_eq!(both, Some((SocketAddr::from(([127, 0, 0, 1], 8080)), "hm_1".to_owned())));
    }
}
