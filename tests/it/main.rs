//! The product, tested from outside: one binary.

mod api;
mod bad_input;
mod bodies;
mod cases;
mod cli;
mod crash;
mod deliver;
mod description;
mod discovery;
mod engine;
mod examples;
mod flow;
mod hostile;
mod hosts;
mod ingest;
mod interpret;
mod layers;
mod permissions;
mod prepared;
mod process;
mod replay;
mod requirements;
mod store;
mod tables_of_documents;
mod value_sets;
mod words;
