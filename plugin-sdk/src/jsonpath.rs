//! JSONPath queries (RFC 9535) over what a stage is given; with the feature `jsonpath` alone.
//!
//! ```
//! let element = hookmill_plugin_sdk::testing::inbound(
//!     r#"{"field_data": [{"name": "email", "values": ["ann@example.com"]}, {"name": "budget", "values": [12000.50]}]}"#,
//! );
//! let email = element.select("$.field_data[?@.name=='email'].values[0]").unwrap();
//! assert_eq!(email.first().text().as_deref(), Some("ann@example.com"));
//!
//! // Several paths: the text is read once.
//! let body = element.tree().unwrap();
//! assert_eq!(body.select("$.field_data[?@.name=='budget'].values[0]").unwrap().first().json(), Some("12000.50"));
//! assert!(body.select("$.field_data[?@.name=='phone'].values[0]").unwrap().first().is_missing());
//! ```

use jsonpath_rust::JsonPath;
use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::parse_json_path;
use serde_json::Value;

use crate::Field;
use crate::types::{ClientResponse, Failure, HttpResponse, Inbound};

/// A JSON text as a tree, read once for several paths.
///
/// ```
/// let tree = hookmill_plugin_sdk::jsonpath::Tree::parse(r#"{"a": {"b": 1}}"#).unwrap();
/// assert_eq!(tree.select("$.a.b").unwrap().first().json(), Some("1"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tree(Value);

/// What a path found, in the order of the text.
///
/// ```
/// let element = hookmill_plugin_sdk::testing::inbound(r#"[{"n": 1}, {"n": 2}]"#);
/// let found: Vec<u8> = element.select("$[*].n").unwrap().iter().filter_map(|n| n.number().unwrap()).collect();
/// assert_eq!(found, [1, 2]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection<'p> {
    path: &'p str,
    texts: Vec<String>,
}

impl Tree {
    /// Reads a JSON text. Numbers keep their digits; of names that repeat, the last one counts.
    ///
    /// # Errors
    /// `not_json` when the text is none, or is nested more than 127 deep.
    ///
    /// ```
    /// use hookmill_plugin_sdk::jsonpath::Tree;
    /// assert_eq!(Tree::parse("{").unwrap_err().code, "not_json");
    /// ```
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let tree = serde_json::from_str(json);
        tree.map(Self).map_err(|error| Failure::new("not_json", format!("JSON is needed here: {error}")))
    }

    /// What the path finds; finding nothing is not a failure.
    ///
    /// # Errors
    /// `jsonpath_invalid` when the path is none; see [`check`].
    ///
    /// ```
    /// use hookmill_plugin_sdk::jsonpath::Tree;
    ///
    /// let tree = Tree::parse(r#"{"tags": ["a", 1.0, null]}"#).unwrap();
    /// let tags = tree.select("$.tags[*]").unwrap();
    /// assert_eq!(tags.iter().map(|tag| tag.json().unwrap()).collect::<Vec<_>>(), ["\"a\"", "1.0", "null"]);
    /// ```
    pub fn select<'p>(&self, path: &'p str) -> Result<Selection<'p>, Failure> {
        let found = self.0.query(path).map_err(|error| invalid(path, &error))?;
        Ok(Selection { path, texts: found.into_iter().map(Value::to_string).collect() })
    }
}

impl Selection<'_> {
    /// The first that was found; a missing field when nothing was. Failures name the path.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    ///
    /// let nothing = testing::inbound("{}");
    /// let failure = nothing.select("$.email").unwrap().first().required_text().unwrap_err();
    /// assert_eq!(failure.message, "`$.email` is missing");
    /// ```
    pub fn first(&self) -> Field<'_> {
        Field::new(self.path, self.texts.first().map(String::as_str))
    }

    /// All that was found.
    ///
    /// ```
    /// let element = hookmill_plugin_sdk::testing::inbound("[1, 2]");
    /// assert_eq!(element.select("$[*]").unwrap().iter().count(), 2);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.texts.iter().map(|text| Field::new(self.path, Some(text)))
    }

    /// Whether nothing was found.
    ///
    /// ```
    /// assert!(hookmill_plugin_sdk::testing::inbound("{}").select("$.a").unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Whether a text is a path; for the `check` of a configuration that holds paths.
///
/// # Errors
/// `jsonpath_invalid`, with the first thing that is wrong.
///
/// ```
/// use hookmill_plugin_sdk::jsonpath::check;
///
/// assert!(check("$.a[?@.b > 1]").is_ok());
/// let failure = check("$.a[").unwrap_err();
/// assert_eq!(failure.code, "jsonpath_invalid");
/// assert!(failure.message.starts_with("`$.a[` is not a JSONPath query"), "{}", failure.message);
/// ```
pub fn check(path: &str) -> Result<(), Failure> {
    parse_json_path(path).map(|_| ()).map_err(|error| invalid(path, &error))
}

impl Inbound {
    /// The element as a tree, for several paths.
    ///
    /// # Errors
    /// `not_json`, which the host never sends, or when it is nested too deep: see [`Tree::parse`].
    ///
    /// ```
    /// let body = hookmill_plugin_sdk::testing::inbound(r#"{"tags": ["a", "b"]}"#).tree().unwrap();
    /// assert_eq!(body.select("$.tags[-1]").unwrap().first().text().as_deref(), Some("b"));
    /// ```
    pub fn tree(&self) -> Result<Tree, Failure> {
        Tree::parse(&self.body)
    }

    /// What one path finds in the element.
    ///
    /// # Errors
    /// Those of [`Inbound::tree`] and [`Tree::select`].
    ///
    /// ```
    /// let element = hookmill_plugin_sdk::testing::inbound(r#"{"contact": {"mail": "a@example.com"}}"#);
    /// assert_eq!(element.select("$.contact.mail").unwrap().first().text().as_deref(), Some("a@example.com"));
    /// ```
    pub fn select<'p>(&self, path: &'p str) -> Result<Selection<'p>, Failure> {
        self.tree()?.select(path)
    }
}

impl HttpResponse {
    /// The body as a tree.
    ///
    /// # Errors
    /// `not_json`: a service may answer with anything.
    ///
    /// ```
    /// let response = hookmill_plugin_sdk::testing::http_response("roof", 200, r#"{"roofs": [{"area": 40}]}"#);
    /// assert_eq!(response.tree().unwrap().select("$.roofs[0].area").unwrap().first().number().unwrap(), Some(40));
    /// ```
    pub fn tree(&self) -> Result<Tree, Failure> {
        Tree::parse(&self.text())
    }
}

impl ClientResponse {
    /// The body as a tree.
    ///
    /// # Errors
    /// `not_json`: a client may answer with anything.
    ///
    /// ```
    /// let response = hookmill_plugin_sdk::testing::client_response(200, r#"{"lead": {"id": "c-7"}}"#);
    /// assert_eq!(response.tree().unwrap().select("$..id").unwrap().first().text().as_deref(), Some("c-7"));
    /// ```
    pub fn tree(&self) -> Result<Tree, Failure> {
        Tree::parse(&self.text())
    }
}

/// The library draws its errors over several lines; here they become one.
fn invalid(path: &str, error: &JsonPathError) -> Failure {
    let why = match error {
        JsonPathError::PestError(error) => error.variant.message().into_owned(),
        other => other.to_string(),
    };
    Failure::new("jsonpath_invalid", format!("`{path}` is not a JSONPath query (RFC 9535): {why}"))
}
