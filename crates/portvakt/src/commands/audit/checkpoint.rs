//! `portvakt audit checkpoint`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use portvakt_core::audit::{AuditCheckpoint, AuditLink, Checkpoints};
use portvakt_core::ports::UnitOfWork;
use portvakt_core::signing::{KeyRing, KeySource};
use portvakt_core::{Clock, SystemClock};
use serde_json::json;

use super::verify_log;
use crate::audit_log::{append_checkpoint, read_checkpoints};
use crate::commands::administer;
use crate::database::DatabaseArgs;
use crate::output::Output;
use crate::signing::KeySourceArgs;

/// The surface whose active key signs.
const SURFACE: &str = "maskinporten";

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Gets one more line; keep it where whoever can write the database cannot rewrite it
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    source: KeySourceArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Signs only for a log that agrees with itself and with every earlier checkpoint of the file.
pub(super) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let file = &args.file;
    let source = args.database.registry()?.key_source(&args.source)?;
    let signed = administer::read(&args.database, async |unit| {
        let earlier = if file.exists() {
            read_checkpoints(unit, file).await?
        } else {
            Checkpoints::none()
        };
        let last = verify_log(unit, &earlier).await?.last;
        if last.sequence == 0 {
            bail!("the audit log is empty: there is nothing to sign for");
        }
        Ok((last, sign(unit, source.as_ref(), last).await?))
    });
    let (last, line) = signed.await?;
    append_checkpoint(file, &line)?;
    let report = json!({ "sequence": last.sequence, "hash": last.hash_hex(), "checkpoint": line });
    let text = format!("signed for {} entries in {}", last.sequence, file.display());
    output.result(&report, text)
}

async fn sign(
    unit: &mut dyn UnitOfWork,
    source: &dyn KeySource,
    last: AuditLink,
) -> anyhow::Result<String> {
    let keys = unit.list_signing_keys(SURFACE).await?;
    let ring = KeyRing::open(&keys, source)
        .context("sign a checkpoint (a server makes the first key when it starts)")?;
    let now = SystemClock.now();
    AuditCheckpoint::sign(last, ring.active(), ring.active_kid(), now)
        .await
        .context("sign a checkpoint")
}
