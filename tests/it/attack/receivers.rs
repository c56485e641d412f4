//! Clients that hang: they hold some places, and nobody else waits for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_tests::{Behaviour, World, WorldOptions, on_both};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// How many campaigns hang.
const HANGING: usize = 8;
/// How many requests a client gets at once before it has responded.
const FIRST: usize = 2;
/// How many leads each of them has.
const LEADS: usize = 40;
/// How long they hang: longer than any of these tests.
const HANG: Duration = Duration::from_secs(100);
/// How long others may take: far less than the time-out that frees the places of those that hang.
const BOUND: Duration = Duration::from_secs(15);

fn leads(campaign: &str, count: usize) -> Value {
    json!((0..count).map(|n| json!({"campaign_id": campaign, "email": format!("{n}@x.example")})).collect::<Vec<_>>())
}

async fn within<T>(what: &str, ends: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, ends).await.unwrap_or_else(|_| panic!("not within {BOUND:?}: {what}"))
}

/// Few places, so that those that hang could take all of them.
fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    options.settings.limits.deliveries_in_flight_max = 64;
    options.settings.limits.deliveries_per_destination_max = 16;
    options.settings.limits.deliveries_to_new_destination_max = FIRST;
    options.settings.limits.stop_ms = 200;
    options
}

/// Campaigns that hang, with more leads waiting than there are places.
async fn hang(world: &World) {
    for n in 0..HANGING {
        let campaign = world.campaign(&format!("HANGS{n}"), "").await;
        let path = format!("/client/{campaign}");
        world.receiver.always(&path, Behaviour::Silence(HANG));
        let endpoint = json!({"url": world.receiver.url(&path), "retries": 1, "timeout_s": 60});
        world.admin.put(&format!("/v1/campaigns/{campaign}/endpoint"), &endpoint).await.expect(200);
    }
    for n in 0..HANGING {
        world.push(leads(&format!("HANGS{n}"), LEADS)).await;
    }
    let hanging = || (0..HANGING).map(|n| world.receiver.at(&format!("/client/HANGS{n}")).len()).sum::<usize>();
    within("those that hang have what they may have", async {
        let mut before = usize::MAX;
        while hanging() != before || before == 0 {
            before = hanging();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    assert_eq!(hanging(), HANGING * FIRST);
}

on_both! {
    /// W12: clients that hang, more of them than there are places, stop neither another organization nor another campaign of theirs, not even
    /// on the same host name.
    async fn campaigns_that_hang_stop_nobody(kind: Kind) {
        let world = World::with(kind, options()).await;
        hang(&world).await;

        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "WELL", "name": "WELL"})).await.expect(201);
        let endpoint = json!({"url": world.receiver.url("/client/other"), "retries": 1});
        other.admin.put("/v1/campaigns/WELL/endpoint", &endpoint).await.expect(200);
        other.admin.put("/v1/campaigns/WELL/state", &json!({"state": "active"})).await.expect(200);
        let batch = json!({"idempotency_key": "well", "leads": leads("WELL", 20)});
        other.source.post("/v1/leads", &batch).await.expect(202);
        within("another organization is served", world.receiver.until("/client/other", 20)).await;

        world.campaign("WELL", "").await;
        world.push(leads("WELL", 20)).await;
        within("another campaign of theirs is served", world.receiver.until("/client/WELL", 20)).await;
        world.stop().await;
    }
}

