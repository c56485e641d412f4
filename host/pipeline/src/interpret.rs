//! What a response means (M9): the campaign's plugin decides, or the host's default by HTTP status.

use super::Pipeline;
use super::context;
use super::finish::CampaignContext;
use super::rendered;
use super::response::Response;
use super::send::Receiver;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_domain::interpret::{OutcomeKind, default_outcome};
use hookmill_domain::net_policy::{HEADER_VALUE_BYTES_MAX, Schemes, URL_BYTES_MAX, WebhookUrl, describe_redirect};
use hookmill_domain::retry::retry_after_ms;
use hookmill_engine::contract::{
    ClientResponse, Destination, DestinationKind, Outcome, OutcomeKind as ContractKind, Warning,
};
use hookmill_engine::{FaultKind, ItemError, Program};
use hookmill_outbound::{Cut, SendError};
use hookmill_stages::Run;
use hookmill_store::StoreError;
use hookmill_store::campaigns::Campaign;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A response, whole or cut, or the error when none began.
pub(crate) type SendResult = Result<Response, SendError>;

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

/// Interprets a response by its HTTP status, the host's default. What came of its body does not matter. A redirect says where it leads.
pub(crate) fn interpret_by_status(response: &SendResult, sent_to: &str, now_ms: i64) -> Interpretation {
    let (status, reason, retry_after) = match response {
        Ok(response) => (
            Some(response.status),
            redirect(response, sent_to),
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

fn redirect(response: &Response, sent_to: &str) -> Option<String> {
    let sent_to = WebhookUrl::parse(sent_to, Schemes::HttpToo).ok()?;
    describe_redirect(&sent_to, response.status, response.header("location"))
}

fn from_outcome(outcome: Outcome, by_status: Interpretation) -> Interpretation {
    let by_status_alone = by_status.reason.filter(|_| outcome.kind != ContractKind::Accepted);
    Interpretation {
        decided_by: Decider::Plugin(outcome.rule),
        kind: match outcome.kind {
            ContractKind::Accepted => OutcomeKind::Accepted,
            ContractKind::Rejected => OutcomeKind::Rejected,
            ContractKind::Duplicate => OutcomeKind::Duplicate,
            ContractKind::Retry => OutcomeKind::Retry,
            ContractKind::Failed => OutcomeKind::Failed,
        },
        reason: outcome.reason.or(by_status_alone),
        reference: outcome.reference,
        price: outcome.price,
        retry_after_ms: outcome.retry_after_ms.or(by_status.retry_after_ms),
        warnings: outcome.warnings,
        trace: outcome.trace,
        value_sets: by_status.value_sets,
    }
}

/// A campaign's client, as plugins see it that are to do with it in this way.
pub(crate) fn client_destination(campaign: &Campaign, kind: DestinationKind, method: &str, url: &str) -> Destination {
    Destination {
        kind,
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
            let shown = match receiver.logs_response_body() {
                true => body_to_show(receiver, response, body_bytes_max),
                false => ShownBody { text: None, base64: None, is_cut: false },
            };
            json!({
                "status": response.status,
                "body": shown.text,
                "truncated": response.truncated || shown.is_cut,
                "cut": response.cut.as_ref().map(|cut| cut.kind.as_str()),
                "value_sets": interpretation.value_sets,
                "message": response.cut.as_ref().map(|Cut { message, .. }| message),
                "body_base64": shown.base64,
                "content_encoding": response.content_encoding,
                "body_problem": response.problem,
                "redirects_to": response.header("location").filter(|_| (300..400).contains(&response.status)).map(|location| receiver.mask_echo(location)),
                "resent": response.resent.then_some(true),
            })
        }
        Err(error) => json!({
            "error": error.kind.as_str(),
            "message": error.message,
            "sent": error.sent,
            "resent": error.resent.then_some(true),
        }),
    };
    // What is said of few responses is left out of the others.
    if let Some(members) = detail.as_object_mut() {
        members.retain(|name, value| !value.is_null() || !SELDOM.contains(&name.as_str()));
    }
    for (name, value) in response_fields(interpretation) {
        detail[name] = value;
    }
    detail
}

/// The fields of an attempt that few have.
const SELDOM: [&str; 6] = ["message", "body_base64", "content_encoding", "body_problem", "redirects_to", "resent"];

/// The beginning of a body as the delivery log shows it.
#[derive(Debug, PartialEq, Eq)]
struct ShownBody {
    /// As text, where it is text.
    text: Option<String>,
    /// As the bytes that came, where they are not UTF-8.
    base64: Option<String>,
    /// Whether there is more of it.
    is_cut: bool,
}

fn body_to_show(receiver: &Receiver, response: &Response, bytes_max: usize) -> ShownBody {
    // A path or a secret that stands across the bound must be found, too.
    let room = bytes_max.saturating_add(URL_BYTES_MAX.max(HEADER_VALUE_BYTES_MAX));
    let begin = |bytes: &[u8]| bytes[..bytes.len().min(room)].to_vec();
    let begun = begin(&response.body);
    let text = as_text(&begun, room <= response.body.len() || response.truncated);
    let lossy = String::from_utf8_lossy(&begun);
    let masked = receiver.mask_echo(text.unwrap_or(&lossy));
    let bytes = response.undecoded.as_ref().or(text.is_none().then_some(&response.body));
    // Bytes that repeat the path are not shown, and what is readable of them is.
    let has_echo = masked != text.unwrap_or(&lossy);
    let base64 = bytes.filter(|_| !has_echo).map(|bytes| STANDARD.encode(&bytes[..bytes.len().min(bytes_max)]));
    let is_cut = bytes_max < response.body.len() || bytes_max < masked.len();
    let shown = masked[..masked.floor_char_boundary(bytes_max)].to_owned();
    ShownBody { text: (text.is_some() || has_echo).then_some(shown), base64, is_cut }
}

/// Bytes as text, if they are; where they are cut, the last character may be.
pub(crate) fn as_text(bytes: &[u8], is_cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if is_cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
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
    use hookmill_outbound::{OutboundResponse, SendErrorKind};

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

    const URL: &str = "https://client.example/T000/B000/xyz";

    fn receiver() -> Receiver {
        let (url, method) = (URL.to_owned(), "POST".to_owned());
        Receiver::Client(ClientEndpoint {
            url,
            method,
            headers: BTreeMap::new(),
            retries: 0,
            timeout_s: 1,
            rate_per_minute: None,
            ca_certificates: None,
            auth: None,
            ping: None,
        })
    }

    fn response_of(status: u16, headers: Vec<(String, String)>, body: bytes::Bytes) -> Response {
        let (headers_truncated, truncated, cut) = (false, false, None);
        let (elapsed_ms, resent) = (1, false);
        let response =
            OutboundResponse { status, headers, headers_truncated, body, truncated, cut, elapsed_ms, resent };
        Response::read(response, 1_000)
    }

    fn response_of_status(status: u16, headers: &[(&str, &str)]) -> SendResult {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = bytes::Bytes::from_static(b"no thanks");
        Ok(response_of(status, headers, body))
    }

    /// M9: what the plugin says counts, and what it leaves open is the status's.
    #[test]
    fn m9_the_plugin_overrules_the_status() {
        let response = response_of_status(200, &[("retry-after", "7")]);
        let interpretation = from_outcome(outcome("out of area", "L-7"), interpret_by_status(&response, URL, 0));
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

    /// H5: an error page that repeats the path of its URL does not show it, not even across the bound, nor in its bytes.
    #[test]
    fn h5_the_log_of_attempts_has_no_path_of_a_receiver() {
        let page = b"Cannot POST /T000/B000/xyz";
        let bytes = [&page[..], b" \xff"].concat();
        for (body, bytes_max, text, is_cut) in [
            (&page[..], 100, "Cannot POST /…", false),
            (page, 13, "Cannot POST /", true),
            (&bytes, 100, "Cannot POST /… \u{fffd}", false),
            (&bytes, 20, "Cannot POST /… \u{fffd}", true),
        ] {
            let response = response_of(200, Vec::new(), bytes::Bytes::copy_from_slice(body));
            let shown = ShownBody { text: Some(text.to_owned()), base64: None, is_cut };
            assert_eq!(body_to_show(&receiver(), &response, bytes_max), shown, "{bytes_max}");
        }
    }

    /// W11: a body is shown as text where it is text, and its bytes as they came where they are not UTF-8.
    #[test]
    fn w11_a_body_is_shown_as_it_came() {
        let latin = |charset: &str| vec![("content-type".to_owned(), format!("text/plain{charset}"))];
        let table = [
            (latin("; charset=iso-8859-1"), &b"Stra\xdfe"[..], Some("Straße"), Some("U3RyYd9l")),
            (latin(""), b"Stra\xdfe", None, Some("U3RyYd9l")),
            (latin(""), "Straße".as_bytes(), Some("Straße"), None),
            (latin(""), b"", Some(""), None),
        ];
        for (headers, body, text, base64) in table {
            let response = response_of(200, headers, bytes::Bytes::copy_from_slice(body));
            let shown = body_to_show(&receiver(), &response, 100);
            assert_eq!((shown.text.as_deref(), shown.base64.as_deref()), (text, base64), "{body:?}");
        }
        let brotli = vec![("content-encoding".to_owned(), "br".to_owned())];
        let response = Ok(response_of(200, brotli, bytes::Bytes::from_static(b"\x0b\x02\x80abc\x03")));
        let detail = attempt_detail(&receiver(), &response, &interpret_by_status(&response, URL, 0), 100);
        let shown = (&detail["body"], &detail["body_base64"], &detail["content_encoding"]);
        assert_eq!(shown, (&json!(null), &json!("CwKAYWJjAw=="), &json!("br")));
        assert!(detail["body_problem"].as_str().is_some_and(|problem| problem.contains("`br`")), "{detail}");
    }

    /// M9: a redirect is failed and says what to save, without the path that is the URL's secret.
    #[test]
    fn m9_a_redirect_says_what_to_save() {
        let response = response_of_status(301, &[("location", "https://www.client.example/T000/B000/xyz")]);
        let interpretation = interpret_by_status(&response, URL, 0);
        assert_eq!(interpretation.kind, OutcomeKind::Failed);
        let reason = interpretation.reason.clone().expect("a reason");
        assert!(reason.contains("save https://www.client.example/T000/B000/xyz as its URL"), "{reason}");
        let detail = attempt_detail(&receiver(), &response, &interpretation, 100);
        assert_eq!(detail["redirects_to"], "https://www.client.example/…");
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
            let cut = Cut { kind: SendErrorKind::Io, message: "the connection broke".into() };
            response = response.map(|response| response.cut_off(cut));
            let interpretation = interpret_by_status(&response, URL, 0);
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
            let by_status = interpret_by_status(&response_of_status(status, &[]), URL, 0);
            let without = Interpretation::without_verdict(ItemError::Postponed, by_status.clone());
            let is_success = (200..300).contains(&status);
            assert_eq!(without.kind, if is_success { OutcomeKind::Failed } else { by_status.kind }, "{status}");
            let decided_by = response_fields(&without).into_iter().find(|(name, _)| *name == "decided_by");
            let expected = if is_success { "nobody" } else { "status" };
            assert_eq!(decided_by.map(|(_, value)| value), Some(json!(expected)), "{status}");
            assert!(if is_success { without.reason.is_some() } else { without.reason == by_status.reason }, "{status}");
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
        let by_status = interpret_by_status(&response_of_status(200, &[]), URL, 0);
        for (decided_by, is_known) in table {
            let interpretation = Interpretation { decided_by, ..by_status.clone() };
            assert_eq!(interpretation.is_known(), is_known, "{:?}", interpretation.decided_by);
        }
        assert!(!Interpretation::unknown(by_status).is_known());
    }
}
