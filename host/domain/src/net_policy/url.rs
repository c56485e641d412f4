//! The URL of an endpoint.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Position, Url};

/// The longest URL that can be configured.
pub const URL_BYTES_MAX: usize = 2_048;
/// The longest URL that is requested, parameters of the message included.
pub const REQUEST_URL_BYTES_MAX: usize = 16_384;

/// What stands for path and query of a URL where they are not shown: those of a webhook are often its only secret.
pub(super) const MASKED_PATH: &str = "/…";
/// The same in the one spelling of a URL.
const MASKED_SEGMENT: &str = "%E2%80%A6";
/// Shorter paths and queries are left alone where a receiver repeats them: they are not secrets, and part of much else.
pub const ECHO_BYTES_MIN: usize = 8;

/// The longest host name of DNS.
const HOST_BYTES_MAX: usize = 253;
/// How much of a bad URL a message repeats.
const QUOTED_CHARS_MAX: usize = 100;

/// Which schemes are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schemes {
    /// `https` alone: production.
    HttpsOnly,
    /// `http` as well: development.
    HttpToo,
}

/// How much of a stored URL somebody is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlView {
    /// All of it.
    Full,
    /// Scheme and host: `https://example.com/…`.
    Masked,
}

impl UrlView {
    /// The URL as it is shown.
    pub fn show(self, url: &str) -> String {
        match (self, WebhookUrl::parse(url, Schemes::HttpToo)) {
            (Self::Full, _) => url.to_owned(),
            (Self::Masked, Ok(url)) => url.masked(),
            (Self::Masked, Err(_)) => MASKED_PATH.to_owned(),
        }
    }
}

/// A valid URL of a webhook: absolute, `https` (or `http` in development), with a host, without
/// credentials and without a fragment, in the one spelling the WHATWG rules give it. Whether its address may be dialled is
/// checked when it is saved and each time a connection is made.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WebhookUrl(Url);

/// Why a text is not such a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is too long.
    #[error("this URL has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// It has spaces or control characters inside, which some parsers drop and others don't.
    #[error("`{text}` has a space or control character inside; write it percent-encoded, a space as %20")]
    Unprintable {
        /// The text, shortened.
        text: String,
    },
    /// It is not an absolute URL.
    #[error("`{text}` is not an absolute URL ({cause}); write it like https://example.com/hook")]
    Unreadable {
        /// The text, shortened.
        text: String,
        /// The parser's message.
        cause: String,
    },
    /// The scheme is not taken.
    #[error("the scheme `{scheme}` is not allowed; write https://... (http only under the development flag)")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// It has a user name or password in it, where every list and log would show them.
    #[error(
        "the URL for `{host}` carries a user name or password; leave them out and send them in `headers`, as `Authorization: Basic ...` with both in base64"
    )]
    Credentials {
        /// The host.
        host: String,
    },
    /// The host name is not valid.
    #[error("`{host}` can't be a host: a name has 1 to {HOST_BYTES_MAX} characters")]
    Host {
        /// The host, shortened.
        host: String,
    },
    /// It is what is shown instead of a URL.
    #[error("the URL for `{host}` has `{MASKED_PATH}` for what is not shown of it; send the whole URL")]
    Masked {
        /// The host.
        host: String,
    },
    /// Port 0 is not a port.
    #[error("port 0 of `{host}` can't be dialled; leave the port out for 443")]
    Port {
        /// The host.
        host: String,
    },
}

impl WebhookUrl {
    /// Checks the text of a URL. Spaces around it are ignored, and so is a fragment, which is never sent.
    pub fn parse(text: &str, schemes: Schemes) -> Result<Self, UrlError> {
        let text = text.trim();
        check_length(text, URL_BYTES_MAX)?;
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(UrlError::Unprintable { text: quoted(text) });
        }
        let mut url =
            Url::parse(text).map_err(|cause| UrlError::Unreadable { text: quoted(text), cause: cause.to_string() })?;
        check_scheme(&url, schemes)?;
        check_authority(&url)?;
        check_whole(&url)?;
        url.set_fragment(None);
        // The spelling that is kept is bounded too, so that what was saved can be read again.
        check_length(url.as_str(), URL_BYTES_MAX)?;
        Ok(Self(url))
    }

    /// The same URL with parameters of a message added to its query, encoded as a form.
    pub fn with_query<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, UrlError> {
        let mut url = self.0.clone();
        let mut pairs = pairs.into_iter().peekable();
        if pairs.peek().is_some() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        check_length(url.as_str(), REQUEST_URL_BYTES_MAX)?;
        Ok(Self(url))
    }

    /// The whole URL, query included. It may hold keys: not for logs.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The parsed URL, for the client.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL for logs and errors: scheme and host, whether or not there is more.
    pub fn masked(&self) -> String {
        format!("{}{MASKED_PATH}", &self.0[..Position::BeforePath])
    }

    /// What a receiver responded, without the path and the query of this URL: many an error page repeats them.
    pub fn mask_echo(&self, text: &str) -> String {
        let pieces = [&self.0[Position::BeforePath..], self.0.path(), self.0.query().unwrap_or_default()];
        let long = pieces.into_iter().filter(|piece| ECHO_BYTES_MIN <= piece.len());
        long.fold(text.to_owned(), |text, piece| text.replace(piece, MASKED_PATH))
    }

    /// The host as it is written, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The address, when the host is one in whatever spelling, and not a name.
    pub fn literal_ip(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
        }
    }

    /// Whether it is still taken under these schemes: a URL saved in development is not, in production.
    pub fn is_within(&self, schemes: Schemes) -> bool {
        check_scheme(&self.0, schemes).is_ok()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.masked())
    }
}

