//! A lead as the contract has it, read where it lies.

use std::borrow::Cow;

use crate::text_fields::for_each_text_field;
use crate::types::Failure;
use crate::{Field, Object};

/// A lead: the standard fields by name, all else under `custom`.
///
/// ```
/// use hookmill_plugin_sdk::Lead;
///
/// let lead = Lead::parse(r#"{"email": "a@example.com", "zip": "02139", "custom": {"bill": 120.50}}"#).unwrap();
/// assert_eq!(lead.email().text().as_deref(), Some("a@example.com"));
/// assert_eq!(lead.custom("bill").json(), Some("120.50"));
/// assert!(lead.phone().is_missing());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Lead<'a> {
    fields: Object<'a>,
    custom: Object<'a>,
}

impl<'a> Lead<'a> {
    /// Reads a lead's JSON text.
    ///
    /// # Errors
    /// `not_an_object` when the text or its `custom` is something else.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Lead;
    /// assert_eq!(Lead::parse(r#"{"custom": []}"#).unwrap_err().field.as_deref(), Some("custom"));
    /// ```
    pub fn parse(json: &'a str) -> Result<Self, Failure> {
        let fields = Object::parse(json)?;
        let custom = fields.get("custom").object()?;
        Ok(Self { fields, custom })
    }

    /// A custom field by name.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Lead;
    /// let lead = Lead::parse(r#"{"custom": {"roof": "flat"}}"#).unwrap();
    /// assert_eq!(lead.custom("roof").text().as_deref(), Some("flat"));
    /// ```
    pub fn custom<'f>(&self, name: &'f str) -> Field<'f>
    where
        'a: 'f,
    {
        self.custom.get(name).custom()
    }

    /// All custom fields.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Lead;
    /// let lead = Lead::parse(r#"{"custom": {"roof": "flat"}}"#).unwrap();
    /// assert_eq!(lead.customs().iter().next(), Some(("roof", "\"flat\"")));
    /// ```
    pub fn customs(&self) -> &Object<'a> {
        &self.custom
    }

    /// Its tags; none when they are missing or null.
    ///
    /// # Errors
    /// `wrong_type` when they are not a list of texts.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Lead;
    /// assert_eq!(Lead::parse(r#"{"tags": ["hot"]}"#).unwrap().tags().unwrap(), ["hot"]);
    /// ```
    pub fn tags(&self) -> Result<Vec<Cow<'a, str>>, Failure> {
        Ok(self.fields.get("tags").read()?.unwrap_or_default())
    }
}

/// Makes a reader of each standard text field.
macro_rules! text_fields {
    ($($name:ident: $what:literal;)+) => {
        impl<'a> Lead<'a> {
            $(
                #[doc = $what]
                ///
                /// ```
                /// # use hookmill_plugin_sdk::Lead;
                #[doc = concat!("let lead = Lead::parse(r#\"{\"", stringify!($name), "\": \"1\"}\"#).unwrap();")]
                #[doc = concat!("assert_eq!(lead.", stringify!($name), "().text().as_deref(), Some(\"1\"));")]
                /// ```
                pub fn $name(&self) -> Field<'a> {
                    self.fields.get(stringify!($name))
                }
            )+
        }
    };
}

for_each_text_field!(text_fields);
