//! Keeps rejected requests within their bounds, and counts those that were lost. It is not part of the commits of requests, so that these never
//! wait for it.

use super::{Rejections, Report, WeakRejections};
use crate::{Store, StoreError};
use std::time::Duration;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Ends when nobody adds any more.
pub(crate) async fn run(store: Store, rejections: WeakRejections) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(rejections) = rejections.upgrade() else { return };
        // A look that panics ends with itself, as a group of requests does, not with all that come after it.
        if tokio::spawn(look(store.clone(), rejections)).await.is_err() {
            tracing::error!("counting and deleting rejected requests has panicked; it goes on with those that come");
        }
    }
}

async fn look(store: Store, rejections: Rejections) {
    let mut report = rejections.take_report();
    if let Err(error) = work_off(&store, &mut report).await {
        tracing::warn!(error = %error, "rejected requests could not be counted or deleted; it is tried again");
        rejections.give_back(report);
    }
}

/// What is done is taken out of the report.
async fn work_off(store: &Store, report: &mut Report) -> Result<(), StoreError> {
    let now = report.at;
    if !report.lost.is_empty() {
        for (organization_id, count) in &report.lost {
            tracing::warn!(organization_id, count, "rejected requests were not kept: too many came");
        }
        store.count_lost_rejections(&report.lost, now).await?;
        report.lost.clear();
    }
    let is_some = !report.written.is_empty();
    while let Some(organization_id) = report.written.first() {
        store.prune_rejected(organization_id, now).await?;
        report.written.pop_first();
    }
    if is_some {
        store.prune_rejected_of_all(now).await?;
    }
    Ok(())
}
