//! Building the lead that `map` gives back.

use std::borrow::Cow;

use serde::Serialize;

use crate::text_fields::for_each_text_field;
use crate::types::{Failure, Mapped, MappedLead, Warning};
use crate::{Field, Object};

/// A lead under construction. A field that is set to something missing stays missing, one that is set to null becomes null.
///
/// ```
/// use hookmill_plugin_sdk::{NewLead, Object};
///
/// let mut body = Object::parse(r#"{"mail": "a@example.com", "fax": null, "bill": 120.50, "roof": "flat"}"#).unwrap();
/// let lead = NewLead::new()
///     .email(body.take("mail"))
///     .phone(body.take("phone"))
///     .first_name("Jane")
///     .custom("monthly_bill", body.take("bill"))
///     .keep_rest(&body)
///     .build();
/// assert_eq!(
///     lead.lead,
///     r#"{"email":"a@example.com","first_name":"Jane","custom":{"monthly_bill":120.50,"fax":null,"roof":"flat"}}"#
/// );
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct NewLead<'a> {
    fields: Vec<(&'static str, Cow<'a, str>)>,
    custom: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    is_test: bool,
    warnings: Vec<Warning>,
}

impl<'a> NewLead<'a> {
    /// A lead without any field.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::NewLead;
    /// assert_eq!(NewLead::new().build().lead, r#"{"custom":{}}"#);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Its tags, instead of those it had.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::NewLead;
    /// assert_eq!(NewLead::new().tags(["hot"]).build().lead, r#"{"tags":["hot"],"custom":{}}"#);
    /// ```
    pub fn tags<T: AsRef<str>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        let tags: Vec<String> = tags.into_iter().map(|tag| quoted(tag.as_ref())).collect();
        self.standard("tags", Some(Cow::Owned(format!("[{}]", tags.join(",")))))
    }

    /// A custom field: text, a number, a boolean, or a field as it came.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::NewLead;
    /// let lead = NewLead::new().custom("roof", "flat").custom("rooms", 4).custom("pool", None::<&str>).build();
    /// assert_eq!(lead.lead, r#"{"custom":{"roof":"flat","rooms":4}}"#);
    /// ```
    pub fn custom(self, name: impl Into<Cow<'a, str>>, value: impl IntoField<'a>) -> Self {
        self.raw_custom(name.into(), value.into_json())
    }

    /// A custom field of any type that serde writes.
    ///
    /// # Errors
    /// `not_json` when the value can't be written as JSON.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::NewLead;
    /// let lead = NewLead::new().custom_value("rooms", &[3, 4]).unwrap().build();
    /// assert_eq!(lead.lead, r#"{"custom":{"rooms":[3,4]}}"#);
    /// ```
    pub fn custom_value(self, name: impl Into<Cow<'a, str>>, value: &impl Serialize) -> Result<Self, Failure> {
        let name = name.into();
        match serde_json::to_string(value) {
            Ok(json) => Ok(self.raw_custom(name, Some(Cow::Owned(json)))),
            Err(error) => Err(Failure::new("not_json", error.to_string()).in_field(name)),
        }
    }

    /// Keeps the members of an object as custom fields, as they came: what [`Object::take`] left, so that nothing is lost.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::{NewLead, Object};
    /// let body = Object::parse(r#"{"utm": 1.0}"#).unwrap();
    /// assert_eq!(NewLead::new().keep_rest(&body).build().lead, r#"{"custom":{"utm":1.0}}"#);
    /// ```
    pub fn keep_rest(mut self, object: &Object<'a>) -> Self {
        for (name, json) in object.iter() {
            self = self.raw_custom(Cow::Owned(name.to_owned()), Some(Cow::Borrowed(json)));
        }
        self
    }

    /// Says that the source marked the lead as a test.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::NewLead;
    /// assert!(NewLead::new().as_test().build().is_test);
    /// ```
    pub fn as_test(mut self) -> Self {
        self.is_test = true;
        self
    }

    /// Adds a warning that does not stop the lead.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::{NewLead, types::Warning};
    /// let lead = NewLead::new().warning(Warning::new("kept_raw", "phone", "this is not a phone number")).build();
    /// assert_eq!(lead.warnings[0].path, "phone");
    /// ```
    pub fn warning(mut self, warning: Warning) -> Self {
        self.warnings.push(warning);
        self
    }

    /// The lead as the contract has it. [`Mapped`] is made of a `NewLead` by `.into()` just as well.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::{NewLead, types::Mapped};
    /// let lead = NewLead::new().city("Austin").build();
    /// assert_eq!(Mapped::from(NewLead::new().city("Austin")), Mapped::from(lead));
    /// ```
    pub fn build(self) -> MappedLead {
        let mut lead = String::from("{");
        self.fields.iter().for_each(|(name, json)| push_member(&mut lead, name, json));
        let mut custom = String::from("{");
        self.custom.iter().for_each(|(name, json)| push_member(&mut custom, name, json));
        custom.push('}');
        push_member(&mut lead, "custom", &custom);
        lead.push('}');
        MappedLead { lead, is_test: self.is_test, warnings: self.warnings }
    }

    /// Sets a standard field; the last value counts.
    fn standard(mut self, name: &'static str, json: Option<Cow<'a, str>>) -> Self {
        self.fields.retain(|(earlier, _)| *earlier != name);
        self.fields.extend(json.map(|json| (name, json)));
        self
    }

    fn raw_custom(mut self, name: Cow<'a, str>, json: Option<Cow<'a, str>>) -> Self {
        self.custom.retain(|(earlier, _)| *earlier != name);
        self.custom.extend(json.map(|json| (name, json)));
        self
    }
}

