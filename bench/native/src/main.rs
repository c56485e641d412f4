//! The measure of the engine's benchmark: into a tree, out of a tree, in the obvious native code.
//!
//! A program of its own, so that serde_json is built as anybody has it. Answers each number on standard input with the
//! microseconds that so many transformations took; 0 with one result.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock and environment")]

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Map, Value, json};

const LEAD: &str = include_str!("../../samples/lead.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lines() {
        let leads: usize = line?.trim().parse()?;
        if leads == 0 {
            println!("{}", transform(LEAD).ok_or("the sample has all fields")?);
            continue;
        }
        let start = Instant::now();
        for _ in 0..leads {
            black_box(transform(black_box(LEAD)));
        }
        println!("{}", start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(())
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
