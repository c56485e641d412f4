//! The house keeps its floors: a file imports from its own module and from lower floors; each outside library has one home; every
//! module says what it is.

use hookmill_tests::world::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors of `host/src`, from the ground up.
const FLOORS: [(&str, u8); 10] = [
    ("clock", 0),
    ("ids", 0),
    ("model", 1),
    ("config", 1),
    ("store", 2),
    ("engine", 2),
    ("outbound", 2),
    ("pipeline", 3),
    ("http", 4),
    ("app", 5),
];
const TOP: [&str; 2] = ["app", "cli"];

/// Outside libraries that only one module may know.
const HOMES: [(&str, &str); 12] = [
    ("sqlx", "store"),
    ("chacha20poly1305", "store"),
    ("wasmtime", "engine"),
    ("wasmtime_wasi", "engine"),
    ("wasmtime_wizer", "engine"),
    ("wit_component", "engine"),
    ("reqwest", "outbound"),
    ("rustls", "outbound"),
    ("axum", "http"),
    ("maud", "http"),
    ("utoipa_axum", "http"),
    ("clap", "cli"),
];

fn sources() -> Vec<(PathBuf, String)> {
    let root = workspace().join("host/src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(50 < files.len(), "the sources of the host are not where they are looked for");
    files
        .into_iter()
        .map(|path| (path.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The module a file belongs to: the first part of its path.
fn module(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(module: &str) -> Option<u8> {
    if TOP.contains(&module) {
        return Some(5);
    }
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The code of a file without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The words that follow `before` in a line.
fn words_after<'a>(line: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(before).map(move |(at, _)| {
        let rest = &line[at + before.len()..];
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        let Some(own_floor) = floor(&own) else { continue };
        for (line, code) in code(&text) {
            for named in words_after(code, "crate::") {
                let Some(named_floor) = floor(named) else { continue };
                let sideways = named_floor == own_floor && own != named && own_floor == 2;
                if own_floor < named_floor || sideways {
                    wrong.push(format!(
                        "host/src/{}:{line}: `{own}` (floor {own_floor}) imports `{named}` (floor {named_floor}): a file imports from lower \
                         floors only, and the rooms of floor 2 do not know each other. Pass the value in as an argument, or move the rule down.",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_outside_library_has_one_home() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        for (line, code) in code(&text) {
            for (library, home) in HOMES.iter().filter(|(_, home)| *home != own) {
                let prefix = format!("{library}::");
                let named = code.match_indices(&prefix).any(|(at, _)| {
                    !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
                });
                if named {
                    wrong.push(format!(
                        "host/src/{}:{line}: `{library}` lives in `{home}` alone; ask that module for what is needed",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| format!("host/src/{} begins without `//!`", path.display()))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_floor() {
    for (path, _) in sources() {
        let own = module(&path);
        assert!(
            ["lib", "main"].contains(&own.as_str()) || floor(&own).is_some(),
            "host/src/{} belongs to no floor: write it into ARCHITECTURE.md and here",
            path.display()
        );
    }
}

/// A route that is registered past `Routes::at` would have no description (H3).
#[test]
fn routes_are_registered_with_their_description() {
    let home = Path::new("http/openapi/routes.rs");
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| path != home) {
        for (line, code) in code(&text) {
            if code.contains(".route(") || code.contains(".route_service(") || code.contains(".nest(") {
                wrong.push(format!(
                    "host/src/{}:{line}: a route without a description; register it with `Routes::at`",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn sql_is_in_the_store_alone() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| module(path) != "store") {
        for (line, code) in code(&text) {
            if ["\"select ", "\"insert into ", "\"update ", "\"delete from "].iter().any(|start| code.contains(start)) {
                wrong.push(format!("host/src/{}:{line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "SQL outside the store:\n{}", wrong.join("\n"));
}
