//! A store in a folder of its own, with what every registry has.

use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::registry_file::{
    Applied, ApplyContext, ApplyError, RegistryFile, apply, export,
};
use portvakt_core::scope::ScopeName;
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
