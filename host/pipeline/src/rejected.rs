//! Posts that are rejected as a whole (I2): which of them are kept, what of them, and the id under which the sender is told of it.

use super::Pipeline;
use super::ingest::{Channel, INBOUND, Post, Source};
use super::rendered::json;
use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use hookmill_domain::budget::Permit;
use hookmill_domain::envelope::IDEMPOTENCY_KEY_BYTES_MAX;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_store::rejected::NewRejectedRequest;
use serde_json::{Map, Value, json};

/// How many details of an error are kept.
const DETAILS_MAX: usize = 20;
/// How many characters are kept of each text of an error.
const ERROR_CHARS_MAX: usize = 1_000;
/// How many characters are kept of the campaign that an address names: no campaign's id has more.
const CAMPAIGN_CHARS_MAX: usize = 255;

/// What was received of a body.
#[derive(Debug)]
pub struct ReceivedBody {
    /// Its bytes, or the first of them.
    pub bytes: Bytes,
    /// How many bytes came.
    pub received: usize,
    /// The permit for the bytes.
    pub permit: Permit,
}

impl Pipeline {
    /// Keeps a post that was rejected, and returns its error with the id of what is kept.
    pub(crate) async fn reject(&self, post: Post, error: ApiError) -> ApiError {
        let Post { source, channel, body, permit, .. } = post;
        if !is_kept(&error) {
            return error;
        }
        let Ok(digest) = self.digest(&body).await else { return error };
        let body = ReceivedBody { received: body.len(), bytes: body, permit };
        self.keep_rejected(source, channel, (body, Some(digest)), error).await
    }

    /// The same for a body that was too large to be read to its end.
    #[boxed]
    pub async fn reject_unread(
        &self,
        source: Source,
        channel: Channel,
        body: ReceivedBody,
        error: ApiError,
    ) -> ApiError {
        self.keep_rejected(source, channel, (body, None), error).await
    }

    async fn keep_rejected(
        &self,
        source: Source,
        channel: Channel,
        (body, body_digest): (ReceivedBody, Option<[u8; 32]>),
        error: ApiError,
    ) -> ApiError {
        let (organization_id, now) = (source.key.organization_id.clone(), self.clock.now());
        let ReceivedBody { bytes, received, mut permit } = body;
        // Its bytes wait for a commit also when its sender has left.
        if permit.grow(bytes.len().saturating_sub(permit.amount())).is_err() {
            self.ingest.lose_rejected(&organization_id, now);
            return error;
        }
        let (name, campaign_id, idempotency_key) = match channel {
            Channel::Batch => ("batch", None, None),
            Channel::Campaign { campaign_id, idempotency_key } => ("campaign", Some(campaign_id), idempotency_key),
            Channel::Inbound { campaign_id } => (INBOUND, Some(campaign_id), None),
        };
        let header_chars_max = self.settings.limits.kept_header_bytes_max;
        let row = NewRejectedRequest {
            id: self.ids.new_id("rej", now),
            organization_id,
            source_key_id: source.key.id.clone(),
            source_id: source.key.source_id.clone(),
            channel: name,
            campaign_id: campaign_id.map(|id| cut(&id, CAMPAIGN_CHARS_MAX)),
            code: error.code,
            error: error_json(&error),
            content_type: cut(&source.content_type, header_chars_max),
            content_encoding: cut(&source.content_encoding, header_chars_max),
            metadata: json(&source.metadata),
            // One that is too long stays too long.
            idempotency_key: idempotency_key.map(|key| key[..key.len().min(IDEMPOTENCY_KEY_BYTES_MAX + 1)].to_vec()),
            remote_address: source.remote_address,
            body_bytes: i64::try_from(received).unwrap_or(i64::MAX),
            body_digest,
            body: bytes.slice(..bytes.len().min(self.settings.limits.rejected_body_bytes_max)),
            rejected_at: now,
        };
        let id = row.id.clone();
        if self.ingest.keep_rejected(row, permit).await {
            return error.with_field("rejected_request_id", id);
        }
        error
    }
}

/// Whether a post with this error is kept: what its sender can't fix by sending it once more, unless all of it is here already.
fn is_kept(error: &ApiError) -> bool {
    let repeats = || error.fields.as_ref().is_some_and(|fields| fields.get("same_body") == Some(&Value::Bool(true)));
    !matches!(error.kind, Kind::Overload | Kind::Unavailable) && !repeats()
}

/// The error as it is kept: what its sender got, within bounds.
fn error_json(error: &ApiError) -> Vec<u8> {
    let detail = |detail: &Detail| Detail {
        path: cut(&detail.path, ERROR_CHARS_MAX),
        message: cut(&detail.message, ERROR_CHARS_MAX),
        ..detail.clone()
    };
    let mut fields: Map<String, Value> = error.fields.as_deref().cloned().unwrap_or_default();
    fields.insert("code".into(), error.code.into());
    fields.insert("message".into(), cut(&error.message, ERROR_CHARS_MAX).into());
    fields.insert("details".into(), json!(error.details.iter().take(DETAILS_MAX).map(detail).collect::<Vec<_>>()));
    if DETAILS_MAX < error.details.len() {
        fields.insert("details_left_out".into(), (error.details.len() - DETAILS_MAX).into());
    }
    json(&fields)
}

/// The first characters of a text, without U+0000, which PostgreSQL does not take.
fn cut(text: &str, chars_max: usize) -> String {
    text.chars().filter(|letter| *letter != '\0').take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i2_what_sending_again_can_fix_is_not_kept() {
        let of = |kind| ApiError::new(kind, "x", "x");
        for kind in [Kind::Syntax, Kind::NotFound, Kind::TooLarge, Kind::ContentType, Kind::Invalid, Kind::Conflict] {
            assert!(is_kept(&of(kind)), "{kind:?}");
        }
        assert!(!is_kept(&of(Kind::Overload)) && !is_kept(&of(Kind::Unavailable)));
        let duplicate = |same: bool| of(Kind::Conflict).with_field("same_body", same);
        assert!(is_kept(&duplicate(false)), "its leads are nowhere else");
        assert!(!is_kept(&duplicate(true)));
    }

    #[test]
    fn i2_an_error_is_kept_within_bounds() {
        let mut error = ApiError::new(Kind::Invalid, "leads_rejected", "x\0".repeat(5_000)).with_field("a", 1);
        for n in 0..1_000 {
            error = error.at(format!("leads[{n}]"), "not_an_object", "y".repeat(5_000));
        }
        let bytes = error_json(&error);
        assert!(bytes.len() < 30_000, "{}", bytes.len());
        let kept: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&kept["code"], &kept["a"]), (&json!("leads_rejected"), &json!(1)));
        assert_eq!(kept["message"], "x".repeat(1_000));
        assert_eq!((kept["details"].as_array().unwrap().len(), &kept["details_left_out"]), (20, &json!(980)));
        assert_eq!(kept["details"][19]["path"], "leads[19]");
    }
}
