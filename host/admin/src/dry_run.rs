//! A sample through a campaign's stages, with nothing kept and nothing sent (M10).

use super::access::{Scope, unavailable};
use super::input::{Input, given};
use super::use_cases::DRY_RUN;
use crate::rows::Campaign;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookmill_domain::body::{self, Element};
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_engine::Program;
use hookmill_pipeline::{DryRun, DryRunInput, SampleResponse, sample_elements};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// An element as a source would send it, or a list of them, and what their client responds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"body": {"name": "Alice Smith", "email": "alice@example.com"}}))]
pub struct Sample {
    /// The element as JSON; a list is one element for each of its items. Give this or `raw`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Value, required = false)]
    pub body: Option<Box<RawValue>>,
    /// The element as the bytes that a source would send, of any supported content type. Give this or `body`.
    pub raw: Option<RawSample>,
    /// A document to try instead of the active one.
    pub document: Option<String>,
    /// The headers that the source would send.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The parameters of the query that would come with it.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// What the client responds with; without one, it takes the lead.
    pub response: Option<ResponseSample>,
}

/// A raw body, as a source would send it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content_type": "application/xml", "text": "<lead><email>alice@example.com</email></lead>"}))]
pub struct RawSample {
    /// Its content type, with charset and boundary where it has them.
    pub content_type: String,
    /// The content encoding.
    #[serde(default)]
    pub content_encoding: String,
    /// The charset of its source, which counts where the body names none; a label of the Encoding Standard.
    pub charset: Option<String>,
    /// The body as text, in UTF-8.
    pub text: Option<String>,
    /// The body in base64, for a body that is not text.
    pub base64: Option<String>,
}

/// The client's response.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": 200, "headers": {"content-type": "application/json"}, "text": "{\"result\":\"duplicate\"}"}))]
pub struct ResponseSample {
    /// The status.
    #[schema(minimum = 100, maximum = 999)]
    pub status: u16,
    /// The headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as text, in UTF-8.
    pub text: Option<String>,
    /// The body in base64, for a body that is not text.
    pub base64: Option<String>,
}

impl Scope {
    /// Runs a sample through a campaign's stages, by the very code production runs; nothing is kept and nothing is sent. A document can
    /// write the client's URL into a message: who is not shown that URL runs it with the masked one.
    pub async fn dry_run(&self, campaign_id: &str, sample: Input<Sample>) -> Result<DryRun, ApiError> {
        let campaign = self.read_campaign(&DRY_RUN, campaign_id).await?;
        let sample = sample?;
        self.begin_heavy_call()?;
        let (sample, elements, response) = self.read_sample(sample).await?;
        let organization = self.own_organization().await?;
        let program = self.program_to_try(&campaign, sample.document.as_deref()).await?;
        let client = self.store().client_destination(&campaign.key).await.map_err(unavailable)?;
        let client_url = client.map(|client| self.url_view().show(&client.settings.url)).unwrap_or_default();
        let metadata = RequestMetadata {
            query: sample.query.into_iter().collect(),
            ..RequestMetadata::from_headers(lowercase_names(sample.headers))
        };
        let input = DryRunInput { organization, campaign, elements, metadata, client_url, response };
        self.pipeline().dry_run(&program, &Arc::new(input), self.holding()).await
    }

    /// The elements and the client's response of a sample, within their bounds.
    async fn read_sample(
        &self,
        mut sample: Sample,
    ) -> Result<(Sample, Vec<Element>, Option<SampleResponse>), ApiError> {
        let limits = self.limits();
        sample.check_bytes(limits)?;
        let bytes_max = limits.sample_bytes_max;
        let settings = self.pipeline().settings().clone();
        // What is made of the element while it is opened, and the element itself.
        let mut opening = self.holding().part();
        opening.grow(sample.opening_bytes(bytes_max))?;
        let read = move || {
            let _opening = opening;
            let elements = sample.elements(&settings.limits)?;
            let bytes = elements.iter().map(|element| element.text.len()).sum();
            if bytes_max < bytes {
                return Err(sample_too_large("what the sample becomes", bytes, bytes_max));
            }
            let response = sample.response.take().map(parse_response).transpose()?;
            Ok((sample, elements, response))
        };
        self.work_apart(read).await?
    }

    /// A document to try, or else what the campaign runs.
    async fn program_to_try(&self, campaign: &Campaign, document: Option<&str>) -> Result<Program, ApiError> {
        let pipeline = self.pipeline();
        match document {
            Some(document) => Ok(pipeline.compile(&pipeline.default_component().digest, document).await?.0),
            None => pipeline
                .campaign_program(campaign)
                .await
                .map_err(|why| why.into_error(Kind::Conflict, "campaign_version_unusable")),
        }
    }
}

