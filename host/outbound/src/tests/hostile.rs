//! W9: a receiver is hostile until shown otherwise.

use std::sync::Arc;

use http::HeaderValue;

use super::super::{SendErrorKind, sender::moment};
use super::receiver::{Behaviour, Receiver, http_response};
use super::*;

const SHORT: Duration = Duration::from_millis(400);

/// Sends a POST to a receiver with this behaviour.
async fn outcome(behaviour: Behaviour, timeout: Duration) -> Result<crate::OutboundResponse, crate::SendError> {
    let receiver = Receiver::with(behaviour).await;
    let start = moment();
    let result = sender(OutboundLimits::default()).send(post(&receiver.url(), timeout)).await;
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

/// W9, W10: the exact bytes go out, with the headers given and none that invites compression; the response comes whole.
#[tokio::test]
async fn w9_a_good_receiver_gets_and_gives_exact_bytes() {
    let receiver =
        Receiver::with(Behaviour::Responds(http_response("201 Made\r\nX-Price: 4.50\r\nX-PRICE: 5", "taken"))).await;
    let mut request = post(&receiver.url(), PATIENCE);
    request.headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
    let response = sender(OutboundLimits::default()).send(request).await.expect("a response");
    assert_eq!((response.status, &response.body[..], response.truncated), (201, &b"taken"[..], false));
    let prices = response.headers.iter().filter(|(name, _)| name == "x-price").map(|(_, value)| value.as_str());
    assert_eq!(prices.collect::<Vec<_>>(), ["4.50", "5"]);
    assert_eq!(response.header("x-price"), Some("4.50"));
    let requests = receiver.requests();
    let [seen] = &requests[..] else { panic!("one request, not {requests:?}") };
    assert!(seen.starts_with("POST /hook HTTP/1.1\r\n") && seen.ends_with("\r\n\r\n{\"lead\":1}"), "{seen}");
    for line in ["webhook-id: evt_1", "content-length: 10", "accept-encoding: identity", "user-agent: Hookmill/"] {
        assert!(seen.contains(line), "{line} in {seen}");
    }
}

/// W9: a POST without a body says so, a GET says nothing, and a user agent of one's own wins.
#[tokio::test]
async fn w9_an_empty_body_has_a_length() {
    let receiver = Receiver::with(Behaviour::Responds(http_response("204 None", ""))).await;
    let sender = sender(OutboundLimits::default());
    let mut empty = post(&receiver.url(), PATIENCE);
    empty.body = Bytes::new();
    empty.headers.insert("user-agent", HeaderValue::from_static("Mine"));
    sender.send(empty).await.expect("a response");
    sender.send(get(&receiver.url(), PATIENCE)).await.expect("a response");
    let requests = receiver.requests();
    assert!(requests[0].contains("content-length: 0") && requests[0].contains("user-agent: Mine"), "{}", requests[0]);
    assert!(!requests[1].contains("content-length") && !requests[1].contains("transfer-encoding"), "{}", requests[1]);
}

/// W8: a redirect is a response like any other and leads nowhere.
#[tokio::test]
async fn w8_redirects_are_not_followed() {
    let inner = Receiver::with(Behaviour::Responds(http_response("200 OK", "secret"))).await;
    let response =
        outcome(Behaviour::Responds(http_response(&format!("302 Found\r\nlocation: {}", inner.url()), "")), PATIENCE)
            .await;
    let response = response.expect("a response");
    assert_eq!((response.status, response.header("location")), (302, Some(inner.url().as_str())));
    assert!(inner.requests().is_empty());
}

/// W9: one deadline, wherever the time is lost; a request that was read may have been acted upon. A response that has begun by
/// then is one.
#[tokio::test]
async fn w9_the_deadline_covers_headers_and_body() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let silent = [
        Behaviour::NeverResponds,
        Behaviour::NeverReads,
        Behaviour::Dribbles(Vec::new(), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Behaviour::Dribbles(head, b"x-slow: 1\r\n".repeat(9)),
    ];
    for behaviour in silent {
        let what = format!("{behaviour:?}");
        let error = outcome(behaviour, SHORT).await.expect_err(&what);
        assert_eq!((error.kind, error.sent), (SendErrorKind::Timeout, true), "{what}");
        assert!((400..5_000).contains(&error.elapsed_ms), "{what}: {error:?}");
    }
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 600\r\n\r\nbegun".to_vec();
    let response = outcome(Behaviour::Dribbles(begun, vec![b'x'; 595]), SHORT).await.expect("a response");
    let cut = response.cut.as_ref().map(|cut| cut.kind);
    assert_eq!((response.status, response.truncated, cut), (200, true, Some(SendErrorKind::Timeout)));
    assert!(response.body.starts_with(b"begun") && response.body.len() < 600, "{response:?}");
    assert!((400..5_000).contains(&response.elapsed_ms), "{response:?}");
}

/// W9: reading stops at the bound, and what came until then is kept.
#[tokio::test]
async fn w9_an_endless_body_is_cut() {
    let start = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let response = outcome(Behaviour::NeverEnds(start, vec![b'x'; 10_000]), PATIENCE).await.expect("a response");
    assert_eq!((response.status, response.body.len(), response.truncated), (200, 256 * 1_024, true));
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let response =
        outcome(Behaviour::NeverEnds(chunked, b"5\r\nabcde\r\n".to_vec()), PATIENCE).await.expect("a response");
    assert_eq!((response.body.len(), response.truncated), (256 * 1_024, true));
}

/// W9: a body of exactly the bound is whole, one byte more is not.
#[tokio::test]
async fn w9_the_bound_is_exact() {
    let sender = sender(OutboundLimits { response_body_bytes_max: 5, ..OutboundLimits::default() });
    for (sent, kept, truncated) in [("", "", false), ("abcde", "abcde", false), ("abcdef", "abcde", true)] {
        let receiver = Receiver::with(Behaviour::Responds(http_response("200 OK", sent))).await;
        let response = sender.send(post(&receiver.url(), PATIENCE)).await.expect("a response");
        assert_eq!((&response.body[..], response.truncated), (kept.as_bytes(), truncated), "{sent}");
    }
}

/// W9: the bound counts what is kept, and a compressed bomb stays as small as it was sent.
#[tokio::test]
async fn w9_nothing_is_decompressed() {
    let gzipped = "\u{1f}not really gzip";
    let response =
        outcome(Behaviour::Responds(http_response("200 OK\r\ncontent-encoding: gzip", gzipped)), PATIENCE).await;
    assert_eq!(&response.expect("a response").body[..], gzipped.as_bytes());
}

/// W9: too many headers end the request; many that can be read are kept up to the bounds.
#[tokio::test]
async fn w9_headers_are_bounded() {
    let many = |count: usize, value: &str| (0..count).map(|n| format!("\r\nx-{n}: {value}")).collect::<String>();
    let error = outcome(Behaviour::Responds(http_response(&format!("200 OK{}", many(200, "1")), "")), PATIENCE).await;
    let error = error.expect_err("too many");
    assert_eq!((error.kind, error.sent), (SendErrorKind::TooManyHeaders, true), "{error:?}");
    let endless = Behaviour::NeverEnds(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 10_000]);
    let error = outcome(endless, PATIENCE).await.expect_err("too long");
    assert_eq!((error.kind, error.sent), (SendErrorKind::TooManyHeaders, true), "{error:?}");
    let response = outcome(Behaviour::Responds(http_response(&format!("200 OK{}", many(80, "1")), "")), PATIENCE).await;
    let response = response.expect("a response");
    assert_eq!((response.headers.len(), response.headers_truncated), (64, true));
    let long = format!("200 OK\r\nx-long: {}\r\nretry-after: 2", "x".repeat(20_000));
    let response = outcome(Behaviour::Responds(http_response(&long, "")), PATIENCE).await.expect("a response");
    assert_eq!((response.header("retry-after"), response.header("x-long")), (Some("2"), None));
    assert!(response.headers_truncated);
}

