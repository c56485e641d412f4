//! The host's management API, as far as a measurement needs it: what an operator sets up before the first lead, and
//! the states of leads.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{self, Connection};

/// How often it is asked whether the host is ready, and how long it is waited in between.
const READY_LOOKS_MAX: usize = 600;
const READY_LOOK: Duration = Duration::from_millis(200);

/// The events of a delivered lead.
pub const EVENTS: [&str; 2] = ["lead.delivered", "lead.processed"];

/// The number of submissions by state.
pub type StateCounts = BTreeMap<String, u64>;

/// An operator's connection.
pub struct Api {
    address: SocketAddr,
    operator_key: String,
    connection: Option<Connection>,
}

#[derive(Deserialize)]
struct Campaign {
    submissions: StateCounts,
}

impl Api {
    /// Connects at the first call.
    pub fn new(address: SocketAddr, operator_key: &str) -> Api {
        Api { address, operator_key: operator_key.to_owned(), connection: None }
    }

    /// Another connection of the same operator.
    pub fn another(&self) -> Api {
        Api::new(self.address, &self.operator_key)
    }

    /// The operator's key.
    pub fn key(&self) -> &str {
        &self.operator_key
    }

    /// Makes an organization and returns its id.
    pub async fn create_organization(&mut self, name: &str) -> Result<String> {
        text(&self.change("POST", "/v1/organizations", &json!({"name": name})).await?, "id")
    }

    /// Makes a source key and returns it.
    pub async fn create_source_key(&mut self, organization: &str) -> Result<String> {
        let path = format!("/v1/source-keys?organization={organization}");
        text(&self.change("POST", &path, &json!({"name": "bench"})).await?, "key")
    }

    /// Makes an active campaign on the standard document; `delivery` says whether its leads are for a client.
    pub async fn create_campaign(&mut self, organization: &str, id: &str, delivery: &str) -> Result<()> {
        let path = format!("/v1/campaigns?organization={organization}");
        self.change("POST", &path, &json!({"id": id, "name": id, "state": "active", "delivery": delivery}))
            .await
            .map(drop)
    }

    /// Has a campaign run a document.
    pub async fn save_document(&mut self, organization: &str, id: &str, document: &str) -> Result<()> {
        let path = format!("/v1/campaigns/{id}/document?organization={organization}");
        self.change("PUT", &path, &json!({"document": document, "activate": true})).await.map(drop)
    }

    /// Pauses a campaign.
    pub async fn pause_campaign(&mut self, organization: &str, id: &str) -> Result<()> {
        let path = format!("/v1/campaigns/{id}/state?organization={organization}");
        self.change("PUT", &path, &json!({"state": "paused"})).await.map(drop)
    }

    /// Sends a campaign's leads to a client.
    pub async fn set_client(&mut self, organization: &str, id: &str, url: &str) -> Result<()> {
        let path = format!("/v1/campaigns/{id}/endpoint?organization={organization}");
        self.change("PUT", &path, &json!({"url": url})).await.map(drop)
    }

    /// Has a campaign compare its leads with those of 30 days, count them by a cap that is not reached, and look at a schedule that is always
    /// open.
    pub async fn set_lifecycle(&mut self, organization: &str, id: &str) -> Result<()> {
        let path = format!("/v1/campaigns/{id}/lifecycle?organization={organization}");
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let lifecycle = json!({
            "duplicates": {"fields": ["email", "phone"], "matches": "any", "window_days": 30, "scope": "campaign", "action": "reject"},
            "caps": {"day": 1_000_000_000, "when_reached": "queue"},
            "schedule": {"windows": [{"days": days, "from": "00:00", "until": "24:00"}], "when_closed": "queue"},
        });
        self.change("PUT", &path, &lifecycle).await.map(drop)
    }

    /// Subscribes to [`EVENTS`].
    /// Has the client of a campaign take no more leads: they are queued. Without `is_full` all of them are released.
    pub async fn set_full(&mut self, organization: &str, id: &str, is_full: bool) -> Result<()> {
        let path = format!("/v1/campaigns/{id}/lifecycle?organization={organization}");
        // The last call is long ago, and the host closes connections that are idle.
        self.connection = None;
        let lifecycle = if is_full { json!({"caps": {"total": 1, "when_reached": "queue"}}) } else { json!({}) };
        self.change("PUT", &path, &lifecycle).await.map(drop)
    }

