//! `portvakt audit checkpoint`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::audit::{AuditCheckpoint, AuditLink, Checkpoints};
use portvakt_core::ports::UnitOfWork;
use portvakt_core::signing::KeyRing;
use portvakt_core::{Clock, SystemClock};
use serde_json::json;

use super::{read_checkpoints, verify_log};
use crate::commands::administer;
use crate::data_dir::DataDirArgs;
use crate::output::Output;

/// The surface whose active key signs.
const SURFACE: &str = "maskinporten";

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Gets one more line; keep it where whoever can write the database cannot rewrite it
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Signs only for a log that agrees with itself and with every earlier checkpoint of the file.
pub(super) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let file = &args.file;
    let signed = administer::read(&args.data_dir, async |unit| {
        let earlier = if file.exists() {
            read_checkpoints(unit, file).await?
        } else {
            Checkpoints::none()
        };
        let last = verify_log(unit, &earlier).await?.last;
        if last.sequence == 0 {
            bail!("the audit log is empty: there is nothing to sign for");
        }
        Ok((last, sign(unit, last).await?))
    });
    let (last, line) = signed.await?;
    append(file, &line).with_context(|| format!("write {}", file.display()))?;
    let report = json!({ "sequence": last.sequence, "hash": last.hash_hex(), "checkpoint": line });
    let text = format!("signed for {} entries in {}", last.sequence, file.display());
    output.result(&report, text)
}

async fn sign(unit: &mut dyn UnitOfWork, last: AuditLink) -> anyhow::Result<String> {
    let keys = unit.list_signing_keys(SURFACE).await?;
    let ring = KeyRing::from_records(&keys)
        .context("sign a checkpoint (a server makes the first key when it starts)")?;
    let now = SystemClock.now();
    AuditCheckpoint::sign(last, ring.active(), ring.active_kid(), now)
        .await
        .context("sign a checkpoint")
}

/// One write for the whole line, on the disk before it is reported.
fn append(file: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}
