//! The samples: what comes in, what must become of it, and how each contender is told so.

use anyhow::{Result, ensure};

/// One thing to transform, in the words of each contender.
pub struct Sample {
    /// As `--sample` and the native peer know it.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// As a source posts it.
    pub input: &'static str,
    /// For the default plugin.
    pub document: &'static str,
    /// For QuickJS and V8.
    pub script: &'static str,
    /// For jq.
    pub filter: &'static str,
    expected: &'static str,
}

macro_rules! sample {
    ($name:literal, $title:literal, $expected:literal) => {
        Sample {
            name: $name,
            title: $title,
            input: include_str!(concat!("../../samples/", $name, "/input.json")),
            document: include_str!(concat!("../../samples/", $name, "/document.yaml")),
            script: include_str!(concat!("../../samples/", $name, "/transform.js")),
            filter: include_str!(concat!("../../samples/", $name, "/filter.jq")),
            expected: include_str!(concat!("../../samples/", $name, "/", $expected)),
        }
    };
}

/// All of them; the first is the one that is told of in short.
pub const SAMPLES: [Sample; 5] = [
    sample!("lead", "a lead of 1 KB, ten fields, three rules", "expected.json"),
    sample!("facebook", "answers in a list, each found by its name", "expected.json"),
    sample!("patterns", "three regular expressions", "expected.json"),
    sample!("questionnaire", "19 KB of answers, of which eight are used", "expected.json"),
    sample!("xml", "the lead of 1 KB to XML", "expected.xml"),
];

/// The lead of 1 KB.
pub const LEAD: &Sample = &SAMPLES[0];

impl Sample {
    /// What must come out. The order of an object's members is each contender's own.
    pub fn check(&self, made: &str) -> Result<()> {
        let read = |text| serde_json::from_str::<serde_json::Value>(text);
        let is_same = match read(self.expected) {
            Ok(expected) => read(made).is_ok_and(|made| made == expected),
            Err(_) => made.trim() == self.expected.trim(),
        };
        ensure!(is_same, "{made} is made of `{}`", self.name);
        Ok(())
    }
}
