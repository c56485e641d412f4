//! The duplicate rule on the way (L3): who came before is looked up by its key, items of one batch see each other, and the commit makes sure
//! that nobody else has become the first meanwhile (FLOW 12).

use super::Pipeline;
use super::finish::{BatchItem, CampaignContext, ItemStatus, Transition};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lifecycle::Lifecycle;
use hookmill_domain::lifecycle::duplicates::{DuplicateAction, DuplicateKey, DuplicateRule, DuplicateScope};
use hookmill_domain::lifecycle::merge::merge_leads;
use hookmill_domain::state::{Change, State};
use hookmill_engine::contract::Warning;
use hookmill_stages::Start;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use hookmill_store::processed::First;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The cause of what a duplicate becomes, and the code of the warning where it goes on.
pub(crate) const DUPLICATE: &str = "duplicate";
/// The code of the warning where it was merged into the lead that came before.
pub(crate) const DUPLICATE_MERGED: &str = "duplicate_merged";
const DAY_MS: i64 = 86_400_000;
/// How many campaigns of an organization are asked for their rules.
const RULES_MAX: i64 = 1_000;

/// A rule that looks beyond its campaign.
pub(crate) struct WideRule {
    campaign_key: String,
    client_id: Option<String>,
    rule: DuplicateRule,
}

/// A key of a lead in its scope, and how far back it counts.
struct ScopedKey {
    scope: String,
    fields: String,
    hash: Vec<u8>,
    window_ms: i64,
    /// Whether the campaign's own rule asks for it.
    is_own: bool,
}

/// Who is the first under a key.
#[derive(Clone)]
struct Earlier {
    submission_id: String,
    received_at: i64,
}

impl Pipeline {
    /// The rules that a campaign's leads are compared by: its own, and those of other campaigns whose scope it lies in.
    pub(crate) async fn compared(
        &self,
        campaign: &Campaign,
        own: &Lifecycle,
    ) -> Result<Vec<DuplicateRule>, StoreError> {
        let mut rules: Vec<DuplicateRule> = own.duplicates.iter().cloned().collect();
        for other in self.wide_rules(&campaign.organization_id).await?.iter() {
            let reaches = match other.rule.scope {
                DuplicateScope::Campaign => false,
                DuplicateScope::Client => other.client_id.is_some() && other.client_id == campaign.client_id,
                DuplicateScope::Organization => true,
            };
            if other.campaign_key != campaign.key && reaches && !rules.contains(&other.rule) {
                rules.push(other.rule.clone());
            }
        }
        Ok(rules)
    }

    /// The rules of an organization that look beyond their campaigns: read once for all of its campaigns, which are as many as it likes. On another
    /// host than where one was saved they are as old as a campaign's context, and that once more.
    async fn wide_rules(&self, organization_id: &str) -> Result<Arc<Vec<WideRule>>, StoreError> {
        let (key, now) = (organization_id.to_owned(), self.clock.boot_time());
        let read = async {
            let mut rules = Vec::new();
            for campaign in self.store.lifecycles(organization_id, RULES_MAX).await? {
                let rule = campaign.lifecycle()?.duplicates.filter(|rule| rule.scope != DuplicateScope::Campaign);
                let (campaign_key, client_id) = (campaign.key, campaign.client_id);
                rules.extend(rule.map(|rule| WideRule { campaign_key, client_id, rule }));
            }
            Ok(rules)
        };
        self.wide_rules.get_or_read(key, now, read).await
    }

    /// Decides about those of a batch that came before, and notes under which keys the others must be the first.
    pub(crate) async fn check_duplicates(
        &self,
        context: &CampaignContext,
        items: &mut [BatchItem],
    ) -> Result<(), StoreError> {
        if context.compared.is_empty() {
            return Ok(());
        }
        let keys: Vec<Vec<ScopedKey>> = items.iter().map(|item| scoped_keys(context, item)).collect();
        let asked: Vec<(&str, &[u8])> =
            keys.iter().flatten().map(|key| (key.scope.as_str(), key.hash.as_slice())).collect();
        let known = self.store.first_submissions(&context.organization.id, &asked).await?;
        let mut firsts: HashMap<(String, Vec<u8>), Earlier> = known
            .into_iter()
            .map(|(key, first)| (key, Earlier { submission_id: first.submission_id, received_at: first.received_at }))
            .collect();
        let mut merged = Vec::new();
        for (at, (item, keys)) in items.iter_mut().zip(keys).enumerate() {
            let counting = |key: &ScopedKey| {
                let earlier = firsts.get(&(key.scope.clone(), key.hash.clone()))?;
                (item.received_at() - key.window_ms <= earlier.received_at).then(|| earlier.clone())
            };
            let before = |key: &ScopedKey| counting(key).filter(|earlier| !item.descends_from(earlier));
            let duplicate =
                keys.iter().filter(|key| key.is_own).find_map(|key| Some((key.fields.clone(), before(key)?)));
            // Where it descends from the first, that stays the first.
            let free = keys.iter().filter(|key| counting(key).is_none_or(|first| first.submission_id == item.id));
            let claims = claims(free, item.received_at());
            if let (Some((fields, earlier)), Some(rule)) = (duplicate, &context.lifecycle.rules().duplicates) {
                if item.apply_duplicate_action(rule.action, &fields, &earlier) {
                    merged.push((at, earlier.submission_id));
                }
                if item.submission().is_none() {
                    continue;
                }
            }
            for first in &claims {
                let own = Earlier { submission_id: item.id.clone(), received_at: first.received_at };
                firsts.insert((first.scope.clone(), first.key_hash.clone()), own);
            }
            item.firsts = claims;
        }
        keep_last_claims(items);
        self.merge_duplicates(&context.organization.id, items, merged).await
    }