/// Makes a writer of each standard text field.
macro_rules! text_fields {
    ($($name:ident: $what:literal;)+) => {
        impl<'a> NewLead<'a> {
            $(
                #[doc = $what]
                ///
                /// ```
                /// # use hookmill_plugin_sdk::NewLead;
                #[doc = concat!("let lead = NewLead::new().", stringify!($name), "(\"1\").build();")]
                #[doc = concat!("assert_eq!(lead.lead, r#\"{\"", stringify!($name), "\":\"1\",\"custom\":{}}\"#);")]
                /// ```
                pub fn $name(self, value: impl IntoField<'a>) -> Self {
                    self.standard(stringify!($name), value.into_json())
                }
            )+
        }
    };
}

for_each_text_field!(text_fields);

/// What a field of a [`NewLead`] can be set to: text, an integer, a boolean, a [`Field`] as it came, or an option of these.
///
/// ```
/// # use hookmill_plugin_sdk::IntoField;
/// assert_eq!("flat".into_json().as_deref(), Some("\"flat\""));
/// assert_eq!(None::<&str>.into_json(), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "a lead's field can't be set to `{Self}`",
    note = "it takes text, integers, booleans, a `Field` as it came, or an option of these; for all else write \
            `custom_value(name, &value)?`"
)]
pub trait IntoField<'a> {
    /// The JSON text; none when there is nothing to set.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::IntoField;
    /// assert_eq!(5.into_json().as_deref(), Some("5"));
    /// ```
    fn into_json(self) -> Option<Cow<'a, str>>;
}

impl<'a> IntoField<'a> for Field<'a> {
    fn into_json(self) -> Option<Cow<'a, str>> {
        self.json().map(Cow::Borrowed)
    }
}

impl<'a, T: IntoField<'a>> IntoField<'a> for Option<T> {
    fn into_json(self) -> Option<Cow<'a, str>> {
        self.and_then(T::into_json)
    }
}

macro_rules! text_into_field {
    ($($type:ty),+) => {
        $(impl<'a> IntoField<'a> for $type {
            fn into_json(self) -> Option<Cow<'a, str>> {
                Some(Cow::Owned(quoted(&self)))
            }
        })+
    };
}

macro_rules! plain_into_field {
    ($($type:ty),+) => {
        $(impl<'a> IntoField<'a> for $type {
            fn into_json(self) -> Option<Cow<'a, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        })+
    };
}

text_into_field!(&str, String, &String, Cow<'_, str>);
plain_into_field!(bool, u8, u16, u32, u64, i8, i16, i32, i64, usize, isize);

impl From<NewLead<'_>> for MappedLead {
    fn from(lead: NewLead<'_>) -> Self {
        lead.build()
    }
}

impl From<NewLead<'_>> for Mapped {
    fn from(lead: NewLead<'_>) -> Self {
        lead.build().into()
    }
}

fn push_member(object: &mut String, name: &str, json: &str) {
    if 1 < object.len() {
        object.push(',');
    }
    object.push_str(&quoted(name));
    object.push(':');
    object.push_str(json);
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M3: what was missing stays missing, null stays null, and digits stay.
    #[test]
    fn m3_nothing_is_made_up() {
        let body = Object::parse(r#"{"a": null, "b": "", "c": 1.10}"#).unwrap();
        let lead = NewLead::new().email(body.get("a")).phone(body.get("x")).city(body.get("b")).zip(body.get("c"));
        assert_eq!(lead.build().lead, r#"{"email":null,"city":"","zip":1.10,"custom":{}}"#);
    }

    #[test]
    fn the_last_value_counts() {
        let lead = NewLead::new().city("Waco").city("Austin").custom("n", 1).custom("n", 2);
        assert_eq!(lead.build().lead, r#"{"city":"Austin","custom":{"n":2}}"#);
        assert_eq!(NewLead::new().city("Waco").city(None::<&str>).build().lead, r#"{"custom":{}}"#);
    }

    /// Hostile text stays text.
    #[test]
    fn text_is_quoted() {
        let lead = NewLead::new().city("a\"b\\c\n\u{0}").custom("\"}", "x").build();
        let value: serde_json::Value = serde_json::from_str(&lead.lead).unwrap();
        assert_eq!(value["city"], "a\"b\\c\n\u{0}");
        assert_eq!(value["custom"]["\"}"], "x");
    }
}
