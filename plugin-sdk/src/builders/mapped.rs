//! What one element became.

use crate::types::{Mapped, MappedLead, Warning};

impl Mapped {
    /// The element holds no lead, and that is right so: a ping, a test of the connection.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Mapped;
    /// assert!(Mapped::none().leads.is_empty());
    /// ```
    pub fn none() -> Self {
        Self { leads: Vec::new(), trace: None }
    }

    /// The element became several leads.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{NewLead, types::Mapped};
    /// let mapped = Mapped::many(["a@example.com", "b@example.com"].map(|mail| NewLead::new().email(mail)));
    /// assert_eq!(mapped.leads.len(), 2);
    /// ```
    pub fn many(leads: impl IntoIterator<Item = impl Into<MappedLead>>) -> Self {
        Self { leads: leads.into_iter().map(|lead| Ok(lead.into())).collect(), trace: None }
    }
}

impl From<MappedLead> for Mapped {
    fn from(lead: MappedLead) -> Self {
        Self::many([lead])
    }
}

impl Warning {
    /// A warning that does not stop the lead: a stable code, the field or path, and what and the suggested fix for people.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Warning;
    /// let warning = Warning::new("kept_raw", "phone", "this is not a phone number; it is kept as it came");
    /// assert_eq!(warning.code, "kept_raw");
    /// ```
    pub fn new(code: impl Into<String>, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), path: path.into(), message: message.into() }
    }
}
