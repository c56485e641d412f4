//! The product, tested from outside: one binary.

mod engine;
mod flow;
mod house;
mod ingest;
