//! The keys of operators (O8, O9). No operator makes or revokes another's by the API: that is done at the host's command line, by whoever has
//! the host's data. It takes the store and nothing else, so that it works whether or not a host runs.

use super::access::{host_entry, unavailable};
use super::input::{Name, lookup_id};
use super::use_cases::{CREATE_OPERATOR_KEY, REVOKE_OPERATOR_KEY};
use crate::rows::{ApiKey, FreshKey};
use hookmill_domain::clock::SharedClock;
use hookmill_domain::config::Limits;
use hookmill_domain::error::{ApiError, Kind};
use hookmill_domain::role::Role;
use hookmill_store::Store;

/// The name of the first operator and their key.
const FIRST: &str = "operator";

/// The keys of operators in a store.
pub struct OperatorKeys {
    store: Store,
    clock: SharedClock,
    limits: Limits,
}

/// A new key of an operator.
#[derive(Debug)]
pub struct NewOperatorKey {
    /// Its name, for people; also the operator's, where one is made.
    pub name: Name,
    /// The operator that it belongs to; none to make one.
    pub user_id: Option<String>,
}

impl OperatorKeys {
    /// Those in this store.
    pub fn new(store: Store, clock: SharedClock, limits: Limits) -> Self {
        Self { store, clock, limits }
    }

    /// All of them, the oldest first; revoked ones stay listed.
    pub async fn list(&self) -> Result<Vec<ApiKey>, ApiError> {
        self.store.operator_keys().await.map_err(unavailable)
    }

    /// Makes a key, and in the same commit the operator that it belongs to unless one is named.
    pub async fn create(&self, new: NewOperatorKey) -> Result<FreshKey, ApiError> {
        let (entry, now) = (host_entry(&CREATE_OPERATOR_KEY), self.clock.now());
        let name = new.name.check("name", &self.limits)?;
        let Some(user_id) = new.user_id else {
            return self.store.create_operator(&name, &entry, now).await.map_err(unavailable);
        };
        let user = self.store.user(&lookup_id(&user_id)).await.map_err(unavailable)?;
        let operator = user.filter(|user| user.role == Role::Operator.as_str()).ok_or_else(|| {
            ApiError::invalid("user", "is not the id of an operator; list the operator keys to see whose they are")
        })?;
        self.store.create_api_key(&operator.id, &name, None, &entry, now).await.map_err(unavailable)
    }

    /// Makes the first operator and a key of theirs. None where there is somebody already.
    pub async fn create_first(&self) -> Result<Option<FreshKey>, ApiError> {
        let entry = host_entry(&CREATE_OPERATOR_KEY);
        self.store.create_first_operator(FIRST, &entry, self.clock.now()).await.map_err(unavailable)
    }

    /// Revokes a key, the last one too; returns how many are left. It stops at once, on every host.
    pub async fn revoke(&self, id: &str) -> Result<i64, ApiError> {
        let (id, entry) = (lookup_id(id), host_entry(&REVOKE_OPERATOR_KEY));
        let left = self.store.revoke_operator_key(&id, &entry, self.clock.now()).await.map_err(unavailable)?;
        left.ok_or_else(|| {
            let message =
                format!("operator key `{id}` not found, or revoked already; list the operator keys to see them");
            ApiError::new(Kind::NotFound, "not_found", message)
        })
    }
}
