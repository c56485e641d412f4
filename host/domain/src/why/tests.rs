//! One sentence for each state and cause, as a person reads it.

use super::*;
use crate::causes::CAUSES;
use proptest::prelude::*;
use serde_json::json;

/// How long a sentence may be: no text from outside makes it endless.
const SENTENCE_CHARS_MAX: usize = 1_200;

fn why(state: State, cause: &str, detail: &Value) -> Why {
    explain(&Standing { state, cause, detail, decision: &Value::Null, asked: None, queue_at: None, is_erased: false })
}

/// What is wrong with a sentence, if anything is.
fn fault(sentence: &str, cause: &str) -> Option<&'static str> {
    let ends = [". ", "! ", "? "].iter().any(|end| sentence.contains(end));
    let internals = ["null", "_key", "cmp_", "dlv_", "run_id", "  "];
    [
        (
            sentence.is_empty() || !sentence.ends_with('.') || sentence.ends_with(".."),
            "it does not end with a full stop",
        ),
        (ends, "it is more than one sentence"),
        (!sentence.starts_with(|first: char| first.is_uppercase()), "it does not begin like one"),
        (sentence.chars().any(char::is_control), "it is more than one line"),
        (SENTENCE_CHARS_MAX < sentence.chars().count(), "it is too long"),
        (cause.contains('_') && sentence.contains(cause), "it has the code of its cause"),
        (internals.iter().any(|word| sentence.contains(word)), "it shows internals"),
    ]
    .into_iter()
    .find_map(|(is_wrong, what)| is_wrong.then_some(what))
}

/// Details as the host writes them, and none, and nonsense.
fn details() -> Vec<Value> {
    vec![
        Value::Null,
        json!({}),
        json!([]),
        json!({"reason": "Out of area. Try later!", "message": "not an address.\nFix it?", "field": "email", "input": "x"}),
        json!({"period": "day", "limit": 100, "opens_at": "2026-03-02T00:00:00Z", "cause": "cap_reached", "moved_to": "ROOF"}),
        json!({"reason": 7, "field": {}, "failed_rules": "none", "attempts": "x", "last_response": [], "fields": {"a": 1}, "limit": -1}),
        json!({"failed_rules": [{}, 7, null]}),
        json!({"reason": "destination_removed", "attempts": 3, "last_response": {"status": 503}}),
    ]
}

/// O4: there is one sentence for each state and cause, those that are not known too, whatever the detail says.
#[test]
fn o4_each_state_and_cause_has_one_sentence() {
    for state in State::ALL {
        let known = CAUSES.iter().filter(|(_, states)| states.contains(state)).map(|(cause, _)| *cause);
        for cause in known.chain(["something_new"]) {
            for detail in details() {
                let why = why(*state, cause, &detail);
                assert_eq!(fault(&why.sentence, cause), None, "{state:?} {cause} {detail}: {}", why.sentence);
            }
        }
    }
}

/// O4 L12: of an erased person the sentence says no more than what is left, and that there was more.
#[test]
fn l12_what_is_left_of_an_erased_person_is_told() {
    for (cause, states) in CAUSES {
        for &state in *states {
            let standing = Standing {
                state,
                cause,
                detail: &Value::Null,
                decision: &Value::Null,
                asked: None,
                queue_at: None,
                is_erased: true,
            };
            let sentence = explain(&standing).sentence;
            assert_eq!(fault(&sentence, cause), None, "{state:?} {cause}: {sentence}");
            assert!(!sentence.contains("no response") && !sentence.contains("without a reason"), "{sentence}");
            assert_eq!(
                sentence.ends_with("; more was known until its person was erased."),
                *cause != "erased",
                "{sentence}"
            );
        }
    }
}

/// O4: no two causes of one state are told in the same words.
#[test]
fn o4_each_cause_has_words_of_its_own() {
    for state in State::ALL {
        let known = CAUSES.iter().filter(|(_, states)| states.contains(state)).map(|(cause, _)| *cause);
        let sentences: Vec<String> = known.map(|cause| why(*state, cause, &Value::Null).sentence).collect();
        for (at, sentence) in sentences.iter().enumerate() {
            assert!(!sentences[at + 1..].contains(sentence), "{state:?}: {sentence}");
        }
    }
}

