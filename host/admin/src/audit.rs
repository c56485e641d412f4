//! The audit log: who did what that matters.

use super::access::{Scope, unavailable};
use super::page::{Listed, PageRequest};
use super::use_cases::LIST_AUDIT_LINES;
use crate::rows::AuditLine;
use hookmill_domain::error::ApiError;

impl Scope {
    /// Lists who did what, the newest first.
    pub async fn list_audit_lines(&self, page: &PageRequest) -> Result<Listed<AuditLine>, ApiError> {
        self.authorize(&LIST_AUDIT_LINES)?;
        let limit = self.rows_of(page)?;
        let rows = self.store().audit_lines(&self.organization_id, page.from(), limit).await.map_err(unavailable)?;
        Ok(Listed::page(rows, limit, |row| row.id.clone()))
    }
}
