//! Subscriptions (W4, W5), and which webhooks an event of a campaign goes to (W7).

mod scoped;

use super::access::{Scope, unavailable};
use super::headers::{restore_masked, restore_masked_secret};
use super::input::{Input, lookup_id};
use super::page::{Listed, PageRequest};
use super::settings::paused_id;
use super::use_cases::{
    CREATE_SUBSCRIPTION, Change, DELETE_SUBSCRIPTION, GET_EFFECTIVE_WEBHOOKS, GET_SUBSCRIPTION, LIST_SUBSCRIPTIONS,
    SET_SUBSCRIPTION, UseCase,
};
use crate::rows::Webhook;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::webhook::custom_payload::{self, CustomPayload};
use hookmill_domain::webhook::routing::{Category, Reason, Verdict, WebhookScope};
use hookmill_domain::webhook::settings::WebhookSettings;
use hookmill_domain::webhook::subscription::SubscriptionDraft;
use hookmill_pipeline::{SaveError, verdicts};
use hookmill_store::audit::AuditEntry;
use hookmill_store::webhooks::{CreatedWebhook, NewWebhook};
pub use scoped::{CreatedScopedWebhook, RejectedScopedWebhook};

/// Whom webhooks are for, as a caller names it.
#[derive(Debug, Clone, Default)]
pub struct NamedScope {
    /// A campaign.
    pub campaign: Option<String>,
    /// A client.
    pub client: Option<String>,
    /// A user.
    pub user: Option<String>,
}

/// A webhook with whom it is for.
#[derive(Debug, Clone)]
pub struct WebhookDetails {
    /// The webhook.
    pub webhook: Webhook,
    /// Whom it is for, as users know it.
    pub scope_name: Option<String>,
}

/// What becomes of an event at a webhook.
#[derive(Debug, Clone)]
pub struct EffectiveWebhook {
    /// The webhook.
    pub details: WebhookDetails,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The ids of what comes in its place.
    pub in_favor_of: Vec<String>,
}

/// Whom a webhook is for, as it is stored.
struct StoredScope {
    scope: WebhookScope,
    id: String,
}

impl Scope {
    /// Creates a subscription.
    pub async fn create_subscription(
        &self,
        named: NamedScope,
        draft: Input<SubscriptionDraft>,
    ) -> Result<WebhookDetails, ApiError> {
        let entry = self.authorize_change(&CREATE_SUBSCRIPTION)?;
        let scope = self.resolve_scope(named).await?.ok_or_else(no_scope)?;
        let settings = self.check_subscription(draft?, None).await?;
        self.insert_webhook(DestinationKind::Subscription, &scope, &settings, &entry).await
    }

    /// Lists subscriptions, the oldest first: those of whom is named, or all of the organization.
    pub async fn list_subscriptions(
        &self,
        named: NamedScope,
        page: &PageRequest,
    ) -> Result<Listed<WebhookDetails>, ApiError> {
        self.authorize(&LIST_SUBSCRIPTIONS)?;
        self.list_webhooks(DestinationKind::Subscription, named, page).await
    }

    /// A subscription.
    pub async fn subscription(&self, id: &str) -> Result<WebhookDetails, ApiError> {
        self.authorize(&GET_SUBSCRIPTION)?;
        self.find_webhook(DestinationKind::Subscription, id).await
    }

    /// Sets everything about a subscription but whom it is for. Saving ends a pause.
    pub async fn set_subscription(
        &self,
        id: &str,
        draft: Input<SubscriptionDraft>,
    ) -> Result<WebhookDetails, ApiError> {
        let kind = DestinationKind::Subscription;
        let (found, entry) = self.webhook_to_change(&SET_SUBSCRIPTION, kind, id).await?;
        let id = found.webhook.destination.id;
        let stored = self.store().webhook(&self.organization_id, kind, &id).await.map_err(unavailable)?;
        let stored = stored.ok_or_else(|| not_found(kind, &id))?.destination;
        let paused = paused_id(Some(&stored));
        let settings = self.check_subscription(draft?, Some(&stored.settings)).await?;
        let versions_max = self.limits().destination_versions_max;
        let organization_id = &self.organization_id;
        let changed = self
            .store()
            .change_webhook(organization_id, (kind, &id), &settings, versions_max, &entry, self.now())
            .await;
        if !changed.map_err(unavailable)? {
            return Err(not_found(kind, &id));
        }
        self.pipeline().forget_lookups();
        self.end_pause(paused).await?;
        self.find_webhook(kind, &id).await
    }

    /// Deletes a subscription; what waits for it is suppressed.
    pub async fn delete_subscription(&self, id: &str) -> Result<(), ApiError> {
        self.delete_webhook(&DELETE_SUBSCRIPTION, DestinationKind::Subscription, id).await
    }

