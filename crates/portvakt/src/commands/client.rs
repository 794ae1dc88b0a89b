//! `portvakt client`.

use std::path::PathBuf;

use portvakt_core::administration::{Role, client, key, secret};
use portvakt_core::client::{ApplicationType, Client, ClientId, IntegrationType};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Listing, UnitOfWork};
use portvakt_core::scope::ScopeName;
use portvakt_core::{Clock, SystemClock, SystemEntropy, Timestamp};
use portvakt_jose::{Algorithm, JwkSet};

use super::client_secret::{self, making};
use super::key_files::{self, NewKey};
use super::render::InactiveArgs;
use super::{administer, render, usage};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register a client
    Add(Box<AddArgs>),
    /// List clients
    List(ListArgs),
    /// Show one client
    Show(OneArgs),
    /// Let a client ask for more scopes
    AddScope(ScopesArgs),
    /// Take scopes from a client
    RemoveScope(ScopesArgs),
    /// Make a new secret for a client and print it, this once
    Secret(client_secret::Args),
    /// Refuse a client, at once
    Deactivate(OneArgs),
    /// Undo a deactivation
    Reactivate(OneArgs),
    /// Show which scopes a client used, by day
    Usage(usage::ClientArgs),
}

/// A new client.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The organization that it acts for
    #[arg(long, value_name = "ORGNO")]
    org: OrgNumber,
    /// Shown to people
    #[arg(long)]
    name: String,
    /// A scope that it may ask for; repeat for several
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<ScopeName>,
    /// Its id; a random one by default
    #[arg(long, value_name = "CLIENT_ID")]
    id: Option<ClientId>,
    /// Text for people
    #[arg(long, default_value_t)]
    description: String,
    /// What it is for
    #[arg(
        long = "integration-type",
        value_name = "TYPE",
        default_value = "maskinporten"
    )]
    integration_type: IntegrationType,
    /// Where a login may return to; repeat for several
    #[arg(long = "redirect-uri", value_name = "URL")]
    redirect_uris: Vec<String>,
    /// The supplier that manages it
    #[arg(long, value_name = "ORGNO")]
    supplier: Option<OrgNumber>,
    /// Life of its access tokens
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<u32>,
    /// The one algorithm of its grants and keys, if not RS256, RS384 or RS512
    #[arg(long, value_name = "ALG")]
    signing_alg: Option<Algorithm>,
    /// Let its organization change it although it has an operator-only scope
    #[arg(long)]
    self_managed: bool,
    /// Make a key: the private one goes to keys/ID.jwk.json in the data folder
    #[arg(long, conflicts_with = "jwks")]
    generate_key: bool,
    /// Public keys, a JWK Set
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// All clients.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Of this organization only, as client or supplier
    #[arg(long, value_name = "ORGNO")]
    org: Option<OrgNumber>,
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One client.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// Its id
    client_id: ClientId,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A client and scopes.
#[derive(Debug, clap::Args)]
pub(crate) struct ScopesArgs {
    /// Its id
    client_id: ClientId,
    /// Full names, prefix:subscope
    #[arg(required = true, value_name = "SCOPE")]
    scopes: Vec<ScopeName>,
    #[command(flatten)]
    database: DatabaseArgs,
}

const OPERATOR: Role = Role::Operator;

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Add(args) => add(*args, output).await,
        Command::List(args) => list(args, output).await,
        Command::Show(args) => show(args, output).await,
        Command::Secret(args) => client_secret::run(args, output).await,
        Command::Usage(args) => usage::of_client(args, output).await,
        Command::AddScope(ScopesArgs {
            client_id,
            scopes,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(client::add_scopes(unit, &client_id, &scopes, OPERATOR, now).await?)
            });
            render::saved(output, &title(&client_id), &saved.await?, render::client)
        }
        Command::RemoveScope(ScopesArgs {
            client_id,
            scopes,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(client::remove_scopes(unit, &client_id, &scopes, OPERATOR, now).await?)
            });
            render::saved(output, &title(&client_id), &saved.await?, render::client)
        }
        Command::Deactivate(OneArgs {
            client_id,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(client::deactivate(unit, &client_id, OPERATOR, now).await?)
            });
            render::saved(output, &title(&client_id), &saved.await?, render::client)
        }
        Command::Reactivate(OneArgs {
            client_id,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(client::reactivate(unit, &client_id, now).await?)
            });
            render::saved(output, &title(&client_id), &saved.await?, render::client)
        }
    }
}

