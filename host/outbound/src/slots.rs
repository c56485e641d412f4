//! Slots: the bounds on what runs at once, in all and for one owner (requests to one host, look-ups for one organization), and the
//! hosts to which connections are kept.
//!
//! Whoever needs a slot takes one of its owner first and then one of all, so that what waits for a slow owner delays no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::OutboundLimits;

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

/// The hosts to which connections are kept, a bounded number, so that connections left open don't add up over many hosts.
pub(super) struct WarmHosts {
    hosts: Mutex<HashMap<String, Instant>>,
    hosts_max: usize,
    idle_timeout: Duration,
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

impl WarmHosts {
    pub(super) fn new(limits: &OutboundLimits) -> Self {
        let idle_timeout = Duration::from_millis(limits.idle_timeout_ms);
        Self { hosts: Mutex::default(), hosts_max: limits.idle_hosts_max, idle_timeout }
    }

    /// Whether a connection to this host may be kept after a request that ends about `now`. It may when one is kept already,
    /// or when there are fewer such hosts than the limit.
    pub(super) fn admits(&self, host: &str, now: Instant) -> bool {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = hosts.get_mut(host) {
            *last = now;
            return true;
        }
        if self.hosts_max <= hosts.len() {
            hosts.retain(|_, last| now.saturating_duration_since(*last) < self.idle_timeout);
        }
        if self.hosts_max <= hosts.len() {
            return false;
        }
        hosts.insert(host.to_owned(), now);
        true
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

    /// H6: only so many hosts keep connections; one that was idle for long makes room.
    #[tokio::test]
    async fn h6_warm_hosts_are_bounded() {
        let limits = OutboundLimits { idle_hosts_max: 2, idle_timeout_ms: 1_000, ..OutboundLimits::default() };
        let warm = WarmHosts::new(&limits);
        let start = super::super::sender::moment();
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!(warm.admits("a", at(0)));
        assert!(warm.admits("b", at(500)));
        assert!(!warm.admits("c", at(900)));
        assert!(warm.admits("a", at(950)));
        assert!(warm.admits("c", at(1_600)), "b was idle for long enough");
        assert!(!warm.admits("b", at(1_700)));
    }
}
