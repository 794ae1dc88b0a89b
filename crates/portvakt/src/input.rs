//! Where commands read tokens, grants and keys from.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// Most bytes that are read.
const MAX_BYTES: u64 = 1024 * 1024;

/// The text that an argument means: standard input for `-`, a file's content if there is such a
/// file, and otherwise the argument itself. A secret is better not given as an argument, which
/// other processes can see.
pub(crate) fn read(argument: &str) -> anyhow::Result<String> {
    if argument == "-" {
        return bounded(std::io::stdin().lock()).context("read standard input");
    }
    if argument.len() < 4096 && Path::new(argument).is_file() {
        let file = File::open(argument).with_context(|| format!("read {argument}"))?;
        return bounded(file).with_context(|| format!("read {argument}"));
    }
    Ok(argument.to_owned())
}

/// The content of a file that the configuration names, if it is a regular one of no more than so many bytes.
pub(crate) fn bounded_file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    // Opening a pipe would wait for whoever writes to it.
    if !std::fs::metadata(path)?.is_file() {
        bail!("it is no regular file");
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        bail!("it has more than {limit} bytes");
    }
    Ok(bytes)
}

fn bounded(source: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    source.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        bail!("more than {MAX_BYTES} bytes");
    }
    Ok(text)
}
