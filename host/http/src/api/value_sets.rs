//! Value sets (M7): named tables of an organization that documents and plugins look things up in.

use crate::auth::OrgUser;
use crate::body;
use crate::error::ErrorBody;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, After, Before, Page, PageSize, Time};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use hookmill_admin::rows::{ValueSet, ValueSetVersion};
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::metadata::media_type;
use hookmill_domain::value_set::{CsvHeader, TableProblem};
use hookmill_pipeline::{Pipeline, PutSet, TableFormat};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueSet)]
pub(crate) struct SetView {
    name: String,
    /// Its current version, counted from 1.
    version: i64,
    /// SHA-256 of the current table: of one JSON object without white space whose keys are in the order of their bytes.
    digest: String,
    /// How many entries it has.
    entries: i64,
    /// Its bytes as that JSON.
    bytes: i64,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueSetVersion)]
pub(crate) struct VersionView {
    /// Counted from 1 in each value set.
    version: i64,
    /// Whether it is the current version.
    current: bool,
    digest: String,
    entries: i64,
    bytes: i64,
    /// Who uploaded it.
    created_by: String,
    created_at: Time,
    /// When its table was deleted at the end of its retention; null while it is there.
    deleted_at: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueSetDetails)]
pub(crate) struct SetPage {
    #[serde(flatten)]
    set: SetView,
    /// Its newest versions, ten at most.
    versions: Vec<VersionView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PutValueSet)]
pub(crate) struct PutValueSetView {
    #[serde(flatten)]
    set: SetView,
    /// Whether the table has changed. The same entries are the same table.
    changed: bool,
    /// The warnings about the table, with their places.
    warnings: Vec<TableProblem>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueSetEntry)]
pub(crate) struct EntryView {
    key: String,
    /// Any JSON; `true` in a table of keys alone.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueSetLookup)]
pub(crate) struct LookupView {
    key: String,
    /// Whether the table has this key.
    found: bool,
    /// The value; absent when the key does not exist, since a value may be null.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// The digest of the table that was read.
    digest: String,
}

/// The version to read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtVersion {
    /// A version; the current one if not given.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

/// The key to look up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// The key, exactly.
    key: String,
}

/// A table as JSON.
#[derive(ToSchema)]
#[schema(as = Table)]
#[allow(dead_code, reason = "what is sent, for the description alone; it is read entry by entry")]
#[serde(untagged)]
pub(crate) enum TableBody {
    /// Keys alone.
    Keys(Vec<KeyBody>),
    /// Keys and their values.
    #[schema(value_type = Object)]
    Values(Value),
}

/// A key in a list of keys: text, or an integer of any size, which stands for its digits.
pub(crate) struct KeyBody;

impl PartialSchema for KeyBody {
    fn schema() -> RefOr<Schema> {
        let kind = |kind| ObjectBuilder::new().schema_type(kind);
        let about = "Text, or an integer, which stands for its digits.";
        AnyOfBuilder::new().description(Some(about)).item(kind(Type::String)).item(kind(Type::Integer)).into()
    }
}

impl ToSchema for KeyBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "TableKey".into()
    }
}

impl From<ValueSet> for SetView {
    fn from(row: ValueSet) -> Self {
        Self {
            name: row.name,
            version: row.version,
            digest: row.digest,
            entries: row.entries,
            bytes: row.bytes,
            created_at: views::time(row.created_at),
            updated_at: views::time(row.updated_at),
        }
    }
}

impl From<ValueSetVersion> for VersionView {
    fn from(row: ValueSetVersion) -> Self {
        Self {
            version: row.version,
            current: row.is_current,
            digest: row.digest,
            entries: row.entries,
            bytes: row.bytes,
            created_by: row.created_by,
            created_at: views::time(row.created_at),
            deleted_at: row.deleted_at.map(views::time),
        }
    }
}

/// Creates or replaces a value set
///
/// Admins. Replaces the table, which can have 100,000 entries; every table is stored as a version. Documents use it by its name and need
/// not be saved again.
///
/// In CSV, one column holds keys alone, two hold keys and values, more hold keys and an object of the other columns, named by the header. Values
/// stay text; white space around a field is removed. `text/csv; header=present` or `header=absent` says whether the first row is a
/// header; without that parameter, it is one when there are three columns or more, or when it is `key` or `key,value`.
///
/// What is wrong with a table is `422 value_set_invalid`, whose `error.problems` lists it with line and column: a key with two different values, for one.
#[utoipa::path(put, path = "", operation_id = "putValueSet",
    request_body(content((TableBody = "application/json", example = json!({"78701": "Austin", "00501": "Holtsville"})), (String = "text/csv")),
        description = "A list of keys, an object from keys to values, or rows; at most 16 MiB."),
    responses(
        (status = OK, description = "The value set; batches read it from now on.", body = PutValueSetView),
        (status = CONFLICT, description = "`too_many_value_sets`, `value_sets_too_large`: the organization's limit is reached.", body = ErrorBody),
    ))]
