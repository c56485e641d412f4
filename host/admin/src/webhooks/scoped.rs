//! Scoped webhooks (W6), created in a dialect of their own (S1), and what shadows what.

use super::{NamedScope, StoredScope, WebhookDetails};
use crate::access::{Scope, unavailable};
use crate::page::{Listed, PageRequest};
use crate::rows::Webhook;
use crate::use_cases::{CREATE_SCOPED_WEBHOOK, DELETE_SCOPED_WEBHOOK, GET_SCOPED_WEBHOOK, LIST_SCOPED_WEBHOOKS};
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::webhook::routing::WebhookScope;
use hookmill_domain::webhook::scoped::{FieldError, ScopedWebhookDraft, read_scoped};
use serde_json::{Map, Value};

const KIND: DestinationKind = DestinationKind::ScopedWebhook;

/// A scoped webhook that was created.
#[derive(Debug, Clone)]
pub struct CreatedScopedWebhook {
    /// What its creator knows it by.
    pub number: i64,
    /// Its URL, in its one spelling.
    pub url: String,
    /// What it shadows, or what shadows it.
    pub warnings: Vec<String>,
}

/// Why a scoped webhook was not created.
#[derive(Debug)]
pub enum RejectedScopedWebhook {
    /// Fields are missing or wrong.
    Fields(Vec<FieldError>),
    /// There is a similar one: of the same scope and URL, for one of the events.
    Similar(i64),
    /// Anything else.
    Other(ApiError),
}

impl From<ApiError> for RejectedScopedWebhook {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl Scope {
    /// Creates a scoped webhook.
    pub async fn create_scoped_webhook(
        &self,
        body: &Map<String, Value>,
    ) -> Result<CreatedScopedWebhook, RejectedScopedWebhook> {
        let entry = self.authorize_change(&CREATE_SCOPED_WEBHOOK)?;
        let pipeline = self.pipeline();
        let draft = read_scoped(body, pipeline.schemes(), &pipeline.settings().events);
        let ScopedWebhookDraft { scope, scope_id, settings, is_forced } =
            draft.map_err(RejectedScopedWebhook::Fields)?;
        let scope = self.find_scope(scope, scope_id).await?;
        self.check_reachable(&settings.url, None).await.map_err(|error| match error.kind {
            Kind::Invalid => rejected_field("webhook_url", error.message.replacen("`url`", "webhook_url", 1)),
            _ => RejectedScopedWebhook::Other(error),
        })?;
        let known = self.scoped_webhooks_for(&settings.events).await?;
        let is_similar = |webhook: &&Webhook| {
            webhook.scope_id.as_ref() == Some(&scope.id) && webhook.destination.settings.url == settings.url
        };
        if let Some(number) = known.iter().find(is_similar).and_then(|webhook| webhook.number).filter(|_| !is_forced) {
            return Err(RejectedScopedWebhook::Similar(number));
        }
        let warnings = self.describe_shadows(&scope, &known).await?;
        let created = self.insert_webhook(KIND, &scope, &settings, &entry).await?;
        let number = created.webhook.number.unwrap_or_default();
        Ok(CreatedScopedWebhook { number, url: settings.url, warnings })
    }

    /// Lists scoped webhooks, the oldest first.
    pub async fn list_scoped_webhooks(
        &self,
        named: NamedScope,
        page: &PageRequest,
    ) -> Result<Listed<WebhookDetails>, ApiError> {
        self.authorize(&LIST_SCOPED_WEBHOOKS)?;
        self.list_webhooks(KIND, named, page).await
    }

    /// A scoped webhook.
    pub async fn scoped_webhook(&self, id: &str) -> Result<WebhookDetails, ApiError> {
        self.authorize(&GET_SCOPED_WEBHOOK)?;
        self.find_webhook(KIND, id).await
    }

    /// Deletes a scoped webhook; what waits for it is suppressed.
    pub async fn delete_scoped_webhook(&self, id: &str) -> Result<(), ApiError> {
        self.delete_webhook(&DELETE_SCOPED_WEBHOOK, KIND, id).await
    }

    /// Whom it is for. What there is not is a wrong field of what was sent.
    async fn find_scope(&self, scope: WebhookScope, id: Option<String>) -> Result<StoredScope, RejectedScopedWebhook> {
        let (field, named) = match scope {
            WebhookScope::User => {
                ("association_type", NamedScope { user: Some(self.user_id().to_owned()), ..NamedScope::default() })
            }
            WebhookScope::Client => ("client_id", NamedScope { client: id, ..NamedScope::default() }),
            WebhookScope::Campaign => ("email_campaign_id", NamedScope { campaign: id, ..NamedScope::default() }),
        };
        match self.resolve_scope(named).await {
            Ok(Some(scope)) => Ok(scope),
            Ok(None) => Err(rejected_field(field, format!("{field} is missing"))),
            Err(error) if error.kind == Kind::NotFound => {
                Err(rejected_field(field, format!("{field} is not known here: {}", error.message)))
            }
            Err(error) => Err(RejectedScopedWebhook::Other(error)),
        }
    }

    /// The scoped webhooks of the organization that are for one of these events.
    async fn scoped_webhooks_for(&self, events: &[String]) -> Result<Vec<Webhook>, ApiError> {
        let (mut found, mut after) = (Vec::new(), String::new());
        let rows_max = self.limits().page_rows_max;
        loop {
            let page = self.store().webhooks(&self.organization_id, KIND, None, &after, rows_max).await;
            let page = page.map_err(unavailable)?;
            let is_last = i64::try_from(page.len()).unwrap_or(i64::MAX) < rows_max;
            let Some(last) = page.last() else { return Ok(found) };
            after.clone_from(&last.destination.id);
            found.extend(page.into_iter().filter(|webhook| {
                let settings = &webhook.destination.settings;
                settings.enabled && events.iter().any(|event| settings.selects(event))
            }));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// A sentence for each webhook that a new one shadows, or that shadows it.
    async fn describe_shadows(&self, new: &StoredScope, known: &[Webhook]) -> Result<Vec<String>, ApiError> {
        let relations = self.store().campaign_relations(&self.organization_id).await.map_err(unavailable)?;
        let mut warnings = Vec::new();
        for webhook in known {
            let (Some(scope), Some(id), Some(number)) = (webhook.scope, &webhook.scope_id, webhook.number) else {
                continue;
            };
            let of = |scope: WebhookScope, id: &str, relation: &(String, Option<String>, Option<String>)| match scope {
                WebhookScope::Campaign => relation.0 == id,
                WebhookScope::Client => relation.1.as_deref() == Some(id),
                WebhookScope::User => relation.2.as_deref() == Some(id),
            };
            let meets = relations.iter().any(|one| of(new.scope, &new.id, one) && of(scope, id, one));
            if !meets || scope == new.scope {
                continue;
            }
            warnings.push(match scope < new.scope {
                true => format!("webhook {number} of the broader scope `{}` gets events that this one is for, and this one does not", scope.as_str()),
                false => format!("webhook {number} of the narrower scope `{}` no longer gets events that this one is for", scope.as_str()),
            });
        }
        Ok(warnings)
    }
}

fn rejected_field(field: &'static str, message: String) -> RejectedScopedWebhook {
    RejectedScopedWebhook::Fields(vec![FieldError { field, message }])
}
