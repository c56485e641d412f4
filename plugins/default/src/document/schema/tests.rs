//! The schema takes what the parser takes, and rejects what an editor can see to be wrong.

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};

use super::*;
use crate::document::{STANDARD_DOCUMENT, STANDARD_PAYLOAD, compile, json};

struct Checked {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Checked {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let schema = serde_json::from_str(&schema()).unwrap();
        compiler.add_resource("mem:document.json", schema).unwrap();
        // Compiling checks it against the schema of schemas.
        let index = compiler.compile("mem:document.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Self { schemas, index }
    }

    fn says(&self, document: &str) -> Result<(), String> {
        let root = if json::looks_like_json(document) { json::read(document) } else { yaml::read(document) };
        let value = serde_json::from_str(&text_of(&root.unwrap().value())).unwrap();
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every document that lies in the repository, and every one that stands in a text about it.
fn documents() -> Vec<(String, String)> {
    let root = repository();
    let mut found = vec![];
    let mut open: Vec<PathBuf> = ["tests/cases", "bench", "plugins/default", "host/cli/demo", "docs"]
        .iter()
        .map(|place| root.join(place))
        .collect();
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() && !["target", "node_modules"].contains(&name.as_str()) {
                open.push(entry);
            } else if name.ends_with(".yaml") || name.ends_with(".md") {
                let text = std::fs::read_to_string(&entry).unwrap();
                let at = entry.strip_prefix(&root).unwrap().display().to_string();
                found.extend(if name.ends_with(".md") { blocks(&at, &text) } else { vec![(at, text)] });
            }
        }
    }
    found
}

fn blocks(at: &str, text: &str) -> Vec<(String, String)> {
    let pieces = text.split("```yaml\n").skip(1).filter_map(|piece| piece.split_once("\n```"));
    pieces
        .map(|(block, _)| (at.to_owned(), block.to_owned()))
        .filter(|(_, block)| block.starts_with("version:"))
        .collect()
}

/// M2: what compiles is valid for the schema.
#[test]
fn m2_every_document_of_the_repository_is_valid() {
    let checked = Checked::new();
    let documents = documents();
    let valid: Vec<_> = documents.iter().filter(|(_, text)| compile(text).is_ok()).collect();
    assert!(10 <= valid.len(), "the documents are not where they are looked for: {}", documents.len());
    for (place, text) in valid {
        checked.says(text).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    for document in [STANDARD_DOCUMENT, STANDARD_PAYLOAD] {
        checked.says(document).unwrap();
    }
}

/// M2, M4: every example of every function is valid, and so is every argument by its name.
#[test]
fn m2_m4_every_call_of_the_reference_is_valid() {
    let checked = Checked::new();
    for spec in crate::functions::registry::registry() {
        for example in spec.examples {
            let document = format!("version: 1\nmap: {{fields: {{x: {{from: a, then: {}}}}}}}", example.call);
            checked.says(&document).unwrap_or_else(|error| panic!("{}: {error}", example.call));
        }
    }
}

/// M2, M7: every example of every operator is valid.
#[test]
fn m2_m7_every_rule_of_the_reference_is_valid() {
    let checked = Checked::new();
    for declared in crate::plan::OPERATORS {
        let document = format!("version: 1\nqualify: [{}]", declared.example.rule);
        checked.says(&document).unwrap_or_else(|error| panic!("{}: {error}", declared.example.rule));
    }
}

/// M2: every key's example is valid where it stands alone.
#[test]
fn m2_every_example_of_a_key_is_valid() {
    let checked = Checked::new();
    let map = keys::MAP.map(|key| format!("version: 1\nmap:\n  {}: {}", key.name, key.example));
    let fields = keys::FIELDS.map(|key| format!("version: 1\nmap:\n  fields:\n    {}: {}", key.name, key.example));
    let message = keys::MESSAGE.map(|key| {
        let rest = if key.name == "body" { "" } else { ", body: {a: 1}" };
        let format = if matches!(key.name, "root" | "declaration") { ", format: xml" } else { "" };
        format!("version: 1\nshape: {{client: {{{}: {}{rest}{format}}}}}", key.name, key.example)
    });
    let outcome = keys::OUTCOME.map(|key| {
        let rest = if key.name == "outcome" { "" } else { ", outcome: retry" };
        format!("version: 1\ninterpret: {{outcomes: [{{{}: {}{rest}}}]}}", key.name, key.example)
    });
    let recipe = keys::RECIPE.map(|key| {
        let rest = if matches!(key.name, "from" | "template" | "value") { "" } else { ", from: a" };
        format!("version: 1\nmap: {{fields: {{x: {{{}: {}{rest}}}}}}}", key.name, key.example)
    });
    for document in map.iter().chain(&fields).chain(&message).chain(&outcome).chain(&recipe) {
        checked.says(document).unwrap_or_else(|error| panic!("{document}: {error}"));
        compile(document).unwrap_or_else(|problems| panic!("{document}: {problems:#?}"));
    }
}

/// M2: what an editor marks.
#[test]
fn m2_wrong_documents_are_not_valid() {
    let checked = Checked::new();
    for document in [
        "name: x",
        "version: 2",
        "version: 1\nmpa: {}",
        "version: 1\nmap: {field: {}}",
        "version: 1\nmap: {unknown: keep}",
        "version: 1\nmap: {fields: {custom: a}}",
        "version: 1\nmap: {fields: {x: 5}}",
        "version: 1\nmap: {fields: {x: []}}",
        "version: 1\nmap: {fields: {x: {form: a}}}",
        "version: 1\nmap: {fields: {x: {from: a, value: 1}}}",
        "version: 1\nmap: {fields: {x: {from: [{pth: a}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, on_missing: keep}}}",
        "version: 1\nmap: {fields: {x: {from: a, on_error: {defualt: 1}}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: trimm}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: truncate}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{trim: 1}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{pad: 5000}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{pad: {two: 5}}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{lookup: {default: x}}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{split_name: fist}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{trim: 1, lower: 1}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{range_label: [{below: 3}]}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{rename: {}}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{from_pairs: {value: []}}]}}}",
        "version: 1\nmap: {variables: {'a b': x}, fields: {y: z}}",
        "version: 1\nmap: {variables: [a], fields: {y: z}}",
        "version: 1\nqualify: {field: a, op: present}",
        "version: 1\nqualify: [{field: a}]",
        "version: 1\nqualify: [{op: present}]",
        "version: 1\nqualify: [{field: a, op: gte, value: 1}]",
        "version: 1\nqualify: [{field: a, op: ge, value: '1'}]",
        "version: 1\nqualify: [{field: a, op: ge}]",
        "version: 1\nqualify: [{field: a, op: in, value: CA}]",
        "version: 1\nqualify: [{field: a, op: present, value: 1}]",
        "version: 1\nqualify: [{field: a, op: eq, value: 1, other: b}]",
        "version: 1\nqualify: [{field: a, op: lt, value: 1, ignore_case: true}]",
        "version: 1\nqualify: [{field: a, op: valid, value: mail}]",
        "version: 1\nqualify: [{field: a, op: between, values: [1]}]",
        "version: 1\nqualify: [{any: []}]",
        "version: 1\nqualify: [{any: [{field: a, op: present, severity: soft}]}]",
        "version: 1\nqualify: [{field: a, op: present, severity: mild}]",
        "version: 1\nshape: {clinet: {body: {}}}",
        "version: 1\nshape: {client: {}}",
        "version: 1\nshape: {client: {body: {}, format: xlm}}",
        "version: 1\nshape: {client: {body: {}, root: a}}",
        "version: 1\nshape: {client: {body: {a: {from: lead.email, on_missing: nil}}}}",
        "version: 1\nshape: {client: {body: {a: {for_each: lead.tags}}}}",
        "version: 1\nshape: {client: {body: {a: {object_of: 5}}}}",
        "version: 1\nshape: {client: {body: {a: {when: {field: lead.zip}, make: 1}}}}",
        "version: 1\nshape: {client: {body: {a: {for_each: lead.tags, when: {field: item}, make: 1}}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{object: {b: {path: c, from: d}}}]}}}",
        "version: 1\nmap: {fields: {x: {from: a, then: [{object: {b: 5}}]}}}",
        "version: 1\nshape: {client: {body: {}, headers: {'a b': x}}}",
        "version: 1\ninterpret: {}",
        "version: 1\ninterpret: {outcomes: []}",
        "version: 1\ninterpret: {outcomes: [{when: {field: a, op: present}}]}",
        "version: 1\ninterpret: {outcomes: [{outcome: acepted}]}",
        "version: 1\ninterpret: {outcomes: [{outcome: failed, retry_after: 3}]}",
        "version: 1\ninterpret: {reason: a, otherwise: maybe}",
    ] {
        assert!(compile(document).is_err(), "{document} compiles");
        assert!(checked.says(document).is_err(), "{document} is valid");
    }
}

/// M2: the published file is this schema. `HOOKMILL_UPDATE_REFERENCE=1` writes it.
#[test]
#[allow(clippy::disallowed_methods, reason = "a switch for whoever changes the language")]
fn m2_the_published_schema_is_the_one_of_the_code() {
    let file = repository().join("docs/document.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("HOOKMILL_UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let published = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(published == text, "{} is not what the code says: run with HOOKMILL_UPDATE_REFERENCE=1", file.display());
}

/// M2, H6: everything in it is described and bounded.
#[test]
fn m2_every_key_of_the_schema_is_described() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let mut open = vec![("document".to_owned(), &schema)];
    while let Some((place, value)) = open.pop() {
        let Some(members) = value.as_object() else { continue };
        if let Some(properties) = members.get("properties").and_then(|it| it.as_object())
            && members.contains_key("additionalProperties")
        {
            for (name, one) in properties {
                assert!(one == false || one["description"].is_string(), "{place}.{name} is not described");
            }
        }
        open.extend(members.iter().map(|(name, value)| (format!("{place}.{name}"), value)));
    }
}
