//! Unit tests of a plugin without a server and without WebAssembly: made-up contexts and items, the log in memory, and tables
//! of a test's own. Log and tables belong to the test's thread, so that tests don't disturb each other.
//!
//! ```
//! use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped};
//! use hookmill_plugin_sdk::{Map, NewLead, lookup, testing};
//!
//! #[derive(Default)]
//! struct Solar;
//!
//! impl Map for Solar {
//!     fn map(&self, context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
//!         let zip = element.object()?.get("zip").required_text()?;
//!         let city: Option<String> = lookup::find("cities", &zip)?;
//!         Ok(NewLead::new().city(city).source(&context.campaign.name).into())
//!     }
//! }
//!
//! testing::table("cities", [("78701", "\"Austin\"")]);
//! let mapped = Solar.map(&testing::context(), &testing::inbound(r#"{"zip": "78701"}"#)).unwrap();
//! assert_eq!(testing::lead(&mapped), r#"{"city":"Austin","source":"Demo","custom":{}}"#);
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::log::Level;
use crate::lookup::LookupError;
use crate::types::{
    Campaign, Channel, ClientResponse, Compiled, Context, Destination, DestinationKind, Diagnostic, Entropy,
    HttpResponse, Inbound, Mapped, Organization, Origin, Submission,
};
use crate::{Configure, compiling};

/// 2026-01-02T03:04:05Z: the time of made-up contexts and items, in milliseconds since 1970.
///
/// ```
/// use hookmill_plugin_sdk::testing;
/// assert_eq!(testing::context().now, testing::NOW_MS);
/// ```
pub const NOW_MS: i64 = 1_767_323_045_000;

