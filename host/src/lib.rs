//! Hookmill: a WebAssembly plugin host for webhook transforms in lead campaigns.
//!
//! The modules are floors of a house. A file imports from its own module and from lower floors, never up and never sideways;
//! a test holds everybody to it.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 0 | [`clock`], [`ids`] | time and chance, as arguments |
//! | 1 | [`model`], [`config`] | pure values and rules, and every bound |
//! | 2 | [`store`], [`engine`], [`outbound`] | everything kept, the sandbox, requests to the outside |
//! | 3 | [`pipeline`] | the life of a lead as verbs |
//! | 4 | [`http`] | every URL |
//! | 5 | [`app`], [`cli`] | the parts put together |

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod http;
pub mod ids;
pub mod model;
pub mod outbound;
pub mod pipeline;
pub mod store;
