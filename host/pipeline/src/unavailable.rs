//! A store that does not do what was asked, as callers of the API see it.

use super::backlog::Full;
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_store::quotas::{Held, QuotaReached};
use hookmill_store::{StoreError, Trouble};
use std::borrow::Borrow;

/// An error for a store that did not do it; the log has the reason, once. Nothing was changed, and later it may do.
pub fn unavailable(error: impl Borrow<StoreError>) -> ApiError {
    let error = error.borrow();
    if let StoreError::Quota(reached) = error {
        return quota_reached(reached);
    }
    if let StoreError::UnderWay { max } = error {
        return leads_under_way(*max);
    }
    let (code, message) = match error.trouble() {
        Trouble::TooSlow => (
            "too_slow",
            "the database took too long and was stopped; ask for less (`limit`, a filter, a single campaign), or try again when it is less busy",
        ),
        Trouble::Busy => ("busy", "the database is busy with others; nothing was changed, try again shortly"),
        Trouble::Full => {
            ("disk_full", "the database has no room to write; nothing was changed, try again when its disk has room")
        }
        _ => ("unavailable", "database unavailable; nothing was changed, try again shortly"),
    };
    match error.trouble() {
        Trouble::TooSlow | Trouble::Busy => tracing::warn!(error = %error, code, "the database did not do it in time"),
        _ => tracing::error!(error = %error, code, "database unavailable"),
    }
    ApiError::new(Kind::Unavailable, code, message)
}

/// An error for a change that an organization has no room for.
fn quota_reached(reached: &QuotaReached) -> ApiError {
    let QuotaReached { kind, held, bytes, max } = reached;
    let what = match kind {
        Held::Requests => "raw requests",
        Held::Components => "components",
        Held::Versions => "campaign versions",
        Held::Tables => "tables of value sets, older versions too",
    };
    let message = format!(
        "the organization has {held} of {max} bytes of {what}, and this needs {bytes}; make it smaller, or ask the operator to raise `{}`",
        kind.bound()
    );
    ApiError::new(Kind::Conflict, "quota_reached", message).with_fields(bytes_of(*held, *max))
}

/// An error for caps under which more leads would have to be counted than can be at once.
fn leads_under_way(max: i64) -> ApiError {
    let message = format!(
        "more than {max} leads of the campaign are on their way to its client, too many to be counted under its caps at once; nothing was changed, try again when fewer are"
    );
    ApiError::new(Kind::Conflict, "leads_under_way", message)
}

/// An error for requests of an organization that has no room for more.
pub(crate) fn requests_quota_reached(held: i64, max: i64) -> ApiError {
    let message = format!(
        "the organization has {held} of {max} bytes of raw requests; ask the operator to raise `{}`, then post again with the same idempotency key",
        Held::Requests.bound()
    );
    ApiError::new(Kind::Overload, "quota_reached", message).with_fields(bytes_of(held, max))
}

/// An error for a campaign version that can't be run any more.
pub fn version_gone(version: i64) -> ApiError {
    let message = format!(
        "the document of version {version} was deleted at the end of its retention (`versions_kept_days`); save it again as a new version"
    );
    ApiError::new(Kind::Gone, "version_gone", message)
}

/// An error for a table of a value set that can't be read any more.
pub(crate) fn table_gone(name: &str) -> ApiError {
    let message = format!(
        "a table of the value set `{name}` was deleted at the end of its retention (`tables_kept_days`); put it again as a new version"
    );
    ApiError::new(Kind::Gone, "table_gone", message)
}

/// An error for requests of an organization whose leads wait to be processed: too many, or for too long.
pub(crate) fn backlog_full(full: Full, limits: &Limits) -> ApiError {
    let (bound, backlog, max, what) = match full {
        Full::Own { rows } => {
            let max = limits.backlog_rows_per_organization_max;
            let what = format!("the organization has {rows} leads that wait to be processed, and may have {max}");
            ("backlog_rows_per_organization_max", rows, max, what)
        }
        Full::All { rows, all } => {
            let max = limits.backlog_rows_max;
            let what = format!(
                "{all} leads of all organizations wait to be processed, {rows} of them this one's; both numbers together may be {max}"
            );
            ("backlog_rows_max", all.saturating_add(rows), max, what)
        }
        Full::Age { ms } => {
            let max = limits.backlog_age_ms_max;
            let what = format!(
                "a lead of the organization has waited {} s to be processed, and may wait {} s",
                ms / 1_000,
                max / 1_000
            );
            ("backlog_age_ms_max", ms, max, what)
        }
    };
    let message = format!(
        "{what} (`{bound}`); nothing was kept, post again later with the same idempotency key, and slower if it happens often"
    );
    let fields = serde_json::json!({ "bound": bound, "backlog": backlog, "backlog_max": max });
    ApiError::new(Kind::Overload, "backlog_full", message).with_fields(fields)
}

fn bytes_of(held: i64, max: i64) -> serde_json::Value {
    serde_json::json!({ "bytes_held": held, "bytes_max": max })
}
