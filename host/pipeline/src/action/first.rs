//! Who is the first of a person in a campaign: whoever is the first that the action is asked about. A submission that a hard rule disqualified
//! was not looked at by anybody, and does not count; one of a time without an action does not either.

use crate::Pipeline;
use crate::finish::{BatchItem, CampaignContext};
use hookmill_domain::clock::Timestamp;
use hookmill_engine::contract::Submission;
use hookmill_stages::{Decision, HostStage, Item, Start, Status};
use hookmill_store::StoreError;
use hookmill_store::processed::First;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a submission waits for that is the first of its person.
pub(crate) const FIRST_SUBMISSION: &str = "first_submission";

/// The action as a stage of the host: the first of each person wait at it.
pub(crate) struct FirstSubmissions {
    /// The submissions that nobody of their persons came before.
    ids: HashSet<String>,
}

impl HostStage for FirstSubmissions {
    fn decide(&self, submission: &Submission, _now: Timestamp) -> Decision {
        if self.ids.contains(&submission.id) {
            Decision::Wait { reason: FIRST_SUBMISSION, until: None }
        } else {
            Decision::Continue
        }
    }
}

/// The key under which the first of a person in a campaign is unique, for ever.
pub(crate) fn first_of_person(campaign_key: &str, lead_id: &str, received_at: i64) -> First {
    let (scope, key_hash) = (scope_name(campaign_key), lead_id.as_bytes().to_vec());
    First { scope, key_hash, received_at, counts_from: i64::MIN }
}

fn scope_name(campaign_key: &str) -> String {
    format!("first:{campaign_key}")
}

impl Pipeline {
    /// Finds the items that the action is to decide about if they pass the hard rules; none where the campaign has no action.
    pub(crate) async fn find_first_submissions(
        &self,
        context: &CampaignContext,
        items: &[BatchItem],
    ) -> Result<Option<Arc<FirstSubmissions>>, StoreError> {
        if context.action.is_none() {
            return Ok(None);
        }
        let candidates: Vec<(&str, &str)> = items.iter().filter_map(candidate).collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        let scope = scope_name(&context.campaign.key);
        let asked: HashSet<&str> = candidates.iter().map(|(_, lead_id)| *lead_id).collect();
        let asked: Vec<(&str, &[u8])> = asked.into_iter().map(|lead_id| (scope.as_str(), lead_id.as_bytes())).collect();
        let known = self.store.first_submissions(&context.organization.id, &asked).await?;
        let firsts: HashMap<&[u8], &str> =
            known.values().map(|first| (first.key_hash.as_slice(), first.submission_id.as_str())).collect();
        // One that is reprocessed is the first still.
        let is_first = |(id, lead_id): &(&str, &str)| firsts.get(lead_id.as_bytes()).is_none_or(|first| first == id);
        let ids: HashSet<String> = candidates.into_iter().filter(is_first).map(|(id, _)| id.to_owned()).collect();
        Ok((!ids.is_empty()).then(|| Arc::new(FirstSubmissions { ids })))
    }
}

/// A submission that may be its person's first, and the person. Tests are exempt, and so is what comes qualified from elsewhere.
fn candidate(item: &BatchItem) -> Option<(&str, &str)> {
    let submission = item.submission()?;
    let is_decided = item.kept.as_ref().is_some_and(|kept| kept.is_action_decided);
    if submission.is_test || is_decided || Start::BetweenRules < item.start() {
        return None;
    }
    Some((&item.id, submission.lead_id.as_deref()?))
}

/// Of several of one person that came as far as the action together, the first waits and the others go on. Says whether some do.
pub(crate) fn pass_later_ones<'a>(items: impl Iterator<Item = &'a mut Item>) -> bool {
    let (mut persons, mut go_on) = (HashSet::new(), false);
    for item in items.filter(|item| matches!(item.status, Status::Waiting { reason: FIRST_SUBMISSION, .. })) {
        if !persons.insert(item.submission.lead_id.clone()) {
            item.pass();
            go_on = true;
        }
    }
    go_on
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context;

    fn waiting(id: &str, lead_id: &str, reason: &'static str) -> Item {
        let submission = context::submission(id, Some(lead_id.to_owned()), "{}".to_owned(), false, 0);
        let mut item = Item::new(Arc::new(submission));
        item.status = Status::Waiting { reason, until: None };
        item
    }

    #[test]
    fn l4_of_several_of_a_person_the_first_waits() {
        let mut items = [
            waiting("a", "ann", FIRST_SUBMISSION),
            waiting("b", "bob", "schedule_closed"),
            waiting("c", "bob", FIRST_SUBMISSION),
            waiting("d", "ann", FIRST_SUBMISSION),
            waiting("e", "ann", FIRST_SUBMISSION),
        ];
        assert!(pass_later_ones(items.iter_mut()));
        let moving: Vec<&str> = items
            .iter()
            .filter(|item| matches!(item.status, Status::Moving))
            .map(|item| item.submission.id.as_str())
            .collect();
        assert_eq!(moving, ["d", "e"]);
        assert!(!pass_later_ones(items.iter_mut()), "once is enough");
    }
}
