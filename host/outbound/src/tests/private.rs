//! W8: endpoints with certificate authorities of their own, and certificates that are wrong in every usual way.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::net_policy::CaCertificates;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::SendErrorKind;
use super::receiver::{Behaviour, Receiver, http_response};
use super::*;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An authority that signs servers' certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    fn certificates(&self) -> CaCertificates {
        let der = STANDARD.encode(self.0.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
        CaCertificates::parse(&pem, Timestamp(0)).expect("an authority")
    }

    /// A server for this name that speaks these versions; returns its port.
    async fn serve(
        &self,
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
        change: impl FnOnce(&mut CertificateParams),
    ) -> u16 {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate").der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
        let config =
            config.with_no_client_auth().with_single_cert(vec![certificate], key.into()).expect("a key that fits");
        let (listener, acceptor) =
            (TcpListener::bind("127.0.0.1:0").await.expect("a port"), TlsAcceptor::from(Arc::new(config)));
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = [0; 4_096];
                    // Each request comes in one record here.
                    while stream.read(&mut request).await.is_ok_and(|count| 0 < count) {
                        if stream.write_all(RESPONSE).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        port
    }
}

fn trusting(port: u16, authority: Option<&Authority>) -> OutboundRequest {
    let ca_certificates = authority.map(Authority::certificates);
    OutboundRequest { ca_certificates, ..get(&format!("https://localhost:{port}/"), PATIENCE) }
}

/// W8: an endpoint's own authority is trusted for that endpoint, over and over, and for no other that is sent to at the same place: no
/// connection is shared between them.
#[tokio::test]
async fn w8_an_own_authority_counts_for_its_endpoint_alone() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let port = own.serve("localhost", rustls::ALL_VERSIONS, |_| {}).await;
    let sender = sender(OutboundLimits { ca_sets_max: 1, ..OutboundLimits::default() });
    for _ in 0..3 {
        assert_eq!(sender.send(trusting(port, Some(&own))).await.expect("a response").status, 200);
        for stranger in [None, Some(&other)] {
            let error = sender.send(trusting(port, stranger)).await.expect_err("no trust");
            assert_eq!((error.kind, error.sent), (SendErrorKind::Tls, false), "{error:?}");
        }
    }
    assert_eq!(sender.check_ca_certificates(&own.certificates()), Ok(()));
}

/// W8: what is wrong with a certificate, or with what a port speaks, is said so that a person can act on it.
#[tokio::test]
async fn w8_errors_of_tls_say_what_to_do() {
    let own = Authority::new("own");
    let all = rustls::ALL_VERSIONS;
    let long_ago = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 2, 3));
    };
    let far_off = |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(2999, 1, 1);
    let good = own.serve("localhost", all, |_| {}).await;
    let speaks_first = Receiver::with(Behaviour::SpeaksFirst(http_response("400 Bad Request", ""))).await;
    let alert = Receiver::with(Behaviour::SpeaksFirst(vec![0x15, 3, 1, 0, 2, 2, 70])).await;
    let closes = Receiver::with(Behaviour::ClosesAtOnce).await;
    let table = [
        (own.serve("localhost", all, long_ago).await, Some(&own), "has expired, on 2021-02-03T00:00:00Z"),
        (own.serve("localhost", all, far_off).await, Some(&own), "is not valid before 2999-01-01T00:00:00Z"),
        (own.serve("crm.example", all, |_| {}).await, Some(&own), "is not for this name, but for `crm.example`"),
        (good, None, "as `ca_certificates`"),
        (speaks_first.port, None, "does not speak TLS on this port"),
        (alert.port, None, "speaks no version of TLS that is spoken here"),
        (closes.port, None, "TLS"),
    ];
    for (port, authority, expected) in table {
        let error = sender(OutboundLimits::default()).send(trusting(port, authority)).await.expect_err(expected);
        assert!(error.message.contains(expected) && error.message.contains("`localhost`"), "{expected}: {error:?}");
        assert!(!error.sent, "{error:?}");
    }
    let other = Authority::new("other");
    let error = sender(OutboundLimits::default()).send(trusting(good, Some(&other))).await.expect_err("no trust");
    assert!(error.message.contains("not signed by an authority in the endpoint's `ca_certificates`"), "{error:?}");
}

/// W8: http on a port that speaks TLS says so.
#[tokio::test]
async fn w8_http_to_a_port_of_https_says_so() {
    let alert = Receiver::with(Behaviour::RespondsAndCloses(vec![0x15, 3, 1, 0, 2, 2, 70])).await;
    let error = sender(OutboundLimits::default()).send(post(&alert.url(), PATIENCE)).await.expect_err("not HTTP");
    assert_eq!(error.kind, SendErrorKind::Protocol);
    assert!(error.message.contains("if this port speaks TLS, write the URL with https"), "{error:?}");
}
