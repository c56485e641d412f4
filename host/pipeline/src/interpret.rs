//! What a response means (M9): the campaign's plugin decides, or the host's default by HTTP status.

use super::Pipeline;
use super::context;
use super::finish::CampaignContext;
use super::rendered;
use super::send::Receiver;
use hookmill_domain::interpret::{OutcomeKind, default_outcome};
use hookmill_domain::net_policy::URL_BYTES_MAX;
use hookmill_domain::retry::retry_after_ms;
use hookmill_engine::contract::{
    ClientResponse, Destination, DestinationKind, Outcome, OutcomeKind as ContractKind, Warning,
};
use hookmill_engine::{FaultKind, ItemError, Program};
use hookmill_outbound::{OutboundResponse, SendError, SendErrorKind};
use hookmill_stages::Run;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A response, whole or cut, or the error when none began.
pub(crate) type SendResult = Result<OutboundResponse, SendError>;

/// What decided what a response means.
#[derive(Debug, Clone)]
pub(crate) enum Decider {
    /// The HTTP status: no component interprets responses, or it left this one to the default.
    Status,
    /// The campaign's plugin, by the rule it names.
    Plugin(Option<String>),
    /// The HTTP status, since the plugin failed or faulted.
    FallbackToStatus(ItemError),
    /// Nobody: the plugin failed or faulted on a response whose status alone would be an acceptance.
    Nobody(ItemError),
}

/// What a response means.
#[derive(Debug, Clone)]
pub(crate) struct Interpretation {
    pub(crate) decided_by: Decider,
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) price: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    /// What of the response could not be used.
    pub(crate) warnings: Vec<Warning>,
    /// How the plugin came to it, where that was asked for.
    pub(crate) trace: Option<String>,
    /// The digests of the tables that were read to find this out, by name.
    pub(crate) value_sets: BTreeMap<String, String>,
}

impl Pipeline {
    /// Interprets responses by the campaign's plugin, in one call and with the current value tables.
    pub(crate) async fn interpret_by_program(
        &self,
        context: &CampaignContext,
        program: &Program,
        campaign_version_id: Option<&str>,
        destination: &Destination,
        responses: Vec<ClientResponse>,
        by_status: Vec<Interpretation>,
    ) -> Result<Vec<Interpretation>, StoreError> {
        let mut lookups = self.lookups(&context.campaign, campaign_version_id).await?;
        let now = self.clock.now();
        let run_id = self.ids.new_id("run", now);
        let call = Arc::new(context::context(&context.organization, &context.campaign, now, &run_id));
        loop {
            let mut run = self.run(program, call.clone(), &lookups);
            let interpretations = interpret_all(&mut run, destination, responses.clone(), by_status.clone()).await;
            match self.fetch_missing(&lookups).await? {
                Some(more) => lookups = more,
                None => {
                    let read = lookups.read();
                    return Ok(interpretations
                        .into_iter()
                        .map(|one| Interpretation { value_sets: read.clone(), ..one })
                        .collect());
                }
            }
        }
    }
}

impl Interpretation {
    /// Whether this is what the response means. Where the host could not ask the plugin, nothing is known: it is asked again.
    pub(crate) fn is_known(&self) -> bool {
        match &self.decided_by {
            Decider::Status | Decider::Plugin(_) => true,
            Decider::FallbackToStatus(error) | Decider::Nobody(error) => match error {
                ItemError::Failure(_) => true,
                ItemError::Fault(fault) => fault.kind != FaultKind::Host,
                ItemError::Postponed => false,
            },
        }
    }

    /// Nothing is known, for the plugin was not asked.
    pub(crate) fn unknown(by_status: Self) -> Self {
        Self::without_verdict(ItemError::Postponed, by_status)
    }

    /// What a response means whose interpretation failed: what its status says, unless that is an acceptance. Many a client says no with a
    /// 200, so nobody knows then whether it took the lead: the lead has failed, and says why.
    fn without_verdict(error: ItemError, by_status: Self) -> Self {
        if by_status.kind != OutcomeKind::Accepted {
            return Self { decided_by: Decider::FallbackToStatus(error), ..by_status };
        }
        let reason = format!(
            "the response could not be interpreted ({}); whether the client accepted the lead is not known",
            error_code(&error)
        );
        let kind = OutcomeKind::Failed;
        Self { decided_by: Decider::Nobody(error), kind, reason: Some(reason), ..by_status }
    }

