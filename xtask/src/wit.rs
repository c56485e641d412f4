//! `cargo xtask wit`: the contract's own rules. A released version never changes, a new one says in its number what it does
//! to plugins, and the page for authors is written from the source.
//!
//! A version is a folder of `wit/`: `v1` holds 1.0.0, `v1.1` holds 1.1.0, `v2` holds 2.0.0.

mod changes;
mod contract;
mod page;
mod release;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::house::House;
use crate::say;
use changes::Changes;
use contract::Contract;

const USAGE: &str = "\
usage: cargo xtask wit [COMMAND]

  (none)           check everything, and write docs/contract.md
  --check          check everything, docs/contract.md included; part of `cargo xtask ci`
  diff OLD NEW     what changed from one folder to another, and what that means for the version
  release FOLDER   freeze a folder of wit/, such as v1; it can't be changed afterwards";

/// Runs a command.
pub fn wit(house: &House, arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => write_page(house),
        ["--check"] => check(house),
        ["diff", old, new] => diff(Path::new(old), Path::new(new)),
        ["release", folder] => release(house, folder),
        ["help" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask wit {}` is no command\n\n{USAGE}", words.join(" ")),
    }
}

/// What continuous integration asks.
pub fn check(house: &House) -> Result<()> {
    let step = say::step("Checking the contract");
    let newest = check_versions(&folder(house))?;
    let page = page_file(house);
    let text = std::fs::read_to_string(&page).unwrap_or_default();
    if text != page::markdown(&newest) {
        bail!("{} does not say what the contract says; run: cargo xtask wit", page.display());
    }
    step.done(format!("{} {} stands", newest.name, newest.version));
    Ok(())
}

fn write_page(house: &House) -> Result<()> {
    let step = say::step("Checking the contract");
    let newest = check_versions(&folder(house))?;
    let page = page_file(house);
    std::fs::write(&page, page::markdown(&newest)).with_context(|| format!("can't write {}", page.display()))?;
    step.done(format!("written: {}", page.display()));
    Ok(())
}

fn release(house: &House, name: &str) -> Result<()> {
    let step = say::step(format!("Releasing wit/{name}"));
    check_versions(&folder(house))?;
    release::freeze(&folder(house), name)?;
    step.done(format!("frozen; commit wit/{}", release::FILE));
    Ok(())
}

fn diff(old: &Path, new: &Path) -> Result<()> {
    let (old, new) = (Contract::read(old)?, Contract::read(new)?);
    let changes = Changes::between(&old, &new);
    println!("{changes}");
    changes.check_version(&old.version, &new.version)
}

fn folder(house: &House) -> PathBuf {
    house.root.join("wit")
}

fn page_file(house: &House) -> PathBuf {
    house.root.join("docs/contract.md")
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

    fn said(wit: &Wit) -> String {
        check_versions(&wit.0).map_or_else(|error| format!("{error:#}"), |newest| newest.version.to_string())
    }

    /// P1: before its release a version may change, afterwards it may not: no edit, no new file, no removal.
    #[test]
    fn p1_a_released_folder_never_changes() {
        let wit = Wit::new("freeze");
        wit.write("v1", "1.0.0", "interface log {}");
        wit.write("v1", "1.0.0", ONE);
        assert_eq!(said(&wit), "1.0.0");
        release::freeze(&wit.0, "v1").unwrap();
        assert_eq!(said(&wit), "1.0.0");
        wit.write("v1", "1.0.0", &format!("{ONE} // only words"));
        assert!(said(&wit).contains("wit/v1 is released and never changes: v1/all.wit was edited"), "{}", said(&wit));
        wit.write("v1", "1.0.0", ONE);
        std::fs::write(wit.0.join("v1/more.wit"), "interface more {}").unwrap();
        assert!(said(&wit).contains("v1/more.wit was added"), "{}", said(&wit));
        std::fs::remove_file(wit.0.join("v1/more.wit")).unwrap();
        std::fs::rename(wit.0.join("v1/all.wit"), wit.0.join("v1/other.wit")).unwrap();
        assert!(said(&wit).contains("v1/all.wit was removed, v1/other.wit was added"), "{}", said(&wit));
        std::fs::remove_dir_all(wit.0.join("v1")).unwrap();
        assert!(said(&wit).contains("v1/all.wit was removed"), "{}", said(&wit));
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
        assert_eq!(said(&wit), "1.1.0");
        wit.write("v1.1", "1.0.1", ONE);
        assert!(said(&wit).contains("the folder `v1.1` holds version 1.0.1"), "{}", said(&wit));
        wit.write("v1.1", "1.1.0", &format!("{ONE} {}", more.replace("1.1.0", "1.0.0")));
        assert!(
            said(&wit).contains("interface lookup came with 1.1.0; write @since(version = 1.1.0)"),
            "{}",
            said(&wit)
        );
        wit.write("v1.1", "1.1.0", &ONE.replace("message: string", "message: u32"));
        assert!(said(&wit).contains("breaks plugins built against 1.0.0"), "{}", said(&wit));
        std::fs::rename(wit.0.join("v1.1"), wit.0.join("v2")).unwrap();
        wit.write("v2", "2.0.0", &ONE.replace("message: string", "message: u32"));
        assert_eq!(said(&wit), "2.0.0");
    }
}
