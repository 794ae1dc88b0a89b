//! A store in a folder of its own, with what every registry has.

use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::administration::{Role, organization, prefix, scope};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::registry_file::{
    Applied, ApplyContext, ApplyError, RegistryFile, apply, export,
};
use portvakt_core::scope::{Prefix, Scope, ScopeName};
use portvakt_core::{SeededEntropy, Timestamp};
use portvakt_store_sqlite::SqliteStore;

pub(crate) const OWNER: &str = "310420107";
pub(crate) const CONSUMER: &str = "312773023";
pub(crate) const SUPPLIER: &str = "313994031";

pub(crate) fn orgno(text: &str) -> OrgNumber {
    text.parse().unwrap()
}

pub(crate) fn scope(text: &str) -> ScopeName {
    text.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_442_900 + seconds)
}

pub(crate) struct Registry {
    pub(crate) store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Registry {
    pub(crate) async fn bootstrapped() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let registry = Self {
            store,
            _folder: folder,
        };
        let mut unit = registry.begin().await;
        bootstrap(unit.as_mut(), &OperatorOrganization::default(), at(0))
            .await
            .unwrap();
        unit.commit().await.unwrap();
        registry
    }

    pub(crate) async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.unwrap()
    }

    pub(crate) async fn apply(&self, text: &str, now: Timestamp) -> Result<Applied, ApplyError> {
        let file = RegistryFile::parse(text).unwrap_or_else(|faults| panic!("{faults:?}"));
        self.apply_file(&file, now).await
    }

    pub(crate) async fn apply_file(
        &self,
        file: &RegistryFile,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let entropy = SeededEntropy::new(now.seconds().unsigned_abs());
        let mut unit = self.begin().await;
        let context = ApplyContext {
            now,
            entropy: &entropy,
            progress: &mut |_| {},
        };
        let applied = apply(file, unit.as_mut(), context).await?;
        unit.commit().await.unwrap();
        Ok(applied)
    }

    /// The faults that applying finds.
    pub(crate) async fn faults(&self, text: &str) -> Vec<String> {
        match self.apply(text, at(1)).await {
            Err(ApplyError::Refused(faults)) => faults.iter().map(ToString::to_string).collect(),
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) async fn export(&self) -> String {
        let mut unit = self.store.read().await.unwrap();
        export(unit.as_mut()).await.unwrap().to_yaml().unwrap()
    }
}

pub(crate) fn fjord() -> Prefix {
    "fjord".parse().unwrap()
}

/// An owner with the prefix `fjord`, and the scope `fjord:a`.
pub(crate) async fn with_scope(registry: &Registry) -> Box<dyn UnitOfWork> {
    let mut unit = registry.begin().await;
    organization::add(unit.as_mut(), orgno(OWNER), "Fjordetaten", at(1))
        .await
        .unwrap();
    prefix::assign(unit.as_mut(), &fjord(), orgno(OWNER), at(1))
        .await
        .unwrap();
    scope::create(unit.as_mut(), fjord_scope("fjord:a"), Role::Operator, at(1))
        .await
        .unwrap();
    unit
}

pub(crate) fn fjord_scope(text: &str) -> Scope {
    Scope::new(scope(text), orgno(OWNER), "A", at(0))
}

pub(crate) fn consumers_client(id: &str, scopes: &[&str]) -> Client {
    let scopes = scopes.iter().map(|text| scope(text)).collect();
    Client::machine(
        id.parse().unwrap(),
        "Havbris",
        orgno(CONSUMER),
        scopes,
        at(0),
    )
}

pub(crate) fn id(text: &str) -> ClientId {
    text.parse().unwrap()
}
