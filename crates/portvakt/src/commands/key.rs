//! `portvakt key`: the keys of clients, and the server's own ([`signing_key`]).

use std::path::PathBuf;

use anyhow::bail;
use portvakt_core::administration::{Role, client, key};
use portvakt_core::client::expiry::has_only_expired;
use portvakt_core::client::{ClientId, ClientKey, KeySet};
use portvakt_core::ports::Listing;
use portvakt_jose::{Algorithm, PublicJwk};
use serde_json::Value;

use super::key_files::{self, NewKey};
use super::render::InactiveArgs;
use super::{administer, render, signing_key};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List a client's keys, or the server's signing keys when no client is named
    List(ListArgs),
    /// Show one public key of a client, or one signing key of the server
    Show(ShowArgs),
    /// Sign with the next signing key of the server from now on
    Rotate(signing_key::RotateArgs),
    /// Encrypt the server's signing keys under another key-encryption key
    Reseal(signing_key::ResealArgs),
    /// Add one key and leave the others
    Add(AddArgs),
    /// Replace the whole set
    Replace(ReplaceArgs),
    /// Make a key pair: the private key goes to a file, the public one is printed as a JWK Set
    Generate(GenerateArgs),
    /// Refuse a key, at once; it stays readable with `key list --inactive`
    #[command(visible_alias = "deactivate")]
    Remove(OneArgs),
}

/// All keys of a client or of the server.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The client's id; without it the server's own keys are listed
    client_id: Option<ClientId>,
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One key of a client or of the server.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The client's id, or the id of a signing key alone
    #[arg(value_name = "CLIENT_ID|KID", allow_hyphen_values = true)]
    id: String,
    /// The id of the client's key
    #[arg(allow_hyphen_values = true)]
    kid: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One key of a client.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// The client's id
    client_id: ClientId,
    /// The key's id
    #[arg(allow_hyphen_values = true)]
    kid: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A new key.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The client's id
    client_id: ClientId,
    #[command(flatten)]
    source: SourceArgs,
    /// The key's id; by default that of the JWK, or the key's thumbprint
    #[arg(long, allow_hyphen_values = true)]
    kid: Option<String>,
    /// What it signs with, for --pem and --generate; by default that of its type, or RS256
    #[arg(long, value_name = "ALG")]
    algorithm: Option<Algorithm>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Where a new key comes from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SourceArgs {
    /// A JWK
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    /// A key in PEM; of a private one only the public half is registered
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,
    /// Make a key: the private one goes to keys/ID.jwk.json in the data folder
    #[arg(long)]
    generate: bool,
}

/// A whole set.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplaceArgs {
    /// The client's id
    client_id: ClientId,
    /// Public keys, a JWK Set
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A key pair that belongs to no client yet.
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// Where the private JWK goes; the file must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The key's id; by default its thumbprint
    #[arg(long, allow_hyphen_values = true)]
    kid: Option<String>,
    /// What it signs with
    #[arg(long, value_name = "ALG", default_value_t = Algorithm::Rs256)]
    algorithm: Algorithm,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args, output).await,
        Command::Show(args) => show(args, output).await,
        Command::Rotate(args) => signing_key::rotate(args, output).await,
        Command::Reseal(args) => signing_key::reseal(args, output).await,
        Command::Add(args) => add(args, output).await,
        Command::Replace(args) => replace(args, output).await,
        Command::Generate(args) => generate(args, output),
        Command::Remove(args) => remove(args, output).await,
    }
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let Some(client_id) = args.client_id else {
        return signing_key::list(&args.database, listing, output).await;
    };
    let keys = administer::read(&args.database, async |unit| {
        Ok(key::list(unit, &client_id, listing).await?)
    });
    let records: Vec<_> = keys.await?.iter().map(render::stored_key).collect();
    let columns = [
        ("KID", "kid"),
        ("ALG", "alg"),
        ("ACTIVE", "active"),
        ("CREATED", "created"),
        ("EXPIRES", "expires"),
    ];
    render::table(output, &records, &columns)
}

