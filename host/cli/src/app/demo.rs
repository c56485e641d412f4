//! The demonstration: what a newcomer sees in the first minute. Everything in it goes through the same operations and the same API
//! as in production; only the receiver is played.

use super::{Running, StartError};
use crate::output::show;
use bytes::Bytes;
use hookmill_admin::{Actor, Input};
use hookmill_domain::error::ApiError;
use hookmill_domain::event::EventName;
use hookmill_domain::net_policy::{Schemes, WebhookUrl};
use hookmill_http::receiver::{self, Received};
use hookmill_outbound::OutboundRequest;
use hookmill_pipeline::Pipeline;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A temporary directory, removed when the process ends.
pub type ScratchDirectory = tempfile::TempDir;

const SOLAR: &str = include_str!("../../demo/solar.yaml");
const ROOFING: &str = include_str!("../../demo/roofing.yaml");
/// How long the demonstration waits for its leads.
const PATIENCE: Duration = Duration::from_secs(30);

/// The demonstration.
pub struct Demo;

impl Demo {
    /// A directory for its data.
    pub fn directory() -> std::io::Result<ScratchDirectory> {
        tempfile::Builder::new().prefix("hookmill-").tempdir()
    }

    /// Sets up the demonstration, posts the sample batch, and shows the results.
    pub async fn show(running: &Running) -> Result<(), StartError> {
        let pipeline = &running.pipeline;
        let (receiver, mut received) = receiver::start().await.map_err(failed)?;
        let (organization_id, key) = set_up(pipeline, receiver).await?;
        show(&format!(
            "\nTwo campaigns, SOLAR and ROOFING, each with a declarative document; a receiver on {receiver} plays client and subscriber."
        ));
        show("Posting four leads in one batch ...\n");
        let response = post(running, &organization_id, &key).await?;
        show(&format!("202 {}\n", response["request_id"].as_str().unwrap_or_default()));
        let ids: Vec<String> = response["accepted"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|lead| Some(lead["submission_id"].as_str()?.to_owned()))
            .collect();
        wait(pipeline, &organization_id, &ids).await?;
        show_leads(pipeline, &organization_id, &response, &ids).await?;
        show_received(&mut received);
        // From here on the receiver takes what comes and nobody looks.
        received.close();
        show(&format!(
            "\nThe host stays up. Post a lead of your own (202 is the response), and stop it with Ctrl-C:\n\n{}\n",
            curl(running, &key)
        ));
        Ok(())
    }
}

async fn set_up(pipeline: &Pipeline, receiver: SocketAddr) -> Result<(String, String), StartError> {
    let host = Actor::host(pipeline);
    let new = input(json!({ "name": "Demonstration" }));
    let organization = host.create_organization(new).await.map_err(failed)?;
    let scope = host.enter(Some(organization.id.clone())).await.map_err(failed)?;
    let key = scope.create_source_key(input(json!({ "name": "website" }))).await.map_err(failed)?;
    for (id, document) in [("SOLAR", SOLAR), ("ROOFING", ROOFING)] {
        let new = json!({ "id": id, "name": id, "time_zone": "America/Los_Angeles" });
        scope.create_campaign(input(new)).await.map_err(failed)?;
        scope
            .save_campaign_version(id, input(json!({ "document": document, "activate": true })))
            .await
            .map_err(failed)?;
        let endpoint = json!({ "url": format!("http://{receiver}/client/{}", id.to_lowercase()) });
        scope.set_client_endpoint(id, input(endpoint)).await.map_err(failed)?;
        scope.set_campaign_state(id, input(json!({ "state": "active" }))).await.map_err(failed)?;
    }
    let events: Vec<&str> = EventName::ALL.iter().map(|event| event.as_str()).collect();
    let settings = json!({ "enabled": true, "url": format!("http://{receiver}/subscriber"), "events": events });
    scope.set_webhook_settings(input(settings)).await.map_err(failed)?;
    Ok((organization.id, key.key))
}

/// What a use case is given, as the API would be sent it.
fn input<T: DeserializeOwned>(value: Value) -> Input<T> {
    serde_json::from_value(value).map_err(|error| ApiError::invalid("demo", error.to_string()))
}

