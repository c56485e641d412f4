//! How requests to a client are authenticated (L8): each kind as its standard says, over the bytes that are sent, on every attempt; secrets are
//! never shown again.

use hookmill_domain::endpoint::{EndpointAuth, MacEncoding};
use hookmill_tests::{Behaviour, World, on_both};
use serde_json::{Value, json};

async fn set(world: &World, auth: Value) -> Value {
    let endpoint = json!({"url": world.receiver.url("/client/CAMP"), "retries": 2, "auth": auth});
    world.admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect(200).json
}

/// The signature of a body; unit tests compare it with what the standards publish.
fn signature(key: &str, body: &[u8]) -> String {
    let (secret, header, prefix) = (key.to_owned(), "x-signature".to_owned(), "sha256=".to_owned());
    EndpointAuth::Hmac { secret, header, encoding: MacEncoding::Hex, prefix }.header_value(body)
}

on_both! {
    /// L8: the header of each kind is on every attempt; a change counts for what is on its way.
    async fn l8_requests_are_authenticated(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        let table = [
            (json!({"kind": "basic", "username": "u", "password": "p"}), "authorization", "Basic dTpw"),
            (json!({"kind": "bearer", "token": "t-1"}), "authorization", "Bearer t-1"),
            (json!({"kind": "header", "header": "X-Api-Key", "value": "k"}), "x-api-key", "k"),
            (json!({"kind": "none"}), "authorization", ""),
            (Value::Null, "x-api-key", ""),
        ];
        for (auth, name, expected) in table {
            set(&world, auth).await;
            let before = world.receiver.at("/client/CAMP").len();
            world.receiver.plan("/client/CAMP", [Behaviour::status(503)]);
            world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
            world.advance(7_000).await;
            let sent = world.receiver.at("/client/CAMP").split_off(before);
            assert_eq!(sent.iter().map(|request| request.header(name)).collect::<Vec<_>>(), [expected; 2]);
        }
        set(&world, json!({"kind": "hmac", "secret": "old", "header": "X-Signature"})).await;
        let before = world.receiver.at("/client/CAMP").len();
        world.receiver.plan("/client/CAMP", [Behaviour::status(503)]);
        world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "\u{e4}@x.example"}])).await;
        set(&world, json!({"kind": "hmac", "secret": "new"})).await;
        world.advance(7_000).await;
        let [first, second] = world.receiver.at("/client/CAMP").split_off(before).try_into().expect("two attempts");
        assert_eq!(first.header("x-signature"), signature("old", &first.body));
        assert_eq!(second.header("x-hub-signature-256"), signature("new", &second.body));
        assert_eq!((first.body, second.header("x-signature")), (second.body.clone(), ""));
        world.stop().await;
    }
}

on_both! {
    /// L8 H5: a secret is shown to nobody; what is shown can be sent back and keeps it, and a mask without a secret is rejected.
    async fn l8_a_secret_is_kept_and_not_shown(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        let table = [
            (json!({"kind": "basic", "username": "u", "password": "secret-1"}), json!({"kind": "basic", "username": "u", "password": "***"})),
            (json!({"kind": "bearer", "token": "secret-2"}), json!({"kind": "bearer", "token": "***"})),
            (json!({"kind": "header", "header": "X-Key", "value": "secret-3"}), json!({"kind": "header", "header": "X-Key", "value": "***"})),
            (json!({"kind": "hmac", "secret": "secret-4"}),
                json!({"kind": "hmac", "secret": "***", "header": "x-hub-signature-256", "encoding": "hex", "prefix": "sha256="})),
        ];
        for (auth, shown) in &table {
            // Of another kind, or of none, nothing is stored.
            let masked = json!({"url": world.receiver.url("/client/CAMP"), "auth": shown});
            let rejected = world.admin.put("/v1/campaigns/CAMP/endpoint", &masked).await.expect_error(422, "invalid").json;
            assert!(rejected["error"]["message"].as_str().unwrap().contains("send the secret"), "{rejected}");
            assert_eq!(&set(&world, auth.clone()).await["auth"], shown);
            let read = world.admin.get("/v1/campaigns/CAMP/endpoint").await.expect(200).json;
            assert_eq!(&read["auth"], shown);
            send(&world, &shown["kind"]).await;
            assert_eq!(&set(&world, read["auth"].clone()).await["auth"], shown);
            send(&world, &shown["kind"]).await;
        }
        assert_eq!(set(&world, Value::Null).await["auth"], Value::Null);
        world.stop().await;
    }
}

