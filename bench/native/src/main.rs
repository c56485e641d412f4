//! The measure of the engine's benchmark: into a tree, out of a tree, in the obvious native code.
//!
//! A program of its own, so that serde_json is built as anybody has it. Answers each number on standard input with the
//! microseconds that so many transformations took; 0 with one result.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock and environment")]

mod facebook;
mod lead;
mod patterns;
mod questionnaire;
mod xml;

use std::hint::black_box;
use std::time::Instant;

type Transform = fn(&str) -> Option<String>;

const SAMPLES: [(&str, &str, Transform); 5] = [
    ("lead", include_str!("../../samples/lead/input.json"), lead::transform),
    ("facebook", include_str!("../../samples/facebook/input.json"), facebook::transform),
    ("patterns", include_str!("../../samples/patterns/input.json"), patterns::transform),
    ("questionnaire", include_str!("../../samples/questionnaire/input.json"), questionnaire::transform),
    ("xml", include_str!("../../samples/xml/input.json"), xml::transform),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let (_, input, transform) = SAMPLES.iter().find(|sample| sample.0 == name).ok_or("which sample?")?;
    for line in std::io::stdin().lines() {
        let leads: usize = line?.trim().parse()?;
        if leads == 0 {
            println!("{}", transform(input).ok_or("the sample has all fields")?);
            continue;
        }
        let start = Instant::now();
        for _ in 0..leads {
            black_box(transform(black_box(input)));
        }
        println!("{}", start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
