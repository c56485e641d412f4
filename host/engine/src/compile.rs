//! From foreign bytes to a component, and from a component to machine code.
//!
//! The tools used here were not written for hostile input: some kilobytes can take the compiler minutes or gigabytes. So they run
//! in a child process with bounded time and memory, which is killed when it takes too long; the host binary is that process too,
//! under a hidden subcommand. Tests and tools that have no such binary compile in their own process.
//!
//! A child yields to everything else on the machine: it is niced, compiles on one thread, and is the first to be killed when memory is
//! short. How it ended says whose failure it was ([`CompileErrorKind`]): only what the compiler says of the bytes is the plugin's.

use std::io::{Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use strum::{EnumString, IntoStaticStr};

use rustix::process::{Resource, Rlimit, Signal, setpriority_process, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use wasmtime::Engine as Wasm;
use wit_component::ComponentEncoder;

use super::limits::Limits;
use super::pool::JobLost;
use super::settings::base_config;
use super::take_snapshot;

/// The hidden subcommand of the host binary: `compile-component TASK LIMITS`, from standard input to standard output.
pub const COMPILE_COMMAND: &str = "compile-component";
/// Stack of the thread that compiles: the compiler recurses.
const STACK_BYTES: usize = 16 << 20;
/// Bytes of the child's standard error that are shown.
const STDERR_BYTES_MAX: usize = 2_000;
/// Bytes of it that are read: a panic with its traces fits.
const STDERR_BYTES_READ_MAX: usize = 1 << 20;
/// The exit code of a child that could not do its work, whatever the bytes: one of its own, so that no other failure is taken for it.
const HOST_EXIT_CODE: u8 = 70;
/// The exit code of a child that rejects the bytes.
const REJECTED_EXIT_CODE: u8 = 1;
/// This program, also after its file was replaced or removed by an upgrade.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// The name under which a child is listed.
const CHILD_NAME: &str = "hookmill-compiler";
/// How far a child yields to other processes.
const CHILD_NICE: i32 = 10;
/// The value that has the kernel choose a child before any other process when memory is short.
const CHILD_OOM_SCORE: &str = "1000";
/// Seconds between the signal that says that the CPU time is used up, and the kill.
const CPU_GRACE_S: u64 = 2;

/// Where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// In this process, bounded only by the sizes that admission checks. For tests and tools.
    InProcess,
    /// In a process of its own: this program, started with [`COMPILE_COMMAND`] and the limits as JSON.
    Child(PathBuf),
}

/// What is done to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Task {
    /// A core module built with wit-bindgen carries the contract it was built for; with it, it becomes a component.
    Componentize,
    /// A component that was admitted by its names and sizes becomes machine code.
    Compile,
    /// Such a component is initialised and becomes the machine code of its snapshot, or the reason why not: a
    /// [`Compiled`](super::snapshot_status::Compiled) in any case.
    Snapshot,
}

/// Whose failure it was that there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompileErrorKind {
    /// The compiler rejects the bytes.
    Rejected,
    /// It needs more than the bounds allow.
    Bounds,
    /// Something killed it, or it waited for the machine too long: the machine was short of something, or the bytes ask for too much.
    Stopped,
    /// The host could not compile it at all: nothing is known about the bytes.
    Host,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct CompileError {
    pub(crate) kind: CompileErrorKind,
    /// For people.
    pub(crate) text: String,
}

impl CompileError {
    pub(crate) fn rejected(text: impl Into<String>) -> Self {
        CompileError { kind: CompileErrorKind::Rejected, text: text.into() }
    }

    fn bounds(text: impl Into<String>) -> Self {
        CompileError { kind: CompileErrorKind::Bounds, text: text.into() }
    }

    fn stopped(text: impl Into<String>) -> Self {
        CompileError { kind: CompileErrorKind::Stopped, text: text.into() }
    }

    pub(crate) fn host(text: impl Into<String>) -> Self {
        CompileError { kind: CompileErrorKind::Host, text: text.into() }
    }
}

impl From<JobLost> for CompileError {
    fn from(lost: JobLost) -> Self {
        CompileError::host(lost.to_string())
    }
}

impl Compiler {
    /// In processes of this program, which are started as it was when this one started: an upgrade that replaces or removes its file
    /// changes nothing until the next start.
    ///
    /// # Errors
    /// Where the system does not tell where this program is.
    pub fn own_child() -> std::io::Result<Self> {
        let own = Path::new(OWN_PROGRAM);
        if own.exists() { Ok(Compiler::Child(own.into())) } else { std::env::current_exe().map(Compiler::Child) }
    }
}

impl Task {
    /// Runs it in this process.
    pub(crate) fn run(self, wasm: &Wasm, limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
        match self {
            Task::Componentize => componentize(bytes),
            Task::Compile => {
                wasm.precompile_component(bytes).map_err(|error| CompileError::rejected(format!("{error:#}")))
            }
            Task::Snapshot => Ok(take_snapshot::take_snapshot(bytes, limits).write()),
        }
    }

