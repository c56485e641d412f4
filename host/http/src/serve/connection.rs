//! One connection, from its first byte to its last.

use super::Peer;
use super::places::Place;
use super::requests;
use super::stream::Stream;
use super::watched::Order;
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::TcpStream;

/// Serves the requests of a connection until it ends, or is told to.
pub(super) async fn serve(stream: TcpStream, peer: Peer, place: Place, http: Builder, router: Router) {
    let watched = Arc::clone(place.watched());
    let stream = TokioIo::new(Stream { inner: stream, watched: Arc::clone(&watched) });
    let mut connection = pin!(http.serve_connection(stream, requests::serve(router, peer, Arc::clone(&watched))));
    let mut is_finishing = false;
    poll_fn(|context| {
        match watched.order(context.waker()) {
            Order::GoOn => {}
            Order::Finish if is_finishing => {}
            Order::Finish => {
                is_finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            Order::Cut => return Poll::Ready(()),
        }
        // An error is the client's: it left, or what it sent is not HTTP.
        connection.as_mut().poll(context).map(|_| ())
    })
    .await;
}
