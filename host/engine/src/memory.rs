//! What an instance holds in linear memory and tables, all of them together (P3).
//!
//! wasmtime's own `StoreLimits` bounds each memory for itself; a plugin with four memories would get four times the bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use super::fault::is_of_system;
use super::limits::Limits;

/// Bytes that a table element takes.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts the bytes of all instances.
#[derive(Debug, Clone)]
pub(crate) struct InstancesMemory {
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

/// The host has no memory for a growth that the instance itself may have. The guest does not see it: what it would do without is not
/// what it does on another day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoHostMemory {
    #[error("all instances together would have more memory than `instances_memory_bytes_max`, which is {bytes_max}")]
    AllInstances { bytes_max: usize },
    #[error("the system has no memory for the instance: {0}")]
    System(String),
}

impl InstancesMemory {
    pub(crate) fn new(bytes_max: usize) -> Self {
        InstancesMemory { bytes: Arc::default(), bytes_max }
    }

    fn grow(&self, growth: usize) -> Result<(), NoHostMemory> {
        let before = self.bytes.fetch_add(growth, Ordering::Relaxed);
        if before.saturating_add(growth) <= self.bytes_max {
            return Ok(());
        }
        self.shrink(growth);
        Err(NoHostMemory::AllInstances { bytes_max: self.bytes_max })
    }

    fn shrink(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Counts the bytes of one instance and rejects what goes beyond the bound.
#[derive(Debug)]
pub(crate) struct MemoryMeter {
    all: InstancesMemory,
    bytes: usize,
    bytes_max: usize,
    memories_max: usize,
    tables_max: usize,
    instances_max: usize,
    high_water: usize,
    rejected: bool,
}

impl MemoryMeter {
    pub(crate) fn new(limits: &Limits, all: InstancesMemory) -> Self {
        MemoryMeter {
            all,
            bytes: 0,
            bytes_max: limits.memory_bytes_max,
            memories_max: limits.memories_max as usize,
            tables_max: limits.tables_max as usize,
            instances_max: limits.core_instances_max as usize,
            high_water: 0,
            rejected: false,
        }
    }

    /// The most bytes held at once.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    /// Whether a growth was rejected since the last [`MemoryMeter::forget_rejections`]: why a guest aborted.
    pub(crate) fn growth_rejected(&self) -> bool {
        self.rejected
    }

    /// From now on, growth is counted and not rejected.
    pub(crate) fn remove_limit(&mut self) {
        self.bytes_max = usize::MAX;
    }

    /// Starts a new call.
    pub(crate) fn forget_rejections(&mut self) {
        self.rejected = false;
    }

    fn grow(&mut self, growth: usize) -> Result<bool, NoHostMemory> {
        let wanted = self.bytes.saturating_add(growth);
        if self.bytes_max < wanted {
            self.rejected = true;
            return Ok(false);
        }
        self.all.grow(growth)?;
        self.bytes = wanted;
        self.high_water = self.high_water.max(wanted);
        Ok(true)
    }

    /// A growth that was not rejected here and failed. The guest is told only where it asked for what can't be.
    fn grow_failed(&mut self, error: &wasmtime::Error) -> wasmtime::Result<()> {
        if is_of_system(error) {
            return Err(NoHostMemory::System(format!("{error:#}")).into());
        }
        self.rejected = true;
        Ok(())
    }

    /// Whether a growth stays within what the memory or table itself may become; wasmtime rejects it later if not.
    fn fits_maximum(&mut self, desired: usize, maximum: Option<usize>) -> bool {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        self.rejected |= !fits;
        fits
    }
}

impl Drop for MemoryMeter {
    fn drop(&mut self) {
        self.all.shrink(self.bytes);
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.fits_maximum(desired, maximum) && self.grow(desired.saturating_sub(current))?)
    }

    /// Takes nothing back. wasmtime also calls this for a growth that it never asked [`Self::memory_growing`] about, and a guest
    /// that could have an earlier growth forgotten so could have as many as it likes. What was granted and failed after all (the
    /// system had no memory) stays counted until the instance is gone.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.grow_failed(&error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES);
        Ok(self.fits_maximum(desired, maximum) && self.grow(growth)?)
    }

