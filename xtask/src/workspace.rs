//! The directories of this repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository on disk.
pub struct Workspace {
    /// The workspace's directory.
    pub root: PathBuf,
    /// Where cargo puts what it builds for this machine; follows `CARGO_TARGET_DIR` and cargo's configuration.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the repository this program was built from.
    pub fn find() -> Result<Workspace> {
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest_dir).parent().context("xtask is not in a workspace")?.to_path_buf();
        Ok(Workspace { root, target: target_of_this_program()? })
    }

    /// The components the host embeds and the tests load. Always within the repository, where `host/build.rs` looks.
    pub fn plugins(&self) -> PathBuf {
        self.root.join("target/plugins")
    }

    /// The guests' own target directory, so that their flags never disturb the host's build.
    pub fn guests_target(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// A program that cargo built, e.g. `binary("release", "hookmill")`.
    pub fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }
}

/// This program is in `<target>/debug/xtask`, whatever the environment and the configuration called `<target>`.
fn target_of_this_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("can't tell where xtask runs from")?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.context("run this as `cargo xtask`, not as a copied program")?.to_path_buf())
}
