//! What is registered before the first request: declared files, or else the sample registry with
//! keys for its clients.

use std::path::{Path, PathBuf};

use anyhow::Context;
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::ports::{Listing, Store, UnitOfWork};
use portvakt_core::registry_file::{
    Applied, ApplyContext, ApplyError, KeysEntry, RegistryFile, apply,
};
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_jose::{Algorithm, JwkSet, PublicJwk, RsaBits, SigningKey};

use super::relying_party;
use crate::data_dir::{DataDir, write_private};
use crate::recorded::begin_as_server;
use crate::registry_files;

/// The sample registry.
const SAMPLE: &str = include_str!("registry.yaml");

/// Where the first records come from.
#[derive(Clone, Debug)]
pub(crate) enum InitialRegistry {
    /// Nowhere: there is only what always exists.
    Nothing,
    /// The sample registry, unless the store holds one already.
    SampleIfEmpty,
    /// These files, applied together at every start.
    Files(Vec<PathBuf>),
}

/// Makes what always exists and applies the rest, in one transaction.
pub(super) async fn prepare(
    store: &dyn Store,
    data_dir: &DataDir,
    initial: &InitialRegistry,
    now: Timestamp,
) -> anyhow::Result<()> {
    // Keys are made and files are read before the transaction begins, which should be short.
    let file = match initial {
        InitialRegistry::SampleIfEmpty if is_empty(store).await? => {
            with_keys("the sample registry", SAMPLE, data_dir).await?
        }
        InitialRegistry::SampleIfEmpty | InitialRegistry::Nothing => RegistryFile::default(),
        InitialRegistry::Files(paths) => registry_files::read(paths)?,
    };
    let mut unit = begin_as_server(store, now).await?;
    bootstrap(unit.as_mut(), &OperatorOrganization::default(), now).await?;
    let applied = apply_to(&file, unit.as_mut(), now).await;
    let applied = applied.map_err(refused)?;
    for warning in applied.warnings {
        tracing::debug!("{warning}");
    }
    unit.commit().await?;
    Ok(())
}

/// Registers the clients of the demonstration page beside the sample registry, at every start: the page's
/// port may be another than last time. Where the sample registry is not, or not any more, there are none.
pub(super) async fn prepare_demonstration(
    store: &dyn Store,
    data_dir: &DataDir,
    port: u16,
    now: Timestamp,
) -> anyhow::Result<()> {
    let text = relying_party::registry(port);
    let file = with_keys("the demonstration's registry", &text, data_dir).await?;
    let mut unit = begin_as_server(store, now).await?;
    match apply_to(&file, unit.as_mut(), now).await {
        Ok(_) => {
            unit.commit().await?;
        }
        Err(ApplyError::Refused(faults)) => {
            let why = faults.first().map(ToString::to_string).unwrap_or_default();
            tracing::info!(why, "the demonstration has no clients here");
        }
        Err(error) => return Err(refused(error)),
    }
    Ok(())
}

async fn apply_to(
    file: &RegistryFile,
    unit: &mut dyn UnitOfWork,
    now: Timestamp,
) -> Result<Applied, ApplyError> {
    let context = ApplyContext {
        now,
        entropy: &SystemEntropy,
        progress: &mut |_| (),
    };
    apply(file, unit, context).await
}

async fn is_empty(store: &dyn Store) -> anyhow::Result<bool> {
    let mut unit = store.read().await?;
    Ok(unit.list_organizations(Listing::All).await?.is_empty())
}

/// A registry file with the public halves of keys that are made here, once.
async fn with_keys(name: &str, text: &str, data_dir: &DataDir) -> anyhow::Result<RegistryFile> {
    let mut file =
        RegistryFile::parse_named(name, text).map_err(|faults| registry_files::refused(&faults))?;
    let mut making = Vec::new();
    for (position, client) in file.clients.iter().enumerate() {
        let (KeysEntry::File(path), Some(client_id)) =
            (&client.entry.jwks, &client.entry.client_id)
        else {
            continue;
        };
        let path = data_dir.path().join(path);
        let kid = format!("{client_id}-1");
        let algorithm = client.entry.token_endpoint_auth_signing_alg;
        let algorithm = algorithm.unwrap_or(Algorithm::Rs256);
        let key = tokio::task::spawn_blocking(move || find_or_make_key(&path, algorithm, &kid));
        making.push((position, key));
    }
    for (position, key) in making {
        let set = JwkSet::new(vec![key.await??]).context("register a sample key")?;
        file.clients[position].entry.jwks = KeysEntry::Set(set);
    }
    Ok(file)
}

/// The public half of the private JWK in the file, which is made when there is none: a first start
/// that was cut off may have left it.
fn find_or_make_key(path: &Path, algorithm: Algorithm, kid: &str) -> anyhow::Result<PublicJwk> {
    if path.exists() {
        let text = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let value =
            serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
        let (key, found) = SigningKey::from_private_jwk(&value)
            .with_context(|| format!("read {}", path.display()))?;
        return Ok(key.public_jwk(found.as_deref().unwrap_or(kid)));
    }
    let key = SigningKey::generate(algorithm, RsaBits::B2048)
        .context("make a key for a sample client")?;
    write_private(path, key.to_private_jwk(kid)?.as_bytes())?;
    Ok(key.public_jwk(kid))
}

fn refused(error: ApplyError) -> anyhow::Error {
    match error {
        ApplyError::Refused(faults) => registry_files::refused(&faults),
        other => anyhow::Error::new(other).context("apply the registry"),
    }
}

#[cfg(test)]
mod tests {
    use portvakt_core::client::ClientId;
    use portvakt_store_sqlite::SqliteStore;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_772_442_900)
    }

    #[tokio::test]
    async fn the_sample_registry_is_applied_once_and_its_keys_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        data_dir.create().unwrap();
        let store = SqliteStore::open(data_dir.database()).await.unwrap();
        let sample = InitialRegistry::SampleIfEmpty;
        prepare(&store, &data_dir, &sample, now()).await.unwrap();
        let revision = store.revision().await.unwrap();

        let key = data_dir.keys().join("eksempel-klient.jwk.json");
        let text = std::fs::read_to_string(&key).unwrap();
        let (private, kid) =
            SigningKey::from_private_jwk(&serde_json::from_str(&text).unwrap()).unwrap();
        let mut unit = store.read().await.unwrap();
        let client_id = ClientId::parse("eksempel-klient").unwrap();
        let registered = unit.list_keys(&client_id, Listing::Active).await.unwrap();
        assert_eq!(registered.len(), 1);
        assert_eq!(Some(registered[0].key.jwk.key_id()), kid.as_deref());
        assert_eq!(registered[0].key.jwk.thumbprint(), private.thumbprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }

        prepare(&store, &data_dir, &sample, now()).await.unwrap();
        assert_eq!(store.revision().await.unwrap(), revision);
    }

    #[tokio::test]
    async fn a_refused_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        data_dir.create().unwrap();
        let store = SqliteStore::open(data_dir.database()).await.unwrap();
        let path = folder.path().join("registry.yaml");
        let text = "organizations:\n  - {orgno: '312773023', name: A}\n\
                    scopes:\n  - {name: 'nobody:a.read', description: Nobody has the prefix}\n";
        std::fs::write(&path, text).unwrap();
        let files = InitialRegistry::Files(vec![path]);
        // The organization is written before the scope turns out to be wrong.
        let refused = prepare(&store, &data_dir, &files, now()).await;
        assert!(refused.is_err());
        assert!(is_empty(&store).await.unwrap());
    }
}
