//! A document run through all five exports on whatever comes in, with everything that must hold of what comes out: values or typed
//! failures, JSON that is JSON, bounds that are kept, and the same with a trace as without one.

use std::fmt::Debug;

use hookmill_plugin_default::Declarative;
use hookmill_plugin_default::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use hookmill_plugin_default::run::LEADS_MAX;
use hookmill_plugin_sdk::types::*;
use hookmill_plugin_sdk::{configuration, mapping, qualification};

use crate::fixtures::{
    ToShape, context, destination, inbound, interpret_in, pair, response, shape_in, silence, submission, to_client,
};
use crate::grammar::{Draw, document, json};

/// Warnings that one lead may carry, and as many names that stood twice.
const WARNINGS_MAX: usize = 100;
/// Nesting of JSON that the host takes from a plugin.
const JSON_DEPTH_MAX: usize = 96;
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// A document and what comes in, drawn from bytes.
#[derive(Debug)]
pub struct Exercise {
    document: String,
    bodies: Vec<String>,
    leads: Vec<String>,
    responses: Vec<(u16, &'static str, Vec<u8>)>,
}

impl Exercise {
    /// The same bytes draw the same exercise.
    pub fn drawn(bytes: &[u8]) -> Self {
        let mut draw = Draw::new(bytes);
        let document = document(&mut draw);
        let mut bodies = vec![json(&mut draw, 5)];
        bodies.extend(draw.several(2, |draw| draw.any_text()));
        let leads = draw.several(2, |draw| {
            format!("{{\"email\":{},\"tags\":{},\"custom\":{{\"x\":{}}}}}", json(draw, 0), json(draw, 1), json(draw, 3))
        });
        let responses = draw.several(2, |draw| {
            let kind = draw.one(&["application/json", "text/xml", "text/html", ""]);
            let body = if draw.once_in(3) { draw.any_bytes(40) } else { json(draw, 4).into_bytes() };
            (draw.count(999) as u16, kind, body)
        });
        Self { document, bodies, leads, responses }
    }

    /// Runs it; panics where something does not hold.
    pub fn run(&self) {
        let compiled = <Declarative as configuration::Guest>::compile(self.document.clone());
        let compiled = compiled.unwrap_or_else(|problems| panic!("{}: {problems:#?}", self.document));
        <Declarative as configuration::Guest>::load(compiled.plan).unwrap();
        hookmill_plugin_sdk::testing::table("s", [("a", "1")]);
        let mut leads = self.leads.clone();
        for body in &self.bodies {
            leads.extend(mapped(body));
        }
        for lead in &leads {
            rule_paths(lead);
            self.shaped(lead);
        }
        self.interpreted();
    }

    fn shaped(&self, lead: &str) {
        sent(to_client(submission(lead)));
        sent(event_to_shape(Some(submission(lead)), self.bodies.first().filter(|body| is_json(body)).cloned()));
        sent(event_to_shape(None, None));
    }

