//! `portvakt key` without a client: the server's own signing keys.

use std::sync::Arc;

use anyhow::{Context, bail};
use portvakt_core::ports::{Listing, Store, UnitOfWork};
use portvakt_core::signing::life::{Compromised, LifePolicy, Order, outlook};
use portvakt_core::signing::{KeySource, SealedKeys, SigningKeyRecord, SigningKeyState};
use portvakt_core::{Clock, SystemClock, Timestamp};
use portvakt_jose::Algorithm;
use serde_json::{Value, json};

use super::{administer, render};
use crate::config::Faults;
use crate::database::{DatabaseArgs, OpenStore, Registry};
use crate::output::Output;
use crate::signing::{
    KeeperParts, KeySourceArgs, SecretLocation, SigningKeyKeeper, SigningSurface,
    reseal_pairwise_key, sealed,
};

/// When, and how thoroughly.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateArgs {
    /// Whose keys
    #[arg(long, value_enum, default_value = "maskinporten")]
    surface: SigningSurface,
    /// Do not wait until every verifier can know the next key
    #[arg(long)]
    now: bool,
    /// The active key is in the wrong hands: publish it no longer, and destroy it
    #[arg(long, conflicts_with = "now")]
    emergency: bool,
    /// With --emergency: the next and the retired keys are, too
    #[arg(long, requires = "emergency")]
    every_key: bool,
    /// What new keys sign with; by default what the configuration says, or else what the active key does
    #[arg(long, value_name = "ALG")]
    algorithm: Option<Algorithm>,
    #[command(flatten)]
    source: KeySourceArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// From which key-encryption key to which.
#[derive(Debug, clap::Args)]
pub(crate) struct ResealArgs {
    /// The key that they are under now; none if they are stored as they are
    #[arg(long, value_name = "FILE|env:NAME")]
    from: Option<SecretLocation>,
    /// The key that they shall be under
    #[arg(long, value_name = "FILE|env:NAME")]
    to: SecretLocation,
    #[command(flatten)]
    database: DatabaseArgs,
}

impl RotateArgs {
    fn order(&self) -> Order {
        match (self.emergency, self.every_key, self.now) {
            (true, true, _) => Order::Emergency(Compromised::Every),
            (true, false, _) => Order::Emergency(Compromised::Active),
            (false, _, true) => Order::RotateNow,
            (false, _, false) => Order::Rotate,
        }
    }
}

/// Rotates, and prints the keys as they are then.
pub(super) async fn rotate(args: RotateArgs, output: Output) -> anyhow::Result<()> {
    let registry = args.database.registry()?;
    let source = registry.key_source(&args.source)?;
    let configured = configured(&registry, args.surface)?;
    let store = registry.open().await?;
    let rotated = rotate_in(store.shared(), source, configured, &args).await;
    store.close().await;
    let records = rotated?;
    if args.now || args.emergency {
        output.note(
            "verifiers that keep an older key document may refuse new tokens until they read it again",
        );
    }
    print(&records, Listing::Active, output)
}

async fn rotate_in(
    store: Arc<dyn Store>,
    source: Arc<dyn KeySource>,
    configured: Configured,
    args: &RotateArgs,
) -> anyhow::Result<Vec<SigningKeyRecord>> {
    let surface = args.surface.name();
    let records = store.read().await?.list_signing_keys(surface).await?;
    let Configured {
        policy: configured,
        host,
    } = configured;
    let policy = match (configured, args.algorithm) {
        (Some(configured), Some(algorithm)) => configured.with_algorithm(algorithm),
        (Some(configured), None) => configured,
        (None, algorithm) => policy(algorithm.or_else(|| active_algorithm(&records))),
    };
    let keeper = SigningKeyKeeper::open(KeeperParts {
        surface,
        policy,
        host,
        store,
        source,
        clock: Arc::new(SystemClock),
    })
    .await?;
    keeper.order(args.order(), administer::operator()).await
}

/// What the running servers do, as far as a configuration says so.
#[derive(Default)]
struct Configured {
    /// How long keys live, and what new ones sign with.
    policy: Option<LifePolicy>,
    /// Whom certificates of new keys name. Without it the next server that looks makes them.
    host: Option<String>,
}

fn configured(registry: &Registry, surface: SigningSurface) -> anyhow::Result<Configured> {
    let Some(config) = registry.config() else {
        return Ok(Configured::default());
    };
    let policy = Faults::settle(|faults| config.keys.policy(surface, config, faults))?;
    Ok(Configured {
        policy: Some(policy),
        host: config.issuer_host(surface),
    })
}

