//! Long calls are jobs (H6). Whoever makes one waits for its response for a while, as for any other. Then the call goes on without them: they
//! get `202` and the address at which it is read what became of it. So nothing between them and the host cuts it in silence.
//!
//! A long call that has become a job goes on when its caller leaves, also one that only reads. A stopping host waits for those that change
//! something; whatever has not ended when it ends is shown as failed.

mod body;
mod places;

use crate::api::jobs::JobView;
use crate::auth::OrgUser;
use crate::changes::run_to_end;
use crate::error::{self, HttpError};
use crate::request_id::RequestId;
use crate::under_way::{Part, UnderWay};
use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookmill_admin::rows::JobEnd;
use hookmill_admin::{Scope, use_cases};
use hookmill_pipeline::Pipeline;
use places::{Place, Places};
use serde_json::{Map, Value};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The operations that may take long: they compile, wait for what is compiled, run many leads, or release as many as have waited. None of
/// them has a secret in its response, which is kept.
const OPERATIONS: [&str; 11] = [
    "uploadPlugin",
    "saveCampaignVersion",
    "setCampaignState",
    "compareVersions",
    "replaySubmission",
    "previewCampaign",
    "generateMessage",
    "dryRun",
    "listFields",
    "draftDocument",
    "resendDeliveries",
];
/// How often it is tried to note what a job came to, while the database does not take it, and how long after each try, in milliseconds.
const NOTE_TRIES: u32 = 100;
const NOTE_AGAIN_MS: u64 = 1_000;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The preference of a caller who does not want to wait (RFC 7240).
const RESPOND_ASYNC: &str = "respond-async";

/// A call on its way to its response.
type Work = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Whether an operation may take long.
pub(crate) fn is_long(operation: &str) -> bool {
    OPERATIONS.contains(&operation)
}

/// What all long calls of a host share.
#[derive(Clone)]
pub(crate) struct Jobs {
    pipeline: Pipeline,
    under_way: UnderWay,
    places: Places,
}

impl Jobs {
    /// None so far.
    pub(crate) fn new(pipeline: &Pipeline, under_way: &UnderWay) -> Self {
        let limits = &pipeline.settings().limits;
        let places = Places::new(limits.jobs_max, limits.jobs_per_organization_max);
        Self { pipeline: pipeline.clone(), under_way: under_way.clone(), places }
    }

    /// What a stopping host waits for.
    pub(crate) fn under_way(&self) -> &UnderWay {
        &self.under_way
    }
}

/// The long operations of an address.
#[derive(Clone)]
pub(crate) struct LongCalls {
    operations: Arc<[(Method, String)]>,
    jobs: Jobs,
}

impl LongCalls {
    /// Those of a path item of the description; none when nothing there takes long.
    pub(crate) fn of(item: &Map<String, Value>, jobs: &Jobs) -> Option<Self> {
        let named = item.iter().filter_map(|(method, operation)| {
            let name = operation["operationId"].as_str().filter(|name| is_long(name))?;
            Some((method.to_ascii_uppercase().parse::<Method>().ok()?, name.to_owned()))
        });
        let operations: Vec<(Method, String)> = named.collect();
        (!operations.is_empty()).then(|| Self { operations: operations.into(), jobs: jobs.clone() })
    }

    fn operation(&self, method: &Method) -> Option<&str> {
        self.operations.iter().find(|(known, _)| known == method).map(|(_, name)| name.as_str())
    }
}

/// Responds to a long call within the time that its caller waits: with what it came to, or with where that will be read. All else as it is.
pub(crate) async fn respond_in_time(
    State(long): State<LongCalls>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let Some(operation) = long.operation(request.method()) else { return Ok(next.run(request).await) };
    let (mut parts, body) = request.into_parts();
    let (call, place) = LongCall::begin(&long.jobs, operation, &mut parts).await?;
    let (body, is_over) = body::watch(body);
    let mut work = call.work(next.run(Request::from_parts(parts, body)), place);
    tokio::select! {
        biased;
        response = &mut work => Ok(response),
        () = call.wait(is_over) => Ok(call.go_on(work).await),
    }
}

/// A long call that is under way.
struct LongCall {
    jobs: Jobs,
    scope: Scope,
    operation: String,
    path: String,
    request_id: RequestId,
    is_change: bool,
    prefers_job: bool,
}

