//! docs/document.md, the reference: what is told of keys, functions, operators, codes and bounds is made of the tables of the code,
//! every document in it compiles, every example comes out as it says, and what it says in sentences is shown by examples (`claims`).
//!
//! `HOOKMILL_UPDATE_REFERENCE=1` writes what the tables say and what comes out: read the difference before it is committed.

mod claims;
mod claims_of_bounds;
mod claims_of_functions;
mod claims_of_stages;
mod examples;
mod tables;

use std::path::{Path, PathBuf};

use crate::fixtures::{problems, warnings};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/document.md")
}

#[allow(clippy::disallowed_methods, reason = "a switch for whoever changes the language")]
fn is_update() -> bool {
    std::env::var_os("HOOKMILL_UPDATE_REFERENCE").is_some()
}

/// A piece of the page that must be what the code says.
struct Piece {
    start: usize,
    end: usize,
    what: String,
    made: String,
}

/// Compares pieces of the page, or writes them.
fn settle(text: &str, pieces: &[Piece]) {
    if !is_update() {
        for piece in pieces {
            let there = &text[piece.start..piece.end];
            let hint = "run with HOOKMILL_UPDATE_REFERENCE=1 and read the difference";
            assert!(there == piece.made, "{}: {hint}\n-- there\n{there}\n-- made\n{}", piece.what, piece.made);
        }
        return;
    }
    let mut text = text.to_owned();
    for piece in pieces.iter().rev() {
        text.replace_range(piece.start..piece.end, &piece.made);
    }
    std::fs::write(page(), text).unwrap();
}

/// M2, M4, M7: what the page tells of the language is what the tables say; then every document on it compiles and every
/// example comes out as it stands there.
#[test]
fn m2_m4_m7_the_reference_is_true() {
    let text = std::fs::read_to_string(page()).unwrap();
    settle(&text, &tables::pieces(&text));
    let text = std::fs::read_to_string(page()).unwrap();
    for block in examples::blocks(&text).iter().filter(|block| block.info == "yaml") {
        let told = problems(block.text);
        assert!(told.is_empty(), "{}\n{told:#?}", block.text);
        assert_eq!(warnings(block.text), Vec::<String>::new(), "{}", block.text);
    }
    let pieces = examples::pieces(&text);
    assert!(10 <= pieces.len(), "the examples are not where they are looked for");
    settle(&text, &pieces);
}

/// M2: everything of the language has its heading, so that a link to it works.
#[test]
fn m2_the_reference_has_everything() {
    let text = std::fs::read_to_string(page()).unwrap();
    for made in tables::NAMES {
        assert!(text.contains(&format!("<!-- made: {made} -->")), "the page does not show {made}");
    }
}