fn check_length(text: &str, max: usize) -> Result<(), UrlError> {
    if max < text.len() {
        return Err(UrlError::TooLong { bytes: text.len(), max });
    }
    Ok(())
}

fn check_scheme(url: &Url, schemes: Schemes) -> Result<(), UrlError> {
    match (url.scheme(), schemes) {
        ("https", _) | ("http", Schemes::HttpToo) => Ok(()),
        (scheme, _) => Err(UrlError::Scheme { scheme: quoted(scheme) }),
    }
}

fn check_authority(url: &Url) -> Result<(), UrlError> {
    let host = url.host_str().unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() || HOST_BYTES_MAX < name.len() {
        return Err(UrlError::Host { host: quoted(host) });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials { host: host.to_owned() });
    }
    if url.port() == Some(0) {
        return Err(UrlError::Port { host: host.to_owned() });
    }
    Ok(())
}

fn check_whole(url: &Url) -> Result<(), UrlError> {
    if url.path().to_ascii_uppercase().contains(MASKED_SEGMENT) {
        return Err(UrlError::Masked { host: url.host_str().unwrap_or_default().to_owned() });
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(QUOTED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, UrlError> {
        WebhookUrl::parse(text, Schemes::HttpsOnly).map(|url| url.as_str().to_owned())
    }

    /// W8, D1: what is taken, and in which spelling it is kept.
    #[test]
    fn w8_good_urls() {
        let table = [
            ("https://example.com", "https://example.com/"),
            ("  https://EXAMPLE.com/Hook?a=1#part ", "https://example.com/Hook?a=1"),
            ("https://example.com:443/x", "https://example.com/x"),
            ("https://example.com:8443/x", "https://example.com:8443/x"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://example.com./x", "https://example.com./x"),
            ("https://example.com/a/../b", "https://example.com/b"),
            ("https://93.184.216.34/x", "https://93.184.216.34/x"),
        ];
        for (text, kept) in table {
            assert_eq!(parsed(text).as_deref(), Ok(kept), "{text}");
        }
    }

    /// W8: what is rejected, each with its own reason.
    #[test]
    fn w8_bad_urls() {
        let schemes =
            ["http://example.com", "ftp://example.com", "file:///etc/passwd", "gopher://x", "javascript:alert(1)"];
        for text in schemes {
            assert!(matches!(parsed(text), Err(UrlError::Scheme { .. })), "{text}");
        }
        for text in [
            "",
            "example.com/hook",
            "/hook",
            "https://",
            "https://?x",
            "https://1.2.3.256/",
            "https://[::1/",
            "https://a:99999/",
        ] {
            assert!(matches!(parsed(text), Err(UrlError::Unreadable { .. })), "{text} {:?}", parsed(text));
        }
        for text in
            ["https://exa\tmple.com/", "https://example.com/a b", "https://example.com/\r\nx: y", "https://a\u{a0}b/"]
        {
            assert!(matches!(parsed(text), Err(UrlError::Unprintable { .. })), "{text:?}");
        }
        for text in ["https://user@example.com", "https://user:secret@example.com", "https://:secret@example.com"] {
            let error = parsed(text).expect_err("credentials");
            assert!(matches!(error, UrlError::Credentials { .. }), "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(matches!(parsed("https://example.com:0/"), Err(UrlError::Port { .. })));
        assert!(matches!(
            parsed(&format!("https://{}.example/", "a.".repeat(130))),
            Err(UrlError::Host { .. } | UrlError::Unreadable { .. })
        ));
        let long = format!("https://example.com/{}", "x".repeat(URL_BYTES_MAX));
        assert!(matches!(parsed(&long), Err(UrlError::TooLong { max: URL_BYTES_MAX, .. })));
        let grows = format!("https://example.com/{}", "é".repeat(URL_BYTES_MAX / 4));
        assert!(matches!(parsed(&grows), Err(UrlError::TooLong { max: URL_BYTES_MAX, .. })));
    }

    /// W8: `http` under the development flag alone, and a URL saved under it is known later.
    #[test]
    fn w8_http_in_development() {
        let url = WebhookUrl::parse("http://localhost:8080/", Schemes::HttpToo).expect("a URL");
        assert!(url.is_within(Schemes::HttpToo));
        assert!(!url.is_within(Schemes::HttpsOnly));
    }

    /// W8: every spelling of an address is the address.
    #[test]
    fn w8_literals_in_odd_spellings() {
        let table = [
            ("https://0x7f000001/", "127.0.0.1"),
            ("https://0x7f.1/", "127.0.0.1"),
            ("https://127.1/", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://017700000001/", "127.0.0.1"),
            ("https://0177.0.0.01/", "127.0.0.1"),
            ("https://127.0.0.1./", "127.0.0.1"),
            ("https://%31%32%37.0.0.1/", "127.0.0.1"),
            ("https://①②⑦.0.0.1/", "127.0.0.1"),
            ("https://１２７.0.0.1/", "127.0.0.1"),
            ("https://127。0。0。1/", "127.0.0.1"),
            ("https://0/", "0.0.0.0"),
            ("https://0xa9fea9fe/", "169.254.169.254"),
            ("https://169.16689662/", "169.254.169.254"),
            ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
            ("https://[0:0:0:0:0:ffff:7f00:1]/", "::ffff:127.0.0.1"),
            ("https://[::1]/", "::1"),
            ("https://[::]/", "::"),
        ];
        for (text, ip) in table {
            let url = WebhookUrl::parse(text, Schemes::HttpsOnly).expect(text);
            assert_eq!(url.literal_ip(), Some(ip.parse().expect("an address")), "{text}");
        }
        assert_eq!(
            WebhookUrl::parse("https://127.0.0.1.example.com/", Schemes::HttpsOnly).expect("a URL").literal_ip(),
            None
        );
    }

    /// D3, W5: parameters join the query, encoded.
    #[test]
    fn w5_parameters_join_the_query() {
        let url = WebhookUrl::parse("https://example.com/x?a=1", Schemes::HttpsOnly).expect("a URL");
        assert_eq!(url.with_query([]).expect("short").as_str(), "https://example.com/x?a=1");
        let more = url.with_query([("b c", "d&e=é"), ("b c", "")]).expect("short");
        assert_eq!(more.as_str(), "https://example.com/x?a=1&b+c=d%26e%3D%C3%A9&b+c=");
        let long = "x".repeat(REQUEST_URL_BYTES_MAX);
        assert!(matches!(url.with_query([("a", long.as_str())]), Err(UrlError::TooLong { .. })));
    }

    /// O9 H5: what path and query hold is not shown, and what is shown is not taken for a URL.
    #[test]
    fn o9_path_and_query_are_masked() {
        let table = [
            ("https://example.com/T0/B0?key=secret", "https://example.com/…"),
            ("https://example.com", "https://example.com/…"),
            ("http://example.com:8080/x", "http://example.com:8080/…"),
            ("https://[2001:db8::1]/x", "https://[2001:db8::1]/…"),
            ("not a URL with a secret", "/…"),
        ];
        for (text, shown) in table {
            assert_eq!((UrlView::Masked.show(text).as_str(), UrlView::Full.show(text).as_str()), (shown, text));
        }
        let url = WebhookUrl::parse("https://example.com/x?key=secret", Schemes::HttpsOnly).expect("a URL");
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://example.com/…)");
        for text in ["https://example.com/…", "https://example.com/%e2%80%a6", "https://example.com/…/B0?a=1"] {
            let error = parsed(text).expect_err("a mask");
            assert!(matches!(error, UrlError::Masked { .. }), "{text}");
            assert!(error.to_string().contains("send the whole URL"), "{error}");
        }
    }

    /// O9: an error page that repeats the path does not show it.
    #[test]
    fn o9_an_echo_is_masked() {
        let url = WebhookUrl::parse("https://example.com/T000/B000/xyz?key=secret", Schemes::HttpsOnly).expect("a URL");
        let table = [
            ("Cannot POST /T000/B000/xyz?key=secret", "Cannot POST /…"),
            ("/T000/B000/xyz was not found, key=secret neither", "/… was not found, /… neither"),
            ("/T000/B0 is another", "/T000/B0 is another"),
        ];
        for (text, shown) in table {
            assert_eq!(url.mask_echo(text), shown);
        }
        let short = WebhookUrl::parse("https://example.com/leads", Schemes::HttpsOnly).expect("a URL");
        assert_eq!(short.mask_echo("see /leads/7"), "see /leads/7");
    }
}
