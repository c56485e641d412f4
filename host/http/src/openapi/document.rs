//! The whole description, and the two forms in which it is served.

use super::routes::Routes;
use super::{common, page, schema};
use crate::error::ErrorBody;
use axum::Router;
use bytes::Bytes;
use hookmill_pipeline::Pipeline;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// The groups of operations, in the order in which a newcomer meets them.
const TAGS: &[(&str, &str)] = &[
    ("Sources", "What lead sources call, with a source key."),
    ("Provisioning", "Organizations, users, keys, and who did what."),
    ("Clients", "The customers for whom campaigns run."),
    ("Campaigns", "Campaigns, what they run, and where their leads go."),
    ("Value sets", "Named tables that documents and plugins look things up in."),
    ("Plugins", "Components that organizations upload, with their versions."),
    ("Leads", "Persons, with their submissions across campaigns."),
    (
        "Submissions",
        "Submissions, the requests they came with, requests that were rejected, and what is done with many submissions.",
    ),
    ("Persons", "What is kept of a person, and erasing it."),
    ("Deliveries", "Messages to clients and webhooks, their attempts, and the webhook settings."),
    ("Jobs", "Long calls that went on without their callers, and what they came to."),
    ("System", "Health, readiness and this description."),
];

const ABOUT: &str = "JSON in, JSON out. Times are RFC 3339 in UTC. Every response to a request that is HTTP carries `x-request-id`.\n\n\
    Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Source keys (`hms_...`) post leads and read back their own requests; \
    API keys (`hmk_...`) belong to a user and have that user's role: `operator` (all organizations), `admin`, `integrator` (plugins, \
    documents, dry runs), `viewer`. Neither kind does the other's work. `x-permission` says what the role must allow, `x-scope` whether a key that is scoped to \
    campaigns may do it (`campaign`) or not (`organization`), and `x-audit` what the operation leaves in the audit log.\n\n\
    A call that may take long responds with `202` and a `Job` when its caller has waited long enough (`job_wait_ms`), or at once with `Prefer: respond-async`; \
    its response is then read at the address in `Location`.\n\n\
    Every error has one body, `ErrorBody`, with a stable `code` and a message for people. An address that is not here is `404 address_unknown`, \
    a method that an address does not have `405 method_not_allowed` with `Allow`. \
    Bytes that are not HTTP at all, or a head that is too large, are answered without a body (`400`, `414`, `431`). \
    A host whose connections are all in use sends `503 connections_full` with `Retry-After` before it reads anything, without `x-request-id`.";

/// The description of the API, as programs and as people read it.
#[derive(Debug)]
pub(crate) struct Description {
    /// OpenAPI 3.1, as JSON.
    pub json: Bytes,
    /// A page.
    pub page: Bytes,
    /// What it says of posting leads to a campaign.
    pub posting: PostingDescription,
}

/// What the description says of posting leads to a campaign, for guides that say the same.
#[derive(Debug, Default)]
pub(crate) struct PostingDescription {
    /// The content types of a body.
    pub content_types: Vec<String>,
    /// The statuses, each with what it means.
    pub responses: Vec<(String, String)>,
    /// The codes of leads that are not accepted.
    pub rejected_codes: String,
}

impl PostingDescription {
    fn of(document: &Value) -> Self {
        let operation = &document["paths"]["/v1/campaigns/{campaign}/leads"]["post"];
        let content = operation["requestBody"]["content"].as_object();
        let response = |(status, response): (&String, &Value)| {
            let about = &schema::resolved(document, response)["description"];
            (status.clone(), page::text(about).to_owned())
        };
        let code = &document["components"]["schemas"]["RejectedLead"]["properties"]["code"];
        Self {
            content_types: content.into_iter().flat_map(Map::keys).cloned().collect(),
            responses: operation["responses"].as_object().into_iter().flatten().map(response).collect(),
            rejected_codes: page::text(&code["description"]).to_owned(),
        }
    }
}

impl Description {
    /// Takes routes apart: the router, and the description. `public_url` is where they are reached.
    pub(crate) fn of(routes: Routes, public_url: &str) -> (Router<Pipeline>, Self) {
        let Routes { router, paths, mut schemas, .. } = routes;
        for (name, schema) in rejected_schemas() {
            schemas.insert(name, schema);
        }
        refer(&mut schemas);
        schemas.sort_keys();
        let tags: Vec<_> = TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Hookmill",
                "version": env!("CARGO_PKG_VERSION"),
                "description": ABOUT,
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": public_url }],
            "tags": tags,
            "paths": paths,
            "components": common::components(schemas),
        });
        let page = page::render(&document);
        let posting = PostingDescription::of(&document);
        (router, Self { json: document.to_string().into(), page: page.into(), posting })
    }
}

/// The rows of pages stand in their schemas in full: here they refer to what they are.
fn refer(schemas: &mut Map<String, Value>) {
    let named = schemas.clone();
    for (_, page) in schemas.iter_mut().filter(|(name, _)| name.starts_with("Page_")) {
        let row = &mut page["properties"]["items"]["items"];
        if let Some((name, _)) = named.iter().find(|(_, schema)| *schema == row) {
            *row = json!({ "$ref": format!("#/components/schemas/{name}") });
        }
    }
}

/// The body of errors, which every handler can return and none names.
fn rejected_schemas() -> Vec<(String, Value)> {
    let mut named = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut named);
    named.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect()
}