    pub async fn set_webhook(&mut self, organization: &str, url: &str) -> Result<()> {
        let path = format!("/v1/webhook-settings?organization={organization}");
        self.change("PUT", &path, &json!({"enabled": true, "url": url, "events": EVENTS})).await.map(drop)
    }

    /// Subscribes to replies of one category.
    pub async fn create_subscription(
        &mut self,
        organization: &str,
        campaign: &str,
        url: &str,
        category: usize,
    ) -> Result<()> {
        let path = format!("/v1/subscriptions?organization={organization}&campaign={campaign}");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let subscription = json!({
            "name": format!("replies {category}"), "url": url, "events": ["EMAIL_REPLY"], "categories": [category], "secrets": [secret],
        });
        self.change("POST", &path, &subscription).await.map(drop)
    }

    /// The states of a campaign's submissions.
    pub async fn state_counts(&mut self, organization: &str, id: &str) -> Result<StateCounts> {
        let campaign = self.read(&format!("/v1/campaigns/{id}?organization={organization}")).await?;
        let campaign: Campaign = serde_json::from_slice(&campaign).context("a campaign is not as expected")?;
        Ok(campaign.submissions)
    }

    /// When a submission became delivered, in microseconds since 1970. `None` while it is not.
    pub async fn delivered_at_us(&mut self, organization: &str, submission: &str) -> Result<Option<u64>> {
        let page = self.read(&format!("/v1/submissions/{submission}?organization={organization}")).await?;
        delivered_at_us(&serde_json::from_slice(&page)?)
    }

    /// Waits until the host says that it is ready.
    pub async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..READY_LOOKS_MAX {
            let request = http::request("GET", self.address, "/readyz", &self.operator_key, b"");
            if self.exchange(&request).await?.0 == 200 {
                return Ok(());
            }
            tokio::time::sleep(READY_LOOK).await;
        }
        bail!("the host does not become ready")
    }

    /// The host's own counters as text. `None` when it has none.
    pub async fn metrics(&mut self) -> Result<Option<String>> {
        let request = http::request("GET", self.address, "/metrics", &self.operator_key, b"");
        let (status, body) = self.exchange(&request).await?;
        if status != 200 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8(body)?))
    }

    async fn change(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let request = http::request(method, self.address, path, &self.operator_key, body.to_string().as_bytes());
        let (status, response) = self.exchange(&request).await.with_context(|| format!("{method} {path}"))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path} with {body} returned {status}: {}", String::from_utf8_lossy(&response));
        }
        serde_json::from_slice(&response).with_context(|| format!("{method} {path} did not return JSON"))
    }

    /// A host closes connections that were idle for long, so reading is tried on a new one, too.
    async fn read(&mut self, path: &str) -> Result<Vec<u8>> {
        let request = http::request("GET", self.address, path, &self.operator_key, b"");
        let (status, body) = match self.exchange(&request).await {
            Ok(response) => response,
            Err(_) => self.exchange(&request).await.with_context(|| format!("GET {path}"))?,
        };
        if status != 200 {
            bail!("GET {path} returned {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let response = connection.exchange(request).await?;
        let response = (response.status, response.body.to_vec());
        self.connection = Some(connection);
        Ok(response)
    }
}

/// The time of the last transition, if its state is `delivered`.
fn delivered_at_us(submission: &Value) -> Result<Option<u64>> {
    if submission["state"] != "delivered" {
        return Ok(None);
    }
    let lines = submission["timeline"].as_array().context("a submission has no timeline")?;
    let line = lines.iter().rfind(|line| line["state"] == "delivered").context("no line says `delivered`")?;
    let at: jiff::Timestamp = text(line, "at")?.parse()?;
    Ok(Some(u64::try_from(at.as_microsecond())?))
}

fn text(response: &Value, name: &str) -> Result<String> {
    response[name].as_str().map(str::to_owned).with_context(|| format!("the response {response} has no text `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time is the transition's, and there is none before it.
    #[test]
    fn the_time_of_delivery_is_in_the_timeline() -> Result<()> {
        let line = |state: &str, at: &str| json!({"state": state, "at": at});
        let timeline = [line("received", "2026-03-01T12:00:00.001Z"), line("delivered", "2026-03-01T12:00:00.250Z")];
        let delivered = json!({"state": "delivered", "timeline": timeline});
        assert_eq!(delivered_at_us(&delivered)?, Some(1_772_366_400_250_000));
        assert_eq!(delivered_at_us(&json!({"state": "delivering", "timeline": timeline}))?, None);
        assert!(delivered_at_us(&json!({"state": "delivered", "timeline": []})).is_err());
        Ok(())
    }
}
