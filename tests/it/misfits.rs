//! What does not fit an operation of the API is told with the member's path, in the words of the API (I14), whatever reads it.

use hookmill_tests::client::send;
use hookmill_tests::{Client, Kind, Response, World};
use serde_json::{Value, json};

const METHODS: [&str; 4] = ["post", "put", "patch", "get"];

/// What libraries say and nobody who calls the API should have to read.
const LIBRARY_WORDS: [&str; 17] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "missing field",
    "unknown field",
    "unknown variant",
    "duplicate field",
    ", expected ",
    " at line ",
    "struct ",
    "did not match any variant",
    "tagged enum",
    "string or map",
    "deserialize",
    "invalid digit",
    "target type",
    "u64",
];

/// An operation: its method, its address with parts that are there as far as they have to be, and what is described of it.
struct Operation<'d> {
    description: &'d Value,
    method: &'static str,
    path: String,
    about: &'d Value,
}

/// Makes what some operations look for before they look at a body; what its part of an address is called, with its id.
async fn objects(world: &World, operator: &Client) -> Vec<(&'static str, String)> {
    let client = operator.post("/v1/clients", &json!({"name": "Sunny"})).await.expect(201).str("id");
    let submission = world.push_and_settle(json!([{"campaign_id": "CAMP"}])).await.remove(0);
    let draft = json!({"name": "CRM", "url": world.receiver.url("/hook"), "events": []});
    let subscription = operator.post("/v1/subscriptions?campaign=CAMP", &draft).await.expect(201).str("id");
    let inbound = operator.post("/v1/campaigns/CAMP/inbound-webhooks", &json!({})).await.expect(201).str("id");
    vec![("client", client), ("submission", submission), ("subscription", subscription), ("inbound", inbound)]
}

fn operations<'d>(description: &'d Value, objects: &[(&str, String)]) -> Vec<Operation<'d>> {
    let mut all = Vec::new();
    for (address, item) in description["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(about) = item.get(method) else { continue };
            // Some are looked for before a body is looked at.
            let path = address.replace("{campaign}", "CAMP").replace("{campaign_id}", "CAMP");
            let path = objects.iter().fold(path, |path, (part, id)| path.replace(&format!("{{{part}}}"), id));
            let named = if about["operationId"] == "createSubscription" { "?campaign=CAMP" } else { "" };
            let path = path.replace(['{', '}'], "") + named;
            all.push(Operation { description, method, path, about });
        }
    }
    let is_asked = |operation: &Operation<'_>, key: &str| operation.about["security"].to_string().contains(key);
    // Dialects have errors of their own form.
    all.retain(|operation| is_asked(operation, "apiKey") && !is_asked(operation, "apiKeyQuery"));
    all
}

impl Operation<'_> {
    fn id(&self) -> &str {
        self.about["operationId"].as_str().unwrap()
    }

    /// The schema of its JSON body, where it is an object of named members, and the example.
    fn body(&self) -> Option<(&Value, Value)> {
        let content = self.about["requestBody"]["content"].get("application/json")?;
        let schema = self.description.pointer(content["schema"]["$ref"].as_str()?.trim_start_matches('#'))?;
        schema["properties"].as_object()?;
        Some((schema, content.get("example").or_else(|| schema.get("example")).cloned().unwrap_or_else(|| json!({}))))
    }

    async fn send(&self, client: &Client, body: &Value) -> Response {
        let request = client.request(&self.method.to_uppercase(), &self.path);
        send(request.header("content-type", "application/json").body(body.to_string())).await
    }
}

/// The paths of what is wrong; none where nothing is. Fails where a library speaks.
#[track_caller]
fn paths(response: &Response, what: &str) -> Vec<String> {
    assert!(response.status < 500, "{what}: {}", response.text);
    if response.status < 400 {
        return Vec::new();
    }
    let error = &response.json["error"];
    let details = error["details"].as_array().unwrap();
    let messages = details.iter().chain([error]).map(|one| one["message"].as_str().unwrap());
    for message in messages {
        let word = LIBRARY_WORDS.iter().find(|word| message.contains(**word));
        assert!(word.is_none(), "{what}: `{}` in {message}", word.unwrap_or(&""));
    }
    details.iter().map(|detail| detail["path"].as_str().unwrap().to_owned()).collect()
}

