//! Every function does what its declaration says.

use hookmill_json::{Value, parse, text_of};

use super::*;
use crate::document::chain_of;
use crate::plan::{Function, Path};

mod any_value;

/// 2024-06-15T10:30:00Z.
const NOW_MS: i64 = 1_718_447_400_000;

/// What paths of examples point at.
const ELEMENT: &str = r#"{"alpha":1,"beta":"b","price":"2.50","quantity":3,"zero":0,"list":["x","y","x"],"answers":[{"question_id":1,"answer":"40"}]}"#;

/// A small world, the same in every example.
struct Here {
    element: Value<'static>,
    calls: std::cell::Cell<u8>,
    warnings: std::cell::RefCell<Vec<&'static str>>,
}

impl Here {
    fn new() -> Self {
        let element = parse(ELEMENT).unwrap().into_owned();
        Self { element, calls: Default::default(), warnings: Default::default() }
    }
}

impl EvalContext<'static> for Here {
    fn phone_region(&self) -> &str {
        "US"
    }

    fn time_zone(&self) -> &str {
        "America/New_York"
    }

    fn now_ms(&self) -> i64 {
        NOW_MS
    }

    fn random_bytes(&self) -> [u8; 16] {
        self.calls.set(self.calls.get() + 1);
        [self.calls.get(); 16]
    }

    fn value_at(&self, path: &Path<'_>) -> Result<Option<Value<'static>>, FunctionError> {
        Ok(crate::run::value_in(path, &self.element)?.map(Value::into_owned))
    }

    fn apply_chain(
        &self,
        chain: &'static [Function<'static>],
        value: Option<Value<'static>>,
    ) -> Result<Option<Value<'static>>, FunctionError> {
        apply_all(chain, value, self)
    }

    fn spend(&self, _steps: usize) -> Result<(), FunctionError> {
        Ok(())
    }

    fn inside<'v>(&self, path: &Path<'_>, value: &'v Value<'v>) -> Result<Option<Value<'v>>, FunctionError> {
        crate::run::value_in(path, value)
    }

    fn table(&self, name: &str, key: &str) -> Result<Option<Value<'static>>, FunctionError> {
        match (name, key) {
            ("colours", "red") => Ok(Some(Value::text("#f00"))),
            ("colours", _) => Ok(None),
            _ => Err(FunctionError::new("table_unknown", format!("the organization has no table `{name}`"))),
        }
    }

    fn warn(&self, code: &'static str, _message: String) {
        self.warnings.borrow_mut().push(code);
    }
}

/// What a call makes of an input: JSON text, `missing`, or the code of a rejection; warnings stand behind it.
fn outcome(call: &str, input: &str) -> String {
    let chain = chain_of(call).unwrap_or_else(|problems| panic!("{call}: {problems:#?}"));
    let chain: &'static [_] = chain.leak();
    let value = (input != "missing").then(|| parse(input).unwrap_or_else(|_| panic!("{input}")).into_owned());
    let here = Here::new();
    let mut told = match apply_all(chain, value, &here) {
        Ok(Some(value)) => text_of(&value),
        Ok(None) => "missing".to_owned(),
        Err(rejection) => {
            assert!(!rejection.message.is_empty());
            rejection.code.to_owned()
        }
    };
    for warn in here.warnings.borrow().iter() {
        told = format!("{told} + {warn}");
    }
    told
}

#[test]
fn m4_every_example_is_true() {
    let mut wrong = String::new();
    for spec in registry::registry() {
        assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
        for example in spec.examples {
            let found = outcome(example.call, example.input);
            if found != example.output {
                wrong += &format!("{} on {}: {found}, declared {}\n", example.call, example.input, example.output);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// M3, M4: what each function makes of missing, null, empty text, 0, an empty list and an empty object.
#[test]
fn m3_m4_every_function_on_every_kind_of_nothing() {
    let inputs = ["missing", "null", "\"\"", "0", "[]", "{}"];
    let mut wrong = String::new();
    for spec in registry::registry() {
        let call = spec.examples[0].call;
        let found = inputs.map(|input| outcome(call, input));
        if found.iter().map(String::as_str).ne(spec.on_empty.all()) {
            wrong += &format!("{call}: {found:?}\n     declared {:?}\n", spec.on_empty.all());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// M4: what is declared is complete and says each thing once.
#[test]
fn m4_every_declaration_is_whole() {
    let mut names = registry::names();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands twice");
    for spec in registry::registry() {
        let is_sentence = |text: &str| !text.is_empty() && text.len() < 160;
        assert!(is_sentence(spec.summary) && spec.summary.ends_with('.'), "{}: {}", spec.name, spec.summary);
        assert!(spec.examples.iter().all(|example| example.call.contains(spec.name)), "{}", spec.name);
        assert!(spec.examples.iter().any(|example| !example.output.ends_with("wrong_type")), "{}", spec.name);
        assert!(spec.parameters.iter().all(|parameter| is_sentence(parameter.summary)), "{}", spec.name);
        let declared: Vec<&str> = spec.errors.iter().map(|(code, _)| *code).collect();
        for example in spec.examples.iter().map(|example| example.output).chain(spec.on_empty.all()) {
            let is_code =
                example.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
                    && parse(example).is_err();
            let known = ["missing", "wrong_type", "not_a_number"].contains(&example) || declared.contains(&example);
            assert!(!is_code || known, "{} rejects with {example}, which it does not declare", spec.name);
        }
    }
}

/// M3, M4: what a text function does not change is still the slice of the input that it was.
#[test]
fn m4_what_is_not_changed_is_not_copied() {
    let text = "jane doe 512";
    let chain: &'static [_] = chain_of("[title, html_decode, url_decode]").unwrap().leak();
    let made = apply_all(chain, Some(Value::Text(std::borrow::Cow::Borrowed("Jane O'Neil"))), &Here::new());
    assert!(matches!(made, Ok(Some(Value::Text(std::borrow::Cow::Borrowed("Jane O'Neil"))))));
    for call in
        ["trim", "collapse_space", "lower", "{replace: x}", "{truncate: 20}", "{pad: 3}", "ascii", "{substring: 0}"]
    {
        let chain: &'static [_] = chain_of(call).unwrap().leak();
        let made = apply_all(chain, Some(Value::Text(std::borrow::Cow::Borrowed(text))), &Here::new());
        let Ok(Some(Value::Text(std::borrow::Cow::Borrowed(same)))) = made else { panic!("{call} copied: {made:?}") };
        assert!(std::ptr::eq(same, text), "{call}");
    }
    let chain: &'static [_] = chain_of("[trim, lower]").unwrap().leak();
    let made = apply_all(chain, Some(Value::Text(std::borrow::Cow::Borrowed(" a "))), &Here::new());
    assert!(matches!(made, Ok(Some(Value::Text(std::borrow::Cow::Borrowed("a"))))));
}
