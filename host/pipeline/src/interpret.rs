//! What a response means (M9): the campaign's plugin says so, or the host's default by status.

use super::Pipeline;
use super::context;
use super::finish::CampaignContext;
use super::programs::NotReady;
use super::runner::Run;
use hookmill_domain::interpret::{OutcomeKind, default_outcome};
use hookmill_domain::retry::retry_after_ms;
use hookmill_engine::contract::{ClientAnswer, Destination, DestinationKind, Outcome, OutcomeKind as ContractKind};
use hookmill_engine::{ItemError, Program};
use hookmill_outbound::{OutboundResponse, SendError};
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A response, or why there was none.
pub(crate) type Response = Result<OutboundResponse, SendError>;

/// How many characters of a client's reason are kept; it goes into events and into the log of attempts.
const REASON_CHARS_MAX: usize = 1_000;
/// How many bytes a client's own id for a lead, or its price, may have. A longer one is not kept: a part of it would be another one.
const REFERENCE_BYTES_MAX: usize = 1_000;

/// Who said what a response means.
#[derive(Debug, Clone)]
pub(crate) enum Judge {
    /// Its status: nobody interprets, or whoever does left it to the default.
    Status,
    /// The campaign's plugin, by the rule it names.
    Plugin(Option<String>),
    /// Its status, since the plugin failed or faulted.
    StatusInstead(ItemError),
}

/// What a response means.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) judge: Judge,
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) price: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    /// The digests of the tables that were read to find this out, by name.
    pub(crate) value_sets: BTreeMap<String, String>,
}

impl Pipeline {
    /// What the campaign's plugin says to responses, in one call and on the tables as they stand now.
    pub(crate) async fn judge_by_program(
        &self,
        context: &CampaignContext,
        program: &Program,
        program_id: Option<&str>,
        asked: Vec<ClientAnswer>,
        by_status: Vec<Judged>,
    ) -> Result<Vec<Judged>, StoreError> {
        let mut lookups = self.lookups(&context.campaign, program_id).await?;
        let now = self.clock.now();
        let run_id = self.ids.new_id("run", now);
        let call = context::context(&context.organization, &context.campaign, now, &run_id);
        loop {
            let mut run = Run::new(self, program, call.clone(), &lookups);
            let judged = judge_all(&mut run, asked.clone(), by_status.clone()).await;
            match self.fetched(&lookups).await? {
                Some(more) => lookups = more,
                None => {
                    let read = lookups.read();
                    return Ok(judged.into_iter().map(|one| Judged { value_sets: read.clone(), ..one }).collect());
                }
            }
        }
    }

    /// What the submission of a delivery ran on.
    pub(crate) async fn program_of_delivery(&self, program_id: Option<&str>) -> Result<Program, NotReady> {
        match program_id {
            Some(id) => self.program_by_id(id).await,
            None => Ok(self.standard.clone()),
        }
    }
}

/// Has the campaign's plugin say what a response means; where it does not, the status decides. Production and dry runs both ask here.
pub(crate) async fn judge_all(run: &mut Run, asked: Vec<ClientAnswer>, by_status: Vec<Judged>) -> Vec<Judged> {
    if !run.interprets() {
        return by_status;
    }
    let Some(results) = run.interpret(asked).await else { return by_status };
    let judged = results.into_iter().zip(by_status).map(|(result, by_status)| match result {
        Ok(Some(outcome)) => judge_by_plugin(outcome, by_status),
        Ok(None) => by_status,
        Err(error) => Judged { judge: Judge::StatusInstead(error), ..by_status },
    });
    judged.collect()
}

/// The same for one response.
pub(crate) async fn judge(run: &mut Run, asked: ClientAnswer, by_status: Judged) -> Judged {
    let judged = judge_all(run, vec![asked], vec![by_status.clone()]).await;
    judged.into_iter().next().unwrap_or(by_status)
}

/// What went wrong in one word: its message may quote the response.
pub(crate) fn code_of(error: &ItemError) -> &str {
    match error {
        ItemError::Failure(failure) => &failure.code,
        ItemError::Fault(fault) => fault.kind.code(),
        ItemError::Postponed => "postponed",
    }
}

/// The host's default.
pub(crate) fn judge_by_status(response: &Response, now_ms: i64) -> Judged {
    let (status, reason, retry_after) = match response {
        Ok(response) => (
            Some(response.status),
            None,
            response.header("retry-after").and_then(|value| retry_after_ms(value, now_ms)),
        ),
        Err(error) => (None, Some(error.message.clone()), None),
    };
    let (judge, kind) = (Judge::Status, default_outcome(status));
    Judged {
        judge,
        kind,
        reason,
        reference: None,
        price: None,
        retry_after_ms: retry_after,
        value_sets: BTreeMap::new(),
    }
}

