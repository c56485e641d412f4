//! Nothing that came in is lost: what no field used is kept (M6).

use crate::house::lead_json;

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

/// H6: keeping many keys takes time in proportion to them; a square of it would take minutes here.
#[test]
fn many_keys_are_kept() {
    let members: Vec<String> = (0..100_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let lead = lead_json("version: 1\nmap: {fields: {a: b}}", &format!("{{{}}}", members.join(",")));
    assert!(lead.contains(r#""k0":0"#) && lead.contains(r#""k99999":99999"#));
}
