//! The standard document on what real sources send (O3).

use crate::house::{json, lead, leads};
use serde_json::json as value;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name))
    };
}

#[test]
fn zz_show() {
    for f in [
        fixture!("batch-two-campaigns.json"),
        fixture!("dealer-explicit-nulls.json"),
        fixture!("dotted-keys-form.json"),
        fixture!("facebook-lead-fields.json"),
        fixture!("facebook-leadgen-notification.json"),
        fixture!("google-lead-form.json"),
        fixture!("hubspot-app-events.json"),
        fixture!("leadsail-submit.json"),
        fixture!("smartlead-category-updated.json"),
        fixture!("smartlead-email-reply.json"),
        fixture!("bench-lead.json"),
    ] {
        for lead in leads("", f) {
            println!("{lead:#?}");
        }
    }
    let _ = (json, lead, value!(1));
}
