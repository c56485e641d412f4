//! Value sets (M7): named tables of an organization that documents and plugins look things up in.

use super::access::{Scope, unavailable};
use super::input::{Input, Name};
use super::page::{Listed, PageRequest};
use super::use_cases::{
    DELETE_VALUE_SET, GET_VALUE_SET, LIST_VALUE_SET_ENTRIES, LIST_VALUE_SET_VERSIONS, LIST_VALUE_SETS, LOOK_UP_VALUE,
    PUT_VALUE_SET, RESTORE_VALUE_SET,
};
use crate::rows::{ValueSet, ValueSetVersion};
use bytes::Bytes;
use hookmill_domain::error::ApiError;
use hookmill_pipeline::{PutSet, TableFormat};

/// How many versions are shown with a value set; all of them are a list of their own.
const VERSIONS_SHOWN: i64 = 10;

impl Scope {
    /// Makes a name mean a table from the next batch on. The bytes are read when it is known that they may be put.
    pub async fn put_value_set(
        &self,
        name: &str,
        bytes: impl Future<Output = Result<Bytes, ApiError>>,
        format: Input<TableFormat>,
    ) -> Result<PutSet, ApiError> {
        let entry = self.authorize_change(&PUT_VALUE_SET)?;
        let name = Name::from(name).check("name", self.limits())?;
        let bytes = bytes.await?;
        self.begin_heavy_call()?;
        self.pipeline().put_value_set(&self.organization_id, &name, format?, bytes, &entry, self.holding()).await
    }

    /// Lists value sets.
    pub async fn list_value_sets(&self) -> Result<Listed<ValueSet>, ApiError> {
        self.authorize(&LIST_VALUE_SETS)?;
        self.store().value_sets(&self.organization_id).await.map(Listed::all).map_err(unavailable)
    }

    /// A value set with its newest versions.
    pub async fn value_set(&self, name: &str) -> Result<(ValueSet, Vec<ValueSetVersion>), ApiError> {
        self.authorize(&GET_VALUE_SET)?;
        let (name, organization_id) = (lookup_name(name), &self.organization_id);
        let set = self.store().value_set(organization_id, &name).await.map_err(unavailable)?;
        let set = set.ok_or_else(|| ApiError::not_found("value set", &name))?;
        let rows = self.store().value_set_versions(organization_id, &name, i64::MAX, VERSIONS_SHOWN).await;
        Ok((set, rows.map_err(unavailable)?))
    }

    /// Deletes a value set from the next batch on. Its versions stay, and restoring one brings it back.
    pub async fn delete_value_set(&self, name: &str) -> Result<(), ApiError> {
        let entry = self.authorize_change(&DELETE_VALUE_SET)?;
        self.pipeline().delete_value_set(&self.organization_id, &lookup_name(name), &entry).await
    }

    /// Lists the entries of a value set or of one of its versions, in the order of their keys' bytes.
    pub async fn list_value_set_entries(
        &self,
        name: &str,
        version: Option<i64>,
        page: &PageRequest,
    ) -> Result<Listed<(String, String)>, ApiError> {
        self.authorize(&LIST_VALUE_SET_ENTRIES)?;
        let (name, limit) = (lookup_name(name), self.rows_of(page)?);
        let (_, table) = self.pipeline().value_set_table(&self.organization_id, &name, version).await?;
        let rows = table.after(page.from()).take(usize::try_from(limit).unwrap_or(0));
        let rows = rows.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Ok(Listed::page(rows, limit, |(key, _)| key.clone()))
    }

    /// Looks up one key, as a document or plugin would: the value as JSON text, if there is one, and the digest of the table.
    pub async fn look_up_value(
        &self,
        name: &str,
        version: Option<i64>,
        key: &str,
    ) -> Result<(Option<String>, String), ApiError> {
        self.authorize(&LOOK_UP_VALUE)?;
        let name = lookup_name(name);
        let (digest, table) = self.pipeline().value_set_table(&self.organization_id, &name, version).await?;
        Ok((table.get(key).map(str::to_owned), digest))
    }

    /// Lists the versions of a value set, the newest first; those of one that was deleted, too.
    pub async fn list_value_set_versions(
        &self,
        name: &str,
        page: &PageRequest,
    ) -> Result<Listed<ValueSetVersion>, ApiError> {
        self.authorize(&LIST_VALUE_SET_VERSIONS)?;
        let (name, limit) = (lookup_name(name), self.rows_of(page)?);
        let before = page.from().parse().unwrap_or(i64::MAX);
        let rows = self.store().value_set_versions(&self.organization_id, &name, before, limit).await;
        let rows = rows.map_err(unavailable)?;
        if rows.is_empty() && before == i64::MAX {
            return Err(ApiError::not_found("value set", &name));
        }
        Ok(Listed::page(rows, limit, |row| row.version.to_string()))
    }

    /// Makes a value set mean one of its versions again from the next batch on, also when it was deleted.
    pub async fn restore_value_set(&self, name: &str, version: &str) -> Result<ValueSet, ApiError> {
        let entry = self.authorize_change(&RESTORE_VALUE_SET)?;
        let name = lookup_name(name);
        let version = version.parse().map_err(|_| ApiError::not_found("version of a value set", &name))?;
        let restored = self.pipeline().restore_value_set(&self.organization_id, &name, version, &entry).await;
        restored.map(|(set, _)| set)
    }
}

/// A name as it is looked for: none has U+0000, and none has blanks around it.
fn lookup_name(name: &str) -> String {
    name.trim().replace('\0', " ")
}
