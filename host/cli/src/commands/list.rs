//! Pages of the API's lists: what is asked for, and what is read of them.

use clap::Args;
use serde_json::Value;

// Which page of a list whose newest rows come first. Not a doc comment, which would be the help of the commands.
#[derive(Debug, Args)]
pub(super) struct PageArgs {
    /// Where the list goes on: the `next` of the page before.
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// How many rows, 1 to 200 [default: 50].
    #[arg(long)]
    limit: Option<String>,
}

impl PageArgs {
    /// The parameters that say so.
    pub(super) fn filters(&self) -> [(&'static str, &Option<String>); 2] {
        [("before", &self.before), ("limit", &self.limit)]
    }
}

// Which page of a list whose oldest rows come first.
#[derive(Debug, Args)]
pub(super) struct NextPageArgs {
    /// Where the list goes on: the `next` of the page before.
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many rows, 1 to 200 [default: 50].
    #[arg(long)]
    limit: Option<String>,
}

impl NextPageArgs {
    /// The parameters that say so.
    pub(super) fn filters(&self) -> [(&'static str, &Option<String>); 2] {
        [("after", &self.after), ("limit", &self.limit)]
    }
}

/// The parameters of a query: those that are given.
pub(super) fn query<'a>(filters: impl IntoIterator<Item = (&'a str, &'a Option<String>)>) -> Vec<(&'a str, &'a str)> {
    filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
}

/// A text; empty where there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The rows of a list; none where it is not one.
pub(super) fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How to ask for the next page by an option; nothing where there is none.
pub(super) fn more(option: &str, next: &Value) -> String {
    next.as_str().map(|next| format!("more: {option} {next}\n")).unwrap_or_default()
}

/// How far a list was searched; nothing where it was searched to its end.
pub(super) fn searched(page: &Value) -> String {
    page["searched_until"].as_str().map(|until| format!("searched back to {until}\n")).unwrap_or_default()
}
