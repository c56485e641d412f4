//! Reads the state of an initialised instance for the snapshot: its linear memories and globals, through the accessors that the
//! instrumentation gave it.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::Store;
use wasmtime::component::{Instance, Lift, WasmList};
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};

use super::fault::Phase;
use super::instance::{CallStats, bounded};
use super::limits::Limits;
use super::state::GuestState;

/// An instance whose state is read.
///
/// The tool that takes snapshots can't be told that something is unreadable. So an error is recorded, and reading stops
/// where it is: its future is never ready.
pub(crate) struct SnapshotReader {
    store: Store<GuestState>,
    instance: Instance,
    limits: Arc<Limits>,
    /// The bytes from the first that is not zero to the last, of each memory by its accessor.
    memory_bytes: BTreeMap<String, usize>,
    blocker: Option<String>,
}

/// A component that starts in the state that was read.
pub(crate) struct Snapshot {
    pub(crate) component: Vec<u8>,
    pub(crate) snapshot_bytes: usize,
}

impl SnapshotReader {
    pub(crate) fn new(mut store: Store<GuestState>, instance: Instance, limits: Arc<Limits>) -> Self {
        // The accessors return a whole memory, and grow it by a page to return where it lies.
        store.set_hostcall_fuel(usize::MAX);
        store.data_mut().memory.remove_limit();
        SnapshotReader { store, instance, limits, memory_bytes: BTreeMap::new(), blocker: None }
    }

    /// Takes the snapshot, or returns why not.
    pub(crate) fn take(mut self, wizer: &Wizer, context: &ComponentContext<'_>) -> Result<Snapshot, String> {
        let taken = poll_once(wizer.snapshot_component(context, &mut self));
        match (taken, self.blocker) {
            (Some(Ok(component)), None) => Ok(Snapshot { component, snapshot_bytes: self.memory_bytes.values().sum() }),
            (Some(Err(error)), None) => Err(format!("{error:#}")),
            (_, blocker) => Err(blocker.unwrap_or_else(|| "its state could not be read".into())),
        }
    }

    fn read<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> Result<R, String> {
        let unreadable = |what: &dyn std::fmt::Display| format!("its `{function}` can't be read: {what}");
        let SnapshotReader { store, instance, limits, .. } = self;
        let interface = instance.get_export_index(&mut *store, None, interface);
        let accessor = interface.and_then(|at| instance.get_export_index(&mut *store, Some(&at), function));
        let accessor = accessor.ok_or_else(|| unreadable(&"it has no accessor"))?;
        let accessor =
            instance.get_typed_func::<(), (R,)>(&mut *store, accessor).map_err(|error| unreadable(&error))?;
        let allowed_us = limits.deadline_configure_ms * 1_000;
        let read = bounded(store, Phase::Initialize, allowed_us, &Arc::default(), &mut CallStats::default(), |store| {
            accessor.call(store, ())
        });
        read.map(|(value,)| value).map_err(|fault| unreadable(&fault))
    }

    fn read_memory(&mut self, interface: &str, function: &str) -> Result<WasmList<u8>, String> {
        let list = self.read::<WasmList<u8>>(interface, function).map_err(|blocker| {
            format!("{blocker} (a memory must be able to grow by two pages, beyond what `initialize` leaves)")
        })?;
        // It is read twice, and the second time it has the page in which the accessor wrote.
        if !self.memory_bytes.contains_key(function) {
            self.memory_bytes.insert(function.into(), nonzero_extent(list.as_le_slice(&self.store)));
        }
        let (snapshot_bytes, snapshot_bytes_max) =
            (self.memory_bytes.values().sum::<usize>(), self.limits.snapshot_bytes_max);
        if snapshot_bytes <= snapshot_bytes_max {
            return Ok(list);
        }
        Err(format!(
            "its initialised memory takes {snapshot_bytes} bytes; `snapshot_bytes_max` is {snapshot_bytes_max}"
        ))
    }

    async fn value<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> R {
        match self.read(interface, function) {
            Ok(value) => value,
            Err(blocker) => self.abort(blocker).await,
        }
    }

    async fn abort<T>(&mut self, blocker: String) -> T {
        self.blocker = Some(blocker);
        pending().await
    }
}

impl ComponentInstanceState for SnapshotReader {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.read_memory(instance, func) {
            Ok(list) => contents(list.as_le_slice(&self.store)),
            Err(blocker) => self.abort(blocker).await,
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.value(instance, func).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.value(instance, func).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.value::<f32>(instance, func).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.value::<f64>(instance, func).await.to_bits()
    }
}

/// The result of a future that never waits; none when it stopped.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The bytes from the first that is not zero to the last: what is mapped into each new instance.
fn nonzero_extent(memory: &[u8]) -> usize {
    let first = memory.iter().position(|byte| *byte != 0);
    let last = memory.iter().rposition(|byte| *byte != 0);
    first.zip(last).map_or(0, |(first, last)| last + 1 - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_is_without_leading_and_trailing_zeros() {
        assert_eq!(nonzero_extent(&[]), 0);
        assert_eq!(nonzero_extent(&[0; 9]), 0);
        assert_eq!(nonzero_extent(&[0, 0, 1, 0, 2, 0]), 3);
        assert_eq!(nonzero_extent(&[1]), 1);
    }

    #[test]
    fn what_stops_is_not_waited_for() {
        assert_eq!(poll_once(async { 7 }), Some(7));
        assert_eq!(poll_once(pending::<u8>()), None);
    }
}
