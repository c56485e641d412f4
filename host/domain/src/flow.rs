//! Memory first, database for truth: the part of the flow of due work that has no I/O. [`lanes`] holds what is in memory and knows
//! what the store alone has, [`leases`] says which shards this host may work on. Neither depends on a database, a clock or a task, so that
//! a simulation can run them through thousands of histories.

pub mod lanes;
pub mod leases;

/// How many shards due work is spread over. A host works on the shards it leases; more hosts than shards share nothing more.
pub const SHARDS: u16 = 64;

/// The shard of what belongs together under `id` (FNV-1a): the same on every host and in every version.
pub fn shard_for(id: &str) -> u16 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    u16::try_from(hash % u64::from(SHARDS)).unwrap_or(0)
}
