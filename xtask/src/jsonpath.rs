//! `cargo xtask jsonpath`: the published compliance cases of JSONPath (RFC 9535), which this repository does not hold. An npm package
//! of another implementation carries them whole.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{apt, program, progress};

/// The package whose tests carry the cases, and its version.
const PACKAGE: &str = "jsonpath-rfc9535@1.3.0";
/// The cases within it.
const CASES: &str = "package/src/__tests__/jsonpath-compliance-test-suite/cts.json";
const FETCH_LIMIT: Duration = Duration::from_secs(120);
const RUN_LIMIT: Duration = Duration::from_secs(600);

/// Fetches the cases and runs them.
pub fn jsonpath(workspace: &Workspace) -> Result<()> {
    let place = workspace.root.join("target/jsonpath");
    std::fs::create_dir_all(&place)?;
    let cases = place.join(CASES);
    if !cases.is_file() {
        let step = progress::step(format!("Fetching the compliance cases with {PACKAGE} from npm"));
        if program::find("npm").is_none() {
            apt::install(&["npm"], "fetch the compliance cases of JSONPath")?;
        }
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", PACKAGE]).current_dir(&place);
        program::check_within(&mut pack, FETCH_LIMIT).context("the package comes from npm as it is set up here")?;
        let archive = place.join(format!("{}.tgz", PACKAGE.replace('@', "-")));
        program::check_within(
            Command::new("tar").arg("-xzf").arg(&archive).arg(CASES).current_dir(&place),
            FETCH_LIMIT,
        )?;
        step.done("fetched");
    }
    let mut run = program::cargo(&workspace.root);
    run.args(["run", "--quiet", "--package", "hookmill-jsonpath", "--example", "compliance", "--"]).arg(&cases);
    program::check_within(&mut run, RUN_LIMIT)
}