    /// Takes nothing back, for the same reason.
    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.grow_failed(&error)
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
        meter_of(bytes_max, &InstancesMemory::new(usize::MAX))
    }

    fn meter_of(bytes_max: usize, all: &InstancesMemory) -> MemoryMeter {
        MemoryMeter::new(&Limits { memory_bytes_max: bytes_max, ..Limits::default() }, all.clone())
    }

    fn no_host_memory(grown: wasmtime::Result<bool>) -> NoHostMemory {
        grown.unwrap_err().downcast_ref::<NoHostMemory>().unwrap().clone()
    }

    /// P3: the instances together have a bound, too. Beyond it a growth ends the call and is not seen by the guest; what an instance
    /// held is free when it is gone.
    #[test]
    fn p3_all_instances_together_are_bounded() {
        let all = InstancesMemory::new(1_000);
        let (mut one, mut two) = (meter_of(800, &all), meter_of(800, &all));
        assert!(one.memory_growing(0, 700, None).unwrap());
        assert!(two.memory_growing(0, 300, None).unwrap());
        assert_eq!(no_host_memory(two.memory_growing(300, 301, None)), NoHostMemory::AllInstances { bytes_max: 1_000 });
        assert_eq!(no_host_memory(two.table_growing(0, 1, None)), NoHostMemory::AllInstances { bytes_max: 1_000 });
        assert!(!two.growth_rejected());
        assert!(!one.memory_growing(700, 801, None).unwrap(), "its own bound comes first");
        drop(one);
        assert!(two.memory_growing(300, 800, None).unwrap());
        drop(two);
        assert_eq!(all.bytes.load(Ordering::Relaxed), 0);
    }

    /// H8: what the system has no memory for is not the plugin's failure.
    #[test]
    fn h8_a_system_without_memory_is_not_the_guests() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 1_000, None).unwrap());
        let failed = meter.memory_grow_failed(std::io::Error::from_raw_os_error(12).into());
        assert!(failed.unwrap_err().is::<NoHostMemory>());
        assert!(!meter.growth_rejected());
    }
    /// P3: the bound is over all memories and tables, not each.
    #[test]
    fn sums_memories_and_tables() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 600, None).unwrap());
        assert!(meter.table_growing(0, 25, None).unwrap());
        assert!(!meter.growth_rejected());
        assert!(!meter.memory_growing(0, 201, None).unwrap());
        assert!(meter.growth_rejected());
        assert!(meter.memory_growing(600, 800, None).unwrap());
        assert_eq!(meter.high_water(), 1_000);
    }

    /// P3: a growth to nonsense fails without having been asked about; the one before it stays counted.
    #[test]
    fn a_failure_makes_no_room() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 1_000, None).unwrap());
        meter.memory_grow_failed(wasmtime::Error::msg("memory growth exceeds memory type's limits")).unwrap();
        assert!(meter.growth_rejected());
        assert!(!meter.memory_growing(0, 1, None).unwrap());
    }

    /// What can't be is not counted either.
    #[test]
    fn growth_beyond_its_own_maximum_is_free() {
        let mut meter = meter(1_000);
        assert!(!meter.memory_growing(0, 900, Some(800)).unwrap());
        assert!(!meter.table_growing(0, 90, Some(80)).unwrap());
        assert!(meter.growth_rejected());
        assert!(meter.memory_growing(0, 1_000, Some(1_000)).unwrap());
    }

    #[test]
    fn sizes_beyond_counting_are_rejected() {
        let mut meter = meter(1_000);
        assert!(meter.memory_growing(0, 1, None).unwrap());
        assert!(!meter.memory_growing(0, usize::MAX, None).unwrap());
        assert!(!meter.table_growing(0, usize::MAX, None).unwrap());
    }
}