    /// Why there is no verdict, where the plugin was to give one.
    pub(crate) fn error(&self) -> Option<&ItemError> {
        match &self.decided_by {
            Decider::FallbackToStatus(error) | Decider::Nobody(error) => Some(error),
            Decider::Status | Decider::Plugin(_) => None,
        }
    }
}

/// Interprets responses by the campaign's plugin; where it leaves one to the default, the HTTP status decides. Used by production and dry
/// runs.
pub(crate) async fn interpret_all(
    run: &mut Run,
    destination: &Destination,
    responses: Vec<ClientResponse>,
    by_status: Vec<Interpretation>,
) -> Vec<Interpretation> {
    if !run.interprets() {
        return by_status;
    }
    let Some(results) = run.interpret(destination.clone(), responses).await else { return by_status };
    let interpretations = results.into_iter().zip(by_status).map(|(result, by_status)| match result {
        Ok(Some(outcome)) => from_outcome(outcome, by_status),
        Ok(None) => by_status,
        Err(error) => Interpretation::without_verdict(error, by_status),
    });
    interpretations.collect()
}

/// Interprets one response.
pub(crate) async fn interpret_one(
    run: &mut Run,
    destination: &Destination,
    response: ClientResponse,
    by_status: Interpretation,
) -> Interpretation {
    let interpretations = interpret_all(run, destination, vec![response], vec![by_status.clone()]).await;
    interpretations.into_iter().next().unwrap_or_else(|| Interpretation::unknown(by_status))
}

/// The code of the error, for logs: its message may quote the response.
pub(crate) fn error_code(error: &ItemError) -> &str {
    match error {
        ItemError::Failure(failure) => &failure.code,
        ItemError::Fault(fault) => fault.kind.code(),
        ItemError::Postponed => "postponed",
    }
}

/// Interprets a response by its HTTP status, the host's default. What came of its body does not matter.
pub(crate) fn interpret_by_status(response: &SendResult, now_ms: i64) -> Interpretation {
    let (status, reason, retry_after) = match response {
        Ok(response) => (
            Some(response.status),
            None,
            response.header("retry-after").and_then(|value| retry_after_ms(value, now_ms)),
        ),
        Err(error) => (None, Some(error.message.clone()), None),
    };
    let (decided_by, kind) = (Decider::Status, default_outcome(status));
    Interpretation {
        decided_by,
        kind,
        reason,
        reference: None,
        price: None,
        retry_after_ms: retry_after,
        warnings: Vec::new(),
        trace: None,
        value_sets: BTreeMap::new(),
    }
}

fn from_outcome(outcome: Outcome, by_status: Interpretation) -> Interpretation {
    Interpretation {
        decided_by: Decider::Plugin(outcome.rule),
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
        warnings: outcome.warnings,
        trace: outcome.trace,
        value_sets: by_status.value_sets,
    }
}

/// A campaign's client, as plugins see it.
pub(crate) fn client_destination(campaign: &Campaign, method: &str, url: &str) -> Destination {
    Destination {
        kind: DestinationKind::Client,
        id: campaign.campaign_id.clone(),
        name: campaign.name.clone(),
        method: method.to_owned(),
        url: url.to_owned(),
        content_type: "application/json".into(),
        settings: None,
    }
}

/// A response in the types of the contract.
pub(crate) fn client_response(submission_id: &str, attempt: i64, response: &SendResult) -> ClientResponse {
    let (status, headers, body, truncated, error) = match response {
        Ok(response) => {
            (Some(response.status), response.headers.clone(), response.body.to_vec(), response.truncated, None)
        }
        Err(error) => (None, Vec::new(), Vec::new(), false, Some(error.kind.as_str().to_owned())),
    };
    ClientResponse {
        submission_id: submission_id.to_owned(),
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
        status,
        headers: context::pairs(headers),
        body,
        truncated,
        error,
    }
}

