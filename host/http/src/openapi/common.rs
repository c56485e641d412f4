//! What is the same for all operations of a kind: keys, parameters of the address, errors, the request's id.

use super::routes::Access;
use crate::jobs;
use hookmill_admin::use_cases;
use serde_json::{Map, Value, json};

/// The parts of addresses: name, what it is, an example.
const PARTS: &[(&str, &str, &str)] = &[
    ("campaign", "The campaign's id.", "SOLAR"),
    ("client", "The client's id.", "cli_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("lead", "The lead's id.", "lead_0c3ab5a2f1d24cc9a0a3f3f1c9a7b6d5"),
    ("request", "The request's id.", "req_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("submission", "The submission's id.", "req_01kxs3n9v6z4c6c0x5h2rg5m7k-0"),
    ("organization", "The organization's id.", "org_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("key", "The key's id; never the key itself.", "key_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("delivery", "The delivery's id.", "dlv_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("bulk_job", "The bulk job's id.", "bulk_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("erasure", "The erasure's id.", "era_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("job", "The job's id.", "job_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("plugin", "The plugin's name, or its id.", "scoring"),
    ("rejected", "The rejected request's id.", "rej_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("set", "The value set's name.", "zip_codes"),
    ("sender", "The sender's name.", "typeform"),
    ("token", "What makes the address of an inbound webhook its own.", "Zk9uT2ZfMzJfcmFuZG9tX2J5dGVzX2luX2Jhc2U2NA"),
    ("inbound", "The inbound webhook's id.", "inw_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("subscription", "The subscription's id.", "sub_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("webhook", "The scoped webhook's id.", "whk_01kxs3n9v6z4c6c0x5h2rg5m7k"),
    ("version", "The version, counted from 1 in each campaign or value set.", "1"),
];

/// Every status a request can be rejected with beside those its operation tells of: component, status, description.
const ERRORS: [(&str, u16, &str); 9] = [
    (
        "Malformed",
        400,
        "The address or the body can't be read: `address_invalid`, `invalid_utf8`, `invalid_characters`, `invalid_json`, `invalid_multipart`, `xml_syntax`, `xml_doctype`, `xml_entity`, `xml_too_deep`, `too_deep`, `content_encoding_broken`, `body_broken`, `body_timeout`. The message says where.",
    ),
    ("Unauthenticated", 401, "`key_missing`: no key was sent. `key_unknown`: the key is unknown, expired or revoked."),
    (
        "Forbidden",
        403,
        "The key is good and may not do this: `source_key_not_allowed`, `api_key_not_allowed`, `role_not_allowed`, `key_scoped`, `campaign_not_allowed`.",
    ),
    (
        "NotFound",
        404,
        "`not_found`: nothing here of that name that this key can see. Nothing crosses organizations, so it may be another's.",
    ),
    (
        "TooLarge",
        413,
        "`body_too_large`, `document_too_large`, `sample_too_large`: send it in parts, or a smaller sample. A compressed body counts as what it inflates to. The connection ends.",
    ),
    ("UnknownContentType", 415, "`content_type_unsupported`, `content_encoding_unsupported`, `charset_unsupported`."),
    (
        "Unacceptable",
        422,
        "Read, and not acceptable. `details` names all that is wrong, each with its path and suggested fix.",
    ),
    (
        "Overloaded",
        429,
        "`overloaded`: more is under way, of this organization or of all together, than may be at once, and `budget` in the error names the bound; \
          `quota_reached`: the organization has no room for more requests; `backlog_full`: its leads wait to be processed, too many or for too long, and `bound` says \
          which bound that is; `jobs_full`: as many long calls are under way as this host takes; `bulk_jobs_full`: as many bulk jobs run or wait as the organization may have; \
          `erasures_full`: as many persons are being erased as may be. Nothing was kept; try again.",
    ),
    (
        "Unavailable",
        503,
        "`unavailable`, `busy`, `disk_full`, `stopping`: the host can't keep it safe at the moment. `too_slow`: the database was stopped after \
         `people_statement_ms`; ask for less. Nothing was kept; try again.",
    ),
];

/// Adds to an operation what follows from who calls, from its address, and from having a body.
pub(super) fn complete(operation: &mut Value, tag: &str, access: Access, address: &str) {
    let has_body = operation.get("requestBody").is_some();
    let is_typed = has_body && operation["requestBody"]["content"].get("application/wasm").is_none();
    let mut parameters: Vec<Value> = address_parameters(address).map(part).collect();
    parameters.extend(operation["parameters"].as_array_mut().map(std::mem::take).unwrap_or_default());
    if matches!(access, Access::OrgUser | Access::SourceOrOrgUser | Access::UserByQuery) {
        parameters.push(json!({ "$ref": "#/components/parameters/organization" }));
    }
    let is_long = operation["operationId"].as_str().is_some_and(jobs::is_long);
    if is_long {
        parameters.push(json!({ "$ref": "#/components/parameters/prefer" }));
    }
    let is_dialect = matches!(access, Access::UserByQuery | Access::Capability);
    let errors = [
        (access != Access::Public, ["401", "403", "503"].as_slice()),
        (access == Access::OrgUser || access == Access::SourceOrOrgUser, &["404", "422", "429"]),
        (address_parameters(address).next().is_some(), &["400", "404"]),
        (parameters.iter().any(|parameter| parameter["in"] == "query"), &["422"]),
        (has_body, &["400", "413", "422", "429"]),
        (is_typed, &["415"]),
        (is_long, &["429"]),
    ];
    let codes = errors.into_iter().filter(|(applies, _)| *applies && !is_dialect).flat_map(|(_, codes)| codes);
    let mut responses: Map<String, Value> = codes.map(|code| ((*code).to_owned(), error_reference(code))).collect();
    responses.extend(operation["responses"].as_object().cloned().into_iter().flatten());
    for (code, response) in responses.iter_mut().filter(|(_, response)| response.get("$ref").is_none()) {
        let mut all = headers(code);
        if let (Some(all), Some(own)) = (all.as_object_mut(), response["headers"].as_object()) {
            all.extend(own.clone());
        }
        response["headers"] = all;
    }
    if is_long {
        responses.insert("202".to_owned(), accepted());
    }
    responses.sort_keys();
    operation["tags"] = json!([tag]);
    operation["parameters"] = parameters.into();
    operation["responses"] = responses.into();
    operation["security"] = security(access);
    declare_permission(operation);
}

/// What the use case behind an operation declares: the permission it takes, what it concerns, and the line it leaves in the audit log.
fn declare_permission(operation: &mut Value) {
    let Some(declared) = operation["operationId"].as_str().and_then(use_cases::declaration) else { return };
    operation["x-permission"] = json!(declared.permission);
    operation["x-scope"] = json!(declared.reach);
    if !declared.actions.is_empty() {
        operation["x-audit"] = json!(declared.actions);
    }
}

fn address_parameters(address: &str) -> impl Iterator<Item = &str> {
    address.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A part of an address. One that is not in the table is described by its name alone; a test asks for more.
fn part(name: &str) -> Value {
    let known = PARTS.iter().find(|(known, ..)| *known == name);
    let (_, about, example) = known.copied().unwrap_or((name, "", ""));
    let schema = match name {
        "plugin" | "set" => json!({ "$ref": "#/components/schemas/Name" }),
        "version" => json!({ "type": "string", "pattern": "^[0-9]+$" }),
        _ => json!({ "type": "string", "minLength": 1 }),
    };
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema, "example": example })
}

fn error_reference(code: &str) -> Value {
    let named = ERRORS.iter().find(|(_, status, _)| status.to_string() == code);
    json!({ "$ref": format!("#/components/responses/{}", named.map_or("", |(name, ..)| name)) })
}

/// Both ways of sending each kind of key.
fn security(access: Access) -> Value {
    match access {
        Access::Public | Access::Capability => json!([]),
        Access::Source => json!([{ "sourceKey": [] }, { "sourceKeyHeader": [] }]),
        Access::User | Access::OrgUser => json!([{ "apiKey": [] }, { "apiKeyHeader": [] }]),
        Access::UserByQuery => json!([{ "apiKeyQuery": [] }, { "apiKey": [] }, { "apiKeyHeader": [] }]),
        Access::SourceOrOrgUser => {
            json!([{ "sourceKey": [] }, { "sourceKeyHeader": [] }, { "apiKey": [] }, { "apiKeyHeader": [] }])
        }
    }
}

/// The response to a call that goes on as a job.
fn accepted() -> Value {
    let mut headers = headers("202");
    headers["location"] = json!({ "$ref": "#/components/headers/location" });
    json!({
        "description": "It takes longer than its caller waits, and goes on as a job.",
        "headers": headers,
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } },
    })
}

/// The headers of a response of this status.
fn headers(status: &str) -> Value {
    let mut headers = json!({ "x-request-id": { "$ref": "#/components/headers/x-request-id" } });
    match status {
        "401" => headers["www-authenticate"] = json!({ "$ref": "#/components/headers/www-authenticate" }),
        "429" | "503" => headers["retry-after"] = json!({ "$ref": "#/components/headers/retry-after" }),
        _ => {}
    }
    headers
}

/// The components that [`complete`] refers to.
pub(super) fn components(schemas: Map<String, Value>) -> Value {
    let body = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } } });
    let error = |(name, status, about): (&str, u16, &str)| {
        let described = json!({ "description": about, "headers": headers(&status.to_string()), "content": body });
        (name.to_owned(), described)
    };
    json!({
        "schemas": schemas,
        "responses": ERRORS.into_iter().map(error).collect::<Map<_, _>>(),
        "parameters": { "organization": {
            "name": "organization", "in": "query", "required": false, "schema": { "type": "string" },
            "description": "The organization. Operators name the one they mean; everybody else is in their own.",
        }, "prefer": {
            "name": "Prefer", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "`respond-async`: the call goes on as a job at once (RFC 7240).",
        }},
        "headers": {
            "x-request-id": { "description": "The request's id in logs and in the store.", "required": true, "schema": { "type": "string", "pattern": "^req_[0-9a-z]{26}$" } },
            "location": { "description": "Where the job is read.", "required": true, "schema": { "type": "string" } },
            "www-authenticate": { "description": "`Bearer`.", "required": true, "schema": { "type": "string" } },
            "retry-after": { "description": "After how many seconds to try again.", "schema": { "type": "integer", "minimum": 0 } },
        },
        "securitySchemes": {
            "sourceKey": bearer("A source key (`hms_...`): it posts leads and reads back its own requests."),
            "sourceKeyHeader": header("The same, in a header of its own."),
            "apiKey": bearer("An API key (`hmk_...`): it has its user's role, and may be scoped to campaigns."),
            "apiKeyHeader": header("The same, in a header of its own."),
            "apiKeyQuery": { "type": "apiKey", "in": "query", "name": "api_key", "description": "The same, in the query, for the dialects that have it there. It is not logged." },
        },
    })
}

