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
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DestinationKind, ReceiverSettings};
use hookmill_store::StoreError;
use hookmill_store::destinations::Paused;
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
    /// When a webhook that is paused because it kept failing is asked again; none while it is not paused.
    pub(crate) probe_at: Option<Timestamp>,
}

/// Why there is nobody to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Nobody {
    /// The destination is gone or switched off, or the receiver that the delivery was made for is no longer kept.
    DestinationRemoved,
    /// The destination responded with `410`, or is paused for so long that this is not sent by itself any more.
    DestinationPaused,
}

impl Addressee {
    fn of(receiver: Receiver, revision: i64) -> Self {
        Self { receiver, revision: Some(revision), probe_at: None }
    }
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
    paused: Option<Paused>,
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
                Some(receiver) => return Ok(Ok(Addressee { receiver, revision: None, probe_at: None })),
            }
        }
        Ok(match (counting.paused, counting.addressee) {
            (Some(Paused { probe_at: None, .. }), _) => Err(Nobody::DestinationPaused),
            (_, None) => Err(Nobody::DestinationRemoved),
            (paused, Some(addressee)) => {
                Ok(Addressee { probe_at: paused.and_then(|paused| paused.probe_at), ..addressee })
            }
        })
    }

    async fn earlier_receiver(
        &self,
        kind: DestinationKind,
        destination_id: &str,
        version: i64,
    ) -> Result<Option<Receiver>, StoreError> {
        let (key, now) = ((destination_id.to_owned(), version), self.clock.boot_time());
        let found = self.earlier_receivers.get_or_read(key, now, self.read_receiver(kind, destination_id, version));
        found.await.map(|found| Option::clone(&found))
    }

    async fn read_receiver(
        &self,
        kind: DestinationKind,
        destination_id: &str,
        version: i64,
    ) -> Result<Option<Receiver>, StoreError> {
        Ok(match kind {
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
        })
    }
}

/// The settings that count of a delivery's destination; none where it is gone or switched off.
fn counting(context: &CampaignContext, webhook: Option<&Webhook>, delivery: &Delivery) -> Option<Counting> {
    let (kind, id) = (delivery.kind()?, &delivery.row.destination_id);
    match kind {
        DestinationKind::Client => {
            let client = context.client.as_ref().filter(|client| client.id == *id)?;
            let receiver = Receiver::Client(client.settings.clone());
            let addressee = Some(Addressee::of(receiver, client.revision));
            // A client is not paused by what it answers.
            Some(Counting { kind, version: client.version, paused: None, addressee })
        }
        DestinationKind::Action => {
            let action = context.action.as_ref().filter(|action| action.id == *id)?;
            let webhook = action.settings.webhook().cloned().map(Receiver::Action);
            let addressee = webhook.map(|receiver| Addressee::of(receiver, action.revision));
            // Nor is a webhook that decides.
            Some(Counting { kind, version: action.version, paused: None, addressee })
        }
        DestinationKind::Ping => {
            let client = context.client.as_ref().filter(|client| client.id == *id)?;
            let receiver = Receiver::ping(client.settings.clone());
            let addressee = receiver.map(|receiver| Addressee::of(receiver, client.revision));
            Some(Counting { kind, version: client.version, paused: None, addressee })
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
            let addressee = Some(Addressee::of(receiver, webhook.revision));
            Some(Counting { kind, version: webhook.version, paused: webhook.paused, addressee })
        }
    }
}
