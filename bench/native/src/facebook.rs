//! Answers in a list, each found by its name.

use serde_json::{Map, Value, json};

use crate::digits;

pub fn transform(text: &str) -> Option<String> {
    let lead: Value = serde_json::from_str(text).ok()?;
    let answers = lead["field_data"].as_array()?;
    let values = |name: &str| Some(&answers.iter().find(|answer| answer["name"] == name)?["values"]);
    let first = |name| values(name)?[0].as_str();
    let mut out = Map::new();
    out.insert("id".into(), lead["id"].clone());
    out.insert("firstName".into(), json!(first("first_name")?.trim()));
    out.insert("lastName".into(), json!(first("last_name")?.trim()));
    out.insert("email".into(), json!(first("email")?.to_lowercase()));
    out.insert("phone".into(), json!(format!("+1{}", digits(first("phone_number")?))));
    out.insert("city".into(), json!(first("city")?));
    out.insert("state".into(), json!(first("state")?));
    out.insert("zip".into(), json!(first("zip_code")?));
    out.insert("budget".into(), json!(first("what_is_your_budget?")?.parse::<i64>().ok()?));
    out.insert("interests".into(), values("interests")?.clone());
    let is_qualified = out["email"].as_str()?.contains('@')
        && out["budget"].as_f64()? >= 5_000.0
        && ["CA", "TX", "NY"].contains(&out["state"].as_str()?);
    out.insert("qualified".into(), json!(is_qualified));
    serde_json::to_string(&out).ok()
}
