//! An example element: a value for each input, which gives way to the next where the plugin says that it does not suit.

use crate::candidates::{Setting, candidates};
use crate::fields::Document;
use crate::phrase::plain;
use crate::place::{Place, Root, Step, put};
use crate::recipe::Source;
use crate::{CANDIDATES_MAX, INPUTS_MAX};
use serde_json::{Map, Value};

/// What an example posts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleRequest {
    /// The body.
    pub body: Value,
    /// The query that comes with it.
    pub query: Vec<(String, String)>,
}

/// An example that is being found.
#[derive(Debug, Clone)]
pub struct Example<'d> {
    document: &'d Document,
    inputs: Vec<Input>,
}

/// One value of the example, and the fields that are made of it.
#[derive(Debug, Clone)]
struct Input {
    place: Place,
    fields: Vec<String>,
    candidates: Vec<Value>,
    /// Which candidate it has; none of them when there are no more.
    at: usize,
}

impl<'d> Example<'d> {
    /// The first proposal: each field by the first of its paths at which a value can be put.
    pub fn new(document: &'d Document, setting: &Setting) -> Self {
        let mut example = Self { document, inputs: Vec::new() };
        for condition in &document.conditions {
            let values = candidates(&condition.wish.field, &[&condition.wish], &[], setting);
            example.add(&condition.place, &condition.wish.field, values);
        }
        for field in &document.fields {
            let can_be_put = |source: &&Source| {
                source.place.root != Root::Header && source.place.steps.as_ref().is_some_and(|steps| !steps.is_empty())
            };
            let sources = field.sources.iter().filter(can_be_put);
            // Of several paths the one that is called as the field is, since that reads best.
            let name = field.name.strip_prefix("custom.").unwrap_or(&field.name);
            let is_called = |source: &&Source| source.place.text == name;
            let whole = sources.clone().filter(|source| !source.is_part);
            let first = whole.clone().find(is_called).or_else(|| whole.clone().next());
            let parts = sources.filter(|source| source.is_part);
            for source in first.into_iter().chain(parts) {
                example.add(&source.place, &field.name, document.candidates(field, source, setting));
            }
        }
        example
    }

    fn add(&mut self, place: &Place, field: &str, candidates: Vec<Value>) {
        let is_full = INPUTS_MAX <= self.inputs.len();
        let known =
            self.inputs.iter_mut().find(|input| input.place.root == place.root && input.place.steps == place.steps);
        match known {
            Some(input) => {
                input.fields.push(field.to_owned());
                let more = candidates.into_iter().filter(|candidate| !input.candidates.contains(candidate));
                let more: Vec<Value> = more.collect();
                input.candidates.extend(more);
                input.candidates.truncate(CANDIDATES_MAX);
            }
            None if is_full => {}
            None => {
                let (place, fields) = (place.clone(), vec![field.to_owned()]);
                self.inputs.push(Input { place, fields, candidates, at: 0 });
            }
        }
    }

    /// The next value for whatever these fields are made of; whether there was another one.
    pub fn advance<'f>(&mut self, fields: impl IntoIterator<Item = &'f str>) -> bool {
        let mut has_moved = false;
        for field in fields {
            let of_field = self.inputs.iter_mut().filter(|input| input.fields.iter().any(|name| name == field));
            for input in of_field.filter(|input| input.at < input.candidates.len()) {
                input.at += 1;
                has_moved = true;
            }
        }
        has_moved
    }

    /// The fields that a lead made of this example should have.
    pub fn fields(&self) -> Vec<&str> {
        let has_value = |input: &&Input| input.at < input.candidates.len();
        let of_example = self.inputs.iter().filter(has_value).flat_map(|input| input.fields.iter().map(String::as_str));
        of_example.filter(|name| self.document.fields.iter().any(|field| field.name == **name)).collect()
    }

    /// The request as it stands.
    pub fn request(&self) -> ExampleRequest {
        let (mut lead, mut outer, mut query) = (Value::Object(Map::new()), Vec::new(), Vec::new());
        let around = self.document.items.as_ref().and_then(|items| items.steps.as_deref());
        let values = self.inputs.iter().filter_map(|input| Some((input, input.candidates.get(input.at)?)));
        for (input, value) in values {
            let steps = input.place.steps.as_deref().unwrap_or_default();
            match (&input.place.root, around) {
                (Root::Query, _) => query.extend(parameter(steps, value)),
                (Root::Body, Some(_)) => outer.push((steps.to_vec(), value)),
                (Root::Parent(levels), Some(around)) => outer.push(([outside(around, *levels), steps].concat(), value)),
                _ => drop(put(&mut lead, steps, value.clone())),
            }
        }
        let mut body = match around {
            None | Some([]) => lead,
            Some(around) => wrap(lead, around),
        };
        for (steps, value) in outer {
            put(&mut body, &steps, value.clone());
        }
        // A list is cut into its items when it is posted: one that is an element by itself stands in another one.
        let body = if body.is_array() { Value::Array(vec![body]) } else { body };
        ExampleRequest { body, query }
    }
}

/// A lead in the body that it is a part of. Where there may be a list, it is in one.
fn wrap(lead: Value, around: &[Step]) -> Value {
    let is_item = matches!(around.last(), Some(Step::Index(_) | Step::Item(_)));
    let mut body = Value::Null;
    put(&mut body, around, if is_item { lead } else { Value::Array(vec![lead]) });
    body
}

/// The object so many levels around what stands at the end of these steps: lists are not counted.
fn outside(steps: &[Step], levels: usize) -> &[Step] {
    let names: Vec<usize> =
        steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Name(_))).map(|(index, _)| index).collect();
    let at = names.len().checked_sub(levels).and_then(|index| names.get(index));
    at.and_then(|at| steps.get(..*at)).unwrap_or_default()
}

fn parameter(steps: &[Step], value: &Value) -> Option<(String, String)> {
    let [Step::Name(name)] = steps else { return None };
    Some((name.clone(), plain(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    fn document(text: &str) -> Document {
        Document::read(text, "", "US").unwrap()
    }

    fn setting() -> Setting {
        Setting { today: date(2026, 3, 1) }
    }

    #[test]
    fn m10_an_example_has_a_value_for_each_input() {
        let document = document(
            "version: 1\nmap:\n  items: leads\n  fields:\n    first_name: {from: name, then: [{split_name: first}]}\n    last_name: {from: name, then: [{split_name: last}]}\n    batch: parent.key\n    utm: query.utm\n    agent: header.user-agent\n",
        );
        let request = Example::new(&document, &setting()).request();
        let body = json!({"leads": [{"name": "Alice Smith"}], "key": "Example text"});
        assert_eq!(request, ExampleRequest { body, query: vec![("utm".to_owned(), "Example text".to_owned())] });
    }

    #[test]
    fn m10_a_value_that_does_not_suit_gives_way() {
        let document = document("version: 1\nmap: {fields: {age: age, email: {from: mail, then: [email]}}}");
        let mut example = Example::new(&document, &setting());
        assert_eq!(example.request().body, json!({"age": "Example text", "mail": "alice@example.com"}));
        assert!(example.advance(["custom.age"]));
        assert_eq!(example.request().body["age"], json!(5));
        while example.advance(["custom.age"]) {}
        assert_eq!((example.request().body, example.fields()), (json!({"mail": "alice@example.com"}), vec!["email"]));
        assert!(!example.advance(["custom.age", "street"]));
    }
}
