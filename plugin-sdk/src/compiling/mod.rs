//! A configuration from its document to the plugin: checked once when it is saved, loaded in every fresh instance.
//!
//! What is loaded is the document itself: a second format would be one more way for the two to differ, and would ask the
//! author's type to write itself as well.

mod nearest;
mod path;
mod place;
mod read;

use schemars::JsonSchema;

use crate::Configure;
use crate::types::{Compiled, Description, Diagnostic, Failure, Level};

/// Bytes of a document.
const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Diagnostics told at once.
const DIAGNOSTICS_MAX: usize = 50;

/// Checks a document; what it compiles to is the document.
pub(crate) fn compile<T: Configure>(document: &str) -> Result<Compiled, Vec<Diagnostic>> {
    if DOCUMENT_BYTES_MAX < document.len() {
        let message = format!("the configuration has {} bytes; {DOCUMENT_BYTES_MAX} is the most", document.len());
        return Err(vec![Diagnostic::error("", message).with_code("too_large")]);
    }
    let mut said = Vec::new();
    if let Some(plugin) = read::read::<T>(document, &mut said) {
        said.extend(checked(document, plugin));
    }
    said.truncate(DIAGNOSTICS_MAX);
    if said.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        return Err(said);
    }
    Ok(Compiled { plan: document.as_bytes().to_vec(), warnings: said })
}

/// What the author's own checks say, with their places.
fn checked<T: Configure>(document: &str, plugin: T) -> Vec<Diagnostic> {
    let mut said: Vec<_> = plugin.check().into_iter().map(|diagnostic| place::placed(document, diagnostic)).collect();
    if said.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        return said;
    }
    if let Err(failure) = plugin.ready() {
        let diagnostic = Diagnostic::error(failure.field.unwrap_or_default(), failure.message);
        said.push(place::placed(document, diagnostic.with_code(failure.code)));
    }
    said
}

/// The plugin that a document makes, which was checked when it was saved.
pub(crate) fn load<T: Configure>(plan: &[u8]) -> Result<T, Failure> {
    let hint = "save the configuration again";
    let plugin: T = serde_json::from_slice(plan).map_err(|error| {
        Failure::new("bad_plan", format!("this configuration is not for this version of the plugin: {error}; {hint}"))
    })?;
    plugin.ready()
}

/// What a plugin is, without its author's additions.
pub(crate) fn description<T: JsonSchema>(name: &str, version: &str, summary: &str) -> Description {
    Description {
        name: name.to_owned(),
        version: version.to_owned(),
        summary: summary.to_owned(),
        reads: Vec::new(),
        writes: Vec::new(),
        grants: Vec::new(),
        configuration_schema: Some(schema::<T>().to_string()),
    }
}

/// The JSON Schema of a configuration.
fn schema<T: JsonSchema>() -> serde_json::Value {
    schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{configured, diagnosed};

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    struct Solar {
        /// The states that are served.
        states: Vec<String>,
        #[serde(default)]
        bill: Option<Range>,
    }

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    struct Range {
        at_least: u32,
        at_most: Option<u32>,
    }

    impl Configure for Solar {
        fn check(&self) -> Vec<Diagnostic> {
            let empty = self.states.is_empty().then(|| Diagnostic::warning("states", "no lead will qualify"));
            let crossed = self.bill.as_ref().filter(|bill| bill.at_most.is_some_and(|most| most < bill.at_least));
            let crossed =
                crossed.map(|_| Diagnostic::error("bill.at_most", "is below `at_least`").suggest("swap them"));
            empty.into_iter().chain(crossed).collect()
        }

        fn ready(self) -> Result<Self, Failure> {
            match self.states.iter().any(|state| state == "XX") {
                true => Err(Failure::new("no_state", "XX is not a state").in_field("states")),
                false => Ok(self),
            }
        }
    }

    /// P4: what was compiled loads.
    #[test]
    fn p4_a_good_document_loads() {
        let solar = configured::<Solar>(r#"{"states": ["TX"], "bill": {"at_least": 100}}"#).unwrap();
        assert_eq!((solar.states, solar.bill.unwrap().at_least), (vec!["TX".to_owned()], 100));
        assert_eq!(load::<Solar>(b"{}").unwrap_err().code, "bad_plan");
    }

    /// Each mistake with line, column in characters, and path.
    #[test]
    fn mistakes_have_places() {
        let table = [
            ("", "1:0 : EOF while parsing a value"),
            ("{\n  \"states\": [\"Zürich\", 5]\n}", "2:24 states[1]: invalid type: integer `5`, expected a string"),
            ("{\n  \"é\": 1, oops\n}", "2:11 : key must be a string"),
            ("{}", "1:1 : missing field `states`"),
            ("[]", "1:1 : invalid length 0, expected struct Solar with 2 elements"),
            (r#"{"states": []} x"#, "1:16 : trailing characters"),
            (r#"{"states": [], "bill": {}}"#, "1:24 bill: missing field `at_least`"),
            (
                r#"{"states": ["A"], "bill": {"at_least": 2, "at_most": 1}}"#,
                "1:54 bill.at_most: is below `at_least` (swap them)",
            ),
            (r#"{"states": ["XX"]}"#, "1:12 states: XX is not a state"),
        ];
        for (document, said) in table {
            assert_eq!(diagnosed::<Solar>(document), [said], "{document}");
        }
    }

    /// Keys that nothing reads are told all at once, also beside a value of the wrong type; the nearest name is suggested.
    #[test]
    fn unknown_keys_are_told() {
        let said = diagnosed::<Solar>(r#"{"state": 1, "bill": {"at_lest": 5, "zzz": 0}}"#);
        assert_eq!(
            said,
            [
                "1:11 state: nothing reads this key (did you mean `states`?)",
                "1:34 bill.at_lest: nothing reads this key (did you mean `at_least`?)",
                "1:44 bill.zzz: nothing reads this key",
                "1:22 bill: missing field `at_least`",
            ]
        );
    }

    /// A warning does not reject.
    #[test]
    fn warnings_are_shown() {
        let compiled = compile::<Solar>(r#"{"states": []}"#).unwrap();
        assert_eq!(compiled.warnings[0].message, "no lead will qualify");
        assert_eq!((compiled.warnings[0].line, compiled.warnings[0].column), (1, 12));
    }

    /// H6: documents and what is said of them are bounded.
    #[test]
    fn h6_bounded() {
        let long = format!("{{{}\"states\": []}}", " ".repeat(DOCUMENT_BYTES_MAX));
        assert_eq!(compile::<Solar>(&long).unwrap_err()[0].code, "too_large");
        let keys: String = (0..1_000).map(|key| format!("\"k{key}\": 1,")).collect();
        assert_eq!(diagnosed::<Solar>(&format!("{{{keys}\"states\": []}}")).len(), DIAGNOSTICS_MAX);
    }

    /// The schema says what the type says.
    #[test]
    fn the_schema_is_the_types() {
        let description = description::<Solar>("solar", "1.0.0", "Leads for roofs");
        let schema: serde_json::Value = serde_json::from_str(&description.configuration_schema.unwrap()).unwrap();
        assert_eq!(schema["properties"]["states"]["description"], "The states that are served.");
        assert_eq!(schema["required"], serde_json::json!(["states"]));
    }
}
