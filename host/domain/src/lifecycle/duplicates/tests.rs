//! The keys of leads under duplicate rules.

use super::*;

fn rule(fields: &[DuplicateField], matches: Matches, scope: DuplicateScope) -> DuplicateRule {
    DuplicateRule { fields: fields.to_vec(), matches, window_days: 30, scope, action: DuplicateAction::Reject }
}

use DuplicateField::{Email, ExternalId, Phone};

fn any(lead: &str) -> Vec<DuplicateKey> {
    rule(&[Phone, Email, ExternalId], Matches::Any, DuplicateScope::Campaign).keys(b"salt", lead)
}

fn all(lead: &str) -> Vec<DuplicateKey> {
    rule(&[Phone, Email], Matches::All, DuplicateScope::Campaign).keys(b"salt", lead)
}

fn fields(keys: &[DuplicateKey]) -> Vec<&str> {
    keys.iter().map(|key| key.fields.as_str()).collect()
}

const ALICE: &str = r#"{"email":"alice@x.example","phone":"+15125550100","external_id":"aB1"}"#;

#[test]
fn l3_any_gives_a_key_for_each_field_and_all_one_for_them_together() {
    assert_eq!(fields(&any(ALICE)), ["email", "phone", "external_id"]);
    assert_eq!(fields(&any(r#"{"phone":"+15125550100","email":" "}"#)), ["phone"]);
    assert_eq!(fields(&all(ALICE)), ["email+phone"]);
    for lacking in [
        r#"{"email":"a@x.example"}"#,
        r#"{"email":"a@x.example","phone":null}"#,
        r#"{"email":"a@x.example","phone":" "}"#,
    ] {
        assert!(all(lacking).is_empty(), "{lacking}");
    }
    let one = rule(&[Email], Matches::All, DuplicateScope::Campaign).keys(b"salt", ALICE);
    assert_eq!(one, any(ALICE)[..1], "all of one is any of one");
}

#[test]
fn l3_values_are_compared_without_blanks_and_case_but_ids_as_they_are() {
    let same = r#"{"email":" Alice@X.example ","phone":"+15125550100\t","external_id":" aB1"}"#;
    assert_eq!(any(same), any(ALICE));
    assert_ne!(any(r#"{"external_id":"ab1"}"#), any(r#"{"external_id":"aB1"}"#));
    assert_eq!(any(r#"{"external_id":17}"#), any(r#"{"external_id":"17"}"#));
    assert_ne!(any(r#"{"email":"17"}"#)[0].hash, any(r#"{"external_id":"17"}"#)[0].hash);
}

#[test]
fn l3_a_combined_key_is_the_values_each_in_its_place() {
    let key = |email: &str, phone: &str| all(&serde_json::json!({ "email": email, "phone": phone }).to_string());
    assert_eq!(key("a@x.example", "1"), key("A@x.example", "1"));
    for (email, phone) in [("a@x.example", "2"), ("b@x.example", "1"), ("1", "a@x.example"), ("a@x.example1", "1")] {
        assert_ne!(key("a@x.example", "1"), key(email, phone), "{email} {phone}");
    }
    let turned = rule(&[Email, Phone, Email], Matches::All, DuplicateScope::Campaign).keys(b"salt", ALICE);
    assert_eq!(turned, all(ALICE), "the order of the fields means nothing");
}

#[test]
fn l3_what_is_no_text_and_no_number_is_no_key_and_nothing_crosses_organizations() {
    for lead in ["{}", "[]", "nonsense", r#"{"email":null,"phone":true,"external_id":["x"]}"#] {
        assert!(any(lead).is_empty(), "{lead}");
    }
    let other = rule(&[Email], Matches::Any, DuplicateScope::Campaign).keys(b"pepper", ALICE);
    assert_ne!(other[0].hash, any(ALICE)[0].hash);
}

#[test]
fn l3_a_scope_names_what_is_compared_and_where() {
    let name = |scope, client| rule(&[Email], Matches::Any, scope).scope_name("email", "cmp_1", client);
    assert_eq!(name(DuplicateScope::Campaign, Some("cli_1")), "dup:campaign:cmp_1:email");
    assert_eq!(name(DuplicateScope::Client, Some("cli_1")), "dup:client:cli_1:email");
    assert_eq!(name(DuplicateScope::Client, None), "dup:campaign:cmp_1:email");
    assert_eq!(name(DuplicateScope::Organization, None), "dup:organization::email");
}
