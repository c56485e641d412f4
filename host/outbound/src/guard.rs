//! The address guard: resolves names for the client, and checks every address before it is dialled.
//!
//! All addresses of a name are checked, and one blocked address blocks the name: a name that points at both the internet and
//! the inside is an attack, or a mistake. The client dials what is returned here and resolves nothing again, so a name can't
//! change between the check and the connection. Addresses that are remembered are checked like those just found.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use hookmill_domain::net_policy::{AddressPolicy, WebhookUrl};

use super::names::{self, Addresses, Lookup, Names};
use super::{BlockedDestination, OutboundLimits};

/// The guard, shared by the client and the checks at save time.
pub(super) struct Guard {
    policy: AddressPolicy,
    names: Arc<Names>,
    addresses_max: usize,
    check_timeout_ms: u64,
}

/// The guard as the client's resolver.
#[derive(Clone)]
pub(super) struct GuardedResolver(pub(super) Arc<Guard>);

impl Guard {
    pub(super) fn new(policy: AddressPolicy, lookup: Box<dyn Lookup>, limits: &OutboundLimits) -> Self {
        let (addresses_max, check_timeout_ms) = (limits.addresses_max, limits.check_timeout_ms);
        Self { policy, names: Arc::new(Names::new(lookup, limits)), addresses_max, check_timeout_ms }
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

    /// Everything: the text, and where the name points at this moment, looked up for this organization.
    pub(super) async fn check(&self, organization: &str, url: &WebhookUrl) -> Result<(), BlockedDestination> {
        self.check_without_resolving(url)?;
        if url.literal_ip().is_some() {
            return Ok(());
        }
        let (host, timeout_ms) = (url.host(), self.check_timeout_ms);
        let found = self.names.addresses_now(organization, host);
        match tokio::time::timeout(Duration::from_millis(timeout_ms), found).await {
            Ok(addresses) => self.checked(host, addresses).map(drop),
            Err(_) => Err(BlockedDestination::Slow { host: host.to_owned(), timeout_ms }),
        }
    }

    /// Forgets where a name points: no connection came about.
    pub(super) fn forget(&self, host: &str) {
        self.names.forget(host);
    }

    /// The addresses of a name, all of them checked, the first `addresses_max` of them to be dialled.
    fn checked(&self, host: &str, addresses: Addresses) -> Result<Vec<IpAddr>, BlockedDestination> {
        let unresolved =
            |cause: Arc<str>| BlockedDestination::Unresolved { host: host.to_owned(), cause: cause.as_ref().into() };
        let addresses = addresses.map_err(unresolved)?;
        for ip in addresses.iter() {
            self.check_address(host, *ip)?;
        }
        Ok(addresses.iter().copied().take(self.addresses_max).collect())
    }

    fn check_address(&self, host: &str, ip: IpAddr) -> Result<(), BlockedDestination> {
        match self.policy.block_reason(ip) {
            Some(reason) => Err(BlockedDestination::Address { host: host.to_owned(), ip, reason }),
            None => Ok(()),
        }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BlockedDestination;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BlockedDestination>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BlockedDestination>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        // Read here: the client calls this in the task of the request, and may go on in another.
        let (guard, organization) = (Arc::clone(&self.0), names::organization());
        Box::pin(async move {
            let addresses = guard.names.addresses(&organization, name.as_str()).await;
            let ips = guard.checked(name.as_str(), addresses)?;
            // Port 0 stands for the port of the URL.
            Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect::<Vec<_>>().into_iter())
        })
    }
}
