//! The words that stand for choices in a document, and what they mean.

use crate::plan::owned::{Format, Otherwise, Outcome, ReadAs};

pub const BODY_FORMS: [(&str, ReadAs); 4] =
    [("auto", ReadAs::Auto), ("json", ReadAs::Json), ("xml", ReadAs::Xml), ("text", ReadAs::Text)];

pub const OUTCOMES: [(&str, Outcome); 5] = [
    ("accepted", Outcome::Accepted),
    ("rejected", Outcome::Rejected),
    ("duplicate", Outcome::Duplicate),
    ("retry", Outcome::Retry),
    ("failed", Outcome::Failed),
];

pub const OTHERWISE: [(&str, Otherwise); 6] = [
    ("default", Otherwise::Default),
    ("accepted", Otherwise::Is(Outcome::Accepted)),
    ("rejected", Otherwise::Is(Outcome::Rejected)),
    ("duplicate", Otherwise::Is(Outcome::Duplicate)),
    ("retry", Otherwise::Is(Outcome::Retry)),
    ("failed", Otherwise::Is(Outcome::Failed)),
];

pub const METHODS: [(&str, &str); 5] =
    [("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE")];

pub const FORMATS: [(&str, Format); 4] =
    [("json", Format::Json), ("form", Format::Form), ("xml", Format::Xml), ("text", Format::Text)];
