//! What Cargo can't say of the layers: which crate may know which, that each outside library has one home, that SQL and routes stay
//! where they belong, and that every module says what it is.

use hookmill_tests::world::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates of the host, from the ground up, each with the crates of the host that it may know.
const LAYERS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("engine", &[]),
    ("outbound", &["domain"]),
    ("stages", &["domain", "engine"]),
    ("pipeline", &["domain", "store", "engine", "outbound", "stages"]),
    ("admin", &["domain", "store", "engine", "pipeline"]),
    ("http", &["domain", "pipeline", "admin"]),
    ("cli", &["domain", "store", "engine", "outbound", "pipeline", "admin", "http"]),
];

/// Outside libraries that only one crate of the host may depend on.
const HOMES: [(&str, &str); 13] = [
    ("sqlx", "store"),
    ("chacha20poly1305", "store"),
    ("wasmtime", "engine"),
    ("wasmtime-wasi", "engine"),
    ("wasmtime-wizer", "engine"),
    ("wasmparser", "engine"),
    ("wit-component", "engine"),
    ("hyper-rustls", "outbound"),
    ("rustls", "outbound"),
    ("axum", "http"),
    ("maud", "http"),
    ("utoipa-axum", "http"),
    ("clap", "cli"),
];

/// The names under `[dependencies]` of a crate's manifest.
fn dependencies(layer: &str) -> Vec<String> {
    let manifest = fs::read_to_string(workspace().join("host").join(layer).join("Cargo.toml")).unwrap();
    let of_section = manifest.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    let lines = of_section.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = workspace().join("host");
    let mut files = Vec::new();
    for (layer, _) in LAYERS {
        let mut of_layer = Vec::new();
        collect(&root.join(layer).join("src"), &mut of_layer);
        assert!(!of_layer.is_empty(), "the sources of host/{layer} are not where they are looked for");
        files.extend(of_layer.into_iter().map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (layer.to_owned(), path.strip_prefix(&root).unwrap().to_owned(), text)
        }));
    }
    files
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

/// The code of a file without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn a_layer_knows_only_the_layers_below_it() {
    for (layer, allowed) in LAYERS {
        for name in dependencies(layer).iter().filter_map(|name| name.strip_prefix("hookmill-")) {
            let is_layer = LAYERS.iter().any(|(other, _)| *other == name);
            assert!(
                !is_layer || allowed.contains(&name),
                "host/{layer} must not know host/{name}: pass the value in as an argument, or move the rule down"
            );
        }
    }
}

#[test]
fn every_crate_of_the_host_is_a_layer() {
    for entry in fs::read_dir(workspace().join("host")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            LAYERS.iter().any(|(layer, _)| *layer == name),
            "host/{name} has no layer: write it into ARCHITECTURE.md and here"
        );
    }
}

#[test]
fn each_outside_library_has_one_home() {
    for (layer, _) in LAYERS {
        let used = dependencies(layer);
        for (library, home) in HOMES.iter().filter(|(_, home)| *home != layer) {
            assert!(
                !used.iter().any(|name| name == library),
                "`{library}` lives in host/{home} alone; host/{layer} must ask that crate for what it needs"
            );
        }
    }
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, _, text)| !text.starts_with("//!")).map(|(_, path, _)| path).collect();
    assert!(silent.is_empty(), "these files begin without `//!`: {silent:?}");
}

/// A route that is registered past `Routes::at` would have no description (H3).
#[test]
fn routes_are_registered_with_their_description() {
    let mut wrong = Vec::new();
    for (_, path, text) in sources().into_iter().filter(|(_, path, _)| !path.ends_with("http/src/openapi/routes.rs")) {
        for (line, code) in code(&text) {
            if code.contains(".route(") || code.contains(".route_service(") || code.contains(".nest(") {
                wrong.push(format!(
                    "host/{}:{line}: a route without a description; register it with `Routes::at`",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Only a checked permission gives the entry that the store asks a change for; and nothing above `admin` goes past it to the store.
#[test]
fn changes_go_through_the_use_cases() {
    let mut wrong = Vec::new();
    for (layer, path, text) in
        sources().into_iter().filter(|(layer, _, _)| !["admin", "store"].contains(&layer.as_str()))
    {
        for (line, code) in code(&text) {
            if code.contains("AuditEntry {") || layer == "http" && code.contains(".store()") {
                wrong.push(format!("host/{}:{line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "past the use cases of host/admin:\n{}", wrong.join("\n"));
}

#[test]
fn sql_is_in_the_store_alone() {
    let mut wrong = Vec::new();
    for (_, path, text) in sources().into_iter().filter(|(layer, _, _)| layer != "store") {
        for (line, code) in code(&text) {
            if ["\"select ", "\"insert into ", "\"update ", "\"delete from "].iter().any(|start| code.contains(start)) {
                wrong.push(format!("host/{}:{line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "SQL outside the store:\n{}", wrong.join("\n"));
}
