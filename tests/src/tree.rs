//! The repository's own files, for tests that check what is written in them.

use crate::world::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold what tools make.
const GENERATED: [&str; 4] = ["target", ".git", ".hookmill", "node_modules"];

/// The text files below `root` (a path in the repository; a file stands for itself) that have one of the extensions, each with its
/// path in the repository, in the order of their paths.
pub fn files(root: &str, extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    collect(&workspace().join(root), extensions, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "`{root}` holds no file with one of the extensions {extensions:?}");
    let in_repository = |path: &Path| path.strip_prefix(workspace()).unwrap_or(path).to_owned();
    paths.iter().filter_map(|path| Some((in_repository(path), fs::read_to_string(path).ok()?))).collect()
}

fn collect(path: &Path, extensions: &[&str], paths: &mut Vec<PathBuf>) {
    if path.is_file() {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if extensions.contains(&extension) {
            paths.push(path.to_owned());
        }
        return;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if GENERATED.contains(&name) {
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        collect(&entry.path(), extensions, paths);
    }
}
