//! No query, however it is written, takes more than its bounds (H6).

use hookmill_json::DEPTH_MAX;
use hookmill_jsonpath::parse;

use super::found;

fn numbers(count: usize) -> String {
    let items: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    format!("[{}]", items.join(","))
}

fn is_too_wide(query: &str, json: &str) -> bool {
    found(query, json).is_err_and(|why| why.contains("TooWide"))
}

#[test]
fn h6_m3_queries_that_explode_are_rejected() {
    let members: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":[0,0,0,0,0,0,0,0,0,0]")).collect();
    let object = format!("{{{}}}", members.join(","));
    let wide = format!("[{}]", vec![numbers(100); 100].join(","));
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    for (query, json) in [
        ("$..*..*..*", &deep),
        ("$[*,*,*,*,*,*][*,*]", &wide),
        ("$[::,::,::,::,::,::][::,::]", &wide),
        ("$[?$[?$[?@ == 1]]]", &numbers(100)),
        ("$[?@[?$[?@[?@ == 1]]]]", &wide),
        ("$[?count($..*) == 1]", &wide),
        ("$[?value($..*) == 1]", &wide),
        ("$[?$ != $]", &wide),
        ("$..[?length($[0]) == 1 || length($[1]) == 1 || @[-1] == length($[2])][?length($) == 1]", &numbers(60_000)),
        // What is stepped over to find a member or an item counts as well.
        ("$.*[?$.k999 == 1]", &object),
        ("$.*[?$.none == 1]", &object),
        ("$.*[?count($['k0','k9','none']) == 1]", &object),
    ] {
        assert!(is_too_wide(query, json), "{query}: {:?}", found(query, json).map(|all| all.len()));
    }
}

/// Long texts count as well: a path must not read megabytes again and again.
#[test]
fn h6_m3_long_texts_are_counted() {
    let items = vec![format!("\"{}\"", "a\\n".repeat(2000)); 200].join(",");
    let json = format!("[{items}]");
    for condition in ["search(@, 'b')", "length(@) == 1", "@ == 'b'", "@ < $[0]"] {
        let nested = format!("$[?$[?{condition}]]");
        assert!(is_too_wide(&nested, &json), "{nested}");
        assert!(!is_too_wide(&format!("$[?{condition}]"), &json), "{condition}");
    }
}

#[test]
fn h6_m3_wide_lists_within_the_bounds_are_filtered() {
    let items: Vec<String> = (0..5000).map(|n| format!(r#"{{"name":"f{n}","values":["{n}"]}}"#)).collect();
    let json = format!(r#"{{"field_data":[{}],"wanted":"f4999"}}"#, items.join(","));
    for query in ["$.field_data[?@.name == 'f4999'].values[0]", "$.field_data[?'f4999' == @['name']]['values'][-1]"] {
        assert_eq!(found(query, &json).as_deref(), Ok(r#"["4999"]"#), "{query}");
    }
    assert_eq!(found("$..name", &json).map(|all| all.matches("f").count()), Ok(5000));
}

#[test]
fn h6_m3_deep_bodies_are_searched_and_compared() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(DEPTH_MAX - 1), "]".repeat(DEPTH_MAX - 1));
    assert_eq!(found("$..a", &deep(r#"{"a":1}"#)).as_deref(), Ok("[1]"));
    assert_eq!(found("$[?@ == $[0]]", &deep("1")).map(|all| all.len()), Ok(2 * DEPTH_MAX - 1));
    assert!(
        found("$..[?$..[?$..[?@ == $]]]", &deep("1")).is_ok() || is_too_wide("$..[?$..[?$..[?@ == $]]]", &deep("1"))
    );
}

/// Brackets, parentheses and functions nest up to a bound, wherever they are; in texts they are just characters.
#[test]
fn h6_m3_queries_nest_up_to_a_bound() {
    let nested =
        |open: &str, close: &str, depth: usize| format!("$[?{}@.x{}]", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("(", ")"), ("@[?", "]"), ("!(", ")")] {
        assert!(parse(&nested(open, close, 7)).is_ok(), "{open}");
        let error = parse(&nested(open, close, 8)).unwrap_err();
        assert!(error.message.contains("nested more than 8 deep"), "{open}: {error}");
    }
    assert!(parse(&format!("$[?{}@.x{} == 1]", "length(".repeat(8), ")".repeat(8))).is_err());
    assert_eq!(found("$['((((((((((((']", r#"{"((((((((((((":1}"#).as_deref(), Ok("[1]"));
    assert!(parse(&format!("${}", "[0]".repeat(300))).is_ok());
    assert!(parse(&"$[?".repeat(100_000)).is_err());
}
