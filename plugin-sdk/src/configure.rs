//! Configuration as the author's own type.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::types::{Description, Diagnostic, Failure, Severities};

/// Interface `configuration`: a plugin that is made from a document an admin saves, JSON of the author's own type.
///
/// The type's fields are the document's keys, its doc comments describe them in the JSON Schema that the host publishes.
/// Checking, compiling, loading and describing come for free: values of the wrong type are rejected with line, column and
/// path, and so are keys that nothing reads, with the nearest known name.
///
/// ```
/// use hookmill_plugin_sdk::types::Diagnostic;
/// use hookmill_plugin_sdk::{Configure, testing};
///
/// /// Leads for roofs.
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Solar {
///     /// The states that are served, as codes of two letters.
///     states: Vec<String>,
///     /// The smallest monthly bill, in dollars.
///     #[serde(default)]
///     bill_min: u32,
/// }
///
/// impl Configure for Solar {
///     fn check(&self) -> Vec<Diagnostic> {
///         let bad = self.states.iter().position(|state| state.len() != 2);
///         bad.map(|at| Diagnostic::error(format!("states[{at}]"), "this is not a code of two letters")).into_iter().collect()
///     }
/// }
///
/// let solar: Solar = testing::configured(r#"{"states": ["TX"]}"#).unwrap();
/// assert_eq!((solar.states.len(), solar.bill_min), (1, 0));
/// let said = testing::diagnosed::<Solar>(r#"{"states": ["TX", "Ohio"]}"#);
/// assert_eq!(said, ["1:19 states[1]: this is not a code of two letters"]);
/// let said = testing::diagnosed::<Solar>(r#"{"states": [], "bil_min": 5}"#);
/// assert_eq!(said, ["1:27 bil_min: nothing reads this key (did you mean `bill_min`?)"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`configuration` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Configure`",
    label = "needs `impl Configure for {Self}`",
    note = "derive `serde::Deserialize` and `schemars::JsonSchema` for `{Self}`, and write \
            `impl hookmill_plugin_sdk::Configure for {Self} {{}}`; or take `configuration` out of `export!`"
)]
pub trait Configure: DeserializeOwned + JsonSchema {
    /// What is wrong with values of the right type. An error rejects the document, a warning is shown. Line and column are
    /// filled in from the path.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::{Configure, testing};
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {}
    /// impl Configure for Solar {}
    /// assert!(Solar {}.check().is_empty());
    /// ```
    fn check(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Builds what the stages need and the document does not hold, in fields with `#[serde(skip)]`. Called when the document is
    /// saved, and in each fresh instance.
    ///
    /// # Errors
    /// A failure rejects the document.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::{Configure, testing, types::Failure};
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {
    ///     states: String,
    ///     #[serde(skip)]
    ///     set: Vec<String>,
    /// }
    ///
    /// impl Configure for Solar {
    ///     fn ready(self) -> Result<Self, Failure> {
    ///         let set = self.states.split(' ').map(str::to_owned).collect();
    ///         Ok(Self { set, ..self })
    ///     }
    /// }
    ///
    /// assert_eq!(testing::configured::<Solar>(r#"{"states": "AZ TX"}"#).unwrap().set, ["AZ", "TX"]);
    /// ```
    fn ready(self) -> Result<Self, Failure> {
        Ok(self)
    }

    /// The plugin of a campaign that has no configuration. Write it where there is a sensible one.
    ///
    /// # Errors
    /// `not_configured` unless written: each item fails with it.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Configure;
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {}
    /// impl Configure for Solar {}
    /// assert_eq!(Solar::unconfigured().err().unwrap().code, "not_configured");
    /// ```
    fn unconfigured() -> Result<Self, Failure> {
        Err(Failure::new("not_configured", "this plugin needs a configuration, and the campaign has none; save one"))
    }

    /// The severities for which it has rules; the host makes no `qualify` call for others.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Configure, testing, types::Severities};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {
    ///     states: Vec<String>,
    /// }
    ///
    /// impl Configure for Solar {
    ///     fn severities(&self) -> Severities {
    ///         if self.states.is_empty() { Severities::empty() } else { Severities::HARD }
    ///     }
    /// }
    ///
    /// assert!(testing::configured::<Solar>(r#"{"states": []}"#).unwrap().severities().is_empty());
    /// ```
    fn severities(&self) -> Severities {
        Severities::all()
    }

    /// Whether it can read a price out of the response to a ping. Where it can't, the host lets nobody set a ping without a price.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Configure, testing};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {
    ///     price_header: Option<String>,
    /// }
    ///
    /// impl Configure for Solar {
    ///     fn reads_price(&self) -> bool {
    ///         self.price_header.is_some()
    ///     }
    /// }
    ///
    /// assert!(!testing::configured::<Solar>("{}").unwrap().reads_price());
    /// ```
    fn reads_price(&self) -> bool {
        true
    }

    /// What the plugin says of itself. Name, version and summary come from `Cargo.toml`; add what it reads, writes and asks an
    /// admin to grant.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Configure;
    /// use hookmill_plugin_sdk::types::{Description, GrantRequest};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Solar {}
    ///
    /// impl Configure for Solar {
    ///     fn describe(from_cargo: Description) -> Description {
    ///         Description { grants: vec![GrantRequest::ValueSet("cities".into())], ..from_cargo }
    ///     }
    /// }
    /// ```
    fn describe(from_cargo: Description) -> Description {
        from_cargo
    }
}
