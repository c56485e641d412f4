//! What all requests under way share, and what each organization has of it.

use hookmill_domain::budget::{Budget, Permit};
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use std::pin::pin;
use tokio::sync::Notify;

/// The code of the error for what is too large to be shown.
pub(crate) const SHOWN_TOO_LARGE: &str = "shown_too_large";

/// The budgets of a host.
#[derive(Debug)]
pub struct Budgets {
    /// Bytes of memory: of bodies, and of what is made of them.
    pub bytes: Budget,
    /// Calls of people that take long.
    pub heavy_calls: Budget,
    /// Rows of lists on their way to callers.
    pub rows: Budget,
    people_runs: Budget,
    run_ended: Notify,
}

/// A place to run something that people ask for.
pub(crate) struct PeoplePlace<'a> {
    permit: Option<Permit>,
    ended: &'a Notify,
}

/// Takes memory for something that is shown to a caller, of whom one call shows so much at most.
pub(crate) fn take_to_show(permit: &mut Permit, bytes: usize, bytes_max: usize) -> Result<(), ApiError> {
    if bytes_max < permit.amount().saturating_add(bytes) {
        let message = format!(
            "what is to be shown takes more than {bytes_max} bytes of memory (shown_bytes_max); send a smaller sample, or ask for less"
        );
        return Err(ApiError::new(Kind::Invalid, SHOWN_TOO_LARGE, message));
    }
    Ok(permit.grow(bytes)?)
}

impl Budgets {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            bytes: Budget::new("bodies_bytes_max", limits.bodies_bytes_max),
            heavy_calls: Budget::new("heavy_calls_max", limits.heavy_calls_max),
            rows: Budget::new("rows_shown_max", limits.rows_shown_max),
            people_runs: Budget::new("people_runs_max", limits.people_runs_max.max(1)),
            run_ended: Notify::new(),
        }
    }

    /// Waits for a place to run something that people of an organization ask for. Each run may take an instance of two components: were
    /// there more runs than pairs of instances, each could hold one and wait for another's.
    pub(crate) async fn people_place(&self, organization_id: &str) -> PeoplePlace<'_> {
        loop {
            let mut ended = pin!(self.run_ended.notified());
            // A run that ends from here on is not missed.
            ended.as_mut().enable();
            if let Ok(permit) = self.people_runs.take(organization_id, 1) {
                return PeoplePlace { permit: Some(permit), ended: &self.run_ended };
            }
            ended.await;
        }
    }
}

impl Drop for PeoplePlace<'_> {
    fn drop(&mut self) {
        // Given back before those who wait look.
        drop(self.permit.take());
        self.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// H6: an organization that runs as many as it may waits for its own, and another one finds a place.
    #[tokio::test]
    async fn h6_people_of_one_organization_leave_room_for_others() {
        let limits = Limits { people_runs_max: 4, ..Limits::default() };
        let budgets = Arc::new(Budgets::new(&limits));
        let first = budgets.people_place("a").await;
        let second = budgets.people_place("a").await;
        let waiting = tokio::spawn({
            let budgets = Arc::clone(&budgets);
            async move { drop(budgets.people_place("a").await) }
        });
        tokio::task::yield_now().await;
        drop(budgets.people_place("b").await);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "a has as many as it may have");
        drop(first);
        waiting.await.unwrap();
        drop(second);
    }
}
