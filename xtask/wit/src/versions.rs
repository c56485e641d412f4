//! The contract's own rules. A released version never changes, a new one says in its number what it does to plugins, and the
//! page for authors is written from the source.
//!
//! A version is a folder of `wit/`: `v1` holds 1.0.0, `v1.1` holds 1.1.0, `v2` holds 2.0.0.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::changes::Changes;
use crate::contract::Contract;
use crate::{page, release};

/// Checks everything, the page included.
pub fn check(root: &Path) -> Result<()> {
    let newest = check_versions(&folder(root))?;
    let page = page_file(root);
    let text = std::fs::read_to_string(&page).unwrap_or_default();
    if text != page::markdown(&newest) {
        bail!("{} does not say what the contract says; run: cargo xtask wit", page.display());
    }
    eprintln!("    {} {} stands", newest.name, newest.version);
    Ok(())
}

/// Checks everything, and writes the page.
pub fn write_page(root: &Path) -> Result<()> {
    let newest = check_versions(&folder(root))?;
    let page = page_file(root);
    std::fs::write(&page, page::markdown(&newest)).with_context(|| format!("can't write {}", page.display()))?;
    eprintln!("    written: {}", page.display());
    Ok(())
}

/// Freezes a version.
pub fn release(root: &Path, name: &str) -> Result<()> {
    check_versions(&folder(root))?;
    release::freeze(&folder(root), name)?;
    eprintln!("    frozen; commit wit/{}", release::FILE);
    Ok(())
}

/// Shows what changed, and fails when the number does not say so.
pub fn diff(old: &Path, new: &Path) -> Result<()> {
    let (old, new) = (Contract::read(old)?, Contract::read(new)?);
    let changes = Changes::between(&old, &new);
    println!("{changes}");
    changes.check_version(&old.version, &new.version)
}

fn folder(root: &Path) -> PathBuf {
    root.join("wit")
}

fn page_file(root: &Path) -> PathBuf {
    root.join("docs/contract.md")
}

/// Released folders as they were, every other one with the number that its changes ask for. Returns the newest version.
fn check_versions(wit: &Path) -> Result<Contract> {
    let released = release::check(wit)?;
    let mut versions = Vec::new();
    for folder in release::folders(wit)? {
        let contract = Contract::read(&wit.join(&folder))?;
        contract.check_folder(&folder)?;
        versions.push((contract, released.contains(&folder)));
    }
    versions.sort_by_key(|(contract, _)| contract.version);
    for (place, (contract, is_released)) in versions.iter().enumerate() {
        let before = versions[..place].iter().rev().find(|(_, is_released)| *is_released);
        if let (false, Some((before, _))) = (*is_released, before) {
            let changes = Changes::between(before, contract);
            changes.check_version(&before.version, &contract.version).with_context(|| format!("{changes}"))?;
            changes.check_since(contract)?;
        }
    }
    versions.pop().map(|(contract, _)| contract).with_context(|| format!("{} holds no version", wit.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `wit/` of one test's own.
    struct Wit(PathBuf);

    impl Wit {
        fn new(test: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("hookmill-wit-{}-{test}", std::process::id()));
            std::fs::create_dir_all(&directory).expect("a directory");
            Wit(directory)
        }

        fn write(&self, folder: &str, version: &str, items: &str) {
            let folder = self.0.join(folder);
            std::fs::create_dir_all(&folder).expect("a directory");
            std::fs::write(folder.join("all.wit"), format!("package hookmill:plugin@{version};\n{items}"))
                .expect("a file");
        }
    }

    impl Drop for Wit {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const ONE: &str = "@since(version = 1.0.0) interface log { write: func(message: string); }
        @since(version = 1.0.0) world base { import log; }";

    fn describe(wit: &Wit) -> String {
        check_versions(&wit.0).map_or_else(|error| format!("{error:#}"), |newest| newest.version.to_string())
    }

    /// P1: before its release a version may change, afterwards it may not: no edit, no new file, no removal.
    #[test]
    fn p1_a_released_folder_never_changes() {
        let wit = Wit::new("freeze");
        wit.write("v1", "1.0.0", "interface log {}");
        wit.write("v1", "1.0.0", ONE);
        assert_eq!(describe(&wit), "1.0.0");
        release::freeze(&wit.0, "v1").unwrap();
        assert_eq!(describe(&wit), "1.0.0");
        wit.write("v1", "1.0.0", &format!("{ONE} // only words"));
        assert!(
            describe(&wit).contains("wit/v1 is released and never changes: v1/all.wit was edited"),
            "{}",
            describe(&wit)
        );
        wit.write("v1", "1.0.0", ONE);
        std::fs::write(wit.0.join("v1/more.wit"), "interface more {}").unwrap();
        assert!(describe(&wit).contains("v1/more.wit was added"), "{}", describe(&wit));
        std::fs::remove_file(wit.0.join("v1/more.wit")).unwrap();
        std::fs::rename(wit.0.join("v1/all.wit"), wit.0.join("v1/other.wit")).unwrap();
        assert!(describe(&wit).contains("v1/all.wit was removed, v1/other.wit was added"), "{}", describe(&wit));
        std::fs::remove_dir_all(wit.0.join("v1")).unwrap();
        assert!(describe(&wit).contains("v1/all.wit was removed"), "{}", describe(&wit));
    }

    #[test]
    fn a_folder_is_released_once() {
        let wit = Wit::new("once");
        wit.write("v1", "1.0.0", ONE);
        release::freeze(&wit.0, "v1").unwrap();
        assert!(release::freeze(&wit.0, "v1").unwrap_err().to_string().contains("is released already"));
        assert!(release::freeze(&wit.0, "v7").unwrap_err().to_string().contains("no folder"));
    }

    /// P1: the number says what a version does to plugins built against the one before.
    #[test]
    fn p1_the_number_says_what_changes() {
        let wit = Wit::new("number");
        wit.write("v1", "1.0.0", ONE);
        release::freeze(&wit.0, "v1").unwrap();
        let more = "@since(version = 1.1.0) interface lookup { get: func(key: string) -> string; }";
        wit.write("v1.1", "1.1.0", &format!("{ONE} {more}"));
        assert_eq!(describe(&wit), "1.1.0");
        wit.write("v1.1", "1.0.1", ONE);
        assert!(describe(&wit).contains("the folder `v1.1` holds version 1.0.1"), "{}", describe(&wit));
        wit.write("v1.1", "1.1.0", &format!("{ONE} {}", more.replace("1.1.0", "1.0.0")));
        assert!(
            describe(&wit).contains("interface lookup came with 1.1.0; write @since(version = 1.1.0)"),
            "{}",
            describe(&wit)
        );
        wit.write("v1.1", "1.1.0", &ONE.replace("message: string", "message: u32"));
        assert!(describe(&wit).contains("breaks plugins built against 1.0.0"), "{}", describe(&wit));
        std::fs::rename(wit.0.join("v1.1"), wit.0.join("v2")).unwrap();
        wit.write("v2", "2.0.0", &ONE.replace("message: string", "message: u32"));
        assert_eq!(describe(&wit), "2.0.0");
    }
}
