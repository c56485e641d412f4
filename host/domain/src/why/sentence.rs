//! One sentence for each state and cause.

use super::{Standing, WhyStage, client, rules, text, waiting};
use crate::state::State;
use serde_json::Value;

type Composed = (Option<WhyStage>, String);

/// The stage that decided, and the sentence.
pub(super) fn compose(standing: &Standing<'_>) -> Composed {
    let (stage, sentence) = of_state(standing);
    match standing.is_erased && standing.cause != "erased" {
        true => (stage, format!("{sentence}; more was known until its person was erased")),
        false => (stage, sentence),
    }
}

fn of_state(standing: &Standing<'_>) -> Composed {
    match standing.state {
        State::Received => received(standing.cause),
        State::Pending => (Some(WhyStage::Campaign), pending(standing.cause)),
        State::Processing => (None, "The lead is being processed".to_owned()),
        State::Quarantined => quarantined(standing),
        State::PendingAction => (Some(WhyStage::Action), waiting::pending_action(standing)),
        State::Queued => (Some(by_slot(standing.cause)), waiting::queued(standing)),
        State::Delivering => (Some(WhyStage::Deliver), client::delivering(standing)),
        State::Disqualified => disqualified(standing),
        State::Delivered => delivered(standing),
        State::Duplicate => duplicate(standing),
        State::Rejected => rejected(standing),
        State::Failed => failed(standing),
        State::Canceled => canceled(standing),
    }
}

fn received(cause: &str) -> Composed {
    let (stage, text) = match cause {
        "released" => (None, "The lead can go on, and is processed in its turn"),
        "reprocessed" => {
            (Some(WhyStage::Person), "The lead was released from quarantine, and is processed again in its turn")
        }
        "reposted" => (Some(WhyStage::Person), "The lead was posted again, and is processed in its turn"),
        "moved" => (None, "The lead was moved here from another campaign, and is processed in its turn"),
        "campaign_archived" => {
            (Some(WhyStage::Campaign), "The campaign of the lead was archived, and the lead is canceled in its turn")
        }
        "deferred" => (None, "The host could not decide about the lead yet, and tries again"),
        _ => (None, "The lead was received, and is processed in its turn"),
    };
    (stage, text.to_owned())
}

fn pending(cause: &str) -> String {
    let text = match cause {
        "campaign_draft" => "The lead waits because its campaign is a draft; activate the campaign",
        "campaign_paused" => "The lead waits because its campaign is paused; activate the campaign",
        "no_client_endpoint" => {
            "The lead waits because its campaign has no client endpoint; set one, or set `delivery` to `store_only`"
        }
        _ => "The lead waits for its campaign",
    };
    text.to_owned()
}

fn quarantined(standing: &Standing<'_>) -> Composed {
    let detail = standing.detail;
    let message = text::part_of(detail, "message");
    let after = |what: &str| match &message {
        Some(message) => format!("{what}: {message}"),
        None => what.to_owned(),
    };
    let field = detail["field"].as_str().filter(|field| !field.is_empty()).map(text::name);
    let (stage, why) = match standing.cause {
        "map_failed" => (Some(WhyStage::Map), after(&format!("{} can't be mapped", field.as_deref().unwrap_or("it")))),
        "enrich_failed" => (Some(WhyStage::Enrich), after("it can't be enriched")),
        "qualify_failed" => (Some(WhyStage::Qualify), after("a rule can't be checked")),
        "shape_failed" => (Some(WhyStage::Shape), after("its message to the client can't be made")),
        "interpret_failed" => (Some(WhyStage::Interpret), after("the client's response can't be interpreted")),
        "plugin_faulted" => (by_phase(detail), after("the plugin of its campaign failed on it")),
        "campaign_version_unusable" => (None, after("what its campaign runs can't be run")),
        "unwritable" => (None, "the database does not take what became of it; the host's log says why".to_owned()),
        "duplicate" => (Some(WhyStage::Duplicates), came_before(detail)),
        _ => (None, after("it needs a person")),
    };
    (stage, format!("The lead is in quarantine because {why}"))
}

/// The stage in which a plugin faulted.
fn by_phase(detail: &Value) -> Option<WhyStage> {
    match detail["phase"].as_str()? {
        "map" => Some(WhyStage::Map),
        "enrich" => Some(WhyStage::Enrich),
        "qualify" => Some(WhyStage::Qualify),
        "shape" => Some(WhyStage::Shape),
        "interpret" => Some(WhyStage::Interpret),
        _ => None,
    }
}

