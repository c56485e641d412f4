//! The trace of a dry run, written by the code that does the work.

use hookmill_json::{Value, text_of};

/// The steps by which one value was made.
#[derive(Default)]
pub struct Steps {
    /// Where it came from, as the document writes it.
    pub from: Option<String>,
    /// Each function and what it gave; none for nothing.
    pub functions: Vec<(&'static str, Option<Value<'static>>)>,
    /// What happened instead, such as `on_error: keep_raw`.
    pub instead: Option<&'static str>,
}

impl Steps {
    /// As members of a JSON object.
    pub fn members(self) -> Vec<(&'static str, Value<'static>)> {
        let step = |(name, value): (&'static str, Option<Value<'static>>)| {
            let mut members = vec![("function".into(), Value::text(name))];
            members.extend(value.map(|value| ("value".into(), value)));
            Value::Object(members)
        };
        let mut members = vec![("from", Value::text_or_null(self.from))];
        members.push(("steps", Value::List(self.functions.into_iter().map(step).collect())));
        members.extend(self.instead.map(|instead| ("instead", Value::text(instead))));
        members
    }
}

/// An object of these members as JSON text.
pub fn object(members: Vec<(&'static str, Value<'static>)>) -> Value<'static> {
    Value::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// A list under a name, as JSON text.
pub fn json_list(name: &'static str, items: Vec<Value<'static>>) -> String {
    text_of(&Value::object([(name, Value::List(items))]))
}
