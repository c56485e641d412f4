//! A plugin that misbehaves as its input says, for the tests of the sandbox.
//!
//! The element's key `do` says how: `loop`, `memory`, `trap`, `deep`, `huge`, `short`, `invalid-json`, `no-object`, `chatter`,
//! `lookup`, `fail`, `remember`. Without it the element becomes a lead: its `email`, and the rest under `custom`. As a
//! configuration it takes any text and remembers it; `refuse` is refused when it is compiled, `refuse-later` when it is loaded,
//! `loop` never compiles.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use hookmill_plugin_sdk::types::{
    Compiled, Context, Description, Diagnostic, Failure, Inbound, Level, Mapped, MappedLead,
};
use hookmill_plugin_sdk::{configuration, log, lookup, mapping};
use serde_json::{Map, Value, json};

thread_local! {
    static MEMORY: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Hostile;

impl mapping::Guest for Hostile {
    fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        let mut results = Vec::new();
        for element in elements {
            let lead: Map<String, Value> = serde_json::from_str(&element.body).expect("an element is an object");
            let behaviour = lead.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
            match behaviour.as_str() {
                "short" => continue,
                "fail" => results.push(Err(Failure::new("asked_to_fail", "the element asks for it"))),
                _ => results.push(Ok(one(behave(&behaviour, lead)))),
            }
        }
        results
    }
}

fn one(lead: String) -> Mapped {
    Mapped { leads: vec![Ok(MappedLead { lead, is_test: false, notices: vec![] })], trace: None }
}

fn behave(behaviour: &str, lead: Map<String, Value>) -> String {
    match behaviour {
        "loop" => endless(),
        "memory" => devour(),
        "trap" => panic!("a trap was asked for"),
        "deep" => deep(1).to_string(),
        "huge" => "x".repeat(40 << 20),
        "invalid-json" => r#"{"email":"#.to_owned(),
        "no-object" => "[]".to_owned(),
        "chatter" => chatter(),
        "lookup" => json!({ "custom": { "found": format!("{:?}", lookup::get("colours", "red")) } }).to_string(),
        "remember" => remember(),
        _ => plain(lead),
    }
}

fn plain(mut lead: Map<String, Value>) -> String {
    let email = lead.remove("email").unwrap_or(Value::Null);
    json!({ "email": email, "custom": lead }).to_string()
}

fn endless() -> ! {
    loop {
        black_box(0);
    }
}

fn devour() -> String {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Recursion that keeps nothing in linear memory, so that the engine's own stack ends it.
fn deep(depth: u64) -> u64 {
    static BOTTOM: AtomicU64 = AtomicU64::new(u64::MAX);
    if depth == BOTTOM.load(Ordering::Relaxed) { 0 } else { deep(depth + 1).rotate_left(3) ^ depth }
}

fn chatter() -> String {
    (0..1_000).for_each(|line| log::info!("line {line} {}", "x".repeat(10_000)));
    "{}".to_owned()
}

/// What earlier calls in this instance left, and the configuration.
fn remember() -> String {
    MEMORY.with_borrow_mut(|memory| {
        let lead = json!({ "custom": { "memory": *memory } }).to_string();
        memory.push('+');
        lead
    })
}

impl configuration::Guest for Hostile {
    fn compile(document: String) -> Result<Compiled, Vec<Diagnostic>> {
        match document.as_str() {
            "loop" => endless(),
            "refuse" => Err(vec![refusal()]),
            _ => Ok(Compiled { plan: document.into_bytes(), warnings: vec![] }),
        }
    }

    fn load(plan: Vec<u8>) -> Result<(), Failure> {
        if plan == b"refuse-later" {
            return Err(Failure::new("plan_refused", "this plan is refused when it is loaded"));
        }
        MEMORY.with_borrow_mut(|memory| *memory = String::from_utf8_lossy(&plan).into_owned());
        Ok(())
    }

    fn describe() -> Description {
        Description {
            name: "hostile".to_owned(),
            version: "1".to_owned(),
            summary: "Misbehaves as its input says".to_owned(),
            reads: vec![],
            writes: vec![],
            grants: vec![],
            configuration_schema: None,
        }
    }
}

fn refusal() -> Diagnostic {
    Diagnostic {
        level: Level::Error,
        code: "asked_to_refuse".to_owned(),
        path: String::new(),
        line: 1,
        column: 1,
        message: "the document asks to be refused".to_owned(),
        suggestion: None,
    }
}

hookmill_plugin_sdk::export!(guest Hostile: mapping, configuration);
