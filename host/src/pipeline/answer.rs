//! What an answer means (M9): the campaign's plugin says so, or the host's default by status.

use super::Pipeline;
use super::conclude::Setting;
use super::context;
use super::programs::NotReady;
use super::runner::Run;
use super::send::Receiver;
use crate::engine::contract::{ClientAnswer, Destination, DestinationKind, Outcome, OutcomeKind as ContractKind};
use crate::engine::{ItemError, Program};
use crate::model::interpret::{OutcomeKind, default_outcome};
use crate::model::retry::retry_after_ms;
use crate::outbound::{OutboundAnswer, SendError};
use crate::store::StoreError;
use crate::store::claims::ClaimedDelivery;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An answer, or why there was none.
pub(crate) type Answer = Result<OutboundAnswer, SendError>;

/// What an answer means.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) price: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    /// The digests of the tables that were read to find this out, by name.
    pub(crate) value_sets: BTreeMap<String, String>,
}

impl Pipeline {
    /// What a client's answer means.
    pub(crate) async fn judge_client(
        &self,
        setting: &Setting,
        program: Option<&Program>,
        delivery: &ClaimedDelivery,
        receiver: &Receiver,
        answer: &Answer,
    ) -> Judged {
        let judged = judge_by_status(answer, self.clock.now().0);
        let Some(program) = program else { return judged };
        let asked = client_answer(setting, delivery, receiver, answer);
        let (interpreted, read) = match self.interpreted(setting, program, delivery, asked).await {
            Ok(interpreted) => interpreted,
            Err(error) => {
                tracing::warn!(delivery_id = delivery.id, error = %error, "the tables for an answer can't be read; its status decides");
                return judged;
            }
        };
        let judged = Judged { value_sets: read, ..judged };
        match interpreted {
            Some(Ok(Some(outcome))) => judge_by_plugin(outcome, judged),
            Some(Ok(None)) | None => judged,
            Some(Err(error)) => {
                tracing::warn!(
                    delivery_id = delivery.id,
                    code = code_of(&error),
                    "the answer could not be interpreted; its status decides"
                );
                judged
            }
        }
    }

    /// What the campaign's plugin says to an answer; none when nobody interprets.
    async fn interpreted(
        &self,
        setting: &Setting,
        program: &Program,
        delivery: &ClaimedDelivery,
        asked: ClientAnswer,
    ) -> Result<(Option<Result<Option<Outcome>, ItemError>>, BTreeMap<String, String>), StoreError> {
        let mut lookups = self.lookups(&setting.campaign, delivery.program_id.as_deref()).await?;
        let context = context::context(&setting.organization, &setting.campaign, self.clock.now(), &delivery.id);
        loop {
            let mut run = Run::new(self, program, context.clone(), &lookups);
            if !run.interprets() {
                return Ok((None, BTreeMap::new()));
            }
            let result = run.interpret(vec![asked.clone()]).await.and_then(|mut results| results.pop());
            match self.fetched(&lookups).await? {
                Some(more) => lookups = more,
                None => return Ok((result, lookups.read())),
            }
        }
    }

    /// What the submission of a delivery ran on.
    pub(crate) async fn program_of_delivery(&self, delivery: &ClaimedDelivery) -> Result<Program, NotReady> {
        match &delivery.program_id {
            Some(id) => self.program_by_id(id).await,
            None => Ok(self.standard.clone()),
        }
    }
}

/// What went wrong in one word: its message may quote the answer.
fn code_of(error: &ItemError) -> &str {
    match error {
        ItemError::Failure(failure) => &failure.code,
        ItemError::Fault(fault) => fault.kind.code(),
        ItemError::Postponed => "postponed",
    }
}

/// The host's default.
pub(crate) fn judge_by_status(answer: &Answer, now_ms: i64) -> Judged {
    let (status, reason, retry_after) = match answer {
        Ok(answer) => {
            (Some(answer.status), None, answer.header("retry-after").and_then(|value| retry_after_ms(value, now_ms)))
        }
        Err(error) => (None, Some(error.message.clone()), None),
    };
    Judged {
        kind: default_outcome(status),
        reason,
        reference: None,
        price: None,
        retry_after_ms: retry_after,
        value_sets: BTreeMap::new(),
    }
}

fn judge_by_plugin(outcome: Outcome, by_status: Judged) -> Judged {
    Judged {
        kind: match outcome.kind {
            ContractKind::Accepted => OutcomeKind::Accepted,
            ContractKind::Rejected => OutcomeKind::Rejected,
            ContractKind::Duplicate => OutcomeKind::Duplicate,
            ContractKind::Retry => OutcomeKind::Retry,
            ContractKind::Failed => OutcomeKind::Failed,
        },
        reason: outcome.reason.or(by_status.reason),
        reference: outcome.reference,
        price: outcome.price,
        retry_after_ms: outcome.retry_after_ms.or(by_status.retry_after_ms),
        value_sets: by_status.value_sets,
    }
}

fn client_answer(setting: &Setting, delivery: &ClaimedDelivery, receiver: &Receiver, answer: &Answer) -> ClientAnswer {
    let (status, headers, body, truncated, error) = match answer {
        Ok(answer) => (Some(answer.status), answer.headers.clone(), answer.body.to_vec(), answer.truncated, None),
        Err(error) => (None, Vec::new(), Vec::new(), false, Some(error.kind.as_str().to_owned())),
    };
    ClientAnswer {
        submission_id: delivery.submission_id.clone(),
        destination: Destination {
            kind: DestinationKind::ClientEndpoint,
            id: setting.campaign.public_id.clone(),
            name: setting.campaign.name.clone(),
            method: receiver.method().to_owned(),
            url: receiver.url().to_owned(),
            content_type: "application/json".into(),
            settings: None,
        },
        attempt: u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX),
        status,
        headers: context::pairs(headers),
        body,
        truncated,
        error,
    }
}

/// An attempt as the delivery log keeps it: the answer up to a bound, or why there was none.
pub(crate) fn kept(answer: &Answer, judged: &Judged, body_bytes_max: usize) -> Value {
    match answer {
        Ok(answer) => {
            let shown = &answer.body[..answer.body.len().min(body_bytes_max)];
            json!({
                "status": answer.status,
                "body": String::from_utf8_lossy(shown),
                "truncated": answer.truncated || shown.len() < answer.body.len(),
                "reason": judged.reason,
                "reference": judged.reference,
                "price": judged.price,
                "value_sets": judged.value_sets,
            })
        }
        Err(error) => {
            json!({ "error": error.kind.as_str(), "message": error.message, "sent": error.sent, "reason": judged.reason })
        }
    }
}
