//! Persons (L12): what is kept of one, and erasing it.

use crate::api::deliveries::DeliveryPage;
use crate::api::rejected_requests::RejectedRequestView;
use crate::api::submissions::{EventView, SubmissionPage};
use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Before, Page, PageSize, Time};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use hookmill_admin::rows::{Erasure, Lead, RequestOrigin};
use hookmill_admin::{ErasureReceipt, ErasureState, ExportedEvent, ExportedSubmission, NamedPerson, PersonExport};
use hookmill_domain::metadata::RequestMetadata;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// Which page of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportFrom {
    /// The `next` of the page before; without one, the first page.
    from: Option<String>,
}

/// A page of what is kept of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonExport)]
pub(crate) struct ExportView {
    /// The leads that the person is, on the first page.
    leads: Vec<LeadView>,
    /// Submissions of the person, with all that is kept of each.
    submissions: Vec<ExportedSubmissionView>,
    /// What sources reported of the person without a submission, with what was sent of it.
    reported_events: Vec<ExportedEventView>,
    /// Elements that name the person and were rejected when their request was accepted.
    rejected_elements: Vec<RejectedElementView>,
    /// Requests that name the person and were rejected as a whole; their bodies may be of several persons and are read at their own address.
    rejected_requests: Vec<RejectedRequestView>,
    /// Where the next page begins: send it as `from`. Null at the end. A page may have nothing and still have a next one.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonLead)]
pub(crate) struct LeadView {
    id: String,
    created_at: Time,
    updated_at: Time,
    /// How many submissions it has.
    submissions: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedSubmission)]
pub(crate) struct ExportedSubmissionView {
    #[serde(flatten)]
    submission: SubmissionPage,
    /// How it came; null when its raw request is gone.
    request: Option<RequestOriginView>,
    /// What was sent of it, with attempts and responses; the 50 newest, the newest first.
    deliveries: Vec<DeliveryPage>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedEvent)]
pub(crate) struct ExportedEventView {
    #[serde(flatten)]
    event: EventView,
    /// What was sent of it, with attempts and responses; the 50 newest, the newest first.
    deliveries: Vec<DeliveryPage>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestOrigin)]
pub(crate) struct RequestOriginView {
    id: String,
    source_key_id: String,
    /// The channel of the request.
    channel: String,
    content_type: String,
    /// The headers that are kept with it, as pairs.
    headers: Vec<(String, String)>,
    /// The query, as pairs.
    query: Vec<(String, String)>,
    remote_address: Option<String>,
    received_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedElement)]
pub(crate) struct RejectedElementView {
    request_id: String,
    /// Its index in the request.
    index: usize,
    /// Why it was rejected, as a stable code.
    code: String,
    /// The element.
    #[schema(value_type = Value)]
    element: Box<RawValue>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErasureSummary)]
pub(crate) struct ErasureView {
    id: String,
    state: ErasureState,
    /// Who asked for it.
    requested_by: String,
    requested_at: Time,
    /// Null while it is under way.
    finished_at: Option<Time>,
}

impl From<Lead> for LeadView {
    fn from(row: Lead) -> Self {
        let (created_at, updated_at) = (views::time(row.created_at), views::time(row.updated_at));
        Self { id: row.id, created_at, updated_at, submissions: row.submission_count }
    }
}

impl From<RequestOrigin> for RequestOriginView {
    fn from(row: RequestOrigin) -> Self {
        let metadata: RequestMetadata = serde_json::from_slice(&row.metadata).unwrap_or_default();
        Self {
            id: row.id,
            source_key_id: row.source_key_id,
            channel: row.channel,
            content_type: row.content_type,
            headers: metadata.headers,
            query: metadata.query,
            remote_address: row.remote_address,
            received_at: views::time(row.received_at),
        }
    }
}

impl From<ExportedSubmission> for ExportedSubmissionView {
    fn from(one: ExportedSubmission) -> Self {
        Self {
            submission: one.details.into(),
            request: one.request.map(Into::into),
            deliveries: one.deliveries.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ExportedEvent> for ExportedEventView {
    fn from(one: ExportedEvent) -> Self {
        Self { event: one.event.into(), deliveries: one.deliveries.into_iter().map(Into::into).collect() }
    }
}

impl From<PersonExport> for ExportView {
    fn from(page: PersonExport) -> Self {
        let elements = page.rejected_elements.into_iter().map(|one| RejectedElementView {
            request_id: one.request_id,
            index: one.index,
            code: one.code,
            element: views::json(one.element.as_bytes()),
        });
        Self {
            leads: page.leads.into_iter().map(Into::into).collect(),
            submissions: page.submissions.into_iter().map(Into::into).collect(),
            reported_events: page.reported_events.into_iter().map(Into::into).collect(),
            rejected_elements: elements.collect(),
            rejected_requests: page.rejected_requests.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

impl From<Erasure> for ErasureView {
    fn from(row: Erasure) -> Self {
        Self {
            state: ErasureState::of(&row),
            id: row.id,
            requested_by: row.user_id,
            requested_at: views::time(row.requested_at),
            finished_at: row.finished_at.map(views::time),
        }
    }
}

/// Exports a person
///
/// Admins. Everything that is kept of the person who is named by an e-mail address or a phone number, page by page: read on with `from` until `next` is null. Each page leaves a line in the audit log, with a hash of the address.
#[utoipa::path(post, path = "", operation_id = "exportPerson", params(ExportFrom), request_body = NamedPerson,
    responses((status = OK, description = "A page of what is kept.", body = ExportView)))]
pub(crate) async fn export(
    OrgUser(scope): OrgUser,
    Query(ExportFrom { from }): Query<ExportFrom>,
    JsonBody(person): JsonBody<NamedPerson>,
) -> Result<Response, HttpError> {
    let page = scope.export_person(person, from.as_deref()).await?;
    large_json(&scope, || ExportView::from(page)).await
}

/// Erases a person
///
/// Admins. Everything that is kept of the person who is named by an e-mail address or a phone number, as far as it came before this call; it can't be undone. What has not ended is canceled, and what was not sent is not sent. The response comes when all is done, or after 3 s; what is under way then is erased by itself, and the receipt is read at `/v1/erasures/{erasure}`.
#[utoipa::path(post, path = "", operation_id = "createErasure", request_body = NamedPerson,
    responses((status = CREATED, description = "The receipt: what was erased so far, what is under way, and what remains and why.", body = ErasureReceipt)))]
pub(crate) async fn erase(
    OrgUser(scope): OrgUser,
    JsonBody(person): JsonBody<NamedPerson>,
) -> Result<(StatusCode, Json<ErasureReceipt>), HttpError> {
    Ok((StatusCode::CREATED, Json(scope.create_erasure(person).await?)))
}

/// Lists erasures
///
/// Admins. The newest come first.
#[utoipa::path(get, path = "", operation_id = "listErasures", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<ErasureView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<ErasureView>>, HttpError> {
    Ok(Json(Page::of(scope.list_erasures(&page.before(before)).await?, Into::into)))
}

/// Shows the receipt of an erasure
///
/// Admins.
#[utoipa::path(get, path = "", operation_id = "getErasure",
    responses((status = OK, description = "The receipt.", body = ErasureReceipt)))]
pub(crate) async fn receipt(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
) -> Result<Json<ErasureReceipt>, HttpError> {
    Ok(Json(scope.erasure(&id).await?))
}