/// The detail of an attempt in the delivery log: the response up to a bound, without the secrets of the receiver's URL, and what cut it
/// off, if something did; or why there was none; and its interpretation.
pub(crate) fn attempt_detail(
    receiver: &Receiver,
    response: &SendResult,
    interpretation: &Interpretation,
    body_bytes_max: usize,
) -> Value {
    let mut detail = match response {
        Ok(response) => {
            let (body, is_cut) = body_to_show(receiver, &response.body, body_bytes_max);
            json!({
                "status": response.status,
                "body": body,
                "truncated": response.truncated || is_cut,
                "cut": response.cut.map(SendErrorKind::as_str),
                "value_sets": interpretation.value_sets,
            })
        }
        Err(error) => json!({ "error": error.kind.as_str(), "message": error.message, "sent": error.sent }),
    };
    for (name, value) in response_fields(interpretation) {
        detail[name] = value;
    }
    detail
}

/// The beginning of a body as the delivery log shows it, and whether there is more of it.
fn body_to_show(receiver: &Receiver, body: &[u8], bytes_max: usize) -> (String, bool) {
    // A path that stands across the bound must be found, too.
    let begun = &body[..body.len().min(bytes_max.saturating_add(URL_BYTES_MAX))];
    let mut shown = receiver.mask_echo(&String::from_utf8_lossy(begun));
    let is_cut = bytes_max < body.len() || bytes_max < shown.len();
    shown.truncate(shown.floor_char_boundary(bytes_max));
    (shown, is_cut)
}

/// The fields of an interpretation in API and log. What the response does not contain is null; warnings are there where there are some.
pub(crate) fn response_fields(interpretation: &Interpretation) -> Vec<(&'static str, Value)> {
    let (decided_by, rule) = match &interpretation.decided_by {
        Decider::Status | Decider::FallbackToStatus(_) => ("status", None),
        Decider::Plugin(rule) => ("plugin", rule.as_ref()),
        Decider::Nobody(_) => ("nobody", None),
    };
    let mut fields = vec![
        ("reason", json!(interpretation.reason)),
        ("reference", json!(interpretation.reference)),
        ("price", json!(interpretation.price)),
        ("decided_by", json!(decided_by)),
        ("rule", json!(rule)),
        ("interpret_error", json!(interpretation.error().map(error_code))),
    ];
    fields.extend(shown_warnings(interpretation).map(|warnings| ("warnings", warnings)));
    fields
}

