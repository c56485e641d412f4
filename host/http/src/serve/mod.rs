//! The listener: who gets a place, how long a connection may wait for its client, and a graceful end.
//!
//! [`places`] says who gets a place, [`watched`] is what a connection shows of itself while it is served, and [`watch`] looks at that from
//! outside, a few times a second, and cuts who holds a place for nothing. Nothing of it costs a request more than some plain stores:
//! no timer, no lock and no allocation for each.

mod accept;
mod bounds;
mod connection;
mod network;
mod places;
mod requests;
mod stream;
mod turn_away;
mod watch;
mod watched;

use super::Site;
use accept::Server;
use bounds::Bounds;
use hookmill_domain::config::HostSettings;
use places::Places;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};

/// The code of the error for which a connection is turned away.
pub(crate) const CONNECTIONS_FULL: &str = "connections_full";
/// What it says.
pub(crate) const CONNECTIONS_FULL_MESSAGE: &str =
    "all connections of this host, or of your address, are in use; try again shortly";
/// How many connections may wait in the kernel to be accepted.
const BACKLOG: u32 = 1_024;

/// A listener that is bound and serves nothing yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    places: Arc<Places>,
    bounds: Bounds,
}

/// Binds an address.
pub async fn bind(address: SocketAddr, settings: &HostSettings) -> std::io::Result<Bound> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections inherit it. It bounds what the kernel holds for a client that does not read, and how large the steps are in which a slow
    // one is seen to read.
    socket.set_send_buffer_size(settings.limits.send_buffer_bytes)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    let bounds = Bounds::of(&settings.limits);
    let places = Arc::new(Places::new(bounds.places, settings.trusted_proxies.clone()));
    Ok(Bound { listener, address, places, bounds })
}

impl Bound {
    /// The address, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then ends what is under way: requests, and changes whose callers have left.
    pub async fn serve(self, site: Site, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let Self { listener, places, bounds, .. } = self;
        let under_way = site.under_way.clone();
        let server = Server::new(site, Arc::clone(&places), &bounds);
        let served = async {
            tokio::select! {
                () = stop => {}
                () = server.accept_all(&listener) => {}
            }
            drop(listener);
            places.finish_all();
            under_way.ended().await;
        };
        tokio::select! {
            () = served => {}
            () = watch::keep_watching(&places, &bounds.watch) => {}
        }
        Ok(())
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);