fn bearer(about: &str) -> Value {
    json!({ "type": "http", "scheme": "bearer", "description": about })
}

fn header(about: &str) -> Value {
    json!({ "type": "apiKey", "in": "header", "name": "X-API-Key", "description": about })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_that_is_referred_to_is_there() {
        for code in ["400", "401", "403", "404", "413", "415", "422", "429", "503"] {
            assert_ne!(error_reference(code)["$ref"], "#/components/responses/", "{code}");
        }
    }

    #[test]
    fn what_is_asked_for_follows_from_who_calls() {
        let mut operation = json!({ "responses": { "200": { "description": "x" } } });
        complete(&mut operation, "Campaigns", Access::OrgUser, "/v1/campaigns/{campaign}");
        let codes: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(codes, ["200", "400", "401", "403", "404", "422", "429", "503"]);
        assert_eq!(operation["parameters"][0]["name"], "campaign");
        assert_eq!(operation["security"][0], json!({ "apiKey": [] }));
    }

    #[test]
    fn a_long_call_may_go_on_as_a_job() {
        let mut operation = json!({ "operationId": "compareVersions", "responses": { "200": { "description": "x" } } });
        complete(
            &mut operation,
            "Campaigns",
            Access::OrgUser,
            "/v1/campaigns/{campaign}/versions/{version}/comparison",
        );
        let codes: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(codes, ["200", "202", "400", "401", "403", "404", "422", "429", "503"]);
        assert_eq!(operation["responses"]["202"]["headers"]["location"]["$ref"], "#/components/headers/location");
    }

    #[test]
    fn what_is_declared_of_a_use_case_is_described() {
        let mut operation = json!({ "operationId": "revealSourceKey", "responses": {} });
        complete(&mut operation, "Provisioning", Access::OrgUser, "/v1/source-keys/{key}/reveal");
        assert_eq!((&operation["x-permission"], &operation["x-scope"]), (&json!("administer"), &json!("organization")));
        assert_eq!(operation["x-audit"], json!(["source_key.revealed"]));
    }
}
