//! Field discovery (M11): a campaign's newest elements, read again as they were read when they came, and what each path of them is
//! used for by what the campaign runs.

mod probe;

use super::Pipeline;
use super::element::{RequestReader, StoredBody};
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_discovery::{ELEMENTS_BYTES_MAX, Element, Fields, REQUESTS_BYTES_MAX};
use hookmill_domain::body::tree_bytes;
use hookmill_domain::budget::Holding;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::error::ApiError;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;
use hookmill_store::recent::ElementPlace;
use hookmill_store::requests::RawRequest;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// An element to look at.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The submission it became, or any name that no other sample has.
    pub id: String,
    /// What it says.
    pub element: Element,
    /// What came with it.
    pub metadata: RequestMetadata,
}

/// What was found in a campaign's newest elements.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// Every path.
    pub fields: Fields,
    /// How many requests the elements came with.
    pub requests: usize,
    /// How many elements could not be read again, or were beyond the bounds on bytes.
    pub elements_unread: usize,
}

impl Pipeline {
    /// Every path of a campaign's newest elements. `tries`: whether it is tried out what each is used for.
    #[boxed]
    pub async fn discover(
        &self,
        organization: &Organization,
        campaign: &Campaign,
        elements_max: i64,
        tries: bool,
        holding: &Holding,
    ) -> Result<Discovered, ApiError> {
        let places = self.people.recent_elements(&campaign.key, elements_max).await.map_err(unavailable)?;
        let requests = places.iter().map(|place| &place.request_id).collect::<HashSet<_>>().len();
        let count = places.len();
        let samples = Arc::new(self.samples(&organization.id, places, holding).await?);
        let elements_unread = count - samples.len();
        let mut fields = self.find_fields(&samples).await?;
        if tries && let Ok(program) = self.campaign_program(campaign).await {
            fields = self.try_paths(&program, (organization, campaign), &samples, fields, holding).await?;
        }
        let element_bytes = samples.len().saturating_mul(self.large().inline_bytes_max());
        self.large().drop_apart(element_bytes, samples);
        Ok(Discovered { fields, requests, elements_unread })
    }

    /// Every path of samples, which are in the order of their reception.
    async fn find_fields(&self, samples: &Arc<Vec<Sample>>) -> Result<Fields, ApiError> {
        let samples = samples.clone();
        let gathered = move || hookmill_discovery::discover(samples.iter().map(|sample| &sample.element));
        // Megabytes of leads take a while: those who post meanwhile are not to wait.
        self.large().work_apart(gathered).await
    }

    /// The elements at these places, the oldest first, as far as the bounds on bytes reach back.
    async fn samples(
        &self,
        organization_id: &str,
        places: Vec<ElementPlace>,
        holding: &Holding,
    ) -> Result<Vec<Sample>, ApiError> {
        let mut by_request: Vec<(String, Vec<ElementPlace>)> = Vec::new();
        for place in places {
            match by_request.last_mut() {
                Some((request, of_it)) if *request == place.request_id => of_it.push(place),
                _ => by_request.push((place.request_id.clone(), vec![place])),
            }
        }
        let ids: Vec<&str> = by_request.iter().map(|(id, _)| id.as_str()).collect();
        let sizes = self.people.request_sizes(organization_id, &ids).await.map_err(unavailable)?;
        let sizes: HashMap<String, i64> = sizes.into_iter().collect();
        let (mut samples, mut request_bytes, mut element_bytes) = (Vec::new(), 0_i64, 0_usize);
        for (id, places) in by_request {
            request_bytes = request_bytes.saturating_add(sizes.get(&id).copied().unwrap_or_default());
            if REQUESTS_BYTES_MAX < request_bytes || ELEMENTS_BYTES_MAX < element_bytes {
                break;
            }
            let found = self.people.raw_request(organization_id, &id).await.map_err(unavailable)?;
            let Some(request) = found else { continue };
            let (limits, holding) = (self.settings.limits.clone(), holding.clone());
            let read = move || read_samples(&request, places, element_bytes, &limits, &holding);
            let (read, bytes) = self.large().work_apart(read).await??;
            samples.extend(read);
            element_bytes = bytes;
        }
        samples.sort_by(|a, b| (a.element.received_at_ms, &a.id).cmp(&(b.element.received_at_ms, &b.id)));
        Ok(samples)
    }
}

/// The elements of one request, and how many bytes they and those before have. An element that is not JSON, or beyond the bound on bytes,
/// is left out.
fn read_samples(
    request: &RawRequest,
    places: Vec<ElementPlace>,
    bytes_before: usize,
    limits: &Limits,
    holding: &Holding,
) -> Result<(Vec<Sample>, usize), ApiError> {
    let (mut samples, mut bytes) = (Vec::new(), bytes_before);
    let mut opening = holding.part();
    opening.grow(request.body.len().saturating_add(limits.inflated_bytes_max))?;
    let Ok(reader) = RequestReader::open(StoredBody::from(request), limits) else {
        return Ok((samples, bytes));
    };
    for place in places {
        let Some(element) = reader.element(place.element_start, place.element_bytes) else { continue };
        let body = element.text;
        bytes = bytes.saturating_add(body.len());
        if ELEMENTS_BYTES_MAX < bytes {
            break;
        }
        holding.grow(tree_bytes(&body))?;
        let Ok(value) = serde_json::from_str(&body) else { continue };
        let metadata = reader.metadata().clone();
        samples.push(Sample { id: place.id, element: Element { received_at_ms: place.received_at, value }, metadata });
    }
    Ok((samples, bytes))
}

impl Sample {
    /// Samples of a body that a person has in a file: the leads of a batch, the items of a list, or the body itself.
    pub fn read_all(name: &str, body: &str, now: Timestamp, limits: &Limits) -> Result<Vec<Self>, serde_json::Error> {
        let leads = match serde_json::from_str(body)? {
            serde_json::Value::Array(items) => items,
            serde_json::Value::Object(mut envelope) if envelope.contains_key("idempotency_key") => {
                match envelope.remove("leads") {
                    Some(serde_json::Value::Array(leads)) => leads,
                    Some(other) => vec![other],
                    None => vec![envelope.into()],
                }
            }
            other => vec![other],
        };
        let sample = |(index, value)| Self {
            id: format!("{name}-{index}"),
            element: Element { received_at_ms: now.0, value },
            metadata: RequestMetadata::default(),
        };
        Ok(leads.into_iter().take(limits.leads_per_request_max).enumerate().map(sample).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m11_files_hold_one_lead_or_many() {
        let table = [
            ("{\"a\":1}", 1),
            ("[{\"a\":1},{\"a\":2}]", 2),
            ("{\"idempotency_key\":\"k\",\"leads\":[{\"a\":1},{\"a\":2},{}]}", 3),
            ("{\"leads\":[1]}", 1),
            ("3", 1),
        ];
        for (body, leads) in table {
            let samples = Sample::read_all("f", body, Timestamp(5), &Limits::default()).unwrap();
            assert_eq!(samples.len(), leads, "{body}");
            assert!(samples.iter().all(|sample| sample.element.received_at_ms == 5));
        }
        assert!(Sample::read_all("f", "{", Timestamp(5), &Limits::default()).is_err());
    }
}
