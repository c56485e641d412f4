//! The description of the API (H3) says what the host does, and the host does nothing else.

use hookmill_domain::action::REASON_CHARS_MAX;
use hookmill_domain::config::Limits;
use hookmill_tests::client::send;
use hookmill_tests::{Client, Kind, Response, World};
use serde_json::Value;
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn described(world: &World) -> Value {
    world.nobody.get("/openapi.json").await.expect(200).json
}

/// Every operation: method, address, description.
fn operations(description: &Value) -> Vec<(&str, &str, &Value)> {
    let mut all = Vec::new();
    for (address, item) in description["paths"].as_object().unwrap() {
        let methods = METHODS.into_iter().filter_map(|method| Some((method, address.as_str(), item.get(method)?)));
        all.extend(methods);
    }
    all
}

/// Calls an address with the names of its parts as parts.
async fn call(client: &Client, method: &str, address: &str) -> Response {
    let path = address.replace(['{', '}'], "");
    send(client.request(&method.to_uppercase(), &path).header("content-type", "application/json").body("{}")).await
}

fn keys_asked_for(said: &Value) -> BTreeSet<&str> {
    let schemes = said["security"].as_array().unwrap().iter().flat_map(|one| one.as_object().unwrap().keys());
    schemes.map(String::as_str).filter(|name| !name.ends_with("Header")).collect()
}

/// H3 O8: what is described is there, and asks for the keys it says it asks for.
#[tokio::test]
async fn every_operation_asks_for_the_keys_it_says() {
    let world = World::new(Kind::Sqlite).await;
    let description = described(&world).await;
    let operator = world.operator.without_organization();
    assert!(45 < operations(&description).len());
    for (method, address, said) in operations(&description) {
        let asked = keys_asked_for(said);
        if asked.is_empty() {
            // An address that is a key is unknown without it.
            let status = if address.contains("{token}") { 404 } else { 200 };
            call(&world.nobody, method, address).await.expect(status);
            continue;
        }
        // A dialect that has one error for every key that may not.
        if said["operationId"] == "createInboundWebhookByApi" {
            for client in [&world.nobody, &world.source] {
                call(client, method, address).await.expect_error(401, "invalid_api_access");
            }
            continue;
        }
        // A dialect has errors of its own form, and a status for all that is wrong with what was sent.
        let is_dialect = asked.contains("apiKeyQuery");
        let check = |response: Response, status: u16, code: &str| match is_dialect {
            true => assert_eq!((response.status, response.code()), (status, code), "{address}: {}", response.text),
            false => drop(response.expect_error(status, code)),
        };
        check(call(&world.nobody, method, address).await, 401, "key_missing");
        if !asked.contains("sourceKey") {
            check(call(&world.source, method, address).await, 403, "source_key_not_allowed");
        }
        if !asked.contains("apiKey") {
            check(call(&world.admin, method, address).await, 403, "api_key_not_allowed");
        }
        let names_organization = said["parameters"].to_string().contains("/parameters/organization");
        if names_organization {
            check(call(&operator, method, address).await, if is_dialect { 400 } else { 422 }, "invalid");
        }
    }
    world.stop().await;
}

/// H3 I14: an address has the methods that are described, and no other.
#[tokio::test]
async fn no_method_is_served_that_is_not_described() {
    let world = World::new(Kind::Sqlite).await;
    let description = described(&world).await;
    for (address, item) in description["paths"].as_object().unwrap() {
        let known: BTreeSet<&str> = METHODS.into_iter().filter(|method| item.get(method).is_some()).collect();
        for method in METHODS.into_iter().filter(|method| !known.contains(method)) {
            let response = call(&world.admin, method, address).await.expect_error(405, "method_not_allowed");
            let allowed = response.headers["allow"].to_str().unwrap().to_lowercase();
            let allowed: BTreeSet<&str> =
                allowed.split(',').map(str::trim).filter(|one| !["head", "options"].contains(one)).collect();
            assert_eq!(allowed, known, "{address}");
        }
    }
    world.stop().await;
}

