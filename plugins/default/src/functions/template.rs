//! Texts made of values.

use hookmill_json::{Value, write_value};

use super::call::Call;
use super::error::{FunctionError, check_output_size};
use crate::plan::{Root, Template, TemplatePart};

/// The name by which a template inside a chain calls the value itself.
pub const VALUE: &str = "value";

/// Fills a template: its places are the value itself, or values at paths. What is missing or null is nothing.
pub fn fill<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    fill_value(call, 0, &value).map(|text| Some(Value::text(text)))
}

/// A template among the arguments, filled without a value.
pub fn fill_argument(call: &Call<'_, '_>, place: usize) -> Result<String, FunctionError> {
    fill_value(call, place, &Value::Null)
}

fn fill_value(call: &Call<'_, '_>, place: usize, value: &Value<'_>) -> Result<String, FunctionError> {
    call.template(place).map_or(Ok(String::new()), |template| fill_template(template, value, call))
}

/// Fills a template of a call, in which the value may be named.
pub fn fill_template(template: &Template<'_>, value: &Value<'_>, call: &Call<'_, '_>) -> Result<String, FunctionError> {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(fixed) => text.push_str(fixed),
            TemplatePart::Value(path) => {
                let found = match path.root {
                    Root::Value => call.context.inside(path, value)?,
                    _ => call.context.value_at(path)?,
                };
                if let Some(value) = found {
                    write_plain(&mut text, &value);
                }
            }
        }
        check_output_size(text.len(), 0, call.name)?;
    }
    Ok(text)
}

/// Writes a value into a text: nothing for null, lists and objects as JSON.
pub fn write_plain(text: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => {}
        Value::List(_) | Value::Object(_) => write_value(text, value),
        scalar => text.push_str(scalar.scalar_text().unwrap_or_default()),
    }
}