    /// What becomes of an event of a campaign at every webhook that it may go to. Without a category, filters by category are passed over.
    pub async fn effective_webhooks(
        &self,
        campaign_id: &str,
        event: &str,
        category: Option<i64>,
    ) -> Result<Vec<EffectiveWebhook>, ApiError> {
        let campaign = self.read_campaign(&GET_EFFECTIVE_WEBHOOKS, campaign_id).await?;
        let registry = &self.settings().events;
        if !registry.has(event) {
            return Err(ApiError::invalid("event", format!("must be one of {registry}")));
        }
        let category = category.map_or(Category::Any, |category| Category::Known(Some(category)));
        let webhooks = self.store().webhooks_of_campaign(&campaign).await.map_err(unavailable)?;
        self.show_rows(i64::try_from(webhooks.len()).unwrap_or(i64::MAX))?;
        let verdicts = verdicts(&webhooks, event, category);
        let winners = |is_it: &dyn Fn(&Webhook) -> bool| -> Vec<String> {
            webhooks.iter().filter(|webhook| is_it(webhook)).map(|webhook| webhook.destination.id.clone()).collect()
        };
        let in_favor_of: Vec<Vec<String>> = verdicts
            .iter()
            .map(|verdict| match verdict {
                Verdict::Not(Reason::Overridden | Reason::Silenced) => {
                    winners(&|webhook| webhook.kind == DestinationKind::CampaignWebhook)
                }
                Verdict::Not(Reason::Shadowed(scope)) => winners(&|webhook| {
                    let settings = &webhook.destination.settings;
                    let is_scoped = webhook.kind == DestinationKind::ScopedWebhook;
                    is_scoped && webhook.scope == Some(*scope) && settings.enabled && settings.selects(event)
                }),
                _ => Vec::new(),
            })
            .collect();
        let mut effective = Vec::with_capacity(webhooks.len());
        for ((webhook, verdict), in_favor_of) in webhooks.into_iter().zip(verdicts).zip(in_favor_of) {
            let details = self.describe_webhook(webhook).await?;
            effective.push(EffectiveWebhook { details, verdict, in_favor_of });
        }
        Ok(effective)
    }

    /// Checks a subscription, and compiles its payload.
    async fn check_subscription(
        &self,
        mut draft: SubscriptionDraft,
        stored: Option<&WebhookSettings>,
    ) -> Result<WebhookSettings, ApiError> {
        restore_masked("headers", &mut draft.headers, stored.map(|stored| &stored.headers))?;
        if let Some(auth) = &mut draft.auth {
            restore_masked_secret(auth, stored.and_then(|stored| stored.auth.as_ref()))?;
        }
        let kept = stored.map(|stored| stored.secrets.clone()).unwrap_or_default();
        let pipeline = self.pipeline();
        let mut settings = draft.check(pipeline.schemes(), &pipeline.settings().events, kept, self.now())?;
        if let Some(payload) = settings.payload.take() {
            settings.payload = Some(self.compile_payload(payload).await?);
        }
        self.check_reachable(&settings.url, settings.ca_certificates.as_ref()).await?;
        Ok(settings)
    }

    /// The fields of a payload become a document, like any other that shapes messages.
    async fn compile_payload(&self, payload: CustomPayload) -> Result<CustomPayload, ApiError> {
        let fields = payload.fields;
        let component_digest = self.pipeline().default_component().digest;
        let compiled = self.pipeline().compile(&component_digest, &custom_payload::document(&fields)).await;
        let (program, _) = compiled.map_err(|error| match error {
            SaveError::Rejected(error) => error,
            SaveError::Problems(problems) => {
                let details = problems.iter().map(|problem| {
                    let hint = problem.suggestion.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
                    let message = format!("{}{hint}", problem.message);
                    let path = custom_payload::place_of(&fields, &problem.path);
                    Detail { path, code: problem.code.clone(), message }
                });
                let details: Vec<Detail> = details.collect();
                let messages: Vec<String> =
                    details.iter().map(|detail| format!("`{}`: {}", detail.path, detail.message)).collect();
                ApiError::new(Kind::Invalid, "invalid", messages.join("; ")).with_details(details)
            }
        })?;
        Ok(CustomPayload { fields, component_digest, plan: program.plan.unwrap_or_default() })
    }

    async fn insert_webhook(
        &self,
        kind: DestinationKind,
        scope: &StoredScope,
        settings: &WebhookSettings,
        entry: &AuditEntry,
    ) -> Result<WebhookDetails, ApiError> {
        let new = NewWebhook { kind, scope: scope.scope, scope_id: &scope.id, settings };
        let created = self.store().create_webhook(&self.organization_id, new, entry, self.now()).await;
        let CreatedWebhook::Created { id, .. } = created.map_err(unavailable)? else {
            let most = self.limits().webhooks_per_scope_max;
            let message = format!(
                "there are {most} of this kind for this {} already (webhooks_per_scope_max); delete one first",
                scope.scope.as_str()
            );
            return Err(ApiError::new(Kind::Conflict, "too_many_webhooks", message));
        };
        self.pipeline().forget_lookups();
        self.find_webhook(kind, &id).await
    }

