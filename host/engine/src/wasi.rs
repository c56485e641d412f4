//! WASI p2 with nothing in it (P5), for components that JavaScript, Python and `wasm32-wasip2` tools make.
//!
//! There are no files, no environment, no sockets and no arguments; the clocks stand still at the time of the run; randomness is
//! the same in every instance, so that a run can be repeated; what is printed goes into the plugin's log. Waiting traps: a
//! blocking import would hold a thread of ours, and no epoch interrupts a host call. So `wasi:io/poll` is replaced as a whole.

use std::mem;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::fault::ImportError;
use super::limits::Limits;

/// The packages that are linked.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
/// The interface that waits, by the name under which it is linked.
const POLL: &str = "wasi:io/poll@0.2.12";
/// What a guest gets for randomness, over and over.
const RANDOMNESS: [u8; 16] = *b"hookmill-0123456";
/// Bytes that a guest may print at once.
const PERMIT_BYTES: usize = 64 << 10;

/// Whether a name is one of the interfaces linked here.
pub(crate) fn is_linked(name: &str) -> bool {
    let Some((package, rest)) = name.strip_prefix("wasi:").and_then(|name| name.split_once('/')) else { return false };
    let Some((_, version)) = rest.split_once('@') else { return false };
    let patch = version.strip_prefix("0.2.").unwrap_or_default();
    PACKAGES.contains(&package) && !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())
}

/// Links all of it, and puts traps where a guest would wait.
pub(crate) fn link<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    let mut poll = linker.instance(POLL)?;
    poll.func_wrap("poll", |_, (_,): (Vec<Resource<DynPollable>>,)| would_wait::<(Vec<u32>,)>("wasi:io/poll.poll"))?;
    // Not to wait but to ask is a clock, too: a timer is ready when so much time is over.
    poll.func_wrap("[method]pollable.ready", |_, (_,): (Resource<DynPollable>,)| {
        would_wait::<(bool,)>("wasi:io/poll.ready")
    })?;
    poll.func_wrap("[method]pollable.block", |_, (_,): (Resource<DynPollable>,)| {
        would_wait::<()>("wasi:io/poll.block")
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn would_wait<T>(import: &'static str) -> wasmtime::Result<T> {
    Err(ImportError::WouldWait { import }.into())
}

/// The empty world of one instance.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    now_ms: Arc<AtomicI64>,
    stdout: Printed,
    stderr: Printed,
}

impl Wasi {
    pub(crate) fn new(limits: &Limits, now_ms: i64) -> Self {
        let bytes_max = limits.log_line_bytes_max.saturating_mul(limits.log_lines_max);
        let (stdout, stderr) = (Printed::new(bytes_max), Printed::new(bytes_max));
        let mut builder = WasiCtxBuilder::new();
        builder.stdout(stdout.clone()).stderr(stderr.clone());
        let now_ms = Arc::new(AtomicI64::new(now_ms));
        builder
            .wall_clock(FixedClock { now_ms: now_ms.clone() })
            .monotonic_clock(FixedClock { now_ms: now_ms.clone() });
        builder.secure_random(Deterministic::new(RANDOMNESS.to_vec()));
        builder.insecure_random(Deterministic::new(RANDOMNESS.to_vec()));
        builder
            .insecure_random_seed(u128::from_le_bytes(RANDOMNESS))
            .max_random_size(limits.host_call_bytes_max as u64);
        builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        Wasi { context: builder.build(), table: ResourceTable::new(), now_ms, stdout, stderr }
    }

    /// Sets the clock that stands still.
    pub(crate) fn set_time(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Whether a stream or anything else is open.
    pub(crate) fn holds_resources(&self) -> bool {
        !self.table.is_empty()
    }

    /// What was printed since the last time: on standard output, on standard error, and how many lines were not kept.
    pub(crate) fn take_printed(&self) -> (String, String, u64) {
        let ((stdout, lost), (stderr, lost_too)) = (self.stdout.take(), self.stderr.take());
        (stdout, stderr, lost + lost_too)
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

/// A clock that does not advance.
struct FixedClock {
    now_ms: Arc<AtomicI64>,
}

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.now_ms.load(Ordering::Relaxed).max(0).unsigned_abs())
    }
}

impl HostMonotonicClock for FixedClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}

