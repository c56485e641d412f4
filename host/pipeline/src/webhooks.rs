//! The webhooks of a campaign as its events go to them: which of them get an event, and how it is shaped for each.

use super::Pipeline;
use super::finish::CampaignContext;
use super::interpret::client_destination;
use super::programs::NotReady;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_domain::webhook::routing::{Candidate, Category, Verdict, route};
use hookmill_domain::webhook::settings::WebhookSettings;
use hookmill_engine::contract::{Destination, DestinationKind as ContractKind};
use hookmill_engine::{Digest, Program};
use hookmill_store::StoreError;
use hookmill_store::webhooks::Webhook;
use serde_json::json;
use std::borrow::Cow;
use std::str::FromStr;

/// What scoped webhooks are sent (S2), as a document.
pub const SCOPED_PAYLOAD_DOCUMENT: &str = include_str!("../../../plugins/default/documents/scoped-payload.yaml");

/// A webhook as the routing of events looks at it.
fn candidate(webhook: &Webhook) -> Candidate<'_> {
    Candidate { kind: webhook.kind, scope: webhook.scope, settings: &webhook.destination.settings }
}

/// What becomes of an event at each webhook that its campaign has, in their order.
pub fn verdicts(webhooks: &[Webhook], event: &str, category: Category) -> Vec<Verdict> {
    route(&webhooks.iter().map(candidate).collect::<Vec<_>>(), event, category)
}

impl CampaignContext {
    /// The webhooks that an event is recorded for, each with whether it is only recorded.
    pub(crate) fn recipients(&self, event: &str, category: Option<i64>) -> Vec<(&Webhook, bool)> {
        let verdicts = verdicts(&self.webhooks, event, Category::Known(category));
        let each = self.webhooks.iter().zip(verdicts).filter_map(|(webhook, verdict)| match verdict {
            Verdict::Sends => Some((webhook, false)),
            Verdict::Suppressed => Some((webhook, true)),
            Verdict::Not(_) => None,
        });
        each.collect()
    }

    /// A receiver of events, as plugins see it; one that is gone is seen as its organization's webhook.
    pub(crate) fn event_destination(&self, destination_id: &str, webhook: Option<&Webhook>) -> Destination {
        if let Some(action) = self.action.as_ref().filter(|action| action.id == destination_id) {
            let webhook = action.settings.webhook();
            let (method, url) = webhook.map_or(("POST", ""), |webhook| (webhook.method.as_str(), webhook.url.as_str()));
            return client_destination(&self.campaign, ContractKind::Action, method, url);
        }
        let organization = &self.organization;
        let Some(webhook) = webhook else {
            return destination(ContractKind::OrganizationWebhook, &organization.id, &organization.name, None);
        };
        let settings = &webhook.destination.settings;
        match webhook.kind {
            DestinationKind::CampaignWebhook => {
                let campaign = &self.campaign;
                destination(ContractKind::CampaignWebhook, &campaign.campaign_id, &campaign.name, Some(settings))
            }
            DestinationKind::Subscription => {
                destination(ContractKind::Subscription, destination_id, &settings.name, Some(settings))
            }
            DestinationKind::ScopedWebhook => {
                let seen = destination(ContractKind::ScopedWebhook, destination_id, &settings.name, Some(settings));
                Destination { settings: Some(json!({ "number": webhook.number }).to_string()), ..seen }
            }
            _ => destination(ContractKind::OrganizationWebhook, &organization.id, &organization.name, Some(settings)),
        }
    }
}

fn destination(kind: ContractKind, id: &str, name: &str, settings: Option<&WebhookSettings>) -> Destination {
    Destination {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        method: settings.map_or("POST", ReceiverSettings::method).to_owned(),
        url: settings.map(|settings| settings.url.clone()).unwrap_or_default(),
        content_type: settings.map(|settings| settings.content_type).unwrap_or_default().as_str().to_owned(),
        settings: None,
    }
}

/// What shapes the messages to a webhook.
#[derive(Debug)]
pub(crate) struct Shaper {
    pub(crate) program: Program,
    /// Whether that is what the submission ran on, whose tables it may read.
    pub(crate) is_of_campaign: bool,
}

impl Shaper {
    /// Whether both run the same, and may read the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let of = |shaper: &Self| (shaper.is_of_campaign, shaper.program.component.digest());
        of(self) == of(other) && self.program.plan == other.program.plan
    }
}

impl Pipeline {
    /// A webhook that a campaign's events went to when they happened; none where it is gone. It may be somebody's who has the campaign no
    /// more: what happened before is told all the same.
    pub(crate) async fn webhook<'c>(
        &self,
        context: &'c CampaignContext,
        destination_id: &str,
    ) -> Result<Option<Cow<'c, Webhook>>, StoreError> {
        let known = context.webhooks.iter().find(|webhook| webhook.destination.id == destination_id);
        if let Some(known) = known {
            return Ok(Some(Cow::Borrowed(known)));
        }
        if context.action.as_ref().is_some_and(|action| action.id == destination_id) {
            return Ok(None);
        }
        Ok(self.store.told_webhook(&context.organization.id, destination_id).await?.map(Cow::Owned))
    }

    /// What shapes the messages of events to a destination: what its owner said, or what the submission ran on. Where that can never be run,
    /// the standard payload is sent. Why, while it is not ready.
    pub(crate) async fn shaper(
        &self,
        webhook: Option<&Webhook>,
        campaign_version_id: Option<&str>,
    ) -> Result<Shaper, NotReady> {
        let own = match webhook {
            Some(webhook) if webhook.kind == DestinationKind::ScopedWebhook => Some(self.scoped_payload.clone()),
            Some(webhook) => match &webhook.destination.settings.payload {
                Some(payload) => {
                    let digest = Digest::from_str(&payload.component_digest).map_err(NotReady::later)?;
                    let component = self.component_if_ready(digest)?;
                    Some(Program { component, plan: Some(payload.plan.clone()) })
                }
                None => None,
            },
            None => None,
        };
        if let Some(program) = own {
            return Ok(Shaper { program, is_of_campaign: false });
        }
        match self.program_if_ready(campaign_version_id).await {
            Err(NotReady::Never(_)) => Ok(Shaper { program: self.standard.clone(), is_of_campaign: true }),
            result => result.map(|program| Shaper { program, is_of_campaign: true }),
        }
    }
}
