//! Hookmill: a WebAssembly plugin host for webhook transforms in lead campaigns.
//!
//! The modules are floors of a house. A file imports from its own module and from lower floors, never up and never sideways;
//! `tests/it/house.rs` holds everybody to it.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 0 | [`clock`], [`ids`] | time and chance, as arguments |
//! | 1 | [`model`] | pure values and rules |
//! | 2 | [`store`] | everything kept |
//! | 2 | [`outbound`] | everything sent |

pub mod clock;
pub mod ids;
pub mod model;
pub mod outbound;
pub mod store;