    async fn list_webhooks(
        &self,
        kind: DestinationKind,
        named: NamedScope,
        page: &PageRequest,
    ) -> Result<Listed<WebhookDetails>, ApiError> {
        let scope = self.resolve_scope(named).await?;
        if scope.is_none() {
            self.check_not_scoped()?;
        }
        let limit = self.rows_of(page)?;
        let scope_id = scope.as_ref().map(|scope| scope.id.as_str());
        let rows = self.store().webhooks(&self.organization_id, kind, scope_id, page.from(), limit).await;
        let mut listed = Vec::new();
        for webhook in rows.map_err(unavailable)? {
            listed.push(self.describe_webhook(webhook).await?);
        }
        Ok(Listed::page(listed, limit, |row| row.webhook.destination.id.clone()))
    }

    /// A webhook that the key covers, its URL as far as this actor is shown it.
    async fn find_webhook(&self, kind: DestinationKind, id: &str) -> Result<WebhookDetails, ApiError> {
        let id = lookup_id(id);
        let found = self.store().webhook(&self.organization_id, kind, &id).await.map_err(unavailable)?;
        let details = self.describe_webhook(found.ok_or_else(|| not_found(kind, &id))?).await?;
        match (details.webhook.scope, &details.scope_name) {
            (Some(WebhookScope::Campaign), Some(campaign_id)) => drop(self.find_campaign(campaign_id).await?),
            _ => self.check_not_scoped()?,
        }
        Ok(details)
    }

    async fn webhook_to_change(
        &self,
        change: &Change,
        kind: DestinationKind,
        id: &str,
    ) -> Result<(WebhookDetails, AuditEntry), ApiError> {
        let entry = self.authorize_change(change)?;
        Ok((self.find_webhook(kind, id).await?, entry))
    }

    async fn delete_webhook(&self, change: &Change, kind: DestinationKind, id: &str) -> Result<(), ApiError> {
        let (found, entry) = self.webhook_to_change(change, kind, id).await?;
        let id = &found.webhook.destination.id;
        let deleted = self.store().delete_webhook(&self.organization_id, kind, id, &entry, self.now()).await;
        if !deleted.map_err(unavailable)? {
            return Err(not_found(kind, id));
        }
        self.pipeline().forget_lookups();
        Ok(())
    }

    /// A webhook as this actor is shown it.
    async fn describe_webhook(&self, webhook: Webhook) -> Result<WebhookDetails, ApiError> {
        let scope_name = match (webhook.scope, &webhook.scope_id) {
            (Some(WebhookScope::Campaign), Some(key)) => {
                let campaign = self.store().campaign(key).await.map_err(unavailable)?;
                campaign.map(|campaign| campaign.campaign_id)
            }
            (_, id) => id.clone(),
        };
        let destination = self.show_webhook(webhook.destination);
        Ok(WebhookDetails { webhook: Webhook { destination, ..webhook }, scope_name })
    }

    /// Whom webhooks are for; none where nobody is named.
    async fn resolve_scope(&self, named: NamedScope) -> Result<Option<StoredScope>, ApiError> {
        let NamedScope { campaign, client, user } = named;
        let (scope, id) = match (campaign, client, user) {
            (None, None, None) => return Ok(None),
            (Some(campaign), None, None) => (WebhookScope::Campaign, self.find_campaign(&campaign).await?.key),
            (None, Some(client), None) => {
                self.check_not_scoped()?;
                (WebhookScope::Client, self.find_client(&client).await?.id)
            }
            (None, None, Some(user)) => {
                self.check_not_scoped()?;
                (WebhookScope::User, self.find_owner(&user).await?)
            }
            _ => return Err(ApiError::invalid("scope", "is said twice; name one of `campaign`, `client` and `user`")),
        };
        Ok(Some(StoredScope { scope, id }))
    }

    /// A user who may own campaigns here: one of the organization, or whoever acts.
    async fn find_owner(&self, id: &str) -> Result<String, ApiError> {
        let id = lookup_id(id);
        if id == self.user_id() {
            return Ok(id);
        }
        let user = self.store().user(&id).await.map_err(unavailable)?;
        let user = user.filter(|user| user.organization_id.as_ref() == Some(&self.organization_id));
        user.map(|user| user.id).ok_or_else(|| ApiError::not_found("user", &id))
    }

    /// What is for more than a campaign is not for a key that is scoped to campaigns.
    fn check_not_scoped(&self) -> Result<(), ApiError> {
        const ANY: UseCase = UseCase { reach: super::use_cases::Reach::Organization, ..LIST_SUBSCRIPTIONS };
        self.authorize(&ANY)
    }
}

fn no_scope() -> ApiError {
    ApiError::invalid("scope", "is missing; say whom it is for with `?campaign=ID`, `?client=ID` or `?user=ID`")
}

fn not_found(kind: DestinationKind, id: &str) -> ApiError {
    let what = if kind == DestinationKind::Subscription { "subscription" } else { "scoped webhook" };
    ApiError::not_found(what, id)
}
