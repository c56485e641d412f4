//! The binary `hookmill`.
fn main() {}
