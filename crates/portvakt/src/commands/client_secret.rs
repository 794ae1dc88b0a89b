//! `portvakt client secret`, and secrets in what other commands print.

use portvakt_core::SystemEntropy;
use portvakt_core::Timestamp;
use portvakt_core::administration::Role;
use portvakt_core::administration::secret::{self, Making, NewSecret, SavedClient};
use portvakt_core::client::{ClientId, ClientSecrets, SecretOverlap};
use serde_json::{Value, json};

use super::{administer, render};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// A new secret for a client.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The client's id
    client_id: ClientId,
    /// How long the present secret still counts beside the new one: at most 2592000, 30 days
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    overlap: SecretOverlap,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What making a secret takes on a command line.
pub(super) fn making(now: Timestamp) -> Making<'static> {
    Making {
        entropy: &SystemEntropy,
        now,
    }
}

/// Makes a new secret and prints it, once: for people the text alone, so that it can be piped.
pub(super) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let (id, overlap) = (&args.client_id, args.overlap);
    let rotated = administer::write(&args.database, async |unit, now| {
        Ok(secret::rotate(unit, id, overlap, Role::Operator, making(now)).await?)
    });
    let Some(new) = rotated.await?.secret else {
        anyhow::bail!("no secret was made for client {id}");
    };
    let mut printed = json!({ "client_id": id });
    add(&mut printed, &new);
    output.result(&printed, new.secret.expose())?;
    note(output, &new);
    Ok(())
}

/// Prints what came of registering a client, with the secret if one was made.
pub(super) fn registered(output: Output, made: &SavedClient) -> anyhow::Result<()> {
    let title = format!("client {}", made.saved.record.client_id);
    let Some(new) = &made.secret else {
        return render::saved(output, &title, &made.saved, render::client);
    };
    let mut printed = render::client(&made.saved.record);
    add(&mut printed, new);
    let secret = new.secret.expose();
    output.result(
        &printed,
        format!("{title} created\nclient_secret  {secret}"),
    )?;
    note(output, new);
    Ok(())
}

/// When a client's secrets were made and end; nothing else of them is known.
pub(super) fn times(secrets: &ClientSecrets) -> Value {
    let times = secrets.as_slice().iter().map(|secret| {
        let (created, expires) = (secret.created, secret.expires_at);
        json!({ "created": created.to_string(), "expires": expires.to_string() })
    });
    times.collect()
}

fn add(printed: &mut Value, new: &NewSecret) {
    printed["client_secret"] = new.secret.expose().into();
    printed["client_secret_expires_at"] = new.expires_at.seconds().into();
}

fn note(output: Output, new: &NewSecret) {
    output.note(format!(
        "the secret is shown this once, and counts until {}",
        new.expires_at
    ));
}
