//! Which versions are released, and that they are as they were: `wit/released.sha256`, in the form of `sha256sum`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

/// The record of released files, in `wit/`: `cd wit && sha256sum --check released.sha256` checks the same as this module.
pub const FILE: &str = "released.sha256";

/// Digest by path within `wit/`.
type Digests = BTreeMap<String, String>;

/// The folders of `wit/`, each a version.
pub fn folders(wit: &Path) -> Result<Vec<String>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(wit).with_context(|| format!("can't list {}", wit.display()))? {
        let entry = entry?;
        if entry.path().is_dir() {
            folders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    folders.sort();
    Ok(folders)
}

/// The released folders; fails when one of them is not as it was.
pub fn check(wit: &Path) -> Result<BTreeSet<String>> {
    let record = read(wit)?;
    let released: BTreeSet<String> =
        record.keys().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect();
    for folder in &released {
        let then: Digests =
            record.clone().into_iter().filter(|(path, _)| path.starts_with(&format!("{folder}/"))).collect();
        let differences = differences(&then, &digests(wit, folder)?);
        ensure!(
            differences.is_empty(),
            "wit/{folder} is released and never changes: {}; fix: git checkout wit/{folder}, and make the change in a \
             new folder, such as wit/{folder}.1",
            differences.join(", ")
        );
    }
    Ok(released)
}

/// Records a folder as released.
pub fn freeze(wit: &Path, folder: &str) -> Result<()> {
    let mut record = read(wit)?;
    ensure!(wit.join(folder).is_dir(), "there is no folder {} in {}", folder, wit.display());
    if record.keys().any(|path| path.starts_with(&format!("{folder}/"))) {
        bail!("wit/{folder} is released already");
    }
    record.extend(digests(wit, folder)?);
    let lines: String = record.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect();
    std::fs::write(wit.join(FILE), lines).with_context(|| format!("can't write {FILE}"))
}

/// No file means that nothing is released yet.
fn read(wit: &Path) -> Result<Digests> {
    let file = wit.join(FILE);
    if !file.is_file() {
        return Ok(Digests::new());
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let pair = |line: &str| line.split_once("  ").map(|(digest, path)| (path.to_owned(), digest.to_owned()));
    text.lines()
        .map(|line| pair(line).with_context(|| format!("{}: `{line}` is not a digest", file.display())))
        .collect()
}

/// The files of a folder as they are; none when it is gone.
fn digests(wit: &Path, folder: &str) -> Result<Digests> {
    let mut digests = Digests::new();
    if !wit.join(folder).is_dir() {
        return Ok(digests);
    }
    for entry in std::fs::read_dir(wit.join(folder))? {
        let entry = entry?;
        let bytes = std::fs::read(entry.path()).with_context(|| format!("can't read {}", entry.path().display()))?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        digests.insert(format!("{folder}/{}", entry.file_name().to_string_lossy()), digest);
    }
    Ok(digests)
}

fn differences(then: &Digests, now: &Digests) -> Vec<String> {
    let gone = then.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} was removed"));
    let other = now.iter().filter_map(|(path, digest)| match then.get(path) {
        None => Some(format!("{path} was added")),
        Some(before) if before != digest => Some(format!("{path} was edited")),
        Some(_) => None,
    });
    gone.chain(other).collect()
}