/// W9, L8: a connection that breaks before a response began leaves open whether the request arrived.
#[tokio::test]
async fn l8_a_broken_connection_may_have_been_sent() {
    let error = outcome(Behaviour::ClosesAfterReading, PATIENCE).await.expect_err("no response");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Io, true), "{error:?}");
}

/// W9: a receiver that hangs up at once is a broken connection. Whether the request was begun before that is a race, and
/// the error may say either.
#[tokio::test]
async fn w9_hanging_up_at_once_is_a_broken_connection() {
    let error = outcome(Behaviour::ClosesAtOnce, PATIENCE).await.expect_err("hung up");
    assert_eq!(error.kind, SendErrorKind::Io, "{error:?}");
}

/// W9: what is not HTTP is said to be that.
#[tokio::test]
async fn w9_garbage_is_not_a_response() {
    let garbage: [&[u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\0\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
    ];
    for bytes in garbage {
        let error = outcome(Behaviour::RespondsAndCloses(bytes.to_vec()), PATIENCE).await.expect_err("garbage");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Protocol, true), "{error:?}");
    }
}

/// L8: where nothing listens, nothing left.
#[tokio::test]
async fn l8_no_connection_means_not_sent() {
    let port = Receiver::with(Behaviour::ClosesAtOnce).await.port;
    tokio::time::sleep(Duration::from_millis(50)).await;
    for request in
        [post(&format!("http://127.0.0.1:{port}/"), PATIENCE), get(&format!("http://127.0.0.1:{port}/"), PATIENCE)]
    {
        let error = sender(OutboundLimits::default()).send(request).await.expect_err("nobody there");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Connect, false), "{error:?}");
    }
}