/// H3: nothing is left undescribed: names, summaries, parts of addresses; and whatever is referred to is there.
#[tokio::test]
async fn everything_is_described() {
    let world = World::new(Kind::Sqlite).await;
    let description = described(&world).await;
    let mut names = BTreeSet::new();
    for (method, address, said) in operations(&description) {
        let place = format!("{method} {address}");
        assert!(names.insert(said["operationId"].as_str().unwrap()), "{place}");
        assert!(said["summary"].as_str().is_some_and(|text| !text.is_empty()), "{place}");
        let tag = &said["tags"][0];
        assert!(description["tags"].as_array().unwrap().iter().any(|known| known["name"] == *tag), "{place}: {tag}");
        let parameters = said["parameters"].as_array().unwrap();
        let path = parameters.iter().filter(|one| one["in"] == "path");
        assert_eq!(path.count(), address.matches('{').count(), "{place}");
        for parameter in parameters.iter().filter(|one| one.get("$ref").is_none()) {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{place}: {parameter}");
        }
        let done = said["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
        // A long call has another one: it goes on as a job.
        let own = done.filter(|(status, response)| *status != "202" || response["headers"].get("location").is_none());
        // An inbound webhook says whether its person is new, and may say so later.
        let of_inbound = if address.contains("{token}") && method != "options" { 3 } else { 1 };
        assert_eq!(own.count(), of_inbound, "{place}");
    }
    every_reference_leads_somewhere(&description, &description);
    world.stop().await;
}

fn every_reference_leads_somewhere(description: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(place) = members.get("$ref").and_then(Value::as_str) {
                assert!(description.pointer(place.trim_start_matches('#')).is_some(), "{place}");
            }
            members.values().for_each(|member| every_reference_leads_somewhere(description, member));
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| every_reference_leads_somewhere(description, element))
        }
        _ => {}
    }
}

/// H3 H6: the bounds that are described are those that hold.
#[tokio::test]
async fn described_bounds_are_the_bounds() {
    let world = World::new(Kind::Sqlite).await;
    let (description, limits) = (described(&world).await, Limits::default());
    let schemas = &description["components"]["schemas"];
    assert_eq!(schemas["Name"]["maxLength"], limits.name_chars_max);
    assert_eq!(schemas["Batch"]["properties"]["leads"]["maxItems"], limits.leads_per_request_max);
    assert_eq!(schemas["AnyLead"]["anyOf"][1]["maxItems"], limits.leads_per_request_max);
    assert_eq!(schemas["Review"]["properties"]["reason"]["maxLength"], REASON_CHARS_MAX);
    let parameters = description["paths"]["/v1/campaigns"]["get"]["parameters"].as_array().unwrap();
    let limit = parameters.iter().find(|parameter| parameter["name"] == "limit").unwrap();
    assert_eq!(limit["schema"]["maximum"], limits.page_rows_max);
    for asked in ["0", "-1", "201", "1.5", ""] {
        world.admin.get(&format!("/v1/campaigns?limit={asked}")).await.expect_error(422, "invalid");
    }
    world.admin.get("/v1/campaigns?limit=200").await.expect(200);
    world.stop().await;
}

/// H3: an integer is one however it is written, as JSON Schema has it.
#[tokio::test]
async fn integers_may_be_written_with_a_fraction() {
    let world = World::new(Kind::Sqlite).await;
    let body = r#"{"enabled": false, "url": "http://127.0.0.1:1/", "events": [], "retries": 2.0, "timeout_s": 3e1}"#;
    let put = |body: &str| {
        let request = world.admin.request("PUT", "/v1/webhook-settings").header("content-type", "application/json");
        send(request.body(body.to_owned()))
    };
    assert_eq!(put(body).await.expect(200).json["retries"], 2);
    put(&body.replace("2.0", "2.5")).await.expect_error(422, "invalid");
    put(&body.replace("2.0", "\"2\"")).await.expect_error(422, "invalid");
    world.stop().await;
}

/// H3: the page is self-contained: no script, nothing from elsewhere, and every operation is on it.
#[tokio::test]
async fn the_page_stands_alone() {
    let world = World::new(Kind::Sqlite).await;
    let page = world.nobody.get("/docs").await.expect(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.text.contains("<script") && !page.text.contains(" style=") && !page.text.contains("src="));
    let style = world.nobody.get("/docs/style.css").await.expect(200);
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
    for (_, address, said) in operations(&described(&world).await) {
        let anchor = format!("id=\"{}\"", said["operationId"].as_str().unwrap());
        assert!(page.text.contains(&anchor), "{address} is not on the page");
    }
    world.stop().await;
}
