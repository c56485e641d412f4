//! The fields of a form as one JSON object: in the order they come first, a name that comes again becomes a list in order.

use std::collections::BTreeMap;

use hookmill_json::write_text;

use crate::error::{BodyError, Fault};

/// What has been read of a form so far.
pub(crate) struct Fields {
    fields_max: usize,
    count: usize,
    /// Names with their values, each a JSON text.
    fields: Vec<(String, Vec<String>)>,
    places: BTreeMap<String, usize>,
}

impl Fields {
    pub(crate) fn new(fields_max: usize) -> Self {
        Self { fields_max, count: 0, fields: Vec::new(), places: BTreeMap::new() }
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: String, value: &str) -> Result<(), BodyError> {
        let mut text = String::with_capacity(value.len() + 2);
        write_text(&mut text, value);
        self.json(name, text)
    }

    /// Adds a value that is a JSON text already.
    pub(crate) fn json(&mut self, name: String, value: String) -> Result<(), BodyError> {
        if self.fields_max <= self.count {
            return Err(too_many(self.fields_max));
        }
        self.count += 1;
        match self.places.get(&name).and_then(|place| self.fields.get_mut(*place)) {
            Some((_, values)) => values.push(value),
            None => {
                self.places.insert(name.clone(), self.fields.len());
                self.fields.push((name, vec![value]));
            }
        }
        Ok(())
    }

    /// The text of the object.
    pub(crate) fn finish(self) -> String {
        let mut out = String::from("{");
        for (at, (name, values)) in self.fields.into_iter().enumerate() {
            if 0 < at {
                out.push(',');
            }
            write_text(&mut out, &name);
            out.push(':');
            match values.as_slice() {
                [only] => out.push_str(only),
                several => out.extend(["[", &several.join(","), "]"]),
            }
        }
        out.push('}');
        out
    }
}

/// A form with more fields than it may have.
pub(crate) fn too_many(fields_max: usize) -> BodyError {
    let message = format!("a form may have {fields_max} fields (fields_max)");
    BodyError::new(Fault::TooMany, "form_too_large", message).hint("send it in parts")
}
