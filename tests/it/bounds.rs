//! The bounds of a host: its settings page lists each with its default, and the binary takes them.

use hookmill::bounds::Bounds;
use hookmill_tests::world::workspace;
use serde_json::Value;
use std::process::Command;

/// H6: every bound is on the page, in its part, with its default; and nothing else is.
#[test]
fn h6_the_settings_page_lists_every_bound() {
    let page = std::fs::read_to_string(workspace().join("docs/settings.md")).unwrap();
    let bounds = serde_json::to_value(Bounds::default()).unwrap();
    let mut expected = Vec::new();
    for (part, names) in bounds.as_object().unwrap() {
        for (name, value) in names.as_object().unwrap() {
            let value = if name == "threads" { "the number of cores".to_owned() } else { grouped(value) };
            expected.push(format!("| `{part}.{name}` | {value} |"));
        }
    }
    let is_bound =
        |line: &&str| ["host", "sandbox", "outbound"].iter().any(|part| line.starts_with(&format!("| `{part}.")));
    let mut listed: Vec<String> =
        page.lines().filter(is_bound).map(|line| line.split('|').take(3).collect::<Vec<_>>().join("|") + "|").collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected, "docs/settings.md has a line `| `part.name` | default | meaning |` for each bound");
}

fn grouped(value: &Value) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// H6: a bound that does not exist stops the host at its start, with the suggested one.
#[test]
fn h6_a_host_does_not_start_on_a_bound_that_does_not_exist() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(hookmill_tests::process::binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--bound", "host.poll=3", "--data"]).arg(directory.path());
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("did you mean `poll_ms`?"), "{said}");
}
