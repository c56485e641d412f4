//! API keys and source keys (O8, O9, I6). Both are found by SHA-256, which is enough for keys of 256 random bits; a source
//! key is also kept encrypted, so that an admin can reveal it.

use super::audit::AuditEntry;
use super::users::User;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use base64::Engine;
use hookmill_domain::clock::Timestamp;
use sha2::{Digest, Sha256};

/// What every API key begins with.
pub const API_KEY_PREFIX: &str = "hmk_";
/// What every source key begins with.
pub const SOURCE_KEY_PREFIX: &str = "hms_";
/// How much of a key is shown in lists.
const SHOWN_CHARACTERS: usize = 10;
pub(super) const PURPOSE: &str = "source key";

/// A key as it is shown in lists: never the key itself.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// Its name.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// The campaigns it is scoped to, a JSON list of campaign ids; none for all.
    pub campaigns: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}
from_row!(ApiKey { id, user_id, name, prefix, campaigns, created_at, revoked_at });

/// A source key as it is shown in lists.
#[derive(Debug, Clone)]
pub struct SourceKey {
    /// Its id.
    pub id: String,
    /// The source it belongs to: the id of its first key, which regenerated keys share.
    pub source_id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// The charset of what its source sends, where a request names none: a name of the Encoding Standard.
    pub charset: Option<String>,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: i64,
    /// When it expires: it was revoked, or replaced with a grace period.
    pub expires_at: Option<i64>,
}
from_row!(SourceKey { id, source_id, organization_id, name, charset, prefix, created_at, expires_at });

/// A key that was just made: the only time it is seen in full.
#[derive(Debug, Clone)]
pub struct FreshKey {
    /// Its id.
    pub id: String,
    /// The key.
    pub key: String,
    /// Its first characters.
    pub prefix: String,
}

