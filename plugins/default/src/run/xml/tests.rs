//! What is written, and that it reads back.

use hookmill_json::{parse, text_of};
use proptest::prelude::*;

use super::*;

fn xml(json: &str) -> String {
    match document(&parse(json).unwrap(), None, true) {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        Err(failure) => failure.message,
    }
}

#[test]
fn m8_values_as_xml() {
    for (json, expected) in [
        (r#"{"lead":"x"}"#, "<lead>x</lead>"),
        (r#"{"lead":{"zip":"02139","n":1.50,"ok":true}}"#, "<lead><zip>02139</zip><n>1.50</n><ok>true</ok></lead>"),
        (r#"{"lead":{"@id":7,"@none":null,"name":"A"}}"#, r#"<lead id="7"><name>A</name></lead>"#),
        (r##"{"lead":{"@a":"1","#text":"own"}}"##, r#"<lead a="1">own</lead>"#),
        (r##"{"a":{"#cdata":"<b> & ]]> c"}}"##, "<a><![CDATA[<b> & ]]]]><![CDATA[> c]]></a>"),
        (r#"{"a":{"tag":["x","y"],"none":[],"null":null,"obj":{}}}"#, "<a><tag>x</tag><tag>y</tag><null/><obj/></a>"),
        (r#"{"soap:Body":{"@xmlns:soap":"u"}}"#, r#"<soap:Body xmlns:soap="u"/>"#),
        (r#"{"a":"<&>\"'\r\n\u0000\ufffe"}"#, "<a>&lt;&amp;&gt;\"'&#13;\n</a>"),
        (r#"{"a":{"@b":"<&>\"\r\n\t"}}"#, "<a b=\"&lt;&amp;&gt;&quot;&#13;&#10;&#9;\"/>"),
    ] {
        assert_eq!(xml(json), expected, "{json}");
    }
    let declared = document(&parse(r#"{"a":1}"#).unwrap(), Some("r"), false).unwrap();
    assert_eq!(String::from_utf8(declared).unwrap(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?><r><a>1</a></r>");
}

#[test]
fn m8_what_is_no_xml_is_rejected() {
    for (json, part) in [
        ("{}", "here are 0"),
        (r#"{"a":1,"b":2}"#, "here are 2"),
        ("[1]", "no name"),
        (r#"{"a":[1,2]}"#, "one element only"),
        (r#"{"a":{"b":[[1]]}}"#, "list in a list"),
        (r#"{"First Name":1}"#, "`First Name` is not the name"),
        (r#"{"a":{"@b c":1}}"#, "`@b c` is not the name"),
        (r#"{"a":{"@b":[1]}}"#, "must be one text"),
        (r##"{"a":{"#text":{}}}"##, "must be one text"),
    ] {
        assert!(xml(json).contains(part), "{json}: {}", xml(json));
    }
}

#[test]
fn m8_names_of_xml() {
    for good in ["a", "_a", "A.b-c_1", "soap:Body", "é", "名"] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", "1a", "-a", "a b", "a:b:c", ":a", "a:", "a>", "a\"", "@a", "#text", "a\u{0}", "a²", "½", "ª", "µ"]
    {
        assert!(!is_name(bad), "{bad}");
    }
}

/// Trees of texts that XML can hold, in names that it has; no list has one item, for XML has no lists.
fn tree() -> impl Strategy<Value = String> {
    let leaf = "[ -~é\u{1F600}\r\n\t]{0,10}[!-~]".prop_map(|text| text_of(&Value::text(text)));
    leaf.prop_recursive(4, 30, 4, |inner| {
        let several = prop::collection::vec(inner.clone().prop_filter("no list", |j| !j.starts_with('[')), 2..4);
        let value = prop_oneof![inner, several.prop_map(|items| format!("[{}]", items.join(",")))];
        prop::collection::btree_map("[a-c]{1,2}", value, 1..4).prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
    })
    .prop_filter("one element", |json| !json.starts_with('['))
}

proptest! {
    /// M8: what is written reads back as what it was.
    #[test]
    fn m8_xml_reads_back(tree in tree()) {
        let json = format!("{{\"r\":{tree}}}");
        let xml = xml(&json);
        let read = hookmill_bodies::xml::to_json(&xml, &Default::default()).map_err(|why| TestCaseError::fail(format!("{why}: {xml}")))?;
        prop_assert_eq!(text_of(&parse(&read).unwrap()), json);
    }

    #[test]
    fn any_value_is_written_or_rejected(name: String, text: String) {
        let (name, text) = (text_of(&Value::text(name)), text_of(&Value::text(text)));
        for json in [format!("{{{name}:{text}}}"), format!("{{\"a\":{{{name}:{text},\"#cdata\":{text}}}}}")] {
            if let Ok(bytes) = document(&parse(&json).unwrap(), None, false) {
                let xml = String::from_utf8(bytes).unwrap();
                prop_assert!(hookmill_bodies::xml::to_json(&xml, &Default::default()).is_ok(), "{}", xml);
            }
        }
    }
}
