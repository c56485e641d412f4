//! Reads a component without running or compiling any of it: names, sizes, validity.

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use super::exports::Stage;
use super::imports::{ImportVerdict, check_import, is_version_1};
use super::limits::Limits;
use super::rejection::{AdmissionError, Reason};

/// Rejects with every reason it finds.
pub(crate) fn inspect(component: &[u8], features: WasmFeatures, limits: &Limits) -> Result<(), AdmissionError> {
    let mut survey = Survey::default();
    survey.read(component, limits).map_err(invalid)?;
    survey.finish()?;
    Validator::new_with_features(features).validate_all(component).map_err(invalid)?;
    Ok(())
}

fn invalid(error: wasmparser::BinaryReaderError) -> AdmissionError {
    let hint = "build it with current tools, without experimental WebAssembly features";
    AdmissionError::new("invalid", format!("it is not a valid component: {error}"), hint)
}

/// What is found so far.
#[derive(Default)]
struct Survey {
    depth: usize,
    functions: u32,
    serves: bool,
    reasons: Vec<Reason>,
}

impl Survey {
    fn read(&mut self, component: &[u8], limits: &Limits) -> Result<(), wasmparser::BinaryReaderError> {
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.depth += 1,
                Payload::End(_) => self.depth = self.depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if self.depth == 0 => {
                    for import in imports {
                        self.import(import?.name.name);
                    }
                }
                Payload::ComponentExportSection(exports) if self.depth == 0 => {
                    for export in exports {
                        self.export(export?.name.name);
                    }
                }
                Payload::CodeSectionStart { count, .. } => self.functions(count, limits),
                Payload::CodeSectionEntry(body) => self.function(body.range().len(), limits),
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), AdmissionError> {
        if !self.serves && self.reasons.is_empty() {
            let stages: Vec<_> = Stage::ALL.iter().map(|stage| format!("hookmill:plugin/{stage}@1.0.0")).collect();
            let hint = format!("export at least one of {}", stages.join(", "));
            self.reject("no_stage", "it exports no stage of the contract".into(), hint);
        }
        if self.reasons.is_empty() { Ok(()) } else { Err(AdmissionError { reasons: self.reasons }) }
    }

    fn reject(&mut self, code: &'static str, message: String, hint: String) {
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(Reason { code, message, hint });
        }
    }

    fn import(&mut self, name: &str) {
        let name = truncate_name(name);
        match check_import(&name) {
            ImportVerdict::Granted => {}
            ImportVerdict::OtherVersion => {
                let hint = "build it against hookmill:plugin@1.0.0".into();
                self.reject("contract_version", format!("it imports `{name}`; this host supports version 1"), hint);
            }
            ImportVerdict::NotGranted => {
                let hint = "a plugin may import hookmill:plugin/log and hookmill:plugin/lookup and nothing else; \
                            return HTTP requests from `enrich` for what it needs from outside";
                self.reject(
                    "import_not_granted",
                    format!("it imports `{name}`, which is not granted to any plugin"),
                    hint.into(),
                );
            }
        }
    }

    fn export(&mut self, name: &str) {
        let Some((interface, version)) = name.strip_prefix("hookmill:plugin/").and_then(|rest| rest.split_once('@'))
        else {
            return;
        };
        if !is_version_1(version) {
            let hint = "build it against hookmill:plugin@1.0.0".into();
            return self.reject(
                "contract_version",
                format!("it exports `{}`; this host supports version 1", truncate_name(name)),
                hint,
            );
        }
        self.serves |= Stage::ALL.iter().any(|stage| stage.interface() == interface);
    }

    fn functions(&mut self, count: u32, limits: &Limits) {
        let before = self.functions;
        self.functions = self.functions.saturating_add(count);
        if before <= limits.functions_max && limits.functions_max < self.functions {
            let message = format!("it has more than {} functions, which is `functions_max`", limits.functions_max);
            self.reject("too_many_functions", message, "remove what is not used".into());
        }
    }

    fn function(&mut self, bytes: usize, limits: &Limits) {
        if limits.function_bytes_max as usize >= bytes {
            return;
        }
        let message =
            format!("one of its functions has {bytes} bytes; `function_bytes_max` is {}", limits.function_bytes_max);
        self.reject("function_too_large", message, "split the function; keep tables in data, not in code".into());
    }
}

/// Reasons listed.
const REASONS_MAX: usize = 50;

/// The start of a foreign name.
fn truncate_name(name: &str) -> String {
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let mut survey = Survey::default();
        let limits = Limits { functions_max: 2, function_bytes_max: 20, ..Limits::default() };
        survey.read(&wat::parse_str(text).unwrap(), &limits).unwrap();
        survey.finish().err().map_or(vec![], |error| error.reasons.iter().map(|reason| reason.code).collect())
    }

    /// P2, P5: all ungranted imports are named at once, and nested components' own are not mistaken for them.
    #[test]
    fn imports_by_name() {
        let text = r#"(component
            (import "wasi:http/types@0.2.0" (instance))
            (import "hookmill:plugin/log@2.0.0" (instance))
            (import "hookmill:plugin/log@1.0.0" (instance))
            (component (import "inner" (func))))"#;
        assert_eq!(codes(text), ["import_not_granted", "contract_version"]);
    }

    #[test]
    fn a_stage_is_required() {
        assert_eq!(codes("(component)"), ["no_stage"]);
        assert_eq!(
            codes(r#"(component (instance $i) (export "hookmill:plugin/mapping@1.0.0" (instance $i)))"#),
            [] as [&str; 0]
        );
        assert_eq!(
            codes(r#"(component (instance $i) (export "hookmill:plugin/mapping@2.0.0" (instance $i)))"#),
            ["contract_version"]
        );
        assert_eq!(
            codes(r#"(component (instance $i) (export "hookmill:plugin/configuration@1.0.0" (instance $i)))"#),
            ["no_stage"]
        );
    }

    /// P2: what makes compiling expensive is bounded before the compiler sees it.
    #[test]
    fn sizes_inside() {
        let functions = "(func) (func) (func)";
        let stage = r#"(instance $i) (export "hookmill:plugin/mapping@1.0.0" (instance $i))"#;
        assert_eq!(codes(&format!("(component (core module {functions}) {stage})")), ["too_many_functions"]);
        let long = "i32.const 1 drop ".repeat(10);
        assert_eq!(codes(&format!("(component (core module (func {long})) {stage})")), ["function_too_large"]);
    }
}