async fn show(args: ShowArgs, output: Output) -> anyhow::Result<()> {
    let ShowArgs { id, kid, database } = args;
    let Some(kid) = kid else {
        return signing_key::show(&database, &id, output).await;
    };
    let client_id = id.parse::<ClientId>()?;
    let keys = administer::read(&database, async |unit| {
        Ok(key::list(unit, &client_id, Listing::All).await?)
    });
    let keys = keys.await?;
    // The present set comes first, so the present key of this id is found before a former one.
    match keys.iter().find(|stored| stored.key.jwk.key_id() == kid) {
        Some(stored) => render::record(output, &render::stored_key(stored)),
        None => bail!("key {kid} of client {client_id} does not exist"),
    }
}

async fn add(args: AddArgs, output: Output) -> anyhow::Result<()> {
    let AddArgs {
        client_id,
        source,
        kid,
        algorithm,
        database,
    } = args;
    let new_key = source
        .generate
        .then(|| NewKey::generate(algorithm.unwrap_or(Algorithm::Rs256), kid.clone()))
        .transpose()?;
    let jwk: PublicJwk = match (&new_key, source) {
        (Some(new_key), _) => new_key.public()?,
        (
            None,
            SourceArgs {
                jwk: Some(path), ..
            },
        ) => key_files::read_jwk(&path, kid.as_deref())?,
        (
            None,
            SourceArgs {
                pem: Some(path), ..
            },
        ) => key_files::read_pem(&path, algorithm, kid.as_deref())?,
        (None, _) => bail!("give --jwk, --pem or --generate"),
    };
    let folder = database.data_dir();
    let added = jwk.key_id().to_owned();
    let saved = administer::write(&database, async |unit, now| {
        let set = key::add(unit, &client_id, jwk, Role::Operator, now).await?;
        // Before the commit: a key that is registered can be used.
        let written = new_key
            .map(|new_key| new_key.write(&folder, &client_id))
            .transpose()?;
        Ok((set, written))
    });
    let (set, written) = saved.await?;
    output.result(
        &json(&set),
        format!("key {added} of client {client_id} added"),
    )?;
    if let Some(path) = written {
        output.note(format!("its private key is in {}", path.display()));
    }
    Ok(())
}

async fn replace(args: ReplaceArgs, output: Output) -> anyhow::Result<()> {
    let ReplaceArgs {
        client_id,
        jwks,
        database,
    } = args;
    let jwks = key_files::read_jwks(&jwks)?;
    let set = administer::write(&database, async |unit, now| {
        Ok(key::replace(unit, &client_id, &jwks, Role::Operator, now).await?)
    });
    let set = set.await?;
    let text = format!("client {client_id} now has {} keys", set.keys().len());
    output.result(&json(&set), text)
}

async fn remove(args: OneArgs, output: Output) -> anyhow::Result<()> {
    let OneArgs {
        client_id,
        kid,
        database,
    } = args;
    let keys = administer::write(&database, async |unit, now| {
        client::find(unit, &client_id).await?;
        key::remove(unit, &client_id, &kid, Role::Operator, now).await?;
        Ok((unit.list_keys(&client_id, Listing::Active).await?, now))
    });
    let (left, now) = keys.await?;
    let left = || left.iter().map(|stored| &stored.key);
    let consequence = if left().next().is_none() {
        "; it was the last: the client can use its organization's certificate alone"
    } else if has_only_expired(left(), now) {
        "; all others have expired: the client gets no token until it has a new key"
    } else {
        ""
    };
    let keys: Vec<_> = left().map(ClientKey::to_json).collect();
    let text = format!("key {kid} of client {client_id} removed{consequence}");
    output.result(&serde_json::json!({ "keys": keys }), text)
}

fn json(set: &KeySet) -> Value {
    let keys: Vec<_> = set.keys().iter().map(ClientKey::to_json).collect();
    serde_json::json!({ "keys": keys })
}

fn generate(args: GenerateArgs, output: Output) -> anyhow::Result<()> {
    let key = NewKey::generate(args.algorithm, args.kid)?;
    let public = key.public_set()?.to_json();
    key.write_new(&args.out)?;
    output.note(format_args!("the private key is in {}", args.out.display()));
    output.result(&public, &public)
}
