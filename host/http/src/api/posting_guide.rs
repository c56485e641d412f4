//! The posting guide of a campaign (I6), as a page and as Markdown.

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::openapi::Description;
use crate::posting_guide::{About, blocks, markdown, page};
use axum::Extension;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The form of a guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GuideFormat {
    /// A page.
    Html,
    /// Markdown.
    Markdown,
}

/// Which form is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WantedFormat {
    /// The form. Without it `Accept` decides, and where that leaves it open, Markdown.
    #[param(inline)]
    format: Option<GuideFormat>,
}

/// Shows how to post to a campaign
///
/// For a lead source to read: addresses, headers, the fields that the active version reads with what is expected of them, an example that was tried by a dry run, limits and responses. A page where `Accept` prefers `text/html`, else Markdown. It names the prefix of the organization's source key, never the key.
#[utoipa::path(get, path = "", operation_id = "getPostingGuide", params(WantedFormat),
    responses((status = OK, description = "The guide.", content((String = "text/markdown"), (String = "text/html")))))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(wanted): Query<WantedFormat>,
    headers: HeaderMap,
    Extension(description): Extension<Arc<Description>>,
) -> Result<impl IntoResponse, HttpError> {
    let guide = scope.posting_guide(&campaign).await?;
    let blocks = blocks(&guide, &About { settings: scope.settings(), posting: &description.posting });
    let (content_type, text) = match wanted.format.unwrap_or_else(|| accepted(&headers)) {
        GuideFormat::Html => ("text/html; charset=utf-8", page(&blocks)),
        GuideFormat::Markdown => ("text/markdown; charset=utf-8", markdown(&blocks)),
    };
    Ok((guide_headers(content_type), text))
}

/// The same policy as the description's page has; what is shown is for whoever has the key, and changes with the campaign.
fn guide_headers(content_type: &'static str) -> [(HeaderName, HeaderValue); 6] {
    [
        (header::CONTENT_TYPE, content_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, crate::openapi::serve::POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
}

/// The form that a caller prefers.
fn accepted(headers: &HeaderMap) -> GuideFormat {
    let values = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(&str, f32)> = values.flat_map(|value| value.split(',')).map(range).collect();
    if quality(&ranges, "text/markdown") < quality(&ranges, "text/html") {
        GuideFormat::Html
    } else {
        GuideFormat::Markdown
    }
}

/// A range of types and its weight.
fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, weight.and_then(|weight| weight.parse().ok()).unwrap_or(1.0))
}

/// The weight of a type: that of the most exact range that it is in.
fn quality(ranges: &[(&str, f32)], name: &str) -> f32 {
    let of =
        |wanted: &str| ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(wanted)).map(|(_, weight)| *weight);
    of(name).or_else(|| of("text/*")).or_else(|| of("*/*")).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i6_accept_decides_on_the_form() {
        for (accept, format) in [
            (None, GuideFormat::Markdown),
            (Some("*/*"), GuideFormat::Markdown),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), GuideFormat::Html),
            (Some("text/html"), GuideFormat::Html),
            (Some("Text/HTML"), GuideFormat::Html),
            (Some("text/markdown, text/html;q=0.9"), GuideFormat::Markdown),
            (Some("text/html;q=0.2, */*;q=0.5"), GuideFormat::Markdown),
            (Some("text/*, text/markdown;q=0.1"), GuideFormat::Html),
            (Some("application/json"), GuideFormat::Markdown),
            (Some(";;q=x,,"), GuideFormat::Markdown),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept))));
            assert_eq!(accepted(&headers), format, "{accept:?}");
        }
    }
}
