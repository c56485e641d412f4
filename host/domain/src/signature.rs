//! Signatures by the Standard Webhooks specification, made on what the host sends and checked on what it receives.
//!
//! The signature is an HMAC-SHA256 over `{id}.{timestamp}.{body}`, the body being the exact bytes on the wire, whatever
//! their content type. While a secret is being replaced, each of the secrets signs, so that a receiver can change over at
//! any moment between.

mod secret;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

pub(crate) use secret::hmac_sha256;
pub use secret::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, SECRET_PREFIX, SECRETS_MAX, SecretError, SigningSecret};

/// The header with the id of the message.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of signing, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The most signatures of a received header that are checked.
pub const SIGNATURES_MAX: usize = 16;
/// The longest id that is signed.
pub const ID_BYTES_MAX: usize = 255;
/// How far a received timestamp may be from the clock, the value the specification's own libraries use.
pub const TOLERANCE_S: i64 = 300;

const VERSION: &str = "v1";
/// The secrets of one endpoint, the newest first: at least one, at most `SECRETS_MAX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecrets(Vec<SigningSecret>);

/// What is signed: an id, the time of signing and the bytes of the body.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    id: &'a str,
    timestamp_s: i64,
    body: &'a [u8],
}

/// The three headers of a received message, unchecked.
#[derive(Debug, Clone, Copy)]
pub struct SignedHeaders<'a> {
    /// The value of `webhook-id`.
    pub id: &'a str,
    /// The value of `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The value of `webhook-signature`.
    pub signature: &'a str,
}

/// Why a message can't be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{id}` can't be the id of a signed message: it takes 1 to {ID_BYTES_MAX} visible ASCII characters without a dot"
)]
pub struct MessageIdError {
    id: String,
}

/// Why a received message is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The timestamp is not a number of seconds.
    #[error("`webhook-timestamp` is `{text}`, which is not a number of seconds since 1970")]
    Timestamp {
        /// What stood there, shortened.
        text: String,
    },
    /// The message was signed too long ago, or a recording is being replayed.
    #[error("`webhook-timestamp` is {by_s} s in the past; at most {tolerance_s} s are allowed")]
    TooOld {
        /// How far in the past it is.
        by_s: i64,
        /// How far it may be.
        tolerance_s: i64,
    },
    /// The message claims to come from the future.
    #[error("`webhook-timestamp` is {by_s} s in the future; at most {tolerance_s} s are allowed: compare the clocks")]
    TooNew {
        /// How far in the future it is.
        by_s: i64,
        /// How far it may be.
        tolerance_s: i64,
    },
    /// No signature fits the bytes and any of the secrets.
    #[error("no `v1` signature in `webhook-signature` fits these bytes and this secret")]
    Mismatch,
}

impl SigningSecrets {
    /// Takes the secrets of an endpoint, the newest first.
    pub fn new(secrets: Vec<SigningSecret>) -> Result<Self, SecretError> {
        let count = secrets.len();
        if count == 0 || SECRETS_MAX < count {
            return Err(SecretError::Count { count });
        }
        Ok(Self(secrets))
    }

    /// The secrets, the newest first.
    pub fn as_slice(&self) -> &[SigningSecret] {
        &self.0
    }

