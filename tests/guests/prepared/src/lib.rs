//! A plugin that builds a table of a hundred thousand entries when it is initialised, for the tests of pre-initialisation.
//!
//! A lead says what is in the table: how many entries, how often `initialize` ran, what is under the element's `key`, and which
//! leads came before in the same instance. `initialize` also asks for a table of the organization and remembers the result.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped, MappedLead};
use hookmill_plugin_sdk::{lifecycle, log, lookup, mapping};
use serde_json::{Value, json};

const ENTRIES: u64 = 100_000;

#[derive(Default)]
struct State {
    table: BTreeMap<String, u64>,
    initialized: u32,
    asked: String,
    leads: u32,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

struct Prepared;

impl lifecycle::Guest for Prepared {
    fn initialize() {
        log::info!("building the table");
        let asked = format!("{:?}", lookup::get("colours", "red"));
        STATE.with_borrow_mut(|state| {
            state.table = (0..ENTRIES).map(|n| (format!("{:016x}", mixed(n)), n)).collect();
            state.initialized += 1;
            state.asked = asked;
        });
    }
}

impl mapping::Guest for Prepared {
    fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        elements.iter().map(|element| Ok(one(&element.body))).collect()
    }
}

fn one(body: &str) -> Mapped {
    let element: Value = serde_json::from_str(body).expect("an element is JSON");
    let custom = STATE.with_borrow_mut(|state| {
        state.leads += 1;
        if let Some(key) = element["insert"].as_str() {
            state.table.insert(key.to_owned(), 0);
        }
        let found = element["key"].as_str().and_then(|key| state.table.get(key));
        let (entries, found) = (state.table.len(), found.copied());
        json!({
            "entries": entries, "initialized": state.initialized, "asked": state.asked, "leads": state.leads, "found": found,
        })
    });
    let lead = json!({ "custom": custom }).to_string();
    Mapped { leads: vec![Ok(MappedLead { lead, is_test: false, warnings: vec![] })], trace: None }
}

/// A bijection, so that no two keys are the same.
fn mixed(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

hookmill_plugin_sdk::export!(guest Prepared: lifecycle, mapping);
