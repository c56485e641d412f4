//! How a sender shows that it is who it says (I13): a signature of the body, or a shared secret.

use crate::endpoint::Faults;
use crate::hex::write_hex;
use crate::signature::{SignedHeaders, TOLERANCE_S, constant_time_eq, hmac_sha256};
use crate::webhook::settings::signing_secrets;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many bytes a secret may have.
const SECRET_BYTES_MAX: usize = 1_024;
/// Where GitHub and Meta have their signature.
const HUB_HEADER: &str = "x-hub-signature-256";
/// Where a shared secret is looked for that names no header.
const SECRET_HEADER: &str = "x-webhook-secret";

/// The kinds of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InboundProofKind)]
pub enum ProofKind {
    /// `X-Hub-Signature-256`: the HMAC of the body with SHA-256, as GitHub and Meta send it.
    HubSignature,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks.
    StandardWebhooks,
    /// A secret in a header.
    SharedSecret,
}

/// A proof that is asked for. It never shows its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Its kind.
    pub kind: ProofKind,
    /// The secret.
    pub secret: String,
    /// The header of a shared secret, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({:?}, hidden)", self.kind)
    }
}

/// A proof as the API receives it, unchecked.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InboundProofDraft)]
pub struct ProofDraft {
    /// Its kind.
    pub kind: ProofKind,
    /// The secret; of `standard_webhooks` `whsec_` and base64. `***` keeps the stored one of the same kind.
    #[serde(default)]
    pub secret: String,
    /// Of `shared_secret`: the header that has it; `x-webhook-secret` if not given.
    #[serde(default)]
    pub header: Option<String>,
}

impl ProofDraft {
    pub(super) fn check(self, stored: Option<&Proof>, faults: &mut Faults) -> Option<Proof> {
        let Self { kind, mut secret, header } = self;
        if secret == "***"
            && let Some(kept) = stored.filter(|stored| stored.kind == kind)
        {
            secret.clone_from(&kept.secret);
        }
        if secret.is_empty() || SECRET_BYTES_MAX < secret.len() || secret == "***" {
            faults.add("proof.secret", format!("is needed, with 1 to {SECRET_BYTES_MAX} bytes"));
            return None;
        }
        if kind == ProofKind::SharedSecret
            && (secret.trim() != secret || !secret.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        {
            faults.add(
                "proof.secret",
                "must be of visible ASCII characters, without blanks at its ends: it is sent in a header",
            );
        }
        if kind == ProofKind::StandardWebhooks
            && let Err(error) = signing_secrets(std::slice::from_ref(&secret))
        {
            faults.add("proof.secret", format!("is rejected: {error}"));
        }
        let header = header.map(|name| name.trim().to_ascii_lowercase());
        if header.is_some() && kind != ProofKind::SharedSecret {
            faults.add("proof.header", "belongs to `shared_secret` alone; leave it out");
        }
        let is_name = |name: &String| {
            !name.is_empty()
                && name.len() <= 100
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if header.as_ref().is_some_and(|name| !is_name(name)) {
            faults.add("proof.header", "must be the name of a header");
        }
        Some(Proof { kind, secret, header })
    }
}

impl Proof {
    /// Whether it can be checked before a body is read.
    pub fn is_in_head(&self) -> bool {
        self.kind == ProofKind::SharedSecret
    }

    /// Whether a request shows it: `header` gives a header by its name in lower case, empty where it is not there.
    ///
    /// # Errors
    /// What is missing or wrong, for the sender.
    pub fn check<'a>(&self, header: impl Fn(&str) -> &'a str, body: &[u8], now_s: i64) -> Result<(), String> {
        match self.kind {
            ProofKind::HubSignature => {
                let expected = format!("sha256={}", write_hex(&hmac_sha256(self.secret.as_bytes(), &[body])));
                is_same(HUB_HEADER, header(HUB_HEADER), &expected)
            }
            ProofKind::SharedSecret => {
                let name = self.header.as_deref().unwrap_or(SECRET_HEADER);
                is_same(name, header(name), &self.secret)
            }
            ProofKind::StandardWebhooks => {
                let secrets = signing_secrets(std::slice::from_ref(&self.secret)).map_err(|error| error.to_string())?;
                let signed = SignedHeaders {
                    id: header("webhook-id"),
                    timestamp: header("webhook-timestamp"),
                    signature: header("webhook-signature"),
                };
                secrets.verify(signed, body, now_s, TOLERANCE_S).map_err(|error| error.to_string())
            }
        }
    }
}

fn is_same(name: &str, given: &str, expected: &str) -> Result<(), String> {
    if given.is_empty() {
        return Err(format!("the header `{name}` is missing"));
    }
    match constant_time_eq(given.trim().as_bytes(), expected.as_bytes()) {
        true => Ok(()),
        false => Err(format!("the header `{name}` is not what was expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{Message, SigningSecret};

    fn proof(kind: ProofKind, secret: &str, header: Option<&str>) -> Proof {
        Proof { kind, secret: secret.to_owned(), header: header.map(str::to_owned) }
    }

    /// I13: GitHub's example.
    #[test]
    fn i13_a_hub_signature_is_that_of_the_body() {
        let proof = proof(ProofKind::HubSignature, "It's a Secret to Everybody", None);
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let sent = |value: &'static str| move |name: &str| if name == HUB_HEADER { value } else { "" };
        assert_eq!(proof.check(sent(signature), b"Hello, World!", 0), Ok(()));
        assert!(proof.check(sent(signature), b"Hello, World?", 0).is_err());
        assert!(proof.check(sent("sha256=75"), b"Hello, World!", 0).is_err());
        assert!(proof.check(sent(""), b"Hello, World!", 0).unwrap_err().contains("missing"));
    }

    #[test]
    fn i13_a_secret_that_no_header_can_have_is_rejected() {
        for (secret, fits) in [("hush hush", true), (" hush", false), ("hüsch", false), ("", false), ("a\nb", false)] {
            let mut faults = Faults::default();
            let draft = ProofDraft { kind: ProofKind::SharedSecret, secret: secret.to_owned(), header: None };
            let _ = draft.check(None, &mut faults);
            assert_eq!(faults.is_empty(), fits, "{secret:?}");
        }
    }

    #[test]
    fn i13_standard_webhooks_are_verified() {
        let secret = SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal();
        let signature =
            signing_secrets(std::slice::from_ref(&secret)).unwrap().sign(Message::new("m1", 1_000, b"{}").unwrap());
        let proof = proof(ProofKind::StandardWebhooks, &secret, None);
        let sent = |name: &str| match name {
            "webhook-id" => "m1",
            "webhook-timestamp" => "1000",
            "webhook-signature" => signature.as_str(),
            _ => "",
        };
        assert_eq!(proof.check(sent, b"{}", 1_010), Ok(()));
        assert!(proof.check(sent, b"{ }", 1_010).is_err());
        assert!(proof.check(sent, b"{}", 1_000 + TOLERANCE_S + 1).is_err());
    }

    #[test]
    fn i13_a_shared_secret_is_in_its_header() {
        let usual = proof(ProofKind::SharedSecret, "hush", None);
        let named = proof(ProofKind::SharedSecret, "hush", Some("x-typeform-key"));
        let sent = |at: &'static str| move |name: &str| if name == at { "hush" } else { "" };
        assert_eq!(usual.check(sent(SECRET_HEADER), b"", 0), Ok(()));
        assert_eq!(named.check(sent("x-typeform-key"), b"", 0), Ok(()));
        assert!(named.check(sent(SECRET_HEADER), b"", 0).is_err());
        assert!(!format!("{named:?}").contains("hush"));
    }
}
