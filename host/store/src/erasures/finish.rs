//! The end of an erasure: the person's lead goes, or is what later submissions say of it.

use super::super::outcome::NOTHING;
use super::super::turns::Class;
use super::erase::erase_messages;
use super::{OpenErasure, Store, StoreError, count_erased};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::lead::{Identity, IdentityHash, tags};
use std::collections::BTreeSet;

/// How many of a lead's later submissions are looked at for what identifies it.
const LATER_MAX: i64 = 1_000;

// The row is locked first: a commit that is about to add a submission to the lead comes before this or after it.
const LOCK: &str = "update leads set updated_at = updated_at where organization_id = $1 and id = $2";
const LATER: &str = "select count(*), min(received_at) from submissions where organization_id = $1 and lead_id = $2";
const LEADS: &str = "select campaign_key, lead from submissions where organization_id = $1 and lead_id = $2 and lead is not null order by id desc limit $3";
const FORGET: &str = "delete from lead_identities where organization_id = $1 and lead_id = $2";
const FORGET_TAGS: &str = "delete from lead_tags where organization_id = $1 and lead_id = $2";
const TAG: &str = "insert into lead_tags (organization_id, lead_id, tag, campaign_key) values ($1, $2, $3, $4) on conflict do nothing";
const DELETE: &str = "delete from leads where organization_id = $1 and id = $2";
const KEEP: &str = "update leads set submission_count = $1, created_at = $2 where organization_id = $3 and id = $4";
const IDENTITY: &str =
    "insert into lead_identities (organization_id, identity_hash, lead_id) values ($1, $2, $3) on conflict do nothing";
const EVENT: &str =
    "update events set details = $1, payload = null, category_name = null where organization_id = $2 and id = $3";
const FINISH: &str = "update erasures set finished_at = $1, encrypted_person = null, progress = $2 where organization_id = $3 and id = $4 and finished_at is null";

impl Store {
    /// Ends an erasure whose submissions are all erased: its leads go. A lead with submissions that came later stays, and is known by what they
    /// say alone. What sources reported of the person goes, where it is about no submission: `events`. `salt` is the organization's. Returns whether it
    /// was this call that ended it.
    #[boxed]
    pub async fn finish_erasure(
        &self,
        erasure: &OpenErasure,
        lead_ids: &[String],
        events: &[String],
        salt: &[u8],
        progress: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let organization_id = erasure.organization_id.as_str();
        // In one order for all hosts.
        let lead_ids: BTreeSet<&String> = lead_ids.iter().collect();
        Ok(writing!(self, Class::Housekeeping, connection => {
            let finished = sqlx::query(FINISH).bind(now.0).bind(progress).bind(organization_id).bind(&erasure.id).execute(&mut *connection).await?;
            if finished.rows_affected() != 1 {
                return Ok(false);
            }
            let (mut leads, mut identities) = (0, 0);
            let (mut erased, mut messages, mut attempts) = (0, 0, 0);
            for event_id in events {
                erased += sqlx::query(EVENT).bind(NOTHING).bind(organization_id).bind(event_id).execute(&mut *connection).await?.rows_affected();
                let (of_event, sent) = erase_messages!(connection, organization_id, event_id, now);
                (messages, attempts) = (messages + of_event, attempts + sent);
            }
            for lead_id in lead_ids {
                sqlx::query(LOCK).bind(organization_id).bind(lead_id).execute(&mut *connection).await?;
                let (later, first): (i64, Option<i64>) = sqlx::query_as(LATER).bind(organization_id).bind(lead_id).fetch_one(&mut *connection).await?;
                let of_later: Vec<LaterLead> = sqlx::query_as(LEADS).bind(organization_id).bind(lead_id).bind(LATER_MAX).fetch_all(&mut *connection).await?;
                identities += sqlx::query(FORGET).bind(organization_id).bind(lead_id).execute(&mut *connection).await?.rows_affected();
                sqlx::query(FORGET_TAGS).bind(organization_id).bind(lead_id).execute(&mut *connection).await?;
                if later == 0 {
                    leads += sqlx::query(DELETE).bind(organization_id).bind(lead_id).execute(&mut *connection).await?.rows_affected();
                    continue;
                }
                let created_at = first.unwrap_or(now.0);
                sqlx::query(KEEP).bind(later).bind(created_at).bind(organization_id).bind(lead_id).execute(&mut *connection).await?;
                let Known { identities: hashes, tags } = Known::of(&of_later, salt);
                for hash in hashes {
                    sqlx::query(IDENTITY).bind(organization_id).bind(hash.as_slice()).bind(lead_id).execute(&mut *connection).await?;
                }
                for (campaign_key, tag) in tags {
                    sqlx::query(TAG).bind(organization_id).bind(lead_id).bind(tag).bind(campaign_key).execute(&mut *connection).await?;
                }
            }
            let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
            count_erased!(connection, organization_id, &erasure.id, [
                ("leads", count(leads)), ("identities", count(identities)), ("events", count(erased)), ("messages", count(messages)), ("attempts", count(attempts)),
            ]);
            true
        }))
    }

    /// Erases the messages of events that sources reported: nothing of them is sent any more.
    #[boxed]
    pub async fn erase_event_messages(
        &self,
        erasure: &OpenErasure,
        events: &[&str],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let organization_id = erasure.organization_id.as_str();
        writing!(self, Class::Housekeeping, connection => {
            let (mut messages, mut attempts) = (0, 0);
            for event_id in events {
                let (of_event, sent) = erase_messages!(connection, organization_id, *event_id, now);
                (messages, attempts) = (messages + of_event, attempts + sent);
            }
            let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
            count_erased!(connection, organization_id, &erasure.id, [("messages", count(messages)), ("attempts", count(attempts))]);
        });
        Ok(())
    }
}

/// A lead of a later submission: its campaign (the store's id), and the lead.
type LaterLead = (String, Vec<u8>);

/// What later submissions say of a lead.
struct Known<'a> {
    identities: BTreeSet<IdentityHash>,
    /// The tags, each with its campaign.
    tags: BTreeSet<(&'a str, String)>,
}

impl<'a> Known<'a> {
    fn of(leads: &'a [LaterLead], salt: &[u8]) -> Self {
        let texts =
            leads.iter().filter_map(|(campaign, lead)| Some((campaign.as_str(), std::str::from_utf8(lead).ok()?)));
        let texts: Vec<(&str, &str)> = texts.collect();
        let of_campaign = |(campaign, lead): &(&'a str, &str)| {
            let campaign = *campaign;
            tags(lead).into_iter().map(move |tag| (campaign, tag))
        };
        Self {
            identities: texts.iter().flat_map(|(_, lead)| Identity::of(salt, lead).hashes).collect(),
            tags: texts.iter().flat_map(of_campaign).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_a_lead_is_what_later_submissions_say() {
        let lead = |text: &str| ("cmp_1".to_owned(), text.as_bytes().to_vec());
        let leads =
            [lead(r#"{"email":"a@x.example","tags":["new"]}"#), lead(r#"{"phone":"+15125550100","tags":["new"]}"#)];
        let known = Known::of(&leads, b"s");
        assert_eq!(known.identities.len(), 2);
        assert_eq!(known.tags, BTreeSet::from([("cmp_1", "new".to_owned())]));
        assert!(Known::of(&[("cmp_1".into(), vec![0xff])], b"s").identities.is_empty());
    }
}
