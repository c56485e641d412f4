//! How requests to a client are authenticated (L8): by a header that is the same each time, or by one that depends on the body.

use super::Faults;
use crate::hex::write_hex;
use crate::net_policy::HeaderList;
use crate::signature::hmac_sha256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Bytes of each of its texts.
const TEXT_BYTES_MAX: usize = 1_024;
const AUTHORIZATION: &str = "authorization";
/// Headers that the host sets on each request.
const OWN_HEADERS: [&str; 3] = ["hookmill-", "content-type", "user-agent"];
/// As GitHub and Meta sign, so that many receivers know it.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";
const SIGNATURE_PREFIX: &str = "sha256=";

/// The kinds of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuthKind {
    /// None.
    None,
    /// A user name and a password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
    /// A secret in a header of any name.
    Header,
    /// The HMAC of the body with SHA-256 (RFC 2104), in a header.
    Hmac,
}

/// How the bytes of an HMAC are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MacEncoding {
    /// In lower-case hexadecimal digits.
    #[default]
    Hex,
    /// In base64 (RFC 4648, 4), with padding.
    Base64,
}

/// An authentication that was checked. It is stored encrypted with its endpoint, and never shows its secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EndpointAuth {
    /// A user name and a password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token.
    Bearer {
        /// The token.
        token: String,
    },
    /// A secret in a header.
    Header {
        /// The header's name.
        header: String,
        /// The secret.
        value: String,
    },
    /// The HMAC of the body.
    Hmac {
        /// The key: the bytes of this text.
        secret: String,
        /// The header's name.
        header: String,
        /// How it is written.
        encoding: MacEncoding,
        /// What stands before it in the header.
        prefix: String,
    },
}

impl EndpointAuth {
    /// Which kind it is.
    pub fn kind(&self) -> AuthKind {
        match self {
            Self::Basic { .. } => AuthKind::Basic,
            Self::Bearer { .. } => AuthKind::Bearer,
            Self::Header { .. } => AuthKind::Header,
            Self::Hmac { .. } => AuthKind::Hmac,
        }
    }

    /// Its secret, which is not shown.
    pub fn secret(&self) -> &str {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer { token } => token,
            Self::Header { value, .. } => value,
            Self::Hmac { secret, .. } => secret,
        }
    }

    /// The name of the header that it sets.
    pub fn header_name(&self) -> &str {
        match self {
            Self::Basic { .. } | Self::Bearer { .. } => AUTHORIZATION,
            Self::Header { header, .. } | Self::Hmac { header, .. } => header,
        }
    }

    /// What a receiver may repeat of it in a response, and nobody is shown.
    pub fn secrets(&self) -> Vec<String> {
        let of_basic = matches!(self, Self::Basic { .. }).then(|| self.header_value(b"").replacen("Basic ", "", 1));
        of_basic.into_iter().chain([self.secret().to_owned()]).collect()
    }

    /// The value of that header for a request with this body. A request without a body is signed as one with an empty body.
    pub fn header_value(&self, body: &[u8]) -> String {
        match self {
            Self::Basic { username, password } => {
                format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
            }
            Self::Bearer { token } => format!("Bearer {token}"),
            Self::Header { value, .. } => value.clone(),
            Self::Hmac { secret, encoding, prefix, .. } => {
                format!("{prefix}{}", encoding.write(&hmac_sha256(secret.as_bytes(), &[body])))
            }
        }
    }
}

impl fmt::Debug for EndpointAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointAuth({:?}, hidden)", self.kind())
    }
}

impl MacEncoding {
    fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => write_hex(bytes),
            Self::Base64 => STANDARD.encode(bytes),
        }
    }
}

/// An authentication as the API receives it, unchecked: `kind`, and what belongs to it. A secret of `***` keeps the stored one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndpointAuthDraft, example = json!({"kind": "basic", "username": "hookmill", "password": "secret"}))]
pub struct AuthDraft {
    /// How requests are authenticated.
    pub kind: AuthKind,
    /// Of `basic`: the user name, without a colon.
    #[serde(default)]
    pub username: Option<String>,
    /// Of `basic`: the password.
    #[serde(default)]
    pub password: Option<String>,
    /// Of `bearer`: the token.
    #[serde(default)]
    pub token: Option<String>,
    /// Of `header`: the name of the header. Of `hmac` as well; `x-hub-signature-256` if not given.
    #[serde(default)]
    pub header: Option<String>,
    /// Of `header`: its value.
    #[serde(default)]
    pub value: Option<String>,
    /// Of `hmac`: the key, the bytes of this text.
    #[serde(default)]
    pub secret: Option<String>,
    /// Of `hmac`: how it is written; `hex` if not given.
    #[serde(default)]
    pub encoding: Option<MacEncoding>,
    /// Of `hmac`: what stands before it in the header; `sha256=` if not given.
    #[serde(default)]
    pub prefix: Option<String>,
}

