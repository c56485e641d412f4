//! What holds in this crate's source.

use std::path::{Path, PathBuf};

/// Every source file but what wit-bindgen makes.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    nested.filter(|path| !path.ends_with("bindings.rs")).collect()
}

/// The public items of a file whose documentation has no example.
fn without_example(text: &str) -> Vec<&str> {
    let (mut items, mut above, mut in_trait) = (Vec::new(), Vec::new(), false);
    for line in text.lines().take_while(|line| *line != "#[cfg(test)]") {
        let code = line.trim_start();
        let is_hidden = above.contains(&"#[doc(hidden)]");
        in_trait = (in_trait || code.starts_with("pub trait ") && !is_hidden) && line != "}";
        let is_public = ["pub fn ", "pub struct ", "pub trait ", "pub enum ", "pub const "];
        let is_item = is_public.iter().any(|start| code.starts_with(start))
            || code.starts_with("macro_rules! ") && above.contains(&"#[macro_export]")
            || in_trait && code.starts_with("fn ");
        let is_shown = above.iter().any(|line: &&str| line.starts_with("/// ```"));
        if is_item && !is_shown && !is_hidden {
            items.push(code);
        }
        match is_item || code.is_empty() || code == "}" {
            true => above.clear(),
            false => above.push(code),
        }
    }
    items
}

/// P9: every public item has an example, which `cargo test` runs.
#[test]
fn p9_every_item_has_an_example() {
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(without_example(&text), [] as [&str; 0], "{}", file.display());
    }
}