on_both! {
    /// W12: an endpoint that does not respond gets one request at a time until it does, and then more and more.
    async fn who_times_out_gets_one_request_at_a_time(kind: Kind) {
        let mut options = options();
        options.settings.limits.deliveries_to_new_destination_max = 8;
        let world = World::with(kind, options).await;
        let campaign = world.campaign("FLAKY", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/FLAKY"), "retries": 5, "timeout_s": 1});
        world.admin.put(&format!("/v1/campaigns/{campaign}/endpoint"), &endpoint).await.expect(200);
        world.receiver.always("/client/FLAKY", Behaviour::Silence(HANG));
        world.push(leads("FLAKY", LEADS)).await;
        within("the first requests time out", world.receiver.until("/client/FLAKY", 10)).await;
        let most = world.receiver.most_at_once("/client/FLAKY");
        assert!((8..=9).contains(&most), "eight at first, and one when they have timed out: {most}");
        world.receiver.always("/client/FLAKY", Behaviour::status(200));
        let served = async {
            while world.receiver.at("/client/FLAKY").len() < LEADS + 8 {
                world.clock.advance_ms(1_000);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within("all are sent when it responds again", served).await;
        world.settle().await;
        world.stop().await;
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

/// A client with a certificate of a private authority, which accepts everything: its URL, the authority's certificate, and its own.
async fn private_client() -> (String, String, String) {
    let key = || KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).unwrap();
    let own_key = key();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = params.signed_by(&own_key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivatePkcs8KeyDer::from(own_key.serialize_der());
    let config = config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key.into()).unwrap();
    let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(config)));
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0; 16_384]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (format!("https://localhost:{port}/leads"), pem(authority.der()), pem(own.der()))
}

on_both! {
    /// W8: a client with a certificate of a private authority is sent to once its endpoint names that authority; what is not an authority's
    /// certificate is rejected when it is saved; and without one the log says what to give.
    async fn w8_an_endpoint_names_its_certificate_authority(kind: Kind) {
        let mut world = World::with(kind, WorldOptions::default()).await;
        world.campaign("CC", "").await;
        let (url, authority, server) = private_client().await;
        let endpoint = |certificates: Value| json!({"url": url, "retries": 0, "ca_certificates": certificates});
        let at = "/v1/campaigns/CC/endpoint";
        for (wrong, expected) in [(json!(server), "not an authority's"), (json!("x"), "have no certificate"), (json!(authority.repeat(17)), "at most 16")] {
            let response = world.admin.put(at, &endpoint(wrong)).await.expect(422).json;
            assert!(response["error"]["message"].as_str().unwrap().contains(expected), "{response}");
            assert_eq!(response["error"]["details"][0]["path"], "ca_certificates", "{response}");
        }
        world.admin.put(at, &endpoint(json!(null))).await.expect(200);
        let lost = world.push_and_settle(leads("CC", 1)).await.remove(0);
        let timeline = world.submission(&lost).await["timeline"].clone();
        assert!(timeline.to_string().contains("as `ca_certificates`"), "{timeline}");
        assert_eq!(world.state(&lost).await, "failed");

        let saved = world.admin.put(at, &endpoint(json!(authority))).await.expect(200).json;
        assert_eq!(saved["ca_certificates"], authority.trim());
        world.restart().await;
        assert_eq!(world.admin.get(at).await.expect(200).json, saved);
        let delivered = world.push_and_settle(json!([{"campaign_id": "CC", "email": "later@x.example"}])).await.remove(0);
        assert_eq!(world.state(&delivered).await, "delivered", "{}", world.submission(&delivered).await);
        world.stop().await;
    }
}

on_both! {
    /// W8: an endpoint in a private network is rejected with the setting that allows it, and taken where an operator has named its range.
    async fn w8_an_operator_allows_a_private_range(kind: Kind) {
        for (allowed, status) in [(vec![], 422), (vec!["10.1.0.0/16".parse().unwrap()], 200)] {
            let mut options = WorldOptions::default();
            options.settings.allowed_private_ranges = allowed;
            let world = World::with(kind, options).await;
            world.campaign("CC", "").await;
            let endpoint = json!({"url": "https://10.1.2.3/leads"});
            let response = world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(status).json;
            assert!(status == 200 || response.to_string().contains("`host.allowed_private_ranges`"), "{response}");
            let outside = json!({"url": "https://10.2.2.3/leads"});
            world.admin.put("/v1/campaigns/CC/endpoint", &outside).await.expect(422);
            world.stop().await;
        }
    }
}
