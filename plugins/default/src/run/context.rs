//! What functions see of the world: the scope of their stage, and the tables of the organization.

use std::cell::RefCell;

use hookmill_json::{NodeRef, Value, parse};
use hookmill_plugin_sdk::lookup::{self, LookupError};

use super::budget::WorkBudget;
use super::scope::Scope;
use super::select::Reader;
use super::steps::select_in;
use crate::functions::{EvalContext, FunctionError, apply_all};
use crate::plan::{Function, Path};

/// A warning: code and text.
pub type Warning = (&'static str, String);

/// One scope as functions see it.
pub struct ScopeContext<'s, S> {
    scope: &'s S,
    /// What functions and templates read.
    pub reader: Reader<'s>,
    warning: RefCell<Option<Warning>>,
}

impl<'s, S> ScopeContext<'s, S> {
    /// A scope as functions see it.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, reader: Reader::default(), warning: RefCell::new(None) }
    }

    /// The first warning since the last time, if there was one.
    pub fn take_warning(&self) -> Option<Warning> {
        self.warning.take()
    }
}

impl<'s, S: Scope> EvalContext<'s> for ScopeContext<'s, S> {
    fn phone_region(&self) -> &str {
        self.scope.phone_region()
    }

    fn time_zone(&self) -> &str {
        self.scope.time_zone()
    }

    fn now_ms(&self) -> i64 {
        self.scope.now_ms()
    }

    fn random_bytes(&self) -> [u8; 16] {
        self.scope.random_bytes()
    }

    fn value_at(&self, path: &Path<'_>) -> Result<Option<Value<'s>>, FunctionError> {
        self.reader.look(path, self.scope)?.value(self.scope.budget())
    }

    fn inside<'v>(&self, path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, FunctionError> {
        select_in(&path.steps, NodeRef::Built(value))?.value(self.scope.budget())
    }

    fn apply_chain(
        &self,
        chain: &'s [Function<'s>],
        value: Option<Value<'s>>,
    ) -> Result<Option<Value<'s>>, FunctionError> {
        apply_all(chain, value, self)
    }

    fn spend(&self, steps: usize) -> Result<(), FunctionError> {
        self.scope.budget().spend(steps)
    }

    fn table(&self, name: &str, key: &str) -> Result<Option<Value<'s>>, FunctionError> {
        let found = lookup::get(name, key).map_err(|error| no_table(name, error))?;
        let Some(text) = found else { return Ok(None) };
        let read = parse(&text).map(Value::into_owned);
        read.map(Some).map_err(|rejected| {
            FunctionError::new(
                "table_value",
                format!("what the value set `{name}` has for `{key}` is not JSON: {}", rejected.message),
            )
        })
    }

    fn warn(&self, code: &'static str, message: String) {
        self.warning.borrow_mut().get_or_insert((code, message));
    }
}

/// Why a table can't be read.
pub fn no_table(name: &str, error: LookupError) -> FunctionError {
    match error {
        LookupError::NotGranted => FunctionError::new(
            "table_not_granted",
            format!(
                "the value set `{name}` is not granted to this plugin; an admin grants it where the plugin is activated"
            ),
        ),
        LookupError::Unknown => FunctionError::new(
            "table_unknown",
            format!("the organization has no value set `{name}`; an admin makes it, and the lead can be run again"),
        ),
    }
}

/// What a path finds inside a value.
pub fn value_in<'v>(path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, FunctionError> {
    select_in(&path.steps, NodeRef::Built(value))?.value(&WorkBudget::default())
}
