//! The fields of a campaign's newest leads, as a table and as a draft of a document (M11).

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Time};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hookmill_discovery::{Field, Kinds, Meaning};
use hookmill_pipeline::Discovered;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many leads are read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestLeads {
    /// How many of the newest leads are read, 1 to 1000; 200 if not given.
    #[param(minimum = 1, maximum = 1000)]
    leads: Option<i64>,
}

/// The paths of a campaign's newest leads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldTable {
    /// How many leads were read.
    leads: usize,
    /// How many requests they arrived in.
    requests: usize,
    /// How many leads were skipped: unreadable, or beyond the bound on bytes.
    leads_unread: usize,
    /// How many values are in paths beyond the limit, which are not listed.
    values_left_out: usize,
    /// How many leads had more values than are read.
    leads_cut: usize,
    /// When the oldest of these leads was received.
    first_at: Option<Time>,
    /// When the newest of these leads was received.
    last_at: Option<Time>,
    /// The paths, in the order of their first occurrence.
    items: Vec<FieldRow>,
}

/// A path.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
pub(crate) struct FieldRow {
    /// As a document writes it.
    #[schema(example = "contact.emails[*].address")]
    path: String,
    /// How many values of each type it has.
    types: Kinds,
    /// How many leads have it.
    seen: usize,
    /// In how many of those it is not blank.
    filled: usize,
    /// The share of leads in which it is filled, from 0 to 1.
    fill_rate: f64,
    /// Masked examples: they show how values are written, not the values.
    #[schema(example = json!(["xxxxx@xxxxxxx.xxx"]))]
    examples: Vec<String>,
    first_seen: Time,
    last_seen: Time,
    /// Whether it is new in these leads.
    new: bool,
    /// Whether it has vanished from them.
    vanished: bool,
    /// The standard field that it probably holds, by its name and the shape of its values.
    meaning: Option<Meaning>,
    /// Whether the campaign's active version uses it, found by mapping a lead with and without it; null when that is
    /// unknown: it was never filled, no lead that has it can be mapped, or there are too many paths.
    mapped: Option<bool>,
    /// The fields of the lead that are made of it.
    fields: Vec<String>,
}

/// Lists the fields of a campaign's newest leads
///
/// With types, fill rate, masked examples, whether a path is new or vanished, and the fields that the campaign makes of it.
#[utoipa::path(get, path = "", operation_id = "listFields", params(NewestLeads),
    responses((status = OK, description = "The paths.", body = FieldTable)))]
pub(crate) async fn table(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<Response, HttpError> {
    let found = scope.list_fields(&campaign, newest.leads).await?;
    large_json(&scope, || view(found)).await
}

/// Drafts a document from a campaign's newest leads
///
/// The draft compiles, and says next to each line how often its path is filled. A path that is not recognised becomes a custom field.
/// A list of leads below the root becomes `items`; a list of which that is not clear is named in a comment.
#[utoipa::path(get, path = "", operation_id = "draftDocument", params(NewestLeads),
    responses((status = OK, description = "A document in YAML (RFC 9512), to be read and finished by a person.", body = Object, content_type = "application/yaml")))]
pub(crate) async fn draft(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<impl IntoResponse, HttpError> {
    let kind = [(header::CONTENT_TYPE, "application/yaml"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((kind, scope.draft_document(&campaign, newest.leads).await?))
}

fn view(found: Discovered) -> FieldTable {
    let fields = found.fields;
    FieldTable {
        leads: fields.elements,
        requests: found.requests,
        leads_unread: found.elements_unread,
        values_left_out: fields.values_left_out,
        leads_cut: fields.elements_cut,
        first_at: fields.first_at_ms.map(views::time),
        last_at: fields.last_at_ms.map(views::time),
        items: fields.fields.into_iter().map(|field| row(field, fields.elements)).collect(),
    }
}

fn row(field: Field, leads: usize) -> FieldRow {
    FieldRow {
        fill_rate: field.fill_rate(leads),
        path: field.written,
        types: field.kinds,
        seen: field.seen,
        filled: field.filled,
        examples: field.examples,
        first_seen: views::time(field.first_seen_ms),
        last_seen: views::time(field.last_seen_ms),
        new: field.is_new,
        vanished: field.has_vanished,
        meaning: field.meaning,
        mapped: field.usage.as_ref().map(|usage| usage.is_used),
        fields: field.usage.map(|usage| usage.fields).unwrap_or_default(),
    }
}
