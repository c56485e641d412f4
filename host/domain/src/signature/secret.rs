//! Secrets that sign.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The block of SHA-256, in bytes (RFC 2104).
const BLOCK_BYTES: usize = 64;
/// How a secret begins when it is shown to people.
pub const SECRET_PREFIX: &str = "whsec_";
/// The fewest bytes of a secret.
pub const SECRET_BYTES_MIN: usize = 24;
/// The most bytes of a secret.
pub const SECRET_BYTES_MAX: usize = 64;
/// How many secrets may sign at once while one replaces another.
pub const SECRETS_MAX: usize = 4;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One signing secret. It never shows itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

/// Why a text is not a signing secret. The text itself is not repeated: it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The part after the prefix is not base64.
    #[error("a signing secret is `whsec_` followed by base64, and this is not base64; leave it empty to generate one")]
    NotBase64,
    /// The secret is too short or too long.
    #[error(
        "this signing secret has {bytes} bytes, and it needs {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX}; leave it empty to generate one"
    )]
    Length {
        /// How many bytes it has.
        bytes: usize,
    },
    /// No secret, or too many of them.
    #[error("an endpoint signs with 1 to {SECRETS_MAX} secrets at once, not with {count}; end an older rotation first")]
    Count {
        /// How many there are.
        count: usize,
    },
}

impl SigningSecret {
    /// Reads a secret as it is shown to people: `whsec_` and base64. The prefix may be missing, and so may the padding.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        let bytes = LENIENT.decode(encoded).map_err(|_| SecretError::NotBase64)?;
        Self::from_bytes(bytes)
    }

    /// Takes the bytes of a secret, freshly drawn for a new endpoint or unsealed for an old one.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SecretError> {
        let allowed = SECRET_BYTES_MIN..=SECRET_BYTES_MAX;
        if !allowed.contains(&bytes.len()) {
            return Err(SecretError::Length { bytes: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// The bytes, to be encrypted.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text for the one moment when it is shown.
    pub fn reveal(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The HMAC of what the specification signs.
    pub(super) fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.0, &[format!("{id}.{timestamp_s}.").as_bytes(), body])
    }
}

/// The HMAC of these parts one after another, with SHA-256 (RFC 2104). A key that is longer than a block counts by its digest.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let digest = Sha256::digest(key);
    let key = if BLOCK_BYTES < key.len() { digest.as_slice() } else { key };
    // HMAC takes a key of any length, so the constructor's error can't occur; `new` on a padded block says the same
    // without a fallible call, but only for keys of exactly one block.
    let mut block = [0; BLOCK_BYTES];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// W10: what is taken for a secret.
    #[test]
    fn w10_a_secret_has_a_length_and_a_spelling() {
        let bare = PUBLISHED_SECRET.trim_start_matches(SECRET_PREFIX);
        assert_eq!(SigningSecret::parse(bare), SigningSecret::parse(PUBLISHED_SECRET));
        assert_eq!(SigningSecret::parse("whsec_not base64!"), Err(SecretError::NotBase64));
        assert_eq!(SigningSecret::parse("whsec_"), Err(SecretError::Length { bytes: 0 }));
        assert_eq!(SigningSecret::parse("whsec_c2hvcnQ="), Err(SecretError::Length { bytes: 5 }));
        assert_eq!(SigningSecret::parse("whsec_c2hvcnQ"), Err(SecretError::Length { bytes: 5 }));
        assert_eq!(SigningSecret::from_bytes(vec![0; 65]), Err(SecretError::Length { bytes: 65 }));
        let secret = SigningSecret::parse(PUBLISHED_SECRET).expect("a secret");
        assert_eq!(secret.reveal(), PUBLISHED_SECRET);
        assert_eq!(format!("{secret:?}"), "SigningSecret(hidden)");
    }
}
