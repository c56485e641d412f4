//! A PostgreSQL of our own for tests and measurements: a private cluster in a new directory, on a free port of this
//! machine, with a password that nobody knows. It ends with this program, however this program ends.

mod binaries;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{program, say};
use binaries::Binaries;

const SUPERUSER: &str = "hookmill";
const MAX_CONNECTIONS: u32 = 300;
const START_LIMIT: Duration = Duration::from_secs(60);
const STARTS_MAX: u32 = 3;
const POLL: Duration = Duration::from_millis(50);

/// Runs the server and waits until its stdin closes, which happens when this program ends for whatever reason (Ctrl-C and
/// `kill -9` too), or the server has ended by itself. The directory goes with it.
const KEEPER: &str = r#"
trap '' INT HUP TERM
directory=$1; shift
"$@" >"$directory/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$directory"
"#;

/// A running server. Dropping it stops it and removes its directory.
pub struct Postgres {
    keeper: Child,
    port: u16,
    password: String,
}

impl Postgres {
    /// Finds or installs the server programs, makes a cluster and starts it.
    pub fn start() -> Result<Postgres> {
        let binaries = Binaries::find_or_install()?;
        let step = say::step(format!("Starting a private {}", binaries.version()));
        let account = Account::for_server()?;
        for _ in 1..STARTS_MAX {
            match Self::start_once(&binaries, &account) {
                Ok(postgres) => {
                    step.done(format!("listening on 127.0.0.1:{}", postgres.port));
                    return Ok(postgres);
                }
                Err(error) => say::note(format!("{error:#}; once more")),
            }
        }
        let postgres = Self::start_once(&binaries, &account)?;
        step.done(format!("listening on 127.0.0.1:{}", postgres.port));
        Ok(postgres)
    }

    /// Where a superuser connects.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    fn start_once(binaries: &Binaries, account: &Account) -> Result<Postgres> {
        let password = random_word()?;
        let directory = account.make_directory()?;
        if let Err(error) = init(binaries, account, &directory, &password) {
            remove(&directory);
            return Err(error);
        }
        let port = free_port()?;
        let mut postgres = Postgres { keeper: spawn(binaries, account, &directory, port)?, port, password };
        postgres.wait_until_ready(&directory)?;
        Ok(postgres)
    }

    /// The server writes `ready` into its process file. When it can't start, its log says why.
    fn wait_until_ready(&mut self, directory: &Path) -> Result<()> {
        let began = Instant::now();
        let (process_file, log) = (directory.join("data/postmaster.pid"), directory.join("log"));
        while began.elapsed() <= START_LIMIT {
            let process = std::fs::read_to_string(&process_file).unwrap_or_default();
            if process.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
                return Ok(());
            }
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("FATAL:") {
                bail!("PostgreSQL did not start; it says:\n{said}");
            }
            std::thread::sleep(POLL);
        }
        bail!("PostgreSQL was not ready after {} s", START_LIMIT.as_secs())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            say::note(format!("PostgreSQL may still run: {error}"));
        }
    }
}

/// Whom the server runs as: it refuses root.
struct Account {
    ids: Option<(u32, u32)>,
}

impl Account {
    /// This user, or `postgres` (which its packages make), or `nobody`, when this user is root.
    fn for_server() -> Result<Account> {
        if !program::is_root() {
            return Ok(Account { ids: None });
        }
        for name in ["postgres", "nobody"] {
            let [user, group] = ["-u", "-g"].map(|kind| program::output("id", &[kind, name]));
            if let (Some(user), Some(group)) = (user, group) {
                return Ok(Account { ids: Some((user.parse()?, group.parse()?)) });
            }
        }
        bail!(
            "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`; run: useradd --system postgres"
        )
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        command
    }

    /// A directory that this account owns and can reach. Short, because a socket's path holds a hundred characters.
    fn make_directory(&self) -> Result<PathBuf> {
        let parent = if self.ids.is_some() { PathBuf::from("/tmp") } else { std::env::temp_dir() };
        let directory = parent.join(format!("hookmill-pg-{}", random_word()?));
        let mut command = self.command("mkdir");
        ensure!(command.args(["-m", "700"]).arg(&directory).status()?.success(), "can't make {}", directory.display());
        Ok(directory)
    }
}

fn init(binaries: &Binaries, account: &Account, directory: &Path, password: &str) -> Result<()> {
    let mut command = account.command(binaries.path("initdb"));
    command.arg("--pgdata").arg(directory.join("data")).args(["--username", SUPERUSER]);
    command.args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]);
    command.args(["--auth-local", "reject", "--auth-host", "md5", "--pwfile", "/dev/stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        std::io::Write::write_all(&mut stdin, format!("{password}\n").as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "`{}` failed; it says:\n{}",
        program::line(&command),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn spawn(binaries: &Binaries, account: &Account, directory: &Path, port: u16) -> Result<Child> {
    let mut command = account.command("/bin/sh");
    command.args(["-c", KEEPER, "hookmill-postgres"]).arg(directory).arg(binaries.path("postgres"));
    command.arg("-D").arg(directory.join("data"));
    command.arg("-p").arg(port.to_string());
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", directory.display()),
        format!("max_connections={MAX_CONNECTIONS}"),
    ] {
        command.arg("-c").arg(setting);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("can't start PostgreSQL")
}

fn remove(directory: &Path) {
    if let Err(error) = std::fs::remove_dir_all(directory) {
        say::note(format!("{} is left behind: {error}", directory.display()));
    }
}

/// Free a moment ago: another program may still take it, which is why starting is tried again.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn random_word() -> Result<String> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
