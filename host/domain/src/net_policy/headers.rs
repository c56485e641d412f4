//! The headers an endpoint is configured with, or a shaped message brings along.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many headers there may be.
pub const HEADERS_MAX: usize = 50;
/// The longest name.
pub const HEADER_NAME_BYTES_MAX: usize = 128;
/// The longest value.
pub const HEADER_VALUE_BYTES_MAX: usize = 4_096;
/// All names and values together.
pub const HEADERS_BYTES_MAX: usize = 16_384;

/// How much of a bad name a message repeats.
const QUOTED_CHARS_MAX: usize = 60;

/// Headers that belong to one connection or to the framing of a message. Whoever sets them can make one request look like
/// two.
const CONNECTION: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which a receiver would believe something about the sender that only proxies may say, or that would promise
/// what the host does not do with the body.
const MISLEADING: &[&str] = &["accept-encoding", "content-encoding", "forwarded", "via", "x-real-ip"];

/// Families of which none may be set: the signature's own, and what proxies say.
const PREFIXES: &[&str] = &["webhook-", "x-forwarded-"];

/// Headers that mean nothing, or the wrong thing, when they come twice.
const SINGLE: &[&str] = &["authorization", "content-type", "user-agent"];

/// Headers that passed the policy, in their order. Values are never shown by `Debug`: they may be credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HeaderList(Vec<(HeaderName, HeaderValue)>);

/// Why a header is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The name is not a name.
    #[error("`{name}` is not the name of a header: use up to {HEADER_NAME_BYTES_MAX} letters, digits and hyphens")]
    Name {
        /// The name, shortened.
        name: String,
    },
    /// The host sets this one itself, or nobody may.
    #[error("`{name}` can't be set on a webhook: the host sets what belongs to the connection and the signature")]
    Forbidden {
        /// The name.
        name: String,
    },
    /// The value has characters that can't be sent, such as a line break.
    #[error(
        "the value of `{name}` has characters other than visible ASCII and spaces; encode them, for example as base64"
    )]
    Value {
        /// The name.
        name: String,
    },
    /// The value is too long.
    #[error("the value of `{name}` has {bytes} bytes; at most {HEADER_VALUE_BYTES_MAX} are allowed")]
    ValueTooLong {
        /// The name.
        name: String,
        /// How many bytes it has.
        bytes: usize,
    },
    /// The header is repeated and must not be.
    #[error("`{name}` is given twice; keep one")]
    Repeated {
        /// The name.
        name: String,
    },
    /// There are too many of them.
    #[error("{count} headers are given; at most {HEADERS_MAX} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// All together are too long.
    #[error("the headers have {bytes} bytes together; at most {HEADERS_BYTES_MAX} are allowed")]
    TooLong {
        /// How many bytes they have.
        bytes: usize,
    },
}

impl HeaderList {
    /// Checks names and values, and reports all that is wrong at once. Spaces around names and values are dropped.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<HeaderError>> {
        let pairs = pairs.into_iter().collect::<Vec<_>>();
        if HEADERS_MAX < pairs.len() {
            return Err(vec![HeaderError::TooMany { count: pairs.len() }]);
        }
        let mut headers = Vec::with_capacity(pairs.len());
        let mut errors = Vec::new();
        for (name, value) in pairs {
            match header(name, value) {
                Ok(header) => headers.push(header),
                Err(error) => errors.push(error),
            }
        }
        errors.extend(repeated(&headers));
        errors.extend(too_long(&headers));
        if errors.is_empty() { Ok(Self(headers)) } else { Err(errors) }
    }

    /// The headers in their order. Names are lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The headers as text, for storing. Values were checked to be ASCII.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
    }

    /// Puts these headers into a request. A name that the request has already is replaced.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, _) in self.iter() {
            headers.remove(name);
        }
        for (name, value) in self.iter() {
            headers.append(name.clone(), value.clone());
        }
    }
}

impl fmt::Debug for HeaderList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Whether a header belongs to the connection or the framing, where nothing but the client itself may set it.
pub fn is_connection_header(name: &HeaderName) -> bool {
    CONNECTION.contains(&name.as_str())
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let name = checked_name(name.trim())?;
    let value = checked_value(&name, value.trim())?;
    Ok((name, value))
}

fn checked_name(text: &str) -> Result<HeaderName, HeaderError> {
    let not_a_name = || HeaderError::Name { name: text.chars().take(QUOTED_CHARS_MAX).collect() };
    if HEADER_NAME_BYTES_MAX < text.len() {
        return Err(not_a_name());
    }
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| not_a_name())?;
    let lower = name.as_str();
    // Some servers read an underscore as a hyphen, so `Transfer_Encoding` is checked as `transfer-encoding`.
    let hyphened = lower.replace('_', "-");
    let listed = CONNECTION.contains(&hyphened.as_str()) || MISLEADING.contains(&hyphened.as_str());
    if listed || PREFIXES.iter().any(|prefix| hyphened.starts_with(prefix)) {
        return Err(HeaderError::Forbidden { name: lower.to_owned() });
    }
    Ok(name)
}

