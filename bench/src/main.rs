//! Benchmarks and their load generator.
fn main() {}
