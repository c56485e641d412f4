//! Who a delivery goes to: the receiver it was made for, whatever its destination was changed to since.
//!
//! A lead that was sent to one client, whose answer is not known, must not go to another because somebody edited the endpoint. So
//! a delivery goes by the settings that count only while they say the same receiver: then a new credential or time-out reaches what
//! waits. Else it goes by the last settings of its own receiver.

use super::Pipeline;
use super::cache::Cache;
use super::delivery::Delivery;
use super::finish::CampaignContext;
use super::send::Receiver;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_store::StoreError;
use hookmill_store::webhooks::Webhook;
use strum::IntoStaticStr;

/// Receivers of destinations that have another one by now, by destination and version; none where that version is gone.
pub(crate) type EarlierReceivers = Cache<(String, i64), Option<Receiver>>;

/// Who a delivery goes to.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    pub(crate) receiver: Receiver,
    /// The revision of the destination's settings, where it goes by those that count.
    pub(crate) revision: Option<i64>,
}

/// Why there is nobody to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Nobody {
    /// The destination is gone or switched off, or the receiver that the delivery was made for is no longer kept.
    DestinationRemoved,
    /// The destination answered `410`.
    DestinationPaused,
}

impl Nobody {
    /// Its name in the log of attempts.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The settings of a destination that count.
struct Counting {
    kind: DestinationKind,
    version: i64,
    is_paused: bool,
    /// None where nothing is sent by them: a person decides.
    addressee: Option<Addressee>,
}

impl Pipeline {
    /// Who a delivery goes to.
    pub(crate) async fn addressee(
        &self,
        context: &CampaignContext,
        delivery: &Delivery,
    ) -> Result<Result<Addressee, Nobody>, StoreError> {
        let webhook = match delivery.kind().is_some_and(DestinationKind::is_told) {
            true => self.webhook(context, &delivery.row.destination_id).await?,
            false => None,
        };
        let Some(counting) = counting(context, webhook.as_deref(), delivery) else {
            return Ok(Err(Nobody::DestinationRemoved));
        };
        let version = delivery.row.destination_version;
        if version != counting.version {
            let is_same = |own: &Receiver| {
                counting.addressee.as_ref().is_some_and(|addressee| own.has_receiver_of(&addressee.receiver))
            };
            match self.earlier_receiver(counting.kind, &delivery.row.destination_id, version).await? {
                None => return Ok(Err(Nobody::DestinationRemoved)),
                Some(own) if is_same(&own) => {}
                Some(receiver) => return Ok(Ok(Addressee { receiver, revision: None })),
            }
        }
        let nobody = if counting.is_paused { Nobody::DestinationPaused } else { Nobody::DestinationRemoved };
        Ok(counting.addressee.filter(|_| !counting.is_paused).ok_or(nobody))
    }

    async fn earlier_receiver(
        &self,
        kind: DestinationKind,
        destination_id: &str,
        version: i64,
    ) -> Result<Option<Receiver>, StoreError> {
        let (key, now) = ((destination_id.to_owned(), version), self.clock.boot_time());
        if let Some(known) = self.earlier_receivers.get(&key, now) {
            return Ok(Option::clone(&known));
        }
        let generation = self.earlier_receivers.generation();
        let found = match kind {
            DestinationKind::Client => self.store.client_version(destination_id, version).await?.map(Receiver::Client),
            DestinationKind::Action => {
                let found = self.store.action_version(destination_id, version).await?;
                found.and_then(|action| action.webhook().cloned()).map(Receiver::Action)
            }
            DestinationKind::Ping => self.store.client_version(destination_id, version).await?.and_then(Receiver::ping),
            DestinationKind::OrganizationWebhook
            | DestinationKind::CampaignWebhook
            | DestinationKind::Subscription
            | DestinationKind::ScopedWebhook => {
                self.store.webhook_version(destination_id, version).await?.map(Receiver::webhook)
            }
        };
        Ok(Option::clone(&self.earlier_receivers.put(generation, key, found, now)))
    }
}

/// The settings that count of a delivery's destination; none where it is gone or switched off.
fn counting(context: &CampaignContext, webhook: Option<&Webhook>, delivery: &Delivery) -> Option<Counting> {
    let (kind, id) = (delivery.kind()?, &delivery.row.destination_id);
    match kind {
        DestinationKind::Client => {
            let client = context.client.as_ref().filter(|client| client.id == *id)?;
            let receiver = Receiver::Client(client.settings.clone());
            let addressee = Some(Addressee { receiver, revision: Some(client.revision) });
            // A client is not paused by what it answers.
            Some(Counting { kind, version: client.version, is_paused: false, addressee })
        }
        DestinationKind::Action => {
            let action = context.action.as_ref().filter(|action| action.id == *id)?;
            let webhook = action.settings.webhook().cloned().map(Receiver::Action);
            let addressee = webhook.map(|receiver| Addressee { receiver, revision: Some(action.revision) });
            // Nor is a webhook that decides.
            Some(Counting { kind, version: action.version, is_paused: false, addressee })
        }
        DestinationKind::Ping => {
            let client = context.client.as_ref().filter(|client| client.id == *id)?;
            let receiver = Receiver::ping(client.settings.clone());
            let addressee = receiver.map(|receiver| Addressee { receiver, revision: Some(client.revision) });
            Some(Counting { kind, version: client.version, is_paused: false, addressee })
        }
        DestinationKind::OrganizationWebhook
        | DestinationKind::CampaignWebhook
        | DestinationKind::Subscription
        | DestinationKind::ScopedWebhook => {
            let webhook = &webhook?.destination;
            if !webhook.settings.enabled {
                return None;
            }
            let receiver = Receiver::webhook(webhook.settings.clone());
            let addressee = Some(Addressee { receiver, revision: Some(webhook.revision) });
            Some(Counting { kind, version: webhook.version, is_paused: webhook.paused_at.is_some(), addressee })
        }
    }
}
