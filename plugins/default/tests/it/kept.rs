//! Nothing that came in is lost: what no field used is kept (M6).

use crate::fixtures::lead_json;

/// M6: of a list in a field that holds one text, the values that were not taken stay.
#[test]
fn the_rest_of_a_list_is_kept() {
    let lead = lead_json("version: 1", r#"{"email":["a@b.example","c@d.example"]}"#);
    assert!(lead.contains(r#""email":"a@b.example""#), "{lead}");
    assert!(lead.contains(r#""custom":{"email":["c@d.example"]}"#), "{lead}");
}

/// M6: a name that is taken twice is given a free one each time.
#[test]
fn no_custom_field_replaces_another() {
    let lead = lead_json("version: 1\nmap: {fields: {a: b}}", r#"{"b":1,"inbound_a":2,"a":3}"#);
    for kept in [r#""a":1"#, r#""inbound_a":2"#, r#""inbound_inbound_a":3"#] {
        assert!(lead.contains(kept), "{kept} in {lead}");
    }
}

/// H6: with_referenced_fields many keys takes time in proportion to them; a square of it would take minutes here.
#[test]
fn many_keys_are_kept() {
    let members: Vec<String> = (0..100_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let lead = lead_json("version: 1\nmap: {fields: {a: b}}", &format!("{{{}}}", members.join(",")));
    assert!(lead.contains(r#""k0":0"#) && lead.contains(r#""k99999":99999"#));
}

/// M6: of a list that a query found, the values that were not taken stay.
#[test]
fn the_rest_of_a_list_in_a_query_is_kept() {
    let document =
        "version: 1\nmap: {fields: {email: {from: \"$.data[?@.name == 'email'].values\", then: [first, email]}}}";
    let lead = lead_json(document, r#"{"data":[{"name":"email","values":["a@x.example","b@x.example"]}]}"#);
    assert!(lead.contains(r#""email":"a@x.example""#) && lead.contains("b@x.example"), "{lead}");
}

/// M6: what a source made nothing of stays, whatever stands in its place.
#[test]
fn what_came_to_nothing_is_kept() {
    let document = "version: 1\nmap: {fields: {middle: {from: [{path: name, then: [{split_name: middle}]}], on_missing: {default: \"-\"}}}}";
    let lead = lead_json(document, r#"{"name":"Prince"}"#);
    assert!(lead.contains(r#""middle":"-""#) && lead.contains(r#""name":"Prince""#), "{lead}");
}

/// M6: what lies around an element and was used is not kept again.
#[test]
fn what_is_used_around_an_element_is_kept_once() {
    let document = "version: 1\nmap: {items: \"$.leads[*]\", fields: {source: body.meta.utm}, expand: [body.meta]}";
    let lead = lead_json(document, r#"{"meta":{"utm":"g","x":1},"leads":[{"email":"a@b.example"}]}"#);
    assert_eq!(lead, r#"{"source":"g","custom":{"x":1,"email":"a@b.example"}}"#);
}

/// H6: many objects that are spread take time in proportion to them.
#[test]
fn many_objects_are_spread() {
    let rows: Vec<String> = (0..20_000).map(|at| format!("{{\"a{at}\":1}}")).collect();
    let lead = lead_json("version: 1\nmap: {expand: [\"$.rows[*]\"]}", &format!("{{\"rows\":[{}]}}", rows.join(",")));
    assert!(lead.contains(r#""a0":1"#) && lead.contains(r#""a19999":1"#));
}

/// M3: a loose name is found though it grows when it is written small.
#[test]
fn a_name_that_grows_is_found() {
    let lead = lead_json("version: 1\nmap: {fields: {first_name: ~İsim}}", r#"{"İsim":"Ali"}"#);
    assert!(lead.contains(r#""first_name":"Ali""#), "{lead}");
}