/// O4 M7: a rule is told with its reason, its field, what that held and what was expected.
#[test]
fn o4_a_failed_rule_is_told_in_words() {
    let table = [
        (
            json!({"field": "custom.bill", "operator": "ge", "reason": "bill too low", "expected": 50, "actual": 5.5}),
            "because bill too low: `custom.bill` is 5.5, and the rule expects at least 50.",
        ),
        (
            json!({"field": "state", "operator": "in", "reason": "", "expected": ["CA", "TX"], "actual": "NV"}),
            "because `state` is \"NV\", and the rule expects one of \"CA\", \"TX\".",
        ),
        (
            json!({"field": "email", "operator": "present", "reason": "no address", "expected": true}),
            "because no address: `email` is missing, and the rule expects a value.",
        ),
        (
            json!({"field": "email", "operator": "valid", "reason": "x", "expected": "email", "actual": null}),
            "because x: `email` is null, and the rule expects a valid value of the kind \"email\".",
        ),
        (
            json!({"field": "zip", "operator": "in_set", "reason": "not served", "expected": "served_zips", "actual": "10001"}),
            "because not served: `zip` is \"10001\", and the rule expects an entry of the value set \"served_zips\".",
        ),
        (
            json!({"field": "debt", "operator": "lt", "reason": "x", "expected": {"other": "income", "value": 9}, "actual": 10}),
            "because x: `debt` is 10, and the rule expects less than that of `income` (9).",
        ),
        (
            json!({"field": "date_of_birth", "operator": "age_between", "reason": "too young", "expected": [18, null], "actual": "2020-01-01"}),
            "because too young: `date_of_birth` is \"2020-01-01\", and the rule expects an age of at least 18.",
        ),
        (
            json!({"field": "dob", "operator": "before", "reason": "x", "expected": {"value": "-18y", "is": "2008-03-01"}, "actual": "2020-01-01"}),
            "because x: `dob` is \"2020-01-01\", and the rule expects a time before \"2008-03-01\".",
        ),
        (
            json!({"field": "n", "operator": "between", "reason": "x", "expected": [1, 9], "actual": 10}),
            "because x: `n` is 10, and the rule expects a number from 1 to 9.",
        ),
        (
            json!({"field": "n", "operator": "in", "reason": "x", "expected": [1, 2, 3, 4, 5, 6, 7], "actual": 10}),
            "because x: `n` is 10, and the rule expects one of 1, 2, 3, 4, 5 and 2 more.",
        ),
        (
            json!({"field": "score", "operator": "better_than", "reason": "Too low. Sorry!", "expected": 7, "actual": 3}),
            "because Too low; Sorry: `score` is 3, and the rule expects better than 7.",
        ),
        (json!({"reason": "the plugin says no"}), "because the plugin says no."),
        (json!({}), "by a rule of its campaign."),
    ];
    for (rule, expected) in table {
        let decision = json!({"qualified": false, "failed_rules": [rule]});
        let standing = Standing {
            state: State::Disqualified,
            cause: "rules",
            detail: &Value::Null,
            decision: &decision,
            asked: None,
            queue_at: None,
            is_erased: false,
        };
        // A value is shown as it is, and so is null.
        let why = explain(&standing);
        assert_eq!(why.sentence, format!("The lead is disqualified {expected}"));
        assert_eq!(
            (&why.expected, &why.actual),
            (&rule.get("expected").cloned(), &rule.get("actual").cloned()),
            "{rule}"
        );
    }
    let rules = json!([{"rule": "qualify[1]", "field": "a", "operator": "eq", "expected": 1, "actual": 2, "reason": "x"}, {}, {}]);
    let why = why(State::Disqualified, "rules", &json!({"failed_rules": rules}));
    assert_eq!(
        why.sentence,
        "The lead is disqualified because x: `a` is 2, and the rule expects 1; 2 other rules failed as well."
    );
    assert_eq!(
        (why.stage, why.rule.as_deref(), why.field.as_deref()),
        (Some(WhyStage::Qualify), Some("qualify[1]"), Some("a"))
    );
}

/// O4: each operator of documents is told in words of its own.
#[test]
fn o4_each_operator_is_told_in_words() {
    let operators = [
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "between",
        "in",
        "not_in",
        "in_set",
        "not_in_set",
        "contains",
        "starts_with",
        "ends_with",
        "matches",
        "blank",
        "present",
        "valid",
        "invalid",
        "is_true",
        "is_false",
        "before",
        "after",
        "within",
        "age_between",
        "distinct",
        "any",
        "not",
    ];
    let mut told = Vec::new();
    for operator in operators {
        let rule = json!({"field": "a", "operator": operator, "expected": ["x", "y"], "actual": "z", "reason": "r"});
        let why = why(State::Disqualified, "rules", &json!({"failed_rules": [rule]}));
        assert_eq!(fault(&why.sentence, operator), None, "{}", why.sentence);
        assert!(!told.contains(&why.sentence), "{}", why.sentence);
        told.push(why.sentence);
    }
}