/// What a guest prints, kept up to a bound; the lines that end beyond it are counted.
#[derive(Clone)]
struct Printed {
    kept: Arc<Mutex<Captured>>,
    bytes_max: usize,
}

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    lines_dropped: u64,
}

impl Printed {
    fn new(bytes_max: usize) -> Self {
        Printed { kept: Arc::default(), bytes_max }
    }

    fn push(&self, printed: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.bytes_max.saturating_sub(kept.bytes.len()).min(printed.len());
        kept.bytes.extend_from_slice(&printed[..room]);
        kept.lines_dropped += printed[room..].iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    fn take(&self) -> (String, u64) {
        let kept = mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        (String::from_utf8_lossy(&kept.bytes).into_owned(), kept.lines_dropped)
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;
    use wasmtime::{Config, Engine, Store};

    use super::super::state::GuestState;
    use super::*;
    use crate::fault::{Fault, FaultContext, FaultKind, Phase};

    /// P5: only the empty world is granted, by name.
    #[test]
    fn names() {
        for name in ["wasi:io/poll@0.2.0", "wasi:cli/environment@0.2.12", "wasi:sockets/tcp@0.2.3"] {
            assert!(is_linked(name), "{name}");
        }
        for name in [
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:io/poll@0.3.0",
            "wasi:io/poll",
            "wasi:io/poll@0.2.",
            "wasix:io/poll@0.2.0",
        ] {
            assert!(!is_linked(name), "{name}");
        }
    }

    fn run(text: &str) -> (wasmtime::Result<()>, GuestState) {
        let mut config = Config::new();
        config.concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        link(&mut linker).unwrap();
        let component = Component::from_binary(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, GuestState::for_tests());
        let result = linker.instantiate(&mut store, &component).and_then(|instance| {
            let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
            run.call(&mut store, ())
        });
        (result, store.into_data())
    }

    fn kind(error: &wasmtime::Error) -> FaultKind {
        let limits = Limits::default();
        Fault::of(error, &FaultContext { phase: Phase::Map, limits: &limits, memory_rejected: false, panic: None }).kind
    }

    /// P5: no waiting. A guest that sleeps traps at once.
    #[test]
    fn waiting_traps() {
        let (result, _) = run(r#"(component
            (import "wasi:io/poll@0.2.0" (instance $poll
                (export "pollable" (type $pollable (sub resource)))
                (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
            (alias export $poll "pollable" (type $pollable))
            (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
                (alias outer 1 $pollable (type $p))
                (export "pollable" (type $q (eq $p)))
                (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
            (core func $block (canon lower (func $poll "[method]pollable.block")))
            (core func $subscribe (canon lower (func $clock "subscribe-duration")))
            (core module $m
                (import "" "block" (func $block (param i32)))
                (import "" "subscribe" (func $subscribe (param i64) (result i32)))
                (func (export "run") (call $block (call $subscribe (i64.const 3600000000000)))))
            (core instance $i (instantiate $m (with "" (instance
                (export "block" (func $block)) (export "subscribe" (func $subscribe))))))
            (func (export "run") (canon lift (core func $i "run"))))"#);
        assert_eq!(kind(&result.unwrap_err()), FaultKind::WouldWait);
    }

    /// P5: `exit` ends the call, not the host.
    #[test]
    fn exit_is_a_typed_fault() {
        let (result, _) = run(r#"(component
            (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
            (core func $exit (canon lower (func $exit "exit")))
            (core module $m
                (import "" "exit" (func $exit (param i32)))
                (func (export "run") (call $exit (i32.const 1))))
            (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit))))))
            (func (export "run") (canon lift (core func $i "run"))))"#);
        assert_eq!(kind(&result.unwrap_err()), FaultKind::Exit);
    }

    /// P3: what is printed is kept up to a bound.
    #[test]
    fn printing_is_bounded() {
        let printed = Printed::new(5);
        printed.push(b"abc");
        printed.push(b"defg\nhi\n");
        assert_eq!(printed.take(), ("abcde".to_owned(), 2));
        printed.push(b"h");
        assert_eq!(printed.take(), ("h".to_owned(), 0));
    }
}
