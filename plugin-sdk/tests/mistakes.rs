//! What the compiler says of typical mistakes: each file of `mistakes/` names, after `//~`, what must be said of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo put this test, and the crate it tests beside it.
fn built() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// The crate under test: of all that were ever built here, the one built last.
fn crate_under_test() -> PathBuf {
    let files = std::fs::read_dir(built()).unwrap().map(|entry| entry.unwrap().path());
    let is_ours = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy();
        name.starts_with("libhookmill_plugin_sdk-") && name.ends_with(".rlib")
    };
    files
        .filter(is_ours)
        .max_by_key(|file| file.metadata().unwrap().modified().unwrap())
        .expect("cargo builds it first")
}

/// What the compiler says, all white space alike, because it breaks lines as it likes.
fn said_of(file: &Path, sdk: &Path) -> String {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut command = Command::new(if rustc.is_file() { rustc } else { "rustc".into() });
    let mut sdk_at = OsString::from("hookmill_plugin_sdk=");
    sdk_at.push(sdk);
    command.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--color", "never", "--extern"]);
    command.arg(sdk_at).arg("-L").arg(format!("dependency={}", built().display()));
    command.arg("--out-dir").arg(env!("CARGO_TARGET_TMPDIR"));
    command.env("CARGO_PKG_NAME", "mistake").env("CARGO_PKG_VERSION", "0.0.0").env("CARGO_PKG_DESCRIPTION", "");
    let output = command.arg(file).output().unwrap();
    String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// P9: each mistake is told in words that name the suggested fix.
#[test]
fn p9_the_compiler_helps() {
    let sdk = crate_under_test();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let said = said_of(&file, &sdk);
        let wanted: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        assert_eq!(wanted.is_empty(), !said.contains("error"), "{}:\n{said}", file.display());
        for words in wanted {
            assert!(said.contains(words), "{}: no `{words}` in\n{said}", file.display());
        }
    }
}
