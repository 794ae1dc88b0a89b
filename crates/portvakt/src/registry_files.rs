//! Registry files on disk, with the key files that they name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use portvakt_core::registry_file::{Fault, MAX_FILE_BYTES, RegistryFile};

/// How many faults or warnings are printed; a file with more has one cause.
pub(crate) const MAX_FAULTS_SHOWN: usize = 100;

/// Longest file of keys that is read, in bytes.
const MAX_KEY_FILE_BYTES: usize = 256 * 1024;

/// Reads every file as one, and reports the faults of all of them.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<RegistryFile> {
    let mut whole = RegistryFile::default();
    let mut faults = Vec::new();
    for path in paths {
        let text = read_bounded(path, MAX_FILE_BYTES)?;
        match RegistryFile::parse_named(&path.display().to_string(), &text) {
            Ok(file) => whole.merge(file),
            Err(found) => faults.extend(found),
        }
    }
    if let Err(found) = whole.load_keys(read_beside) {
        faults.extend(found);
    }
    if faults.is_empty() {
        Ok(whole)
    } else {
        Err(refused(&faults))
    }
}

/// Prints every fault and answers the one line that ends the command.
pub(crate) fn refused(faults: &[Fault]) -> anyhow::Error {
    for fault in faults.iter().take(MAX_FAULTS_SHOWN) {
        anstream::eprintln!("{fault}");
    }
    let more = match faults.len().saturating_sub(MAX_FAULTS_SHOWN) {
        0 => String::new(),
        hidden => format!(" ({hidden} not shown)"),
    };
    let noun = if faults.len() == 1 { "fault" } else { "faults" };
    anyhow::anyhow!(
        "{} {noun} in the registry file{more}; nothing was changed",
        faults.len()
    )
}

fn read_bounded(path: &Path, max_bytes: usize) -> anyhow::Result<String> {
    let read = || -> anyhow::Result<String> {
        let length = std::fs::metadata(path)?.len();
        anyhow::ensure!(
            length <= max_bytes as u64,
            "the file is longer than {max_bytes} bytes: split it"
        );
        Ok(std::fs::read_to_string(path)?)
    };
    read().with_context(|| format!("read {}", path.display()))
}

/// Reads a file that a registry file names, relative to it.
fn read_beside(registry_file: Option<&Arc<str>>, path: &str) -> Result<String, String> {
    let folder = registry_file.and_then(|file| Path::new(&**file).parent());
    let path = folder.unwrap_or(Path::new("")).join(path);
    read_bounded(&path, MAX_KEY_FILE_BYTES).map_err(|error| format!("{error:#}"))
}
