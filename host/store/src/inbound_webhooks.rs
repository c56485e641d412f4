//! Inbound webhooks (O6, I8): found by a hash of the token in their address; settings and token are encrypted.

use super::audit::AuditEntry;
use super::counts::{CountChanges, insert_count_changes};
use super::quotas::{Held, length};
use super::turns::Class;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::inbound::settings::InboundSettings;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::state::State;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

pub(super) const PURPOSE: &str = "inbound webhook";

/// An inbound webhook.
#[derive(Debug, Clone)]
pub struct InboundWebhook {
    /// Its id.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// Its campaign (the store's id).
    pub campaign_key: String,
    /// Its settings.
    pub settings: InboundSettings,
    /// The token in its address.
    pub token: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was saved last.
    pub updated_at: i64,
}

/// What came of making an inbound webhook.
#[derive(Debug, Clone)]
pub enum CreatedInbound {
    /// It is made.
    Created(Box<InboundWebhook>),
    /// Its campaign has as many as it may have.
    Full,
}

struct InboundRow {
    id: String,
    organization_id: String,
    campaign_key: String,
    encrypted_settings: Vec<u8>,
    created_at: i64,
    updated_at: i64,
}
from_row!(InboundRow { id, organization_id, campaign_key, encrypted_settings, created_at, updated_at });

#[derive(Serialize, Deserialize)]
struct Stored {
    token: String,
    settings: InboundSettings,
}

const COLUMNS: &str =
    "select id, organization_id, campaign_key, encrypted_settings, created_at, updated_at from inbound_webhooks";

/// A hash of a token: all that finds its webhook.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A lead that came through an inbound webhook, and is put in its place at once.
#[derive(Debug, Clone)]
pub struct InboundPerson {
    /// Its id.
    pub lead_id: String,
    /// What it is known by.
    pub identities: Vec<IdentityHash>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Whether it is the submission's own; the others are made of the same element later, and counted then.
    pub is_own: bool,
}

/// A request that waits for its leads to be known.
#[derive(Debug, Clone, Copy)]
pub struct HeldRequest<'a> {
    /// Its organization.
    pub organization_id: &'a str,
    /// Its campaign (the store's id).
    pub campaign_key: &'a str,
    /// Its id.
    pub request_id: &'a str,
    /// The only submission that it has.
    pub submission_id: &'a str,
}

