//! Reading bodies: bounded in bytes and time, JSON checked before it is understood.

use crate::request_id::RequestId;
use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hookmill_admin::Input;
use hookmill_domain::body as model;
use hookmill_domain::budget::{Holding, Permit};
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::input;
use hookmill_pipeline::{Pipeline, ReceivedBody};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How much of a body that is too large is still read and thrown away, so that its sender reads the error instead of a broken
/// connection.
const DRAINED_BYTES_MAX: usize = 64 << 20;

/// Why a body was not read, and what is kept of it where it was too large.
pub(super) struct Unread {
    pub(super) error: ApiError,
    pub(super) received: Option<Box<ReceivedBody>>,
}

impl From<ApiError> for Unread {
    fn from(error: ApiError) -> Self {
        Self { error, received: None }
    }
}

/// Reads the whole body of a post of leads (see [`read`]).
pub(super) async fn read_post(pipeline: &Pipeline, permit: Permit, body: Body) -> Result<(Bytes, Permit), Unread> {
    let limits = &pipeline.settings().limits;
    let bounds = BodyBounds { bytes_max: limits.body_bytes_max, first_bytes_max: limits.rejected_body_bytes_max };
    read_within(pipeline, Reading::new(body, bounds, permit)).await
}

/// Reads a whole body, which has to come at the least pace and within the longest time. What it takes is in the permit, which belongs to
/// the body and to all that is made of it (H6).
async fn read(pipeline: &Pipeline, permit: Permit, body: Body, bytes_max: usize) -> Result<(Bytes, Permit), ApiError> {
    let bounds = BodyBounds { bytes_max, first_bytes_max: 0 };
    read_within(pipeline, Reading::new(body, bounds, permit)).await.map_err(|unread| unread.error)
}

async fn read_within(pipeline: &Pipeline, mut reading: Reading) -> Result<(Bytes, Permit), Unread> {
    let limits = &pipeline.settings().limits;
    let [whole, piece] = [limits.request_timeout_ms, limits.progress_ms].map(Duration::from_millis);
    let read = async move {
        while within(piece, limits.progress_bytes_min, reading.read_some(limits.progress_bytes_min)).await?? {}
        reading.finish()
    };
    let ended = tokio::time::timeout(whole, read).await;
    let late = || too_slow(format!("the body did not arrive within {} ms", whole.as_millis()));
    ended.unwrap_or_else(|_| Err(late().into()))
}

async fn within<T>(bound: Duration, bytes: u64, read: impl Future<Output = T>) -> Result<T, ApiError> {
    let slow = || too_slow(format!("fewer than {bytes} bytes of the body arrived within {} ms", bound.as_millis()));
    tokio::time::timeout(bound, read).await.map_err(|_| slow())
}

fn too_slow(message: String) -> ApiError {
    ApiError::new(Kind::Syntax, "body_timeout", message)
}

