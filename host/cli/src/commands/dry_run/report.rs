//! A dry run as a person reads it in a terminal (M10): what made each field, how each rule was evaluated, the message as it would be sent.

use crate::commands::table::{Table, escape};
use hookmill_pipeline::{DryRun, StageRun};
use serde_json::{Map, Value};
use std::fmt::Write;

/// The largest widths of names, values and texts in a table.
const NAME_WIDTH_MAX: usize = 28;
const PATH_WIDTH_MAX: usize = 48;
const VALUE_WIDTH_MAX: usize = 48;
const SENTENCE_WIDTH_MAX: usize = 140;

/// The complete run.
pub(super) fn text(run: &DryRun) -> String {
    let mut text = String::new();
    for warning in &run.warnings {
        _ = writeln!(text, "warning: {}", sentence_text(&Value::from(warning.message.as_str())));
    }
    for stage in &run.stages {
        let receiver = stage.receiver.as_deref().unwrap_or_default();
        text.push_str(format!("== {} {receiver}", stage.stage).trim_end());
        text.push_str("\n\n");
        match stage.stage {
            "map" => map(&mut text, stage),
            "qualify" => qualify(&mut text, stage),
            "shape" => shape(&mut text, stage),
            _ => interpret(&mut text, stage),
        }
        error(&mut text, stage);
    }
    end(&mut text, run);
    text
}

fn map(text: &mut String, stage: &StageRun) {
    let leads = stage.output.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if leads.is_empty() && stage.error.is_none() {
        text.push_str("no lead\n\n");
    }
    for (index, lead) in leads.iter().enumerate() {
        let test = if lead["is_test"] == true { ", a test" } else { "" };
        _ = writeln!(text, "lead {}{test}", index + 1);
        let trace = stage.trace.as_ref().and_then(|trace| trace["leads"].get(index));
        let mut table = Table::new(&[
            ("line", 6),
            ("field", NAME_WIDTH_MAX),
            ("from", PATH_WIDTH_MAX),
            ("through", NAME_WIDTH_MAX),
            ("result", VALUE_WIDTH_MAX),
        ]);
        for made in trace.and_then(|trace| trace["fields"].as_array()).into_iter().flatten() {
            steps(&mut table, &made["field"], made);
        }
        write_table(text, &table);
        write_unused(text, lead, trace);
        write_warnings(text, lead);
        text.push('\n');
    }
}

/// The rows of one value: its source, the result of each function, and the outcome.
fn steps(table: &mut Table, name: &Value, made: &Value) {
    let from =
        made["from"].as_str().unwrap_or(if made.get("value").is_some() { "(the document)" } else { "(not found)" });
    let mut rows: Vec<(String, String)> = Vec::new();
    for step in made["steps"].as_array().into_iter().flatten() {
        rows.push((
            value_text(&step["function"]),
            step.get("value").map_or_else(|| "(nothing)".into(), Value::to_string),
        ));
    }
    let result = made.get("value").map_or_else(|| "(nothing)".into(), Value::to_string);
    match (made.get("instead"), made.get("failed")) {
        (_, Some(why)) => rows.push(("failed".into(), value_text(why))),
        (Some(instead), None) => rows.push((value_text(instead), result)),
        (None, None) if rows.last().is_none_or(|(_, last)| *last != result) => rows.push((String::new(), result)),
        (None, None) => {}
    }
    let mut start = vec![value_text(&made["line"]), value_text(name), from.to_owned()];
    for (function, value) in rows {
        let cells = std::mem::replace(&mut start, vec![String::new(); 3]);
        table.row(cells.into_iter().chain([function, value]));
    }
}

/// Custom fields that the document does not mention.
fn write_unused(text: &mut String, lead: &Value, trace: Option<&Value>) {
    let made: Vec<&str> = trace
        .and_then(|trace| trace["fields"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|made| made["field"].as_str())
        .collect();
    let is_made = |name: &str| made.iter().any(|one| *one == name || one.strip_prefix("custom.") == Some(name));
    let mut table = Table::new(&[("custom field of no line", NAME_WIDTH_MAX), ("value", VALUE_WIDTH_MAX)]);
    for (name, value) in lead["lead"]["custom"].as_object().into_iter().flatten().filter(|(name, _)| !is_made(name)) {
        table.row([name.clone(), value.to_string()]);
    }
    write_table(text, &table);
}

fn write_warnings(text: &mut String, lead: &Value) {
    for warning in lead["warnings"].as_array().into_iter().flatten() {
        _ = writeln!(text, "  warning: {}", sentence_text(&warning["message"]));
    }
    if let Some(failure) = lead.get("failure") {
        _ = writeln!(text, "  failed: {}", sentence_text(failure.get("message").unwrap_or(failure)));
    }
}

fn qualify(text: &mut String, stage: &StageRun) {
    let trace = stage.trace.as_ref().map_or(&Value::Null, |trace| &trace["rules"]);
    rules(text, trace);
    let Some(output) = &stage.output else { return };
    let failed = output["failed_rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    for rule in failed.iter().filter(|rule| !rule["reason"].is_null()) {
        _ = writeln!(text, "  reason: {}", sentence_text(&rule["reason"]));
    }
    text.push_str(if output["qualified"] == true { "  qualified\n\n" } else { "  not qualified\n\n" });
}

fn rules(text: &mut String, rules: &Value) {
    let columns = [
        ("line", 6),
        ("rule", NAME_WIDTH_MAX),
        ("field", NAME_WIDTH_MAX),
        ("operator", NAME_WIDTH_MAX),
        ("expected", VALUE_WIDTH_MAX),
        ("actual", VALUE_WIDTH_MAX),
        ("passed", 7),
    ];
    let mut table = Table::new(&columns);
    for rule in rules.as_array().into_iter().flatten() {
        let passed = match rule["passed"].as_bool() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "skipped",
        };
        table.row([
            value_text(&rule["line"]),
            value_text(&rule["rule"]),
            value_text(&rule["field"]),
            value_text(&rule["operator"]),
            rule["expected"].to_string(),
            rule.get("actual").map_or_else(|| "(missing)".into(), Value::to_string),
            passed.into(),
        ]);
    }
    write_table(text, &table);
}

