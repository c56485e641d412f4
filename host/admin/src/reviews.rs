//! Reviews (L4): submissions that wait for a person to decide about them, and the decision.

use super::access::{Scope, unavailable};
use super::input::Input;
use super::page::{Listed, PageRequest, without_nul};
use super::use_cases::{APPROVE_SUBMISSION, LIST_REVIEWS, LIST_REVIEWS_OF_CAMPAIGN, REJECT_SUBMISSION};
use crate::rows::ReviewRow;
use hookmill_domain::action::{ActionData, Decision, Priority, REASON_CHARS_MAX};
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::state::State;
use hookmill_pipeline::Review;
use hookmill_store::reviews::{ReviewPlace, ReviewsOf};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What is between the parts of a cursor.
const CURSOR_MARK: char = '.';
/// How long the id in a cursor may be.
const ID_CHARS_MAX: usize = 64;

/// Which reviews are asked for.
#[derive(Debug, Clone, Default)]
pub struct ReviewsQuery {
    /// Only those of this campaign.
    pub campaign: Option<String>,
}

/// What a person decides about a submission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Review, example = json!({"decision": "approve", "reason": "called back", "data": {"first_name": "Alice", "score": 7}}))]
pub struct NewReview {
    /// Whether it goes on.
    pub decision: Decision,
    /// Why, for the timeline and for whoever is told of a rejection, which needs one; up to 1,000 characters.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
    /// What is added to the lead, for an approval: standard fields, and all else under `custom`; up to 64 KiB. What is blank leaves the
    /// lead as it is.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Value>>,
    /// Whether this counts although a webhook is still asked.
    #[serde(default, rename = "override")]
    pub overrides: bool,
}

impl Scope {
    /// Lists reviews by priority, the oldest submissions of each first. A scoped key asks for those of a campaign.
    pub async fn list_reviews(&self, query: ReviewsQuery, page: &PageRequest) -> Result<Listed<ReviewRow>, ApiError> {
        let of = match without_nul(query.campaign.as_deref()) {
            Some(campaign_id) => {
                ReviewsOf::Campaign(self.read_campaign(&LIST_REVIEWS_OF_CAMPAIGN, campaign_id).await?.key)
            }
            None => {
                self.authorize(&LIST_REVIEWS)?;
                ReviewsOf::Organization(self.organization_id.clone())
            }
        };
        let after = read_cursor(page.from())?;
        let limit = self.rows_of(page)?;
        let found = self.store().reviews(&of, &after, limit, self.limits().page_bytes_max).await;
        let mut found = found.map_err(unavailable)?;
        for row in &mut found.rows {
            row.detail = row.detail.take().map(|detail| self.url_view().show_response_text(detail));
        }
        let limit = if found.is_cut { found.rows.len().try_into().unwrap_or(limit) } else { limit };
        Ok(Listed::page(found.rows, limit, write_cursor))
    }

    /// Decides about a submission that waits for a person, or for a webhook if that is overridden; returns the state it comes to.
    pub async fn review_submission(&self, id: &str, review: Input<NewReview>) -> Result<State, ApiError> {
        let entry = self.authorize_change(&APPROVE_SUBMISSION)?;
        let review = review?.check()?;
        let (entry, state) = match review.decision {
            Decision::Approve => (entry, State::PendingAction),
            Decision::Reject => (self.authorize_change(&REJECT_SUBMISSION)?, State::Disqualified),
        };
        let row = self.find_submission(id).await?;
        self.pipeline().review(&row.organization_id, &row.id, review, &entry).await?;
        Ok(state)
    }
}

