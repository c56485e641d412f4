//! An example lead for a posting guide: proposed from the document, tried by dry runs, and corrected until the campaign maps it. So a guide
//! shows what this campaign was seen to accept, and nothing else.

use super::Pipeline;
use super::dry_run::{DryRun, DryRunInput, StageRun, sample_elements};
use super::senders::SENDER_EXAMPLES;
use async_recursion::async_recursion as boxed;
use hookmill_domain::body;
use hookmill_domain::error::ApiError;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_domain::state::State;
use hookmill_engine::Program;
use hookmill_guide::{Document, Example, ExampleRequest, Setting};
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;
use serde_json::{Value, json};
use std::sync::Arc;

/// How often an example is corrected.
const TRIES_MAX: usize = 100;
/// How much CPU time all tries of an example may take before no further one begins, in microseconds.
const TRIES_CPU_US_MAX: u64 = 500_000;

/// The fields of a lead that are not standard.
const CUSTOM: &str = "custom";

/// A request that a campaign was seen to map.
#[derive(Debug, Clone)]
pub struct PostingExample {
    /// What is posted to the campaign.
    pub request: ExampleRequest,
    /// The leads that are made of it.
    pub leads: Vec<Value>,
    /// The reasons for which they would be disqualified; empty when they are qualified.
    pub disqualified: Vec<String>,
    /// The same in a batch, whose elements name their campaign; none where the campaign does not map it so.
    pub in_batch: Option<Value>,
}

/// What became of a proposal.
struct Trial {
    leads: Vec<Value>,
    is_mapped: bool,
    reasons: Vec<String>,
    /// The fields that failed, that there is a warning about, or that a rule rejects.
    wrong: Vec<String>,
    warnings: usize,
    cpu_time_us: u64,
}

/// How good a trial is: mapped, qualified, without warnings, with many fields.
type Rank = (bool, bool, std::cmp::Reverse<usize>, usize);

impl Pipeline {
    /// Finds an example for what a campaign runs; none when nothing that is tried can be mapped.
    #[boxed]
    pub async fn posting_example(
        &self,
        program: &Program,
        organization: &Organization,
        campaign: &Campaign,
        document: Option<&Document>,
    ) -> Result<Option<PostingExample>, ApiError> {
        let tried = Trying { pipeline: self, program, organization, campaign };
        let found = match document.filter(|document| !document.is_reshaped) {
            Some(document) => tried.correct(document).await?,
            None => tried.choose(&usual_requests()).await?,
        };
        let Some((request, trial)) = found.filter(|(_, trial)| trial.is_mapped) else { return Ok(None) };
        let in_batch = tried.in_batch(&request, &trial).await?;
        Ok(Some(PostingExample { request, leads: trial.leads, disqualified: trial.reasons, in_batch }))
    }
}

/// What is posted where a document does not say what it reads: a person by the usual names, and what well-known senders send.
fn usual_requests() -> Vec<ExampleRequest> {
    let person = json!({
        "first_name": "Alice",
        "last_name": "Smith",
        "email": "alice@example.com",
        "phone": "+15125550100",
    });
    let of_senders = SENDER_EXAMPLES.iter().filter_map(|text| serde_json::from_str(text).ok());
    let bodies = [person].into_iter().chain(of_senders);
    bodies.map(|body| ExampleRequest { body, query: Vec::new() }).collect()
}

struct Trying<'t> {
    pipeline: &'t Pipeline,
    program: &'t Program,
    organization: &'t Organization,
    campaign: &'t Campaign,
}

impl Trying<'_> {
    /// Corrects the example of a document until nothing is wrong with it; the best that was seen.
    async fn correct(&self, document: &Document) -> Result<Option<(ExampleRequest, Trial)>, ApiError> {
        let mut example = Example::new(document, &self.setting());
        let mut best: Option<(Rank, (ExampleRequest, Trial))> = None;
        let mut cpu_time_us = 0;
        for _ in 0..TRIES_MAX {
            let request = example.request();
            let trial = self.run(&request.body, &request.query).await?;
            cpu_time_us += trial.cpu_time_us;
            let wrong = trial.wrong_of(&example.fields());
            let rank = trial.rank();
            if best.as_ref().is_none_or(|(other, _)| *other < rank) {
                best = Some((rank, (request, trial)));
            }
            if TRIES_CPU_US_MAX < cpu_time_us || !example.advance(wrong.iter().map(String::as_str)) {
                break;
            }
        }
        Ok(best.map(|(_, found)| found))
    }

    /// The best of several requests that become leads who can be reached.
    async fn choose(&self, requests: &[ExampleRequest]) -> Result<Option<(ExampleRequest, Trial)>, ApiError> {
        let mut best: Option<(Rank, (ExampleRequest, Trial))> = None;
        for request in requests {
            let trial = self.run(&request.body, &request.query).await?;
            let rank = trial.rank();
            if trial.can_be_reached() && best.as_ref().is_none_or(|(other, _)| *other < rank) {
                best = Some((rank, (request.clone(), trial)));
            }
        }
        Ok(best.map(|(_, found)| found))
    }

    /// The request as an element of a batch, if it becomes the same number of leads there.
    async fn in_batch(&self, request: &ExampleRequest, trial: &Trial) -> Result<Option<Value>, ApiError> {
        let Value::Object(members) = &request.body else { return Ok(None) };
        if !request.query.is_empty() {
            return Ok(None);
        }
        let mut members = members.clone();
        members.insert("campaign_id".into(), json!(self.campaign.campaign_id));
        let element = Value::Object(members);
        let batch = self.run(&element, &[]).await?;
        let is_same = batch.is_mapped && batch.leads.len() == trial.leads.len();
        Ok((is_same && batch.reasons == trial.reasons).then_some(element))
    }

    /// A dry run of a body. What it holds is let go at once.
    async fn run(&self, body: &Value, query: &[(String, String)]) -> Result<Trial, ApiError> {
        let head = body::json_head("application/json", "")?;
        let limits = &self.pipeline.settings().limits;
        let elements = sample_elements(&head, body.to_string().as_bytes(), limits)?;
        let input = DryRunInput {
            organization: self.organization.clone(),
            campaign: self.campaign.clone(),
            elements,
            metadata: RequestMetadata { query: query.to_vec(), ..RequestMetadata::default() },
            client_url: String::new(),
            response: None,
        };
        let holding = self.pipeline.holding(&self.organization.id);
        let run = self.pipeline.dry_run(self.program, &Arc::new(input), &holding).await?;
        Ok(Trial::of(&run))
    }

    fn setting(&self) -> Setting {
        Setting::at(self.pipeline.clock().now().0, &self.campaign.time_zone)
    }
}