/// O4 L5 L6: who waits is told for what, and until when.
#[test]
fn o4_who_waits_is_told_until_when() {
    let opens_at = "2026-03-02T00:00:00Z";
    let at = Timestamp::parse(opens_at).unwrap();
    let cap = json!({"period": "day", "limit": 100, "opens_at": opens_at, "cause": "cap_reached"});
    let asked = |attempts, attempt: Value| LastDelivery { attempts, retries_max: 3, next_at: Some(at), attempt };
    let to_client = asked(2, json!({"status": 503, "body": "busy", "truncated": false}));
    let to_action = asked(1, json!({"error": "timeout", "message": "no response within 30 s", "sent": true}));
    let table = [
        (
            State::Queued,
            "cap_reached",
            &cap,
            None,
            "The lead waits because the cap for the day of 100 leads is reached; it can go on from 2026-03-02T00:00:00Z.",
        ),
        (
            State::Queued,
            "schedule_closed",
            &json!({"opens_at": opens_at}),
            None,
            "The lead waits because the schedule of its campaign is closed; it can go on from 2026-03-02T00:00:00Z.",
        ),
        (
            State::Queued,
            "behind_queue",
            &json!({}),
            None,
            "The lead waits behind earlier leads in the queue of its campaign; the queue is looked at next at 2026-03-02T00:00:00Z.",
        ),
        (
            State::Queued,
            "cap_reached",
            &json!({"period": "total", "limit": 1}),
            None,
            "The lead waits because the total cap of 1 lead is reached; the queue is looked at next at 2026-03-02T00:00:00Z.",
        ),
        (
            State::Queued,
            "cap_reached",
            &json!({"period": "day", "limit": 2, "opens_at": "2026-03-01T00:00:00Z"}),
            None,
            "The lead waits because the cap for the day of 2 leads is reached; the queue is looked at next at 2026-03-02T00:00:00Z.",
        ),
        (
            State::Delivering,
            "shaped",
            &json!({"delivery_id": "dlv_1"}),
            Some(&to_client),
            "The client has not accepted the lead yet: attempt 2 of 4 ended with a response of status 503, and the next attempt is made at 2026-03-02T00:00:00Z.",
        ),
        (
            State::PendingAction,
            "action_webhook",
            &json!({"action": "webhook"}),
            Some(&to_action),
            "The lead waits for the decision of the first-submission action; 1 request did not decide it, and the next is made at 2026-03-02T00:00:00Z.",
        ),
        (
            State::PendingAction,
            "action_webhook",
            &json!({"action": "webhook"}),
            None,
            "The lead waits for the decision of the first-submission action.",
        ),
        (
            State::PendingAction,
            "action_review",
            &json!({"action": "review"}),
            None,
            "The lead waits for a person to approve or reject it.",
        ),
        (
            State::PendingAction,
            "action_failed",
            &json!({"reason": "no response.", "review": true}),
            None,
            "The lead waits for a person to approve or reject it, since the first-submission action did not decide: no response.",
        ),
        (
            State::PendingAction,
            "action_approved",
            &json!({"action": "webhook"}),
            Some(&to_action),
            "The first-submission action approved the lead, which goes on in its turn.",
        ),
        (
            State::PendingAction,
            "review_approved",
            &json!({"action": "review"}),
            None,
            "A person approved the lead, which goes on in its turn.",
        ),
    ];
    for (state, cause, detail, asked, expected) in table {
        let why = explain(&Standing {
            state,
            cause,
            detail,
            decision: &Value::Null,
            asked,
            queue_at: Some(at),
            is_erased: false,
        });
        assert_eq!(why.sentence, expected);
    }
}

