//! What an operator does before the first lead: an organization, a source key, a campaign.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::host::Host;
use crate::http::{self, Connection};

/// Makes an active campaign on the standard document and returns the key that may post to it.
pub async fn campaign(host: &Host, id: &str) -> Result<String> {
    let mut api = Api { connection: Connection::open(host.address).await?, host };
    let organization = api.post("/v1/organizations", &json!({"name": "bench"})).await?;
    let within = format!("organization={}", text(&organization, "id")?);
    let key = api.post(&format!("/v1/source-keys?{within}"), &json!({"name": "bench"})).await?;
    api.post(&format!("/v1/campaigns?{within}"), &json!({"id": id, "name": "Bench", "state": "active"})).await?;
    Ok(text(&key, "key")?.to_owned())
}

struct Api<'a> {
    connection: Connection,
    host: &'a Host,
}

impl Api<'_> {
    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let request = http::post(self.host.address, path, &self.host.operator_key, body.to_string().as_bytes());
        let answer = self.connection.exchange(&request).await.with_context(|| format!("POST {path}"))?;
        if !(200..300).contains(&answer.status) {
            bail!("POST {path} with {body} was answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        serde_json::from_slice(answer.body).with_context(|| format!("POST {path} was not answered with JSON"))
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer[name].as_str().with_context(|| format!("the answer {answer} has no text `{name}`"))
}
