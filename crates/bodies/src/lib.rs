//! One JSON value from a body of any kind (I10), so that one path language reaches them all.
//!
//! No input or output happens here: text or bytes go in, the text of one JSON value or a rejection with its place comes out. Plugins use
//! the part that reads XML ([`xml`]); the host uses all of it.
//!
//! What is true of every kind: nothing is guessed (what was text stays text, `02139` too), nothing is lost without a rejection, and every
//! bound has a name.
//!
//! | Content type | Value |
//! |---|---|
//! | `application/json`, `text/json`, `*/*+json` | as it is written: every digit, every key; see [`Opened::warnings`] for what is read though JSON does not have it |
//! | `application/x-ndjson`, `application/jsonl` | a list of the values of its lines |
//! | `application/x-www-form-urlencoded` | an object of texts; see [`form`] |
//! | `multipart/form-data` | the same; a file is an object; see [`multipart`] |
//! | `application/xml`, `text/xml`, `*/*+xml` | see [`xml`] |
//! | `text/plain`, `application/octet-stream`, none | JSON when it begins with `{` or `[`, XML when it begins with `<`, else rejected |

#[cfg(feature = "inbound")]
mod charset;
#[cfg(feature = "inbound")]
mod coding;
mod depth;
mod error;
#[cfg(feature = "inbound")]
mod fields;
#[cfg(feature = "inbound")]
pub mod form;
#[cfg(feature = "inbound")]
mod head;
#[cfg(feature = "inbound")]
mod json;
#[cfg(feature = "inbound")]
mod limits;
#[cfg(feature = "inbound")]
mod look;
#[cfg(feature = "inbound")]
pub mod multipart;
#[cfg(feature = "inbound")]
mod open;
#[cfg(feature = "inbound")]
mod response;
#[cfg(feature = "inbound")]
mod warning;
#[cfg(feature = "inbound")]
mod with_charset;
pub mod xml;

#[cfg(all(test, feature = "inbound"))]
mod tests;

#[cfg(feature = "inbound")]
pub use charset::charset_name;
pub use depth::check_depth;
pub use error::{BodyError, Fault, Place};
#[cfg(feature = "inbound")]
pub use head::{Head, Kind};
#[cfg(feature = "inbound")]
pub use json::syntax_error;
#[cfg(feature = "inbound")]
pub use limits::BodyLimits;
#[cfg(feature = "inbound")]
pub use open::{Opened, open};
#[cfg(feature = "inbound")]
pub use response::{ResponseBody, ResponseHead, in_utf8, is_identity, is_readable, read_response};
#[cfg(feature = "inbound")]
pub use warning::{BodyWarning, TextRepair};
#[cfg(feature = "inbound")]
pub use with_charset::with_charset;
