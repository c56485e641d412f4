//! The standard document on what real sources send (O3).

use crate::fixtures::{context, inbound, json, lead, leads, map_with};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name))
    };
}

/// Compares the standard fields and the names of the custom ones.
fn check(body: &str, expected: &str, custom: &[&str]) {
    let mut lead = json(&lead("", body).lead);
    let found = lead["custom"].take();
    lead.as_object_mut().unwrap().remove("custom");
    assert_eq!(lead, json(expected), "{body}");
    let names: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(names, custom, "{body}");
}

#[test]
fn o3_a_crm_with_nested_address_and_custom_fields() {
    check(
        fixture!("leadsail-submit.json"),
        r#"{"first_name":"Jane","last_name":"Smith","email":"jane@example.com","phone":"+15559876543","street":"123 Main St",
            "city":"Los Angeles","state":"CA","zip":"90210","country":"US","date_of_birth":"1990-05-15"}"#,
        &["debt", "questionnaire", "compliance", "timezone"],
    );
    assert!(lead("", fixture!("leadsail-submit.json")).is_test, "isTest was true");
}

#[test]
fn o3_name_and_value_lists_of_google_and_facebook() {
    check(
        fixture!("google-lead-form.json"),
        r#"{"external_id":"TeSt-123","first_name":"Jane","last_name":"Doe","phone":"+16505550123","zip":"02139"}"#,
        &[
            "api_version",
            "form_id",
            "gcl_id",
            "adgroup_id",
            "creative_id",
            "asset_group_id",
            "lead_stage",
            "lead_submit_time",
            "user_column_data",
        ],
    );
    assert!(lead("", fixture!("google-lead-form.json")).is_test);
    check(
        fixture!("facebook-lead-fields.json"),
        r#"{"external_id":"14905838062380228","first_name":"Maria","last_name":"Lopez","email":"maria@example.com",
            "phone":"+15125550199"}"#,
        &["created_time", "ad_id", "form_id", "is_organic", "platform", "field_data"],
    );
}

/// M3: the source said null, and null it stays.
#[test]
fn o3_m3_explicit_nulls_stay_null() {
    check(
        fixture!("dealer-explicit-nulls.json"),
        r#"{"first_name":"Example","last_name":"Visitor","email":null,"phone":"+15125550142"}"#,
        &["website", "conversion_page", "lead_comments"],
    );
}

#[test]
fn o3_dotted_keys_and_events() {
    check(
        fixture!("dotted-keys-form.json"),
        r#"{"first_name":"Jake","last_name":"Broe","email":"j@to.example"}"#,
        &["fields"],
    );
    let custom = json(&lead("", fixture!("dotted-keys-form.json")).lead)["custom"].take();
    assert_eq!(custom, json(r#"{"fields":{"name":"Jake Broe","rate_this":5}}"#));
    let reply = json(&lead("", fixture!("smartlead-email-reply.json")).lead);
    assert_eq!((&reply["email"], &reply["first_name"]), (&json(r#""l@x.example""#), &json(r#""James""#)));
}

/// M1: a list at the root is one lead for each item, and one without e-mail and phone is still a lead.
#[test]
fn m1_a_root_list_is_several_leads() {
    let leads = leads("", fixture!("hubspot-app-events.json"));
    assert_eq!(leads.len(), 2);
    let second = json(&leads[1].as_ref().unwrap().lead);
    assert_eq!(second["custom"]["subscriptionType"], "contact.creation");
}

#[test]
fn o3_the_lead_of_the_benchmark() {
    let lead = lead("", fixture!("bench-lead.json"));
    let found = json(&lead.lead);
    for (field, expected) in [
        ("external_id", "L-10293"),
        ("first_name", "Alice"),
        ("email", "alice.smith@example.com"),
        ("phone", "+15551234567"),
        ("zip", "90210"),
        ("street", "123 Main Street"),
        ("ip", "203.0.113.9"),
    ] {
        assert_eq!(found[field], expected, "{field}");
    }
    assert!(lead.warnings.is_empty(), "{:?}", lead.warnings);
}

#[test]
fn o3_usual_names_are_recognised_in_any_spelling() {
    for (body, field, expected) in [
        (r#"{"firstName":"A"}"#, "first_name", "A"),
        (r#"{"First Name":"A"}"#, "first_name", "A"),
        (r#"{"first-name":" A  B "}"#, "first_name", "A B"),
        (r#"{"fname":"A"}"#, "first_name", "A"),
        (r#"{"given_name":"A"}"#, "first_name", "A"),
        (r#"{"name":{"first":"A"}}"#, "first_name", "A"),
        (r#"{"name":"A B"}"#, "last_name", "B"),
        (r#"{"full_name":"A B C"}"#, "last_name", "C"),
        (r#"{"mobile":"512-555-0142"}"#, "phone", "+15125550142"),
        (r#"{"lead.phone_1":"5127891111"}"#, "phone", "+15127891111"),
        (r#"{"phone":["","5127891111","5127892222"]}"#, "phone", "+15127891111"),
        (r#"{"phone":5127891111}"#, "phone", "+15127891111"),
        (r#"{"zipcode":"02139"}"#, "zip", "02139"),
        (r#"{"Postal Code":2139}"#, "zip", "2139"),
        (r#"{"dob":"1976-10-12"}"#, "date_of_birth", "1976-10-12"),
        (r#"{"address":"1 Main St"}"#, "street", "1 Main St"),
        (r#"{"address":{"line1":"1 Main St"}}"#, "street", "1 Main St"),
        (r#"{"contact":{"address":{"city":"X"}}}"#, "city", "X"),
        (r#"{"E-Mail":"A@B.example"}"#, "email", "a@b.example"),
        (r#"{"email":"","mail":"a@b.example"}"#, "email", "a@b.example"),
    ] {
        assert_eq!(json(&lead("", body).lead)[field], expected, "{body}");
    }
}

/// O3: posting works before anyone maps anything, so nothing fails a lead, and nothing is lost.
#[test]
fn o3_bad_values_are_kept_raw_with_a_notice() {
    let odd = lead("", r#"{"email":"not an address","phone":"call me","city":{"a":1}}"#);
    let expected = r#"{"email":"not an address","phone":"call me","custom":{"city":{"a":1}}}"#;
    assert_eq!(json(&odd.lead), json(expected));
    let codes: Vec<&str> = odd.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["kept_raw", "kept_raw"]);
    let empty = lead("", "{}");
    assert_eq!(empty.lead, r#"{"custom":{}}"#);
}

/// O6: the label and the tag of the inbound webhook are put on its leads.
#[test]
fn o6_label_and_tag_of_the_webhook_reach_the_lead() {
    let mut element = inbound(r#"{"tags":"vip, new"}"#);
    element.origin.source_label = Some("modal".into());
    element.origin.tag = Some("web".into());
    let mapped = map_with("", context(), element).unwrap().leads.remove(0).unwrap();
    assert_eq!(json(&mapped.lead), json(r#"{"source":"modal","tags":["vip","new","web"],"custom":{}}"#));
}

/// I10: of double keys the last wins, and the submission is told.
#[test]
fn i10_double_keys_are_told() {
    let lead = lead("", r#"{"email":"a@b.example","email":"c@d.example"}"#);
    assert_eq!(json(&lead.lead)["email"], "c@d.example");
    assert_eq!((lead.warnings[0].code.as_str(), lead.warnings[0].path.as_str()), ("duplicate_key", "email"));
}
