//! Leads: the persons of an organization, with their newest submissions and their tags (O4).

use super::requests::before_or_end;
use super::search::{Texts, select_texts};
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// How many tags are read with one statement, for 128 leads at most.
const TAGS_READ_MAX: i64 = 10_000;

/// A person.
#[derive(Debug, Clone)]
pub struct Lead {
    /// Its id.
    pub id: String,
    /// When it was processed first.
    pub created_at: i64,
    /// When it was processed last.
    pub updated_at: i64,
    /// How many submissions it has.
    pub submission_count: i64,
}
from_row!(Lead { id, created_at, updated_at, submission_count });

/// The newest submission of a lead.
#[derive(Debug, Clone)]
pub struct NewestSubmission {
    /// The lead.
    pub lead_id: String,
    /// The submission.
    pub id: String,
    /// Its shard.
    pub shard: i64,
    /// How many bytes its lead has.
    pub bytes: i64,
}
from_row!(NewestSubmission { lead_id, id, shard, bytes });

impl Store {
    /// The leads of an organization that have these ids, in no order.
    #[boxed]
    pub async fn leads(&self, organization_id: &str, ids: &[&str]) -> Result<Vec<Lead>, StoreError> {
        const SELECT: &str = ") select l.id, l.created_at, l.updated_at, l.submission_count from v join leads l on l.organization_id = v.organization_id and l.id = v.id";
        Ok(select_many!(self, query_as as Lead, SELECT, organization_id, ids))
    }

    /// The newest submission of each of these leads, among those of the campaigns (the store's ids) if they are given.
    pub async fn newest_submissions_of_leads(
        &self,
        organization_id: &str,
        lead_ids: &[&str],
        campaigns: Option<&[String]>,
    ) -> Result<Vec<NewestSubmission>, StoreError> {
        let mut found = Vec::with_capacity(lead_ids.len());
        for chunk in super::database::chunks(lead_ids) {
            found.extend(self.newest_of_some_leads(organization_id, chunk, campaigns).await?);
        }
        Ok(found)
    }

    #[boxed]
    async fn newest_of_some_leads(
        &self,
        organization_id: &str,
        lead_ids: &[&str],
        campaigns: Option<&[String]>,
    ) -> Result<Vec<NewestSubmission>, StoreError> {
        let mut texts = Texts::default();
        let organization = texts.place(organization_id);
        let rows = lead_ids.iter().map(|id| format!("({})", texts.place(id))).collect::<Vec<_>>().join(", ");
        let among =
            campaigns.map(|keys| format!(" and x.campaign_key in ({})", texts.places(keys))).unwrap_or_default();
        let sql = format!(
            "with v (lead_id) as (values {rows}) select v.lead_id, s.id, s.shard, cast(coalesce(length(s.lead), 0) as bigint) as bytes from v join submissions s \
             on s.organization_id = {organization} and s.id = (select x.id from submissions x where x.organization_id = {organization} \
             and x.lead_id = v.lead_id{among} order by x.id desc limit $1)"
        );
        Ok(select_texts!(self, NewestSubmission, sql.as_str(), 1_i64, texts))
    }

    /// The tags of these leads, as (lead, tag), each once; those of the campaigns (the store's ids) if they are given.
    pub async fn tags_of_leads(
        &self,
        organization_id: &str,
        lead_ids: &[&str],
        campaigns: Option<&[String]>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut found = Vec::new();
        for chunk in super::database::chunks(lead_ids) {
            found.extend(self.tags_of_some_leads(organization_id, chunk, campaigns).await?);
        }
        Ok(found)
    }

    #[boxed]
    async fn tags_of_some_leads(
        &self,
        organization_id: &str,
        lead_ids: &[&str],
        campaigns: Option<&[String]>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut texts = Texts::default();
        let organization = texts.place(organization_id);
        let rows = lead_ids.iter().map(|id| format!("({})", texts.place(id))).collect::<Vec<_>>().join(", ");
        let among =
            campaigns.map(|keys| format!(" and g.campaign_key in ({})", texts.places(keys))).unwrap_or_default();
        let sql = format!(
            "with v (lead_id) as (values {rows}) select distinct v.lead_id, g.tag from v join lead_tags g \
             on g.organization_id = {organization} and g.lead_id = v.lead_id{among} order by v.lead_id, g.tag limit $1"
        );
        Ok(select_texts!(self, (String, String), sql.as_str(), TAGS_READ_MAX, texts))
    }

    /// The leads that have a tag, in the order of their ids, the last first, before `before`; those that have it in one of the campaigns (the
    /// store's ids) if they are given.
    #[boxed]
    pub async fn leads_with_tag(
        &self,
        organization_id: &str,
        tag: &str,
        campaigns: Option<&[String]>,
        before: &str,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        if campaigns.is_some_and(<[String]>::is_empty) {
            return Ok(Vec::new());
        }
        let mut texts = Texts::default();
        let (tag, before) = (texts.place(tag), texts.place(before_or_end(before)));
        let owners: Vec<String> = match campaigns {
            Some(keys) => keys.iter().map(|key| format!("g.campaign_key = {}", texts.place(key))).collect(),
            None => vec![format!("g.organization_id = {}", texts.place(organization_id))],
        };
        let branches = owners.iter().enumerate().map(|(at, owner)| {
            format!(
                "select * from (select distinct g.lead_id from lead_tags g where {owner} and g.tag = {tag} and g.lead_id < {before} \
                 order by g.lead_id desc limit $1) as b{at}"
            )
        });
        let sql = format!(
            "select distinct lead_id from ({}) as b order by lead_id desc limit $1",
            branches.collect::<Vec<_>>().join(" union all ")
        );
        let found = select_texts!(self, (String,), sql.as_str(), limit, texts);
        Ok(found.into_iter().map(|(id,)| id).collect())
    }
}