/// SHA-256 of a key.
pub fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl Store {
    pub(super) fn fresh_key(&self, id_prefix: &str, key_prefix: &str, now: Timestamp) -> FreshKey {
        let mut random = [0_u8; 32];
        self.ids.fill(&mut random);
        let key = format!("{key_prefix}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random));
        let prefix = key.chars().take(SHOWN_CHARACTERS).collect();
        FreshKey { id: self.ids.new_id(id_prefix, now), key, prefix }
    }

    /// Makes an API key of a user, scoped to campaigns if given.
    #[boxed]
    pub async fn create_api_key(
        &self,
        user_id: &str,
        name: &str,
        campaigns: Option<&[String]>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<FreshKey, StoreError> {
        let fresh = self.fresh_key("key", API_KEY_PREFIX, now);
        let campaigns = campaigns.map(|list| serde_json::json!(list).to_string().into_bytes());
        writing!(self, connection => {
            sqlx::query("insert into api_keys (id, user_id, name, prefix, key_hash, campaigns, created_at) values ($1, $2, $3, $4, $5, $6, $7)")
                .bind(&fresh.id).bind(user_id).bind(name).bind(&fresh.prefix).bind(key_hash(&fresh.key).as_slice()).bind(campaigns.as_deref())
                .bind(now.0).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &fresh.id, now);
        });
        Ok(fresh)
    }

    /// The user behind an API key that counts, and the key.
    #[boxed]
    pub async fn api_key_user(&self, key: &str) -> Result<Option<(ApiKey, User)>, StoreError> {
        let hash = key_hash(key);
        let found: Option<ApiKey> = reading!(self, connection => {
            sqlx::query_as("select id, user_id, name, prefix, campaigns, created_at, revoked_at from api_keys where key_hash = $1 and revoked_at is null")
                .bind(hash.as_slice()).fetch_optional(&mut *connection).await?
        });
        let Some(found) = found else { return Ok(None) };
        let user = self.user(&found.user_id).await?;
        Ok(user.map(|user| (found, user)))
    }

    /// The API keys of an organization's users.
    #[boxed]
    pub async fn api_keys(&self, organization_id: &str, after: &str, limit: i64) -> Result<Vec<ApiKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select k.id, k.user_id, k.name, k.prefix, k.campaigns, k.created_at, k.revoked_at from api_keys k join users u on u.id = k.user_id \
                 where u.organization_id = $1 and $2 < k.id order by k.id limit $3")
                .bind(organization_id).bind(after).bind(limit).fetch_all(&mut *connection).await?
        }))
    }

    /// The API keys of the operators.
    #[boxed]
    pub async fn operator_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select k.id, k.user_id, k.name, k.prefix, k.campaigns, k.created_at, k.revoked_at from users u join api_keys k on k.user_id = u.id \
                 where u.organization_id is null order by k.id")
                .fetch_all(&mut *connection).await?
        }))
    }

    /// Revokes an API key of an operator; returns how many of those that count are left, and none when there was none of that id.
    #[boxed]
    pub async fn revoke_operator_key(
        &self,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        Ok(writing!(self, connection => {
            let done = sqlx::query("update api_keys set revoked_at = $1 where id = $2 and revoked_at is null and user_id in \
                 (select id from users where organization_id is null)")
                .bind(now.0).bind(id).execute(&mut *connection).await?.rows_affected();
            if done == 0 {
                return Ok(None);
            }
            insert_audit!(self, connection, entry, id, now);
            let left: i64 = sqlx::query_scalar("select count(*) from users u join api_keys k on k.user_id = u.id where u.organization_id is null and k.revoked_at is null")
                .fetch_one(&mut *connection).await?;
            Some(left)
        }))
    }

    /// Revokes an API key of an organization; returns whether there was one.
    #[boxed]
    pub async fn revoke_api_key(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(writing!(self, connection => {
            let done = sqlx::query("update api_keys set revoked_at = $1 where id = $2 and revoked_at is null and user_id in \
                 (select id from users where organization_id = $3)")
                .bind(now.0).bind(id).bind(organization_id).execute(&mut *connection).await?.rows_affected();
            if done == 1 {
                insert_audit!(self, connection, entry, id, now);
            }
            done == 1
        }))
    }

    /// Makes a source key.
    #[boxed]
    pub async fn create_source_key(
        &self,
        organization_id: &str,
        name: &str,
        charset: Option<&str>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<FreshKey, StoreError> {
        let fresh = self.fresh_key("src", SOURCE_KEY_PREFIX, now);
        let encrypted = self.encrypt(PURPOSE, fresh.key.as_bytes());
        writing!(self, connection => {
            sqlx::query("insert into source_keys (id, source_id, organization_id, name, charset, prefix, key_hash, encrypted_key, created_at) values ($1, $1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(&fresh.id).bind(organization_id).bind(name).bind(charset).bind(&fresh.prefix).bind(key_hash(&fresh.key).as_slice()).bind(encrypted.as_slice())
                .bind(now.0).execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &fresh.id, now);
        });
        Ok(fresh)
    }

    /// Puts a new key in a source key's place; the old one counts until `old_until`. None when there is none of that id.
    #[boxed]
    pub async fn regenerate_source_key(
        &self,
        organization_id: &str,
        id: &str,
        old_until: Timestamp,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<FreshKey>, StoreError> {
        let fresh = self.fresh_key("src", SOURCE_KEY_PREFIX, now);
        let encrypted = self.encrypt(PURPOSE, fresh.key.as_bytes());
        let done = writing!(self, connection => {
            let ended = sqlx::query("update source_keys set expires_at = $1, revoked_at = case when $1 <= $4 then $4 end \
                 where id = $2 and organization_id = $3 and revoked_at is null and (expires_at is null or $4 < expires_at)")
                .bind(old_until.0).bind(id).bind(organization_id).bind(now.0).execute(&mut *connection).await?.rows_affected();
            if ended == 1 {
                sqlx::query("insert into source_keys (id, source_id, organization_id, name, charset, prefix, key_hash, encrypted_key, created_at) \
                     select $1, source_id, organization_id, name, charset, $2, $3, $4, $5 from source_keys where id = $6")
                    .bind(&fresh.id).bind(&fresh.prefix).bind(key_hash(&fresh.key).as_slice()).bind(encrypted.as_slice()).bind(now.0).bind(id)
                    .execute(&mut *connection).await?;
                insert_audit!(self, connection, entry, id, now);
            }
            ended == 1
        });
        Ok(done.then_some(fresh))
    }

    /// Sets the charset of a source, for all of its keys; returns the key of this id, and none when there is none.
    #[boxed]
    pub async fn set_source_charset(
        &self,
        organization_id: &str,
        id: &str,
        charset: Option<&str>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SourceKey>, StoreError> {
        Ok(writing!(self, connection => {
            let done = sqlx::query("update source_keys set charset = $1 where organization_id = $2 and source_id in \
                 (select source_id from source_keys where id = $3 and organization_id = $2)")
                .bind(charset).bind(organization_id).bind(id).execute(&mut *connection).await?.rows_affected();
            if done == 0 {
                return Ok(None);
            }
            insert_audit!(self, connection, entry, id, now);
            sqlx::query_as("select id, source_id, organization_id, name, charset, prefix, created_at, expires_at from source_keys where id = $1")
                .bind(id).fetch_optional(&mut *connection).await?
        }))
    }

    /// Ends a source key at once; returns whether there was one.
    #[boxed]
    pub async fn revoke_source_key(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(writing!(self, connection => {
            let done = sqlx::query("update source_keys set expires_at = $1, revoked_at = $1 \
                 where id = $2 and organization_id = $3 and revoked_at is null and (expires_at is null or $1 < expires_at)")
                .bind(now.0).bind(id).bind(organization_id).execute(&mut *connection).await?.rows_affected();
            if done == 1 {
                insert_audit!(self, connection, entry, id, now);
            }
            done == 1
        }))
    }

    /// The source key that counts now and has this hash.
    #[boxed]
    pub async fn source_key_by_hash(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<SourceKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, source_id, organization_id, name, charset, prefix, created_at, expires_at from source_keys \
                 where key_hash = $1 and revoked_at is null and (expires_at is null or $2 < expires_at)")
                .bind(hash.as_slice()).bind(now.0).fetch_optional(&mut *connection).await?
        }))
    }

    /// A source key of an organization, also one that ended.
    #[boxed]
    pub async fn source_key(&self, organization_id: &str, id: &str) -> Result<Option<SourceKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, source_id, organization_id, name, charset, prefix, created_at, expires_at from source_keys where id = $1 and organization_id = $2")
                .bind(id).bind(organization_id).fetch_optional(&mut *connection).await?
        }))
    }

    /// The source keys of an organization, ended ones too.
    #[boxed]
    pub async fn source_keys(&self, organization_id: &str) -> Result<Vec<SourceKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, source_id, organization_id, name, charset, prefix, created_at, expires_at from source_keys where organization_id = $1 order by id")
                .bind(organization_id).fetch_all(&mut *connection).await?
        }))
    }

    /// The newest source key of an organization that counts now.
    #[boxed]
    pub async fn newest_source_key(
        &self,
        organization_id: &str,
        now: Timestamp,
    ) -> Result<Option<SourceKey>, StoreError> {
        Ok(reading!(self, connection => {
            sqlx::query_as("select id, source_id, organization_id, name, charset, prefix, created_at, expires_at from source_keys \
                 where organization_id = $1 and revoked_at is null and (expires_at is null or $2 < expires_at) order by id desc limit 1")
                .bind(organization_id).bind(now.0).fetch_optional(&mut *connection).await?
        }))
    }

    /// A source key in full. It is returned only after the commit of its line in the audit log.
    #[boxed]
    pub async fn reveal_source_key(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        Ok(writing!(self, connection => {
            let encrypted: Option<Option<Vec<u8>>> = sqlx::query_scalar("select encrypted_key from source_keys where id = $1 and organization_id = $2")
                .bind(id).bind(organization_id).fetch_optional(&mut *connection).await?;
            let Some(Some(encrypted)) = encrypted else { return Ok(None) };
            let key = self.decrypt(PURPOSE, "source_keys", id, &encrypted)?;
            let key = String::from_utf8(key).map_err(|error| StoreError::corrupt("source_keys", id, error))?;
            insert_audit!(self, connection, entry, id, now);
            Some(key)
        }))
    }
}
