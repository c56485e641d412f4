//! Finding PostgreSQL's server programs, which distributions keep out of `PATH`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{apt, program};

const CHOICE: &str = "HOOKMILL_POSTGRES_BIN";
const NEEDED: [&str; 2] = ["initdb", "postgres"];

/// Where a distribution puts a version's programs: `<home>/<version>/bin`.
const VERSIONED_HOMES: [&str; 2] = ["/usr/lib/postgresql", "/opt/homebrew/opt"];
const HOMES: [&str; 3] = ["/usr/pgsql/bin", "/usr/local/pgsql/bin", "/usr/libexec/postgresql"];

/// A directory with all of PostgreSQL's server programs.
pub struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// The named directory, or what is found, or what is then installed.
    pub fn find_or_install() -> Result<Binaries> {
        if let Some(directory) = std::env::var_os(CHOICE) {
            let directory = PathBuf::from(directory);
            return complete(&directory).with_context(|| {
                format!("{CHOICE} is {}, which lacks one of {}", directory.display(), NEEDED.join(", "))
            });
        }
        if let Some(binaries) = find() {
            return Ok(binaries);
        }
        apt::install(&["postgresql"], "run the tests on PostgreSQL")?;
        match find() {
            Some(binaries) => Ok(binaries),
            None => bail!("postgresql is installed, but its `initdb` was not found; set its directory in {CHOICE}"),
        }
    }

    /// One of the programs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The server's version text.
    pub fn version(&self) -> String {
        let version = program::output(self.path("postgres"), &["--version"]);
        version.unwrap_or_else(|| "PostgreSQL of unknown version".to_owned())
    }
}

fn find() -> Option<Binaries> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versioned = VERSIONED_HOMES.iter().flat_map(|home| versions_in(Path::new(home)));
    let homes = HOMES.iter().map(PathBuf::from);
    in_path.into_iter().chain(versioned).chain(homes).find_map(|directory| complete(&directory))
}

/// Newest first.
fn versions_in(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((parse_version(&entry.file_name().to_string_lossy())?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, directory)| directory).collect()
}

/// `15`, or `postgresql@15` as Homebrew has it.
fn parse_version(name: &str) -> Option<u32> {
    name.strip_prefix("postgresql@").unwrap_or(name).parse().ok()
}

fn complete(directory: &Path) -> Option<Binaries> {
    let has_all = NEEDED.iter().all(|name| directory.join(name).is_file());
    has_all.then(|| Binaries { directory: directory.to_path_buf() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directories of other things beside the versions are passed over.
    #[test]
    fn versions_are_read_from_directory_names() {
        assert_eq!(parse_version("15"), Some(15));
        assert_eq!(parse_version("postgresql@17"), Some(17));
        assert_eq!(parse_version("libpq"), None);
    }
}
