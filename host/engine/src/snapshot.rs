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
use super::instance::{Ledger, bounded};
use super::limits::Limits;
use super::state::GuestState;

/// An instance whose state is read.
///
/// The tool that reads has no way to hear that something can't be read. So what goes wrong is written down, and the reading
/// stops where it is: its future is never ready.
pub(crate) struct Sitter {
    store: Store<GuestState>,
    instance: Instance,
    limits: Arc<Limits>,
    /// The bytes from the first that is not zero to the last, of each memory by its accessor.
    images: BTreeMap<String, usize>,
    obstacle: Option<String>,
}

/// A component that starts as the sitter is.
pub(crate) struct Snapshot {
    pub(crate) component: Vec<u8>,
    pub(crate) image_bytes: usize,
}

impl Sitter {
    pub(crate) fn new(mut store: Store<GuestState>, instance: Instance, limits: Arc<Limits>) -> Self {
        // The accessors return a whole memory, and grow it by a page to say where it lies.
        store.set_hostcall_fuel(usize::MAX);
        store.data_mut().memory.unbound();
        Sitter { store, instance, limits, images: BTreeMap::new(), obstacle: None }
    }

    /// Takes the snapshot, or says why not.
    pub(crate) fn take(mut self, wizer: &Wizer, context: &ComponentContext<'_>) -> Result<Snapshot, String> {
        let taken = at_once(wizer.snapshot_component(context, &mut self));
        match (taken, self.obstacle) {
            (Some(Ok(component)), None) => Ok(Snapshot { component, image_bytes: self.images.values().sum() }),
            (Some(Err(error)), None) => Err(format!("{error:#}")),
            (_, obstacle) => Err(obstacle.unwrap_or_else(|| "its state could not be read".into())),
        }
    }

    fn read<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> Result<R, String> {
        let unreadable = |what: &dyn std::fmt::Display| format!("its `{function}` can't be read: {what}");
        let Sitter { store, instance, limits, .. } = self;
        let interface = instance.get_export_index(&mut *store, None, interface);
        let accessor = interface.and_then(|at| instance.get_export_index(&mut *store, Some(&at), function));
        let accessor = accessor.ok_or_else(|| unreadable(&"it has no accessor"))?;
        let accessor =
            instance.get_typed_func::<(), (R,)>(&mut *store, accessor).map_err(|error| unreadable(&error))?;
        let allowed_us = limits.deadline_configure_ms * 1_000;
        let read = bounded(store, Phase::Initialize, allowed_us, &Arc::default(), &mut Ledger::default(), |store| {
            accessor.call(store, ())
        });
        read.map(|(value,)| value).map_err(|fault| unreadable(&fault))
    }

    fn read_memory(&mut self, interface: &str, function: &str) -> Result<WasmList<u8>, String> {
        let list = self.read::<WasmList<u8>>(interface, function).map_err(|obstacle| {
            format!("{obstacle} (a memory must be able to grow by two pages, beyond what `initialize` leaves)")
        })?;
        // It is read twice, and the second time it has the page in which the accessor wrote.
        if !self.images.contains_key(function) {
            self.images.insert(function.into(), extent(list.as_le_slice(&self.store)));
        }
        let (image_bytes, image_bytes_max) = (self.images.values().sum::<usize>(), self.limits.image_bytes_max);
        if image_bytes <= image_bytes_max {
            return Ok(list);
        }
        Err(format!("its initialised memory takes {image_bytes} bytes; `image_bytes_max` is {image_bytes_max}"))
    }

    async fn value<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> R {
        match self.read(interface, function) {
            Ok(value) => value,
            Err(obstacle) => self.stop(obstacle).await,
        }
    }

    async fn stop<T>(&mut self, obstacle: String) -> T {
        self.obstacle = Some(obstacle);
        pending().await
    }
}

impl ComponentInstanceState for Sitter {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.read_memory(instance, func) {
            Ok(list) => contents(list.as_le_slice(&self.store)),
            Err(obstacle) => self.stop(obstacle).await,
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

/// What a future comes to that waits for nothing; none when it stopped.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The bytes from the first that is not zero to the last: what is mapped into each new instance.
fn extent(memory: &[u8]) -> usize {
    let first = memory.iter().position(|byte| *byte != 0);
    let last = memory.iter().rposition(|byte| *byte != 0);
    first.zip(last).map_or(0, |(first, last)| last + 1 - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_is_without_the_zeros_around() {
        assert_eq!(extent(&[]), 0);
        assert_eq!(extent(&[0; 9]), 0);
        assert_eq!(extent(&[0, 0, 1, 0, 2, 0]), 3);
        assert_eq!(extent(&[1]), 1);
    }

    #[test]
    fn what_stops_is_not_waited_for() {
        assert_eq!(at_once(async { 7 }), Some(7));
        assert_eq!(at_once(pending::<u8>()), None);
    }
}
