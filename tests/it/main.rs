//! The product, tested from outside: one binary.

mod crash;
mod engine;
mod flow;
mod hosts;
mod house;
mod ingest;
