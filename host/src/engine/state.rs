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

/// The host's side of one instance.
pub(crate) struct GuestState {
    pub(crate) memory: MemoryMeter,
    pub(crate) deadline: Deadline,
    pub(crate) log: LogBuffer,
    pub(crate) phase: Phase,
    value_sets: Arc<dyn ValueSets>,
    limits: Arc<Limits>,
}

impl GuestState {
    pub(crate) fn new(limits: Arc<Limits>, value_sets: Arc<dyn ValueSets>) -> Self {
        GuestState {
            memory: MemoryMeter::new(&limits),
            deadline: Deadline::default(),
            log: LogBuffer::default(),
            phase: Phase::Start,
            value_sets,
            limits,
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