fn judge_by_plugin(outcome: Outcome, by_status: Judged) -> Judged {
    let short = |text: &String| text.len() <= REFERENCE_BYTES_MAX;
    Judged {
        judge: Judge::Plugin(outcome.rule.map(|rule| cut(&rule))),
        kind: match outcome.kind {
            ContractKind::Accepted => OutcomeKind::Accepted,
            ContractKind::Rejected => OutcomeKind::Rejected,
            ContractKind::Duplicate => OutcomeKind::Duplicate,
            ContractKind::Retry => OutcomeKind::Retry,
            ContractKind::Failed => OutcomeKind::Failed,
        },
        reason: outcome.reason.map(|reason| cut(&reason)).or(by_status.reason),
        reference: outcome.reference.filter(short),
        price: outcome.price.filter(short),
        retry_after_ms: outcome.retry_after_ms.or(by_status.retry_after_ms),
        value_sets: by_status.value_sets,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(REASON_CHARS_MAX).collect()
}

/// A campaign's client, as plugins see it.
pub(crate) fn client_destination(campaign: &Campaign, method: &str, url: &str) -> Destination {
    Destination {
        kind: DestinationKind::ClientEndpoint,
        id: campaign.public_id.clone(),
        name: campaign.name.clone(),
        method: method.to_owned(),
        url: url.to_owned(),
        content_type: "application/json".into(),
        settings: None,
    }
}

/// A response, as the plugin gets it.
pub(crate) fn client_response(
    submission_id: &str,
    attempt: i64,
    destination: Destination,
    response: &Response,
) -> ClientAnswer {
    let (status, headers, body, truncated, error) = match response {
        Ok(response) => {
            (Some(response.status), response.headers.clone(), response.body.to_vec(), response.truncated, None)
        }
        Err(error) => (None, Vec::new(), Vec::new(), false, Some(error.kind.as_str().to_owned())),
    };
    ClientAnswer {
        submission_id: submission_id.to_owned(),
        destination,
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
        status,
        headers: context::pairs(headers),
        body,
        truncated,
        error,
    }
}

/// An attempt as the delivery log keeps it: the response up to a bound, or why there was none, and what it was taken for.
pub(crate) fn kept(response: &Response, judged: &Judged, body_bytes_max: usize) -> Value {
    let mut kept = match response {
        Ok(response) => {
            let shown = &response.body[..response.body.len().min(body_bytes_max)];
            json!({
                "status": response.status,
                "body": String::from_utf8_lossy(shown),
                "truncated": response.truncated || shown.len() < response.body.len(),
                "value_sets": judged.value_sets,
            })
        }
        Err(error) => json!({ "error": error.kind.as_str(), "message": error.message, "sent": error.sent }),
    };
    for (name, value) in said(judged) {
        kept[name] = value;
    }
    kept
}

/// What a response was taken for, and by whom. What the client did not say is null.
pub(crate) fn said(judged: &Judged) -> [(&'static str, Value); 6] {
    let (judge, rule, error) = match &judged.judge {
        Judge::Status => ("status", None, None),
        Judge::Plugin(rule) => ("plugin", rule.as_ref(), None),
        Judge::StatusInstead(error) => ("status", None, Some(code_of(error))),
    };
    [
        ("reason", json!(judged.reason)),
        ("reference", json!(judged.reference)),
        ("price", json!(judged.price)),
        ("decidedBy", json!(judge)),
        ("rule", json!(rule)),
        ("interpretError", json!(error)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reason: &str, reference: &str) -> Outcome {
        Outcome {
            kind: ContractKind::Rejected,
            reason: Some(reason.to_owned()),
            reference: Some(reference.to_owned()),
            price: Some("1.10".into()),
            retry_after_ms: None,
            rule: Some("respond.outcomes[0]".into()),
        }
    }

    fn response_of_status(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = bytes::Bytes::from_static(b"no thanks");
        Ok(OutboundResponse { status, headers, headers_truncated: false, body, truncated: false, elapsed_ms: 1 })
    }

    /// M9: what the plugin says counts, and what it leaves open is the status's.
    #[test]
    fn m9_the_plugin_overrules_the_status() {
        let response = response_of_status(200, &[("retry-after", "7")]);
        let judged = judge_by_plugin(outcome("out of area", "L-7"), judge_by_status(&response, 0));
        assert_eq!((judged.kind, judged.retry_after_ms), (OutcomeKind::Rejected, Some(7_000)));
        let kept = kept(&response, &judged, 2);
        assert_eq!(
            kept,
            json!({
                "status": 200, "body": "no", "truncated": true, "value_sets": {}, "reason": "out of area", "reference": "L-7", "price": "1.10",
                "decidedBy": "plugin", "rule": "respond.outcomes[0]", "interpretError": null,
            })
        );
    }

    /// M9: a reason is cut at its bound; a reference is kept whole or not at all.
    #[test]
    fn m9_what_is_kept_of_a_response_is_bounded() {
        let long = "é".repeat(2_000);
        let judged = judge_by_plugin(outcome(&long, &long), judge_by_status(&response_of_status(200, &[]), 0));
        assert_eq!(judged.reason.map(|reason| reason.chars().count()), Some(REASON_CHARS_MAX));
        assert_eq!((judged.reference, judged.price.as_deref()), (None, Some("1.10")));
    }
}
