//! The warnings about a campaign's newest leads, counted by source: one ambiguous date is a matter of one lead, a thousand of a source.

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::reply::large_json;
use crate::views::{self, Time};
use axum::response::Response;
use hookmill_admin::rows::DecisionRow;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// How many rows are shown; repeated keys may have any name.
const ROWS_MAX: usize = 500;

/// How many leads are read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestLeads {
    /// How many of the newest leads are read, 1 to 10000; 1000 if not given.
    #[param(minimum = 1, maximum = 10_000)]
    leads: Option<i64>,
}

/// Warnings, counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningTable {
    /// How many rows are left out because there are too many.
    left_out: usize,
    /// The most frequent first.
    items: Vec<WarningRow>,
}

/// One kind of warning about the leads of one source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarningCount)]
pub(crate) struct WarningRow {
    /// The source key.
    source_key_id: String,
    /// Its name; null when the key is gone.
    source_name: Option<String>,
    /// The warning's code.
    #[schema(example = "ambiguous_date")]
    code: String,
    /// The field or key it is about.
    #[schema(example = "date_of_birth")]
    path: String,
    /// How many leads have it.
    leads: usize,
    /// The newest of them.
    last_submission_id: String,
    /// When that one was received.
    last_at: Time,
    /// The lead that was counted last.
    #[serde(skip)]
    counted_last: String,
}

/// Counts the warnings about a campaign's newest leads
///
/// By source, code and field: ambiguous dates, values kept raw, repeated keys.
#[utoipa::path(get, path = "", operation_id = "countWarnings", params(NewestLeads),
    responses((status = OK, description = "The warnings.", body = WarningTable)))]
pub(crate) async fn table(
    OrgUser(scope): OrgUser,
    Path(campaign): Path<String>,
    Query(newest): Query<NewestLeads>,
) -> Result<Response, HttpError> {
    let decisions = scope.newest_decisions(&campaign, newest.leads).await?;
    large_json(&scope, || count_warnings(decisions)).await
}

/// The warnings in the decision of a submission.
#[derive(Deserialize)]
struct Decided {
    #[serde(default)]
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Warning {
    code: String,
    #[serde(default)]
    path: String,
}

/// Rows of the newest submissions come first. A lead that has a warning several times counts once.
fn count_warnings(decided: Vec<DecisionRow>) -> WarningTable {
    let mut rows: Vec<WarningRow> = Vec::new();
    let mut places: HashMap<(String, String, String), usize> = HashMap::new();
    for row in decided {
        let Ok(Decided { warnings }) = serde_json::from_slice(&row.decision) else { continue };
        for Warning { code, path } in warnings {
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
    WarningTable { left_out, items: rows }
}

fn first(row: &DecisionRow, code: String, path: String) -> WarningRow {
    WarningRow {
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

    fn decided(id: &str, source: &str, codes: &[(&str, &str)]) -> DecisionRow {
        let warnings: Vec<_> =
            codes.iter().map(|(code, path)| serde_json::json!({"code": code, "path": path})).collect();
        DecisionRow {
            id: id.into(),
            source_key_id: source.into(),
            source_name: Some(source.to_uppercase()),
            decision: serde_json::json!({"qualified": true, "warnings": warnings}).to_string().into_bytes(),
            received_at: 1,
        }
    }

    /// M4: odd dates are counted for each source.
    #[test]
    fn m4_warnings_are_counted_for_each_source() {
        let odd = ("ambiguous_date", "dob");
        let table = count_warnings(vec![
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
        let many =
            (0..ROWS_MAX + 3).map(|n| decided(&n.to_string(), "a", &[("duplicate_key", &n.to_string())])).collect();
        assert_eq!(count_warnings(many).left_out, 3);
    }
}