impl Trial {
    fn of(run: &DryRun) -> Self {
        let (leads, reasons, wrong, cpu_time_us) = (Vec::new(), Vec::new(), Vec::new(), run.cpu_time_us);
        let mut trial = Self { leads, is_mapped: true, reasons, wrong, warnings: 0, cpu_time_us };
        run.stages.iter().for_each(|stage| trial.add(stage));
        trial.is_mapped &= !trial.leads.is_empty();
        if run.leads.iter().any(|lead| lead.state == State::Disqualified) && trial.reasons.is_empty() {
            trial.reasons.push(String::new());
        }
        trial
    }

    fn add(&mut self, stage: &StageRun) {
        match (stage.stage, &stage.output, &stage.error) {
            ("map", Some(output), _) => output.as_array().into_iter().flatten().for_each(|lead| self.add_lead(lead)),
            ("map", None, error) => self.fail(error.as_ref().unwrap_or(&Value::Null)),
            ("qualify", Some(output), _) => self.add_verdict(output),
            ("qualify", None, _) => self.is_mapped = false,
            _ => {}
        }
    }

    fn add_lead(&mut self, lead: &Value) {
        if let Some(failure) = lead.get("failure") {
            return self.fail(failure);
        }
        for warning in lead["warnings"].as_array().into_iter().flatten() {
            self.warnings += 1;
            self.wrong.extend(warning["path"].as_str().map(lead_name));
        }
        self.leads.push(lead["lead"].clone());
    }

    fn fail(&mut self, failure: &Value) {
        self.is_mapped = false;
        self.wrong.extend(failure["field"].as_str().map(lead_name));
    }

    fn add_verdict(&mut self, verdict: &Value) {
        for rule in verdict["failed_rules"].as_array().into_iter().flatten() {
            self.reasons.push(rule["reason"].as_str().unwrap_or_default().to_owned());
            self.wrong.extend(rule["field"].as_str().map(lead_name));
        }
    }

    /// What is to be corrected: what is wrong, and what should be in the lead and is not.
    fn wrong_of(&self, fields: &[&str]) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        if self.is_mapped {
            let is_missing = |name: &&&str| self.leads.iter().any(|lead| !has(lead, name));
            wrong.extend(fields.iter().filter(is_missing).map(|name| (*name).to_owned()));
        }
        wrong
    }

    fn rank(&self) -> Rank {
        let filled = self.leads.iter().map(count_fields).max().unwrap_or_default();
        (self.is_mapped, self.reasons.is_empty(), std::cmp::Reverse(self.warnings), filled)
    }

    fn can_be_reached(&self) -> bool {
        self.leads.iter().any(|lead| has(lead, "email") || has(lead, "phone"))
    }
}

/// A field as a lead has it, whichever way a plugin names it.
fn lead_name(field: &str) -> String {
    let is_known = field.starts_with("custom.") || hookmill_guide::STANDARD_FIELDS.contains(&field);
    if is_known { field.to_owned() } else { format!("{CUSTOM}.{field}") }
}

/// Whether a lead has a field that is not null.
fn has(lead: &Value, name: &str) -> bool {
    let found = match name.strip_prefix("custom.") {
        Some(custom) => lead[CUSTOM].get(custom),
        None => lead.get(name),
    };
    found.is_some_and(|value| !value.is_null())
}

fn count_fields(lead: &Value) -> usize {
    let count = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
    count(lead) + count(&lead[CUSTOM])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m10_a_trial_says_which_fields_are_wrong() {
        let stage = |stage, output| StageRun { stage, output: Some(output), ..StageRun::default() };
        let lead = json!({"email": "a@x.example", "custom": {"age": 5}});
        let run = DryRun {
            stages: vec![
                stage("map", json!([{"lead": lead, "warnings": [{"path": "phone"}]}])),
                stage("qualify", json!({"failed_rules": [{"field": "age", "reason": "too young"}]})),
            ],
            state: State::Disqualified,
            warnings: Vec::new(),
            leads: Vec::new(),
            messages: Vec::new(),
            cpu_time_us: 0,
            log: Vec::new(),
            value_sets: std::collections::BTreeMap::new(),
        };
        let trial = Trial::of(&run);
        assert_eq!(trial.wrong_of(&["email", "custom.age", "custom.x"]), ["phone", "custom.age", "custom.x"]);
        assert_eq!((trial.is_mapped, trial.reasons), (true, vec!["too young".to_owned()]));
    }
}
