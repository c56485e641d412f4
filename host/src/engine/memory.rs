//! What an instance holds in linear memory and tables, all of them together (P3).
//!
//! wasmtime's own `StoreLimits` bounds each memory for itself; a plugin with four memories would get four times the bound.

use wasmtime::ResourceLimiter;

use super::limits::Limits;

/// Bytes that a table element takes.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts the bytes of one instance and refuses what goes beyond the bound.
#[derive(Debug)]
pub(crate) struct MemoryMeter {
    bytes: usize,
    bytes_max: usize,
    memories_max: usize,
    tables_max: usize,
    instances_max: usize,
    last_growth: usize,
    high_water: usize,
    refused: bool,
}

impl MemoryMeter {
    pub(crate) fn new(limits: &Limits) -> Self {
        MemoryMeter {
            bytes: 0,
            bytes_max: limits.memory_bytes_max,
            memories_max: limits.memories_max as usize,
            tables_max: limits.tables_max as usize,
            instances_max: limits.core_instances_max as usize,
            last_growth: 0,
            high_water: 0,
            refused: false,
        }
    }

    /// The most bytes held at once.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    /// Whether a growth was refused since the last [`MemoryMeter::forget_refusals`]: why a guest gave up.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// From now on, growth is counted and not refused.
    pub(crate) fn unbound(&mut self) {
        self.bytes_max = usize::MAX;
    }

    /// Starts a new call.
    pub(crate) fn forget_refusals(&mut self) {
        self.refused = false;
    }

    fn grow(&mut self, growth: usize) -> bool {
        let wanted = self.bytes.saturating_add(growth);
        if self.bytes_max < wanted {
            self.refused = true;
            return false;
        }
        self.bytes = wanted;
        self.last_growth = growth;
        self.high_water = self.high_water.max(wanted);
        true
    }

    fn take_back(&mut self) {
        self.bytes -= std::mem::take(&mut self.last_growth);
        self.refused = true;
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.tables_max
    }

    fn memories(&self) -> usize {
        self.memories_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(bytes_max: usize) -> MemoryMeter {
        MemoryMeter::new(&Limits { memory_bytes_max: bytes_max, ..Limits::default() })
    }

    /// P3: the bound is over all memories and tables, not each.
    #[test]
    fn sums_memories_and_tables() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 600, None).unwrap());
        assert!(meter.table_growing(0, 25, None).unwrap());
        assert!(!meter.refused());
        assert!(!meter.memory_growing(0, 201, None).unwrap());
        assert!(meter.refused());
        assert!(meter.memory_growing(600, 800, None).unwrap());
        assert_eq!(meter.high_water(), 1_000);
    }

    #[test]
    fn a_growth_that_failed_later_is_taken_back() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 1_000, None).unwrap());
        meter.memory_grow_failed(wasmtime::Error::msg("the system said no")).unwrap();
        assert!(meter.refused());
        assert!(meter.memory_growing(0, 1_000, None).unwrap());
    }

    #[test]
    fn sizes_beyond_counting_are_refused() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 1, None).unwrap());
        assert!(!meter.memory_growing(0, usize::MAX, None).unwrap());
        assert!(!meter.table_growing(0, usize::MAX, None).unwrap());
    }
}
