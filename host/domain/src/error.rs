//! Why something asked of the host is rejected, in the form of all errors (I14). The HTTP layer turns it into a response.

use serde::Serialize;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Detail {
    /// The place, as a path into what was sent, such as `leads[3].campaign_id`.
    pub path: String,
    /// A stable code in snake case.
    pub code: String,
    /// What is wrong and how to fix it.
    pub message: String,
}

/// The kind of an error; the HTTP layer gives each a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are not of the syntax they claim (400).
    Syntax,
    /// No key, or one that is not known (401).
    Unauthenticated,
    /// A key that may not do this (403).
    Forbidden,
    /// Nothing of that name here (404).
    NotFound,
    /// The method is not one of this address (405).
    Method,
    /// It contradicts what is there (409).
    Conflict,
    /// It was here, and was deleted at the end of its retention (410).
    Gone,
    /// Too many bytes (413).
    TooLarge,
    /// A content type that is not understood (415).
    ContentType,
    /// Understood, but not acceptable (422).
    Invalid,
    /// Too much at once; later it will do (429).
    Overload,
    /// The host cannot keep it safe at the moment (503).
    Unavailable,
}

/// An error: what, where, and the suggested fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// What kind.
    pub kind: Kind,
    /// A stable code in snake case.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The single problems, if there are several or they have a place.
    pub details: Vec<Detail>,
    /// More fields for the body of the error, for codes that have some (such as a duplicate's first request).
    pub fields: Option<Box<serde_json::Map<String, serde_json::Value>>>,
}

impl ApiError {
    /// An error without details.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), details: Vec::new(), fields: None }
    }

    /// The same with one more detail.
    pub fn at(mut self, path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.details.push(Detail { path: path.into(), code: code.into(), message: message.into() });
        self
    }

    /// The same with all these details.
    pub fn with_details(mut self, details: Vec<Detail>) -> Self {
        self.details = details;
        self
    }

    /// Adds fields to the body of the error.
    pub fn with_fields(mut self, fields: serde_json::Value) -> Self {
        if let serde_json::Value::Object(map) = fields {
            self.fields = Some(Box::new(map));
        }
        self
    }

    /// Adds one field to those of the body of the error.
    pub fn with_field(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.fields.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    /// Understood, but one field is not acceptable.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        Self::new(Kind::Invalid, "invalid", format!("`{path}` {message}")).at(path, "invalid", message)
    }

    /// Nothing of that name is visible to this caller.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(Kind::NotFound, "not_found", format!("{what} `{id}` not found"))
    }
}