    /// The value of `webhook-signature`: one `v1,<base64>` for each secret, with spaces between.
    pub fn sign(&self, message: Message<'_>) -> String {
        let signatures = self.0.iter().map(|secret| {
            let mac = secret.sign(message.id, message.timestamp_s, message.body);
            format!("{VERSION},{}", STANDARD.encode(mac))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }

    /// Checks whether a received message was signed with any of these secrets within the tolerance around `now_s`. Only the
    /// first `SIGNATURES_MAX` signatures count; signatures of other versions are passed over.
    pub fn verify(
        &self,
        headers: SignedHeaders<'_>,
        body: &[u8],
        now_s: i64,
        tolerance_s: i64,
    ) -> Result<(), VerifyError> {
        let timestamp_s = recent(headers.timestamp, now_s, tolerance_s)?;
        let expected = self.0.iter().map(|secret| secret.sign(headers.id, timestamp_s, body)).collect::<Vec<_>>();
        let given =
            headers.signature.split(' ').filter(|text| !text.is_empty()).take(SIGNATURES_MAX).filter_map(decode_mac);
        let mut fits = subtle::Choice::from(0);
        for given in given {
            for expected in &expected {
                fits |= given.as_slice().ct_eq(expected);
            }
        }
        if bool::from(fits) { Ok(()) } else { Err(VerifyError::Mismatch) }
    }
}

/// Whether two texts are the same, in a time that does not say where they differ.
pub fn constant_time_eq(given: &[u8], expected: &[u8]) -> bool {
    given.ct_eq(expected).into()
}

impl<'a> Message<'a> {
    /// Takes what is to be signed. An id with a dot is rejected, because the end of the id and the begin of the timestamp
    /// could then be read in two ways.
    pub fn new(id: &'a str, timestamp_s: i64, body: &'a [u8]) -> Result<Self, MessageIdError> {
        let visible = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
        if id.is_empty() || ID_BYTES_MAX < id.len() || !visible {
            return Err(MessageIdError { id: id.chars().take(ID_BYTES_MAX).collect() });
        }
        Ok(Self { id, timestamp_s, body })
    }
}

fn recent(text: &str, now_s: i64, tolerance_s: i64) -> Result<i64, VerifyError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = if digits { text.parse::<i64>().ok() } else { None };
    let Some(timestamp_s) = parsed else {
        return Err(VerifyError::Timestamp { text: text.chars().take(32).collect() });
    };
    let age_s = now_s.saturating_sub(timestamp_s);
    if tolerance_s < age_s {
        return Err(VerifyError::TooOld { by_s: age_s, tolerance_s });
    }
    if age_s < -tolerance_s {
        return Err(VerifyError::TooNew { by_s: -age_s, tolerance_s });
    }
    Ok(timestamp_s)
}

fn decode_mac(signature: &str) -> Option<Vec<u8>> {
    let (version, encoded) = signature.split_once(',')?;
    if version != VERSION {
        return None;
    }
    STANDARD.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUBLISHED_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn secrets(texts: &[&str]) -> SigningSecrets {
        let parsed = texts.iter().map(|text| SigningSecret::parse(text).expect("a secret")).collect();
        SigningSecrets::new(parsed).expect("a list")
    }

    fn signed(secrets: &SigningSecrets, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        secrets.sign(Message::new(id, timestamp_s, body).expect("a message"))
    }

    /// W10: the vectors published with the specification and its libraries.
    #[test]
    fn w10_signs_as_published() {
        let table = [
            (
                PUBLISHED_SECRET,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                OTHER_SECRET,
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
        ];
        for (secret, id, timestamp_s, body, signature) in table {
            let secrets = secrets(&[secret]);
            assert_eq!(signed(&secrets, id, timestamp_s, body.as_bytes()), signature);
            let headers = SignedHeaders { id, timestamp: &timestamp_s.to_string(), signature };
            assert_eq!(secrets.verify(headers, body.as_bytes(), timestamp_s, TOLERANCE_S), Ok(()));
        }
    }

    /// W10: during rotation both secrets sign, the newest first, and a receiver with either believes it.
    #[test]
    fn w10_each_secret_signs_during_rotation() {
        let (new, old) = (secrets(&[PUBLISHED_SECRET]), secrets(&[OTHER_SECRET]));
        let both = secrets(&[PUBLISHED_SECRET, OTHER_SECRET]);
        let signature = signed(&both, "evt_1", 100, b"a=1&b=2");
        let expected = format!("{} {}", signed(&new, "evt_1", 100, b"a=1&b=2"), signed(&old, "evt_1", 100, b"a=1&b=2"));
        assert_eq!(signature, expected);
        let headers = SignedHeaders { id: "evt_1", timestamp: "100", signature: &signature };
        for receiver in [new, old, both] {
            assert_eq!(receiver.verify(headers, b"a=1&b=2", 100, TOLERANCE_S), Ok(()));
        }
    }

    /// W10, I13: a timestamp outside the tolerance is rejected on both sides, one that is not a number is rejected as such.
    #[test]
    fn w10_the_timestamp_is_bounded() {
        let secrets = secrets(&[PUBLISHED_SECRET]);
        let verdict = |timestamp: &str, now_s: i64| {
            let signature = signed(&secrets, "evt_1", timestamp.trim_start_matches('+').parse().unwrap_or(0), b"{}");
            secrets.verify(SignedHeaders { id: "evt_1", timestamp, signature: &signature }, b"{}", now_s, TOLERANCE_S)
        };
        assert_eq!(verdict("1000", 1300), Ok(()));
        assert_eq!(verdict("1000", 700), Ok(()));
        assert_eq!(verdict("1000", 1301), Err(VerifyError::TooOld { by_s: 301, tolerance_s: 300 }));
        assert_eq!(verdict("1000", 699), Err(VerifyError::TooNew { by_s: 301, tolerance_s: 300 }));
        for text in ["", "soon", "-1", "+1000", "1e3", "1000.0", " 1000", "99999999999999999999", "١٢٣"] {
            assert!(matches!(verdict(text, 1000), Err(VerifyError::Timestamp { .. })), "{text:?}");
        }
    }

    /// I13: other versions, garbage, truncated signatures and floods of them don't convince.
    #[test]
    fn w10_only_a_whole_v1_signature_counts() {
        let secrets = secrets(&[PUBLISHED_SECRET]);
        let right = signed(&secrets, "evt_1", 100, b"{}");
        let verify = |signature: &str| {
            secrets.verify(SignedHeaders { id: "evt_1", timestamp: "100", signature }, b"{}", 100, TOLERANCE_S)
        };
        assert_eq!(verify(&format!("v1a,AAAA v2,x garbage v1, {right}")), Ok(()));
        let flood = "v1,AAAA ".repeat(SIGNATURES_MAX);
        let wrong = [
            String::new(),
            right.replace("v1,", "v1a,"),
            right.replace("v1,", ""),
            right[..right.len() - 4].to_owned(),
            "v1,".to_owned(),
            format!("{flood}{right}"),
        ];
        for signature in wrong {
            assert_eq!(verify(&signature), Err(VerifyError::Mismatch), "{signature:?}");
        }
    }

    /// W10: how many secrets sign.
    #[test]
    fn w10_the_number_of_secrets_is_bounded() {
        let secret = SigningSecret::parse(PUBLISHED_SECRET).expect("a secret");
        for (count, good) in [(0, false), (1, true), (SECRETS_MAX, true), (SECRETS_MAX + 1, false)] {
            assert_eq!(SigningSecrets::new(vec![secret.clone(); count]).is_ok(), good, "{count}");
        }
    }

    /// W10: an id whose end can't be told from the timestamp is not signed.
    #[test]
    fn w10_an_id_is_unambiguous() {
        for id in ["", "a.1", "a b", "é", "a\n", &"x".repeat(256)] {
            assert!(Message::new(id, 1, b"").is_err(), "{id:?}");
        }
    }

    proptest! {
        /// W10: what is signed is believed by each secret, and not after any change to id, time, body or secret.
        #[test]
        fn w10_a_signature_binds_every_part(
            keys in prop::collection::vec(prop::collection::vec(any::<u8>(), SECRET_BYTES_MIN..=SECRET_BYTES_MAX), 1..=SECRETS_MAX),
            id in "[a-z]{1,8}_[0-9a-z]{26}",
            timestamp_s in 0_i64..4_000_000_000,
            body in prop::collection::vec(any::<u8>(), 0..300),
            extra in any::<u8>(),
        ) {
            let parsed = keys.iter().cloned().map(|key| SigningSecret::from_bytes(key).expect("a key")).collect::<Vec<_>>();
            let all = SigningSecrets::new(parsed.clone()).expect("a list");
            let signature = signed(&all, &id, timestamp_s, &body);
            let timestamp = timestamp_s.to_string();
            let headers = SignedHeaders { id: &id, timestamp: &timestamp, signature: &signature };
            for secret in parsed {
                let one = SigningSecrets::new(vec![secret]).expect("a list");
                prop_assert_eq!(one.verify(headers, &body, timestamp_s, TOLERANCE_S), Ok(()));
            }
            let mut longer = body.clone();
            longer.push(extra);
            prop_assert_eq!(all.verify(headers, &longer, timestamp_s, TOLERANCE_S), Err(VerifyError::Mismatch));
            let later = (timestamp_s + 1).to_string();
            let moved = SignedHeaders { timestamp: &later, ..headers };
            prop_assert_eq!(all.verify(moved, &body, timestamp_s, TOLERANCE_S), Err(VerifyError::Mismatch));
            let renamed = SignedHeaders { id: "evt", ..headers };
            prop_assert_eq!(all.verify(renamed, &body, timestamp_s, TOLERANCE_S), Err(VerifyError::Mismatch));
            let stranger = SigningSecrets::new(vec![SigningSecret::from_bytes(vec![extra; 33]).expect("a key")]).expect("a list");
            prop_assert_eq!(stranger.verify(headers, &body, timestamp_s, TOLERANCE_S), Err(VerifyError::Mismatch));
        }
    }
}
