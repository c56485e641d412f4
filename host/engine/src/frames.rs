//! Where in a guest a call ended, by the names its author gave: components keep them (`strip = "debuginfo"`).

use wasmtime::WasmBacktrace;

/// Functions told at once.
const FRAMES_MAX: usize = 3;
/// Characters of a name; those of generic code can be very long.
const NAME_CHARS_MAX: usize = 100;
/// What is under way in every call, allocation or abort, and tells an author nothing.
const MACHINERY: [&str; 11] = [
    "core::",
    "<core::",
    "alloc::",
    "<alloc::",
    "std::",
    "<std::",
    "__rust",
    "rust_",
    "dlmalloc::",
    "<dlmalloc::",
    "hookmill_plugin_sdk::bindings::",
];

/// The innermost functions of the author's own, as `a, called by b`; none when the component names none.
pub(crate) fn innermost(error: &wasmtime::Error) -> Option<String> {
    let backtrace = error.downcast_ref::<WasmBacktrace>()?;
    let names = backtrace.frames().iter().filter_map(|frame| frame.func_name());
    told(names)
}

fn told<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for name in names.map(readable) {
        let is_machinery = MACHINERY.iter().any(|start| name.starts_with(start)) || name.contains("cabi_");
        if !is_machinery && told.last() != Some(&name) {
            told.push(name);
        }
    }
    told.truncate(FRAMES_MAX);
    (!told.is_empty()).then(|| format!("in `{}`", told.join("`, called by `")))
}

/// The name without its hash; what is no mangled name stays.
fn readable(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    name.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P9: names are told as they were written, recursion once, machinery not at all.
    #[test]
    fn names_are_readable() {
        let names = [
            "_ZN4core9panicking5panic17h0123456789abcdefE",
            "_ZN5solar7low_end17h0123456789abcdefE",
            "_ZN5solar7low_end17h0123456789abcdefE",
            "_ZN5solar3map17h0123456789abcdefE",
        ];
        assert_eq!(told(names.into_iter()).unwrap(), "in `solar::low_end`, called by `solar::map`");
        assert_eq!(told(names[..1].iter().copied()), None);
        assert_eq!(told(["f"; 9].into_iter()).unwrap(), "in `f`");
    }

    /// H6: a name is no way to fill a message.
    #[test]
    fn h6_names_are_bounded() {
        let long = "é".repeat(5_000);
        assert!(told([long.as_str()].into_iter()).unwrap().chars().count() < 2 * NAME_CHARS_MAX);
    }
}
