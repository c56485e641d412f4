//! Every bound of the sandbox, in one table (P3).

use serde::{Deserialize, Serialize};

/// The bounds of the sandbox, with their units in their names. [`Limits::default`] is the table of defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a component or core module that is uploaded.
    pub component_bytes_max: usize,
    /// Linear memory that a snapshot has, from the first byte that is not zero to the last; of all memories together.
    pub snapshot_bytes_max: usize,
    /// Linear memory and tables of one instance, all of them together.
    pub memory_bytes_max: usize,
    /// How many linear memories one instance may have.
    pub memories_max: u32,
    /// How many tables one instance may have.
    pub tables_max: u32,
    /// Elements of each table.
    pub table_elements_max: usize,
    /// Core instances inside one component.
    pub core_instances_max: u32,
    /// Live resource handles in one instance.
    pub handles_max: usize,
    /// Stack of the compiled code. A guest's own shadow stack lies in its linear memory and is set by its linker.
    pub stack_bytes_max: usize,
    /// CPU time of one call, whatever the batch: starting an instance is one such call.
    pub deadline_base_ms: u64,
    /// CPU time that each item adds to a call's deadline.
    pub deadline_per_item_us: u64,
    /// CPU time for compiling a configuration, for `describe` and for `initialize`.
    pub deadline_configure_ms: u64,
    /// How often a running guest's CPU clock is read.
    pub deadline_tick_ms: u64,
    /// CPU time that bisecting one call may take once a culprit is found; the remaining items are postponed.
    pub bisection_cpu_ms_max: u64,
    /// Bytes that one call may return. A batch of good items that return more is split.
    pub output_bytes_max: usize,
    /// Bytes that may be returned for one item.
    pub output_item_bytes_max: usize,
    /// Nesting of a JSON value that a plugin returns: deeper than a body may come in, since a lead and its trace wrap it.
    pub output_json_depth_max: usize,
    /// Leads that one element may become, and HTTP requests that one lead may ask for.
    pub output_list_items_max: usize,
    /// Bytes of one log line; the rest is truncated.
    pub log_line_bytes_max: usize,
    /// Log lines of one session; the rest is counted.
    pub log_lines_max: usize,
    /// Bytes that one call of an import may pass to the host.
    pub host_call_bytes_max: usize,
    /// Instances alive at once. A task that holds several sessions takes one for each.
    pub instances_max: u32,
    /// Linear memory and tables of all instances together; beyond it calls fail as the host's failure, and are made again later.
    pub instances_memory_bytes_max: usize,
    /// Instances alive at once for what people ask for, such as dry runs; besides `instances_max`. A run takes two.
    pub people_instances_max: u32,
    /// Threads that run guests for production.
    pub threads: usize,
    /// Threads that run guests for what people ask for, at a lower priority.
    pub people_threads: usize,
    /// Calls that wait for a thread before callers wait in turn.
    pub queued_calls_max: usize,
    /// Compiled code kept in memory, counted as its size on disk; also the most that one component may compile to.
    pub compiled_cache_bytes_max: usize,
    /// Compiled components kept in memory. Each holds an open file.
    pub loaded_components_max: usize,
    /// Compiled code kept on disk; the oldest goes first.
    pub compiled_disk_bytes_max: u64,
    /// Items of one call; a longer list becomes several calls.
    pub batch_items_max: usize,
    /// Bytes of a configuration document.
    pub document_bytes_max: usize,
    /// Bytes of a compiled configuration.
    pub plan_bytes_max: usize,
    /// Diagnostics of one configuration; the rest is dropped.
    pub diagnostics_max: usize,
    /// Functions in one component, over all its core modules.
    pub functions_max: u32,
    /// Bytes of code in one function: compiling is not linear in it.
    pub function_bytes_max: u32,
    /// Stored components compiled at once for production; others wait.
    pub compilations_max: usize,
    /// Uploads compiled at once; others wait.
    pub people_compilations_max: usize,
    /// CPU time of compiling one component.
    pub compile_cpu_s_max: u64,
    /// How long a compilation may take by the clock: it runs at a low priority, so that a busy machine takes longer.
    pub compile_wall_s_max: u64,
    /// Address space of the compiling process.
    pub compile_memory_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            component_bytes_max: 32 << 20,
            snapshot_bytes_max: 16 << 20,
            memory_bytes_max: 64 << 20,
            memories_max: 4,
            tables_max: 8,
            table_elements_max: 100_000,
            core_instances_max: 30,
            handles_max: 1_000,
            stack_bytes_max: 512 << 10,
            deadline_base_ms: 100,
            deadline_per_item_us: 2_000,
            deadline_configure_ms: 5_000,
            deadline_tick_ms: 5,
            bisection_cpu_ms_max: 2_000,
            output_bytes_max: 16 << 20,
            output_item_bytes_max: 1 << 20,
            output_json_depth_max: 96,
            output_list_items_max: 1_000,
            log_line_bytes_max: 4 << 10,
            log_lines_max: 200,
            host_call_bytes_max: 1 << 20,
            instances_max: 256,
            instances_memory_bytes_max: 512 << 20,
            people_instances_max: 16,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            people_threads: 1,
            queued_calls_max: 64,
            compiled_cache_bytes_max: 256 << 20,
            loaded_components_max: 256,
            compiled_disk_bytes_max: 2 << 30,
            batch_items_max: 500,
            document_bytes_max: 1 << 20,
            plan_bytes_max: 4 << 20,
            diagnostics_max: 500,
            functions_max: 100_000,
            function_bytes_max: 1 << 20,
            compilations_max: 2,
            people_compilations_max: 1,
            compile_cpu_s_max: 120,
            compile_wall_s_max: 300,
            compile_memory_bytes_max: 3 << 29,
        }
    }
}

impl Limits {
    /// The CPU time of one call on `items` items, in microseconds.
    pub(crate) fn deadline_us(&self, items: usize) -> u64 {
        let share = self.deadline_per_item_us.saturating_mul(items as u64);
        (self.deadline_base_ms * 1_000).saturating_add(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P3: the deadline is a base and a share for each item.
    #[test]
    fn deadlines_grow_with_the_batch() {
        let limits = Limits { deadline_base_ms: 10, deadline_per_item_us: 500, ..Limits::default() };
        assert_eq!(limits.deadline_us(0), 10_000);
        assert_eq!(limits.deadline_us(100), 60_000);
        assert_eq!(limits.deadline_us(usize::MAX), u64::MAX);
    }
}
