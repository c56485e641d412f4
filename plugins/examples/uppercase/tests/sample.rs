//! The sample, natively: no server and no WebAssembly needed.

use hookmill_example_uppercase::Uppercase;
use hookmill_plugin_sdk::mapping::Guest;
use hookmill_plugin_sdk::types::{Campaign, Context, Door, Entropy, Inbound, Organization, Origin};

fn context() -> Context {
    Context {
        organization: Organization { id: "org".into(), name: "Acme".into(), values: "{}".into() },
        campaign: Campaign {
            id: "DEMO".into(),
            name: "Demo".into(),
            client: None,
            time_zone: "UTC".into(),
            phone_region: "US".into(),
            values: "{}".into(),
        },
        now: 0,
        run_id: "run".into(),
        trace: false,
    }
}

fn element(body: &str) -> Inbound {
    let origin =
        Origin { door: Door::Sample, name: "test".into(), source_label: None, tag: None, remote_address: None };
    Inbound {
        submission_id: "s-0".into(),
        body: body.into(),
        headers: vec![],
        query: vec![],
        origin,
        received_at: 0,
        entropy: Entropy { high: 0, low: 0 },
    }
}

/// P9: what the README shows is what the plugin does.
#[test]
fn p9_the_sample_becomes_what_is_expected() {
    let results = Uppercase::map(context(), vec![element(include_str!("../sample/in.json"))]);
    let lead = results[0].as_ref().unwrap().leads[0].as_ref().unwrap();
    assert_eq!(lead.lead, include_str!("../sample/out.json").trim_end());
}

/// M5: a bad element fails alone.
#[test]
fn m5_a_bad_element_fails_alone() {
    let results = Uppercase::map(context(), vec![element("[]"), element(r#"{"first_name":5}"#), element("{}")]);
    let codes: Vec<Option<&str>> = results
        .iter()
        .map(|result| result.as_ref().unwrap().leads[0].as_ref().err().map(|failure| failure.code.as_str()))
        .collect();
    assert_eq!(codes, [Some("not_an_object"), Some("not_text"), None]);
}
