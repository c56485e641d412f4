//! The lead, what must become of it, and the document that says so.

/// 971 bytes, as a source posts it.
pub const LEAD: &str = include_str!("../../samples/lead.json");

/// Ten fields and a verdict.
pub const EXPECTED: &str = r#"{"firstName":"Alice","lastName":"Smith","email":"alice.smith@example.com","phone":"+15551234567","state":"CA","zip":"90210","city":"Springfield","utm":"google","income":72000,"ip":"203.0.113.9","qualified":true}"#;

/// The same as a document of the default plugin.
pub const DOCUMENT: &str = include_str!("../../samples/lead.yaml");

/// The same in JavaScript, for QuickJS and V8.
pub const SCRIPT: &str = include_str!("../../samples/transform.js");
