//! What the host tells of a call as JSON values, built only when a path asks for them.

use std::borrow::Cow;

use hookmill_json::{Value, parse};
use hookmill_plugin_sdk::types::{
    Bid, Campaign, Channel, Destination, DestinationKind, Event, Organization, Origin, Pair, Submission,
};

/// A JSON text from the host; null if it is none, for a document can't fix what the host sends.
fn json(text: &str) -> Value<'_> {
    parse(text).unwrap_or(Value::Null)
}

pub fn campaign(campaign: &Campaign) -> Value<'_> {
    let client = campaign.client.as_ref().map_or(Value::Null, |client| {
        Value::object([("id", Value::text(client.id.as_str())), ("name", Value::text(client.name.as_str()))])
    });
    Value::object([
        ("id", Value::text(campaign.id.as_str())),
        ("name", Value::text(campaign.name.as_str())),
        ("client", client),
        ("time_zone", Value::text(campaign.time_zone.as_str())),
        ("phone_region", Value::text(campaign.phone_region.as_str())),
        ("values", json(&campaign.values)),
    ])
}

pub fn organization(organization: &Organization) -> Value<'_> {
    Value::object([
        ("id", Value::text(organization.id.as_str())),
        ("name", Value::text(organization.name.as_str())),
        ("values", json(&organization.values)),
    ])
}

/// An object of pairs; a name that repeats has a list.
pub fn pairs(pairs: &[Pair]) -> Value<'_> {
    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let value = Value::text(pair.value.as_str());
        match members.iter_mut().find(|(name, _)| *name == pair.name) {
            None => members.push((pair.name.as_str().into(), value)),
            Some((_, Value::List(values))) => values.push(value),
            Some((_, single)) => {
                let first = std::mem::replace(single, Value::Null);
                *single = Value::List(vec![first, value]);
            }
        }
    }
    Value::Object(members)
}

/// What is unknown is missing, not null: the source did not say null.
fn with_known<'v, const N: usize>(members: [(&'static str, Option<&'v str>); N]) -> Value<'v> {
    let known = members.into_iter().filter_map(|(name, text)| Some((name.into(), Value::text(text?))));
    Value::Object(known.collect())
}

pub fn origin(origin: &Origin) -> Value<'_> {
    let channel = match origin.channel {
        Channel::Batch => "batch",
        Channel::Campaign => "campaign",
        Channel::InboundWebhook => "inbound_webhook",
        Channel::Sample => "sample",
    };
    with_known([
        ("channel", Some(channel)),
        ("name", Some(&origin.name)),
        ("source_label", origin.source_label.as_deref()),
        ("tag", origin.tag.as_deref()),
        ("remote_address", origin.remote_address.as_deref()),
    ])
}

pub fn submission(submission: &Submission) -> Value<'_> {
    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = vec![
        ("id".into(), Value::text(submission.id.as_str())),
        ("is_test".into(), Value::Bool(submission.is_test)),
        ("received_at".into(), Value::integer(submission.received_at)),
    ];
    members.extend(submission.lead_id.as_deref().map(|id| ("lead_id".into(), Value::text(id))));
    members.extend(submission.bid.as_ref().map(|offered| ("bid".into(), bid(offered))));
    Value::Object(members)
}

fn bid(bid: &Bid) -> Value<'_> {
    with_known([("price", Some(&bid.price)), ("token", bid.token.as_deref())])
}

pub fn event(event: &Event) -> Value<'_> {
    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = vec![
        ("id".into(), Value::text(event.id.as_str())),
        ("name".into(), Value::text(event.name.as_str())),
        ("occurred_at".into(), Value::integer(event.occurred_at)),
        ("details".into(), json(&event.details)),
    ];
    members.extend(event.status.as_deref().map(|status| ("status".into(), Value::text(status))));
    members.extend(event.payload.as_deref().map(|payload| ("payload".into(), json(payload))));
    members.extend(event.category.as_ref().map(|category| {
        let name = Value::text(category.name.as_str());
        ("category".into(), Value::object([("id", Value::integer(category.id)), ("name", name)]))
    }));
    Value::Object(members)
}

/// Who receives a message, as an object.
pub fn destination(destination: &Destination) -> Value<'_> {
    let kind = match destination.kind {
        DestinationKind::Client => "client",
        DestinationKind::OrganizationWebhook => "organization_webhook",
        DestinationKind::CampaignWebhook => "campaign_webhook",
        DestinationKind::Subscription => "subscription",
        DestinationKind::ScopedWebhook => "scoped_webhook",
        DestinationKind::Action => "action",
        DestinationKind::Ping => "ping",
    };
    Value::object([
        ("kind", Value::text(kind)),
        ("id", Value::text(destination.id.as_str())),
        ("name", Value::text(destination.name.as_str())),
        ("method", Value::text(destination.method.as_str())),
        ("url", Value::text(destination.url.as_str())),
        ("content_type", Value::text(destination.content_type.as_str())),
        ("settings", destination.settings.as_deref().map_or(Value::Null, json)),
    ])
}
