//! The bounds of connections as the listener needs them: times in ticks of its watch.

use super::places::{KindBounds, PlaceBounds};
use super::watch::WatchBounds;
use hookmill_domain::config::Limits;

/// How often connections are looked at, in milliseconds, at most and at least.
const TICK_MS: (u64, u64) = (10, 250);
/// How many looks there are in the shortest time that is watched.
const TICKS_IN_SHORTEST: u64 = 8;

/// All of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) places: PlaceBounds,
    pub(super) watch: WatchBounds,
    /// How many bytes the head of a request may have.
    pub(super) head_bytes_max: usize,
}

impl Bounds {
    /// Those that an operator set.
    pub(super) fn of(limits: &Limits) -> Self {
        let times = [limits.connection_idle_ms, limits.head_timeout_ms, limits.progress_ms, limits.reserved_life_ms];
        let shortest = times.into_iter().min().unwrap_or_default();
        let tick_ms = (shortest / TICKS_IN_SHORTEST).clamp(TICK_MS.0, TICK_MS.1);
        let ticks = |ms: u64| ms.div_ceil(tick_ms).max(1);
        Self {
            places: PlaceBounds {
                ordinary: KindBounds {
                    max: limits.connections_max,
                    of_network_max: limits.connections_per_address_max,
                },
                reserved: KindBounds {
                    max: limits.reserved_connections_max,
                    of_network_max: limits.reserved_per_address_max,
                },
            },
            watch: WatchBounds {
                tick_ms,
                idle: ticks(limits.connection_idle_ms),
                head: ticks(limits.head_timeout_ms),
                progress: ticks(limits.progress_ms),
                progress_bytes_min: limits.progress_bytes_min,
                reserved_life: ticks(limits.reserved_life_ms),
            },
            head_bytes_max: limits.head_bytes_max,
        }
    }
}