/// O4 L8: what the client said is told, and shown as it came.
#[test]
fn o4_what_the_client_said_is_told_and_shown() {
    let last = json!({"status": 200, "body": "{\"result\":\"no\"}", "truncated": false, "rule": "interpret.outcomes[1]", "reason": "no"});
    let table = [
        (
            State::Rejected,
            "client_rejected",
            json!({"reason": "out of area", "last_response": last}),
            "The client rejected the lead: out of area.",
        ),
        (
            State::Rejected,
            "client_rejected",
            json!({"last_response": last, "moved_to": "ROOF"}),
            "The client rejected the lead without a reason, with a response of status 200; it goes on in campaign `ROOF`.",
        ),
        (
            State::Duplicate,
            "client_duplicate",
            json!({"reason": "known", "last_response": last}),
            "The client rejected the lead as a duplicate: known.",
        ),
        (
            State::Failed,
            "client_failed",
            json!({"reason": "status 404. Not found.", "last_response": {"status": 404}}),
            "The lead failed at the client: status 404; Not found.",
        ),
        (
            State::Failed,
            "client_failed",
            json!({"reason": "destination_removed"}),
            "The lead failed because the endpoint that its message was made for is gone.",
        ),
        (
            State::Failed,
            "retries_exhausted",
            json!({"attempts": 4, "last_response": {"status": 503}}),
            "The client did not accept the lead in 4 attempts; the last one ended with a response of status 503.",
        ),
        (
            State::Failed,
            "retries_exhausted",
            json!({"attempts": 1, "reason": "connection failed", "last_response": {"error": "io", "message": "connection failed"}}),
            "The client did not accept the lead in 1 attempt; the last one ended with no response (connection failed).",
        ),
        (
            State::Failed,
            "not_interpreted",
            json!({"last_response": last}),
            "Nobody knows whether the client has the lead, since a response of status 200 could not be interpreted.",
        ),
        (
            State::Delivered,
            "client_accepted",
            json!({"reference": "L-7", "price": "12.50"}),
            "The client accepted the lead; its reference is `L-7` and its price is 12.50.",
        ),
        (
            State::Delivered,
            "stored",
            json!({"detail": "stored"}),
            "The lead is stored, and its campaign sends its leads to no client.",
        ),
        (
            State::Rejected,
            "moved",
            json!({"cause": "cap_reached", "period": "hour", "limit": 5, "moved_to": "ROOF"}),
            "The lead goes on in campaign `ROOF` because the cap for the hour of 5 leads is reached.",
        ),
        (
            State::Rejected,
            "schedule_closed",
            json!({"opens_at": "T"}),
            "The lead is rejected because the schedule of its campaign was closed when it came.",
        ),
        (
            State::Duplicate,
            "duplicate",
            json!({"fields": ["email", "phone"], "duplicate_of": "req_1-0", "received_at": "2026-03-01T12:00:00Z"}),
            "The lead is a duplicate, because the same `email` and `phone` came before with submission `req_1-0` at 2026-03-01T12:00:00Z.",
        ),
        (
            State::Quarantined,
            "map_failed",
            json!({"field": "email", "input": "x", "message": "not an address"}),
            "The lead is in quarantine because `email` can't be mapped: not an address.",
        ),
        (
            State::Disqualified,
            "review_rejected",
            json!({"reason": "a joke"}),
            "The lead is disqualified because a person rejected it: a joke.",
        ),
        (
            State::Canceled,
            "expired",
            json!({"queued_at": "2026-03-01T00:00:00Z", "expires_at": "2026-03-02T00:00:00Z"}),
            "The lead is canceled because it waited in the queue since 2026-03-01T00:00:00Z and expired at 2026-03-02T00:00:00Z.",
        ),
    ];
    for (state, cause, detail, expected) in table {
        assert_eq!(why(state, cause, &detail).sentence, expected);
    }
    let shown = why(State::Rejected, "client_rejected", &json!({"reason": "no", "last_response": last}));
    let response = shown.response.unwrap();
    assert_eq!(
        (response.status, response.body.as_deref(), shown.rule.as_deref()),
        (Some(200), Some("{\"result\":\"no\"}"), Some("interpret.outcomes[1]"))
    );
    // Of a lead that was accepted the log of attempts has the response.
    let asked = LastDelivery { attempts: 1, attempt: json!({"status": 201, "body": "ok"}), ..LastDelivery::default() };
    let detail = json!({"price": "1"});
    let standing = Standing {
        state: State::Delivered,
        cause: "client_accepted",
        detail: &detail,
        decision: &Value::Null,
        asked: Some(&asked),
        queue_at: None,
        is_erased: false,
    };
    assert_eq!(explain(&standing).response.unwrap().status, Some(201));
    let failed = why(State::Quarantined, "map_failed", &json!({"field": "email", "input": "x", "message": "m"}));
    assert_eq!((failed.field.as_deref(), failed.actual, failed.response), (Some("email"), Some(json!("x")), None));
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = "(reason|message|field|input|failed_rules|rule|operator|expected|actual|period|limit|opens_at|moved_to|cause|last_response|status|fields|duplicate_of|attempts|[a-z]{1,3})";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        ".{0,300}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(names, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// O4 H6: whatever plugins, clients and people wrote, it is one sentence of bounded length.
    #[test]
    fn o4_it_is_one_sentence_whatever_was_written(detail in any_json(), decision in any_json(), at in 0..CAUSES.len(), attempt in any_json()) {
        let (cause, states) = CAUSES[at];
        let asked = LastDelivery { attempts: 1, retries_max: 2, next_at: None, attempt };
        for &state in states {
            let why = explain(&Standing { state, cause, detail: &detail, decision: &decision, asked: Some(&asked), queue_at: None, is_erased: false });
            // What was written may be anything, so only the form is looked at.
            let is_of_form = !matches!(fault(&why.sentence, ""), Some(what) if what != "it shows internals");
            prop_assert!(is_of_form, "{state:?} {cause}: {}", why.sentence);
        }
    }
}