/// W9: a request that is called off frees its slot, and one that waits too long for a turn was not sent.
#[tokio::test]
async fn w9_a_slot_is_freed_whatever_happens() {
    let limits = OutboundLimits { requests_max: 1, slot_wait_ms_max: 100, ..OutboundLimits::default() };
    let sender = Arc::new(sender(limits));
    let slow = Receiver::with(Behaviour::NeverResponds).await;
    let good = Receiver::with(Behaviour::Responds(http_response("200 OK", ""))).await;
    let (holder, request) = (Arc::clone(&sender), post(&slow.url(), PATIENCE));
    let held = tokio::spawn(async move { holder.send(request).await });
    while slow.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let error = sender.send(post(&good.url(), PATIENCE)).await.expect_err("no turn");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Busy, false), "{error:?}");
    held.abort();
    let _ = held.await;
    assert_eq!(sender.send(post(&good.url(), PATIENCE)).await.expect("a response").status, 200);
    let error = sender.send(post(&slow.url(), SHORT)).await.expect_err("no response");
    assert_eq!(error.kind, SendErrorKind::Timeout);
    assert_eq!(sender.send(post(&good.url(), PATIENCE)).await.expect("a response").status, 200);
}

/// W9: a connection is used again, and one that the receiver closed meanwhile costs no attempt.
#[tokio::test]
async fn w9_connections_are_used_again_when_alive() {
    let sender = sender(OutboundLimits::default());
    for behaviour in
        [Behaviour::Responds(http_response("200 OK", "x")), Behaviour::RespondsAndCloses(http_response("200 OK", "x"))]
    {
        let receiver = Receiver::with(behaviour).await;
        for _ in 0..5 {
            assert_eq!(sender.send(post(&receiver.url(), PATIENCE)).await.expect("a response").status, 200);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(receiver.requests().len(), 5);
    }
}

/// H6: what is asked for is bounded as well.
#[tokio::test]
async fn h6_requests_are_bounded() {
    let receiver = Receiver::with(Behaviour::Responds(http_response("200 OK", ""))).await;
    let sender = sender(OutboundLimits { request_body_bytes_max: 4, timeout_ms_max: 300, ..OutboundLimits::default() });
    let mut connect = get(&receiver.url(), PATIENCE);
    connect.method = Method::CONNECT;
    let mut framed = get(&receiver.url(), PATIENCE);
    framed.headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    for request in [post(&receiver.url(), PATIENCE), connect, framed] {
        let error = sender.send(request).await.expect_err("blocked");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{error:?}");
    }
    assert!(receiver.requests().is_empty());
    let silent = Receiver::with(Behaviour::NeverResponds).await;
    let error = sender.send(get(&silent.url(), Duration::from_secs(3_600))).await.expect_err("no response");
    assert_eq!(error.kind, SendErrorKind::Timeout);
    let zero = OutboundLimits { response_body_bytes_max: 0, ..OutboundLimits::default() };
    let error = Sender::new(zero, DEVELOPMENT).err().expect("a limit of zero");
    assert!(error.to_string().contains("response_body_bytes_max"), "{error}");
}
