//! What a plugin returned, checked before anyone trusts it (P3): sizes, JSON, names and values that HTTP can carry.

use hookmill_json::JsonError;
use http::{HeaderName, HeaderValue, Method};

use super::contract_types::{
    Description, Diagnostic, FailedRule, Failure, HttpRequest, Mapped, MappedLead, Outcome, Pair, Payload, Verdict,
    Warning,
};
use super::fault::{Fault, FaultKind, Phase};
use super::limits::Limits;
use super::outcome;

/// The result of one check.
type Checked = Result<(), Fault>;

/// A value that a plugin returned for one item.
pub(crate) trait Output {
    /// Leaves out what may be left out where it can't be used.
    fn leave_out_unusable(&mut self, _limits: &Limits) {}

    /// Checks all of it.
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked;
}

/// Checks one item's result: what the plugin made of it, or its failure.
pub(crate) fn check<T: Output>(result: &mut Result<T, Failure>, phase: Phase, limits: &Limits) -> Checked {
    match result {
        Ok(output) => {
            output.leave_out_unusable(limits);
            check_one(output, phase, limits)
        }
        Err(failure) => check_one(failure, phase, limits),
    }
}

/// Checks a value that can't be a failure.
pub(crate) fn check_one(output: &impl Output, phase: Phase, limits: &Limits) -> Checked {
    let mut inspector = Inspector { limits, phase, bytes: 0 };
    output.inspect(&mut inspector)?;
    inspector.finish()
}

/// Checks parts and adds up their bytes.
pub(crate) struct Inspector<'a> {
    limits: &'a Limits,
    phase: Phase,
    bytes: usize,
}

impl Inspector<'_> {
    fn finish(self) -> Checked {
        let bytes_max = self.limits.output_item_bytes_max;
        if self.bytes <= bytes_max {
            return Ok(());
        }
        let what = format_args!("it returned {} bytes for one item", self.bytes);
        Err(Fault::limit(FaultKind::OutputSize, self.phase, "output_item_bytes_max", bytes_max as u64, what))
    }

    fn invalid(&self, place: &str, what: impl std::fmt::Display) -> Fault {
        Fault::new(FaultKind::InvalidOutput, self.phase, format_args!("its `{place}` can't be used: {what}"))
    }

    fn text(&mut self, text: &str) {
        self.bytes += text.len();
    }

    fn optional_text(&mut self, text: Option<&String>) {
        self.bytes += text.map_or(0, String::len);
    }

    fn members(&mut self, place: &str, members: usize) -> Checked {
        let members_max = self.limits.output_list_items_max;
        if members <= members_max {
            return Ok(());
        }
        let what = format_args!("its `{place}` has {members} members");
        Err(Fault::limit(FaultKind::OutputSize, self.phase, "output_list_items_max", members_max as u64, what))
    }

    fn json(&mut self, place: &str, text: &str) -> Checked {
        self.text(text);
        let depth_max = self.limits.output_json_depth_max;
        hookmill_json::check(text, depth_max).map_err(|error| {
            let JsonError { code, offset, message } = error;
            if code != "too_deep" {
                return self.invalid(place, format_args!("it is not valid JSON at byte {offset}: {message}"));
            }
            let what = format_args!("in its `{place}`, {message}");
            Fault::limit(FaultKind::OutputDepth, self.phase, "output_json_depth_max", depth_max as u64, what)
        })
    }

    fn optional_json(&mut self, place: &str, text: Option<&String>) -> Checked {
        text.map_or(Ok(()), |text| self.json(place, text))
    }

    fn object(&mut self, place: &str, text: &str) -> Checked {
        self.json(place, text)?;
        if hookmill_json::is_object(text) { Ok(()) } else { Err(self.invalid(place, "it is not a JSON object")) }
    }

    fn headers(&mut self, headers: &[Pair]) -> Checked {
        self.members("headers", headers.len())?;
        headers.iter().try_for_each(|header| self.header(header))
    }

    fn header(&mut self, header: &Pair) -> Checked {
        self.text(&header.name);
        if HeaderName::from_bytes(header.name.as_bytes()).is_err() {
            return Err(
                self.invalid("headers", format_args!("{:?} is not a header name", truncate_for_display(&header.name)))
            );
        }
        self.header_value(&header.name, &header.value)
    }

    fn header_value(&mut self, name: &str, value: &str) -> Checked {
        self.text(value);
        match HeaderValue::from_str(value) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.invalid(name, format_args!("{:?} is not a header value", truncate_for_display(value)))),
        }
    }

    fn query(&mut self, query: &[Pair]) -> Checked {
        query.iter().for_each(|pair| self.bytes += pair.name.len() + pair.value.len());
        self.members("query", query.len())
    }

    fn method(&mut self, method: &str) -> Checked {
        self.text(method);
        let is_token = Method::from_bytes(method.as_bytes()).is_ok();
        if is_token && !method.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Ok(());
        }
        Err(self
            .invalid("method", format_args!("{:?} is not an HTTP method in upper case", truncate_for_display(method))))
    }
}

