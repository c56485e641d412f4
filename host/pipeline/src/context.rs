//! The contract's records, made from what is kept.

use super::element::Received;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::ids::derive_entropy;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_engine::contract::{
    Campaign as ContractCampaign, Channel, Client as ContractClient, Context, Entropy, Inbound,
    Organization as ContractOrganization, Origin as ContractOrigin, Pair, Submission,
};
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;

/// What is the same for all items of a batch.
pub(crate) fn context(organization: &Organization, campaign: &Campaign, now: Timestamp, run_id: &str) -> Context {
    Context {
        organization: ContractOrganization {
            id: organization.id.clone(),
            name: organization.name.clone(),
            values: to_text(&organization.values),
        },
        campaign: ContractCampaign {
            id: campaign.campaign_id.clone(),
            name: campaign.name.clone(),
            client: client(campaign),
            time_zone: campaign.time_zone.clone(),
            phone_region: campaign.phone_region.clone(),
            values: to_text(&campaign.values),
        },
        now: now.0,
        run_id: run_id.to_owned(),
        trace: false,
    }
}

/// The client for whom a campaign runs.
fn client(campaign: &Campaign) -> Option<ContractClient> {
    let (id, name) = (campaign.client_id.clone()?, campaign.client_name.clone()?);
    Some(ContractClient { id, name })
}

/// One element as it came in; none when it can't be read any more.
pub(crate) fn inbound(received: &Received) -> Option<Inbound> {
    let (row, origin) = (&received.row, &received.origin);
    let through = origin.metadata.inbound.as_ref();
    Some(Inbound {
        submission_id: row.id.clone(),
        body: received.body.clone().ok()?,
        headers: pairs(origin.metadata.headers.iter().cloned()),
        query: pairs(origin.metadata.query.iter().cloned()),
        origin: ContractOrigin {
            channel: channel(&origin.channel),
            name: through.map_or_else(|| origin.source_name.clone(), |through| through.name.clone()),
            source_label: through.and_then(|through| through.source.clone()),
            tag: through.and_then(|through| through.tag.clone()),
            remote_address: origin.remote_address.clone(),
        },
        received_at: row.received_at,
        entropy: entropy(&row.id),
    })
}

/// A sample in the place of something that came in.
pub(crate) fn sample_inbound(id: &str, body: String, metadata: &RequestMetadata, received_at_ms: i64) -> Inbound {
    Inbound {
        submission_id: id.to_owned(),
        body,
        headers: pairs(metadata.headers.clone()),
        query: pairs(metadata.query.clone()),
        origin: ContractOrigin {
            channel: Channel::Sample,
            name: "sample".into(),
            source_label: None,
            tag: None,
            remote_address: None,
        },
        received_at: received_at_ms,
        entropy: entropy(id),
    }
}

/// A lead on its way through the stages after mapping.
pub(crate) fn submission(
    id: &str,
    lead_id: Option<String>,
    lead: String,
    is_test: bool,
    received_at: i64,
) -> Submission {
    let (responses, bid) = (Vec::new(), None);
    Submission { id: id.to_owned(), lead_id, lead, is_test, received_at, responses, bid, entropy: entropy(id) }
}

/// Random bytes for one item, the same in a replay.
pub(crate) fn entropy(id: &str) -> Entropy {
    let (high, low) = derive_entropy(id);
    Entropy { high, low }
}

/// Names and values as the contract has them.
pub(crate) fn pairs(list: impl IntoIterator<Item = (String, String)>) -> Vec<Pair> {
    list.into_iter().map(|(name, value)| Pair { name, value }).collect()
}

/// Kept JSON as text; an empty object when it is none.
pub(crate) fn to_text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).unwrap_or("{}").to_owned()
}

fn channel(name: &str) -> Channel {
    match name {
        "campaign" => Channel::Campaign,
        "inbound_webhook" => Channel::InboundWebhook,
        "sample" => Channel::Sample,
        _ => Channel::Batch,
    }
}