impl NewReview {
    /// Checks everything and names all that is wrong.
    fn check(self) -> Result<Review, ApiError> {
        let mut problems = Vec::new();
        let reason = self.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let chars = reason.as_ref().map_or(0, |reason| reason.chars().count());
        if REASON_CHARS_MAX < chars {
            let message = format!("`reason` has {chars} characters, at most {REASON_CHARS_MAX} are allowed");
            problems.push(Detail { path: "reason".into(), code: "invalid".into(), message });
        }
        if self.decision == Decision::Reject && reason.is_none() {
            let message =
                "`reason` is needed to reject a lead: say why, for the timeline and `lead.disqualified`".to_owned();
            problems.push(Detail { path: "reason".into(), code: "invalid".into(), message });
        }
        let data = ActionData::check("data", self.data.unwrap_or_default()).unwrap_or_else(|wrong| {
            problems.extend(wrong);
            ActionData::default()
        });
        if self.decision == Decision::Reject && !data.fields().is_empty() {
            let message = "`data` is added to a lead that goes on, and this one is rejected; leave it out".to_owned();
            problems.push(Detail { path: "data".into(), code: "invalid".into(), message });
        }
        if problems.is_empty() {
            return Ok(Review { decision: self.decision, reason, data, overrides: self.overrides });
        }
        let message = problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ");
        Err(ApiError::new(Kind::Invalid, "invalid", message).with_details(problems))
    }
}

/// The place of a review, as the `next` of a page.
fn write_cursor(row: &ReviewRow) -> String {
    format!("{}{CURSOR_MARK}{}", Priority::of_rank(row.review_priority).as_str(), row.id)
}

fn read_cursor(text: &str) -> Result<ReviewPlace, ApiError> {
    if text.is_empty() {
        return Ok(ReviewPlace::start());
    }
    let parts = text.split_once(CURSOR_MARK);
    let place = parts.and_then(|(name, id)| {
        let priority = Priority::ALL.iter().find(|priority| priority.as_str() == name)?;
        let is_id = !id.is_empty() && id.chars().count() <= ID_CHARS_MAX;
        is_id.then(|| ReviewPlace { priority: priority.rank(), submission_id: id.to_owned() })
    });
    place.ok_or_else(|| ApiError::invalid("after", "is not the `next` of a page of this list; send that, or nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(review: Value) -> Result<Review, Vec<String>> {
        let review: NewReview = serde_json::from_value(review).unwrap();
        review.check().map_err(|error| error.details.into_iter().map(|detail| detail.path).collect())
    }

    #[test]
    fn l4_a_review_is_checked_as_a_whole() {
        let review = check(json!({"decision": "approve", "reason": " ok ", "data": {"score": 7}})).unwrap();
        assert_eq!((review.reason.as_deref(), review.overrides), (Some("ok"), false));
        assert!(check(json!({"decision": "reject", "reason": "no", "data": {}, "override": true})).unwrap().overrides);
        let wrong = json!({"decision": "approve", "reason": "x".repeat(1_001), "data": {"email": 5, "tags": 1}});
        assert_eq!(check(wrong).unwrap_err(), ["reason", "data.email", "data.tags"]);
        assert_eq!(check(json!({"decision": "reject", "data": {"score": 7}})).unwrap_err(), ["reason", "data"]);
        assert_eq!(check(json!({"decision": "reject", "reason": " "})).unwrap_err(), ["reason"]);
        for bad in [json!({}), json!({"decision": "maybe"}), json!({"decision": "approve", "why": "x"})] {
            assert!(serde_json::from_value::<NewReview>(bad).is_err());
        }
    }

    #[test]
    fn l4_a_cursor_is_read_back() {
        assert_eq!(read_cursor("").unwrap(), ReviewPlace::start());
        for (priority, rank) in [("high", 0), ("normal", 1), ("low", 2)] {
            let place = read_cursor(&format!("{priority}.req_01-0.1")).unwrap();
            assert_eq!((place.priority, place.submission_id.as_str()), (rank, "req_01-0.1"));
        }
        for wrong in ["req_01-0", "urgent.req_01-0", "high.", ".", &format!("low.{}", "x".repeat(65))] {
            assert_eq!(read_cursor(wrong).unwrap_err().details[0].path, "after", "{wrong}");
        }
    }
}
