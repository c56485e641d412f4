//! The rules as tables, and as properties of any tree and any text.

use super::{XmlLimits, to_json};
use crate::error::{Fault, Place};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn i10_xml_is_one_json_value() {
    let table = [
        ("<a/>", r#"{"a":""}"#),
        ("<a></a>", r#"{"a":""}"#),
        ("<a>02139</a>", r#"{"a":"02139"}"#),
        ("<a> x\r\ny </a>", r#"{"a":" x\ny "}"#),
        ("<a>\n</a>", r#"{"a":"\n"}"#),
        ("<a><b>1</b><c/></a>", r#"{"a":{"b":"1","c":""}}"#),
        ("<a>\n  <b>1</b>\n  <b>2</b>\n</a>", r#"{"a":{"b":["1","2"]}}"#),
        ("<a><b>1</b><c>2</c><b/></a>", r#"{"a":{"b":["1",""],"c":"2"}}"#),
        ("<a x='1' y=\"2\"/>", r#"{"a":{"@x":"1","@y":"2"}}"#),
        ("<a x='1'> t </a>", r##"{"a":{"@x":"1","#text":" t "}}"##),
        ("<a x='1'> </a>", r#"{"a":{"@x":"1"}}"#),
        ("<p>Hello <b>big</b> world </p>", r##"{"p":{"b":"big","#text":"Hello  world"}}"##),
        ("<a><b x='1'>2</b><b>3</b></a>", r##"{"a":{"b":[{"@x":"1","#text":"2"},"3"]}}"##),
        ("<a><![CDATA[<b>&amp;]]></a>", r#"{"a":"<b>&amp;"}"#),
        ("<a>1<![CDATA[2]]>3</a>", r#"{"a":"123"}"#),
        ("<a>&lt;&#233;&#xe9;&amp;&quot;&apos;&gt;</a>", r#"{"a":"<éé&\"'>"}"#),
        ("<a x='&lt;&#10;&amp;'/>", r#"{"a":{"@x":"<\n&"}}"#),
        ("<a x='1\n2\t3'/>", r#"{"a":{"@x":"1 2 3"}}"#),
        ("<?xml version=\"1.0\"?>\n<!-- c -->\n<a><!-- <b/> --><?p i?>t</a>\n<!-- e -->\n", r#"{"a":"t"}"#),
        ("\u{feff}<a/>", r#"{"a":""}"#),
        (
            "<s:E xmlns:s='urn:s'><s:B><id xsi:nil='true'/></s:B></s:E>",
            r#"{"s:E":{"@xmlns:s":"urn:s","s:B":{"id":{"@xsi:nil":"true"}}}}"#,
        ),
        ("<é><ß>ü</ß></é>", r#"{"é":{"ß":"ü"}}"#),
        (
            "<lead><first_name>Bob</first_name><phone>5127891111</phone><phone>5127892222</phone></lead>",
            r#"{"lead":{"first_name":"Bob","phone":["5127891111","5127892222"]}}"#,
        ),
    ];
    for (xml, expected) in table {
        assert_eq!(to_json(xml, &XmlLimits::default()).as_deref(), Ok(expected), "{xml}");
    }
}

#[test]
fn i10_what_is_not_xml_is_rejected_with_its_place() {
    let table = [
        ("", "xml_syntax", 1, 1),
        ("  \n ", "xml_syntax", 2, 2),
        ("{\"a\":1}", "xml_syntax", 1, 1),
        ("\n x", "xml_syntax", 2, 2),
        ("<a/>x", "xml_syntax", 1, 5),
        ("<a/>\n<b/>", "xml_syntax", 2, 1),
        ("<a>\n<b></a>", "xml_syntax", 2, 4),
        ("<a>\n <b>", "xml_syntax", 2, 2),
        ("</a>", "xml_syntax", 1, 1),
        ("<a", "xml_syntax", 1, 1),
        ("<a><!-- ", "xml_syntax", 1, 4),
        ("<a><![CDATA[", "xml_syntax", 1, 4),
        ("<a>AT&T</a>", "xml_syntax", 1, 6),
        ("<a x='AT&T'/>", "xml_syntax", 1, 1),
        ("<a>&nbsp;</a>", "xml_entity", 1, 4),
        ("<a x='&nbsp;'/>", "xml_entity", 1, 1),
        ("<a>&#0;</a>", "xml_syntax", 1, 4),
        ("<a>&#xd800;</a>", "xml_syntax", 1, 4),
        ("<a x=1/>", "xml_syntax", 1, 6),
        ("<a x/>", "xml_syntax", 1, 5),
        ("<a\n x='1' x='2'/>", "xml_syntax", 2, 8),
        ("<#text>1</#text>", "xml_syntax", 1, 1),
        ("<a @b='1'/>", "xml_syntax", 1, 1),
        ("<1/>", "xml_syntax", 1, 1),
        ("<>x</>", "xml_syntax", 1, 1),
        ("<!DOCTYPE a><a/>", "xml_doctype", 1, 1),
        ("<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;'>]>\n<a>&z;</a>", "xml_doctype", 1, 1),
    ];
    for (xml, code, line, column) in table {
        let error = to_json(xml, &XmlLimits::default()).expect_err(xml);
        assert_eq!((error.code, error.place), (code, Some(Place { line, column })), "{xml}: {error}");
        assert_eq!(error.fault, Fault::Syntax, "{xml}");
        assert!(!error.message.is_empty());
    }
}

#[test]
fn i10_every_bound_of_xml_holds_at_its_edge() {
    let limits = XmlLimits { depth_max: 3, elements_max: 4, attributes_max: 2, output_bytes_max: 60 };
    let long = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes));
    let table = [
        ("<a><b><c/></b></a>".to_owned(), None),
        ("<a><b><c><d/></c></b></a>".to_owned(), Some("xml_too_deep")),
        ("<a><b/><b/><b/></a>".to_owned(), None),
        ("<a><b/><b/><b/><b/></a>".to_owned(), Some("xml_too_large")),
        ("<a x='1' y='2'/>".to_owned(), None),
        ("<a x='1' y='2' z='3'/>".to_owned(), Some("xml_too_large")),
        (long(60 - r#"{"a":"""#.len()), None),
        (long(61 - r#"{"a":"""#.len()), Some("xml_too_large")),
    ];
    for (xml, code) in table {
        let outcome = to_json(&xml, &limits);
        assert_eq!(outcome.as_ref().err().map(|error| error.code), code, "{xml}");
        assert!(outcome.is_ok_and(|json| json.len() <= 61) || code.is_some(), "{xml}");
    }
}

/// How deep a value nests.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn i10_json_nests_at_most_twice_as_deep_as_its_xml() {
    let levels = 32;
    let mut xml = "<a/><a/>".to_owned();
    for _ in 2..levels {
        xml = format!("<a>{xml}</a><a/>");
    }
    let json = to_json(&format!("<a>{xml}</a>"), &XmlLimits::default()).unwrap();
    assert_eq!(depth(&serde_json::from_str(&json).unwrap()), 2 * levels - 1);
    let json = to_json(&format!("<a>{}</a>", xml.replace("<a/>", "<a x=''/>")), &XmlLimits::default()).unwrap();
    assert_eq!(depth(&serde_json::from_str(&json).unwrap()), 2 * levels);
    assert_eq!(to_json(&format!("<a><a>{xml}</a></a>"), &XmlLimits::default()).unwrap_err().code, "xml_too_deep");
}

/// A tree as it is written and as it should be read.
#[derive(Debug, Clone)]
struct Tree {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Tree>,
}

impl Tree {
    fn xml(&self) -> String {
        let mut xml = format!("<{}", self.name);
        for (name, value) in &self.attributes {
            xml.push_str(&format!(" {name}=\"{}\"", quick_xml::escape::escape(value.as_str())));
        }
        xml.push_str(&format!(">{}", quick_xml::escape::escape(self.text.as_str())));
        for child in &self.children {
            xml.push_str(&format!("\n  {}", child.xml()));
        }
        xml + &format!("</{}>", self.name)
    }

    fn value(&self) -> Value {
        if self.attributes.is_empty() && self.children.is_empty() {
            return json!(self.text);
        }
        let mut members = Map::new();
        for (name, value) in &self.attributes {
            members.insert(format!("@{name}"), json!(value));
        }
        for child in &self.children {
            match members.get_mut(&child.name) {
                None => drop(members.insert(child.name.clone(), json!([child.value()]))),
                Some(list) => list.as_array_mut().unwrap().push(child.value()),
            }
        }
        for (name, value) in &mut members {
            if let Some([only]) = value.as_array().filter(|_| !name.starts_with('@')).map(Vec::as_slice) {
                *value = only.clone();
            }
        }
        if !self.text.is_empty() {
            members.insert("#text".into(), json!(self.text));
        }
        Value::Object(members)
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let names = || "[a-d]|[a-z]:[a-z]|é|_-";
    // Without white space at its ends, which layout eats beside children.
    let texts = || "|[!-~]{1,6}|[!-~é][ -~é]{0,6}[!-~é]";
    let attributes =
        move || proptest::collection::btree_map(names(), texts(), 0..3).prop_map(|map| map.into_iter().collect());
    let leaf = (names(), attributes(), texts()).prop_map(|(name, attributes, text)| Tree {
        name,
        attributes,
        text,
        children: Vec::new(),
    });
    leaf.prop_recursive(6, 60, 6, move |inner| {
        (names(), attributes(), texts(), proptest::collection::vec(inner, 0..6))
            .prop_map(|(name, attributes, text, children)| Tree { name, attributes, text, children })
    })
}

proptest! {
    #[test]
    fn i10_any_tree_is_read_back(tree in trees()) {
        let json = to_json(&tree.xml(), &XmlLimits::default()).unwrap();
        let read: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.to_string(), json!({ tree.name.clone(): tree.value() }).to_string());
    }

    #[test]
    fn i10_any_text_gives_a_value_or_a_rejection(
        text in "\\PC{0,60}|(<a>|<b x='1'>|<c/>|</a>|</b>|&amp;|&#|;|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|\\?>|<!DOCTYPE|[<>&'\"= \n\u{0}x]){0,24}"
    ) {
        let limits = XmlLimits { depth_max: 4, elements_max: 8, attributes_max: 2, output_bytes_max: 80 };
        match to_json(&text, &limits) {
            Ok(json) => {
                let value: Value = serde_json::from_str(&json).unwrap();
                prop_assert!(depth(&value) <= 8 && value.is_object());
            }
            Err(error) => prop_assert!(error.place.is_some(), "{}", error),
        }
    }
}
