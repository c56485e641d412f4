//! Who acts (O8, O9), and whether they may. A source key posts leads and reads its own requests; an API key does the rest, within its
//! user's role, organization and campaigns.

use crate::input::lookup_id;
use crate::page::{PageRequest, without_nul};
use crate::rows::{API_KEY_PREFIX, Campaign, Organization, SOURCE_KEY_PREFIX, SourceKey};
use crate::use_cases::{Change, Reach, UseCase};
use hookmill_domain::budget::Holding;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::{HostSettings, Limits};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::net_policy::UrlView;
use hookmill_domain::role::{Permission, Role};
use hookmill_pipeline::Pipeline;
pub(crate) use hookmill_pipeline::unavailable;
use hookmill_store::audit::AuditEntry;
use hookmill_store::{Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The user in audit lines of what the host does by itself.
const HOST: &str = "host";
/// How many campaigns a filter may name.
const CAMPAIGNS_NAMED_MAX: usize = 20;
/// How much of an unknown id an error repeats.
const ID_CHARS_SHOWN: usize = 32;

/// Who acts: a user, by an API key.
#[derive(Clone)]
pub struct Actor {
    pub(crate) pipeline: Pipeline,
    pub(crate) user_id: String,
    /// The key; empty for the host itself.
    pub(crate) key_id: String,
    role: Role,
    /// The user's organization; none for operators.
    pub(crate) organization_id: Option<String>,
    /// The campaigns the key is scoped to; none for all.
    campaigns: Option<Vec<String>>,
}

/// Who acts in which organization: the user's own, or for operators the one they name.
#[derive(Clone)]
pub struct Scope {
    pub(crate) actor: Actor,
    pub(crate) organization_id: String,
    /// What is held for what is asked, until the last clone is gone.
    holding: Holding,
}

impl Actor {
    /// The user behind an API key.
    pub async fn authenticate(pipeline: &Pipeline, key: &str) -> Result<Self, ApiError> {
        if key.starts_with(SOURCE_KEY_PREFIX) {
            let message =
                "a source key may only post leads and read back its own requests; this needs an API key (hmk_...)";
            return Err(ApiError::new(Kind::Forbidden, "source_key_not_allowed", message));
        }
        let found = pipeline.people_store().api_key_user(key).await.map_err(unavailable)?;
        let (key, user) = found.ok_or_else(unknown_key)?;
        let campaigns = key.campaigns.map(|list| serde_json::from_slice(&list)).transpose();
        let campaigns = campaigns.map_err(|error| unavailable(StoreError::corrupt("api_keys", &key.id, error)))?;
        Ok(Self {
            pipeline: pipeline.for_people(),
            role: user.role().map_err(unavailable)?,
            user_id: user.id,
            key_id: key.id,
            organization_id: user.organization_id,
            campaigns,
        })
    }

    /// The host itself: what is done at its own command line, as an operator.
    pub fn host(pipeline: &Pipeline) -> Self {
        let (role, user_id) = (Role::Operator, HOST.to_owned());
        let (key_id, organization_id, campaigns) = (String::new(), None, None);
        Self { pipeline: pipeline.for_people(), user_id, key_id, role, organization_id, campaigns }
    }

    /// The actor in an organization: their own, or for operators the one that is named.
    pub async fn enter(self, organization: Option<String>) -> Result<Scope, ApiError> {
        let organization_id = match (&self.organization_id, organization) {
            (Some(own), None) => own.clone(),
            (Some(own), Some(named)) if *own == named => named,
            (Some(_), Some(named)) => return Err(ApiError::not_found("organization", &named)),
            (None, Some(named)) => self.existing_organization(named).await?,
            (None, None) => {
                return Err(ApiError::invalid("organization", "is missing: operators name one with ?organization=ID"));
            }
        };
        let holding = self.pipeline.holding(&organization_id);
        Ok(Scope { actor: self, organization_id, holding })
    }

    async fn existing_organization(&self, id: String) -> Result<String, ApiError> {
        let known = !id.contains('\0') && self.store().organization(&id).await.map_err(unavailable)?.is_some();
        if known { Ok(id) } else { Err(ApiError::not_found("organization", &lookup_id(&id))) }
    }

    /// Rejects what the role does not allow, and a scoped key where the organization as a whole is concerned.
    pub(crate) fn authorize(&self, use_case: &UseCase) -> Result<(), ApiError> {
        if !self.role.may(use_case.permission) {
            return Err(self.role_not_allowed(use_case.permission));
        }
        match (use_case.reach, &self.campaigns) {
            (Reach::Organization, Some(_)) => Err(ApiError::new(
                Kind::Forbidden,
                "key_scoped",
                "this key is scoped to named campaigns, and this operation concerns the organization as a whole",
            )),
            _ => Ok(()),
        }
    }

    /// The same for a change. What it gives is the only way to write the change: with its line in the audit log.
    pub(crate) fn authorize_change(&self, change: &Change) -> Result<AuditEntry, ApiError> {
        self.authorize(&change.use_case)?;
        Ok(AuditEntry { organization_id: None, user_id: self.user_id.clone(), action: change.action })
    }

    fn role_not_allowed(&self, permission: Permission) -> ApiError {
        let message =
            format!("this key is of role `{}`, which is not allowed to {}", self.role.as_str(), permission.as_str());
        ApiError::new(Kind::Forbidden, "role_not_allowed", message)
    }

    /// Whether the key is scoped to named campaigns.
    pub(crate) fn is_scoped(&self) -> bool {
        self.campaigns.is_some()
    }

    /// The campaigns that the key is scoped to; none for all.
    pub(crate) fn scoped_campaigns(&self) -> Option<&[String]> {
        self.campaigns.as_deref()
    }

    /// Whether the key covers this campaign.
    pub(crate) fn covers(&self, campaign_id: &str) -> bool {
        self.campaigns.as_ref().is_none_or(|list| list.iter().any(|id| id == campaign_id))
    }

    pub(crate) fn store(&self) -> &Store {
        self.pipeline.people_store()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.pipeline.settings().limits
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.pipeline.clock().now()
    }
}

/// The entry of a change at the host's own command line, which whoever has the host's data may make.
pub(crate) fn host_entry(change: &Change) -> AuditEntry {
    AuditEntry { organization_id: None, user_id: HOST.to_owned(), action: change.action }
}

impl Scope {
    /// Who acts.
    pub(crate) fn user_id(&self) -> &str {
        &self.actor.user_id
    }

    /// The organization.
    pub fn organization_id(&self) -> &str {
        &self.organization_id
    }

    /// The organization, for an actor who names it with every call: an operator.
    pub fn named_organization(&self) -> Option<&str> {
        self.actor.organization_id.is_none().then_some(&self.organization_id)
    }

    /// What the host's operator set.
    pub fn settings(&self) -> &HostSettings {
        self.actor.pipeline.settings()
    }

    /// What is held for what is asked: whoever sends the response drops it then.
    pub fn holding(&self) -> &Holding {
        &self.holding
    }

    /// Does work on what may be large, on a thread of its own.
    pub async fn work_apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let holding = self.holding.clone();
        let work = move || {
            // It goes on when it is no longer waited for.
            let _holding = holding;
            work()
        };
        self.pipeline().large().work_apart(work).await
    }

    /// Counts this as a call that takes long, from here until its response is sent.
    pub(crate) fn begin_heavy_call(&self) -> Result<(), ApiError> {
        self.holding.keep(self.pipeline().budgets().heavy_calls.take(&self.organization_id, 1)?);
        Ok(())
    }

    /// The number of rows of a page, which are on their way until its response is sent.
    pub(crate) fn rows_of(&self, page: &PageRequest) -> Result<i64, ApiError> {
        let rows = page.limit(self.limits())?;
        self.show_rows(rows)?;
        Ok(rows)
    }

    /// Counts rows that are on their way until their response is sent.
    pub(crate) fn show_rows(&self, rows: i64) -> Result<(), ApiError> {
        let rows = usize::try_from(rows).unwrap_or_default();
        self.holding.keep(self.pipeline().budgets().rows.take(&self.organization_id, rows)?);
        Ok(())
    }

    pub(crate) fn authorize(&self, use_case: &UseCase) -> Result<(), ApiError> {
        self.actor.authorize(use_case)
    }

    pub(crate) fn authorize_change(&self, change: &Change) -> Result<AuditEntry, ApiError> {
        let organization_id = Some(self.organization_id.clone());
        Ok(AuditEntry { organization_id, ..self.actor.authorize_change(change)? })
    }

    /// A campaign of this organization that the key covers, for a use case that only reads.
    pub(crate) async fn read_campaign(&self, use_case: &UseCase, campaign_id: &str) -> Result<Campaign, ApiError> {
        self.authorize(use_case)?;
        self.find_campaign(campaign_id).await
    }

    /// A campaign of this organization that the key covers, and the entry to change it with.
    pub(crate) async fn change_of(
        &self,
        change: &Change,
        campaign_id: &str,
    ) -> Result<(Campaign, AuditEntry), ApiError> {
        let entry = self.authorize_change(change)?;
        Ok((self.find_campaign(campaign_id).await?, entry))
    }

    pub(crate) async fn find_campaign(&self, campaign_id: &str) -> Result<Campaign, ApiError> {
        let not_found =
            || ApiError::not_found("campaign", &campaign_id.chars().take(ID_CHARS_SHOWN).collect::<String>());
        if campaign_id.contains('\0') {
            return Err(not_found());
        }
        let found = self.store().campaign_by_id(&self.organization_id, campaign_id).await;
        let campaign = found.map_err(unavailable)?.ok_or_else(not_found)?;
        if self.actor.covers(&campaign.campaign_id) {
            return Ok(campaign);
        }
        Err(ApiError::new(
            Kind::Forbidden,
            "campaign_not_allowed",
            format!("this key is not for campaign `{}`", campaign.campaign_id),
        ))
    }

    /// The campaigns whose submissions the key covers (the store's ids); none for all.
    pub(crate) async fn covered_campaigns(&self) -> Result<Option<Vec<String>>, ApiError> {
        let Some(ids) = self.actor.scoped_campaigns() else { return Ok(None) };
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.store().campaign_keys(&self.organization_id, &ids).await.map(Some).map_err(unavailable)
    }

    /// The campaigns that a filter names, with commas between them (the store's ids); where it names none, those that the key covers.
    pub(crate) async fn named_campaigns(&self, names: Option<&str>) -> Result<Option<Vec<String>>, ApiError> {
        let Some(names) = without_nul(names) else { return self.covered_campaigns().await };
        let names: BTreeSet<&str> = names.split(',').map(str::trim).collect();
        if CAMPAIGNS_NAMED_MAX < names.len() {
            let message = format!("names {} campaigns, at most {CAMPAIGNS_NAMED_MAX} are allowed", names.len());
            return Err(ApiError::invalid("campaign", message));
        }
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            keys.push(self.find_campaign(name).await?.key);
        }
        Ok(Some(keys))
    }

    /// How much of the URLs of clients and webhooks this actor is shown.
    pub(crate) fn url_view(&self) -> UrlView {
        self.actor.role.url_view()
    }

    /// The organization itself.
    pub(crate) async fn own_organization(&self) -> Result<Organization, ApiError> {
        let found = self.store().organization(&self.organization_id).await.map_err(unavailable)?;
        found.ok_or_else(|| ApiError::not_found("organization", &self.organization_id))
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.actor.pipeline
    }

    pub(crate) fn store(&self) -> &Store {
        self.actor.store()
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.actor.limits()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.actor.now()
    }
}

/// The source behind a source key.
pub async fn authenticate_source(pipeline: &Pipeline, key: &str) -> Result<Arc<SourceKey>, ApiError> {
    if key.starts_with(API_KEY_PREFIX) {
        let message = "leads are posted with a source key (hms_...), not with an API key";
        return Err(ApiError::new(Kind::Forbidden, "api_key_not_allowed", message));
    }
    pipeline.source_key(key).await?.ok_or_else(unknown_key)
}

/// The error for what is gone with its person.
pub(crate) fn erased(what: &str, id: &str, erased_at: i64) -> ApiError {
    let at = Timestamp(erased_at).rfc3339();
    let message =
        format!("the person of {what} `{id}` was erased at {at}: nothing is left that could be run or sent again");
    ApiError::new(Kind::Gone, "erased", message)
}

/// The error for a key that nobody has.
pub fn unknown_key() -> ApiError {
    ApiError::new(Kind::Unauthenticated, "key_unknown", "unknown, expired or revoked key")
}
