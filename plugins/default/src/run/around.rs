//! What functions see of the world: the scope of their stage, and the tables of the organization.

use std::cell::RefCell;

use hookmill_json::{NodeRef, Value, parse};
use hookmill_plugin_sdk::lookup::{self, LookupError};

use super::scope::Scope;
use super::select::{look, select_in};
use super::work::Work;
use crate::functions::{Refusal, Surroundings};
use crate::plan::Path;

/// A remark: code and text.
pub type Remark = (&'static str, String);

/// One scope as functions see it.
pub struct Around<'s, S> {
    scope: &'s S,
    remark: RefCell<Option<Remark>>,
}

impl<'s, S> Around<'s, S> {
    /// A scope as functions see it.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, remark: RefCell::new(None) }
    }

    /// The first remark since the last time, if there was one.
    pub fn take_remark(&self) -> Option<Remark> {
        self.remark.take()
    }
}

impl<'s, S: Scope> Surroundings<'s> for Around<'s, S> {
    fn phone_region(&self) -> &str {
        self.scope.phone_region()
    }

    fn time_zone(&self) -> &str {
        self.scope.time_zone()
    }

    fn now_ms(&self) -> i64 {
        self.scope.now_ms()
    }

    fn chance(&self) -> [u8; 16] {
        self.scope.chance()
    }

    fn value_at(&self, path: &Path<'_>) -> Result<Option<Value<'s>>, Refusal> {
        look(path, self.scope)?.value(self.scope.work())
    }

    fn inside<'v>(&self, path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, Refusal> {
        select_in(&path.steps, NodeRef::Built(value))?.value(self.scope.work())
    }

    fn spend(&self, steps: usize) -> Result<(), Refusal> {
        self.scope.work().spend(steps)
    }

    fn table(&self, name: &str, key: &str) -> Result<Option<Value<'s>>, Refusal> {
        let found = lookup::get(name, key).map_err(|error| no_table(name, error))?;
        let Some(text) = found else { return Ok(None) };
        let read = parse(&text).map(Value::into_owned);
        read.map(Some).map_err(|refused| {
            Refusal::new(
                "table_value",
                format!("what the value set `{name}` has for `{key}` is no JSON: {}", refused.message),
            )
        })
    }

    fn notice(&self, code: &'static str, message: String) {
        self.remark.borrow_mut().get_or_insert((code, message));
    }
}

/// Why a table can't be read.
pub fn no_table(name: &str, error: LookupError) -> Refusal {
    match error {
        LookupError::NotGranted => Refusal::new(
            "table_not_granted",
            format!(
                "the value set `{name}` is not granted to this plugin; an admin grants it where the plugin is activated"
            ),
        ),
        LookupError::Unknown => Refusal::new(
            "table_unknown",
            format!("the organization has no value set `{name}`; an admin makes it, and the lead can be run again"),
        ),
    }
}

/// What a path finds inside a value.
pub fn value_in<'v>(path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, Refusal> {
    select_in(&path.steps, NodeRef::Built(value))?.value(&Work::default())
}
