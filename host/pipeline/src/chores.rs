//! Chores that the store needs from time to time: one list, and one host at a time for each. What may take hours has a loop of its own, so that
//! it holds up no other chore.

use super::Pipeline;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::ids::lowest_id;
use hookmill_store::StoreError;
use strum::{IntoStaticStr, VariantArray};

/// How long a host has a chore to itself, in milliseconds; it may take longer, and another host may then run it as well.
const CHORE_LEASE_MS: i64 = 60_000;
/// How long commits are remembered, in milliseconds: longer than a host waits for the response to one.
const COMMITS_KEPT_MS: i64 = 3_600_000;

/// What is done from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Chore {
    /// Adds up the changes of the counters.
    AddUpCounts,
    /// Forgets old commits.
    ForgetCommits,
    /// Forgets what is kept for a time.
    ForgetOld,
    /// Releases what waited for campaigns where a host was killed over it.
    ReleaseLeft,
}

impl Chore {
    /// Those that end in a moment, or those that may have much to do: each is among one of them.
    pub(crate) fn all(are_long: bool) -> Vec<Self> {
        Self::VARIANTS.iter().copied().filter(|chore| chore.is_long() == are_long).collect()
    }

    fn is_long(self) -> bool {
        match self {
            Self::AddUpCounts | Self::ForgetCommits | Self::ReleaseLeft => false,
            Self::ForgetOld => true,
        }
    }

    /// Its name in the database.
    fn name(self) -> &'static str {
        self.into()
    }

    /// How often it runs, in milliseconds.
    fn every_ms(self) -> i64 {
        match self {
            Self::AddUpCounts | Self::ReleaseLeft => 5_000,
            Self::ForgetCommits | Self::ForgetOld => 600_000,
        }
    }
}

impl Pipeline {
    /// Runs those of these chores that are due and that no other host runs.
    pub(crate) async fn run_chores(&self, chores: &[Chore]) -> Result<(), StoreError> {
        let names: Vec<_> = chores.iter().copied().map(Chore::name).collect();
        // A look costs no write: as long as nothing is due, an idle host writes nothing. A time further ahead than any chore waits was
        // written by a clock that is wrong.
        let (now, longest_ms) = (self.clock.now(), chores.iter().copied().map(Chore::every_ms).max().unwrap_or(0));
        if self.store.next_chore_at(&names).await?.is_some_and(|at| now < at && at <= now.plus_ms(longest_ms)) {
            return Ok(());
        }
        for &chore in chores {
            let (name, host, now) = (chore.name(), self.flow.host(), self.clock.now());
            if !self.store.take_chore(name, host, CHORE_LEASE_MS, chore.every_ms(), now).await? {
                continue;
            }
            let outcome = self.run_chore(chore, now).await;
            self.store.end_chore(name, host, self.clock.now().plus_ms(chore.every_ms())).await?;
            outcome?;
        }
        Ok(())
    }

    async fn run_chore(&self, chore: Chore, now: Timestamp) -> Result<(), StoreError> {
        match chore {
            Chore::AddUpCounts => self.store.add_up_counts().await,
            Chore::ReleaseLeft => self.release_left(now).await,
            Chore::ForgetCommits => {
                // Ids begin with their time.
                self.store.forget_commits(&lowest_id("cmt", now.plus_ms(-COMMITS_KEPT_MS))).await?;
                Ok(())
            }
            Chore::ForgetOld => {
                let rows = self.store.forget_old(now).await?;
                if 0 < rows {
                    tracing::info!(rows, "data that is kept for a time was deleted");
                }
                Ok(())
            }
        }
    }
}