    /// Runs it in a child process.
    pub(crate) async fn run_in_child(
        self,
        program: &Path,
        limits: &Limits,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, CompileError> {
        let settings = serde_json::to_string(limits).map_err(|error| CompileError::host(error.to_string()))?;
        let mut command = std::process::Command::new(program);
        command.arg0(CHILD_NAME).args([COMPILE_COMMAND, self.into()]).arg(settings).env_clear();
        // The compiler's threads, each with memory of its own.
        command.env("RAYON_NUM_THREADS", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = Command::from(command).kill_on_drop(true).spawn().map_err(|error| {
            CompileError::host(format!(
                "the compiling process `{}` can't be started: {error}; check the file, and the limits on processes and open files",
                program.display()
            ))
        })?;
        let wall_s = limits.compile_wall_s_max;
        match tokio::time::timeout(Duration::from_secs(wall_s), exchange(child, bytes, limits.compiled_cache_bytes_max))
            .await
        {
            Ok(exchanged) => {
                exchanged.and_then(|(status, output, stderr)| read_result(status, output, &stderr, limits))
            }
            Err(_) => Err(CompileError::stopped(format!(
                "compiling it took too long; `compile_wall_s_max` is {wall_s}: the machine is busy, or the plugin is too large"
            ))),
        }
    }
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, CompileError> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| CompileError::rejected(format!("{error:#}")))
}

async fn exchange(
    mut child: Child,
    bytes: Vec<u8>,
    output_bytes_max: usize,
) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), CompileError> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write_input = async move {
        if let Some(mut stdin) = stdin {
            // A child that failed early has written the reason to its standard error.
            let _ = stdin.write_all(&bytes).await;
        }
        Ok(())
    };
    // A child that writes too much is killed, like every child that is no longer waited for.
    let output = read_at_most(stdout, output_bytes_max, "compiled_cache_bytes_max");
    let stderr = read_at_most(stderr, STDERR_BYTES_READ_MAX, "standard error");
    let ((), output, stderr) = tokio::try_join!(write_input, output, stderr)?;
    Ok((child.wait().await.map_err(lost_child)?, output, stderr))
}

async fn read_at_most(
    stream: Option<impl AsyncRead + Unpin>,
    bytes_max: usize,
    name: &str,
) -> Result<Vec<u8>, CompileError> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(bytes_max as u64 + 1).read_to_end(&mut bytes).await.map_err(lost_child)?;
    }
    if bytes.len() <= bytes_max {
        return Ok(bytes);
    }
    Err(CompileError::bounds(format!(
        "the compiling process was stopped: it writes more than {bytes_max} bytes, which is `{name}`"
    )))
}

fn lost_child(error: std::io::Error) -> CompileError {
    CompileError::host(format!("the compiling process was lost: {error}"))
}

/// What a child's end means.
fn read_result(status: ExitStatus, output: Vec<u8>, stderr: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileError> {
    if status.success() {
        return Ok(output);
    }
    let stderr = String::from_utf8_lossy(&stderr[..stderr.len().min(STDERR_BYTES_MAX)]);
    let stderr = stderr.trim();
    if status.code() == Some(REJECTED_EXIT_CODE.into()) {
        return Err(CompileError::rejected(stderr));
    }
    let Some(signal) = status.signal() else {
        return Err(CompileError::host(format!("the compiling process could not do its work ({status}): {stderr}")));
    };
    let (cpu_s, bytes) = (limits.compile_cpu_s_max, limits.compile_memory_bytes_max);
    let text = format!(
        "compiling it was stopped ({status}): `compile_cpu_s_max` is {cpu_s}, `compile_memory_bytes_max` is {bytes}. {stderr}"
    );
    Err(if is_by_bounds(signal) { CompileError::bounds(text) } else { CompileError::stopped(text) })
}

/// Whether a process that compiles ends by this signal on its own: out of CPU time, out of memory, or out of stack. Others are sent to it.
fn is_by_bounds(signal: i32) -> bool {
    [Signal::XCPU, Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::ILL, Signal::FPE, Signal::TRAP]
        .iter()
        .any(|own| own.as_raw() == signal)
}

/// Why the child failed: what it writes to standard error, and the exit code that says whose failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFailure {
    /// For people.
    pub message: String,
    /// The exit code.
    pub exit_code: u8,
}

impl ChildFailure {
    fn host(message: impl Into<String>) -> Self {
        ChildFailure { message: message.into(), exit_code: HOST_EXIT_CODE }
    }
}

/// The child's side: the hidden subcommand, with its two arguments.
///
/// # Errors
/// What the caller writes to standard error, and the code it exits with.
pub fn compile_child(task: &str, settings: &str) -> Result<(), ChildFailure> {
    let task = task.parse::<Task>().map_err(|_| ChildFailure::host(format!("`{task}` is not a task")))?;
    let limits: Limits = serde_json::from_str(settings)
        .map_err(|error| ChildFailure::host(format!("the limits can't be read: {error}")))?;
    limit_this_process(&limits).map_err(|error| ChildFailure::host(format!("the limits can't be set: {error}")))?;
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run_on_streams(task, &limits));
    let thread = thread.map_err(|error| ChildFailure::host(format!("no thread: {error}")))?;
    let panicked = ChildFailure { message: "the compiler panicked".to_owned(), exit_code: REJECTED_EXIT_CODE };
    thread.join().unwrap_or(Err(panicked))
}

