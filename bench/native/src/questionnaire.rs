//! 19 KB of answers, of which eight are used.

use serde_json::{Map, Value, json};

use crate::digits;

pub fn transform(text: &str) -> Option<String> {
    let form: Value = serde_json::from_str(text).ok()?;
    let (respondent, summary) = (&form["respondent"], &form["summary"]);
    let mut out = Map::new();
    out.insert("id".into(), form["response_id"].clone());
    out.insert("firstName".into(), json!(respondent["name"]["given"].as_str()?.trim()));
    out.insert("email".into(), json!(respondent["email"].as_str()?.to_lowercase()));
    out.insert("phone".into(), json!(format!("+1{}", digits(respondent["phone"].as_str()?))));
    out.insert("heating".into(), form["sections"][3]["questions"][4]["answer"].clone());
    out.insert("budget".into(), summary["budget"].clone());
    out.insert("state".into(), summary["state"].clone());
    out.insert("utm".into(), json!(form["tracking"]["utm_source"].as_str()?.to_lowercase()));
    let is_qualified = out["email"].as_str()?.contains('@')
        && out["budget"].as_f64()? >= 5_000.0
        && ["CA", "TX", "NY"].contains(&out["state"].as_str()?);
    out.insert("qualified".into(), json!(is_qualified));
    serde_json::to_string(&out).ok()
}
