//! Slots: the bounds on what runs at once, in all and for one owner (requests to one host, look-ups for one organization), and on the
//! connections that are kept.
//!
//! Whoever needs a slot takes one of its owner first and then one of all, so that what waits for a slow owner delays no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of all owners. An owner has an entry as long as something of it waits or runs.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    per_owner_max: usize,
    owners: Mutex<HashMap<String, OwnerSlots>>,
}

/// A slot. Dropping it frees the slot.
pub(super) struct Slot {
    _of_all: OwnedSemaphorePermit,
    _of_owner: OwnedSemaphorePermit,
    _entry: OwnerEntry,
}

/// How many connections are open, and from how many on none is kept after its request, so that what is left open stays bounded over many
/// hosts.
pub(super) struct OpenConnections {
    open: AtomicUsize,
    kept_max: usize,
}

/// A connection that is open. Dropping it counts it as closed.
pub(super) struct OpenConnection {
    of: Arc<OpenConnections>,
    is_kept: bool,
}

struct OwnerSlots {
    semaphore: Arc<Semaphore>,
    users: usize,
}

/// Keeps the entry of an owner while something of it waits or runs.
struct OwnerEntry {
    slots: Arc<Slots>,
    owner: String,
}

impl Slots {
    pub(super) fn new(all_max: usize, per_owner_max: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all_max)), per_owner_max, owners: Mutex::default() }
    }

    /// Waits for a slot; none when `wait` passes first.
    pub(super) async fn acquire(self: &Arc<Self>, owner: &str, wait: Duration) -> Option<Slot> {
        tokio::time::timeout(wait, self.take(owner)).await.ok().flatten()
    }

    /// Waits for a slot, however long that takes.
    pub(super) async fn take(self: &Arc<Self>, owner: &str) -> Option<Slot> {
        let (entry, semaphore) = self.register(owner);
        let of_owner = semaphore.acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Slot { _of_all: of_all, _of_owner: of_owner, _entry: entry })
    }

    fn register(self: &Arc<Self>, owner: &str) -> (OwnerEntry, Arc<Semaphore>) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || OwnerSlots { semaphore: Arc::new(Semaphore::new(self.per_owner_max)), users: 0 };
        let place = owners.entry(owner.to_owned()).or_insert_with(fresh);
        place.users += 1;
        (OwnerEntry { slots: Arc::clone(self), owner: owner.to_owned() }, Arc::clone(&place.semaphore))
    }

    #[cfg(test)]
    pub(super) fn owner_count(&self) -> usize {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for OwnerEntry {
    fn drop(&mut self) {
        let mut owners = self.slots.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = owners.get_mut(&self.owner) else { return };
        place.users -= 1;
        if place.users == 0 {
            owners.remove(&self.owner);
        }
    }
}

impl OpenConnections {
    pub(super) fn new(kept_max: usize) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(0), kept_max })
    }

    /// Counts one more.
    pub(super) fn add(self: &Arc<Self>) -> OpenConnection {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection { of: Arc::clone(self), is_kept: before < self.kept_max }
    }
}

impl OpenConnection {
    /// Whether it may stay open after its request.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.of.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(requests_max: usize, requests_per_host_max: usize) -> Arc<Slots> {
        Arc::new(Slots::new(requests_max, requests_per_host_max))
    }

    const WAIT: Duration = Duration::from_millis(20);

    /// W12: a host at its bound holds up nobody else, and what is dropped is free again.
    #[tokio::test]
    async fn w12_a_full_host_holds_up_no_other() {
        let slots = slots(3, 1);
        let first = slots.acquire("a", WAIT).await.expect("a slot");
        assert!(slots.acquire("a", WAIT).await.is_none());
        let other = slots.acquire("b", WAIT).await.expect("a slot");
        drop(first);
        let again = slots.acquire("a", WAIT).await.expect("a slot");
        drop((other, again));
        assert_eq!(slots.owner_count(), 0);
    }

    /// H6: the bound on all requests holds over all hosts, and a caller that gave up leaves nothing behind.
    #[tokio::test]
    async fn h6_all_requests_are_bounded() {
        let slots = slots(2, 2);
        let held = [slots.acquire("a", WAIT).await.expect("a slot"), slots.acquire("b", WAIT).await.expect("a slot")];
        assert!(slots.acquire("c", WAIT).await.is_none());
        assert_eq!(slots.owner_count(), 2);
        drop(held);
        assert!(slots.acquire("c", WAIT).await.is_some());
    }

    /// H6: only so many connections are kept; one that is closed makes room.
    #[test]
    fn h6_kept_connections_are_bounded() {
        let connections = OpenConnections::new(2);
        let [first, second, third] = [(); 3].map(|()| connections.add());
        assert!(first.is_kept() && second.is_kept() && !third.is_kept());
        drop(first);
        assert!(!connections.add().is_kept(), "two are open");
        drop(third);
        assert!(connections.add().is_kept());
    }
}
