//! Latencies: recorded in microseconds, reported in milliseconds.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

const SIGNIFICANT_DIGITS: u8 = 3;

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    /// Half took no longer.
    pub p50: f64,
    /// 95 of 100 took no longer.
    pub p95: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// An empty histogram of microseconds.
pub fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new(SIGNIFICANT_DIGITS)?)
}

/// Notes a latency.
pub fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    // A histogram that grows as needed takes everything.
    let _ = histogram.record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
}

/// `None` when nothing was recorded.
pub fn percentiles(latency_us: &Histogram<u64>) -> Option<Percentiles> {
    if latency_us.is_empty() {
        return None;
    }
    let ms = |us: u64| us as f64 / 1000.0;
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|quantile| ms(latency_us.value_at_quantile(quantile)));
    Some(Percentiles { p50, p95, p99, max: ms(latency_us.max()) })
}

/// Percentiles of many single latencies in microseconds.
pub fn compute_percentiles(latencies_us: impl Iterator<Item = u64>) -> Result<Option<Percentiles>> {
    let mut histogram = histogram()?;
    latencies_us.for_each(|us| record(&mut histogram, Duration::from_micros(us)));
    Ok(percentiles(&histogram))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Microseconds in, milliseconds out; of nothing there are no percentiles.
    #[test]
    fn percentiles_are_in_milliseconds() -> Result<()> {
        let found = compute_percentiles((1..=1000).map(|ms| ms * 1000))?.unwrap();
        for (value, expected) in [(found.p50, 500.0), (found.p95, 950.0), (found.p99, 990.0), (found.max, 1000.0)] {
            assert!((value - expected).abs() < 2.0, "{value} instead of {expected}");
        }
        assert!(compute_percentiles(std::iter::empty())?.is_none());
        Ok(())
    }
}
