//! A registry of a given size, written straight to the server's database.

use std::path::{Path, PathBuf};

use portvakt_core::access::{Access, AccessState};
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::client::{Client, ClientId, KeySet};
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{PrefixAssignment, Store, UnitOfWork};
use portvakt_core::scope::{Prefix, Scope, ScopeName};
use portvakt_core::{Clock, SystemClock, Timestamp};
use portvakt_jose::{Algorithm, JwkSet, RsaBits, SigningKey};
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::database::Database;
use crate::setup::{GrantKind, Setup};

/// The scope that every client asks for.
pub(crate) const SCOPE: &str = "fjord:tidevann.read";
/// Key id of every client's key.
pub(crate) const KEY_ID: &str = "bench";

/// The client that administers the provider's scopes and clients.
pub(crate) const ADMINISTRATOR: &str = "bench-administrator";
/// What it asks for.
pub(crate) const ADMINISTRATION: [&str; 2] = ["idporten:dcr.write", "idporten:scopes.write"];

const PROVIDER: &str = "310420107";
/// Whoever acts for others when grants are delegated.
const SUPPLIER: &str = "313994031";
const SOURCE: &str = "https://delegations.example.no/";
/// Clients of one organization.
const CLIENTS_OF_ONE: usize = 10;
/// Clients written in one transaction.
const BATCH: usize = 5000;

/// A database, what its clients sign with, and a folder for both.
pub(crate) struct Registry {
    folder: TempDir,
    database: Database,
    key: SigningKey,
    certificates: Certificates,
    setup: Setup,
}

impl Registry {
    /// Makes what a setup needs.
    pub(crate) async fn make(setup: Setup) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
        let certificates = match setup.grant {
            GrantKind::Certificate => Certificates::issue(&key, setup.clients, consumer)?,
            GrantKind::Key | GrantKind::Delegation => Certificates::default(),
        };
        let registry = Self {
            database: Database::make(setup.store, folder.path()),
            folder,
            key,
            certificates,
            setup,
        };
        let database = registry.database.open().await?;
        registry.fill(database.store()).await?;
        database.close().await;
        Ok(registry)
    }

    /// The servers' folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How a configuration names the database.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// Writes the roots that the servers must trust; none without certificates.
    pub(crate) fn anchor_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let Some(root) = self.certificates.root_pem() else {
            return Ok(Vec::new());
        };
        let file = self.folder().join("root.pem");
        std::fs::write(&file, root)?;
        Ok(vec![file])
    }

    /// What was asked for.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What every client signs with.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificates, if clients have some.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    async fn fill(&self, store: &dyn Store) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let mut unit = store.begin().await?;
        bootstrap(unit.as_mut(), &OperatorOrganization::default(), now).await?;
        save_provider(unit.as_mut(), self.setup.grant, now).await?;
        let keys = JwkSet::new(vec![self.key.public_jwk(KEY_ID)])?;
        save_administrator(unit.as_mut(), &keys, now).await?;
        unit.commit().await?;
        for first in (0..self.setup.clients).step_by(BATCH) {
            let mut unit = store.begin().await?;
            for index in first..self.setup.clients.min(first + BATCH) {
                if index.is_multiple_of(CLIENTS_OF_ONE) {
                    save_consumer(unit.as_mut(), consumer(index), self.setup.grant, now).await?;
                }
                save_client(unit.as_mut(), index, self.setup.grant, &keys, now).await?;
            }
            unit.commit().await?;
        }
        Ok(())
    }
}

/// The id of the `index`th client.
pub(crate) fn client_id(index: usize) -> String {
    format!("bench-{index:08}")
}

/// The organization whose client that is, or for which it acts.
pub(crate) fn consumer(index: usize) -> String {
    (800_000_000 + index / CLIENTS_OF_ONE).to_string()
}

async fn save_organization(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    now: Timestamp,
) -> anyhow::Result<()> {
    let organization = Organization {
        orgno,
        name: "Bench".to_owned(),
        active: true,
        created: now,
        last_updated: now,
    };
    Ok(unit.save_organization(&organization).await?)
}

