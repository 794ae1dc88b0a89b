//! What the database holds, read past the nodes.

use std::sync::Arc;

use portvakt_core::audit::{AuditFilter, Checkpoints, StoredEntry, verify};
use portvakt_core::ports::{Listing, Store};
use portvakt_core::signing::SigningKeyState;
use portvakt_store_postgres::PostgresStore;
use portvakt_store_sqlite::SqliteStore;

use crate::cluster::Cluster;

/// A store of the test's own on the cluster's database.
pub(crate) struct Records(Arc<dyn Store>);

impl Records {
    pub(crate) async fn of(cluster: &Cluster) -> Self {
        let database = cluster.database();
        Self(match database.strip_prefix("sqlite:") {
            Some(file) => Arc::new(SqliteStore::open(file).await.unwrap()),
            None => Arc::new(
                PostgresStore::open(&database.parse().unwrap())
                    .await
                    .unwrap(),
            ),
        })
    }

    /// The numbers of all organizations.
    pub(crate) async fn organizations(&self) -> Vec<String> {
        let mut unit = self.0.read().await.unwrap();
        let organizations = unit.list_organizations(Listing::All).await.unwrap();
        organizations
            .iter()
            .map(|it| it.orgno.to_string())
            .collect()
    }

    /// How many signing keys there are in each state of those that are published.
    pub(crate) async fn keys(&self) -> (usize, usize, usize) {
        let mut unit = self.0.read().await.unwrap();
        let keys = unit.list_signing_keys("maskinporten").await.unwrap();
        let count = |state| keys.iter().filter(|key| key.state == state).count();
        (
            count(SigningKeyState::Next),
            count(SigningKeyState::Active),
            count(SigningKeyState::Retired),
        )
    }

    /// The entries of the audit log, whose chain is whole.
    pub(crate) async fn audit(&self) -> Vec<StoredEntry> {
        let mut entries: Vec<StoredEntry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.link.sequence);
            let mut unit = self.0.read().await.unwrap();
            let page = unit.list_audit(&AuditFilter::default(), after, 1000).await;
            let page = page.unwrap();
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        verify(&entries, &Checkpoints::default()).unwrap();
        entries
    }
}