/// The start of a foreign text, for a message.
fn truncate_for_display(text: &str) -> String {
    text.chars().take(80).collect()
}

impl Output for Failure {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.text(&self.code);
        inspector.text(&self.message);
        inspector.optional_text(self.field.as_ref());
        inspector.optional_text(self.function.as_ref());
        inspector.optional_json("failure.input", self.input.as_ref())
    }
}

impl Output for Warning {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.bytes += self.code.len() + self.path.len() + self.message.len();
        Ok(())
    }
}

impl Output for MappedLead {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.object("lead", &self.lead)?;
        inspector.members("warnings", self.warnings.len())?;
        self.warnings.iter().try_for_each(|warning| warning.inspect(inspector))
    }
}

impl Output for Mapped {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.members("leads", self.leads.len())?;
        for lead in &self.leads {
            match lead {
                Ok(lead) => lead.inspect(inspector)?,
                Err(failure) => failure.inspect(inspector)?,
            }
        }
        inspector.optional_json("trace", self.trace.as_ref())
    }
}

impl Output for Vec<HttpRequest> {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.members("requests", self.len())?;
        self.iter().try_for_each(|request| request.inspect(inspector))
    }
}

impl Output for HttpRequest {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.bytes += self.key.len() + self.url.len() + self.body.len();
        inspector.method(&self.method)?;
        inspector.headers(&self.headers)
    }
}

impl Output for Verdict {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.members("failed", self.failed.len())?;
        self.failed.iter().try_for_each(|rule| rule.inspect(inspector))?;
        if self.qualified && !self.failed.is_empty() {
            return Err(inspector.invalid("failed", "a qualified lead has no failed rules"));
        }
        inspector.optional_json("trace", self.trace.as_ref())
    }
}

impl Output for FailedRule {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        inspector.bytes += self.rule.len() + self.field.len() + self.operator.len() + self.reason.len();
        inspector.json("expected", &self.expected)?;
        inspector.optional_json("actual", self.actual.as_ref())
    }
}

impl Output for Payload {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        self.method.iter().try_for_each(|method| inspector.method(method))?;
        inspector.query(&self.query)?;
        inspector.headers(&self.headers)?;
        self.content_type.iter().try_for_each(|value| inspector.header_value("content-type", value))?;
        inspector.bytes += self.body.as_ref().map_or(0, Vec::len);
        inspector.optional_json("trace", self.trace.as_ref())
    }
}

/// Nothing beside its verdict is a fault: the verdict counts.
impl Output for Option<Outcome> {
    fn leave_out_unusable(&mut self, limits: &Limits) {
        if let Some(outcome) = self {
            outcome::leave_out_unusable(outcome, limits);
        }
    }

    fn inspect(&self, _inspector: &mut Inspector<'_>) -> Checked {
        Ok(())
    }
}

impl Output for Description {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        let lists = [("grants", self.grants.len()), ("reads", self.reads.len()), ("writes", self.writes.len())];
        lists.into_iter().try_for_each(|(place, members)| inspector.members(place, members))?;
        let texts = [&self.name, &self.version, &self.summary].into_iter().chain(&self.reads).chain(&self.writes);
        texts.for_each(|text| inspector.text(text));
        inspector.optional_json("configuration-schema", self.configuration_schema.as_ref())
    }
}

