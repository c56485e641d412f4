//! What is corrected of a rejected request before it is posted again.

use super::Corrected;
use crate::rows::RejectedRequest;
use base64::Engine;
use bytes::Bytes;
use hookmill_domain::body::{charset_name, with_charset};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::metadata::RequestMetadata;
use hookmill_pipeline::Channel;
use serde::Deserialize;
use utoipa::ToSchema;

/// How many bytes a header that is corrected may have.
const HEADER_BYTES_MAX: usize = 1_024;

/// What is corrected; what is left out stays as it came.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"charset": "windows-1252"}))]
pub struct Correction {
    /// The body, as text. It is sent in UTF-8 and without a content encoding.
    pub body: Option<String>,
    /// The body, as bytes in base64. Use this where the body is not text.
    pub body_base64: Option<String>,
    /// The content type.
    #[schema(max_length = 1024)]
    pub content_type: Option<String>,
    /// The charset of the body, which becomes the parameter of the content type.
    #[schema(max_length = 64)]
    pub charset: Option<String>,
    /// The content encoding; empty for none.
    #[schema(max_length = 64)]
    pub content_encoding: Option<String>,
    /// The campaign, for a request that was posted to a campaign's own address.
    #[schema(max_length = 255)]
    pub campaign_id: Option<String>,
    /// The idempotency key, for a request that was posted to a campaign's own address; empty for none.
    #[schema(max_length = 255)]
    pub idempotency_key: Option<String>,
}

impl Correction {
    /// The request as it is posted again.
    pub(super) fn apply(self, request: &RejectedRequest) -> Result<Corrected, ApiError> {
        let is_text = self.body.is_some();
        check_header("content_type", self.content_type.as_ref())?;
        check_header("content_encoding", self.content_encoding.as_ref())?;
        let charset = self.charset.as_deref().map(charset_name).transpose()?;
        let body = self.new_body()?;
        if body.is_none() && request.kept_bytes != request.body_bytes {
            return Err(not_whole(request));
        }
        let content_encoding = match self.content_encoding {
            Some(given) => given,
            None if is_text => String::new(),
            None => request.content_encoding.clone(),
        };
        let charset = charset.or_else(|| (is_text && self.content_type.is_none()).then_some("utf-8"));
        let content_type = self.content_type.unwrap_or_else(|| request.content_type.clone());
        let content_type = match charset {
            Some(charset) => with_charset(&content_type, charset),
            None => content_type,
        };
        let channel = channel(request, self.campaign_id, self.idempotency_key)?;
        let metadata = metadata(request, &content_type, &content_encoding);
        Ok(Corrected { channel, content_type, content_encoding, metadata, body })
    }

    fn new_body(&self) -> Result<Option<Bytes>, ApiError> {
        match (&self.body, &self.body_base64) {
            (Some(_), Some(_)) => Err(ApiError::invalid("body_base64", "is given beside `body`; give one of them")),
            (Some(text), None) => Ok(Some(Bytes::copy_from_slice(text.as_bytes()))),
            (None, Some(base64)) => match base64::engine::general_purpose::STANDARD.decode(base64) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) => Err(ApiError::invalid("body_base64", format!("is not base64: {error}"))),
            },
            (None, None) => Ok(None),
        }
    }
}

/// A body that is not kept whole can't be posted again as it came.
fn not_whole(request: &RejectedRequest) -> ApiError {
    let message = format!(
        "of this body the first {} of {} bytes are kept (rejected_body_bytes_max); give the whole body in `body` or `body_base64`",
        request.kept_bytes, request.body_bytes
    );
    ApiError::new(Kind::Conflict, "body_not_whole", message)
}

fn channel(
    request: &RejectedRequest,
    campaign_id: Option<String>,
    idempotency_key: Option<String>,
) -> Result<Channel, ApiError> {
    if request.channel == "inbound_webhook" {
        let campaign_id = campaign_id.or_else(|| request.campaign_id.clone()).unwrap_or_default();
        return Ok(Channel::Inbound { campaign_id });
    }
    if request.channel != "batch" {
        let given = idempotency_key.map(String::into_bytes).or_else(|| request.idempotency_key.clone());
        let campaign_id = campaign_id.or_else(|| request.campaign_id.clone()).unwrap_or_default();
        return Ok(Channel::Campaign { campaign_id, idempotency_key: given.filter(|key| !key.is_empty()) });
    }
    for (name, given) in [("campaign_id", &campaign_id), ("idempotency_key", &idempotency_key)] {
        if given.is_some() {
            let message = "is named in the body of a batch; correct it there, in `body`";
            return Err(ApiError::invalid(name, message));
        }
    }
    Ok(Channel::Batch)
}

