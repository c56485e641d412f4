//! The fields of a campaign's newest leads, as a table and as a draft of a document (M11).

use crate::auth::{Scope, unavailable};
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, Time};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use hookmill_domain::discovery::{self, ELEMENTS_DEFAULT, ELEMENTS_MAX, Field, Kinds, Meaning};
use hookmill_domain::role::Permission;
use hookmill_pipeline::{Discovered, Pipeline};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How far back is newest.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestLeads {
    /// How many of the newest leads are looked at, 1 to 1000; 200 if not given.
    #[param(minimum = 1, maximum = 1000)]
    leads: Option<i64>,
}

impl NewestLeads {
    fn leads(&self) -> Result<i64, HttpError> {
        let (default, max) = (i64::try_from(ELEMENTS_DEFAULT).unwrap_or(1), i64::try_from(ELEMENTS_MAX).unwrap_or(1));
        let leads = self.leads.unwrap_or(default);
        if (1..=max).contains(&leads) {
            return Ok(leads);
        }
        Err(HttpError::invalid("leads", format!("must be 1 to {max}")))
    }
}

/// The paths of a campaign's newest leads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldTable {
    /// How many leads were looked at.
    leads: usize,
    /// How many requests they came with.
    requests: usize,
    /// How many leads could not be read again, or were beyond the bound on bytes.
    leads_unread: usize,
    /// How many values stand in paths that are not shown, since there are too many.
    values_left_out: usize,
    /// How many leads had more values than are looked at.
    leads_cut: usize,
    /// When the oldest of these leads came.
    first_at: Option<Time>,
    /// When the newest came.
    last_at: Option<Time>,
    /// The paths, in the order in which they came up.
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
    /// In how many leads it is.
    seen: usize,
    /// In how many of them it is not blank.
    filled: usize,
    /// In which part of all leads it is filled, from 0 to 1.
    fill_rate: f64,
    /// Values, masked: an example shows how values are written, not what they say.
    #[schema(example = json!(["a***@e***.com"]))]
    examples: Vec<String>,
    first_seen: Time,
    last_seen: Time,
    /// Whether it came up in these leads.
    new: bool,
    /// Whether it went away in them.
    vanished: bool,
    /// Which standard field it is likely to hold, by its name and by the shape of its values.
    meaning: Option<Meaning>,
    /// Whether what the campaign runs makes anything of it, found out by mapping a lead with and without it; null when that can't be
    /// said: it was never filled, no lead that has it can be mapped, or there is too much to try.
    mapped: Option<bool>,
    /// The fields of the lead that are made of it.
    fields: Vec<String>,
}

/// Shows every path of a campaign's newest leads
///
/// Types, how often each is filled, masked examples, whether it is new or vanished, and which fields are made of it.
#[utoipa::path(get, path = "", operation_id = "listFields", params(NewestLeads),
    responses((status = OK, description = "The paths.", body = FieldTable)))]
pub(crate) async fn table(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<Json<FieldTable>, HttpError> {
    Ok(Json(view(discover(&pipeline, &scope, &campaign, &newest, true).await?)))
}

/// Drafts a document from a campaign's newest leads
///
/// It compiles, and says beside each line how often its path is filled. What is not recognised stays a custom field.
#[utoipa::path(get, path = "", operation_id = "draftDocument", params(NewestLeads),
    responses((status = OK, description = "A document in YAML (RFC 9512), to be read and finished by a person.", body = Object, content_type = "application/yaml")))]
pub(crate) async fn draft(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<impl IntoResponse, HttpError> {
    let found = discover(&pipeline, &scope, &campaign, &newest, false).await?;
    let kind = [(header::CONTENT_TYPE, "application/yaml"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((kind, discovery::draft(&found.fields)))
}

async fn discover(
    pipeline: &Pipeline,
    scope: &Scope,
    campaign: &str,
    newest: &NewestLeads,
    tries: bool,
) -> Result<Discovered, HttpError> {
    let campaign = scope.campaign(pipeline, campaign, Permission::View).await?;
    let leads = newest.leads()?;
    let organization = pipeline.store().organization(&scope.organization_id).await.map_err(unavailable)?;
    let organization = organization.ok_or_else(|| HttpError::not_found("organization", &scope.organization_id))?;
    pipeline.discover(&organization, &campaign, leads, tries).await.map_err(unavailable)
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