fn run_on_streams(task: Task, limits: &Limits) -> Result<(), ChildFailure> {
    let mut bytes = Vec::new();
    let bytes_max = limits.component_bytes_max as u64;
    let read = std::io::stdin().take(bytes_max).read_to_end(&mut bytes);
    read.map_err(|error| ChildFailure::host(format!("the component can't be read: {error}")))?;
    let wasm = Wasm::new(&base_config(limits)).map_err(|error| ChildFailure::host(format!("{error:#}")))?;
    let output = task.run(&wasm, limits, &bytes);
    let output = output.map_err(|error| ChildFailure { message: error.text, exit_code: REJECTED_EXIT_CODE })?;
    let written = std::io::stdout().write_all(&output).and_then(|()| std::io::stdout().flush());
    written.map_err(|error| ChildFailure::host(format!("the result can't be written: {error}")))
}

fn limit_this_process(limits: &Limits) -> std::io::Result<()> {
    // Not every system lets a process say so; the bounds hold all the same.
    let _ = std::fs::write("/proc/self/oom_score_adj", CHILD_OOM_SCORE);
    let _ = setpriority_process(None, CHILD_NICE);
    let both = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Core, both(0))?;
    // At the first the kernel says why, at the second it kills.
    let (signal_s, kill_s) = (limits.compile_cpu_s_max, limits.compile_cpu_s_max.saturating_add(CPU_GRACE_S));
    setrlimit(Resource::Cpu, Rlimit { current: Some(signal_s), maximum: Some(kill_s) })?;
    setrlimit(Resource::As, both(limits.compile_memory_bytes_max))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::CompileErrorKind::{Bounds, Host, Rejected, Stopped};
    use super::*;

    async fn child(program: &str, limits: Limits) -> Result<Vec<u8>, CompileError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("compiler");
        std::fs::write(&path, format!("#!/bin/sh\n{program}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Task::Compile.run_in_child(&path, &limits, b"component".to_vec()).await
    }

    #[test]
    fn a_plain_core_module_carries_no_contract() {
        let module = wat::parse_str(r#"(module (import "env" "print" (func)))"#).unwrap();
        let error = Task::Componentize.run(&Wasm::default(), &Limits::default(), &module).unwrap_err();
        assert_eq!(error.kind, Rejected);
        assert!(error.text.contains("env"), "{error}");
    }

    #[test]
    fn tasks_have_names() {
        assert_eq!("compile".parse(), Ok(Task::Compile));
        assert_eq!("componentize".parse(), Ok(Task::Componentize));
        assert_eq!("snapshot".parse(), Ok(Task::Snapshot));
        let failure = compile_child("burn", "{}").unwrap_err();
        assert!(failure.message.contains("burn"));
        assert_eq!(failure.exit_code, HOST_EXIT_CODE);
    }

    #[tokio::test]
    async fn p2_children_return_what_they_make() {
        assert_eq!(child("/bin/cat", Limits::default()).await, Ok(b"component".to_vec()));
    }

    /// P2 H8: each way for a child to fail, and whose failure it is.
    #[tokio::test]
    async fn p2_h8_whose_failure_it_is() {
        let quick = Limits { compile_wall_s_max: 2, compiled_cache_bytes_max: 1_000, ..Limits::default() };
        let table = [
            ("echo bad >&2; exit 1", Rejected, "bad"),
            ("echo 'no thread' >&2; exit 70", Host, "no thread"),
            ("exit 2", Host, "exit status: 2"),
            ("exit 101", Host, "exit status: 101"),
            ("exit 127", Host, "exit status: 127"),
            ("exec /bin/cat /dev/zero", Bounds, "`compiled_cache_bytes_max`"),
            ("kill -XCPU $$", Bounds, "`compile_cpu_s_max`"),
            (
                "echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$",
                Bounds,
                "memory allocation of 9 bytes failed",
            ),
            ("kill -SEGV $$", Bounds, "`compile_memory_bytes_max`"),
            ("kill -KILL $$", Stopped, "SIGKILL"),
            ("kill -TERM $$", Stopped, "SIGTERM"),
            ("exec /bin/sleep 30", Stopped, "`compile_wall_s_max` is 2"),
        ];
        for (program, kind, text) in table {
            let error = child(program, quick.clone()).await.unwrap_err();
            assert_eq!(error.kind, kind, "{program}: {error}");
            assert!(error.text.contains(text), "{program}: {error}");
        }
    }

    /// H8: a program that is not there, or that can't be run.
    #[tokio::test]
    async fn h8_a_child_that_cannot_be_started_is_the_hosts_failure() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("text");
        std::fs::write(&text, "no program").unwrap();
        for path in [Path::new("/nowhere/hookmill"), &text] {
            let error = Task::Compile.run_in_child(path, &Limits::default(), vec![]).await.unwrap_err();
            assert_eq!(error.kind, Host, "{error}");
            assert!(error.text.contains(&path.display().to_string()), "{error}");
        }
    }
}