async fn post(running: &Running, organization_id: &str, key: &str) -> Result<Value, StartError> {
    let batch = json!({
        "idempotency_key": "demo-batch-1",
        "leads": [
            {"campaign_id": "SOLAR", "contact": {"first_name": " alice ", "last_name": "SMITH", "email": "Alice@Example.com", "phone": "(512) 555-0100"},
             "address": {"state": "tx", "zip": "02139"}, "answers": {"monthly_bill": 180}},
            {"campaign_id": "SOLAR", "contact": {"first_name": "Bob", "last_name": "Jones", "email": "bob@example.com", "phone": "(415) 555-0101"},
             "address": {"state": "ca", "zip": "94103"}, "answers": {"monthly_bill": 40}},
            {"campaign_id": "ROOFING", "name": "Maria del Carmen Lopez", "email": "maria@example.com", "phone": "+1 650 555 0123", "roof_age": 21},
            {"campaign_id": "ROOFING", "name": "Nobody", "email": "not an address", "phone": "12"},
        ],
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}")).map_err(failed)?);
    let url = WebhookUrl::parse(&format!("http://{}/v1/leads", running.address), Schemes::HttpToo).map_err(failed)?;
    let (organization, body) = (Arc::from(organization_id), Bytes::from(batch.to_string()));
    let (method, timeout, ca_certificates) = (Method::POST, PATIENCE, None);
    let request = OutboundRequest { organization, method, url, headers, body, timeout, ca_certificates };
    let response = running.pipeline.sender().send(request).await.map_err(failed)?;
    if response.status != 202 {
        return Err(StartError::Demo(format!(
            "the batch returned {}: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        )));
    }
    serde_json::from_slice(&response.body).map_err(failed)
}

/// Waits until every lead has reached a final state and all messages are sent.
async fn wait(pipeline: &Pipeline, organization_id: &str, ids: &[String]) -> Result<(), StartError> {
    let still = async {
        loop {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let moving = pipeline
                .store()
                .submission_states(organization_id, &ids)
                .await?
                .into_iter()
                .any(|(_, state)| ["received", "processing", "delivering"].contains(&state.as_str()));
            if !moving && !pipeline.store().is_busy_at(pipeline.clock().now()).await? {
                return Ok::<(), StartError>(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, still)
        .await
        .map_err(|_| StartError::Demo("not all leads reached a final state in time".into()))?
}

async fn show_leads(
    pipeline: &Pipeline,
    organization_id: &str,
    response: &Value,
    ids: &[String],
) -> Result<(), StartError> {
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    let states: std::collections::HashMap<String, String> =
        pipeline.store().submission_states(organization_id, &named).await?.into_iter().collect();
    show("What each lead became:");
    for (lead, id) in response["accepted"].as_array().into_iter().flatten().zip(ids) {
        let timeline = pipeline.store().timeline(organization_id, id).await?;
        let why = timeline.last().map(|line| reason(&line.cause, line.detail.as_deref())).unwrap_or_default();
        let state = states.get(id).map(String::as_str).unwrap_or("unknown");
        show(&format!("  {id}  {:<8} {state:<13} {why}", lead["campaign_id"].as_str().unwrap_or_default()));
    }
    Ok(())
}

/// The cause of the last transition, with its reason.
fn reason(cause: &str, detail: Option<&[u8]>) -> String {
    let detail: Value = detail.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    match detail["reason"].as_str().or_else(|| detail["message"].as_str()) {
        Some(reason) => format!("{cause}: {reason}"),
        None => cause.to_owned(),
    }
}

fn show_received(received: &mut mpsc::Receiver<Received>) {
    show("\nWhat the receiver got:");
    while let Ok(one) = received.try_recv() {
        let signed = one
            .signature
            .as_deref()
            .map(|signature| format!("  signed {}...", signature.chars().take(16).collect::<String>()));
        show(&format!("  POST {}{}\n    {}", one.path, signed.unwrap_or_default(), one.body));
    }
}

fn curl(running: &Running, key: &str) -> String {
    let lead = r#"{"campaign_id":"ROOFING","name":"Ada Lovelace","email":"ada@example.com","phone":"512-555-0142"}"#;
    // The shell puts the time into the idempotency key, so that the line works again and again.
    format!(
        "curl -i http://{}/v1/leads -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
         -d '{{\"idempotency_key\":\"mine-'$(date +%s%N)'\",\"leads\":[{lead}]}}'",
        running.address
    )
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Demo(error.to_string())
}
