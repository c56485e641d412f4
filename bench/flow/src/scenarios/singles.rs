//! Single leads of somebody who is not to notice what others do.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::latency;
use crate::load::{Accepted, Amount, Posted, Poster};
use crate::world::World;

/// One lead each so often.
pub const INTERVAL: Duration = Duration::from_millis(100);
/// How often progress is asked for.
pub const POLL: Duration = Duration::from_millis(200);
/// How long what is under way is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

type Receipts = HashMap<Box<str>, u64>;

/// Posts one lead each [`INTERVAL`].
pub async fn post(poster: &mut Poster, seconds: u64) -> Result<Posted> {
    let requests = seconds * 1_000 / u64::try_from(INTERVAL.as_millis())?;
    let until = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
    poster.post_scheduled(Amount { requests, until, keeps_ids: true }, INTERVAL).await
}

/// Until all of them were received, or patience ends.
pub async fn wait(world: &mut World, posted: &Posted) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let receipts = world.receiver.receipts().await?;
        if posted.accepted.iter().all(|lead| receipts.contains_key(&lead.id)) {
            break;
        }
        tokio::time::sleep(POLL * 5).await;
    }
    Ok(())
}

/// From acknowledged to received. What was not received counts with the time it has waited, and is counted apart.
pub fn latencies(leads: &[Accepted], receipts: &Receipts, now_us: u64) -> Result<(Option<latency::Percentiles>, u64)> {
    let received_us = |lead: &Accepted| receipts.get(&lead.id).copied();
    let waited = leads.iter().map(|lead| received_us(lead).unwrap_or(now_us).saturating_sub(lead.at_us));
    let not_received = leads.iter().filter(|lead| received_us(lead).is_none()).count();
    Ok((latency::compute_percentiles(waited)?, not_received as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lead that was not received is not left out: it makes the latency worse.
    #[test]
    fn what_was_not_received_counts_with_its_wait() -> Result<()> {
        let lead = |id: &str| Accepted { id: id.into(), campaign: 0, at_us: 1_000_000 };
        let receipts = HashMap::from([("a".into(), 1_010_000)]);
        let (percentiles, not_received) = latencies(&[lead("a"), lead("b")], &receipts, 9_000_000)?;
        assert_eq!(not_received, 1);
        assert!(percentiles.is_some_and(|found| (found.max - 8_000.0).abs() < 10.0));
        Ok(())
    }
}
