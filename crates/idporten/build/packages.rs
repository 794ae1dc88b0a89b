//! Installs the npm packages that the pages are made from.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Installs below `out` unless that has been done, and says where the packages are. Without a network
/// it takes them from npm's cache.
pub(crate) fn install(out: &Path) -> Result<PathBuf, String> {
    let folder = out.join("packages");
    let packages = folder.join("node_modules");
    // Written last, so that an installation that was interrupted does not count.
    let stamp = folder.join("installed");
    let wanted =
        fs::read("package-lock.json").map_err(|error| format!("package-lock.json: {error}"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(packages);
    }
    prepare(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--prefer-offline"])
        .args(["--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .output();
    let output = npm.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            "npm is not on this machine, and the login pages are made from packages \
            of its registry: run scripts/setup.sh build, or install Node.js with npm"
                .to_owned()
        }
        _ => format!("npm does not start: {error}"),
    })?;
    if !output.status.success() {
        return Err(format!(
            "npm could not install the packages of crates/idporten/package-lock.json; the first time \
             it needs its registry, later its cache is enough:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        ));
    }
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(packages)
}

/// Leaves nothing in the folder but what npm reads.
fn prepare(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(file, folder.join(file))?;
    }
    Ok(())
}
