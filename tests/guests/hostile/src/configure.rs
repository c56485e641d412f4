//! The exports around the stages: configuration, description, preparation.

use hookmill_plugin_sdk::types::{Compiled, Description, Diagnostic, Failure, GrantRequest, Level, Loaded, Severities};
use hookmill_plugin_sdk::{configuration, lifecycle};

use crate::behave::{act, remember};
use crate::{Hostile, mark};

impl configuration::Guest for Hostile {
    fn compile(document: String) -> Result<Compiled, Vec<Diagnostic>> {
        act(&document);
        match document.as_str() {
            "reject" => Err(vec![diagnostic(Level::Error)]),
            "reject-silently" => Err(vec![]),
            "reject-warning" => Err(vec![diagnostic(Level::Warning)]),
            "many-diagnostics" => Err(vec![diagnostic(Level::Error); 5_000]),
            "loud-diagnostic" => Err(vec![loud()]),
            "contradiction" => compiled(b"plan", vec![diagnostic(Level::Error)]),
            "loud-warning" => compiled(b"plan", vec![Diagnostic { level: Level::Warning, ..loud() }]),
            "big-plan" => compiled(&vec![7; 5 << 20], vec![]),
            "huge" => compiled(&vec![7; 20 << 20], vec![]),
            _ => compiled(document.as_bytes(), vec![]),
        }
    }

    fn load(plan: Vec<u8>) -> Result<Loaded, Failure> {
        let plan = String::from_utf8_lossy(&plan).into_owned();
        if plan == "reject-later" {
            return Err(Failure::new("plan_rejected", "this plan is rejected when it is loaded"));
        }
        if plan == "at-load:huge" {
            return Err(Failure::new("plan_rejected", "x".repeat(2 << 20)));
        }
        act(plan.strip_prefix("at-load:").unwrap_or_default());
        remember(&plan);
        Ok(Loaded { severities: Severities::all(), reads_price: true })
    }

    fn describe() -> Description {
        let behaviour = mark::at_describe();
        act(&behaviour);
        let description = description();
        match behaviour.as_str() {
            "huge" => Description { summary: "x".repeat(20 << 20), ..description },
            "big-item" => Description { summary: "x".repeat(2 << 20), ..description },
            "invalid-json" => Description { configuration_schema: Some("{".to_owned()), ..description },
            "deep-output" => Description { configuration_schema: Some(crate::stages::nested(500)), ..description },
            "many-members" => Description { grants: vec![GrantRequest::ValueSet("a".into()); 5_000], ..description },
            _ => description,
        }
    }
}

impl lifecycle::Guest for Hostile {
    fn initialize() {
        act(&mark::at_initialize());
    }
}

fn compiled(plan: &[u8], warnings: Vec<Diagnostic>) -> Result<Compiled, Vec<Diagnostic>> {
    Ok(Compiled { plan: plan.to_vec(), warnings })
}

fn description() -> Description {
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

fn loud() -> Diagnostic {
    Diagnostic { message: "x".repeat(3 << 20), ..diagnostic(Level::Error) }
}

fn diagnostic(level: Level) -> Diagnostic {
    Diagnostic {
        level,
        code: "asked_to_reject".to_owned(),
        path: String::new(),
        line: 1,
        column: 1,
        message: "the document asks to be rejected".to_owned(),
        suggestion: None,
    }
}
