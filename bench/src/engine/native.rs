//! The obvious native code: into a tree, out of a tree.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::sample;
use super::table::Contender;

/// The measure of all others.
pub struct Native;

impl Contender for Native {
    fn name(&self) -> String {
        "native Rust, serde_json tree".to_owned()
    }

    fn once(&mut self) -> Result<String> {
        transform(sample::LEAD).context("the sample has all fields")
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        for _ in 0..leads {
            std::hint::black_box(transform(std::hint::black_box(sample::LEAD)).context("the sample has all fields")?);
        }
        Ok(leads)
    }
}

fn transform(text: &str) -> Option<String> {
    let lead: Value = serde_json::from_str(text).ok()?;
    let (contact, address, tracking) = (&lead["contact"], &lead["address"], &lead["tracking"]);
    let digits: String = contact["phones"][0]["number"].as_str()?.chars().filter(char::is_ascii_digit).collect();
    let mut out = Map::new();
    out.insert("firstName".into(), json!(contact["first_name"].as_str()?.trim()));
    out.insert("lastName".into(), json!(contact["last_name"].as_str()?.trim()));
    out.insert("email".into(), json!(contact["emails"][0]["address"].as_str()?.to_lowercase()));
    out.insert("phone".into(), json!(format!("+1{digits}")));
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
