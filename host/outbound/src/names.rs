//! Names and where they point, for connections: what was found is remembered for a while, a name is looked up by one at a time, and
//! an organization runs no more look-ups than its share.
//!
//! What is remembered is never trusted: the guard checks the addresses whenever one is to be dialled, and a check for a person looks
//! a name up anew and remembers nothing.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::OutboundLimits;
use super::sender::moment;
use super::slots::{Slot, Slots};

/// What a look-up gives, in time.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// All addresses of a name, at least one, or why there are none.
pub(super) type Addresses = Result<Arc<[IpAddr]>, Arc<str>>;

/// Where names are looked up.
pub(super) trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, host: &str) -> Found;
}

/// The system's resolver. It blocks a thread, and can't be called off: a slot is held until it gives up by itself.
pub(super) struct SystemLookup;

/// The names, shared by all connections.
pub(super) struct Names {
    lookup: Box<dyn Lookup>,
    slots: Arc<Slots>,
    known: quick_cache::sync::Cache<String, Known>,
    /// The look-ups under way for connections, at most as many as there are slots.
    running: Mutex<HashMap<String, watch::Receiver<Option<Addresses>>>>,
    addresses_per_name_max: usize,
    ttl: Duration,
    failed_ttl: Duration,
}

#[derive(Clone)]
struct Known {
    addresses: Addresses,
    until: Instant,
}

/// A look-up under way. Dropping it makes room for the next one, however it ended.
struct Running {
    names: Arc<Names>,
    host: String,
}

tokio::task_local! {
    /// For whom this task connects: the client hands its resolver nothing but a name.
    static ORGANIZATION: Arc<str>;
}

/// Runs a request whose look-up is to count for this organization.
pub(super) async fn on_behalf_of<F: Future>(organization: Arc<str>, request: F) -> F::Output {
    ORGANIZATION.scope(organization, request).await
}

/// For whom the current task connects; what connects for nobody shares one place.
pub(super) fn organization() -> Arc<str> {
    ORGANIZATION.try_with(Arc::clone).unwrap_or_else(|_| Arc::from(""))
}

impl Names {
    pub(super) fn new(lookup: Box<dyn Lookup>, limits: &OutboundLimits) -> Self {
        Self {
            lookup,
            slots: Arc::new(Slots::new(limits.lookups_max, limits.lookups_per_organization_max)),
            known: quick_cache::sync::Cache::new(limits.names_known_max),
            running: Mutex::default(),
            addresses_per_name_max: limits.addresses_per_name_max,
            ttl: Duration::from_millis(limits.name_ttl_ms),
            failed_ttl: Duration::from_millis(limits.failed_name_ttl_ms),
        }
    }

    /// The addresses of a name, as they were found a moment ago or by a look-up that counts for this organization.
    pub(super) async fn addresses(self: &Arc<Self>, organization: &str, host: &str) -> Addresses {
        if let Some(addresses) = self.known(host) {
            return addresses;
        }
        // Whoever runs it holds the slot: nobody waits for another's share.
        let running = self.running().get(host).cloned();
        if let Some(running) = running {
            return result_of(running).await;
        }
        let slot = self.slots.take(organization).await;
        result_of(self.join_or_start(host, slot)).await
    }

    /// The addresses of a name at this moment. Nothing remembered is used, and nothing is remembered.
    pub(super) async fn addresses_now(self: &Arc<Self>, organization: &str, host: &str) -> Addresses {
        let slot = self.slots.take(organization).await;
        let (names, host) = (Arc::clone(self), host.to_owned());
        // In a task of its own, since a caller that gives up does not end the look-up, which keeps its slot until then.
        let found = tokio::spawn(async move {
            let _slot = slot;
            names.look_up(&host).await
        });
        found.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Forgets a name whose addresses could not be connected to: it may point elsewhere by now.
    pub(super) fn forget(&self, host: &str) {
        self.known.remove(host);
    }

    #[cfg(test)]
    pub(super) fn known_count(&self) -> usize {
        self.known.len()
    }

    fn known(&self, host: &str) -> Option<Addresses> {
        self.known.get(host).filter(|known| moment() < known.until).map(|known| known.addresses)
    }

    /// Waits with whoever looks it up, or does so with this slot; another may have ended it while the slot was waited for.
    fn join_or_start(self: &Arc<Self>, host: &str, slot: Option<Slot>) -> watch::Receiver<Option<Addresses>> {
        let mut all = self.running();
        if let Some(running) = all.get(host) {
            return running.clone();
        }
        // What ended meanwhile was remembered before it ended.
        let (result, receiver) = watch::channel(self.known(host));
        if receiver.borrow().is_some() {
            return receiver;
        }
        all.insert(host.to_owned(), receiver.clone());
        drop(all);
        let running = Running { names: Arc::clone(self), host: host.to_owned() };
        tokio::spawn(async move {
            let _slot = slot;
            let addresses = running.names.look_up(&running.host).await;
            running.names.remember(&running.host, &addresses);
            let _ = result.send(Some(addresses));
        });
        receiver
    }

    fn remember(&self, host: &str, addresses: &Addresses) {
        let ttl = if addresses.is_ok() { self.ttl } else { self.failed_ttl };
        self.known.insert(host.to_owned(), Known { addresses: addresses.clone(), until: moment() + ttl });
    }

    async fn look_up(&self, host: &str) -> Addresses {
        let found = self.lookup.lookup(host).await.map_err(|error| Arc::from(error.to_string()))?;
        match found.len() {
            0 => Err(Arc::from("it has no address")),
            many if self.addresses_per_name_max < many => Err(Arc::from(format!(
                "it has {many} addresses; at most {} are looked through",
                self.addresses_per_name_max
            ))),
            _ => Ok(found.into()),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Addresses>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.names.running().remove(&self.host);
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> Found {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs());
            Ok(found.await.map_err(io::Error::other)??.map(|address| address.ip()).collect())
        })
    }
}

async fn result_of(mut running: watch::Receiver<Option<Addresses>>) -> Addresses {
    let ended = running.wait_for(Option::is_some).await;
    ended.ok().and_then(|result| result.clone()).unwrap_or_else(|| Err(stopped()))
}

fn stopped() -> Arc<str> {
    Arc::from("the look-up was stopped")
}