fn by_slot(cause: &str) -> WhyStage {
    match cause {
        "schedule_closed" => WhyStage::Schedule,
        "outbid" | "no_bid" => WhyStage::Interpret,
        _ => WhyStage::Caps,
    }
}

fn disqualified(standing: &Standing<'_>) -> Composed {
    let by = |who: &str| match text::part_of(standing.detail, "reason") {
        Some(reason) => format!("The lead is disqualified because {who} rejected it: {reason}"),
        None => format!("The lead is disqualified because {who} rejected it"),
    };
    match standing.cause {
        "action_rejected" => (Some(WhyStage::Action), by("the first-submission action")),
        "review_rejected" => (Some(WhyStage::Action), by("a person")),
        _ => (Some(WhyStage::Qualify), rules::sentence(standing)),
    }
}

fn delivered(standing: &Standing<'_>) -> Composed {
    match standing.cause {
        "stored" => (None, "The lead is stored, and its campaign sends its leads to no client".to_owned()),
        _ => (Some(WhyStage::Interpret), client::accepted(standing.detail)),
    }
}

fn duplicate(standing: &Standing<'_>) -> Composed {
    match standing.cause {
        "duplicate" => {
            (Some(WhyStage::Duplicates), format!("The lead is a duplicate, because {}", came_before(standing.detail)))
        }
        _ => (Some(WhyStage::Interpret), client::not_taken(standing, "The client rejected the lead as a duplicate")),
    }
}

/// Which submission came before, and what both have in common.
fn came_before(detail: &Value) -> String {
    let fields = detail["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fields: Vec<String> = fields.iter().filter_map(Value::as_str).map(text::name).collect();
    let what =
        if fields.is_empty() { "the same person".to_owned() } else { format!("the same {}", fields.join(" and ")) };
    let earlier = text::part_of(detail, "duplicate_of").map(|id| format!(" with submission {}", text::name(&id)));
    let at = text::part_of(detail, "received_at").map(|at| format!(" at {at}"));
    format!("{what} came before{}{}", earlier.unwrap_or_default(), at.unwrap_or_default())
}

fn rejected(standing: &Standing<'_>) -> Composed {
    match standing.cause {
        "cap_reached" | "schedule_closed" => (Some(by_slot(standing.cause)), waiting::rejected(standing)),
        "no_bid" => (
            Some(WhyStage::Interpret),
            "The lead is rejected because no client that was asked has bid for it".to_owned(),
        ),
        "moved" => {
            let by = standing.detail["cause"].as_str().unwrap_or_default();
            (Some(by_slot(by)), waiting::moved(standing.detail))
        }
        _ => (Some(WhyStage::Interpret), client::not_taken(standing, "The client rejected the lead")),
    }
}

fn failed(standing: &Standing<'_>) -> Composed {
    match standing.cause {
        "retries_exhausted" => (Some(WhyStage::Deliver), client::exhausted(standing)),
        "not_interpreted" => (Some(WhyStage::Interpret), client::not_interpreted(standing)),
        _ => (Some(WhyStage::Deliver), client::failed(standing)),
    }
}

fn canceled(standing: &Standing<'_>) -> Composed {
    let (stage, text) = match standing.cause {
        "no_lead" => (
            Some(WhyStage::Map),
            "No lead was made of what was sent, because what the mapping of its campaign looks for is not in it",
        ),
        "campaign_archived" => (Some(WhyStage::Campaign), "The lead is canceled because its campaign was archived"),
        "withdrawn" => (Some(WhyStage::Person), "The lead is canceled because it was withdrawn"),
        "stored_alone" => (
            Some(WhyStage::Person),
            "The lead is stored and goes to nobody, because its sender wanted that (`__skip_actions`)",
        ),
        "no_match" => (
            Some(WhyStage::Person),
            "The lead is canceled, because its sender wanted it for a known person alone (`must_exist`), and nobody was known by its addresses",
        ),
        "erased" => (Some(WhyStage::Person), "The lead is canceled because its person was erased"),
        "expired" => return (Some(WhyStage::Caps), waiting::expired(standing.detail)),
        _ => (None, "The lead is canceled"),
    };
    (stage, text.to_owned())
}
