//! `POST /api/v1/webhook/create`: scoped webhooks in the dialect that they come from (S1). The key stands in the query, every response has
//! `ok`, and ids are numbers.

use crate::auth::actor_of_key;
use crate::body::JsonBody;
use crate::error::{header_of, status};
use crate::request_id::RequestId;
use axum::Json;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hookmill_admin::{CreatedScopedWebhook, RejectedScopedWebhook, Scope};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_pipeline::Pipeline;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Who calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Caller {
    /// An API key (`hmk_...`); it may also come in a header, as everywhere else.
    api_key: Option<String>,
}

/// Which organization is meant.
#[derive(Debug, Default, Deserialize)]
struct Named {
    organization: Option<String>,
}

/// A scoped webhook that is to be created.
#[derive(ToSchema)]
#[schema(as = NewScopedWebhook, example = json!({"webhook_url": "https://subscriber.example/hook", "association_type": "campaign", "email_campaign_id": "SOLAR", "event_type_map": {"EMAIL_REPLY": true}}))]
#[allow(dead_code, reason = "a description alone")]
pub(crate) struct NewScopedWebhook {
    /// Where events are sent; https, and no address of a private network.
    webhook_url: String,
    /// What it is for: `user` (whoever's key this is), `client` or `campaign`; or 1, 2, 3.
    association_type: Value,
    /// With `client`: the client's id.
    client_id: Option<Value>,
    /// With `campaign`: the campaign's id.
    email_campaign_id: Option<Value>,
    /// A name.
    name: Option<String>,
    /// The names of events, each true or false. At least one is true, here or in `event_type`.
    event_type_map: Option<BTreeMap<String, bool>>,
    /// One name instead of the map.
    event_type: Option<String>,
    /// The ids of categories, each true or false: only events of one of them are sent.
    category_id_map: Option<BTreeMap<String, bool>>,
    /// One id instead of the map.
    category_id: Option<Value>,
    /// Kept and returned.
    webhook_type: Option<Value>,
    /// Whether it is created though there is a similar one.
    force_create: Option<bool>,
}

/// A scoped webhook that was created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScopedWebhookCreated {
    ok: bool,
    /// Its number.
    id: i64,
    webhook_url: String,
    /// A sentence for each webhook that it shadows, or that shadows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Why a scoped webhook was not created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScopedWebhookRejected {
    ok: bool,
    /// A stable code in snake case.
    code: &'static str,
    message: String,
    /// Everything that is wrong, each with its field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// The number of a similar webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing_id: Option<i64>,
}

/// Something that is wrong with a field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    field: &'static str,
    message: String,
}

/// Creates a scoped webhook
///
/// Admins. For one event of a campaign the webhooks of the broadest scope alone are told: those of its owner, else those of its client, else its own. A subscription is told in any
/// case.
#[utoipa::path(post, path = "", operation_id = "createScopedWebhook", params(Caller), request_body = NewScopedWebhook,
    responses(
        (status = OK, description = "It is created.", body = ScopedWebhookCreated),
        (status = BAD_REQUEST, description = "Fields are missing or wrong, all named in `errors`; or the body is not a JSON object.", body = ScopedWebhookRejected),
        (status = UNAUTHORIZED, description = "No key, or one that is not known.", body = ScopedWebhookRejected),
        (status = FORBIDDEN, description = "The key may not do this.", body = ScopedWebhookRejected),
        (status = NOT_FOUND, description = "There is no such organization.", body = ScopedWebhookRejected),
        (status = CONFLICT, description = "There is a similar one: of the same scope and URL, for one of the events (`existing_id`); or whom it is for has as many as it may have.", body = ScopedWebhookRejected),
        (status = PAYLOAD_TOO_LARGE, description = "The body is too large.", body = ScopedWebhookRejected),
        (status = TOO_MANY_REQUESTS, description = "More is under way than may be at once; try again.", body = ScopedWebhookRejected),
        (status = SERVICE_UNAVAILABLE, description = "The host can't keep it safe at the moment; try again.", body = ScopedWebhookRejected),
    ))]
pub(crate) async fn create(State(pipeline): State<Pipeline>, request: Request) -> Response {
    match created(&pipeline, request).await {
        Ok(CreatedScopedWebhook { number, url, warnings }) => {
            Json(ScopedWebhookCreated { ok: true, id: number, webhook_url: url, warnings }).into_response()
        }
        Err(rejected) => reject(rejected),
    }
}

async fn created(pipeline: &Pipeline, request: Request) -> Result<CreatedScopedWebhook, RejectedScopedWebhook> {
    let (parts, body) = request.into_parts();
    let scope = enter(pipeline, &parts).await?;
    let request = Request::from_parts(parts, body);
    let Ok(JsonBody(body)) = JsonBody::<Map<String, Value>>::from_request(request, pipeline).await;
    scope.create_scoped_webhook(&body?).await
}

/// The organization that a key is for.
async fn enter(pipeline: &Pipeline, parts: &Parts) -> Result<Scope, ApiError> {
    let unreadable = |_| ApiError::new(Kind::Syntax, "address_invalid", "the query can't be read");
    let Query(Caller { api_key }) = Query::try_from_uri(&parts.uri).map_err(unreadable)?;
    let Query(Named { organization }) = Query::try_from_uri(&parts.uri).map_err(unreadable)?;
    let scope = actor_of_key(pipeline, api_key.as_deref(), &parts.headers).await?.enter(organization).await?;
    if let Some(id) = parts.extensions.get::<RequestId>() {
        id.hold(scope.holding());
    }
    Ok(scope)
}

fn reject(rejected: RejectedScopedWebhook) -> Response {
    let (status_code, of_kind, body) = match rejected {
        RejectedScopedWebhook::Fields(fields) => {
            let message = fields.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
            let errors: Vec<FieldProblem> =
                fields.into_iter().map(|error| FieldProblem { field: error.field, message: error.message }).collect();
            (
                StatusCode::BAD_REQUEST,
                None,
                ScopedWebhookRejected { ok: false, code: "invalid", message, errors, existing_id: None },
            )
        }
        RejectedScopedWebhook::Similar(number) => {
            let message = format!(
                "webhook {number} has the same scope and URL and one of these events; send `force_create: true` to create another"
            );
            let existing_id = Some(number);
            let code = "similar_webhook";
            let errors = Vec::new();
            (StatusCode::CONFLICT, None, ScopedWebhookRejected { ok: false, code, message, errors, existing_id })
        }
        RejectedScopedWebhook::Other(error) => {
            let status = match error.kind {
                Kind::Syntax | Kind::ContentType | Kind::Invalid => StatusCode::BAD_REQUEST,
                kind => status(kind),
            };
            let (of_kind, code, message) = (header_of(error.kind), error.code, error.message);
            let errors = Vec::new();
            (status, of_kind, ScopedWebhookRejected { ok: false, code, message, errors, existing_id: None })
        }
    };
    (status_code, HeaderMap::from_iter(of_kind), Json(body)).into_response()
}
