//! L8: a request that was lost with a kept connection is sent once more; one that the receiver took is not.

use super::super::SendErrorKind;
use super::receiver::{Behaviour, Receiver, Reuse, http_response};
use super::*;

/// A receiver that has responded to one request of this sender, and what comes of the next.
async fn second(reuse: Reuse, served_max: usize) -> (Result<crate::OutboundResponse, crate::SendError>, usize) {
    let receiver = Receiver::with(Behaviour::OnReuse(http_response("200 OK", "taken"), reuse, served_max)).await;
    let sender = sender(OutboundLimits::default());
    let first = sender.send(post(&receiver.url(), PATIENCE)).await.expect("a response");
    assert!(!first.resent, "{first:?}");
    // Until the connection is in the pool.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let result = sender.send(post(&receiver.url(), PATIENCE)).await;
    (result, receiver.requests().len())
}

/// L8: a kept connection that is reset before a byte of a response, at once or a moment after its end, costs nothing: the request is sent
/// again at once on a new connection, and the receiver has read it once.
#[tokio::test]
async fn l8_a_request_lost_with_a_kept_connection_is_sent_again() {
    for reuse in [Reuse::Resets, Reuse::EndsThenResets] {
        let (result, read) = second(reuse, usize::MAX).await;
        let response = result.expect("a response");
        assert_eq!((response.status, response.resent, &response.body[..]), (200, true, &b"taken"[..]), "{reuse:?}");
        assert_eq!(read, 2, "{reuse:?}: each request once");
    }
}

/// L8: what the receiver took, or began to respond to, is never sent again here.
#[tokio::test]
async fn l8_a_request_that_was_read_is_not_sent_again() {
    for reuse in [Reuse::ReadsAndCloses, Reuse::BeginsAndResets] {
        let (result, read) = second(reuse, usize::MAX).await;
        let error = result.expect_err("no response");
        assert_eq!((error.kind, error.sent, error.resent), (SendErrorKind::Io, true, false), "{reuse:?}: {error:?}");
        assert_eq!(read, 2, "{reuse:?}");
    }
}

/// L8: it is sent again once, and a new connection that is reset as well is the end.
#[tokio::test]
async fn l8_a_request_is_sent_again_once() {
    let (result, read) = second(Reuse::Resets, 1).await;
    let error = result.expect_err("no response");
    assert_eq!((error.kind, error.sent, error.resent), (SendErrorKind::Io, true, true), "{error:?}");
    assert_eq!(read, 1);
}

/// L8: a connection that was never used before is an attempt, however it ends.
#[tokio::test]
async fn l8_a_new_connection_that_is_reset_is_an_attempt() {
    let receiver = Receiver::with(Behaviour::OnReuse(Vec::new(), Reuse::Resets, 0)).await;
    let error = sender(OutboundLimits::default()).send(post(&receiver.url(), PATIENCE)).await.expect_err("reset");
    assert_eq!((error.kind, error.sent, error.resent), (SendErrorKind::Io, true, false), "{error:?}");
}

/// H6 W12: a connection beyond the bound is closed after its request, whichever host it goes to, and one within it is used again.
#[tokio::test]
async fn w12_only_so_many_connections_are_kept() {
    let behaviour = Behaviour::Responds(http_response("200 OK", "taken"));
    let mut receivers = Vec::new();
    for _ in 0..3 {
        receivers.push(Receiver::with(behaviour.clone()).await);
    }
    let sender = sender(OutboundLimits { kept_connections_max: 2, ..OutboundLimits::default() });
    for _ in 0..3 {
        for receiver in &receivers {
            sender.send(post(&receiver.url(), PATIENCE)).await.expect("a response");
            // Until the connection is in the pool, or closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let connections: Vec<_> = receivers.iter().map(Receiver::connections).collect();
    assert_eq!(connections, [1, 1, 3]);
}
