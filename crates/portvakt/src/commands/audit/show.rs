//! `portvakt audit show`.

use anyhow::Context;
use portvakt_core::audit::{Actor, AuditEntry, AuditFilter, StoredEntry};
use portvakt_core::organization::OrgNumber;
use serde::Serialize;

use crate::commands::administer;
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Which entries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this record and what belongs to it: a scope, a client id, a prefix ...
    #[arg(long, value_name = "KEY")]
    object: Option<String>,
    /// That concern this organization
    #[arg(long, value_name = "ORGNO")]
    org: Option<OrgNumber>,
    /// Of this request
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Most entries; the latest are shown
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// An entry with its hash.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    entry: AuditEntry,
    hash: String,
}

/// Runs the command.
pub(super) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let filter = AuditFilter {
        organization: args.org,
        object_key: args.object,
        request_id: args.request_id,
    };
    let entries = administer::read(&args.database, async |unit| {
        Ok(unit.list_latest_audit(&filter, args.limit).await?)
    });
    let shown: anyhow::Result<Vec<_>> = entries.await?.iter().map(shown).collect();
    let header = ["ENTRY", "AT", "WHO", "DID", "OBJECT", "REQUEST"];
    output.table(&shown?, &header, |Shown { entry, .. }| {
        vec![
            entry.sequence.to_string(),
            entry.at.clone(),
            who(&entry.actor),
            entry.operation.clone(),
            entry.object.key.clone(),
            entry.request_id.clone().unwrap_or_default(),
        ]
    })
}

fn shown(stored: &StoredEntry) -> anyhow::Result<Shown> {
    let sequence = stored.link.sequence;
    let unreadable = || format!("read entry {sequence}: run `portvakt audit verify`");
    Ok(Shown {
        entry: stored.entry().with_context(unreadable)?,
        hash: stored.link.hash_hex(),
    })
}

/// The way in, and what is known of whoever came.
fn who(actor: &Actor) -> String {
    let mut parts = vec![actor.channel.as_str().to_owned()];
    parts.extend(actor.user.clone());
    parts.extend(actor.person.clone());
    parts.extend(actor.client_id.as_ref().map(ToString::to_string));
    parts.extend(actor.organization.map(|orgno| format!("of {orgno}")));
    parts.extend(actor.supplier.map(|orgno| format!("by {orgno}")));
    parts.join(" ")
}
