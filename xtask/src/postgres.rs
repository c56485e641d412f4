//! A PostgreSQL of our own for tests and measurements: a private cluster in a new directory, on a free port of this
//! machine, with a password that nobody knows. It ends with this program, however this program ends.

mod binaries;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{program, progress};
use binaries::Binaries;

const SUPERUSER: &str = "hookmill";
const MAX_CONNECTIONS: u32 = 300;
const START_LIMIT: Duration = Duration::from_secs(60);
const STARTS_MAX: u32 = 3;
const POLL: Duration = Duration::from_millis(50);

/// Runs the server and waits until its stdin closes, which happens when this program ends for whatever reason (Ctrl-C and
/// `kill -9` too). The directory goes with it. It has a process group of its own, so that Ctrl-C reaches the tests first.
const KEEPER: &str = r#"
directory=$1; shift
"$@" >"$directory/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$directory"
"#;

/// Whether the server bears that the machine loses its power.
#[derive(Clone, Copy)]
pub enum Durability {
    /// It does, as in production: for measurements.
    Kept,
    /// It does not, and commits are quicker: for tests, which kill hosts and never the machine.
    None,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Durability::Kept => &[],
            Durability::None => &["-c", "fsync=off", "-c", "full_page_writes=off"],
        }
    }
}

/// A running server. Dropping it stops it and removes its directory.
pub struct Postgres {
    keeper: Child,
    port: u16,
    password: String,
}

impl Postgres {
    /// Finds or installs the server programs, makes a cluster and starts it.
    pub fn start(durability: Durability) -> Result<Postgres> {
        let binaries = Binaries::find_or_install()?;
        let step = progress::step(format!("Starting a private {}", binaries.version()));
        let account = Account::for_server()?;
        let mut starts = 1;
        loop {
            let cluster = Cluster::make(&binaries, &account)?;
            match cluster.serve(&binaries, &account, durability) {
                Ok(postgres) => {
                    step.done(format!("listening on 127.0.0.1:{}", postgres.port));
                    return Ok(postgres);
                }
                Err(error) if starts < STARTS_MAX => progress::note(format!("{error:#}; once more")),
                Err(error) => return Err(error),
            }
            starts += 1;
        }
    }

    /// Where a superuser connects.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/postgres", self.password, self.port)
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
                bail!("PostgreSQL did not start; its output:\n{said}");
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
            progress::note(format!("PostgreSQL may still run: {error}"));
        }
    }
}

/// A data directory that no server uses yet.
struct Cluster {
    directory: PathBuf,
    password: String,
}

impl Cluster {
    fn make(binaries: &Binaries, account: &Account) -> Result<Cluster> {
        let cluster = Cluster { directory: account.make_directory()?, password: random_word()? };
        if let Err(error) = cluster.init(binaries, account) {
            std::fs::remove_dir_all(&cluster.directory)?;
            return Err(error);
        }
        Ok(cluster)
    }

    fn init(&self, binaries: &Binaries, account: &Account) -> Result<()> {
        let password_file = self.directory.join("password");
        std::fs::write(&password_file, &self.password)?;
        account.own(&password_file)?;
        let mut command = account.command(binaries.path("initdb"));
        command.arg("--pgdata").arg(self.directory.join("data")).args(["--username", SUPERUSER]);
        command.args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--auth-local", "reject"]);
        command.args(["--auth-host", "md5", "--pwfile"]).arg(&password_file);
        let output = command.stdin(Stdio::null()).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed; it says:\n{complaint}", program::line(&command));
        Ok(())
    }

    /// Starts the server, whose keeper then owns the directory.
    fn serve(self, binaries: &Binaries, account: &Account, durability: Durability) -> Result<Postgres> {
        let port = free_port()?;
        let mut command = account.command("/bin/sh");
        command.args(["-c", KEEPER, "hookmill-postgres"]).arg(&self.directory).arg(binaries.path("postgres"));
        command.arg("-D").arg(self.directory.join("data")).arg("-p").arg(port.to_string());
        command.arg("-k").arg(&self.directory).args(["-h", "127.0.0.1", "-N"]).arg(MAX_CONNECTIONS.to_string());
        command.args(durability.settings());
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = command.spawn().context("can't start PostgreSQL")?;
        let mut postgres = Postgres { keeper, port, password: self.password };
        postgres.wait_until_ready(&self.directory)?;
        Ok(postgres)
    }
}

/// Whom the server runs as: it does not run as root.
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
        bail!("PostgreSQL does not run as root, and there is no other user for it; run: useradd --system postgres")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        command
    }

    /// A directory that this account alone can use. Short, because a socket's path holds a hundred characters.
    fn make_directory(&self) -> Result<PathBuf> {
        let parent = if self.ids.is_some() { PathBuf::from("/tmp") } else { std::env::temp_dir() };
        let directory = parent.join(format!("hookmill-pg-{}", random_word()?));
        std::fs::DirBuilder::new().mode(0o700).create(&directory)?;
        self.own(&directory)?;
        Ok(directory)
    }

    fn own(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.ids else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group))?;
        Ok(())
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