impl AuthDraft {
    /// The secret that was given.
    pub fn secret_mut(&mut self) -> Option<&mut String> {
        match self.kind {
            AuthKind::None => None,
            AuthKind::Basic => self.password.as_mut(),
            AuthKind::Bearer => self.token.as_mut(),
            AuthKind::Header => self.value.as_mut(),
            AuthKind::Hmac => self.secret.as_mut(),
        }
    }

    /// Checks everything; none for the kind `none`. `headers` are those that are sent besides, each list with its place.
    pub(crate) fn check(
        mut self,
        headers: &[(&str, &BTreeMap<String, String>)],
        faults: &mut Faults,
    ) -> Option<EndpointAuth> {
        let auth = match self.kind {
            AuthKind::None => None,
            AuthKind::Basic => Some(EndpointAuth::Basic {
                username: text(&mut self.username, "username", faults),
                password: text(&mut self.password, "password", faults),
            }),
            AuthKind::Bearer => Some(EndpointAuth::Bearer { token: text(&mut self.token, "token", faults) }),
            AuthKind::Header => Some(EndpointAuth::Header {
                header: text(&mut self.header, "header", faults),
                value: text(&mut self.value, "value", faults),
            }),
            AuthKind::Hmac => Some(EndpointAuth::Hmac {
                secret: text(&mut self.secret, "secret", faults),
                header: match self.header {
                    Some(_) => text(&mut self.header, "header", faults),
                    None => SIGNATURE_HEADER.to_owned(),
                },
                encoding: self.encoding.take().unwrap_or_default(),
                prefix: self.prefix.take().unwrap_or_else(|| SIGNATURE_PREFIX.to_owned()),
            }),
        };
        let kind: &str = self.kind.into();
        for name in self.list_rest() {
            faults.add(&path(name), format!("does not belong to the kind `{kind}`; leave it out"));
        }
        let auth = auth?;
        if let EndpointAuth::Basic { username, .. } = &auth
            && username.contains(':')
        {
            faults.add(&path("username"), "has a colon, which ends a user name (RFC 7617)");
        }
        check_header(&auth, faults);
        for (place, headers) in headers {
            if headers.keys().any(|name| name.trim().eq_ignore_ascii_case(auth.header_name())) {
                faults.add(place, format!("have `{}`, which `auth` sets; keep one of them", auth.header_name()));
            }
        }
        Some(auth)
    }

    /// The fields that are left when those of its kind are taken.
    fn list_rest(&self) -> impl Iterator<Item = &'static str> {
        let texts = [
            ("username", &self.username),
            ("password", &self.password),
            ("token", &self.token),
            ("header", &self.header),
            ("value", &self.value),
            ("secret", &self.secret),
            ("prefix", &self.prefix),
        ];
        let texts = texts.map(|(name, text)| text.as_ref().map(|_| name));
        texts.into_iter().chain([self.encoding.map(|_| "encoding")]).flatten()
    }
}

fn path(name: &str) -> String {
    format!("auth.{name}")
}

/// A text that is needed and short enough.
fn text(given: &mut Option<String>, name: &str, faults: &mut Faults) -> String {
    let text = given.take().unwrap_or_default();
    if text.is_empty() || TEXT_BYTES_MAX < text.len() {
        faults.add(&path(name), format!("is needed, with 1 to {TEXT_BYTES_MAX} bytes"));
    } else if text.chars().any(char::is_control) {
        faults.add(&path(name), "has a control character, such as a line break; leave it out");
    }
    text
}

