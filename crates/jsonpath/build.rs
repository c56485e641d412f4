//! Makes the table of Unicode's general categories, which patterns name by `\p{...}`.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

#[path = "build/category.rs"]
mod category;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/category.rs");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(format!("{out}/category_table.rs"), category::table()).expect("OUT_DIR can be written");
}
