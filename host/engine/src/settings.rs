//! wasmtime's settings: what a guest can be, and what it can have.

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::limits::Limits;

/// Memory of a slot that is wiped and kept instead of being freed: more than a call of a small plugin touches.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;
/// Room that a memory grows into before it is moved, where address space is short.
const GROWTH_BYTES: u64 = 16 << 20;

/// The settings that compiled code depends on: they make a run repeatable, bounded and fast.
pub(crate) fn base_config(limits: &Limits) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(limits.stack_bytes_max).concurrency_support(false);
    // Bit for bit the same on every machine (P8).
    config.cranelift_nan_canonicalization(true).wasm_relaxed_simd(false);
    config.wasm_memory64(false).wasm_component_model_memory64(false);
    // A snapshot is mapped as one piece, holes included, not copied together for each instance.
    config.memory_init_cow(true).memory_guaranteed_dense_image_size(limits.snapshot_bytes_max as u64 + 1);
    config
}

/// The settings of a run that happens once, in a process whose address space is bounded: the same results, but no reservations of
/// gigabytes.
pub(crate) fn single_run_config(limits: &Limits) -> Config {
    let mut config = base_config(limits);
    config.memory_init_cow(false);
    config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(GROWTH_BYTES);
    config
}

/// The settings of a host that also runs what is compiled.
pub(crate) fn host_config(limits: &Limits) -> Config {
    let mut config = base_config(limits);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits)));
    config
}

/// Enough room for as many instances as there may be, each as large as it may be: a plugin with many memories must not use up
/// the room of others.
fn pooling(limits: &Limits) -> PoolingAllocationConfig {
    let instances = limits.instances_max.saturating_add(limits.people_instances_max);
    let mut pooling = PoolingAllocationConfig::new();
    pooling
        .total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(limits.core_instances_max))
        .max_core_instances_per_component(limits.core_instances_max)
        .total_memories(instances.saturating_mul(limits.memories_max))
        .max_memories_per_component(limits.memories_max)
        .max_memories_per_module(limits.memories_max)
        .max_memory_size(limits.memory_bytes_max)
        .total_tables(instances.saturating_mul(limits.tables_max))
        .max_tables_per_component(limits.tables_max)
        .max_tables_per_module(limits.tables_max)
        .table_elements(limits.table_elements_max)
        .max_unused_warm_slots(instances)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pooling
}