fn title(client_id: &ClientId) -> String {
    format!("client {client_id}")
}

async fn add(args: AddArgs, output: Output) -> anyhow::Result<()> {
    let id = match &args.id {
        Some(id) => id.clone(),
        None => client::generate_id(&SystemEntropy)?,
    };
    let jwks = args.jwks.as_deref().map(key_files::read_jwks).transpose()?;
    let new_key = args
        .generate_key
        .then(|| NewKey::generate(args.algorithm(), None))
        .transpose()?;
    let folder = args.database.data_dir();
    let database = args.database.clone();
    let made = administer::write(&database, async |unit, now| {
        let wanted = args.to_client(id.clone(), now);
        let made = secret::register(unit, wanted, OPERATOR, making(now)).await?;
        let generated = new_key.as_ref().map(NewKey::public_set).transpose()?;
        if let Some(jwks) = jwks.or(generated) {
            register_keys(unit, &id, &jwks, now).await?;
        }
        // Before the commit: a key that is registered can be used.
        let written = new_key
            .map(|new_key| new_key.write(&folder, &id))
            .transpose()?;
        Ok((made, written))
    });
    let (made, written) = made.await?;
    client_secret::registered(output, &made)?;
    if let Some(path) = written {
        output.note(format!("its private key is in {}", path.display()));
    }
    Ok(())
}

async fn register_keys(
    unit: &mut dyn UnitOfWork,
    id: &ClientId,
    jwks: &JwkSet,
    now: Timestamp,
) -> anyhow::Result<()> {
    key::replace(unit, id, jwks, OPERATOR, now).await?;
    Ok(())
}

impl AddArgs {
    fn algorithm(&self) -> Algorithm {
        self.signing_alg.unwrap_or(Algorithm::Rs256)
    }

    fn to_client(&self, id: ClientId, now: Timestamp) -> Client {
        let kind = self.integration_type;
        let mut wanted = Client::machine(id, &self.name, self.org, self.scopes.clone(), now);
        wanted.description.clone_from(&self.description);
        wanted.supplier_orgno = self.supplier;
        wanted.integration_type = kind;
        wanted.token_endpoint_auth_method = if kind.is_machine() || self.has_keys() {
            portvakt_core::client::AuthenticationMethod::PrivateKeyJwt
        } else {
            client::default_authentication(kind, ApplicationType::Web)
        };
        wanted.grant_types = client::default_grants(kind);
        wanted.access_token_lifetime = self.access_token_lifetime;
        wanted.token_endpoint_auth_signing_alg = self.signing_alg;
        wanted.self_managed = self.self_managed;
        wanted.login.redirect_uris.clone_from(&self.redirect_uris);
        wanted
    }

    fn has_keys(&self) -> bool {
        self.generate_key || self.jwks.is_some()
    }
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let now = SystemClock.now();
    let records = administer::read(&args.database, async |unit| {
        let mut records = Vec::new();
        for client in unit.list_clients(args.org, listing).await? {
            let keys = unit.list_keys(&client.client_id, Listing::Active).await?;
            records.push(render::client_with_keys(&client, &keys, now));
        }
        Ok(records)
    });
    let columns = [
        ("CLIENT ID", "client_id"),
        ("NAME", "client_name"),
        ("ORGNO", "client_orgno"),
        ("TYPE", "integration_type"),
        ("ACTIVE", "active"),
        ("KEYS", "keys_expire"),
        ("SCOPES", "scopes"),
    ];
    render::table(output, &records.await?, &columns)
}

async fn show(args: OneArgs, output: Output) -> anyhow::Result<()> {
    let found = administer::read(&args.database, async |unit| {
        let client = client::find(unit, &args.client_id).await?;
        let mut shown = render::client(&client);
        if client.token_endpoint_auth_method.uses_secret() {
            let secrets = unit.find_secrets(&args.client_id).await?;
            shown["client_secrets"] = client_secret::times(&secrets);
        }
        Ok(shown)
    });
    render::record(output, &found.await?)
}
