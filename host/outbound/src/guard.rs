//! The address guard: resolves names for the client, and checks every address before it is dialled.
//!
//! All addresses of a name are checked, and one blocked address blocks the name: a name that points at both the internet and
//! the inside is an attack, or a mistake. The client dials what is returned here and resolves nothing again, so a name can't
//! change between the check and the connection.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use hookmill_domain::net_policy::{AddressPolicy, WebhookUrl};

use super::{BlockedDestination, OutboundLimits};

/// What a look-up gives, in time.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where names are looked up.
pub(super) trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, host: &str) -> Found;
}

/// The guard, shared by the client and the checks at save time.
pub(super) struct Guard {
    policy: AddressPolicy,
    lookup: Box<dyn Lookup>,
    addresses_max: usize,
    check_timeout_ms: u64,
}

/// The guard as the client's resolver.
pub(super) struct GuardedResolver(pub(super) Arc<Guard>);

/// The system's resolver. It blocks a thread, and can't be called off; so the permit goes with the thread, and a name server
/// that never responds can't fill the pool of threads that others need.
pub(super) struct SystemLookup {
    permits: Arc<Semaphore>,
}

impl Guard {
    pub(super) fn new(policy: AddressPolicy, lookup: Box<dyn Lookup>, limits: &OutboundLimits) -> Self {
        let (addresses_max, check_timeout_ms) = (limits.addresses_max, limits.check_timeout_ms);
        Self { policy, lookup, addresses_max, check_timeout_ms }
    }

    /// What can be said without resolving: the scheme, and the address if the host is one.
    pub(super) fn check_without_resolving(&self, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        if !url.is_within(self.policy.schemes()) {
            return Err(BlockedDestination::Scheme { url: url.masked() });
        }
        match url.literal_ip() {
            Some(ip) => self.check_address(url.host(), ip),
            None => Ok(()),
        }
    }

    /// Everything: the text, and where the name points at this moment.
    pub(super) async fn check(&self, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        self.check_without_resolving(url)?;
        if url.literal_ip().is_some() {
            return Ok(());
        }
        let (host, timeout_ms) = (url.host(), self.check_timeout_ms);
        let resolved = tokio::time::timeout(Duration::from_millis(timeout_ms), self.resolve(host)).await;
        resolved.unwrap_or_else(|_| Err(BlockedDestination::Slow { host: host.to_owned(), timeout_ms })).map(drop)
    }

    /// The addresses of a name, all of them checked, the first `addresses_max` of them to be dialled.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BlockedDestination> {
        let unresolved = |cause: String| BlockedDestination::Unresolved { host: host.to_owned(), cause };
        let mut ips = self.lookup.lookup(host).await.map_err(|error| unresolved(error.to_string()))?;
        if ips.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        for ip in &ips {
            self.check_address(host, *ip)?;
        }
        ips.truncate(self.addresses_max);
        Ok(ips)
    }

    fn check_address(&self, host: &str, ip: IpAddr) -> Result<(), BlockedDestination> {
        match self.policy.block_reason(ip) {
            Some(reason) => Err(BlockedDestination::Address { host: host.to_owned(), ip, reason }),
            None => Ok(()),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let ips = guard.resolve(name.as_str()).await?;
            // Port 0 stands for the port of the URL.
            Ok(Box::new(ips.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

impl SystemLookup {
    pub(super) fn new(limits: &OutboundLimits) -> Self {
        Self { permits: Arc::new(Semaphore::new(limits.lookups_max)) }
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> Found {
        let (permits, host) = (Arc::clone(&self.permits), host.to_owned());
        Box::pin(async move {
            let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
            let found = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), 0).to_socket_addrs();
                drop(permit);
                found.map(|addresses| addresses.map(|address| address.ip()).collect())
            });
            found.await.map_err(io::Error::other)?
        })
    }
}