impl LongCall {
    /// Looks who calls, and whether they may; the handler is told by an extension.
    async fn begin(jobs: &Jobs, operation: &str, parts: &mut Parts) -> Result<(Self, Place), HttpError> {
        let OrgUser(scope) = OrgUser::from_request_parts(parts, &jobs.pipeline).await?;
        scope.authorize_operation(operation)?;
        let place = jobs.places.take(scope.organization_id())?;
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let request_id = request_id.unwrap_or_else(|| RequestId::new(String::new()));
        parts.extensions.insert(scope.clone());
        let call = Self {
            jobs: jobs.clone(),
            scope,
            operation: operation.to_owned(),
            path: parts.uri.path().to_owned(),
            request_id,
            is_change: use_cases::declaration(operation).is_some_and(|declared| !declared.actions.is_empty()),
            prefers_job: prefers_async(&parts.headers),
        };
        Ok((call, place))
    }

    /// What is done for the call. It has its place until it ends: a change goes on when its caller leaves, and still has it then.
    fn work(&self, response: impl Future<Output = Response> + Send + 'static, place: Place) -> Work {
        let work = async move {
            let response = response.await;
            drop(place);
            response
        };
        if !self.is_change {
            return Box::pin(work);
        }
        let request_id = self.request_id.clone();
        Box::pin(async move { run_to_end(work, request_id.as_str()).await })
    }

    /// Waits for as long as the caller does: from when the body has come. What was not read of a body is a rejection on its way, and whoever
    /// still sends it would not read a `202`.
    async fn wait(&self, is_over: oneshot::Receiver<()>) {
        let is_read = is_over.await.is_ok();
        if !(is_read && self.prefers_job) {
            tokio::time::sleep(Duration::from_millis(self.scope.settings().limits.job_wait_ms)).await;
        }
    }

    /// Goes on as a job; returns the response for its caller.
    async fn go_on(self, work: Work) -> Response {
        let (to_caller, response) = oneshot::channel();
        let request_id = self.request_id.clone();
        let part = self.is_change.then(|| self.jobs.under_way.begin());
        tokio::spawn(self.run(work, to_caller, part));
        response.await.unwrap_or_else(|_| error::internal(request_id.as_str()))
    }

    async fn run(self, work: Work, mut to_caller: oneshot::Sender<Response>, part: Option<Part>) {
        let id = match self.scope.begin_job(&self.operation, &self.path, self.request_id.as_str()).await {
            Ok(job) => {
                let id = job.job.id.clone();
                // A caller who has left finds it in the list.
                let _ = to_caller.send(self.accepted(JobView::of(&self.scope, job, None)));
                id
            }
            // Nothing was promised: its caller waits on, as for any other call.
            Err(_) => {
                tokio::select! {
                    response = work => drop(to_caller.send(response)),
                    () = to_caller.closed() => {}
                }
                return;
            }
        };
        let end = self.end(run_to_end(work, self.request_id.as_str()).await).await;
        self.note(&id, &end).await;
        drop(part);
    }

    fn accepted(&self, job: JobView) -> Response {
        let location = HeaderValue::from_str(job.address()).ok().map(|address| (header::LOCATION, address));
        let applied = self.prefers_job.then(|| (PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC)));
        let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
        response.headers_mut().extend(location.into_iter().chain(applied));
        response
    }

    /// What a response is kept as.
    async fn end(&self, response: Response) -> JobEnd {
        let response = error::write_error(response, &self.request_id);
        let status = response.status().as_u16();
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.map(str::to_owned);
        let bytes_max = self.scope.settings().limits.job_response_bytes_max;
        let bytes = axum::body::to_bytes(response.into_body(), bytes_max).await;
        JobEnd { status, content_type, response: bytes.ok().map(Vec::from) }
    }

    /// Notes what the job came to. It may be an outage of the database that it came to: that has to end first.
    async fn note(&self, id: &str, end: &JobEnd) {
        for _ in 0..NOTE_TRIES {
            match self.scope.end_job(id, end).await {
                Ok(()) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(NOTE_AGAIN_MS)).await,
            }
        }
        tracing::error!(job = id, status = end.status, "what a job came to could not be noted; it shows as running");
    }
}

/// Whether a caller prefers not to wait: `Prefer: respond-async`, alone or among others.
pub(crate) fn prefers_async(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(PREFER).into_iter().filter_map(|value| value.to_str().ok());
    let mut names = lines.flat_map(|line| line.split(',')).filter_map(|preference| preference.split(';').next());
    names.any(|name| name.trim().eq_ignore_ascii_case(RESPOND_ASYNC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_a_preference_stands_alone_or_among_others() {
        let table: [(&[&str], bool); 8] = [
            (&[], false),
            (&["respond-async"], true),
            (&["Respond-Async"], true),
            (&["wait=10, respond-async; x=y"], true),
            (&["return=minimal", "respond-async"], true),
            (&["respond-async=1x"], false),
            (&["respond"], false),
            (&["\u{e9}"], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            assert_eq!(prefers_async(&headers), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_takes_long_is_an_operation() {
        for operation in OPERATIONS {
            assert!(use_cases::declaration(operation).is_some(), "{operation}");
        }
    }
}
