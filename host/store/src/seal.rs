//! Secrets at rest (H5): sealed with a key that is never in the database. Whoever has a copy of the data alone reads none of
//! them. XChaCha20-Poly1305, because its nonce is long enough to be drawn at random.

use super::{Store, StoreError};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const NONCE_BYTES: usize = 24;
/// The first byte of everything sealed, so that the form can change.
const FORM: u8 = 1;
const PROOF: &[u8] = b"hookmill";

/// Seals and opens.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&key.into()) }
    }

    /// Seals. `purpose` says what the secret is, and the same must be said to open it: no secret can be put in another's place.
    pub fn seal(&self, nonce: [u8; NONCE_BYTES], purpose: &str, secret: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        // The cipher fails only above 256 GiB.
        #[allow(clippy::expect_used, reason = "see above")]
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("a secret is short");
        [&[FORM], nonce.as_slice(), sealed.as_slice()].concat()
    }

    /// Opens what was sealed for this purpose; none when it was not, or with another key.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = sealed.split_first()?;
        if *form != FORM || rest.len() < NONCE_BYTES {
            return None;
        }
        let (nonce, message) = rest.split_at(NONCE_BYTES);
        self.cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: message, aad: purpose.as_bytes() }).ok()
    }
}

impl Store {
    /// Seals with a nonce of its own.
    pub(super) fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_BYTES];
        self.ids.fill(&mut nonce);
        self.sealer.seal(nonce, purpose, secret)
    }

    /// Opens, or says which row can't be opened.
    pub(super) fn unseal(
        &self,
        purpose: &str,
        table: &'static str,
        row: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.sealer
            .open(purpose, sealed)
            .ok_or_else(|| StoreError::corrupt(table, row, "encrypted with another key, or changed"))
    }

    /// Writes a proof of the key on first use, and never continues with another key.
    pub(super) async fn check_key(&self) -> Result<(), StoreError> {
        let fresh = self.seal("proof of the key", PROOF);
        let kept: Vec<u8> = writing!(self, connection => {
            sqlx::query("insert into meta (name, value) values ('key_proof', $1) on conflict (name) do nothing")
                .bind(fresh.as_slice()).execute(&mut *connection).await?;
            sqlx::query_scalar("select value from meta where name = 'key_proof'").fetch_one(&mut *connection).await?
        });
        match self.sealer.open("proof of the key", &kept).as_deref() {
            Some(PROOF) => Ok(()),
            _ => Err(StoreError::Key(
                "the secrets in this database are encrypted with another key: start with the key file or HOOKMILL_KEY of its first start".into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn h5_only_the_same_key_and_purpose_open(secret in proptest::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>()) {
            let sealer = Sealer::new([1; 32]);
            let sealed = sealer.seal([9; NONCE_BYTES], "a", &secret);
            prop_assert_eq!(sealer.open("a", &sealed), Some(secret));
            prop_assert_eq!(sealer.open("b", &sealed), None);
            prop_assert_eq!(Sealer::new([2; 32]).open("a", &sealed), None);
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1;
            prop_assert_eq!(sealer.open("a", &changed), None);
            prop_assert_eq!(sealer.open("a", &sealed[..at.index(sealed.len())]), None);
        }
    }
}
