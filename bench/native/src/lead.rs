//! The lead of 1 KB.

use serde_json::{Map, Value, json};

use crate::digits;

pub fn transform(text: &str) -> Option<String> {
    let lead: Value = serde_json::from_str(text).ok()?;
    let (contact, address, tracking) = (&lead["contact"], &lead["address"], &lead["tracking"]);
    let mut out = Map::new();
    out.insert("firstName".into(), json!(contact["first_name"].as_str()?.trim()));
    out.insert("lastName".into(), json!(contact["last_name"].as_str()?.trim()));
    out.insert("email".into(), json!(contact["emails"][0]["address"].as_str()?.to_lowercase()));
    out.insert("phone".into(), json!(format!("+1{}", digits(contact["phones"][0]["number"].as_str()?))));
    out.insert("state".into(), address["state"].clone());
    out.insert("zip".into(), address["postal"].clone());
    out.insert("city".into(), address["city"].clone());
    out.insert("utm".into(), json!(tracking["utm_source"].as_str()?.to_lowercase()));
    out.insert("income".into(), lead["answers"][2]["value"].clone());
    out.insert("ip".into(), tracking["ip"].clone());
    let is_qualified = out["email"].as_str()?.contains('@')
        && out["income"].as_f64()? >= 50_000.0
        && ["CA", "TX", "NY"].contains(&out["state"].as_str()?);
    out.insert("qualified".into(), json!(is_qualified));
    serde_json::to_string(&out).ok()
}
