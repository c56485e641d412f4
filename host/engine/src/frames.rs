//! Where in a guest a call ended, by the names its author gave: components keep them (`strip = "debuginfo"`).

use wasmtime::WasmBacktrace;

/// Functions shown.
const FRAMES_MAX: usize = 3;
/// Characters of a name; those of generic code can be very long.
const NAME_CHARS_MAX: usize = 100;
/// Frames of every call, allocation or abort, which mean nothing to an author.
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
pub(crate) fn format_innermost(error: &wasmtime::Error) -> Option<String> {
    let backtrace = error.downcast_ref::<WasmBacktrace>()?;
    let names = backtrace.frames().iter().filter_map(|frame| frame.func_name());
    format_frames(names)
}

fn format_frames<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut frames: Vec<String> = Vec::new();
    for name in names.map(demangle) {
        let is_machinery = MACHINERY.iter().any(|start| name.starts_with(start)) || name.contains("cabi_");
        if !is_machinery && frames.last() != Some(&name) {
            frames.push(name);
        }
    }
    frames.truncate(FRAMES_MAX);
    (!frames.is_empty()).then(|| format!("in `{}`", frames.join("`, called by `")))
}

/// The name without its hash; a name that is not mangled stays.
fn demangle(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    name.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P9: names are shown as they were written, recursion once, machinery not at all.
    #[test]
    fn names_are_readable() {
        let names = [
            "_ZN4core9panicking5panic17h0123456789abcdefE",
            "_ZN5solar7low_end17h0123456789abcdefE",
            "_ZN5solar7low_end17h0123456789abcdefE",
            "_ZN5solar3map17h0123456789abcdefE",
        ];
        assert_eq!(format_frames(names.into_iter()).unwrap(), "in `solar::low_end`, called by `solar::map`");
        assert_eq!(format_frames(names[..1].iter().copied()), None);
        assert_eq!(format_frames(["f"; 9].into_iter()).unwrap(), "in `f`");
    }

    /// H6: a long name can't fill a message.
    #[test]
    fn h6_names_are_bounded() {
        let long = "é".repeat(5_000);
        assert!(format_frames([long.as_str()].into_iter()).unwrap().chars().count() < 2 * NAME_CHARS_MAX);
    }
}
