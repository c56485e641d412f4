//! Lists, a page at a time.

use super::input::check_count;
use hookmill_domain::config::Limits;
use hookmill_domain::error::ApiError;

/// How many rows a page has when nothing is said.
const ROWS_DEFAULT: i64 = 50;

/// Which page of a list.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// How many rows; 50 if not given.
    pub limit: Option<i64>,
    /// Where it begins: the `next` of the page before.
    pub from: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

impl PageRequest {
    /// How many rows; what is out of bounds is rejected.
    pub(crate) fn limit(&self, limits: &Limits) -> Result<i64, ApiError> {
        let rows_max = limits.page_rows_max;
        check_count("limit", self.limit.unwrap_or(rows_max.min(ROWS_DEFAULT)), rows_max)
    }

    /// Where it begins; empty for the beginning.
    pub(crate) fn from(&self) -> &str {
        without_nul(self.from.as_deref()).unwrap_or_default()
    }
}

impl<T> Listed<T> {
    /// The whole list.
    pub(crate) fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page; another follows when it is full.
    pub(crate) fn page(items: Vec<T>, limit: i64, id: impl Fn(&T) -> String) -> Self {
        let is_full = usize::try_from(limit).is_ok_and(|limit| items.len() == limit);
        let next = items.last().filter(|_| is_full).map(id);
        Self { items, next }
    }
}

/// A filter that says something: what is empty asks for all, and U+0000 is in no id.
pub fn without_nul(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && !text.contains('\0'))
}