/// The metadata with the headers that say how the body is read: it is read again by them.
fn metadata(request: &RejectedRequest, content_type: &str, content_encoding: &str) -> RequestMetadata {
    let mut metadata: RequestMetadata = serde_json::from_slice(&request.metadata).unwrap_or_default();
    for (name, value) in [("content-encoding", content_encoding), ("content-type", content_type)] {
        metadata.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            metadata.headers.insert(0, (name.to_owned(), value.to_owned()));
        }
    }
    metadata
}

/// The value of a header.
fn check_header(name: &str, value: Option<&String>) -> Result<(), ApiError> {
    match value {
        Some(value) if HEADER_BYTES_MAX < value.len() || value.chars().any(char::is_control) => Err(ApiError::invalid(
            name,
            format!("must have at most {HEADER_BYTES_MAX} bytes and no control characters"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(channel: &str) -> RejectedRequest {
        RejectedRequest {
            id: "rej_1".into(),
            source_key_id: "src_1".into(),
            channel: channel.into(),
            campaign_id: Some("SOLAR".into()),
            code: "invalid_utf8".into(),
            error: b"{}".to_vec(),
            content_type: "application/json".into(),
            content_encoding: "gzip".into(),
            metadata: br#"{"headers":[["user-agent","x"],["content-type","application/json"],["content-encoding","gzip"]],"query":[["a","1"]]}"#.to_vec(),
            idempotency_key: Some(b"k".to_vec()),
            remote_address: None,
            body_bytes: 9,
            kept_bytes: 9,
            body_digest: None,
            rejected_at: 0,
            reposted_as: None,
            reposted_at: None,
        }
    }

    fn correction(json: serde_json::Value) -> Correction {
        serde_json::from_value(json).unwrap()
    }

    fn headers(corrected: &Corrected) -> Vec<(&str, &str)> {
        corrected.metadata.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn i2_what_is_not_corrected_stays_as_it_came() {
        let corrected = Correction::default().apply(&request("campaign")).unwrap();
        assert_eq!(
            (corrected.content_type.as_str(), corrected.content_encoding.as_str()),
            ("application/json", "gzip")
        );
        assert!(corrected.body.is_none());
        assert_eq!(
            headers(&corrected),
            [("content-type", "application/json"), ("content-encoding", "gzip"), ("user-agent", "x")]
        );
        assert_eq!(corrected.metadata.query, [("a".to_owned(), "1".to_owned())]);
        let Channel::Campaign { campaign_id, idempotency_key } = corrected.channel else { panic!("a campaign's") };
        assert_eq!((campaign_id.as_str(), idempotency_key.as_deref()), ("SOLAR", Some(&b"k"[..])));
    }

    #[test]
    fn i2_a_text_is_sent_in_utf8() {
        let corrected = correction(serde_json::json!({"body": "{\"a\":\"é\"}"})).apply(&request("batch")).unwrap();
        assert_eq!(corrected.body.as_deref(), Some("{\"a\":\"é\"}".as_bytes()));
        assert_eq!(headers(&corrected), [("content-type", "application/json; charset=utf-8"), ("user-agent", "x")]);
        let bytes = serde_json::json!({"body_base64": "/wA=", "content_type": "text/xml", "content_encoding": ""});
        let corrected = correction(bytes).apply(&request("batch")).unwrap();
        assert_eq!(corrected.body.as_deref(), Some(&b"\xff\x00"[..]));
        assert_eq!(headers(&corrected), [("content-type", "text/xml"), ("user-agent", "x")]);
    }

    #[test]
    fn i2_what_can_not_be_corrected_is_named() {
        let cases = [
            (serde_json::json!({"body": "a", "body_base64": "YQ=="}), "body_base64"),
            (serde_json::json!({"body_base64": "?"}), "body_base64"),
            (serde_json::json!({"charset": "a;b"}), "charset"),
            (serde_json::json!({"charset": ""}), "charset"),
            (serde_json::json!({"charset": "klingon"}), "charset"),
            (serde_json::json!({"charset": "utf-7"}), "charset"),
            (serde_json::json!({"content_type": "a\nb"}), "content_type"),
            (serde_json::json!({"content_encoding": "\0"}), "content_encoding"),
            (serde_json::json!({"campaign_id": "A"}), "campaign_id"),
            (serde_json::json!({"idempotency_key": "A"}), "idempotency_key"),
        ];
        for (given, path) in cases {
            let error = correction(given).apply(&request("batch")).err().unwrap();
            assert_eq!(error.details[0].path, path);
        }
        let head = RejectedRequest { kept_bytes: 5, ..request("batch") };
        assert_eq!(Correction::default().apply(&head).err().unwrap().code, "body_not_whole");
        assert!(correction(serde_json::json!({"body": "{}"})).apply(&head).is_ok());
        let given = serde_json::json!({"campaign_id": "WIND", "idempotency_key": ""});
        let corrected = correction(given).apply(&request("campaign")).unwrap();
        let Channel::Campaign { campaign_id, idempotency_key } = corrected.channel else { panic!("a campaign's") };
        assert_eq!((campaign_id.as_str(), idempotency_key), ("WIND", None));
    }
}