    /// Merges what duplicates say into the leads that came before.
    async fn merge_duplicates(
        &self,
        organization_id: &str,
        items: &mut [BatchItem],
        merged: Vec<(usize, String)>,
    ) -> Result<(), StoreError> {
        if merged.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = merged.iter().map(|(_, id)| id.as_str()).collect();
        let stored = self.store.stored_leads(organization_id, &ids).await?;
        let stored: HashMap<String, String> =
            stored.into_iter().filter_map(|lead| Some((lead.id, String::from_utf8(lead.lead?).ok()?))).collect();
        for (at, earlier_id) in merged {
            let of_batch = || {
                items.iter().find(|item| item.id == earlier_id)?.submission().map(|submission| submission.lead.clone())
            };
            // What was deleted at the end of its retention has nothing to be merged into.
            let Some(before) = stored.get(&earlier_id).cloned().or_else(of_batch) else { continue };
            let Some(new) = items[at].submission().map(|submission| submission.lead.clone()) else { continue };
            items[at].set_lead(merge_leads(&before, &new));
        }
        Ok(())
    }
}

impl BatchItem {
    /// Whether it was made of that one: a lead that is moved or posted again is not a duplicate of itself.
    fn descends_from(&self, earlier: &Earlier) -> bool {
        let is_made = self.kept.as_ref().is_some_and(|kept| kept.born_at.is_some());
        let id = earlier.submission_id.as_str();
        self.id == id || (is_made && self.id.strip_prefix(id).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Applies the rule to a duplicate; says whether it is to be merged into the lead that came before.
    fn apply_duplicate_action(&mut self, action: DuplicateAction, fields: &str, earlier: &Earlier) -> bool {
        let detail = detail(fields, earlier);
        match action {
            DuplicateAction::Reject => {
                let change = const { Change::of(State::Processing, State::Duplicate) };
                self.status = ItemStatus::Decided(Transition { change, cause: DUPLICATE, detail: Some(detail) });
            }
            DuplicateAction::Quarantine => {
                self.status = ItemStatus::Decided(Transition::quarantined(DUPLICATE, detail));
            }
            DuplicateAction::Mark | DuplicateAction::Update => {
                let message = format!("`{}` has the same {}", earlier.submission_id, fields.replace('+', " and "));
                let code = if action == DuplicateAction::Mark { DUPLICATE } else { DUPLICATE_MERGED };
                self.warn(Warning { code: code.to_owned(), path: fields.to_owned(), message });
            }
        }
        action == DuplicateAction::Update
    }
}

/// What a lead claims under these keys, each once.
fn claims<'a>(keys: impl Iterator<Item = &'a ScopedKey>, received_at: i64) -> Vec<First> {
    let mut claims: Vec<First> = Vec::new();
    for key in keys {
        if claims.iter().all(|known| known.scope != key.scope || known.key_hash != key.hash) {
            let (scope, key_hash) = (key.scope.clone(), key.hash.clone());
            claims.push(First { scope, key_hash, received_at, counts_from: received_at - key.window_ms });
        }
    }
    claims
}

/// Of leads that claim one key, the last one has it: the others came so long before that they do not count any more.
fn keep_last_claims(items: &mut [BatchItem]) {
    let mut claimed: HashSet<(String, Vec<u8>)> = HashSet::new();
    for item in items.iter_mut().rev() {
        item.firsts.retain(|first| claimed.insert((first.scope.clone(), first.key_hash.clone())));
    }
}

fn detail(fields: &str, earlier: &Earlier) -> Value {
    json!({
        "duplicate_of": earlier.submission_id,
        "fields": fields.split('+').collect::<Vec<_>>(),
        "received_at": Timestamp(earlier.received_at).rfc3339(),
    })
}

/// The keys of a lead by each rule. Tests are exempt, and who was checked before is not checked again.
fn scoped_keys(context: &CampaignContext, item: &BatchItem) -> Vec<ScopedKey> {
    let is_checked = Start::Rules < item.start() || item.kept.as_ref().is_some_and(|kept| kept.is_duplicate_accepted);
    let Some(submission) = item.submission().filter(|submission| !submission.is_test && !is_checked) else {
        return Vec::new();
    };
    let (campaign, salt) = (&context.campaign, &context.organization.salt);
    let own = context.lifecycle.rules().duplicates.as_ref();
    let mut keys: Vec<ScopedKey> = Vec::new();
    for rule in &context.compared {
        for DuplicateKey { fields, hash } in rule.keys(salt, &submission.lead) {
            let scope = rule.scope_name(&fields, &campaign.key, campaign.client_id.as_deref());
            let window_ms = i64::from(rule.window_days) * DAY_MS;
            keys.push(ScopedKey { scope, fields, hash: hash.to_vec(), window_ms, is_own: own == Some(rule) });
        }
    }
    keys
}
