//! From foreign bytes to a component, and from a component to machine code.
//!
//! The tools used here were not written for hostile input: some kilobytes can take the compiler minutes or gigabytes. So they run
//! in a child process with bounded time and memory, which is killed when it takes too long; the host binary is that process too,
//! under a hidden subcommand. Tests and tools that have no such binary compile in their own process.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use strum::{EnumString, IntoStaticStr};

use rustix::process::{Resource, Rlimit, setrlimit};
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

/// The compiler rejected the bytes, or was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CompileError(pub(crate) String);

impl From<JobLost> for CompileError {
    fn from(lost: JobLost) -> Self {
        CompileError(lost.to_string())
    }
}

impl Task {
    /// Runs it in this process.
    pub(crate) fn run(self, wasm: &Wasm, limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
        match self {
            Task::Componentize => componentize(bytes),
            Task::Compile => wasm.precompile_component(bytes).map_err(|error| CompileError(format!("{error:#}"))),
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
        let settings = serde_json::to_string(limits).map_err(|error| CompileError(error.to_string()))?;
        let mut command = Command::new(program);
        command.args([COMPILE_COMMAND, self.into()]).arg(settings).env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command
            .spawn()
            .map_err(|error| CompileError(format!("`{}` can't be started: {error}", program.display())))?;
        let wall_s = limits.compile_wall_s_max;
        match tokio::time::timeout(Duration::from_secs(wall_s), exchange(child, bytes, limits.compiled_cache_bytes_max))
            .await
        {
            Ok(Ok((status, output, stderr))) => read_result(status, output, &stderr, limits),
            Ok(Err(error)) => Err(CompileError(format!("the compiling process was abandoned: {error}"))),
            Err(_) => Err(CompileError(format!("compiling it took too long; `compile_wall_s_max` is {wall_s}"))),
        }
    }
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, CompileError> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| CompileError(format!("{error:#}")))
}

async fn exchange(
    mut child: Child,
    bytes: Vec<u8>,
    output_bytes_max: usize,
) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
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
    Ok((child.wait().await?, output, stderr))
}

async fn read_at_most(
    stream: Option<impl AsyncRead + Unpin>,
    bytes_max: usize,
    name: &str,
) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(bytes_max as u64 + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() <= bytes_max {
        return Ok(bytes);
    }
    Err(std::io::Error::other(format!("it writes more than {bytes_max} bytes, which is `{name}`")))
}

fn read_result(status: ExitStatus, output: Vec<u8>, stderr: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileError> {
    if status.success() {
        return Ok(output);
    }
    let stderr = String::from_utf8_lossy(&stderr[..stderr.len().min(STDERR_BYTES_MAX)]);
    if status.code().is_some() {
        return Err(CompileError(stderr.trim().to_owned()));
    }
    let (cpu_s, bytes) = (limits.compile_cpu_s_max, limits.compile_memory_bytes_max);
    let message = format!(
        "compiling it was stopped ({status}): `compile_cpu_s_max` is {cpu_s}, `compile_memory_bytes_max` is {bytes}. {}",
        stderr.trim()
    );
    Err(CompileError(message))
}

/// The child's side: the hidden subcommand, with its two arguments. The caller writes an error to standard error and exits with 1.
pub fn compile_child(task: &str, settings: &str) -> Result<(), String> {
    let task = task.parse::<Task>().map_err(|_| format!("`{task}` is not a task"))?;
    let limits: Limits =
        serde_json::from_str(settings).map_err(|error| format!("the limits can't be read: {error}"))?;
    limit_this_process(&limits).map_err(|error| format!("the limits can't be set: {error}"))?;
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run_on_streams(task, &limits));
    let thread = thread.map_err(|error| format!("no thread: {error}"))?;
    thread.join().unwrap_or_else(|_| Err("the compiler panicked".to_owned()))
}

fn run_on_streams(task: Task, limits: &Limits) -> Result<(), String> {
    let mut bytes = Vec::new();
    let bytes_max = limits.component_bytes_max as u64;
    std::io::stdin().take(bytes_max).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let wasm = Wasm::new(&base_config(limits)).map_err(|error| format!("{error:#}"))?;
    let output = task.run(&wasm, limits, &bytes).map_err(|error| error.to_string())?;
    std::io::stdout().write_all(&output).map_err(|error| error.to_string())
}

fn limit_this_process(limits: &Limits) -> rustix::io::Result<()> {
    let both = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Cpu, both(limits.compile_cpu_s_max))?;
    setrlimit(Resource::As, both(limits.compile_memory_bytes_max))
}

#[cfg(test)]
mod tests {
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
        assert!(error.0.contains("env"), "{error}");
    }

    #[test]
    fn tasks_have_names() {
        assert_eq!("compile".parse(), Ok(Task::Compile));
        assert_eq!("componentize".parse(), Ok(Task::Componentize));
        assert_eq!("snapshot".parse(), Ok(Task::Snapshot));
        assert!(compile_child("burn", "{}").unwrap_err().contains("burn"));
    }

    /// P2: the child returns the result or the reason; a child that hangs or dies is a reason, too.
    #[tokio::test]
    async fn children() {
        let quick = Limits { compile_wall_s_max: 1, ..Limits::default() };
        assert_eq!(child("/bin/cat", quick.clone()).await, Ok(b"component".to_vec()));
        assert_eq!(child("echo bad >&2; exit 1", quick.clone()).await, Err(CompileError("bad".into())));
        let hangs = child("exec /bin/sleep 30", quick.clone()).await.unwrap_err();
        assert!(hangs.0.contains("`compile_wall_s_max` is 1"), "{hangs}");
        let small = Limits { compiled_cache_bytes_max: 1_000, ..quick.clone() };
        let endless = child("exec /bin/cat /dev/zero", small).await.unwrap_err();
        assert!(endless.0.contains("`compiled_cache_bytes_max`"), "{endless}");
        let dies = child("kill -9 $$", quick).await.unwrap_err();
        assert!(dies.0.contains("compile_memory_bytes_max"), "{dies}");
        let missing =
            Task::Compile.run_in_child(Path::new("/nowhere/hookmill"), &Limits::default(), vec![]).await.unwrap_err();
        assert!(missing.0.contains("/nowhere/hookmill"), "{missing}");
    }
}
