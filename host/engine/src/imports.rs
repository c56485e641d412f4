//! What a component may import: the names, and what is behind them (P5).

use wasmtime::component::{HasSelf, Linker};

use super::bindings::hookmill::plugin::{log, lookup};
use super::state::GuestState;
use super::wasi;

/// The package of the contract.
const CONTRACT: &str = "hookmill:plugin/";
/// The interfaces of the contract that a plugin may import.
const GRANTED: [&str; 3] = ["types", "log", "lookup"];

/// Why an import is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportVerdict {
    Granted,
    OtherVersion,
    NotGranted,
}

/// Checks an import by its name alone, before anything is compiled.
pub(crate) fn check_import(name: &str) -> ImportVerdict {
    if wasi::is_linked(name) {
        return ImportVerdict::Granted;
    }
    let Some(rest) = name.strip_prefix(CONTRACT) else { return ImportVerdict::NotGranted };
    let Some((interface, version)) = rest.split_once('@') else { return ImportVerdict::NotGranted };
    match (GRANTED.contains(&interface), is_version_1(version)) {
        (true, true) => ImportVerdict::Granted,
        (true, false) => ImportVerdict::OtherVersion,
        (false, _) => ImportVerdict::NotGranted,
    }
}

/// Whether a contract version is one this host speaks: 1.x.y, no pre-release.
pub(crate) fn is_version_1(version: &str) -> bool {
    let mut parts = version.split('.');
    let numbers =
        parts.by_ref().take(3).filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())).count();
    version.starts_with("1.") && numbers == 3 && parts.next().is_none()
}

/// Puts everything that is granted behind its name. Nothing else is linked, whatever a component asks for.
pub(crate) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    lookup::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    wasi::link(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P5: the artifact grants itself nothing.
    #[test]
    fn grants_by_name() {
        use ImportVerdict::{Granted, NotGranted, OtherVersion};
        let table = [
            ("hookmill:plugin/log@1.0.0", Granted),
            ("hookmill:plugin/types@1.2.3", Granted),
            ("hookmill:plugin/lookup@1.0.0", Granted),
            ("hookmill:plugin/log@2.0.0", OtherVersion),
            ("hookmill:plugin/log@1.0.0-rc1", OtherVersion),
            ("hookmill:plugin/log@1.0", OtherVersion),
            ("hookmill:plugin/log", NotGranted),
            ("hookmill:plugin/network@1.0.0", NotGranted),
            ("hookmill:plugins/log@1.0.0", NotGranted),
            ("wasi:cli/stdout@0.2.0", Granted),
            ("wasi:http/outgoing-handler@0.2.0", NotGranted),
            ("env", NotGranted),
            ("", NotGranted),
        ];
        for (name, verdict) in table {
            assert_eq!(check_import(name), verdict, "{name}");
        }
    }
}
