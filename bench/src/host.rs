//! The host under measurement: started on a free port with fresh data, and ended with the measurement.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const START_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A running host.
pub struct Host {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key it printed when it found no data.
    pub operator_key: String,
    _directory: TempDir,
}

impl Host {
    /// Starts `hookmill serve` and waits for its address and its operator key. The data lie beside the program, not in
    /// the system's temporary directory, which may be memory and then makes every commit look free.
    pub async fn start(binary: &Path, database_url: Option<&str>) -> Result<Host> {
        let beside = binary.parent().with_context(|| format!("{} has no directory", binary.display()))?;
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        let log = directory.path().join("log");
        let mut child = spawn(binary, directory.path(), &log, database_url)?;
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some((address, operator_key)) = announced(&said) {
                return Ok(Host { child, address, operator_key, _directory: directory });
            }
            if let Some(status) = child.try_wait()? {
                bail!("the host ended ({status}) before it listened; it says:\n{said}");
            }
            if START_LIMIT < began.elapsed() {
                bail!("the host did not say where it listens within {} s; it says:\n{said}", START_LIMIT.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The process, to read its account.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the host has ended during the measurement")
    }

    /// Ends it at once: its data go away with it.
    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("can't stop the host")
    }
}

fn spawn(binary: &Path, directory: &Path, log: &Path, database_url: Option<&str>) -> Result<Child> {
    let log = std::fs::File::create(log)?;
    let mut command = Command::new(binary);
    command.arg("serve").arg("--data").arg(directory.join("data")).args(["--listen", "127.0.0.1:0"]);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    command.spawn().with_context(|| format!("can't start {}", binary.display()))
}

/// The two lines a host prints when it starts on nothing, whatever stands before them.
fn announced(said: &str) -> Option<(SocketAddr, String)> {
    let address = word_after(said, "listening on http://")?.parse().ok()?;
    Some((address, word_after(said, "operator key: ")?.to_owned()))
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
