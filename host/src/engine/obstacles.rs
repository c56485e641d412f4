//! What can be told of a component's preparation by reading it alone.

use wasmparser::{BinaryReaderError, CanonicalFunction, Parser, Payload};

/// The interface that asks for a preparation.
const LIFECYCLE: &str = "hookmill:plugin/lifecycle@1.0.0";

/// Whether a component has something to prepare. What can't be read has not: the compiler says what is wrong with it.
pub(crate) fn exports_lifecycle(component: &[u8]) -> bool {
    exports(component, LIFECYCLE).unwrap_or(false)
}

fn exports(component: &[u8], name: &str) -> Result<bool, BinaryReaderError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    if export?.name.name == name {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

/// State that lies neither in linear memories nor in globals is in no snapshot: the tables of handles which the canonical ABI
/// keeps. So nothing that makes an entry may be there, in no nested component either.
pub(crate) fn keeps_state_elsewhere(component: &[u8]) -> Result<bool, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ComponentCanonicalSection(functions) = payload? {
            for function in functions {
                if !is_stateless(&function?) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
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
    }

    /// P4: a resource that is made anywhere inside may live on in a table that no snapshot has.
    #[test]
    fn resources_are_found_at_any_depth() {
        let maker = "(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))";
        assert!(keeps_state_elsewhere(&component(maker)).unwrap());
        assert!(keeps_state_elsewhere(&component(&format!("(component {maker})"))).unwrap());
        let dropper = "(component (type $r (resource (rep i32))) (core func (canon resource.drop $r)))";
        assert!(!keeps_state_elsewhere(&component(dropper)).unwrap());
    }
}
