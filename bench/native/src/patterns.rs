//! Three regular expressions.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

static SOURCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("utm_source=([^&]+)").ok());
static ZIP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[0-9]{5}").ok());
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}").ok());

pub fn transform(text: &str) -> Option<String> {
    let lead: Value = serde_json::from_str(text).ok()?;
    let found =
        |pattern: &Option<Regex>, field: &str| Some(json!(pattern.as_ref()?.find(lead[field].as_str()?)?.as_str()));
    let source = SOURCE.as_ref()?.captures(lead["page"].as_str()?)?;
    let mut out = Map::new();
    out.insert("email".into(), json!(lead["email"].as_str()?.to_lowercase()));
    out.insert("source".into(), json!(&source[1]));
    out.insert("zip".into(), found(&ZIP, "postal")?);
    out.insert("start".into(), found(&DATE, "message")?);
    out.insert("state".into(), lead["state"].clone());
    out.insert("ip".into(), lead["ip"].clone());
    let is_qualified = out["email"].as_str()?.contains('@') && ["CA", "TX", "NY"].contains(&out["state"].as_str()?);
    out.insert("qualified".into(), json!(is_qualified));
    serde_json::to_string(&out).ok()
}
