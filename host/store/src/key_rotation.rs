//! Replacing the encryption key (H5): every secret is encrypted again with the key that counts, a piece in each commit, while all keys that the
//! store was opened with still decrypt. It bears to be stopped anywhere and done again; hosts may run meanwhile that know both keys.

use super::encryption::{PROOF, PROOF_PURPOSE, Reencrypted};
use super::{Store, StoreError, destinations, erasures, inbound_webhooks, keys};
use async_recursion::async_recursion as boxed;

/// How many secrets one commit encrypts again.
const PIECE: i64 = 200;

/// A column of secrets. Both statements know a row by two texts.
struct Column {
    table: &'static str,
    purpose: &'static str,
    /// What comes before the second text of the first row.
    before: &'static str,
    /// The rows after one, in the order of their key.
    select: &'static str,
    /// Replaces a secret unless it was saved anew meanwhile.
    update: &'static str,
}

const COLUMNS: [Column; 4] = [
    Column {
        table: "source_keys",
        purpose: keys::PURPOSE,
        before: "",
        select: "select id, '' as part, encrypted_key as secret from source_keys where id > $1 and cast($2 as text) is not null and encrypted_key is not null order by id limit $3",
        update: "update source_keys set encrypted_key = $1 where id = $2 and cast($3 as text) is not null and encrypted_key = $4",
    },
    Column {
        table: "inbound_webhooks",
        purpose: inbound_webhooks::PURPOSE,
        before: "",
        select: "select id, '' as part, encrypted_settings as secret from inbound_webhooks where id > $1 and cast($2 as text) is not null order by id limit $3",
        update: "update inbound_webhooks set encrypted_settings = $1 where id = $2 and cast($3 as text) is not null and encrypted_settings = $4",
    },
    Column {
        table: "erasures",
        purpose: erasures::PURPOSE,
        before: "",
        select: "select organization_id as id, id as part, encrypted_person as secret from erasures where (organization_id, id) > ($1, $2) and encrypted_person is not null \
             order by organization_id, id limit $3",
        update: "update erasures set encrypted_person = $1 where organization_id = $2 and id = $3 and encrypted_person = $4",
    },
    Column {
        table: "destination_versions",
        purpose: destinations::PURPOSE,
        before: "0",
        select: "select destination_id as id, cast(version as text) as part, encrypted_settings as secret from destination_versions \
             where (destination_id, version) > ($1, cast($2 as bigint)) order by destination_id, version limit $3",
        update: "update destination_versions set encrypted_settings = $1 where destination_id = $2 and version = cast($3 as bigint) and encrypted_settings = $4",
    },
];

struct SecretRow {
    id: String,
    part: String,
    secret: Vec<u8>,
}
from_row!(SecretRow { id, part, secret });

impl Store {
    /// Encrypts every secret with the key that the store encrypts with, and the proof of the key last; returns how many it changed.
    ///
    /// # Errors
    /// Also where none of the keys opens a secret: then nothing says that the other keys are needed no more.
    #[boxed]
    pub async fn rotate_key(&self) -> Result<u64, StoreError> {
        let mut changed = 0;
        for column in &COLUMNS {
            changed += self.reencrypt_column(column).await?;
        }
        let proof = self.encrypt(PROOF_PURPOSE, PROOF);
        writing!(self, connection => {
            sqlx::query("update meta set value = $1 where name = 'key_proof'").bind(proof.as_slice()).execute(&mut *connection).await?;
        });
        Ok(changed)
    }

    async fn reencrypt_column(&self, column: &Column) -> Result<u64, StoreError> {
        let (mut changed, mut after) = (0, (String::new(), column.before.to_owned()));
        loop {
            let rows: Vec<SecretRow> = reading!(self, connection => {
                sqlx::query_as(column.select).bind(&after.0).bind(&after.1).bind(PIECE).fetch_all(&mut *connection).await?
            });
            let Some(last) = rows.last() else { return Ok(changed) };
            after = (last.id.clone(), last.part.clone());
            let mut moved = Vec::new();
            for row in &rows {
                match self.cipher.reencrypt(self.nonce(), column.purpose, &row.secret) {
                    Reencrypted::Current => {}
                    Reencrypted::Changed(secret) => moved.push((row, secret)),
                    Reencrypted::Unreadable => {
                        return Err(StoreError::corrupt(
                            column.table,
                            &row.id,
                            "encrypted with another key, or changed",
                        ));
                    }
                }
            }
            changed += writing!(self, connection => {
                let mut count = 0;
                for (row, secret) in &moved {
                    count += sqlx::query(column.update).bind(secret.as_slice()).bind(&row.id).bind(&row.part).bind(row.secret.as_slice())
                        .execute(&mut *connection).await?.rows_affected();
                }
                count
            });
        }
    }
}