/// What it sets must be a header that can be sent; a part that is missing is named already.
fn check_header(auth: &EndpointAuth, faults: &mut Faults) {
    let (name, value) = (auth.header_name(), auth.header_value(b""));
    if OWN_HEADERS.iter().any(|start| name.trim().to_ascii_lowercase().starts_with(start)) {
        faults.add(&path("header"), "is one that the host sets itself; choose another");
    }
    if name.is_empty() || auth.secret().is_empty() {
        return;
    }
    if auth.kind() == AuthKind::Bearer && auth.secret().contains(|c: char| c == ' ' || !c.is_ascii_graphic()) {
        faults.add(&path("token"), "has blanks or characters beyond ASCII, which no bearer token has (RFC 6750)");
    } else if let Err(errors) = HeaderList::new([(name, value.as_str())]) {
        for error in errors {
            faults.add("auth", format!("is rejected: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::endpoint::{ClientEndpoint, ClientEndpointDraft};
    use crate::error::ApiError;
    use crate::net_policy::Schemes;
    use hmac::{Hmac, Mac};
    use serde_json::{Value, json};
    use sha2::Sha256;

    fn endpoint(auth: Value) -> Result<ClientEndpoint, ApiError> {
        let draft = json!({"url": "https://x.example/", "headers": {"X-Key": "k"}, "auth": auth});
        serde_json::from_value::<ClientEndpointDraft>(draft).unwrap().check(Schemes::HttpsOnly, Timestamp(0))
    }

    /// The header that a request with a body has.
    fn header(auth: Value, body: &[u8]) -> (String, String) {
        let auth = endpoint(auth).unwrap().auth.unwrap();
        (auth.header_name().to_owned(), auth.header_value(body))
    }

    /// L8: the examples of the standards. Basic: RFC 7617, 2. Bearer: RFC 6750, 2.1. HMAC: RFC 4231, 4.3 and 4.7 (a key beyond a block), and
    /// GitHub's documentation of webhooks.
    #[test]
    fn l8_each_kind_is_as_its_standard_says() {
        let basic = header(json!({"kind": "basic", "username": "Aladdin", "password": "open sesame"}), b"");
        assert_eq!(basic, ("authorization".into(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".into()));
        let bearer = header(json!({"kind": "bearer", "token": "mF_9.B5f-4.1JqM"}), b"x");
        assert_eq!(bearer, ("authorization".into(), "Bearer mF_9.B5f-4.1JqM".into()));
        let own = header(json!({"kind": "header", "header": "X-Api-Key", "value": "k 1"}), b"x");
        assert_eq!(own, ("X-Api-Key".into(), "k 1".into()));
        let rfc = header(json!({"kind": "hmac", "secret": "Jefe", "prefix": ""}), b"what do ya want for nothing?");
        assert_eq!(rfc.1, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let github = header(json!({"kind": "hmac", "secret": "It's a Secret to Everybody"}), b"Hello, World!");
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(github, ("x-hub-signature-256".into(), expected.into()));
        let base64 =
            json!({"kind": "hmac", "secret": "Jefe", "prefix": "v1 ", "encoding": "base64", "header": "X-Sig"});
        let expected = ("X-Sig".into(), "v1 W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=".into());
        assert_eq!(header(base64, b"what do ya want for nothing?"), expected);
    }

    /// A key beyond a block counts by its digest: the same key, hashed by hand, signs alike.
    #[test]
    fn l8_a_long_key_counts_by_its_digest() {
        let long = "k".repeat(65);
        let signed = header(json!({"kind": "hmac", "secret": long, "prefix": ""}), b"body").1;
        let mut known = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(long.as_bytes()).unwrap();
        known.update(b"body");
        let known: String = known.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signed, known);
    }

    #[test]
    fn l8_no_authentication_is_none() {
        for none in [Value::Null, json!({"kind": "none"})] {
            assert_eq!(endpoint(none).unwrap().auth, None);
        }
    }

    /// L8: everything wrong is named at once, each by its field.
    #[test]
    fn l8_a_wrong_authentication_is_named() {
        let long = "x".repeat(1_025);
        let table = [
            (json!({"kind": "none", "token": "t"}), vec!["auth.token"]),
            (json!({"kind": "basic", "token": "t"}), vec!["auth.username", "auth.password", "auth.token"]),
            (json!({"kind": "basic", "username": "a:b", "password": "p"}), vec!["auth.username"]),
            (json!({"kind": "basic", "username": "a", "password": "p\n"}), vec!["auth.password"]),
            (json!({"kind": "bearer", "token": ""}), vec!["auth.token"]),
            (json!({"kind": "bearer", "token": "a b"}), vec!["auth.token"]),
            (json!({"kind": "bearer", "token": long}), vec!["auth.token"]),
            (json!({"kind": "header", "header": "Host", "value": "x"}), vec!["auth"]),
            (json!({"kind": "header", "header": "a b", "value": "x"}), vec!["auth"]),
            (json!({"kind": "header", "header": "x-key", "value": "x"}), vec!["headers"]),
            (json!({"kind": "header", "header": "X-Other", "value": "ü"}), vec!["auth"]),
            (json!({"kind": "hmac", "secret": "s", "prefix": "ü"}), vec!["auth"]),
            (json!({"kind": "hmac", "header": "x", "encoding": "hex"}), vec!["auth.secret"]),
            (json!({"kind": "bearer", "token": "t", "encoding": "hex"}), vec!["auth.encoding"]),
            (json!({"kind": "hmac", "secret": "s", "header": ""}), vec!["auth.header"]),
            (json!({"kind": "hmac", "secret": "s", "header": "Hookmill-Submission-Id"}), vec!["auth.header"]),
            (json!({"kind": "header", "header": "content-type", "value": "s"}), vec!["auth.header"]),
        ];
        for (auth, expected) in table {
            let error = endpoint(auth.clone()).unwrap_err();
            let paths: Vec<&str> = error.details.iter().map(|detail| detail.path.as_str()).collect();
            assert_eq!(paths, expected, "{auth}: {}", error.message);
        }
    }

    /// Secrets are not in logs.
    #[test]
    fn l8_an_authentication_shows_no_secret() {
        let auth = endpoint(json!({"kind": "bearer", "token": "hush-hush"})).unwrap();
        assert!(!format!("{auth:?}").contains("hush-hush"));
    }
}
