//! W8: HTTPS, with trusted, untrusted and broken partners.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use super::super::departure::{Departure, NotedBody};
use super::super::names::SystemLookup;
use super::super::{SendErrorKind, client};
use super::receiver::{Behaviour, Receiver};
use super::*;

/// A receiver that speaks TLS for the name `localhost`, and the certificate to trust it by.
struct Encrypted {
    port: u16,
    roots: RootCertStore,
}

impl Encrypted {
    async fn speaking(protocol: &'static str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let certified = versions.with_no_client_auth().with_single_cert(vec![certificate.clone()], key.into());
        let mut config = certified.expect("a key that fits");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), protocol));
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a root");
        Self { port, roots }
    }

    fn sender(&self, roots: RootCertStore) -> Sender {
        let limits = OutboundLimits { response_body_bytes_max: 100_000, ..OutboundLimits::default() };
        Sender::with_parts(limits, DEVELOPMENT, Box::new(SystemLookup), roots).expect("a sender")
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, protocol: &'static str) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, acceptor.clone(), protocol));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, protocol: &'static str) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let (io, service) = (TokioIo::new(stream), service_fn(serve_request));
    let _ = match protocol {
        "h2" => hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await,
        _ => hyper::server::conn::http1::Builder::new().serve_connection(io, service).await,
    };
}

/// A body that is whole, or that breaks once its first bytes are on their way.
enum TestBody {
    Whole(NotedBody),
    Breaks(Option<Bytes>, Pin<Box<Sleep>>),
}

impl TestBody {
    fn breaks(first: &'static [u8]) -> Self {
        Self::Breaks(Some(Bytes::from_static(first)), Box::pin(tokio::time::sleep(Duration::from_millis(50))))
    }
}

impl hyper::body::Body for TestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Breaks(bytes, wait) => match bytes.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => wait.as_mut().poll(context).map(|()| Some(Err(io::Error::other("broken")))),
            },
        }
    }
}

/// By path: `/silent` never responds, `/big` answers more than is kept, `/breaks` breaks in the middle, all others answer the protocol's
/// version.
async fn serve_request(request: hyper::Request<Incoming>) -> Result<hyper::Response<TestBody>, Infallible> {
    let body = match request.uri().path() {
        "/silent" => std::future::pending().await,
        "/big" => Bytes::from(vec![b'x'; 500_000]),
        "/breaks" => return Ok(hyper::Response::new(TestBody::breaks(b"half"))),
        _ => Bytes::from(format!("{:?}", request.version())),
    };
    Ok(hyper::Response::new(TestBody::Whole(Departure::default().watch(body))))
}

/// W8, W9, L8: both versions of HTTP over TLS, with the same bounds and the same responses to what was sent. One that breaks off is
/// a response in both.
#[tokio::test]
async fn w8_https_works_with_both_versions_of_http() {
    for (protocol, version) in [("http/1.1", "HTTP/1.1"), ("h2", "HTTP/2.0")] {
        let receiver = Encrypted::speaking(protocol).await;
        let sender = receiver.sender(receiver.roots.clone());
        let at = |path: &str| format!("https://localhost:{}{path}", receiver.port);
        for request in [post(&at("/"), PATIENCE), get(&at("/"), PATIENCE)] {
            let response = sender.send(request).await.expect("a response");
            assert_eq!((response.status, &response.body[..]), (200, version.as_bytes()));
        }
        let big = sender.send(get(&at("/big"), PATIENCE)).await.expect("a response");
        assert_eq!((big.body.len(), big.truncated), (100_000, true), "{protocol}");
        let cut = sender.send(post(&at("/breaks"), PATIENCE)).await.expect("a response");
        let kind = if protocol == "h2" { SendErrorKind::Io } else { SendErrorKind::Protocol };
        let cut_kind = cut.cut.as_ref().map(|cut| cut.kind);
        assert_eq!((cut.status, cut.truncated, cut_kind), (200, true, Some(kind)), "{protocol}: {cut:?}");
        assert!(b"half".starts_with(&cut.body[..]), "{protocol}: {cut:?}");
        for request in
            [post(&at("/silent"), Duration::from_millis(300)), get(&at("/silent"), Duration::from_millis(300))]
        {
            let error = sender.send(request).await.expect_err("no response");
            assert_eq!((error.kind, error.sent), (SendErrorKind::Timeout, true), "{protocol}: {error:?}");
        }
    }
}

/// W8: a certificate nobody vouches for, and one for another name, stop everything before the request leaves.
#[tokio::test]
async fn w8_untrusted_receivers_get_nothing() {
    let receiver = Encrypted::speaking("http/1.1").await;
    let stranger = receiver.sender(client::public_roots());
    let other_name = receiver.sender(receiver.roots.clone());
    let table = [
        (stranger, format!("https://localhost:{}/", receiver.port)),
        (other_name, format!("https://127.0.0.1:{}/", receiver.port)),
    ];
    for (sender, text) in table {
        for request in [post(&text, PATIENCE), get(&text, PATIENCE)] {
            let error = sender.send(request).await.expect_err("no trust");
            assert_eq!((error.kind, error.sent), (SendErrorKind::Tls, false), "{text}: {error:?}");
        }
    }
}

/// W9: garbage and silence in place of TLS; neither has seen the request.
#[tokio::test]
async fn w9_a_broken_handshake_means_not_sent() {
    let table = [
        (Behaviour::SpeaksFirst(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), SendErrorKind::Tls),
        (Behaviour::SpeaksFirst(vec![0x16, 3, 1, 0xff, 0xff, 1, 2, 3]), SendErrorKind::Tls),
        (Behaviour::ClosesAtOnce, SendErrorKind::Connect),
        (Behaviour::NeverReads, SendErrorKind::Timeout),
    ];
    for (behaviour, kind) in table {
        let what = format!("{behaviour:?}");
        let receiver = Receiver::with(behaviour).await;
        let text = format!("https://127.0.0.1:{}/", receiver.port);
        for request in [post(&text, Duration::from_millis(500)), get(&text, Duration::from_millis(500))] {
            let error = sender(OutboundLimits::default()).send(request).await.expect_err(&what);
            assert_eq!((error.kind, error.sent), (kind, false), "{what}: {error:?}");
        }
    }
}
