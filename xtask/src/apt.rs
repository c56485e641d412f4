//! System packages. Installed only where that is expected of us, as root on Debian and its kin; elsewhere the command is
//! given to the person.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{program, progress};

const UPDATE_LIMIT: Duration = Duration::from_secs(180);
const INSTALL_LIMIT: Duration = Duration::from_secs(900);

/// Installs the packages, or fails with the command that does. `purpose` completes "is needed to ...".
pub fn install(packages: &[&str], purpose: &str) -> Result<()> {
    let by_hand = format!("apt-get update && apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if program::find("apt-get").is_none() {
        bail!("{} is needed to {purpose}; install it with your system's packages", packages.join(", "));
    }
    if !program::is_root() {
        bail!("{} is needed to {purpose}; run: sudo sh -c '{by_hand}'", packages.join(", "));
    }
    let step = progress::step(format!("Installing {} to {purpose}", packages.join(", ")));
    apt_get(&["update"], UPDATE_LIMIT).with_context(|| format!("fix the package lists, then run: {by_hand}"))?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments, INSTALL_LIMIT).with_context(|| format!("install by hand: {by_hand}"))?;
    step.done("installed");
    Ok(())
}

fn apt_get(arguments: &[&str], limit: Duration) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    program::check_within(&mut command, limit)
}