fn shape(text: &mut String, stage: &StageRun) {
    write_parts(text, stage);
    if let Some(message) = &stage.output {
        self::message(text, message);
    }
}

/// How each part of a message or of an outcome was made.
fn write_parts(text: &mut String, stage: &StageRun) {
    let parts = stage.trace.as_ref().map_or(&Value::Null, |trace| &trace["parts"]);
    let mut table = Table::new(&[
        ("line", 6),
        ("part", PATH_WIDTH_MAX),
        ("from", PATH_WIDTH_MAX),
        ("through", NAME_WIDTH_MAX),
        ("result", VALUE_WIDTH_MAX),
    ]);
    for made in parts.as_array().into_iter().flatten() {
        steps(&mut table, &made["part"], made);
    }
    write_table(text, &table);
}

/// The message as it would be sent. Control characters other than line ends are escaped.
fn message(text: &mut String, message: &Value) {
    let body = message["body"].as_str();
    let bytes = body.map_or_else(|| "no body".to_owned(), |body| format!("{} bytes", body.len()));
    _ = writeln!(text, "\n{} {}, {bytes}", value_text(&message["method"]), value_text(&message["content_type"]));
    for (key, mark) in [("query", "?"), ("headers", "")] {
        for pair in message[key].as_array().into_iter().flatten() {
            _ = writeln!(text, "{mark}{}: {}", line(&value_text(&pair[0])), line(&value_text(&pair[1])));
        }
    }
    if let Some(body) = body {
        let shown: String = body.chars().map(|c| if c == '\n' { c.to_string() } else { escape(c) }).collect();
        _ = writeln!(text, "\n{shown}");
    }
    text.push('\n');
}

fn interpret(text: &mut String, stage: &StageRun) {
    let body = match &stage.input["body_base64"] {
        Value::Null => sentence_text(&stage.input["body"]),
        base64 => format!("not text, in base64: {}", sentence_text(base64)),
    };
    _ = writeln!(text, "response {}: {body}", stage.input["status"]);
    if let Some(trace) = &stage.trace {
        rules(text, &trace["rules"]);
        _ = writeln!(text, "  decided by {}", sentence_text(&trace["decided"]));
        write_parts(text, stage);
    }
    let none = Map::new();
    let output = stage.output.as_ref().and_then(Value::as_object).unwrap_or(&none);
    let mut table = Table::new(&[("meaning", NAME_WIDTH_MAX), ("", VALUE_WIDTH_MAX)]);
    for (name, value) in output.iter().filter(|(name, value)| !value.is_null() && *name != "warnings") {
        table.row([name.clone(), value_text(value)]);
    }
    write_table(text, &table);
    for warning in output.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        _ = writeln!(text, "  warning: {}", sentence_text(&warning["message"]));
    }
    text.push('\n');
}

/// The error of a stage, or the policy that replaced its result.
fn error(text: &mut String, stage: &StageRun) {
    let Some(error) = &stage.error else { return };
    let mut table = Table::new(&[("FAILED", NAME_WIDTH_MAX), ("", SENTENCE_WIDTH_MAX)]);
    match error.as_object() {
        Some(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .for_each(|(name, value)| table.row([name.clone(), value_text(value)])),
        None => table.row([String::new(), value_text(error)]),
    }
    write_table(text, &table);
    text.push('\n');
}

fn end(text: &mut String, run: &DryRun) {
    for (name, digest) in &run.value_sets {
        _ = writeln!(text, "value set {}  {digest}", line(name));
    }
    for logged in &run.log {
        _ = writeln!(text, "log  {}", line(logged));
    }
    if let [_, _, ..] = run.leads[..] {
        for lead in &run.leads {
            _ = writeln!(text, "lead {}  {}", lead.submission_id, lead.state.as_str());
        }
    }
    _ = writeln!(text, "state {}, {} us of CPU time", run.state.as_str(), run.cpu_time_us);
}

fn write_table(text: &mut String, table: &Table) {
    if !table.is_empty() {
        text.push_str(&table.lines("  "));
    }
}

/// A text as it is, any other value as JSON.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn sentence_text(value: &Value) -> String {
    crate::commands::table::truncate(&value_text(value), SENTENCE_WIDTH_MAX)
}

/// A text in one line.
fn line(text: &str) -> String {
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests;
