//! What is wrong with a lifecycle is named by its place, all at once.

use super::*;
use crate::error::ApiError;
use serde_json::{Value, json};

fn check(draft: Value) -> Result<Lifecycle, ApiError> {
    let draft: LifecycleDraft =
        serde_json::from_value(draft.clone()).unwrap_or_else(|error| panic!("{error}: {draft}"));
    let mut faults = Faults::default();
    let lifecycle = draft.check("SELF", &mut faults);
    faults.end().map(|()| lifecycle)
}

fn window(from: &str, until: &str) -> Value {
    json!({ "windows": [{ "days": ["monday"], "from": from, "until": until }] })
}

#[test]
fn l3_l5_l6_l7_l8_each_contradiction_is_named_by_its_place() {
    let table = [
        (json!({"duplicates": {"fields": [], "window_days": 1}}), "duplicates.fields", "email, phone, external_id"),
        (
            json!({"duplicates": {"fields": ["email", "phone", "email"], "window_days": 1}}),
            "duplicates.fields[2]",
            "remove it",
        ),
        (json!({"duplicates": {"fields": ["email"], "window_days": 0}}), "duplicates.window_days", "1 to 365"),
        (json!({"duplicates": {"fields": ["email"], "window_days": 366}}), "duplicates.window_days", "1 to 365"),
        (json!({"duplicates": {"fields": ["email"], "window_days": 70_000}}), "duplicates.window_days", "1 to 365"),
        (json!({"caps": {}}), "caps", "at least one"),
        (json!({"caps": {"day": 0}}), "caps.day", "pause the campaign"),
        (json!({"caps": {"total": 1_000_000_001}}), "caps.total", "1000000000"),
        (json!({"caps": {"day": 100, "week": 50}}), "caps.day", "`caps.week` comes first; make it 50 at most"),
        (json!({"caps": {"hour": 11, "total": 10}}), "caps.hour", "make it 10 at most"),
        (json!({"caps": {"week": 201, "month": 100}}), "caps.week", "make it 200 at most"),
        (json!({"caps": {"day": 1, "when_reached": "next"}}), "caps.when_reached", "`fallback.campaigns`"),
        (json!({"schedule": {"windows": []}}), "schedule.windows", "at least one window"),
        (
            json!({"schedule": {"windows": [{"days": [], "from": "09:00", "until": "17:00"}]}}),
            "schedule.windows[0].days",
            "monday",
        ),
        (json!({"schedule": window("9:00", "17:00")}), "schedule.windows[0].from", "such as 09:00"),
        (json!({"schedule": window("24:00", "17:00")}), "schedule.windows[0].from", "00:00 to 23:59"),
        (json!({"schedule": window("09:00", "24:01")}), "schedule.windows[0].until", "00:00 to 24:00"),
        (json!({"schedule": window("09:00", "17:60")}), "schedule.windows[0].until", "such as 17:00"),
        (json!({"schedule": window("09:00", "+7:00")}), "schedule.windows[0].until", "`+7:00`"),
        (json!({"schedule": window("09:00", "09:00")}), "schedule.windows[0].until", "from 00:00 until 24:00"),
        (json!({"schedule": window("00:00", "00:00")}), "schedule.windows[0].until", "no length"),
        (
            json!({"schedule": {"windows": [{"days": ["monday"], "from": "09:00", "until": "17:00"}], "when_closed": "next"}}),
            "schedule.when_closed",
            "`fallback.campaigns`",
        ),
        (json!({"queue_expires_after_hours": 0}), "queue_expires_after_hours", "1 to 8760"),
        (json!({"queue_expires_after_hours": 8761}), "queue_expires_after_hours", "1 to 8760"),
        (json!({"fallback": {"campaigns": []}}), "fallback.campaigns", "at least one"),
        (json!({"fallback": {"campaigns": ["SELF"]}}), "fallback.campaigns[0]", "the campaign itself"),
        (json!({"fallback": {"campaigns": ["A1", "B1", "A1"]}}), "fallback.campaigns[2]", "`A1` again"),
        (
            json!({"fallback": {"campaigns": (0..17).map(|n| format!("C{n}")).collect::<Vec<_>>()}}),
            "fallback.campaigns",
            "at most 16",
        ),
    ];
    for (draft, path, hint) in table {
        let error = check(draft.clone()).map(drop).expect_err(&draft.to_string());
        let details: Vec<_> =
            error.details.iter().map(|detail| (detail.path.as_str(), detail.message.as_str())).collect();
        assert_eq!(details.len(), 1, "{draft}: {details:?}");
        assert!(details[0].0 == path && details[0].1.contains(hint), "{draft}: {details:?}");
    }
    for wrong in
        ["2026-02-30", "02-30", "13-01", "2026-12-25T00:00", "25.12.", "20261225", "1225", "", "-2026-12-25", "éé-é"]
    {
        let schedule =
            json!({"windows": [{"days": ["monday"], "from": "09:00", "until": "17:00"}], "holidays": ["12-25", wrong]});
        let error = check(json!({ "schedule": schedule })).map(drop).expect_err(wrong);
        assert_eq!(error.details[0].path, "schedule.holidays[1]", "{wrong}");
    }
}

