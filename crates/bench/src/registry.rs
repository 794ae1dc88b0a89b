//! A registry of a given size, written straight to the server's database.

use std::path::Path;

use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::{Client, ClientId, KeySet};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{PrefixAssignment, Store, UnitOfWork};
use portvakt_core::scope::{Prefix, Scope, ScopeName};
use portvakt_core::{Clock, SystemClock, Timestamp};
use portvakt_jose::{Algorithm, JwkSet, RsaBits, SigningKey};
use portvakt_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// The scope that every client asks for.
pub(crate) const SCOPE: &str = "fjord:tidevann.read";
/// Key id of every client's key.
pub(crate) const KEY_ID: &str = "bench";

const PROVIDER: &str = "310420107";
/// Clients of one organization.
const CLIENTS_OF_ONE: usize = 10;
/// Clients written in one transaction.
const BATCH: usize = 5000;

/// A folder with a database, and the key that all of its clients share.
pub(crate) struct Registry {
    folder: TempDir,
    key: SigningKey,
    clients: usize,
}

impl Registry {
    /// Makes a registry with this many clients, each with the scope and a key.
    pub(crate) async fn make(clients: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
        let registry = Self {
            folder,
            key,
            clients,
        };
        let store = SqliteStore::open(registry.database()).await?;
        registry.fill(&store).await?;
        store.close().await;
        Ok(registry)
    }

    /// The server's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database in it.
    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("portvakt.db")
    }

    /// What every client signs with.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The `index`th client, counted around.
    pub(crate) fn client_id(&self, index: usize) -> String {
        client_id(index % self.clients)
    }

    async fn fill(&self, store: &SqliteStore) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let mut unit = store.begin().await?;
        save_scope(unit.as_mut(), now).await?;
        unit.commit().await?;
        let keys = JwkSet::new(vec![self.key.public_jwk(KEY_ID)])?;
        for first in (0..self.clients).step_by(BATCH) {
            let mut unit = store.begin().await?;
            for index in first..self.clients.min(first + BATCH) {
                save_client(unit.as_mut(), index, &keys, now).await?;
            }
            unit.commit().await?;
        }
        Ok(())
    }
}

fn client_id(index: usize) -> String {
    format!("bench-{index:08}")
}

fn consumer(index: usize) -> anyhow::Result<OrgNumber> {
    let number = 800_000_000 + index / CLIENTS_OF_ONE;
    Ok(OrgNumber::parse(&number.to_string())?)
}

async fn save_scope(unit: &mut dyn UnitOfWork, now: Timestamp) -> anyhow::Result<()> {
    let owner = OrgNumber::parse(PROVIDER)?;
    let organization = Organization {
        orgno: owner,
        name: "Fjordetaten".to_owned(),
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_organization(&organization).await?;
    let prefix = PrefixAssignment {
        prefix: Prefix::parse("fjord")?,
        owner_orgno: owner,
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_prefix(&prefix).await?;
    let scope = Scope::new(ScopeName::parse(SCOPE)?, owner, "Tidevannsdata", now);
    unit.save_scope(&scope).await?;
    Ok(())
}

async fn save_client(
    unit: &mut dyn UnitOfWork,
    index: usize,
    keys: &JwkSet,
    now: Timestamp,
) -> anyhow::Result<()> {
    let orgno = consumer(index)?;
    let scope = ScopeName::parse(SCOPE)?;
    if index.is_multiple_of(CLIENTS_OF_ONE) {
        let access = Access {
            scope: scope.clone(),
            state: AccessState::Approved,
            consumer_orgno: orgno,
            created: now,
            last_updated: now,
        };
        unit.save_access(&access).await?;
    }
    let id = ClientId::parse(&client_id(index))?;
    let client = Client::machine(id.clone(), "Bench", orgno, vec![scope], now);
    unit.save_client(&client).await?;
    let keys = KeySet::from_jwks(keys, &client, now)?;
    unit.replace_keys(&id, Some(&keys), now).await?;
    Ok(())
}
