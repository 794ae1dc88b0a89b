//! Reading manifests: files, folders, standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_nais::manifest::{Fault, Faults, MAX_MANIFEST_BYTES, Manifest};
use serde_json::json;

use crate::output::Output;

/// Most files that a folder may hold, so that a wrong folder is noticed.
const MAX_FILES: usize = 1000;
const MAX_SHOWN: usize = 200;

/// Which manifests.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Manifest, a folder of them (`.yaml`, `.yml`, `.json`), or `-` for standard input; may be
    /// repeated
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

impl FileArgs {
    /// Reads everything; prints every fault of every file before it fails.
    pub(crate) fn read(&self, output: Output) -> anyhow::Result<Manifest> {
        if self.files.is_empty() {
            bail!("name a manifest with -f FILE");
        }
        let (mut whole, mut found) = (Manifest::default(), Faults::default());
        for path in self.files.iter().map(|path| expand(path)) {
            for path in path? {
                let (name, text) = read_text(&path)?;
                match Manifest::parse_named(&name, &text) {
                    Ok(manifest) => whole.merge(manifest),
                    Err(faults) => {
                        found.faults.extend(faults.faults);
                        found.warnings.extend(faults.warnings);
                    }
                }
            }
        }
        if !found.faults.is_empty() {
            found.warnings.extend(whole.warnings);
            return Err(refused(&found, output));
        }
        warn(&whole.warnings, output);
        if whole.resources.is_empty() {
            bail!(
                "the manifests hold nothing that is acted on: see docs/manifest.md for the kinds"
            );
        }
        Ok(whole)
    }
}

/// Prints every fault and answers the one line that ends the command.
pub(crate) fn refused(faults: &Faults, output: Output) -> anyhow::Error {
    warn(&faults.warnings, output);
    for fault in faults.faults.iter().take(MAX_SHOWN) {
        anstream::eprintln!("{fault}");
    }
    if output.is_json() {
        // A failure to print is less than the failure that is told of.
        let _ = output.result(&json!(faults), "");
    }
    let count = faults.faults.len();
    let noun = if count == 1 { "fault" } else { "faults" };
    let hidden = match count.saturating_sub(MAX_SHOWN) {
        0 => String::new(),
        hidden => format!(" ({hidden} not shown)"),
    };
    anyhow::anyhow!("{count} {noun} in the manifests{hidden}; nothing was changed")
}

fn warn(warnings: &[Fault], output: Output) {
    for warning in warnings.iter().take(MAX_SHOWN) {
        output.note(format_args!("warning: {warning}"));
    }
}

/// A folder's manifests in order of their names; anything else is itself.
fn expand(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let list = || -> std::io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
        entries.collect()
    };
    let mut files = list().with_context(|| format!("read {}", path.display()))?;
    files.retain(|file| {
        let extension = file.extension().and_then(|text| text.to_str());
        file.is_file() && matches!(extension, Some("yaml" | "yml" | "json"))
    });
    files.sort();
    if files.is_empty() || files.len() > MAX_FILES {
        bail!(
            "{} holds {} manifests (.yaml, .yml, .json), and may hold 1 to {MAX_FILES}",
            path.display(),
            files.len()
        );
    }
    Ok(files)
}

fn read_text(path: &Path) -> anyhow::Result<(String, String)> {
    if path == Path::new("-") {
        let text = bounded(std::io::stdin().lock()).context("read standard input")?;
        return Ok(("standard input".to_owned(), text));
    }
    let name = path.display().to_string();
    let read = || bounded(std::fs::File::open(path)?);
    let text = read().with_context(|| format!("read {name}"))?;
    Ok((name, text))
}

fn bounded(source: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    let limit = MAX_MANIFEST_BYTES as u64;
    source.take(limit + 1).read_to_string(&mut text)?;
    if text.len() > MAX_MANIFEST_BYTES {
        bail!("is longer than {MAX_MANIFEST_BYTES} bytes: split it");
    }
    Ok(text)
}
