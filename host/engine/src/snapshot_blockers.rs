//! Whether a snapshot of a component can be taken, as far as reading the component shows it.

use wasmparser::{BinaryReaderError, CanonicalFunction, Parser, Payload};

use super::imports::is_version_1;

/// The interface that is called before the snapshot, in any version that the host's own is compatible with.
const LIFECYCLE: &str = "hookmill:plugin/lifecycle@";
/// Globals whose values are read one by one, in a time that grows with their square. Compilers make a handful.
const GLOBALS_MAX: usize = 1_000;

/// Whether a component exports `lifecycle`. An unreadable one does not: the compiler reports what is wrong with it.
pub(crate) fn exports_lifecycle(component: &[u8]) -> bool {
    has_export(component, |name| name.strip_prefix(LIFECYCLE).is_some_and(is_version_1)).unwrap_or(false)
}

fn has_export(component: &[u8], is_it: impl Fn(&str) -> bool) -> Result<bool, BinaryReaderError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    if is_it(export?.name.name) {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

/// What prevents a snapshot and is not seen by the tool that takes it.
///
/// State that lies neither in linear memories nor in globals is in no snapshot: the tables of handles which the canonical ABI
/// keeps. So nothing that makes an entry may be there, in nested components neither.
pub(crate) fn find_blocker(component: &[u8]) -> Result<Option<&'static str>, BinaryReaderError> {
    let mut globals = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    if !is_stateless(&function?) {
                        return Ok(Some("it makes resources of its own, and handles can't be in a snapshot"));
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    globals += usize::from(global?.ty.mutable);
                }
            }
            _ => {}
        }
    }
    Ok((GLOBALS_MAX < globals).then_some("it has more than 1000 globals that can change"))
}

fn is_stateless(function: &CanonicalFunction) -> bool {
    use CanonicalFunction::{Lift, Lower, ResourceDrop, ResourceRep};
    matches!(function, Lift { .. } | Lower { .. } | ResourceDrop { .. } | ResourceRep { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn only_its_own_exports_count() {
        let outer = r#"(component (instance $i) (export "hookmill:plugin/lifecycle@1.0.0" (instance $i)))"#;
        assert!(exports_lifecycle(&component(outer)));
        assert!(!exports_lifecycle(&component(&format!("(component {outer})"))));
        assert!(!exports_lifecycle(&component(outer)[..20]));
        assert!(!exports_lifecycle(b""));
        assert!(exports_lifecycle(&component(&outer.replace("1.0.0", "1.2.3"))));
        assert!(!exports_lifecycle(&component(&outer.replace("1.0.0", "2.0.0"))));
    }

    /// P4: a resource that is made anywhere inside may live on in a table that no snapshot has.
    #[test]
    fn resources_are_found_at_any_depth() {
        let maker = "(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))";
        assert!(find_blocker(&component(maker)).unwrap().unwrap().contains("resources"));
        assert!(find_blocker(&component(&format!("(component {maker})"))).unwrap().unwrap().contains("resources"));
        let dropper = "(component (type $r (resource (rep i32))) (core func (canon resource.drop $r)))";
        assert_eq!(find_blocker(&component(dropper)).unwrap(), None);
    }

    /// P3: what would take the tool minutes is not begun.
    #[test]
    fn globals_are_counted() {
        let globals = |number: usize| "(global (mut i32) (i32.const 0))".repeat(number);
        let one = |number| format!("(core module {} (global i32 (i32.const 0)))", globals(number));
        assert_eq!(
            find_blocker(&component(&format!("(component {} {})", one(GLOBALS_MAX - 1), one(1)))).unwrap(),
            None
        );
        let more = find_blocker(&component(&format!("(component {} {})", one(GLOBALS_MAX), one(1))));
        assert!(more.unwrap().unwrap().contains(&GLOBALS_MAX.to_string()));
    }
}
