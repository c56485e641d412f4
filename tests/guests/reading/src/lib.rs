//! A plugin that reads clients' answers and nothing else, for the tests of interpretation.
//!
//! The body of the response says in JSON what it is to be taken for: `{"say": "accepted", "price": "1.10"}`. What is not JSON is a failure,
//! `trap` a fault, and `none` is left to the host. The reason tells what else the plugin was given.

use hookmill_plugin_sdk::types::{ClientResponse, Context, Destination, Failure, Outcome, OutcomeKind};
use hookmill_plugin_sdk::{Interpret, export};
use serde_json::Value;

/// The plugin.
#[derive(Debug, Default)]
pub struct Reading;

export!(Reading: interpretation);

impl Interpret for Reading {
    fn interpret(
        &self,
        context: &Context,
        destination: &Destination,
        response: &ClientResponse,
    ) -> Result<Option<Outcome>, Failure> {
        let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
            return Err(Failure::new("unreadable", "the response is not JSON"));
        };
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let kind = match body["say"].as_str() {
            Some("accepted") => OutcomeKind::Accepted,
            Some("rejected") => OutcomeKind::Rejected,
            Some("duplicate") => OutcomeKind::Duplicate,
            Some("retry") => OutcomeKind::Retry,
            Some("failed") => OutcomeKind::Failed,
            Some("trap") => panic!("a trap was asked for"),
            _ => return Ok(None),
        };
        let heard = response.headers.iter().find(|header| header.name == "x-said").map(|header| header.value.as_str());
        let reason = format!(
            "{} {} attempt {} to {} heard {}",
            context.campaign.id,
            response.status.unwrap_or_default(),
            response.attempt,
            destination.method,
            heard.unwrap_or("nothing")
        );
        Ok(Some(Outcome {
            kind,
            reason: Some(text("reason").unwrap_or(reason)),
            reference: text("reference"),
            price: text("price"),
            retry_after_ms: body["retry_after_ms"].as_u64(),
            rule: Some("say".to_owned()),
            warnings: Vec::new(),
            trace: text("trace"),
        }))
    }
}
