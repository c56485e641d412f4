//! Routes with their descriptions: a group of addresses that the same callers call.

use super::common;
use crate::changes::{self, Changes};
use crate::jobs::{self, Jobs, LongCalls};
use axum::Router;
use axum::middleware::from_fn_with_state;
use hookmill_pipeline::Pipeline;
use serde_json::{Map, Value};
use utoipa_axum::router::UtoipaMethodRouter;

/// Who may call, and so which key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, without a key.
    Public,
    /// A source, by its source key.
    Source,
    /// A source, or a user of its organization.
    SourceOrOrgUser,
    /// A user, by an API key.
    User,
    /// A user in an organization; an operator names which.
    OrgUser,
    /// Whoever has the address, which is the key.
    Capability,
    /// The same by a key in the query: a dialect, whose errors have a form of their own.
    UserByQuery,
}

/// A group of routes with their description.
pub(crate) struct Routes {
    tag: &'static str,
    access: Access,
    jobs: Jobs,
    /// Their router.
    pub(crate) router: Router<Pipeline>,
    /// The path items of the description, by address.
    pub(crate) paths: Map<String, Value>,
    /// The schemas they name.
    pub(super) schemas: Map<String, Value>,
}

impl Routes {
    /// An empty group with a tag, for callers of this kind. What changes something there is counted while it is under way, and what takes
    /// long is a job.
    pub(crate) fn of(tag: &'static str, access: Access, jobs: &Jobs) -> Self {
        Self { tag, access, jobs: jobs.clone(), router: Router::new(), paths: Map::new(), schemas: Map::new() }
    }

    /// The same with an address and the handlers of its methods (`routes!`).
    pub(crate) fn at(mut self, address: &str, (schemas, paths, handlers): UtoipaMethodRouter<Pipeline>) -> Self {
        self.schemas.extend(schemas.into_iter().map(|(name, schema)| (name, json(&schema))));
        // Handlers know their methods and not their address, so all of them stand under the empty one.
        let mut item = json(&paths.paths.get("").cloned().unwrap_or_default());
        for operation in item.as_object_mut().into_iter().flatten().map(|(_, operation)| operation) {
            common::complete(operation, self.tag, self.access, address);
        }
        let changes = item.as_object().and_then(|item| Changes::of(item, self.jobs.under_way()));
        let handlers = match changes {
            Some(changes) => handlers.layer(from_fn_with_state(changes, changes::go_on)),
            None => handlers,
        };
        let long = item.as_object().and_then(|item| LongCalls::of(item, &self.jobs));
        let handlers = match long {
            Some(long) => handlers.layer(from_fn_with_state(long, jobs::respond_in_time)),
            None => handlers,
        };
        self.router = self.router.route(address, handlers);
        self.paths.insert(address.to_owned(), item);
        self
    }

    /// The routes of both groups. An address may have methods of both: each is called by who calls its group.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        for (address, item) in other.paths {
            match (self.paths.get_mut(&address).and_then(Value::as_object_mut), item) {
                (Some(known), Value::Object(more)) => known.extend(more),
                (_, item) => {
                    self.paths.insert(address, item);
                }
            }
        }
        self.schemas.extend(other.schemas);
        self
    }
}

/// A part of a description is always JSON.
fn json<T: serde::Serialize>(part: &T) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}