thread_local! {
    static LINES: RefCell<Vec<LogLine>> = const { RefCell::new(Vec::new()) };
    static TABLES: RefCell<BTreeMap<String, BTreeMap<String, String>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A context of campaign `DEMO` of the organization `Acme`, in UTC, with phones of the US. Change its fields as a test needs.
///
/// ```
/// use hookmill_plugin_sdk::{testing, types::Context};
/// let traced = Context { trace: true, ..testing::context() };
/// assert_eq!(traced.campaign.id, "DEMO");
/// ```
pub fn context() -> Context {
    Context {
        organization: Organization { id: "org_demo".into(), name: "Acme".into(), values: "{}".into() },
        campaign: Campaign {
            id: "DEMO".into(),
            name: "Demo".into(),
            client: None,
            time_zone: "UTC".into(),
            phone_region: "US".into(),
            values: "{}".into(),
        },
        now: NOW_MS,
        run_id: "run_demo".into(),
        trace: false,
    }
}

/// An element with this body, as `map` gets it.
///
/// ```
/// assert_eq!(hookmill_plugin_sdk::testing::inbound("{}").body, "{}");
/// ```
pub fn inbound(body: impl Into<String>) -> Inbound {
    Inbound {
        submission_id: "req_demo-0".into(),
        body: body.into(),
        headers: Vec::new(),
        query: Vec::new(),
        origin: Origin {
            channel: Channel::Sample,
            name: "test".into(),
            source_label: None,
            tag: None,
            remote_address: None,
        },
        received_at: NOW_MS,
        entropy: Entropy { high: 1, low: 2 },
    }
}

/// The lead of an element that became exactly one, as JSON text.
///
/// # Panics
/// When there are several or none, or when it failed: the test shows what there is instead.
///
/// ```
/// use hookmill_plugin_sdk::{NewLead, testing};
/// assert_eq!(testing::lead(&NewLead::new().city("Austin").into()), r#"{"city":"Austin","custom":{}}"#);
/// ```
#[track_caller]
pub fn lead(mapped: &Mapped) -> &str {
    match mapped.leads.as_slice() {
        [Ok(lead)] => &lead.lead,
        other => panic!("not one lead, but {other:?}"),
    }
}

/// A submission with this lead, as the later stages get it.
///
/// ```
/// let submission = hookmill_plugin_sdk::testing::submission(r#"{"zip": "78701"}"#);
/// assert!(submission.responses.is_empty());
/// ```
pub fn submission(lead: impl Into<String>) -> Submission {
    Submission {
        id: "req_demo-0".into(),
        lead_id: Some("lead_demo".into()),
        lead: lead.into(),
        is_test: false,
        received_at: NOW_MS,
        responses: Vec::new(),
        bid: None,
        entropy: Entropy { high: 1, low: 2 },
    }
}

/// The response to an HTTP request of `enrich`.
///
/// ```
/// assert_eq!(hookmill_plugin_sdk::testing::http_response("roof", 200, "flat").key, "roof");
/// ```
pub fn http_response(key: impl Into<String>, status: u16, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse { key: key.into(), status: Some(status), headers: Vec::new(), body: body.into(), error: None }
}

/// A client that takes JSON by POST.
///
/// ```
/// assert_eq!(hookmill_plugin_sdk::testing::destination().method, "POST");
/// ```
pub fn destination() -> Destination {
    Destination {
        kind: DestinationKind::Client,
        id: "end_demo".into(),
        name: "Client".into(),
        method: "POST".into(),
        url: "https://client.example.com/leads".into(),
        content_type: "application/json".into(),
        settings: None,
    }
}

/// The response of the client to the first attempt.
///
/// ```
/// assert_eq!(hookmill_plugin_sdk::testing::client_response(200, "OK").attempt, 1);
/// ```
pub fn client_response(status: u16, body: impl Into<Vec<u8>>) -> ClientResponse {
    ClientResponse {
        submission_id: "req_demo-0".into(),
        attempt: 1,
        status: Some(status),
        headers: Vec::new(),
        body: body.into(),
        truncated: false,
        error: None,
    }
}

/// The plugin that a configuration makes: compiled and loaded exactly as by the host.
///
/// # Errors
/// What is wrong with the document, at least one error.
///
/// ```
/// use hookmill_plugin_sdk::{Configure, testing};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Solar { bill_min: u32 }
/// impl Configure for Solar {}
///
/// assert_eq!(testing::configured::<Solar>(r#"{"bill_min": 100}"#).unwrap().bill_min, 100);
/// ```
pub fn configured<T: Configure>(document: &str) -> Result<T, Vec<Diagnostic>> {
    let Compiled { plan, .. } = compiling::compile::<T>(document)?;
    compiling::load(&plan).map_err(|failure| vec![Diagnostic::error("", failure.message).with_code(failure.code)])
}

/// All that is said of a configuration, errors and warnings, one line each: `line:column path: message (hint)`.
///
/// ```
/// use hookmill_plugin_sdk::{Configure, testing};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Solar { bill_min: u32 }
/// impl Configure for Solar {}
///
/// let said = testing::diagnosed::<Solar>("{\n  \"bill_min\": \"100\"\n}");
/// assert_eq!(said, ["2:15 bill_min: invalid type: string \"100\", expected u32"]);
/// assert!(testing::diagnosed::<Solar>(r#"{"bill_min": 100}"#).is_empty());
/// ```
pub fn diagnosed<T: Configure>(document: &str) -> Vec<String> {
    let all = compiling::compile::<T>(document).map_or_else(|errors| errors, |compiled| compiled.warnings);
    all.iter().map(format_diagnostic).collect()
}

fn format_diagnostic(diagnostic: &Diagnostic) -> String {
    let Diagnostic { path, line, column, message, .. } = diagnostic;
    let hint = diagnostic.suggestion.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{line}:{column} {path}: {message}{hint}")
}

/// A line that the plugin logged.
///
/// ```
/// use hookmill_plugin_sdk::{log, testing};
/// log::warn!("odd");
/// let line = &testing::take_log()[0];
/// assert_eq!((line.level, line.message.as_str()), (log::Level::Warn, "odd"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: Level,
    /// The line.
    pub message: String,
}

/// The lines logged by this thread since the last call.
///
/// ```
/// use hookmill_plugin_sdk::{log, testing};
/// log::info!("once");
/// assert_eq!(testing::take_log().len(), 1);
/// assert!(testing::take_log().is_empty());
/// ```
pub fn take_log() -> Vec<LogLine> {
    LINES.take()
}

pub(crate) fn keep_line(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
    LINES.with_borrow_mut(|lines| lines.push(LogLine { level, message: message.to_owned() }));
}

/// Grants a table to this thread: keys with values as JSON text. A table of the same name is replaced.
///
/// ```
/// use hookmill_plugin_sdk::{lookup, testing};
/// testing::table("rates", [("TX", "0.12")]);
/// assert_eq!(lookup::find::<f64>("rates", "TX").unwrap(), Some(0.12));
/// ```
pub fn table<K: Into<String>, V: Into<String>>(name: impl Into<String>, rows: impl IntoIterator<Item = (K, V)>) {
    let rows = rows.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    TABLES.with_borrow_mut(|tables| tables.insert(name.into(), rows));
}

pub(crate) fn look_up(table: &str, key: &str) -> Result<Option<String>, LookupError> {
    TABLES.with_borrow(|tables| match tables.get(table) {
        Some(rows) => Ok(rows.get(key).cloned()),
        None => Err(LookupError::NotGranted),
    })
}
