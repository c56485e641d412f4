//! Embeds the default plugin, so that the host is one binary.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=HOOKMILL_DEFAULT_PLUGIN");
    let manifest = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = manifest.join("../../target/plugins/default.wasm");
    let path = std::env::var("HOOKMILL_DEFAULT_PLUGIN").map_or(built, PathBuf::from);
    println!("cargo::rerun-if-changed={}", path.display());
    if !path.is_file() {
        println!(
            "cargo::error=the default plugin is not built: there is no {}. Run `cargo xtask plugins` first",
            path.display()
        );
        return;
    }
    println!("cargo::rustc-env=HOOKMILL_DEFAULT_PLUGIN_FILE={}", path.display());
}