pub(crate) async fn put(
    State(pipeline): State<Pipeline>,
    OrgUser(scope): OrgUser,
    Path(name): Path<String>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<Json<PutValueSetView>, HttpError> {
    let bytes = body::read_held(&pipeline, scope.holding(), raw, pipeline.settings().limits.value_set_bytes_max);
    let PutSet { set, changed, warnings } = scope.put_value_set(&name, bytes, format(&headers)).await?;
    Ok(Json(PutValueSetView { set: set.into(), changed, warnings }))
}

/// What kind of table the headers announce.
fn format(headers: &HeaderMap) -> Result<TableFormat, ApiError> {
    let (content_type, coding) = body::content_headers(headers);
    let reject = |code, message: String| Err(ApiError::new(Kind::ContentType, code, message));
    if !coding.is_empty() && coding != "identity" {
        return reject("content_encoding_unsupported", "send the table as it is, without Content-Encoding".to_owned());
    }
    match media_type(&content_type).as_str() {
        "text/csv" => Ok(TableFormat::Csv(csv_header(headers)?)),
        "application/json" => Ok(TableFormat::Json),
        other => {
            let shown: String = other.chars().take(100).collect();
            reject("content_type_unsupported", format!("`{shown}` is not a table; send text/csv or application/json"))
        }
    }
}

/// What the content type says of the first row (RFC 4180).
fn csv_header(headers: &HeaderMap) -> Result<CsvHeader, ApiError> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parameters = text.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase());
    let said = parameters.find_map(|part| part.strip_prefix("header=").map(|said| said.trim_matches('"').to_owned()));
    match said.as_deref() {
        None => Ok(CsvHeader::Unsaid),
        Some("present") => Ok(CsvHeader::Present),
        Some("absent") => Ok(CsvHeader::Absent),
        Some(_) => {
            Err(ApiError::invalid("Content-Type", "has a `header` parameter that is neither `present` nor `absent`"))
        }
    }
}

/// Lists value sets
#[utoipa::path(get, path = "", operation_id = "listValueSets",
    responses((status = OK, description = "The complete list.", body = Page<SetView>)))]
pub(crate) async fn list(OrgUser(scope): OrgUser) -> Result<Json<Page<SetView>>, HttpError> {
    Ok(Json(Page::of(scope.list_value_sets().await?, Into::into)))
}

/// Shows a value set
#[utoipa::path(get, path = "", operation_id = "getValueSet",
    responses((status = OK, description = "The current version, and the newest versions.", body = SetPage)))]
pub(crate) async fn get(OrgUser(scope): OrgUser, Path(name): Path<String>) -> Result<Json<SetPage>, HttpError> {
    let (set, versions) = scope.value_set(&name).await?;
    Ok(Json(SetPage { set: set.into(), versions: versions.into_iter().map(Into::into).collect() }))
}

/// Deletes a value set
///
/// Admins. Later look-ups fail, and leads that can't be mapped or qualified without it wait in quarantine. Its versions stay, and
/// restoring one brings it back.
#[utoipa::path(delete, path = "", operation_id = "deleteValueSet",
    responses((status = NO_CONTENT, description = "The value set is deleted; batches no longer find it.")))]
pub(crate) async fn remove(OrgUser(scope): OrgUser, Path(name): Path<String>) -> Result<StatusCode, HttpError> {
    scope.delete_value_set(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the entries of a value set
///
/// In the order of their keys' bytes.
#[utoipa::path(get, path = "", operation_id = "listValueSetEntries", params(AtVersion, PageSize, After),
    responses(
        (status = OK, description = "A page of the list.", body = Page<EntryView>),
        (status = GONE, description = "`table_gone`: the table of this version was deleted at the end of its retention.", body = ErrorBody),
    ))]
pub(crate) async fn entries(
    OrgUser(scope): OrgUser,
    Path(name): Path<String>,
    Query(AtVersion { version }): Query<AtVersion>,
    Query(page): Query<PageSize>,
    Query(after): Query<After>,
) -> Result<Response, HttpError> {
    let entries = scope.list_value_set_entries(&name, version, &page.after(after)).await?;
    let view = |(key, value): (String, String)| EntryView { key, value: views::json(value.as_bytes()) };
    large_json(&scope, move || Page::of(entries, view)).await
}

/// Looks up one key
///
/// Looks up one key as a document or plugin would.
#[utoipa::path(get, path = "", operation_id = "lookUpValue", params(KeyQuery, AtVersion),
    responses(
        (status = OK, description = "The value, if the key exists.", body = LookupView),
        (status = GONE, description = "`table_gone`: the table of this version was deleted at the end of its retention.", body = ErrorBody),
    ))]
pub(crate) async fn look_up(
    OrgUser(scope): OrgUser,
    Path(name): Path<String>,
    Query(KeyQuery { key }): Query<KeyQuery>,
    Query(AtVersion { version }): Query<AtVersion>,
) -> Result<Json<LookupView>, HttpError> {
    let (value, digest) = scope.look_up_value(&name, version, &key).await?;
    let value = value.map(|value| views::value(value.as_bytes()));
    Ok(Json(LookupView { found: value.is_some(), key, value, digest }))
}

/// Lists the versions of a value set
///
/// The newest come first, also of a deleted value set.
#[utoipa::path(get, path = "", operation_id = "listValueSetVersions", params(PageSize, Before),
    responses((status = OK, description = "A page of the list.", body = Page<VersionView>)))]
pub(crate) async fn versions(
    OrgUser(scope): OrgUser,
    Path(name): Path<String>,
    Query(page): Query<PageSize>,
    Query(before): Query<Before>,
) -> Result<Json<Page<VersionView>>, HttpError> {
    Ok(Json(Page::of(scope.list_value_set_versions(&name, &page.before(before)).await?, Into::into)))
}

/// Restores a version of a value set
///
/// Admins. This undoes edits, and restores a deleted value set.
#[utoipa::path(post, path = "", operation_id = "restoreValueSet",
    responses(
        (status = OK, description = "The value set; batches read it from now on.", body = SetView),
        (status = GONE, description = "`table_gone`: the table of this version was deleted at the end of its retention; put it again.", body = ErrorBody),
        (status = CONFLICT, description = "`too_many_value_sets`, `value_sets_too_large`: the organization's limit is reached.", body = ErrorBody),
    ))]
pub(crate) async fn restore(
    OrgUser(scope): OrgUser,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<SetView>, HttpError> {
    Ok(Json(scope.restore_value_set(&name, &version).await?.into()))
}