/// Sends a lead, which the stored secret of this kind authenticates.
async fn send(world: &World, kind: &Value) {
    world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
    let sent = world.receiver.at("/client/CAMP").pop().expect("a request");
    let (name, expected) = match kind.as_str() {
        Some("basic") => ("authorization", "Basic dTpzZWNyZXQtMQ==".to_owned()),
        Some("bearer") => ("authorization", "Bearer secret-2".to_owned()),
        Some("header") => ("x-key", "secret-3".to_owned()),
        _ => ("x-hub-signature-256", signature("secret-4", &sent.body)),
    };
    assert_eq!(sent.header(name), expected);
}

on_both! {
    /// L8 L13: a ping is authenticated as the post is, over its own body.
    async fn l8_a_ping_is_authenticated(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        let ping = json!({"url": world.receiver.url("/ping"), "price": "1"});
        let endpoint = json!({"url": world.receiver.url("/client/CAMP"), "auth": {"kind": "hmac", "secret": "k"}, "ping": ping});
        world.admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect(200);
        world.receiver.always("/ping", Behaviour::status(200));
        world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
        for path in ["/ping", "/client/CAMP"] {
            let sent = world.receiver.at(path).pop().expect("a request");
            assert_eq!(sent.header("x-hub-signature-256"), signature("k", &sent.body), "{path}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L8 H5: a client that repeats what authenticated the request shows it to nobody.
    async fn l8_a_secret_that_is_repeated_is_masked(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        for (auth, repeated) in [
            (json!({"kind": "bearer", "token": "token-1234"}), "Bearer token-1234"),
            (json!({"kind": "basic", "username": "user", "password": "password-1"}), "Basic dXNlcjpwYXNzd29yZC0x"),
            (json!({"kind": "header", "header": "X-Key", "value": "a long key"}), "you sent a long key"),
        ] {
            set(&world, auth).await;
            world.receiver.plan("/client/CAMP", [Behaviour::Respond(400, vec![("content-type".into(), "text/plain".into())], format!("<{repeated}>"))]);
            let id = world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await.remove(0);
            let page = world.submission(&id).await;
            let delivery = page["timeline"].as_array().unwrap().iter().find_map(|line| line["detail"]["delivery_id"].as_str()).unwrap();
            let shown = world.admin.get(&format!("/v1/deliveries/{delivery}")).await.expect(200).json;
            let secret = repeated.rsplit_once(' ').unwrap().1;
            for text in [page.to_string(), shown.to_string()] {
                assert!(!text.contains(secret) || secret == "key", "{secret} in {text}");
            }
            assert!(shown.to_string().contains("***>"), "{shown}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L8: a request goes out by the method of its endpoint.
    async fn l8_each_method_is_sent(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        for method in ["POST", "PUT", "PATCH", "GET"] {
            let endpoint = json!({"url": world.receiver.url("/client/CAMP"), "method": method});
            world.admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect(200);
            let id = world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await.remove(0);
            let sent = world.receiver.at("/client/CAMP").pop().expect("a request");
            assert_eq!((sent.method.as_str(), world.state(&id).await.as_str()), (method, "delivered"));
            assert_eq!(sent.header("hookmill-submission-id"), id);
        }
        for method in ["DELETE", "post", ""] {
            let endpoint = json!({"url": world.receiver.url("/client/CAMP"), "method": method});
            world.admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect_error(422, "invalid");
        }
        world.stop().await;
    }
}