/// Reads a whole body for a person's request, which holds it.
pub(super) async fn read_held(
    pipeline: &Pipeline,
    holding: &Holding,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, ApiError> {
    let (bytes, permit) = read(pipeline, holding.part(), body, bytes_max).await?;
    holding.keep(permit);
    Ok(bytes)
}

/// How many bytes a body may have, and how many of the first are kept when it has more.
#[derive(Clone, Copy)]
struct BodyBounds {
    bytes_max: usize,
    first_bytes_max: usize,
}

/// A body that is being read.
struct Reading {
    stream: BodyDataStream,
    bounds: BodyBounds,
    bytes: BytesMut,
    seen: usize,
    permit: Permit,
    /// Why it is not kept: the rest is read and thrown away.
    error: Option<ApiError>,
}

impl Reading {
    fn new(body: Body, bounds: BodyBounds, permit: Permit) -> Self {
        Self { stream: body.into_data_stream(), bounds, bytes: BytesMut::new(), seen: 0, permit, error: None }
    }

    /// Reads at least so many bytes, or to the end; returns whether there may be more.
    async fn read_some(&mut self, bytes_min: u64) -> Result<bool, ApiError> {
        let enough = self.seen.saturating_add(usize::try_from(bytes_min).unwrap_or(usize::MAX));
        while let Some(chunk) = self.stream.next().await {
            let chunk = chunk
                .map_err(|_| ApiError::new(Kind::Syntax, "body_broken", "the body ended before it was complete"))?;
            self.take(&chunk);
            if DRAINED_BYTES_MAX < self.seen {
                break;
            }
            if enough <= self.seen {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take(&mut self, chunk: &Bytes) {
        self.seen += chunk.len();
        if self.error.is_some() {
            return;
        }
        let BodyBounds { bytes_max, first_bytes_max } = self.bounds;
        if bytes_max < self.seen {
            let room = first_bytes_max.saturating_sub(self.bytes.len()).min(chunk.len());
            if self.permit.grow(room).is_ok() {
                self.bytes.extend_from_slice(&chunk[..room]);
            }
            return self.give_up(too_large(bytes_max), first_bytes_max);
        }
        match self.permit.grow(chunk.len()) {
            Ok(()) => self.bytes.extend_from_slice(chunk),
            Err(exhausted) => self.give_up(exhausted.into(), 0),
        }
    }

    /// Keeps so many of the first bytes, in a buffer of their own.
    fn give_up(&mut self, error: ApiError, first_bytes_max: usize) {
        self.error = Some(error);
        self.bytes = BytesMut::from(&self.bytes[..self.bytes.len().min(first_bytes_max)]);
        self.permit.shrink_to(self.bytes.len());
    }

    fn finish(self) -> Result<(Bytes, Permit), Unread> {
        let (bytes, permit) = (self.bytes.freeze(), self.permit);
        let Some(error) = self.error else { return Ok((bytes, permit)) };
        let is_too_large = error.kind == Kind::TooLarge;
        let received = is_too_large.then(|| Box::new(ReceivedBody { bytes, received: self.seen, permit }));
        Err(Unread { error, received })
    }
}

fn too_large(bytes_max: usize) -> ApiError {
    let message = format!("the body has more than {bytes_max} bytes (body_bytes_max); send it in parts");
    ApiError::new(Kind::TooLarge, "body_too_large", message)
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

impl<T: DeserializeOwned + Send + 'static> FromRequest<Pipeline> for JsonBody<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, pipeline: &Pipeline) -> Result<Self, Self::Rejection> {
        Ok(Self(understood(request, pipeline).await))
    }
}

async fn understood<T: DeserializeOwned + Send + 'static>(
    request: Request,
    pipeline: &Pipeline,
) -> Result<T, ApiError> {
    let (parts, body) = request.into_parts();
    // Who is in no organization is an operator; all of them share one part.
    let holding = match parts.extensions.get::<RequestId>().and_then(RequestId::holding) {
        Some(holding) => holding.clone(),
        None => pipeline.holding(""),
    };
    let bytes = read_held(pipeline, &holding, body, pipeline.settings().limits.body_bytes_max).await?;
    let (content_type, content_encoding) = content_headers(&parts.headers);
    let head = model::json_head(&content_type, &content_encoding)?;
    let limits = pipeline.settings().limits.clone();
    let opened_bytes = if head.is_compressed() { limits.inflated_bytes_max } else { bytes.len() };
    let large = pipeline.for_people().large().clone();
    large.work(opened_bytes, move || parse((&head, opened_bytes), &bytes, &holding, &limits)).await?
}

fn parse<T: DeserializeOwned>(
    (head, opened_bytes): (&model::Head, usize),
    bytes: &Bytes,
    holding: &Holding,
    limits: &Limits,
) -> Result<T, ApiError> {
    let mut opening = holding.part();
    opening.grow(model::opening_bytes(head, opened_bytes))?;
    let opened = model::open_strict(head, bytes, limits)?;
    let text = opened.text();
    let (tree_bytes, tree_bytes_max) = (model::tree_bytes(text), limits.bodies_bytes_max / 2);
    if tree_bytes_max < tree_bytes {
        let message = format!(
            "the body has too many values: they may take {tree_bytes} bytes of memory, at most {tree_bytes_max} are there for it (half of bodies_bytes_max); send it in parts"
        );
        return Err(ApiError::new(Kind::TooLarge, "body_too_large", message));
    }
    holding.grow(tree_bytes)?;
    input::from_json(text)
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
