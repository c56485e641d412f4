//! Leads for rooftop solar: a landing page's form becomes a lead, and a lead goes on when its state is served and its
//! electricity bill is large enough.

use hookmill_plugin_sdk::types::{
    Context, Diagnostic, FailedRule, Failure, Inbound, Mapped, Severities, Submission, Verdict,
};
use hookmill_plugin_sdk::{Configure, Map, NewLead, Qualify, export, log};
use schemars::JsonSchema;
use serde::Deserialize;

/// What an admin configures for a campaign.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Solar {
    /// The states that are served, as codes of two letters.
    states: Vec<String>,
    /// The smallest monthly electricity bill, in whole dollars.
    bill_min: u32,
}

impl Configure for Solar {
    fn check(&self) -> Vec<Diagnostic> {
        let is_code = |state: &String| state.len() == 2 && state.bytes().all(|byte| byte.is_ascii_uppercase());
        let bad = self.states.iter().enumerate().filter(|(_, state)| !is_code(state));
        let told = bad.map(|(at, state)| {
            Diagnostic::error(format!("states[{at}]"), format!("`{state}` is not a code of a state"))
                .suggest("such as TX")
        });
        told.collect()
    }
}

impl Map for Solar {
    fn map(&self, _context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
        let mut form = element.object()?;
        form.take("campaign_id"); // where a batch push says it goes, no part of the lead
        let name = form.take("full_name").required_text()?;
        let (first, last) = name.trim().rsplit_once(' ').unwrap_or((name.trim(), ""));
        let bill = form.take("monthly_bill").text().unwrap_or_default();
        let dollars = low_end(&bill);
        if dollars.is_none() {
            log::warn!("{}: no bill in `{bill}`", element.submission_id);
        }
        let lead = NewLead::new()
            .first_name(first)
            .last_name((!last.is_empty()).then_some(last))
            .email(form.take("email"))
            .phone(form.take("phone"))
            .state(form.take("state").text().map(|state| state.to_uppercase()))
            .custom("bill", dollars)
            .keep_rest(&form);
        Ok(lead.into())
    }
}

/// The smaller number of a range such as `$1,150 - $1,300`.
fn low_end(bill: &str) -> Option<u32> {
    let start = bill.find(|c: char| c.is_ascii_digit())?;
    let number = bill[start..].split(|c: char| !c.is_ascii_digit() && c != ',').next()?;
    number.replace(',', "").parse().ok()
}

impl Qualify for Solar {
    fn qualify(&self, _context: &Context, _: Severities, submission: &Submission) -> Result<Verdict, Failure> {
        let lead = submission.lead()?;
        let (state, bill) = (lead.state(), lead.custom("bill"));
        let is_served = state.text().is_some_and(|state| self.states.iter().any(|served| *served == state));
        let is_large = bill.number::<u32>()?.is_some_and(|dollars| self.bill_min <= dollars);
        let area =
            (!is_served).then(|| FailedRule::new("area", &state, "in", &self.states, "we don't serve this state"));
        let size = (!is_large).then(|| FailedRule::new("bill", &bill, "ge", self.bill_min, "the bill is too small"));
        Ok(Verdict::of(area.into_iter().chain(size)))
    }
}

export!(Solar: configuration, mapping, qualification);
