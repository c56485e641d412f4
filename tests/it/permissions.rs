//! One table of permissions, made from the description of the API: every operation as everybody, and the line that every change leaves in
//! the audit log.

use hookmill_domain::role::{Permission, Role};
use hookmill_tests::client::send;
use hookmill_tests::world::{submission_ids, workspace};
use hookmill_tests::{Client, Kind, Response, World, on_both};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Operations with another method than `GET` that change nothing.
const TRIALS: [&str; 2] = ["dryRun", "generateMessage"];

const ACTION: &str = "/v1/campaigns/CAMP/first-submission-action";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A number that nothing else has.
fn unique() -> u32 {
    COUNT.fetch_add(1, Ordering::SeqCst)
}

/// What the description says of an operation.
struct Operation<'a> {
    description: &'a Value,
    method: &'a str,
    address: &'a str,
    about: &'a Value,
}

/// Who calls.
enum Standing {
    Nobody,
    Source,
    /// A user of the first organization, or an operator who names it.
    User(Role),
    /// An admin whose key is scoped to the campaign of the calls.
    Scoped,
    /// The admin of another organization, who names the first.
    Stranger,
}

struct Caller {
    name: &'static str,
    standing: Standing,
    client: Client,
    user_id: String,
}

/// The expected response.
#[derive(Debug, PartialEq)]
enum Expected {
    Done,
    Error(u16, &'static str),
}

/// An operation with everything it takes to succeed.
struct Call {
    path: String,
    body: Option<(&'static str, Vec<u8>)>,
}

fn operations(description: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (address, item) in description["paths"].as_object().unwrap() {
        let methods = METHODS.into_iter().filter_map(|method| Some((method, item.get(method)?)));
        all.extend(methods.map(|(method, about)| Operation { description, method, address, about }));
    }
    all
}

impl Operation<'_> {
    fn id(&self) -> &str {
        self.about["operationId"].as_str().unwrap()
    }

    fn takes(&self, key: &str) -> bool {
        self.about["security"].as_array().unwrap().iter().any(|scheme| scheme.get(key).is_some())
    }

    fn is_public(&self) -> bool {
        self.about["security"].as_array().unwrap().is_empty()
    }

    fn names_organization(&self) -> bool {
        self.about["parameters"].to_string().contains("/parameters/organization")
    }

    fn permission(&self) -> Permission {
        let known = [Permission::Provision, Permission::Administer, Permission::Integrate, Permission::View];
        let name = self.about["x-permission"].as_str().unwrap_or_else(|| panic!("{}: no `x-permission`", self.id()));
        known.into_iter().find(|permission| permission.as_str() == name).unwrap()
    }

    fn actions(&self) -> Vec<&str> {
        self.about["x-audit"].as_array().into_iter().flatten().map(|action| action.as_str().unwrap()).collect()
    }

