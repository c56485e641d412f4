//! Leads that wait for a slot, for the schedule or for whoever decides, and those that did not get one.

use super::{Standing, text};
use crate::clock::Timestamp;
use serde_json::Value;

/// A lead in the queue of its campaign.
pub(super) fn queued(standing: &Standing<'_>) -> String {
    let because = match standing.cause {
        "cap_reached" => format!("because {}", cap(standing.detail)),
        "schedule_closed" => "because the schedule of its campaign is closed".to_owned(),
        "behind_queue" => "behind earlier leads in the queue of its campaign".to_owned(),
        "campaign_paused" | "campaign_draft" => "in the queue of its campaign, which is not active".to_owned(),
        _ => "in the queue of its campaign".to_owned(),
    };
    let opens_at = standing.detail["opens_at"].as_str().and_then(Timestamp::parse);
    let next = match (opens_at, standing.queue_at) {
        // It was looked at then, and waits on.
        (Some(opens_at), Some(at)) if opens_at < at => format!("; the queue is looked at next at {}", at.rfc3339()),
        (Some(opens_at), _) => format!("; it can go on from {}", opens_at.rfc3339()),
        (None, Some(at)) => format!("; the queue is looked at next at {}", at.rfc3339()),
        (None, None) => String::new(),
    };
    format!("The lead waits {because}{next}")
}

/// A lead that was rejected for want of a slot, or came outside the schedule.
pub(super) fn rejected(standing: &Standing<'_>) -> String {
    match standing.cause {
        "cap_reached" => format!("The lead is rejected because {}", cap(standing.detail)),
        _ => "The lead is rejected because the schedule of its campaign was closed when it came".to_owned(),
    }
}

/// A lead that was moved to another campaign before it was sent.
pub(super) fn moved(detail: &Value) -> String {
    let because = match detail["cause"].as_str() {
        Some("cap_reached") => format!(" because {}", cap(detail)),
        Some("schedule_closed") => " because the schedule of its campaign is closed".to_owned(),
        Some("outbid") => " because the client there bid most for it".to_owned(),
        Some("no_bid") => " because no client that was asked has bid for it".to_owned(),
        _ => String::new(),
    };
    format!("The lead goes on {}{because}", there(detail).unwrap_or_else(|| "in another campaign".to_owned()))
}

/// Where a lead goes on that was moved; none where it was not.
pub(super) fn there(detail: &Value) -> Option<String> {
    let moved_to = &detail["moved_to"];
    let campaign = moved_to.as_str().or_else(|| moved_to["campaign_id"].as_str())?;
    let submission = moved_to["submission_id"].as_str().map(|id| format!(" as submission {}", text::name(id)));
    Some(format!("in campaign {}{}", text::name(campaign), submission.unwrap_or_default()))
}

/// A lead that waited for too long.
pub(super) fn expired(detail: &Value) -> String {
    let [since, at] = ["queued_at", "expires_at"].map(|name| detail[name].as_str().and_then(Timestamp::parse));
    let since = since.map(|at| format!(" since {}", at.rfc3339())).unwrap_or_default();
    let at = at.map(|at| format!(" at {}", at.rfc3339())).unwrap_or_default();
    format!("The lead is canceled because it waited in the queue{since} and expired{at}")
}

/// A lead that whoever decides first has not decided about.
pub(super) fn pending_action(standing: &Standing<'_>) -> String {
    let detail = standing.detail;
    // It stays in this state until it is taken up.
    match standing.cause {
        "action_approved" => {
            return "The first-submission action approved the lead, which goes on in its turn".to_owned();
        }
        "review_approved" => return "A person approved the lead, which goes on in its turn".to_owned(),
        _ => {}
    }
    let is_review = matches!(standing.cause, "action_review" | "action_failed")
        || detail["action"] == "review"
        || detail["review"] == true;
    if is_review {
        let because = match (standing.cause, text::part_of(detail, "reason")) {
            ("action_failed", Some(reason)) => format!(", since the first-submission action did not decide: {reason}"),
            ("action_failed", None) => ", since the first-submission action did not decide".to_owned(),
            _ => String::new(),
        };
        return format!("The lead waits for a person to approve or reject it{because}");
    }
    let asked = standing.asked.filter(|asked| 0 < asked.attempts);
    let so_far = asked
        .map(|asked| format!("; {} did not decide it", text::count(unsigned(asked.attempts), "request", "requests")));
    let next = standing.asked.filter(|asked| 0 < asked.attempts).and_then(|asked| asked.next_at);
    let next = next.map(|at| format!(", and the next is made at {}", Timestamp::rfc3339(at)));
    format!(
        "The lead waits for the decision of the first-submission action{}{}",
        so_far.unwrap_or_default(),
        next.unwrap_or_default()
    )
}

/// Which cap is reached.
fn cap(detail: &Value) -> String {
    let kind = detail["period"].as_str().and_then(text::part);
    let limit = detail["limit"].as_u64().map(|limit| format!(" of {}", text::count(limit, "lead", "leads")));
    let kind = match kind.as_deref() {
        None => "a cap".to_owned(),
        Some("total") => "the total cap".to_owned(),
        Some(period) => format!("the cap for the {period}"),
    };
    format!("{kind}{} is reached", limit.unwrap_or_default())
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
