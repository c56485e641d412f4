//! What belongs to one instance on the host's side, and the imports that act on it.

use std::sync::Arc;

use super::bindings::hookmill::plugin::{log, lookup};
use super::contract_types::{LogLevel, LookupError};
use super::deadline::Deadline;
use super::fault::{ImportError, Phase};
use super::host_log::{LogBuffer, LogLine, truncate};
use super::limits::Limits;
use super::lookup::{NoValueSets, ValueSets};
use super::memory::{InstancesMemory, MemoryMeter};
use super::wasi::Wasi;
use wasmtime_wasi::{WasiCtxView, WasiView};

/// The host's side of one instance.
pub(crate) struct GuestState {
    pub(crate) memory: MemoryMeter,
    pub(crate) deadline: Deadline,
    pub(crate) log: LogBuffer,
    pub(crate) phase: Phase,
    pub(crate) limits: Arc<Limits>,
    value_sets: Arc<dyn ValueSets>,
    now_ms: i64,
    wasi: Option<Box<Wasi>>,
}

impl GuestState {
    /// An instance that starts. It finds no tables and no time, so that it starts the same for every campaign, and a snapshot
    /// of it can be taken.
    pub(crate) fn new(limits: Arc<Limits>, all: InstancesMemory) -> Self {
        GuestState {
            memory: MemoryMeter::new(&limits, all),
            deadline: Deadline::default(),
            log: LogBuffer::default(),
            phase: Phase::Start,
            value_sets: Arc::new(NoValueSets),
            limits,
            now_ms: 0,
            wasi: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(Arc::default(), InstancesMemory::new(usize::MAX))
    }

    /// Assigns an instance that is initialised, or came out of a snapshot, to a campaign and a time.
    pub(crate) fn assign(&mut self, value_sets: Arc<dyn ValueSets>, now_ms: i64) {
        (self.value_sets, self.now_ms) = (value_sets, now_ms);
        // Without handles, a new WASI context works for an instance that was initialised as for one from a snapshot.
        if self.holds_resources() {
            self.wasi().set_time(now_ms);
        } else {
            self.wasi = None;
        }
    }

    /// Whether the guest may hold handles to what the host keeps for it.
    pub(crate) fn holds_resources(&self) -> bool {
        self.wasi.as_ref().is_some_and(|wasi| wasi.holds_resources())
    }

    /// The WASI world of this instance, made when it is first asked for: most plugins never do.
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        self.wasi.get_or_insert_with(|| Box::new(Wasi::new(&self.limits, self.now_ms)))
    }

    /// After a call: puts what was printed into the log.
    pub(crate) fn collect_printed(&mut self) {
        let Some(wasi) = &self.wasi else { return };
        let (stdout, stderr, lines_dropped) = wasi.take_printed();
        self.log.dropped += lines_dropped;
        stdout.lines().for_each(|line| self.write_line(LogLevel::Info, line.to_owned()));
        // Where there is a standard error, a panic and its place are all that is left of a trap.
        if !stderr.trim().is_empty() {
            self.write_line(LogLevel::Error, stderr.trim().to_owned());
        }
    }

    fn check_host_call_bytes(&self, import: &'static str, bytes: usize) -> wasmtime::Result<()> {
        if self.limits.host_call_bytes_max < bytes {
            return Err(ImportError::TooManyBytes { import, bytes }.into());
        }
        Ok(())
    }

    /// Writes one line into the plugin's log.
    pub(crate) fn write_line(&mut self, level: LogLevel, message: String) {
        let message = truncate(message, self.limits.log_line_bytes_max);
        self.log.push(LogLine { level, phase: self.phase, message }, self.limits.log_lines_max);
    }
}

impl log::Host for GuestState {
    fn write(&mut self, level: LogLevel, message: String) -> wasmtime::Result<()> {
        self.check_host_call_bytes("log.write", message.len())?;
        self.write_line(level, message);
        Ok(())
    }
}

impl lookup::Host for GuestState {
    fn get(&mut self, table: String, key: String) -> wasmtime::Result<Result<Option<String>, LookupError>> {
        self.check_host_call_bytes("lookup.get", table.len() + key.len())?;
        if self.value_sets.must_fetch(&table) {
            return Err(ImportError::NotFetched.into());
        }
        Ok(self.value_sets.get(&table, &key))
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi().view()
    }
}