/// What of the response could not be used, if there is something.
pub(crate) fn shown_warnings(interpretation: &Interpretation) -> Option<Value> {
    let warnings = &interpretation.warnings;
    (!warnings.is_empty()).then(|| json!(rendered::convert_warnings(warnings)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_domain::endpoint::ClientEndpoint;

    fn outcome(reason: &str, reference: &str) -> Outcome {
        Outcome {
            kind: ContractKind::Rejected,
            reason: Some(reason.to_owned()),
            reference: Some(reference.to_owned()),
            price: Some("1.10".into()),
            retry_after_ms: None,
            rule: Some("respond.outcomes[0]".into()),
            warnings: Vec::new(),
            trace: None,
        }
    }

    fn receiver() -> Receiver {
        let (url, method) = ("https://client.example/T000/B000/xyz".to_owned(), "POST".to_owned());
        Receiver::Client(ClientEndpoint { url, method, headers: BTreeMap::new(), retries: 0, timeout_s: 1 })
    }

    fn response_of_status(status: u16, headers: &[(&str, &str)]) -> SendResult {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = bytes::Bytes::from_static(b"no thanks");
        let (headers_truncated, truncated, cut) = (false, false, None);
        Ok(OutboundResponse { status, headers, headers_truncated, body, truncated, cut, elapsed_ms: 1 })
    }

    /// M9: what the plugin says counts, and what it leaves open is the status's.
    #[test]
    fn m9_the_plugin_overrules_the_status() {
        let response = response_of_status(200, &[("retry-after", "7")]);
        let interpretation = from_outcome(outcome("out of area", "L-7"), interpret_by_status(&response, 0));
        assert_eq!((interpretation.kind, interpretation.retry_after_ms), (OutcomeKind::Rejected, Some(7_000)));
        let detail = attempt_detail(&receiver(), &response, &interpretation, 2);
        assert_eq!(
            detail,
            json!({
                "status": 200, "body": "no", "truncated": true, "cut": null, "value_sets": {}, "reason": "out of area", "reference": "L-7", "price": "1.10",
                "decided_by": "plugin", "rule": "respond.outcomes[0]", "interpret_error": null,
            })
        );
    }

    /// H5: an error page that repeats the path of its URL does not show it, not even across the bound.
    #[test]
    fn h5_the_log_of_attempts_has_no_path_of_a_receiver() {
        let page = b"Cannot POST /T000/B000/xyz \xff";
        for (bytes_max, shown, is_cut) in [
            (100, "Cannot POST /… \u{fffd}", false),
            (20, "Cannot POST /… \u{fffd}", true),
            (13, "Cannot POST /", true),
        ] {
            assert_eq!(body_to_show(&receiver(), page, bytes_max), (shown.to_owned(), is_cut), "{bytes_max}");
        }
    }

    /// L8, M9: a response that was cut off is interpreted by its status, shown to plugins as one that is not whole, and named in the log.
    #[test]
    fn l8_a_cut_response_is_a_response() {
        let table = [
            (200, OutcomeKind::Accepted),
            (204, OutcomeKind::Accepted),
            (404, OutcomeKind::Failed),
            (410, OutcomeKind::Failed),
            (429, OutcomeKind::Retry),
            (503, OutcomeKind::Retry),
        ];
        for (status, expected) in table {
            let mut response = response_of_status(status, &[("retry-after", "7")]);
            if let Ok(response) = &mut response {
                (response.truncated, response.cut) = (true, Some(SendErrorKind::Io));
            }
            let interpretation = interpret_by_status(&response, 0);
            assert_eq!((interpretation.kind, interpretation.retry_after_ms), (expected, Some(7_000)), "{status}");
            let told = client_response("sub_1", 1, &response);
            assert_eq!((told.status, told.truncated, told.error), (Some(status), true, None));
            assert_eq!(told.body, b"no thanks");
            let detail = attempt_detail(&receiver(), &response, &interpretation, 100);
            assert_eq!(
                (&detail["cut"], &detail["truncated"], &detail["status"]),
                (&json!("io"), &json!(true), &json!(status))
            );
        }
    }

    /// M9: without a verdict a success status accepts nothing, whatever failed; any other status decides as it would by itself.
    #[test]
    fn m9_what_could_not_be_interpreted_is_never_accepted() {
        for status in 100..=999 {
            let by_status = interpret_by_status(&response_of_status(status, &[]), 0);
            let without = Interpretation::without_verdict(ItemError::Postponed, by_status.clone());
            let is_success = (200..300).contains(&status);
            assert_eq!(without.kind, if is_success { OutcomeKind::Failed } else { by_status.kind }, "{status}");
            let decided_by = response_fields(&without).into_iter().find(|(name, _)| *name == "decided_by");
            let expected = if is_success { "nobody" } else { "status" };
            assert_eq!(decided_by.map(|(_, value)| value), Some(json!(expected)), "{status}");
            assert_eq!(without.reason.is_some(), is_success, "{status}");
        }
    }

    /// M9 H8: only what the plugin did, or no plugin, lets the status decide; the host's failure decides nothing.
    #[test]
    fn m9_h8_what_the_host_could_not_ask_is_not_known() {
        let fault = |kind| {
            let (phase, message) = (hookmill_engine::Phase::Interpret, String::new());
            ItemError::Fault(hookmill_engine::Fault { kind, phase, message, limit: None, panic: None })
        };
        let failure = hookmill_engine::contract::Failure {
            code: "odd".into(),
            field: None,
            function: None,
            input: None,
            message: String::new(),
        };
        let table = [
            (Decider::Status, true),
            (Decider::Plugin(None), true),
            (Decider::FallbackToStatus(ItemError::Failure(failure)), true),
            (Decider::FallbackToStatus(fault(FaultKind::Trap)), true),
            (Decider::FallbackToStatus(fault(FaultKind::Deadline)), true),
            (Decider::FallbackToStatus(fault(FaultKind::Host)), false),
            (Decider::FallbackToStatus(ItemError::Postponed), false),
        ];
        let by_status = interpret_by_status(&response_of_status(200, &[]), 0);
        for (decided_by, is_known) in table {
            let interpretation = Interpretation { decided_by, ..by_status.clone() };
            assert_eq!(interpretation.is_known(), is_known, "{:?}", interpretation.decided_by);
        }
        assert!(!Interpretation::unknown(by_status).is_known());
    }
}
