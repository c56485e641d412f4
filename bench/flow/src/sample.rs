//! When leads became delivered, by the API: read after the measurement, for a sample.

use anyhow::Result;

use crate::api::Api;

/// Leads that are asked for, spread evenly over all.
const SAMPLE: usize = 1_000;
const CONNECTIONS: usize = 4;

/// The places of a sample in a list of `length`, in their order.
pub fn places(length: usize) -> impl Iterator<Item = usize> {
    let taken = length.min(SAMPLE);
    (0..taken).map(move |number| number * length / taken)
}

/// The time of delivery of each submission, in microseconds since 1970; `None` for what is not delivered.
pub async fn delivered_at_us(api: &Api, organization: &str, submissions: Vec<Box<str>>) -> Result<Vec<Option<u64>>> {
    let share = submissions.len().div_ceil(CONNECTIONS).max(1);
    let runs: Vec<_> = submissions
        .chunks(share)
        .map(|share| tokio::spawn(ask(api.another(), organization.to_owned(), share.to_vec())))
        .collect();
    let mut times = Vec::with_capacity(submissions.len());
    for run in runs {
        times.extend(run.await??);
    }
    Ok(times)
}

async fn ask(mut api: Api, organization: String, submissions: Vec<Box<str>>) -> Result<Vec<Option<u64>>> {
    let mut times = Vec::with_capacity(submissions.len());
    for submission in submissions {
        times.push(api.delivered_at_us(&organization, &submission).await?);
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short list is taken whole, a long one evenly.
    #[test]
    fn a_sample_is_spread_evenly() {
        assert_eq!(places(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(places(0).count(), 0);
        let sample: Vec<usize> = places(10_000).collect();
        assert_eq!((sample.len(), sample[0], sample[1], sample[999]), (1_000, 0, 10, 9_990));
    }
}