#[test]
fn l6_a_list_that_is_too_long_is_one_problem() {
    let windows: Vec<Value> =
        (0..101).map(|_| json!({"days": ["monday"], "from": "09:00", "until": "17:00"})).collect();
    let holidays = vec!["x".repeat(100); 401];
    let error = check(json!({"schedule": {"windows": windows, "holidays": ["01-01"]}})).unwrap_err();
    assert_eq!(error.details.len(), 1, "{error}");
    let error =
        check(json!({"schedule": {"windows": window("09:00", "17:00")["windows"], "holidays": holidays}})).unwrap_err();
    assert!(error.details[0].message.contains("at most 400"), "{error}");
    assert!(!error.details[1].message.contains(&"x".repeat(33)), "what was sent is not repeated as a whole");
}

#[test]
fn all_problems_are_named_at_once() {
    let error = check(json!({
        "duplicates": {"fields": [], "window_days": 0},
        "caps": {"day": 0, "hour": 9, "total": 1, "when_reached": "next"},
        "schedule": {"windows": [{"days": [], "from": "x", "until": "y"}], "holidays": ["z"], "when_closed": "next"},
        "queue_expires_after_hours": 9_000,
    }));
    let paths: Vec<String> = error.unwrap_err().details.into_iter().map(|detail| detail.path).collect();
    let expected = [
        "caps.when_reached",
        "schedule.when_closed",
        "duplicates.fields",
        "duplicates.window_days",
        "caps.day",
        "caps.hour",
        "schedule.holidays[0]",
        "schedule.windows[0].days",
        "schedule.windows[0].from",
        "schedule.windows[0].until",
        "queue_expires_after_hours",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn what_is_left_out_has_a_default_and_what_is_shown_can_be_saved_again() {
    assert_eq!(check(json!({})).unwrap(), Lifecycle::default());
    let least = json!({
        "duplicates": {"fields": ["phone"], "window_days": 30.0},
        "caps": {"week": 20, "month": 10},
        "schedule": {"windows": [{"days": ["sunday", "monday", "monday"], "from": "22:00", "until": "06:00"}, {"days": ["friday"], "from": "00:00", "until": "24:00"}], "holidays": ["02-29", "2026-12-25"]},
        "queue_expires_after_hours": 8_760,
        "fallback": {"campaigns": ["A1"]},
    });
    let lifecycle = check(least).unwrap();
    let shown = serde_json::to_value(LifecycleDraft::from(&lifecycle)).unwrap();
    let expected = json!({
        "duplicates": {"fields": ["phone"], "matches": "any", "window_days": 30, "scope": "campaign", "action": "reject"},
        "caps": {"total": null, "month": 10, "week": 20, "day": null, "hour": null, "when_reached": "queue"},
        "schedule": {"windows": [{"days": ["monday", "sunday"], "from": "22:00", "until": "06:00"}, {"days": ["friday"], "from": "00:00", "until": "24:00"}], "holidays": ["02-29", "2026-12-25"], "when_closed": "queue"},
        "queue_expires_after_hours": 8_760,
        "fallback": {"campaigns": ["A1"], "qualify": true, "after_unanswered": false},
    });
    assert_eq!(shown, expected);
    assert_eq!(check(shown).unwrap(), lifecycle);
    let stored = serde_json::to_vec(&lifecycle).unwrap();
    assert_eq!(serde_json::from_slice::<Lifecycle>(&stored).unwrap(), lifecycle);
}

#[test]
fn what_is_not_understood_is_rejected() {
    for wrong in [
        json!({"cap": {}}),
        json!({"caps": {"days": 1}}),
        json!({"caps": {"day": -1}}),
        json!({"caps": {"day": "1"}}),
        json!({"caps": {"day": 1, "when_reached": "wait"}}),
        json!({"duplicates": {"fields": ["zip"], "window_days": 1}}),
        json!({"schedule": {"windows": [{"days": ["mon"], "from": "09:00", "until": "17:00"}]}}),
    ] {
        assert!(serde_json::from_value::<LifecycleDraft>(wrong.clone()).is_err(), "{wrong}");
    }
}