fn checked_value(name: &HeaderName, text: &str) -> Result<HeaderValue, HeaderError> {
    if HEADER_VALUE_BYTES_MAX < text.len() {
        return Err(HeaderError::ValueTooLong { name: name.to_string(), bytes: text.len() });
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| HeaderError::Value { name: name.to_string() })?;
    if value.to_str().is_err() {
        return Err(HeaderError::Value { name: name.to_string() });
    }
    value.set_sensitive(true);
    Ok(value)
}

fn repeated(headers: &[(HeaderName, HeaderValue)]) -> Option<HeaderError> {
    let twice = |name: &&str| 1 < headers.iter().filter(|(given, _)| given.as_str() == *name).count();
    let name = SINGLE.iter().copied().find(twice)?;
    Some(HeaderError::Repeated { name: name.to_owned() })
}

fn too_long(headers: &[(HeaderName, HeaderValue)]) -> Option<HeaderError> {
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    (HEADERS_BYTES_MAX < bytes).then_some(HeaderError::TooLong { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W8: the headers a webhook may not set, in any case and with underscores.
    #[test]
    fn w8_forbidden_headers() {
        let forbidden = [
            "Host",
            "HOST",
            "Content-Length",
            "content_length",
            "Connection",
            "Transfer-Encoding",
            "Transfer_Encoding",
            "Forwarded",
            "webhook-id",
            "Webhook-Signature",
            "WEBHOOK_TIMESTAMP",
            "webhook-anything",
            "Keep-Alive",
            "Proxy-Connection",
            "Proxy-Authorization",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "HTTP2-Settings",
            "Via",
            "X-Forwarded-For",
            "x-real-ip",
            "Accept-Encoding",
            "Content-Encoding",
        ];
        for name in forbidden {
            let errors = HeaderList::new([(name, "1")]).expect_err(name);
            assert_eq!(errors, [HeaderError::Forbidden { name: name.to_ascii_lowercase() }]);
        }
        for name in
            ["Authorization", "X-Api-Key", "Content-Type", "User-Agent", "X-Webhook-Id", "Cookie", "Hosts", "webhook"]
        {
            assert!(HeaderList::new([(name, "1")]).is_ok(), "{name}");
        }
    }

    /// W8: nothing that could end a line or a header gets in.
    #[test]
    fn w8_names_and_values_are_checked() {
        for name in ["", "a b", "a:", "a\r\nb", "é", ":authority", "(x)", &"x".repeat(129)] {
            assert!(
                matches!(HeaderList::new([(name, "1")]).expect_err("a name")[..], [HeaderError::Name { .. }]),
                "{name:?}"
            );
        }
        for value in ["a\r\nHost: evil", "a\nb", "a\0", "é", "\u{7f}"] {
            assert!(
                matches!(HeaderList::new([("x", value)]).expect_err("a value")[..], [HeaderError::Value { .. }]),
                "{value:?}"
            );
        }
        let list = HeaderList::new([(" X-Key ", "\t some value ")]).expect("good");
        assert_eq!(list.pairs().collect::<Vec<_>>(), [("x-key", "some value")]);
    }

    /// W8: count and size are bounded.
    #[test]
    fn w8_headers_are_bounded() {
        let names = (0..=HEADERS_MAX).map(|n| format!("x-{n}")).collect::<Vec<_>>();
        let all = || names.iter().map(|name| (name.as_str(), "1"));
        assert!(HeaderList::new(all().take(HEADERS_MAX)).is_ok());
        assert_eq!(HeaderList::new(all()), Err(vec![HeaderError::TooMany { count: HEADERS_MAX + 1 }]));
        let value = "v".repeat(HEADER_VALUE_BYTES_MAX);
        assert!(HeaderList::new([("x", value.as_str())]).is_ok());
        assert!(matches!(
            HeaderList::new([("x", format!("{value}v").as_str())]).expect_err("long")[..],
            [HeaderError::ValueTooLong { .. }]
        ));
        let many = names.iter().take(5).map(|name| (name.as_str(), value.as_str()));
        assert!(matches!(HeaderList::new(many).expect_err("long")[..], [HeaderError::TooLong { .. }]));
    }

    /// W8: all that is wrong is reported at once.
    #[test]
    fn w8_every_error_is_reported() {
        let pairs = [("Host", "x"), ("a b", "x"), ("x", "\n\0x"), ("Content-Type", "a"), ("content-type", "b")];
        let errors = HeaderList::new(pairs).expect_err("four errors");
        assert!(matches!(
            errors[..],
            [
                HeaderError::Forbidden { .. },
                HeaderError::Name { .. },
                HeaderError::Value { .. },
                HeaderError::Repeated { .. }
            ]
        ));
    }

    /// H5: values don't show in logs; repeats are kept, and replace what a request had.
    #[test]
    fn h5_values_are_hidden() {
        let list = HeaderList::new([("X-Key", "secret"), ("x-key", "two"), ("Content-Type", "text/x")]).expect("good");
        assert_eq!(format!("{list:?}"), r#"["x-key", "x-key", "content-type"]"#);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        list.apply(&mut headers);
        assert_eq!(headers.get_all("x-key").iter().count(), 2);
        assert_eq!(headers["content-type"], "text/x");
        assert!(!format!("{headers:?}").contains("secret"));
    }
}