impl Store {
    /// Makes an inbound webhook, unless its campaign has `inbound_webhooks_max`.
    pub async fn create_inbound_webhook(
        &self,
        organization_id: &str,
        campaign_key: &str,
        settings: &InboundSettings,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<CreatedInbound, StoreError> {
        let mut random = [0_u8; 32];
        self.ids.fill(&mut random);
        let (id, token) = (self.ids.new_id("inw", now), URL_SAFE_NO_PAD.encode(random));
        let encrypted = self.encrypt_inbound(&id, &token, settings)?;
        let most = self.limits.inbound_webhooks_max;
        let created = writing!(self, connection => {
            // Whoever makes one for the same campaign at the same time waits, and is counted.
            sqlx::query("update campaigns set updated_at = updated_at where campaign_key = $1").bind(campaign_key).execute(&mut *connection).await?;
            let known: i64 = sqlx::query_scalar("select count(*) from inbound_webhooks where campaign_key = $1").bind(campaign_key)
                .fetch_one(&mut *connection).await?;
            if most <= known {
                return Ok(CreatedInbound::Full);
            }
            sqlx::query("insert into inbound_webhooks (id, organization_id, campaign_key, token_hash, encrypted_settings, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)")
                .bind(&id).bind(organization_id).bind(campaign_key).bind(token_hash(&token).as_slice()).bind(encrypted.as_slice()).bind(now.0)
                .execute(&mut *connection).await?;
            insert_audit!(self, connection, entry, &id, now);
            InboundWebhook {
                id: id.clone(), organization_id: organization_id.to_owned(), campaign_key: campaign_key.to_owned(), settings: settings.clone(), token: token.clone(),
                created_at: now.0, updated_at: now.0,
            }
        });
        Ok(CreatedInbound::Created(Box::new(created)))
    }

    /// The inbound webhook of a token.
    #[boxed]
    pub async fn inbound_webhook_by_token(&self, hash: &[u8; 32]) -> Result<Option<InboundWebhook>, StoreError> {
        let sql = format!("{COLUMNS} where token_hash = $1");
        let row: Option<InboundRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(hash.as_slice()).fetch_optional(&mut *connection).await?
        });
        row.map(|row| self.open_inbound(row)).transpose()
    }

    /// An inbound webhook of an organization.
    #[boxed]
    pub async fn inbound_webhook(&self, organization_id: &str, id: &str) -> Result<Option<InboundWebhook>, StoreError> {
        let sql = format!("{COLUMNS} where organization_id = $1 and id = $2");
        let row: Option<InboundRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(organization_id).bind(id).fetch_optional(&mut *connection).await?
        });
        row.map(|row| self.open_inbound(row)).transpose()
    }

    /// The inbound webhooks of a campaign, in the order they were made.
    #[boxed]
    pub async fn inbound_webhooks(
        &self,
        campaign_key: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<InboundWebhook>, StoreError> {
        let sql = format!("{COLUMNS} where campaign_key = $1 and $2 < id order by id limit $3");
        let rows: Vec<InboundRow> = reading!(self, connection => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql.as_str())).bind(campaign_key).bind(after).bind(limit).fetch_all(&mut *connection).await?
        });
        rows.into_iter().map(|row| self.open_inbound(row)).collect()
    }

    /// Saves the settings of an inbound webhook; its address stays. False when there is none of this id.
    #[boxed]
    pub async fn set_inbound_webhook(
        &self,
        webhook: &InboundWebhook,
        settings: &InboundSettings,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let encrypted = self.encrypt_inbound(&webhook.id, &webhook.token, settings)?;
        Ok(writing!(self, connection => {
            let saved = sqlx::query("update inbound_webhooks set encrypted_settings = $1, updated_at = $2 where id = $3 and organization_id = $4")
                .bind(encrypted.as_slice()).bind(now.0).bind(&webhook.id).bind(&webhook.organization_id).execute(&mut *connection).await?.rows_affected();
            if saved == 0 {
                return Ok(false);
            }
            insert_audit!(self, connection, entry, &webhook.id, now);
            true
        }))
    }

    /// Revokes an inbound webhook: its address is unknown from then on. False when there is none of this id.
    #[boxed]
    pub async fn delete_inbound_webhook(
        &self,
        organization_id: &str,
        id: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(writing!(self, connection => {
            let deleted = sqlx::query("delete from inbound_webhooks where id = $1 and organization_id = $2").bind(id).bind(organization_id)
                .execute(&mut *connection).await?.rows_affected();
            if deleted == 0 {
                return Ok(false);
            }
            insert_audit!(self, connection, entry, id, now);
            true
        }))
    }

    /// Puts the leads of a held request in their places and lets its submission go on; says of each how often its person was added or updated by now. Where the
    /// submission was taken up meanwhile, for it was held too long, only the leads are.
    pub async fn end_held(
        &self,
        held: HeldRequest<'_>,
        people: &[InboundPerson],
        now: Timestamp,
    ) -> Result<Vec<i64>, StoreError> {
        const GOES: &str = "update submissions set run_at = $1, updated_at = $1, lead_id = $2 where organization_id = $3 and id = $4 and revision = 0 and lead_id is null and run_at is not null";
        let HeldRequest { organization_id, campaign_key, submission_id, .. } = held;
        // In one order for all hosts.
        let mut order: Vec<usize> = (0..people.len()).collect();
        order.sort_by(|a, b| people[*a].lead_id.cmp(&people[*b].lead_id));
        Ok(writing!(self, Class::Intake, connection => {
            let mut counters = vec![0_i64; people.len()];
            let own = people.iter().find(|person| person.is_own).map(|person| person.lead_id.as_str());
            let taken = sqlx::query(GOES).bind(now.0).bind(own).bind(organization_id).bind(submission_id).execute(&mut *connection).await?.rows_affected();
            for at in order {
                let InboundPerson { lead_id, identities, tags, is_own } = &people[at];
                let by = i64::from(*is_own && 0 < taken);
                let count: i64 = sqlx::query_scalar("insert into leads (organization_id, id, created_at, updated_at, submission_count) values ($1, $2, $3, $3, $4) \
                     on conflict (organization_id, id) do update set updated_at = excluded.updated_at, submission_count = leads.submission_count + excluded.submission_count \
                     returning submission_count")
                    .bind(organization_id).bind(lead_id).bind(now.0).bind(by).fetch_one(&mut *connection).await?;
                counters[at] = count + i64::from(!is_own);
                for hash in identities {
                    sqlx::query("insert into lead_identities (organization_id, identity_hash, lead_id) values ($1, $2, $3) on conflict (organization_id, identity_hash) do nothing")
                        .bind(organization_id).bind(hash.as_slice()).bind(lead_id).execute(&mut *connection).await?;
                }
                for tag in tags {
                    sqlx::query("insert into lead_tags (organization_id, lead_id, tag, campaign_key) values ($1, $2, $3, $4) on conflict do nothing")
                        .bind(organization_id).bind(lead_id).bind(tag).bind(campaign_key).execute(&mut *connection).await?;
                }
            }
            counters
        }))
    }

    /// Forgets a held request that is rejected after all, with its submission; false where that was taken up meanwhile.
    pub async fn discard_held(&self, held: HeldRequest<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let HeldRequest { organization_id, campaign_key, request_id, submission_id } = held;
        Ok(writing!(self, Class::Intake, connection => {
            let deleted = sqlx::query("delete from submissions where organization_id = $1 and id = $2 and revision = 0 and lead_id is null and run_at is not null")
                .bind(organization_id).bind(submission_id).execute(&mut *connection).await?.rows_affected();
            if deleted == 0 {
                return Ok(false);
            }
            let row: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as("delete from requests where organization_id = $1 and id = $2 returning body, metadata, response")
                .bind(organization_id).bind(request_id).fetch_optional(&mut *connection).await?;
            let mut counts = CountChanges::default();
            counts.remove(organization_id, campaign_key, State::Received);
            let bytes = row.map_or(0, |(body, metadata, response)| length(&body) + length(&metadata) + length(&response));
            counts.hold(organization_id, Held::Requests, -bytes);
            insert_count_changes!(self, connection, counts, now);
            true
        }))
    }

    fn encrypt_inbound(&self, id: &str, token: &str, settings: &InboundSettings) -> Result<Vec<u8>, StoreError> {
        let stored = Stored { token: token.to_owned(), settings: settings.clone() };
        let text = serde_json::to_vec(&stored).map_err(|error| StoreError::corrupt("inbound_webhooks", id, error))?;
        Ok(self.encrypt(PURPOSE, &text))
    }

    fn open_inbound(&self, row: InboundRow) -> Result<InboundWebhook, StoreError> {
        let text = self.decrypt(PURPOSE, "inbound_webhooks", &row.id, &row.encrypted_settings)?;
        let Stored { token, settings } =
            serde_json::from_slice(&text).map_err(|error| StoreError::corrupt("inbound_webhooks", &row.id, error))?;
        let InboundRow { id, organization_id, campaign_key, created_at, updated_at, .. } = row;
        Ok(InboundWebhook { id, organization_id, campaign_key, settings, token, created_at, updated_at })
    }
}
