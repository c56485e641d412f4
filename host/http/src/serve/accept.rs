//! The loop that accepts connections. It waits for nobody, and nothing ends it.

use super::Peer;
use super::bounds::Bounds;
use super::connection;
use super::places::{Kind, Places};
use super::turn_away::TurnAway;
use crate::Site;
use hyper::server::conn::http1::Builder;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long the loop waits after the kernel gave no connection, in milliseconds: at first, and at most.
const BACKOFF_MS: (u64, u64) = (10, 1_000);

/// What connections are served with.
pub(super) struct Server {
    site: Site,
    places: Arc<Places>,
    turn_away: TurnAway,
    http: Builder,
    /// The same for reserved places: one request for each connection.
    reserved_http: Builder,
}

impl Server {
    pub(super) fn new(site: Site, places: Arc<Places>, bounds: &Bounds) -> Self {
        let mut http = Builder::new();
        http.max_header_size(bounds.head_bytes_max);
        let mut reserved_http = http.clone();
        reserved_http.keep_alive(false);
        Self { site, places, turn_away: TurnAway::new(), http, reserved_http }
    }

    /// Accepts connections for ever.
    pub(super) async fn accept_all(&self, listener: &TcpListener) {
        let (mut backoff_ms, mut was_logged) = (BACKOFF_MS.0, false);
        loop {
            match listener.accept().await {
                Ok((stream, address)) => {
                    backoff_ms = BACKOFF_MS.0;
                    self.admit(stream, address);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Most likely no file is left: who does nothing gives one back.
                    self.places.not_accepted();
                    if !std::mem::replace(&mut was_logged, true) {
                        tracing::error!(error = %error, "connections can't be accepted; will be retried. If too many files are open, raise `ulimit -n` above connections_max");
                    }
                    tokio::time::sleep(Duration::from_millis(backoff_ms)).await;
                    backoff_ms = (backoff_ms * 2).min(BACKOFF_MS.1);
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, address: SocketAddr) {
        let Some(place) = self.places.take(address.ip()) else { return self.turn_away.turn_away(stream) };
        // Responses are small and complete: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let (http, router) = match place.kind() {
            Kind::Ordinary => (&self.http, &self.site.router),
            Kind::Reserved => (&self.reserved_http, &self.site.health),
        };
        let served = connection::serve(stream, Peer(address), place, http.clone(), router.clone());
        let part = self.site.under_way.begin();
        tokio::spawn(async move {
            served.await;
            drop(part);
        });
    }
}

/// Whether an error is that of a connection that ended before it was accepted.
fn is_of_one_connection(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
