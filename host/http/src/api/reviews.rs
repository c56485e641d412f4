//! Reviews (L4): submissions that wait for a person to decide about them.

use crate::auth::OrgUser;
use crate::body::JsonBody;
use crate::error::{ErrorBody, HttpError};
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, After, Page, PageSize, SubmissionStatus, Time};
use axum::Json;
use axum::response::Response;
use hookmill_admin::rows::ReviewRow;
use hookmill_admin::{NewReview, ReviewsQuery};
use hookmill_domain::action::Priority;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// A filter for reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewFilter {
    /// Only those of this campaign.
    campaign: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingReview)]
pub(crate) struct ReviewView {
    submission_id: String,
    campaign_id: String,
    priority: Priority,
    received_at: Time,
    /// Since when it waits for a person.
    waiting_since: Time,
    /// Why a person has to decide: `action_review` where the campaign says so, `action_failed` where its webhook did not decide.
    cause: Option<String>,
    /// Why the webhook did not decide; null where none was asked.
    reason: Option<String>,
    /// The person.
    lead_id: Option<String>,
    /// The lead: standard fields, all else under `custom`.
    #[schema(value_type = Option<Object>)]
    lead: Option<Box<RawValue>>,
}

impl From<ReviewRow> for ReviewView {
    fn from(row: ReviewRow) -> Self {
        let detail = row.detail.as_deref().map(views::value).unwrap_or_default();
        Self {
            submission_id: row.id,
            campaign_id: row.campaign_id,
            priority: Priority::of_rank(row.review_priority),
            received_at: views::time(row.received_at),
            waiting_since: views::time(row.since),
            cause: row.cause,
            reason: detail.get("reason").and_then(Value::as_str).map(str::to_owned),
            lead_id: row.lead_id,
            lead: row.lead.as_deref().map(views::json),
        }
    }
}

/// Lists reviews
///
/// Submissions that wait for a person to decide: by priority, and the oldest of each first. A page with large leads has fewer of them.
#[utoipa::path(get, path = "", operation_id = "listReviews", params(ReviewFilter, PageSize, After),
    responses((status = OK, description = "A page of the list.", body = Page<ReviewView>)))]
pub(crate) async fn list(
    OrgUser(scope): OrgUser,
    Query(filter): Query<ReviewFilter>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Response, HttpError> {
    let listed = scope.list_reviews(ReviewsQuery { campaign: filter.campaign }, &page.after(after)).await?;
    large_json(&scope, || Page::<ReviewView>::of(listed, Into::into)).await
}

/// Reviews a submission
///
/// Admins. Decides about a submission that waits for a person. One that is approved goes on with what is added to it, by the campaign's active version; one that
/// is rejected is disqualified. With `override` the decision also counts while a webhook is still asked, whose response is then of no use.
#[utoipa::path(post, path = "", operation_id = "reviewSubmission", request_body = NewReview,
    responses(
        (status = OK, description = "The state after the decision. One that is approved is in `pending_action` until it goes on, in a moment.", body = SubmissionStatus),
        (status = CONFLICT, description = "`not_in_review`: it does not wait for a decision. `action_under_way`: its webhook is still asked; wait, or send `override`. `already_decided`: somebody else was faster.", body = ErrorBody),
    ))]
pub(crate) async fn review(
    OrgUser(scope): OrgUser,
    Path(id): Path<String>,
    JsonBody(review): JsonBody<NewReview>,
) -> Result<Json<SubmissionStatus>, HttpError> {
    let state = scope.review_submission(&id, review).await?;
    Ok(Json(SubmissionStatus { submission_id: id, state: state.as_str().to_owned() }))
}