    fn interpreted(&self) {
        let mut responses = vec![silence("timeout")];
        responses.extend(self.responses.iter().map(|(status, kind, body)| response(*status, kind, body)));
        for mut response in responses {
            response.headers.push(pair("retry-after", "5"));
            let meant = |trace| interpret_in(with(trace), response.clone());
            let (plain, mut traced) = (meant(false), meant(true));
            if let Ok(Some(outcome)) = &mut traced {
                outcome.trace.take().as_deref().map(check_json);
            }
            same(&plain, &traced);
            match plain {
                Ok(Some(outcome)) => check_outcome(&outcome),
                Ok(None) => {}
                Err(failure) => check_failure(&failure),
            }
        }
    }
}

fn with(trace: bool) -> Context {
    Context { trace, ..context() }
}

/// The leads of a body. What can't be mapped gives none, so that nothing of it can be sent.
fn mapped(body: &str) -> Vec<String> {
    let run = |trace| <Declarative as mapping::Guest>::map(with(trace), vec![inbound(body)]).remove(0);
    let (plain, traced) = (run(false), run(true));
    let mut leads = Vec::new();
    match (plain, traced) {
        (Ok(plain), Ok(traced)) => {
            same(&plain.leads, &traced.leads);
            assert!(plain.leads.len() <= LEADS_MAX && traced.trace.is_some() && plain.trace.is_none());
            traced.trace.as_deref().map(check_json);
            for lead in plain.leads {
                match lead {
                    Ok(lead) => {
                        check_lead(&lead);
                        leads.push(lead.lead);
                    }
                    Err(failure) => check_failure(&failure),
                }
            }
        }
        (plain, traced) => {
            same(&plain, &traced);
            plain.err().iter().for_each(check_failure);
        }
    }
    leads
}

fn rule_paths(lead: &str) {
    for severity in [Severities::HARD, Severities::SOFT] {
        let run = |trace| {
            <Declarative as qualification::Guest>::qualify(with(trace), severity, vec![submission(lead)]).remove(0)
        };
        match (run(false), run(true)) {
            (Ok(plain), Ok(traced)) => {
                same(&plain.failed, &traced.failed);
                assert_eq!((plain.qualified, traced.qualified), (plain.failed.is_empty(), plain.failed.is_empty()));
                traced.trace.as_deref().map(check_json);
                for failed in &plain.failed {
                    check_json(&failed.expected);
                    failed.actual.as_deref().map(check_json);
                }
            }
            (plain, traced) => {
                same(&plain, &traced);
                plain.err().iter().for_each(check_failure);
            }
        }
    }
}

fn sent(to_shape: ToShape) {
    let run = |trace| shape_in(with(trace), to_shape.clone());
    let (plain, traced) = (run(false), run(true));
    match (plain, traced) {
        (Ok(plain), Ok(mut traced)) => {
            traced.trace.take().as_deref().map(check_json);
            same(&plain, &traced);
            check_payload(&plain);
        }
        (plain, traced) => {
            same(&plain, &traced);
            plain.err().iter().for_each(check_failure);
        }
    }
}

fn event_to_shape(submission: Option<Submission>, payload: Option<String>) -> ToShape {
    let event = Event {
        id: "evt_1".into(),
        name: "lead.delivered".into(),
        occurred_at: 1,
        status: None,
        submission,
        details: "{\"reason\":null}".into(),
        payload,
        category: None,
    };
    (destination(DestinationKind::Subscription), Subject::Event(event))
}

fn check_lead(lead: &MappedLead) {
    check_json(&lead.lead);
    let read: serde_json::Value = serde_json::from_str(&lead.lead).unwrap();
    for (name, value) in read.as_object().unwrap() {
        match name.as_str() {
            CUSTOM => assert!(value.is_object(), "{}", lead.lead),
            TAGS => assert!(value.is_array() || value.is_null(), "{}", lead.lead),
            text => assert!(TEXT_FIELDS.contains(&text) && (value.is_string() || value.is_null()), "{}", lead.lead),
        }
    }
    assert!(lead.warnings.len() <= WARNINGS_MAX);
}

fn check_payload(payload: &Payload) {
    let body = payload.body.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap());
    if payload.content_type.as_deref() == Some("application/json") {
        check_json(body.unwrap());
    }
    for header in &payload.headers {
        assert!(!header.value.contains(['\r', '\n', '\0']), "{header:?}");
    }
}

fn check_outcome(outcome: &Outcome) {
    assert!(outcome.reason.as_deref().is_none_or(|reason| reason.chars().count() <= REASON_CHARS_MAX));
    let is_price =
        |text: &str| serde_json::from_str::<serde_json::Number>(text).is_ok() && !text.contains(['e', 'E', '+']);
    assert!(outcome.price.as_deref().is_none_or(is_price), "{outcome:?}");
    assert!(outcome.retry_after_ms.is_none() || matches!(outcome.kind, OutcomeKind::Retry), "{outcome:?}");
}

fn check_failure(failure: &Failure) {
    let is_code = !failure.code.is_empty()
        && failure.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    assert!(is_code && !failure.message.is_empty(), "{failure:?}");
    // A plan that was just compiled is never damaged.
    assert_ne!(failure.code, "bad_plan", "{failure:?}");
    failure.input.as_deref().map(check_json);
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

fn check_json(text: &str) {
    assert!(is_json(text), "this is not JSON: {text}");
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
        assert!(depth <= JSON_DEPTH_MAX, "this is nested too deep: {text}");
    }
}

fn same(plain: &impl Debug, traced: &impl Debug) {
    assert_eq!(format!("{plain:?}"), format!("{traced:?}"), "with a trace it is another");
}