async fn save_provider(
    unit: &mut dyn UnitOfWork,
    grant: GrantKind,
    now: Timestamp,
) -> anyhow::Result<()> {
    let owner = OrgNumber::parse(PROVIDER)?;
    save_organization(unit, owner, now).await?;
    save_organization(unit, OrgNumber::parse(SUPPLIER)?, now).await?;
    let prefix = PrefixAssignment {
        prefix: Prefix::parse("fjord")?,
        owner_orgno: owner,
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_prefix(&prefix).await?;
    let mut scope = Scope::new(ScopeName::parse(SCOPE)?, owner, "Tidevannsdata", now);
    if grant == GrantKind::Delegation {
        let source = DelegationSource {
            name: "bench".to_owned(),
            issuer: SOURCE.to_owned(),
            active: true,
            created: now,
            last_updated: now,
        };
        unit.save_delegation_source(&source).await?;
        scope.delegation_source = Some(SOURCE.to_owned());
    }
    unit.save_scope(&scope).await?;
    Ok(())
}

async fn save_administrator(
    unit: &mut dyn UnitOfWork,
    keys: &JwkSet,
    now: Timestamp,
) -> anyhow::Result<()> {
    let owner = OrgNumber::parse(PROVIDER)?;
    let mut scopes = Vec::new();
    // Its clients shall have the provider's own scope.
    for name in [SCOPE].into_iter().chain(ADMINISTRATION) {
        let scope = ScopeName::parse(name)?;
        let access = Access {
            scope: scope.clone(),
            state: AccessState::Approved,
            consumer_orgno: owner,
            created: now,
            last_updated: now,
        };
        unit.save_access(&access).await?;
        scopes.push(scope);
    }
    let id = ClientId::parse(ADMINISTRATOR)?;
    let client = Client::machine(id.clone(), "Bench", owner, scopes, now);
    unit.save_client(&client).await?;
    let keys = KeySet::from_jwks(keys, &client, now)?;
    unit.replace_keys(&id, Some(&keys), now).await?;
    Ok(())
}

/// An organization with access to the scope, which it may have delegated.
async fn save_consumer(
    unit: &mut dyn UnitOfWork,
    orgno: String,
    grant: GrantKind,
    now: Timestamp,
) -> anyhow::Result<()> {
    let orgno = OrgNumber::parse(&orgno)?;
    let scope = ScopeName::parse(SCOPE)?;
    save_organization(unit, orgno, now).await?;
    let access = Access {
        scope: scope.clone(),
        state: AccessState::Approved,
        consumer_orgno: orgno,
        created: now,
        last_updated: now,
    };
    unit.save_access(&access).await?;
    if grant == GrantKind::Delegation {
        let delegation = Delegation {
            delegation_source: SOURCE.to_owned(),
            scope,
            consumer_orgno: orgno,
            supplier_orgno: OrgNumber::parse(SUPPLIER)?,
            valid_from: None,
            valid_to: None,
            active: true,
            created: now,
            last_updated: now,
        };
        unit.save_delegation(&delegation).await?;
    }
    Ok(())
}

async fn save_client(
    unit: &mut dyn UnitOfWork,
    index: usize,
    grant: GrantKind,
    keys: &JwkSet,
    now: Timestamp,
) -> anyhow::Result<()> {
    let owner = match grant {
        GrantKind::Delegation => OrgNumber::parse(SUPPLIER)?,
        GrantKind::Key | GrantKind::Certificate => OrgNumber::parse(&consumer(index))?,
    };
    let id = ClientId::parse(&client_id(index))?;
    let scopes = vec![ScopeName::parse(SCOPE)?];
    let client = Client::machine(id.clone(), "Bench", owner, scopes, now);
    unit.save_client(&client).await?;
    if grant != GrantKind::Certificate {
        let keys = KeySet::from_jwks(keys, &client, now)?;
        unit.replace_keys(&id, Some(&keys), now).await?;
    }
    Ok(())
}
