//! L8: an answer that has begun is an answer, wherever and however it is cut.

use std::sync::Arc;

use http::HeaderValue;
use tokio::task::JoinSet;

use super::super::{OutboundResponse, SendError, SendErrorKind};
use super::receiver::{Behaviour, Ending, Receiver};
use super::*;

/// The deadline of what stalls: long enough for a head to arrive on a busy machine.
const STALL: Duration = Duration::from_secs(3);
/// Requests under way at once: some stall, so that many must.
const AT_ONCE: usize = 300;

/// A response of a receiver, and what is to be read of it.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Up to the end of the head. What may come before that, such as early hints, does not answer.
    head: &'static str,
    /// The body as it is sent.
    rest: &'static str,
    status: u16,
    body: &'static str,
    framing: Framing,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// By its length or its last chunk.
    Marked,
    /// By the end of the connection: whether something is missing can't be seen.
    ByClosing,
    /// There is none.
    NoBody,
}

const SAMPLES: [Sample; 7] = [
    Sample {
        head: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n",
        rest: "{\"result\":\"ok\"}",
        status: 200,
        body: "{\"result\":\"ok\"}",
        framing: Framing::Marked,
    },
    Sample {
        head: "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n",
        rest: "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
        status: 201,
        body: "hello world",
        framing: Framing::Marked,
    },
    Sample {
        head: "HTTP/1.1 200 OK\r\nx-a: b\r\n\r\n",
        rest: "taken",
        status: 200,
        body: "taken",
        framing: Framing::ByClosing,
    },
    Sample {
        head: "HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n",
        rest: "",
        status: 204,
        body: "",
        framing: Framing::NoBody,
    },
    Sample {
        head: "HTTP/1.1 410 Gone\r\ncontent-length: 4\r\n\r\n",
        rest: "gone",
        status: 410,
        body: "gone",
        framing: Framing::Marked,
    },
    Sample {
        head: "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\n",
        rest: "busy",
        status: 503,
        body: "busy",
        framing: Framing::Marked,
    },
    Sample {
        head: "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        rest: "ok",
        status: 200,
        body: "ok",
        framing: Framing::Marked,
    },
];

impl Sample {
    fn bytes(&self) -> Vec<u8> {
        [self.head, self.rest].concat().into_bytes()
    }

    /// Whether nothing is missing, as far as can be seen, of the answer that was cut there.
    fn is_whole(&self, at: usize, ending: Ending) -> bool {
        match self.framing {
            Framing::Marked => at == self.bytes().len(),
            Framing::ByClosing => ending == Ending::Closes,
            Framing::NoBody => true,
        }
    }

    fn check(&self, at: usize, ending: Ending, result: &Result<OutboundResponse, SendError>) {
        let what = format!("{self:?} cut at {at} where it {ending:?}: {result:?}");
        if at < self.head.len() {
            let cut = if ending == Ending::Stalls { SendErrorKind::Timeout } else { SendErrorKind::Io };
            let error = result.as_ref().expect_err(&what);
            assert_eq!((error.kind, error.sent), (cut, true), "{what}");
            return;
        }
        let cut = match ending {
            Ending::Closes => SendErrorKind::Protocol,
            Ending::Resets => SendErrorKind::Io,
            Ending::Stalls => SendErrorKind::Timeout,
        };
        let response = result.as_ref().expect(&what);
        let (kind, message) = response.cut.as_ref().map(|cut| (cut.kind, cut.message.as_str())).unzip();
        let expected_cut = Some(cut).filter(|_| !self.is_whole(at, ending));
        assert_eq!((response.status, kind), (self.status, expected_cut), "{what}");
        let count = format!("after {} bytes of the body", response.body.len());
        assert!(message.is_none_or(|message| message.contains(&count)), "{what}");
        assert_eq!(response.truncated, expected_cut.is_some(), "{what}");
        assert!(self.body.as_bytes().starts_with(&response.body), "{what}");
        if response.cut.is_none() && self.framing != Framing::ByClosing {
            assert_eq!(&response.body[..], self.body.as_bytes(), "{what}");
        }
        if self.status == 503 {
            assert_eq!(response.header("retry-after"), Some("7"), "{what}");
        }
    }
}

/// L8, W9: every answer, cut at every byte in every way: until the end of its head there is none, and from there on it is one with
/// its status, its headers and as much of its body as came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_response_that_has_begun_is_a_response() {
    let limits = OutboundLimits {
        requests_max: AT_ONCE,
        requests_per_host_max: AT_ONCE,
        slot_wait_ms_max: 60_000,
        ..OutboundLimits::default()
    };
    let sender = Arc::new(sender(limits));
    let mut cases = JoinSet::new();
    for sample in SAMPLES {
        for ending in [Ending::Closes, Ending::Resets, Ending::Stalls] {
            let receiver = Arc::new(Receiver::with(Behaviour::Cuts(sample.bytes(), ending)).await);
            for at in 0..=sample.bytes().len() {
                let (sender, receiver) = (Arc::clone(&sender), Arc::clone(&receiver));
                cases.spawn(async move {
                    let timeout = if ending == Ending::Stalls { STALL } else { PATIENCE };
                    let mut request = post(&receiver.url(), timeout);
                    request.headers.insert("cut-at", HeaderValue::from(at));
                    sample.check(at, ending, &sender.send(request).await);
                });
            }
        }
    }
    assert!(1_000 < cases.len(), "{} cases", cases.len());
    while let Some(case) = cases.join_next().await {
        if let Err(panic) = case {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

/// L8: a stalled body holds the request no longer than its deadline, and what came until then is kept.
#[tokio::test]
async fn l8_a_stalled_body_ends_at_the_deadline() {
    let sample = SAMPLES[0];
    let receiver = Receiver::with(Behaviour::Cuts(sample.bytes(), Ending::Stalls)).await;
    let mut request = post(&receiver.url(), Duration::from_millis(1_500));
    request.headers.insert("cut-at", HeaderValue::from(sample.bytes().len() - 3));
    let response = sender(OutboundLimits::default()).send(request).await.expect("a response");
    let cut = response.cut.as_ref().expect("a cut");
    assert_eq!((&response.body[..], cut.kind), (&b"{\"result\":\"o"[..], SendErrorKind::Timeout));
    assert_eq!(cut.message, "the deadline came after 12 bytes of the body, of the 15 that its length names");
    assert!((1_500..8_000).contains(&response.elapsed_ms), "{response:?}");
}
