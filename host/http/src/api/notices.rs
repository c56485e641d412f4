//! What was remarked of a campaign's newest leads, counted for each source: an odd date is one lead's, a thousand are a source's.

use crate::auth::{Scope, unavailable};
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::views::{self, Time};
use axum::Json;
use axum::extract::State;
use hookmill_domain::role::Permission;
use hookmill_pipeline::Pipeline;
use hookmill_store::notices::DecidedRow;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// How many leads are looked at when nothing is said.
const LEADS_DEFAULT: i64 = 1_000;
/// How many at most.
const LEADS_MAX: i64 = 10_000;
/// How many rows are shown; keys that stand twice may have any name.
const ROWS_MAX: usize = 500;

/// How far back is newest.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestLeads {
    /// How many of the newest leads are looked at, 1 to 10000; 1000 if not given.
    #[param(minimum = 1, maximum = 10_000)]
    leads: Option<i64>,
}

/// What was remarked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeTable {
    /// How many rows are not shown, since there are too many.
    left_out: usize,
    /// The most frequent first.
    items: Vec<NoticeRow>,
}

/// One kind of remark on the leads of one source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeCount)]
pub(crate) struct NoticeRow {
    /// The source key.
    source_key_id: String,
    /// Its name; null when the key is gone.
    source_name: Option<String>,
    /// The remark's code.
    #[schema(example = "ambiguous_date")]
    code: String,
    /// The field or key that it is about.
    #[schema(example = "date_of_birth")]
    path: String,
    /// How many leads have it.
    leads: usize,
    /// The newest of them.
    last_submission_id: String,
    /// When that one came.
    last_at: Time,
    /// The lead that was counted last.
    #[serde(skip)]
    counted_last: String,
}

/// Counts what was remarked of a campaign's newest leads
///
/// By source, code and field: dates that could be read in two ways, values kept raw, keys that stood twice.
#[utoipa::path(get, path = "", operation_id = "countNotices", params(NewestLeads),
    responses((status = OK, description = "The remarks.", body = NoticeTable)))]
pub(crate) async fn table(
    State(pipeline): State<Pipeline>,
    scope: Scope,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<Json<NoticeTable>, HttpError> {
    let campaign = scope.campaign(&pipeline, &campaign, Permission::View).await?;
    let leads = newest.leads.unwrap_or(LEADS_DEFAULT);
    if !(1..=LEADS_MAX).contains(&leads) {
        return Err(HttpError::invalid("leads", format!("must be 1 to {LEADS_MAX}")));
    }
    let rows = pipeline.store().newest_decisions(&campaign.id, leads).await.map_err(unavailable)?;
    Ok(Json(counted(rows)))
}

/// What a submission keeps of its remarks.
#[derive(Deserialize)]
struct Decided {
    #[serde(default)]
    notices: Vec<Remark>,
}

#[derive(Deserialize)]
struct Remark {
    code: String,
    #[serde(default)]
    path: String,
}

/// Rows of the newest submissions come first. A lead that has a remark several times counts once.
fn counted(decided: Vec<DecidedRow>) -> NoticeTable {
    let mut rows: Vec<NoticeRow> = Vec::new();
    let mut places: HashMap<(String, String, String), usize> = HashMap::new();
    for row in decided {
        let Ok(Decided { notices }) = serde_json::from_slice(&row.decision) else { continue };
        for Remark { code, path } in notices {
            let place = *places.entry((row.source_key_id.clone(), code.clone(), path.clone())).or_insert_with(|| {
                rows.push(first(&row, code, path));
                rows.len() - 1
            });
            let counted = &mut rows[place];
            counted.leads += usize::from(counted.counted_last != row.id);
            counted.counted_last.clone_from(&row.id);
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.leads));
    let left_out = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    NoticeTable { left_out, items: rows }
}

fn first(row: &DecidedRow, code: String, path: String) -> NoticeRow {
    NoticeRow {
        source_key_id: row.source_key_id.clone(),
        source_name: row.source_name.clone(),
        code,
        path,
        leads: 0,
        last_submission_id: row.id.clone(),
        last_at: views::time(row.received_at),
        counted_last: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(id: &str, source: &str, codes: &[(&str, &str)]) -> DecidedRow {
        let notices: Vec<_> =
            codes.iter().map(|(code, path)| serde_json::json!({"code": code, "path": path})).collect();
        DecidedRow {
            id: id.into(),
            source_key_id: source.into(),
            source_name: Some(source.to_uppercase()),
            decision: serde_json::json!({"qualified": true, "notices": notices}).to_string().into_bytes(),
            received_at: 1,
        }
    }

    /// M4: odd dates are counted for each source.
    #[test]
    fn m4_remarks_are_counted_for_each_source() {
        let odd = ("ambiguous_date", "dob");
        let table = counted(vec![
            decided("3", "a", &[odd, odd, ("kept_raw", "zip")]),
            decided("2", "b", &[odd]),
            decided("1", "a", &[odd]),
            decided("0", "a", &[]),
        ]);
        let told: Vec<_> = table
            .items
            .iter()
            .map(|row| (row.source_key_id.as_str(), row.code.as_str(), row.leads, row.last_submission_id.as_str()))
            .collect();
        assert_eq!(told, [("a", "ambiguous_date", 2, "3"), ("a", "kept_raw", 1, "3"), ("b", "ambiguous_date", 1, "2")]);
        let many = (0..ROWS_MAX + 3).map(|n| decided(&n.to_string(), "a", &[("double_key", &n.to_string())])).collect();
        assert_eq!(counted(many).left_out, 3);
    }
}
