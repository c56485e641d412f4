//! Secrets at rest (H5): encrypted with a key that is never in the database, so that a copy of the database reveals none of
//! them. XChaCha20-Poly1305, because its nonce is long enough to be drawn at random.

use super::{Store, StoreError};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

pub(super) const NONCE_BYTES: usize = 24;
/// The first byte of every ciphertext, so that the format can change.
const FORM: u8 = 1;
pub(super) const PROOF: &[u8] = b"hookmill";
/// What the proof of the key is encrypted for.
pub(super) const PROOF_PURPOSE: &str = "proof of the key";

/// A key, as it is kept outside the database.
pub type KeyBytes = [u8; 32];

/// Encrypts and decrypts secrets.
#[derive(Clone)]
pub struct Cipher {
    aead: XChaCha20Poly1305,
    /// Those of other keys, which only decrypt: secrets are under them while the key is being replaced.
    others: Vec<XChaCha20Poly1305>,
}

/// What becomes of a ciphertext when the key is replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reencrypted {
    /// It is under the key already.
    Current,
    /// It was under another one.
    Changed(Vec<u8>),
    /// None of the keys opens it.
    Unreadable,
}

impl Cipher {
    /// A cipher with this key.
    pub fn new(key: KeyBytes) -> Self {
        Self::with_others(key, &[])
    }

    /// A cipher that encrypts with this key, and decrypts with the others as well.
    pub fn with_others(key: KeyBytes, others: &[KeyBytes]) -> Self {
        let aead = |key: &KeyBytes| XChaCha20Poly1305::new(key.into());
        Self { aead: aead(&key), others: others.iter().map(aead).collect() }
    }

    /// The same secret under the key that encrypts.
    pub(super) fn reencrypt(&self, nonce: [u8; NONCE_BYTES], purpose: &str, ciphertext: &[u8]) -> Reencrypted {
        if open(&self.aead, purpose, ciphertext).is_some() {
            return Reencrypted::Current;
        }
        match self.decrypt(purpose, ciphertext) {
            Some(secret) => Reencrypted::Changed(self.encrypt(nonce, purpose, &secret)),
            None => Reencrypted::Unreadable,
        }
    }

    /// Encrypts a secret. Decryption needs the same `purpose`, so that no ciphertext can be put in another's place.
    pub fn encrypt(&self, nonce: [u8; NONCE_BYTES], purpose: &str, secret: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        // The cipher fails only above 256 GiB.
        #[allow(clippy::expect_used, reason = "see above")]
        let ciphertext = self.aead.encrypt(XNonce::from_slice(&nonce), payload).expect("a secret is short");
        [&[FORM], nonce.as_slice(), ciphertext.as_slice()].concat()
    }

    /// Decrypts a ciphertext of this purpose; none when it has another purpose or none of the keys, or was changed.
    pub fn decrypt(&self, purpose: &str, ciphertext: &[u8]) -> Option<Vec<u8>> {
        std::iter::once(&self.aead).chain(&self.others).find_map(|aead| open(aead, purpose, ciphertext))
    }
}

fn open(aead: &XChaCha20Poly1305, purpose: &str, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let (form, rest) = ciphertext.split_first()?;
    if *form != FORM || rest.len() < NONCE_BYTES {
        return None;
    }
    let (nonce, message) = rest.split_at(NONCE_BYTES);
    aead.decrypt(XNonce::from_slice(nonce), Payload { msg: message, aad: purpose.as_bytes() }).ok()
}

impl Store {
    /// Encrypts a secret with a new nonce.
    pub(super) fn encrypt(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        self.cipher.encrypt(self.nonce(), purpose, secret)
    }

    /// A new nonce.
    pub(super) fn nonce(&self) -> [u8; NONCE_BYTES] {
        let mut nonce = [0_u8; NONCE_BYTES];
        self.ids.fill(&mut nonce);
        nonce
    }

    /// Decrypts the secret of a row; the error names the row.
    pub(super) fn decrypt(
        &self,
        purpose: &str,
        table: &'static str,
        row: &str,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.cipher
            .decrypt(purpose, ciphertext)
            .ok_or_else(|| StoreError::corrupt(table, row, "encrypted with another key, or changed"))
    }

    /// Writes a proof of the key on first use, and never continues with another key.
    pub(super) async fn check_key(&self) -> Result<(), StoreError> {
        let fresh = self.encrypt(PROOF_PURPOSE, PROOF);
        let kept: Vec<u8> = writing!(self, connection => {
            sqlx::query("insert into meta (name, value) values ('key_proof', $1) on conflict (name) do nothing")
                .bind(fresh.as_slice()).execute(&mut *connection).await?;
            sqlx::query_scalar("select value from meta where name = 'key_proof'").fetch_one(&mut *connection).await?
        });
        match self.cipher.decrypt(PROOF_PURPOSE, &kept).as_deref() {
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
            let cipher = Cipher::new([1; 32]);
            let ciphertext = cipher.encrypt([9; NONCE_BYTES], "a", &secret);
            prop_assert_eq!(cipher.decrypt("a", &ciphertext), Some(secret));
            prop_assert_eq!(cipher.decrypt("b", &ciphertext), None);
            prop_assert_eq!(Cipher::new([2; 32]).decrypt("a", &ciphertext), None);
            let mut changed = ciphertext.clone();
            changed[at.index(ciphertext.len())] ^= 1;
            prop_assert_eq!(cipher.decrypt("a", &changed), None);
            prop_assert_eq!(cipher.decrypt("a", &ciphertext[..at.index(ciphertext.len())]), None);
        }

        /// H5: while a key is being replaced both open; what is encrypted anew opens under the new one alone.
        #[test]
        fn h5_a_secret_moves_to_another_key(secret in proptest::collection::vec(any::<u8>(), 0..100)) {
            let (old, both) = (Cipher::new([1; 32]), Cipher::with_others([2; 32], &[[1; 32]]));
            let ciphertext = old.encrypt([9; NONCE_BYTES], "a", &secret);
            prop_assert_eq!(both.decrypt("a", &ciphertext), Some(secret.clone()));
            let Reencrypted::Changed(moved) = both.reencrypt([8; NONCE_BYTES], "a", &ciphertext) else { panic!("it was under another key") };
            prop_assert_eq!(Cipher::new([2; 32]).decrypt("a", &moved), Some(secret));
            prop_assert_eq!(old.decrypt("a", &moved), None);
            prop_assert_eq!(both.reencrypt([7; NONCE_BYTES], "a", &moved), Reencrypted::Current);
            prop_assert_eq!(both.reencrypt([7; NONCE_BYTES], "b", &moved), Reencrypted::Unreadable);
        }
    }
}
