//! The harness of the integration tests: a world with a host in it, actors who use it, and a receiver that can misbehave. Each
//! test owns its world: its database, its clock, its data directory.

#![allow(
    clippy::disallowed_methods,
    reason = "tests read the environment and wait in real time; the host they test does not"
)]

pub mod client;
pub mod command_line;
pub mod database;
pub mod forge;
pub mod load;
pub mod mortal;
pub mod process;
pub mod random;
pub mod receiver;
pub mod rig;
pub mod sample;
pub mod tree;
pub mod world;

pub use client::{Client, Response};
pub use database::{Kind, TestDatabase};
pub use forge::Forge;
pub use load::{Batch, ExpectedLeads, Load};
pub use process::HostProcess;
pub use random::Random;
pub use receiver::{Behaviour, Ending, Gate, Receiver, Request};
pub use rig::{Rig, Tally};
pub use world::{Neighbour, Tenant, World, WorldOptions};

/// Makes two tests of one body, one for each database.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($kind:ident: Kind) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every body uses all of them")]
            use super::*;

            async fn body($kind: $crate::Kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body($crate::Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                body($crate::Kind::Postgres).await;
            }
        }
    };
}

/// The same on SQLite alone: for long tests of what the database has no part in.
#[macro_export]
macro_rules! on_sqlite {
    ($(#[$meta:meta])* async fn $name:ident($kind:ident: Kind) $body:block) => {
        $(#[$meta])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let $kind = $crate::Kind::Sqlite;
            $body
        }
    };
}