impl Output for Vec<Diagnostic> {
    fn inspect(&self, inspector: &mut Inspector<'_>) -> Checked {
        for diagnostic in self {
            [&diagnostic.code, &diagnostic.path, &diagnostic.message].into_iter().for_each(|text| inspector.text(text));
            inspector.optional_text(diagnostic.suggestion.as_ref());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T: Output>(output: T) -> Option<FaultKind> {
        let limits = Limits { output_item_bytes_max: 100, output_json_depth_max: 3, ..Limits::default() };
        check(&mut Ok(output), Phase::Map, &limits).err().map(|fault| fault.kind)
    }

    fn mapped(lead: &str) -> Mapped {
        let lead = MappedLead { lead: lead.into(), is_test: false, warnings: vec![] };
        Mapped { leads: vec![Ok(lead)], trace: None }
    }

    fn payload() -> Payload {
        let header = Pair { name: "x-a".into(), value: "b".into() };
        Payload {
            method: Some("POST".into()),
            query: vec![],
            headers: vec![header],
            content_type: None,
            body: Some(b"{}".to_vec()),
            trace: None,
        }
    }

    /// P3: a lead is a JSON object within bounds, or the plugin is at fault.
    #[test]
    fn leads() {
        assert_eq!(kind(mapped(r#"{"email":"a@b.c"}"#)), None);
        assert_eq!(kind(mapped("[]")), Some(FaultKind::InvalidOutput));
        assert_eq!(kind(mapped("{")), Some(FaultKind::InvalidOutput));
        assert_eq!(kind(mapped(r#"{"a":{"b":{"c":{}}}}"#)), Some(FaultKind::OutputDepth));
        assert_eq!(kind(mapped(&format!(r#"{{"a":"{}"}}"#, "x".repeat(100)))), Some(FaultKind::OutputSize));
        let many = Mapped { leads: vec![mapped("{}").leads[0].clone(); 1_001], trace: None };
        assert_eq!(kind(many), Some(FaultKind::OutputSize));
        let warning = Warning { code: String::new(), path: String::new(), message: String::new() };
        let mut noisy = mapped("{}");
        noisy.leads[0].as_mut().unwrap().warnings = vec![warning; 1_001];
        assert_eq!(kind(noisy), Some(FaultKind::OutputSize));
    }

    /// M8: what is sent can be sent.
    #[test]
    fn payloads() {
        assert_eq!(kind(payload()), None);
        let bad_header = |name: &str, value: &str| Payload {
            headers: vec![Pair { name: name.into(), value: value.into() }],
            ..payload()
        };
        assert_eq!(kind(bad_header("x y", "b")), Some(FaultKind::InvalidOutput));
        assert_eq!(kind(bad_header("x", "a\r\nb: c")), Some(FaultKind::InvalidOutput));
        for method in ["", "GET /", "post"] {
            assert_eq!(
                kind(Payload { method: Some(method.into()), ..payload() }),
                Some(FaultKind::InvalidOutput),
                "{method}"
            );
        }
        assert_eq!(kind(Payload { content_type: Some("a\nb".into()), ..payload() }), Some(FaultKind::InvalidOutput));
    }

    /// M7: a verdict is consistent.
    #[test]
    fn verdicts() {
        let rule = FailedRule {
            rule: "qualify[0]".into(),
            field: "age".into(),
            operator: "ge".into(),
            reason: "too young".into(),
            severity: super::super::contract_types::Severity::Hard,
            expected: "18".into(),
            actual: Some("17".into()),
        };
        let verdict = |qualified, failed| Verdict { qualified, failed, trace: None };
        assert_eq!(kind(verdict(false, vec![rule.clone()])), None);
        assert_eq!(kind(verdict(true, vec![rule.clone()])), Some(FaultKind::InvalidOutput));
        let empty = FailedRule { reason: String::new(), expected: "1".into(), actual: None, ..rule.clone() };
        assert_eq!(kind(verdict(false, vec![empty; 1_001])), Some(FaultKind::OutputSize));
        assert_eq!(
            kind(verdict(false, vec![FailedRule { expected: "".into(), ..rule }])),
            Some(FaultKind::InvalidOutput)
        );
    }
}