fn active_algorithm(records: &[SigningKeyRecord]) -> Option<Algorithm> {
    let mut active = records
        .iter()
        .filter(|record| record.state == SigningKeyState::Active);
    active.next().map(|record| record.algorithm)
}

fn policy(algorithm: Option<Algorithm>) -> LifePolicy {
    let policy = LifePolicy::default();
    match algorithm {
        Some(algorithm) => policy.with_algorithm(algorithm),
        None => policy,
    }
}

/// Lists the keys of every surface with their states, ages and next dates.
pub(super) async fn list(
    database: &DatabaseArgs,
    listing: Listing,
    output: Output,
) -> anyhow::Result<()> {
    let records = administer::read(database, async |unit| every(unit).await).await?;
    print(&records, listing, output)
}

/// Shows one key.
pub(super) async fn show(database: &DatabaseArgs, kid: &str, output: Output) -> anyhow::Result<()> {
    let records = administer::read(database, async |unit| every(unit).await).await?;
    match records.iter().find(|record| record.kid == kid) {
        Some(record) => render::record(output, &describe(record, &records, SystemClock.now())),
        None => {
            bail!("the server has no signing key {kid}; for a client's key, name the client too")
        }
    }
}

async fn every(unit: &mut dyn UnitOfWork) -> anyhow::Result<Vec<SigningKeyRecord>> {
    let mut records = Vec::new();
    for surface in SigningSurface::ALL {
        records.extend(unit.list_signing_keys(surface.name()).await?);
    }
    Ok(records)
}

fn print(records: &[SigningKeyRecord], listing: Listing, output: Output) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let shown: Vec<_> = records
        .iter()
        .filter(|record| listing == Listing::All || record.state != SigningKeyState::Gone)
        .map(|record| describe(record, records, now))
        .collect();
    let columns = [
        ("KID", "kid"),
        ("SURFACE", "surface"),
        ("ALG", "alg"),
        ("STATE", "state"),
        ("SINCE", "since"),
        ("DAYS", "days_in_state"),
        ("BECOMES", "becomes"),
        ("AT", "changes_at"),
        ("KEPT", "kept"),
    ];
    render::table(output, &shown, &columns)
}

fn describe(record: &SigningKeyRecord, records: &[SigningKeyRecord], now: Timestamp) -> Value {
    let same_surface: Vec<_> = records
        .iter()
        .filter(|other| other.surface == record.surface)
        .cloned()
        .collect();
    let policy = policy(active_algorithm(&same_surface));
    let outlook = outlook(record, &same_surface, &policy);
    let seconds = now.seconds() - record.last_updated.seconds();
    json!({
        "kid": record.kid,
        "surface": record.surface,
        "alg": record.algorithm.as_str(),
        "state": record.state,
        "created": record.created.to_string(),
        "since": record.last_updated.to_string(),
        "days_in_state": seconds / (24 * 60 * 60),
        "becomes": outlook.map(|outlook| outlook.becomes),
        "changes_at": outlook.map(|outlook| outlook.changes_at.to_string()),
        "kept": record.kept().to_string(),
    })
}

/// Seals every key that is not under the new key-encryption key yet, in one unit of work, and then the
/// key of pairwise subjects.
pub(super) async fn reseal(args: ResealArgs, output: Output) -> anyhow::Result<()> {
    let source = sealed(&args.to, args.from.as_slice())?;
    let store = args.database.open().await?;
    let resealed = reseal_in(&store, &source).await;
    store.close().await;
    let (resealed, subjects) = resealed?;
    let also = if subjects {
        ", and so is the key of pairwise subjects"
    } else {
        ""
    };
    let text = format!("{} keys are now under {}{also}", resealed.len(), args.to);
    let report = json!({ "resealed": resealed, "pairwise_key_resealed": subjects });
    output.result(&report, text)
}

async fn reseal_in(store: &OpenStore, source: &SealedKeys) -> anyhow::Result<(Vec<String>, bool)> {
    let resealed = administer::write_to(store, async |unit, _| {
        let mut resealed = Vec::new();
        for mut record in every(unit).await? {
            if record.state == SigningKeyState::Gone || source.is_current(&record)? {
                continue;
            }
            let sealed = source.reseal(&record);
            let failed = || format!("seal the signing key {}", record.kid);
            record.private_key = sealed.with_context(failed)?;
            unit.save_signing_key(&record).await?;
            resealed.push(record.kid);
        }
        Ok(resealed)
    });
    let resealed = resealed.await?;
    let subjects = reseal_pairwise_key(store.logins().as_ref(), source).await?;
    Ok((resealed, subjects))
}