/// A body's bytes: given as text or in base64, and empty when as neither.
fn decode_body(path: &str, text: Option<String>, base64: Option<String>) -> Result<Bytes, ApiError> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(ApiError::invalid(path, "has `text` and `base64`; give one of them")),
        (Some(text), None) => Ok(Bytes::from(text)),
        (None, Some(coded)) => STANDARD
            .decode(coded.trim())
            .map(Bytes::from)
            .map_err(|error| ApiError::invalid(format!("{path}.base64"), format!("is not base64: {error}"))),
        (None, None) => Ok(Bytes::new()),
    }
}

impl Sample {
    /// Rejects a sample that has more bytes as it was sent than one may have.
    fn check_bytes(&self, limits: &Limits) -> Result<(), ApiError> {
        let of_text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        // Four letters of base64 are three bytes.
        let of_coded = |coded: &Option<String>| coded.as_ref().map_or(0, |coded| coded.len() / 4 * 3);
        let of_pairs = |pairs: &BTreeMap<String, String>| -> usize {
            pairs.iter().map(|(name, value)| name.len() + value.len()).sum()
        };
        let raw = self.raw.as_ref().map_or(0, |raw| of_text(&raw.text) + of_coded(&raw.base64));
        let response = self.response.as_ref();
        let response = response.map_or(0, |it| of_text(&it.text) + of_coded(&it.base64) + of_pairs(&it.headers));
        let body = self.body.as_ref().map_or(0, |body| body.get().len());
        let bytes = body + raw + response + of_pairs(&self.headers) + of_pairs(&self.query);
        let bytes_max = limits.sample_bytes_max;
        if bytes_max < bytes { Err(sample_too_large("the sample", bytes, bytes_max)) } else { Ok(()) }
    }

    /// How many bytes of memory reading the element takes at most.
    fn opening_bytes(&self, bytes_max: usize) -> usize {
        let (text_bytes, opened_bytes) = match (&self.body, &self.raw) {
            (Some(body), _) => (body.get().len(), body.get().len()),
            (None, Some(raw)) if raw.content_encoding.is_empty() => {
                let bytes = raw.text.as_deref().or(raw.base64.as_deref()).map_or(0, str::len);
                (bytes, bytes)
            }
            (None, _) => (bytes_max, bytes_max),
        };
        let factor = if self.body.is_some() { 1 } else { body::MADE_FACTOR };
        text_bytes.saturating_add(opened_bytes.saturating_mul(factor))
    }

    /// The elements; what a raw body said of itself joins the headers.
    fn elements(&mut self, limits: &Limits) -> Result<Vec<Element>, ApiError> {
        let raw = match (self.body.take(), self.raw.take()) {
            (Some(body), None) => {
                return sample_elements(&body::json_head("application/json", "")?, body.get().as_bytes(), limits);
            }
            (None, Some(raw)) => raw,
            _ => return Err(ApiError::invalid("body", "or `raw` must be given, and not both")),
        };
        let head = body::head(&raw.content_type, &raw.content_encoding).map_err(as_sample)?;
        let head = body::with_default_charset(head, raw.charset.as_deref()).map_err(as_sample)?;
        let limits =
            Limits { inflated_bytes_max: limits.inflated_bytes_max.min(limits.sample_bytes_max), ..limits.clone() };
        self.headers.entry("content-type".into()).or_insert(raw.content_type);
        sample_elements(&head, &decode_body("raw", raw.text, raw.base64)?, &limits).map_err(as_sample)
    }
}

fn sample_too_large(what: &str, bytes: usize, bytes_max: usize) -> ApiError {
    let message =
        format!("{what} has {bytes} bytes, at most {bytes_max} are allowed (sample_bytes_max); send a smaller sample");
    ApiError::new(Kind::TooLarge, "sample_too_large", message)
}

/// A body inside a body: an error in the sample is not a syntax error of the request itself.
fn as_sample(error: ApiError) -> ApiError {
    if error.code == "body_too_large" {
        let message = format!("the sample in `raw` is too large: {} (sample_bytes_max)", error.message);
        return ApiError::new(Kind::TooLarge, "sample_too_large", message);
    }
    let message = format!("the sample in `raw` would be rejected: {}", error.message);
    ApiError::new(Kind::Invalid, "sample_unreadable", message).at("raw", error.code, error.message)
}

fn lowercase_names(headers: BTreeMap<String, String>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

fn parse_response(sample: ResponseSample) -> Result<SampleResponse, ApiError> {
    if !(100..1_000).contains(&sample.status) {
        return Err(ApiError::invalid("response.status", "must be from 100 to 999"));
    }
    let body = decode_body("response", sample.text, sample.base64)?;
    Ok(SampleResponse { status: sample.status, headers: lowercase_names(sample.headers), body })
}