/// I14: each member of each body, left out or of a wrong type, and one that nobody knows.
#[tokio::test]
async fn i14_each_member_that_does_not_fit_is_named() {
    let world = World::new(Kind::Sqlite).await;
    world.campaign("CAMP", "").await;
    let operator = world.operator.in_organization(&world.organization);
    let description = world.nobody.get("/openapi.json").await.expect(200).json;
    let mut seen = 0;
    let objects = objects(&world, &operator).await;
    for operation in operations(&description, &objects) {
        let Some((schema, example)) = operation.body() else { continue };
        seen += 1;
        let with = |name: &str, value: Value| {
            let mut body = example.clone();
            body[name] = value;
            body
        };
        let mut unknown = vec![("nobody_knows", with("nobody_knows", json!(1)))];
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut body = example.clone();
            body.as_object_mut().unwrap().remove(name);
            unknown.push((name, body));
        }
        for (name, body) in unknown {
            let what = format!("{}: {body}", operation.id());
            let response = operation.send(&operator, &body).await;
            assert_eq!((response.status, paths(&response, &what)), (422, vec![name.to_owned()]), "{what}");
        }
        for name in schema["properties"].as_object().unwrap().keys() {
            let mut is_rejected = false;
            for value in [json!(5), json!([{"a": []}]), json!({"x-a": {"b": 1}})] {
                let body = with(name, value);
                let what = format!("{}: {body}", operation.id());
                let response = operation.send(&operator, &body).await;
                let paths = paths(&response, &what);
                is_rejected |= response.status == 422 && paths.iter().any(|path| path.starts_with(name.as_str()));
            }
            // A sample may be any value.
            assert!(is_rejected || name == "body", "{}: `{name}` takes anything", operation.id());
        }
        for body in [json!(5), json!(null), json!("a"), json!([])] {
            let what = format!("{}: {body}", operation.id());
            let response = operation.send(&operator, &body).await;
            assert_eq!((response.status, paths(&response, &what)), (422, vec![String::new()]), "{what}");
        }
    }
    assert!(12 < seen, "{seen} bodies");
    world.stop().await;
}

/// I14: parameters of queries that are not integers or none of the known words, and tables.
#[tokio::test]
async fn i14_each_parameter_that_does_not_fit_is_named() {
    let world = World::new(Kind::Sqlite).await;
    world.campaign("CAMP", "").await;
    let operator = world.operator.in_organization(&world.organization);
    let description = world.nobody.get("/openapi.json").await.expect(200).json;
    let mut seen = 0;
    for operation in operations(&description, &[]).into_iter().filter(|operation| operation.method == "get") {
        for parameter in operation.about["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            if parameter["in"] != "query" || !parameter["schema"].to_string().contains("\"integer\"") {
                continue;
            }
            seen += 1;
            for value in ["x", "", "1.5", "99999999999999999999"] {
                let what = format!("{}?{name}={value}", operation.path);
                let response = operator.get(&format!("{}?key=a&{name}={value}", operation.path)).await;
                assert_eq!((response.status, paths(&response, &what)), (422, vec![name.to_owned()]), "{what}");
            }
            let twice = operator.get(&format!("{}?key=a&{name}=1&{name}=2", operation.path)).await;
            assert_eq!(paths(&twice, operation.id()), [name], "{}", twice.text);
        }
    }
    assert!(8 < seen, "{seen} parameters");
    for path in ["/v1/deliveries?state=gone", "/v1/value-sets/x/lookup", "/v1/campaigns/%ff"] {
        paths(&operator.get(path).await, path);
    }
    for body in [json!(5), json!("a"), json!([[1], true]), json!({"a": {"b": "\u{0}"}})] {
        paths(&operator.put("/v1/value-sets/x", &body).await, &format!("value set {body}"));
    }
    let half = br#"["\ud800", {"a": 1}]"#.to_vec();
    let put = operator.request("PUT", "/v1/value-sets/x").header("content-type", "application/json").body(half);
    paths(&send(put).await, "half a surrogate pair");
    world.stop().await;
}