    /// The example of its JSON body.
    fn example(&self) -> Option<Value> {
        let content = self.about["requestBody"]["content"].get("application/json")?;
        if let Some(own) = content.get("example") {
            return Some(own.clone());
        }
        let reference = content["schema"]["$ref"].as_str()?;
        self.description.pointer(reference.trim_start_matches('#'))?.get("example").cloned()
    }
}

fn expected(standing: &Standing, operation: &Operation) -> Expected {
    let by_role = |role: Role| match role.may(operation.permission()) {
        true => Expected::Done,
        false => Expected::Error(403, "role_not_allowed"),
    };
    let is_by_api = operation.id() == "createInboundWebhookByApi";
    match standing {
        _ if operation.is_public() => Expected::Done,
        // This dialect has one error for every key that may not.
        Standing::User(role) if is_by_api && role.may(operation.permission()) => Expected::Done,
        Standing::Scoped if is_by_api => Expected::Done,
        _ if is_by_api => Expected::Error(401, "another code"),
        Standing::Nobody => Expected::Error(401, "key_missing"),
        Standing::Source if operation.takes("sourceKey") => Expected::Done,
        Standing::Source => Expected::Error(403, "source_key_not_allowed"),
        _ if !operation.takes("apiKey") => Expected::Error(403, "api_key_not_allowed"),
        Standing::User(role) => by_role(*role),
        Standing::Scoped => match (by_role(Role::Admin), operation.about["x-scope"].as_str()) {
            (Expected::Done, Some("organization")) => Expected::Error(403, "key_scoped"),
            (by_role, _) => by_role,
        },
        Standing::Stranger if operation.names_organization() => Expected::Error(404, "not_found"),
        Standing::Stranger => match by_role(Role::Admin) {
            Expected::Done if operation.address.contains('{') => Expected::Error(404, "not_found"),
            by_role => by_role,
        },
    }
}

/// A world with an object of every kind, and what its calls name.
struct Stage {
    world: World,
    user_id: String,
    submission: String,
    request: String,
    delivery: String,
    /// The destination of that delivery.
    webhook: String,
    lead: String,
}

impl Stage {
    async fn set(kind: Kind) -> Self {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        let pushed = world.push(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
        world.settle().await;
        let (submission, request) = (submission_ids(&pushed).remove(0), pushed.str("request_id"));
        let deliveries = world.admin.get("/v1/deliveries").await.expect(200).json["items"].clone();
        let of_event = deliveries.as_array().unwrap().iter().find(|delivery| !delivery["event_id"].is_null());
        let [delivery, webhook] =
            ["id", "destination_id"].map(|name| of_event.unwrap()[name].as_str().unwrap().to_owned());
        world.admin.put_bytes("/v1/plugins/scoring", plugin()).await.expect(201);
        let user_id = world.admin.get("/v1/me").await.expect(200).str("id");
        let lead = world.admin.get("/v1/leads").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        Self { world, user_id, submission, request, delivery, webhook, lead }
    }

    async fn callers(&self) -> Vec<Caller> {
        let (world, mut callers) = (&self.world, Vec::new());
        let operator = world.operator.in_organization(&world.organization);
        let scoped = json!({"user_id": self.user_id, "name": "scoped", "campaigns": ["CAMP"]});
        let scoped = world.admin.post("/v1/api-keys", &scoped).await.expect(201).str("key");
        let stranger = world.second_organization().await.admin.in_organization(&world.organization);
        for (name, standing, client) in [
            ("nobody", Standing::Nobody, world.nobody.clone()),
            ("source", Standing::Source, world.source.clone()),
            ("operator", Standing::User(Role::Operator), operator),
            ("admin", Standing::User(Role::Admin), world.admin.clone()),
            ("integrator", Standing::User(Role::Integrator), world.user("integrator").await),
            ("viewer", Standing::User(Role::Viewer), world.user("viewer").await),
            ("scoped", Standing::Scoped, world.nobody.with_key(&scoped)),
            ("stranger", Standing::Stranger, stranger),
        ] {
            let has_user = !matches!(standing, Standing::Nobody | Standing::Source);
            let user_id = if has_user { client.get("/v1/me").await.expect(200).str("id") } else { String::new() };
            callers.push(Caller { name, standing, client, user_id });
        }
        callers
    }

    /// Makes what the operation needs, and says how it is called.
    async fn prepare(&self, operation: &Operation<'_>, caller: &Caller) -> Call {
        self.make_ready(operation.id()).await;
        let mut path = operation.address.to_owned();
        if operation.id() == "withdrawSubmission" {
            path = path.replace("{submission}", &self.waiting_submission().await);
        }
        if operation.id() == "reviewSubmission" {
            path = path.replace("{submission}", &self.submission_to_review().await);
        }
        if path.contains("{bulk_job}") {
            path = path.replace("{bulk_job}", &self.open_bulk_job().await);
        }
        for (part, value) in [
            ("campaign", "CAMP"),
            ("request", &self.request),
            ("submission", &self.submission),
            ("organization", &self.world.organization),
            ("delivery", &self.delivery),
            ("lead", &self.lead),
            ("plugin", "scoring"),
            ("set", "colours"),
            ("sender", "typeform"),
            ("version", "1"),
        ] {
            path = path.replace(&format!("{{{part}}}"), value);
        }
        if path.contains("{key}") {
            path = path.replace("{key}", &self.spare_key(operation.id()).await);
        }
        if path.contains("{client}") {
            path = path.replace("{client}", &self.spare_client().await);
        }
        if path.contains("{subscription}") {
            path = path.replace("{subscription}", &self.spare_subscription().await);
        }
        if path.contains("{token}") || path.contains("{inbound}") {
            let (id, token) = self.spare_inbound_webhook().await;
            path = path.replace("{inbound}", &id).replace("{token}", &token);
        }
        if path.contains("{webhook}") {
            path = path.replace("{webhook}", &self.spare_scoped_webhook().await);
        }
        if path.contains("{erasure}") {
            let erased = self.world.admin.post("/v1/erasures", &json!({"email": "nobody@x.example"})).await;
            path = path.replace("{erasure}", &erased.expect(201).str("id"));
        }
        if path.contains("{rejected}") {
            path = path.replace("{rejected}", &self.rejected_request().await);
        }
        if path.contains("{job}") {
            path = path.replace("{job}", &self.job(caller).await);
        }
        let parameters = operation.about["parameters"].as_array().unwrap();
        let required = parameters.iter().filter(|one| one["in"] == "query" && one["required"] == true);
        let value = |name: &str| if name == "event" { "lead.delivered" } else { "red" };
        let named = required.map(|one| one["name"].as_str().unwrap());
        let mut query: Vec<String> = named.map(|name| format!("{name}={}", value(name))).collect();
        let of_campaigns =
            ["listDeliveries", "listReviews", "listSubscriptions", "createSubscription", "listScopedWebhooks"];
        if of_campaigns.contains(&operation.id()) {
            query.push("campaign=CAMP".into());
        }
        if operation.id() == "getInbound" {
            query.push("hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=1".into());
        }
        let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        Call { path, body: self.body(operation) }
    }

    /// A client that a call may use up.
    async fn spare_client(&self) -> String {
        self.world.admin.post("/v1/clients", &json!({"name": "spare"})).await.expect(201).str("id")
    }

    fn subscription(&self) -> Value {
        json!({"name": "spare", "url": self.world.receiver.url("/subscription"), "events": ["lead.failed"]})
    }

    /// A subscription that a call may use up.
    async fn spare_subscription(&self) -> String {
        let spare = self.world.admin.post("/v1/subscriptions?campaign=CAMP", &self.subscription()).await;
        spare.expect(201).str("id")
    }

    /// An inbound webhook that a call may use up: its id and its token.
    async fn spare_inbound_webhook(&self) -> (String, String) {
        let spare = json!({"name": "spare", "allow_get": true, "verify_token": "agreed"});
        let made = self.world.admin.post("/v1/campaigns/CAMP/inbound-webhooks", &spare).await.expect(201);
        let url = made.str("url");
        (made.str("id"), url.rsplit('/').next().unwrap().to_owned())
    }

    fn scoped_webhook(&self) -> Value {
        let url = self.world.receiver.url("/scoped");
        json!({"webhook_url": url, "association_type": "campaign", "email_campaign_id": "CAMP", "event_type": "EMAIL_REPLY", "force_create": true})
    }

    /// A scoped webhook that a call may use up.
    async fn spare_scoped_webhook(&self) -> String {
        self.world.admin.post("/api/v1/webhook/create", &self.scoped_webhook()).await.expect(200);
        let listed = self.world.admin.get("/v1/scoped-webhooks?campaign=CAMP").await.expect(200).json;
        listed["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A rejected request that the correction of the example fixes.
    async fn rejected_request(&self) -> String {
        let body = b"{\"first_name\":\"Ren\xe9e\"}".to_vec();
        let rejected = self.world.source.post_bytes("/v1/campaigns/CAMP/leads", "application/json", body).await;
        let error = &rejected.expect_error(400, "invalid_utf8").json["error"];
        error["rejected_request_id"].as_str().unwrap().to_owned()
    }

    /// A submission that waits for its campaign.
    async fn waiting_submission(&self) -> String {
        let world = &self.world;
        world.admin.put("/v1/campaigns/CAMP/state", &json!({"state": "paused"})).await;
        world.push_and_settle(json!([{"campaign_id": "CAMP", "email": "w@x.example"}])).await.remove(0)
    }

    /// A submission that waits for a person.
    async fn submission_to_review(&self) -> String {
        let world = &self.world;
        let endpoint = json!({"url": world.receiver.url("/client/CAMP")});
        world.admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect(200);
        world.admin.put(ACTION, &json!({"kind": "review"})).await.expect(200);
        world.activate("CAMP").await;
        let lead = json!({"campaign_id": "CAMP", "email": format!("r{}@x.example", unique())});
        world.push_and_settle(json!([lead])).await.remove(0)
    }

    /// A bulk job that is not over, and is not due for a long time.
    async fn open_bulk_job(&self) -> String {
        let over = self
            .world
            .bulk(&json!({"operation": "withdraw", "filter": {"campaign_id": "CAMP", "cause": "none"}}))
            .await;
        let id = format!("bulk_spare{}", unique());
        let sql = format!(
            "insert into bulk_jobs (organization_id, id, operation, filter, id_count, campaigns, user_id, state, revision, host, run_at, total, \
             is_total_estimated, done, skipped, failed, created_at, cursor) select organization_id, '{id}', operation, filter, id_count, campaigns, user_id, \
             'queued', 0, '', 9000000000000, total, is_total_estimated, 0, 0, 0, created_at, cursor from bulk_jobs where id = '{}'",
            over["id"].as_str().unwrap()
        );
        assert_eq!(self.world.change_rows(&sql).await, 1);
        id
    }

    /// A job of the caller, or of the admin where the caller may have none.
    async fn job(&self, caller: &Caller) -> String {
        let may = matches!(caller.standing, Standing::User(_) | Standing::Scoped);
        let client = if may { &caller.client } else { &self.world.admin };
        let call = client.request("GET", "/v1/campaigns/CAMP/fields").header("prefer", "respond-async");
        send(call).await.expect(202).str("id")
    }

    /// Puts back what an earlier call took away.
    async fn make_ready(&self, operation: &str) {
        let admin = &self.world.admin;
        match operation {
            "setCampaignState" => self.world.activate("CAMP").await,
            "getClientEndpoint" | "removeClientEndpoint" => {
                let endpoint = json!({"url": self.world.receiver.url("/client/CAMP")});
                admin.put("/v1/campaigns/CAMP/endpoint", &endpoint).await.expect(200);
            }
            "getFirstSubmissionAction" | "removeFirstSubmissionAction" => {
                admin.put(ACTION, &json!({"kind": "review"})).await.expect(200);
            }
            "resendDelivery" => self.world.settle().await,
            name if name.contains("ValueSet") || name == "lookUpValue" => {
                admin.put("/v1/value-sets/colours", &json!({"red": unique()})).await.expect(200);
            }
            _ => {}
        }
    }

    /// A key that a call may use up.
    async fn spare_key(&self, operation: &str) -> String {
        let world = &self.world;
        if operation == "revokeApiKey" {
            let new = json!({"user_id": self.user_id, "name": "spare"});
            return world.admin.post("/v1/api-keys", &new).await.expect(201).str("id");
        }
        let operator = world.operator.in_organization(&world.organization);
        operator.post("/v1/source-keys", &json!({"name": "spare"})).await.expect(201).str("id")
    }

    /// The body of the description's example, with what only this world knows.
    fn body(&self, operation: &Operation<'_>) -> Option<(&'static str, Vec<u8>)> {
        if operation.id() == "uploadPlugin" {
            return Some(("application/wasm", plugin()));
        }
        let mut body = operation.example()?;
        match operation.id() {
            "createApiKey" => body["user_id"] = json!(self.user_id),
            "createBulkJob" => body["filter"]["campaign_id"] = json!("CAMP"),
            "createCampaign" => drop(body.as_object_mut().unwrap().remove("id")),
            "saveCampaignVersion" => body["activate"] = json!(false),
            "setClientEndpoint" => body["url"] = json!(self.world.receiver.url("/client/CAMP")),
            "setFirstSubmissionAction" => body["url"] = json!(self.world.receiver.url("/checks")),
            "setWebhookSettings" | "setCampaignWebhookSettings" => {
                body["url"] = json!(self.world.receiver.url("/subscriber"));
            }
            "createSubscription" | "setSubscription" => body = self.subscription(),
            "createScopedWebhook" => body = self.scoped_webhook(),
            "resendDeliveries" => body = json!({"destination": self.webhook}),
            "reportEvents" => body["campaign_id"] = json!("CAMP"),
            "putValueSet" => body = json!({"red": unique()}),
            "pushLeads" => {
                body["idempotency_key"] = json!(format!("permissions-{}", unique()));
                body["leads"][0]["campaign_id"] = json!("CAMP");
            }
            _ => {}
        }
        Some(("application/json", body.to_string().into_bytes()))
    }

    /// The newest lines of an organization's audit log, the newest first.
    async fn audit_lines(&self, organization: &str) -> Vec<Value> {
        let operator = self.world.operator.in_organization(organization);
        operator.get("/v1/audit?limit=200").await.expect(200).json["items"].as_array().unwrap().clone()
    }
}

fn plugin() -> Vec<u8> {
    std::fs::read(workspace().join("target/plugins/reading.wasm")).expect("`cargo xtask plugins` was run")
}

async fn make(client: &Client, operation: &Operation<'_>, call: Call) -> Response {
    let request = client.request(&operation.method.to_uppercase(), &call.path);
    send(match call.body {
        Some((content_type, body)) => request.header("content-type", content_type).body(body),
        None => request,
    })
    .await
}

/// One field of the table: the response, and the line that the change leaves, or that nothing leaves any.
async fn check(stage: &Stage, operation: &Operation<'_>, caller: &Caller) {
    let place = format!("{} by {}", operation.id(), caller.name);
    let call = stage.prepare(operation, caller).await;
    let before = stage.audit_lines(&stage.world.organization).await;
    let response = make(&caller.client, operation, call).await;
    let expected = expected(&caller.standing, operation);
    let got = match response.status {
        200..300 => Expected::Done,
        status => {
            let known = [
                "key_missing",
                "source_key_not_allowed",
                "api_key_not_allowed",
                "role_not_allowed",
                "key_scoped",
                "not_found",
            ];
            let code = known.into_iter().find(|code| *code == response.code()).unwrap_or("another code");
            Expected::Error(status, code)
        }
    };
    assert_eq!(got, expected, "{place}: {}", response.text);
    let after = stage.audit_lines(&stage.world.organization).await;
    let mut lines: Vec<Value> =
        after.into_iter().take_while(|line| Some(&line["id"]) != before.first().map(|line| &line["id"])).collect();
    if operation.id() == "createOrganization" && expected == Expected::Done {
        lines.extend(stage.audit_lines(&response.str("id")).await);
    }
    let is_change = expected == Expected::Done && !operation.actions().is_empty();
    assert_eq!(lines.len(), usize::from(is_change), "{place}: {lines:?}");
    for line in lines {
        assert!(operation.actions().contains(&line["action"].as_str().unwrap()), "{place}: {line}");
        assert_eq!(line["user_id"], caller.user_id, "{place}: {line}");
        assert!(line["subject"].as_str().is_some_and(|subject| !subject.is_empty()), "{place}: {line}");
    }
}

on_both! {
    /// O8 O9 O1: everybody may what the description says and no more, and every change leaves exactly one line that names it.
    async fn every_operation_as_everybody(kind: Kind) {
        let stage = Stage::set(kind).await;
        let description = stage.world.nobody.get("/openapi.json").await.expect(200).json;
        let callers = stage.callers().await;
        for operation in operations(&description) {
            for caller in &callers {
                check(&stage, &operation, caller).await;
            }
        }
        stage.world.stop().await;
    }
}

/// O8: no operation with an API key is without a declared permission, and no change without an action for the audit log.
#[tokio::test]
async fn every_operation_declares_its_permission() {
    let world = World::new(Kind::Sqlite).await;
    let description = world.nobody.get("/openapi.json").await.expect(200).json;
    for operation in operations(&description).iter().filter(|operation| operation.takes("apiKey")) {
        let _ = operation.permission();
        let reach = operation.about["x-scope"].as_str().unwrap_or_default();
        assert!(["organization", "campaign"].contains(&reach), "{}: `x-scope` is `{reach}`", operation.id());
        let is_change = operation.method != "get" && !TRIALS.contains(&operation.id());
        assert_eq!(is_change, !operation.actions().is_empty(), "{}: `x-audit`", operation.id());
    }
    world.stop().await;
}
