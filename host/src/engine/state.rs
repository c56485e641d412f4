//! What belongs to one instance on the host's side, and the imports that act on it.

use std::sync::Arc;

use super::bindings::hookmill::plugin::{log, lookup};
use super::contract_types::{LogLevel, LookupError};
use super::deadline::Deadline;
use super::fault::{ImportRefusal, Phase};
use super::host_log::{LogBuffer, LogLine, cut};
use super::limits::Limits;
use super::lookup::ValueSets;
use super::memory::MemoryMeter;
use super::wasi::Wasi;

/// The host's side of one instance.
pub(crate) struct GuestState {
    pub(crate) memory: MemoryMeter,
    pub(crate) deadline: Deadline,
    pub(crate) log: LogBuffer,
    pub(crate) phase: Phase,
    value_sets: Arc<dyn ValueSets>,
    limits: Arc<Limits>,
    now_ms: i64,
    wasi: Option<Box<Wasi>>,
}

impl GuestState {
    pub(crate) fn new(limits: Arc<Limits>, value_sets: Arc<dyn ValueSets>, now_ms: i64) -> Self {
        GuestState {
            memory: MemoryMeter::new(&limits),
            deadline: Deadline::default(),
            log: LogBuffer::default(),
            phase: Phase::Start,
            value_sets,
            limits,
            now_ms,
            wasi: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(Arc::default(), Arc::new(super::lookup::NoValueSets), 0)
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

    fn accept(&self, import: &'static str, bytes: usize) -> wasmtime::Result<()> {
        if self.limits.host_call_bytes_max < bytes {
            return Err(ImportRefusal::TooManyBytes { import, bytes }.into());
        }
        Ok(())
    }

    /// Writes one line into the plugin's log.
    pub(crate) fn write_line(&mut self, level: LogLevel, message: String) {
        let message = cut(message, self.limits.log_line_bytes_max);
        self.log.push(LogLine { level, phase: self.phase, message }, self.limits.log_lines_max);
    }
}

impl log::Host for GuestState {
    fn write(&mut self, level: LogLevel, message: String) -> wasmtime::Result<()> {
        self.accept("log.write", message.len())?;
        self.write_line(level, message);
        Ok(())
    }
}

impl lookup::Host for GuestState {
    fn get(&mut self, table: String, key: String) -> wasmtime::Result<Result<Option<String>, LookupError>> {
        self.accept("lookup.get", table.len() + key.len())?;
        Ok(self.value_sets.get(&table, &key))
    }
}
