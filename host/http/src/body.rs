//! Reading bodies: bounded in bytes and time, JSON checked before it is understood.

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hookmill_admin::Input;
use hookmill_domain::body as model;
use hookmill_domain::envelope::syntax;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_pipeline::Pipeline;
use serde::de::DeserializeOwned;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of a body that is too large is still read and thrown away, so that its sender reads the error instead of a broken
/// connection.
const DRAINED_BYTES_MAX: usize = 64 << 20;

/// A body in memory, and the room it takes: all bodies together are bounded (H6).
pub(super) struct BufferedBody {
    /// The body.
    pub bytes: Bytes,
    /// The room; free again when this is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

impl Deref for BufferedBody {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// Reads a whole body, which has to come at the least pace and within the longest time. Hold the result until the response is sent.
pub(super) async fn read(pipeline: &Pipeline, body: Body, bytes_max: usize) -> Result<BufferedBody, ApiError> {
    let limits = &pipeline.settings().limits;
    let [whole, piece] = [limits.request_timeout_ms, limits.progress_ms].map(Duration::from_millis);
    let mut reading = Reading::new(body, bytes_max, pipeline.body_memory());
    let read = async move {
        while within(piece, limits.progress_bytes_min, reading.read_some(limits.progress_bytes_min)).await?? {}
        reading.finish()
    };
    let ended = tokio::time::timeout(whole, read).await;
    ended.unwrap_or_else(|_| Err(too_slow(format!("the body did not arrive within {} ms", whole.as_millis()))))
}

async fn within<T>(bound: Duration, bytes: u64, read: impl Future<Output = T>) -> Result<T, ApiError> {
    let slow = || too_slow(format!("fewer than {bytes} bytes of the body arrived within {} ms", bound.as_millis()));
    tokio::time::timeout(bound, read).await.map_err(|_| slow())
}

fn too_slow(message: String) -> ApiError {
    ApiError::new(Kind::Syntax, "body_timeout", message)
}

/// A body that is being read.
struct Reading<'a> {
    stream: BodyDataStream,
    bytes_max: usize,
    room: &'a Arc<Semaphore>,
    bytes: BytesMut,
    seen: usize,
    held: Option<OwnedSemaphorePermit>,
}

impl<'a> Reading<'a> {
    fn new(body: Body, bytes_max: usize, room: &'a Arc<Semaphore>) -> Self {
        Self { stream: body.into_data_stream(), bytes_max, room, bytes: BytesMut::new(), seen: 0, held: None }
    }

    /// Reads at least so many bytes, or to the end; returns whether there may be more.
    async fn read_some(&mut self, bytes_min: u64) -> Result<bool, ApiError> {
        let enough = self.seen.saturating_add(usize::try_from(bytes_min).unwrap_or(usize::MAX));
        while let Some(chunk) = self.stream.next().await {
            let chunk = chunk
                .map_err(|_| ApiError::new(Kind::Syntax, "body_broken", "the body ended before it was complete"))?;
            self.take(&chunk)?;
            if DRAINED_BYTES_MAX < self.seen {
                break;
            }
            if enough <= self.seen {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take(&mut self, chunk: &Bytes) -> Result<(), ApiError> {
        self.seen += chunk.len();
        if self.bytes_max < self.seen {
            return Ok(());
        }
        let bytes = u32::try_from(chunk.len()).ok();
        let more = bytes.and_then(|bytes| self.room.clone().try_acquire_many_owned(bytes).ok());
        let more = more.ok_or_else(overloaded)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(self) -> Result<BufferedBody, ApiError> {
        if self.bytes_max < self.seen {
            let message = format!("the body has more than {} bytes (body_bytes_max); send it in parts", self.bytes_max);
            return Err(ApiError::new(Kind::TooLarge, "body_too_large", message));
        }
        Ok(BufferedBody { bytes: self.bytes.freeze(), _room: self.held })
    }
}

fn overloaded() -> ApiError {
    let message = "the bodies of all requests under way exceed the memory limit of this host; try again shortly";
    ApiError::new(Kind::Overload, "overloaded", message)
}

/// What the headers say of a body: the values of `Content-Type` and `Content-Encoding`, empty when they are not there.
pub(super) fn content_headers(headers: &HeaderMap) -> (String, String) {
    let all = |name: header::HeaderName| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(", ")
    };
    (all(header::CONTENT_TYPE), all(header::CONTENT_ENCODING))
}

/// A JSON body of the management API: unknown keys and wrong types are rejected with their place. The error is the use
/// case's to give, after it has looked whether the caller may do this at all.
pub(super) struct JsonBody<T>(pub Input<T>);

impl<T: DeserializeOwned> FromRequest<Pipeline> for JsonBody<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, pipeline: &Pipeline) -> Result<Self, Self::Rejection> {
        Ok(Self(understood(request, pipeline).await))
    }
}

async fn understood<T: DeserializeOwned>(request: Request, pipeline: &Pipeline) -> Result<T, ApiError> {
    let (parts, body) = request.into_parts();
    let limits = &pipeline.settings().limits;
    let BufferedBody { bytes, _room } = read(pipeline, body, limits.body_bytes_max).await?;
    let (content_type, content_encoding) = content_headers(&parts.headers);
    let head = model::json_head(&content_type, &content_encoding)?;
    let opened = model::open(&head, &bytes, limits)?;
    let text = opened.text();
    let root = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if root.starts_with('[') {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(syntax)?;
        return Err(ApiError::new(Kind::Invalid, "invalid", "the body must be a JSON object").at(
            "",
            "not_an_object",
            "this is a list",
        ));
    }
    serde_json::from_str(text).map_err(not_understood)
}

fn not_understood(error: serde_json::Error) -> ApiError {
    if !error.is_data() {
        return syntax(error);
    }
    ApiError::new(Kind::Invalid, "invalid", error.to_string()).at(
        "",
        "invalid",
        format!("line {}, column {}", error.line(), error.column()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_headers_that_come_several_times_are_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_headers(&headers), (String::new(), String::new()));
        headers.append(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        headers.append(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        headers.append(header::CONTENT_TYPE, "Application/JSON".parse().unwrap());
        assert_eq!(content_headers(&headers), ("Application/JSON".to_owned(), "gzip, gzip".to_owned()));
    }
}
