//! The server's signing keys: found in the store or made at the first start, and rotated by hand.
//!
//! Private keys are in the store as they are. A development folder is readable for its owner alone
//! and its keys are worth nothing outside it; encryption at rest belongs to the production server,
//! which has somewhere to keep the key that encrypts.

use std::sync::Arc;

use anyhow::Context;
use portvakt_core::audit::{Act, Actor, Channel, Recorded};
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::signing::{
    KeyRing, KeySource, OpenKey, PlainKeys, SigningKeyRecord, SigningKeyState,
    SigningKeys as SharedKeys, certificate, generate,
};
use portvakt_core::{Clock, Timestamp};
use portvakt_jose::{Algorithm, RsaBits};
use serde::Serialize;
use tokio::sync::Mutex;

use super::clock::DevClock;
use crate::recorded::begin_as_server;

/// The surface of machines.
pub(crate) const MASKINPORTEN: &str = "maskinporten";

/// The host of every issuer of a development server.
const HOST: &str = "localhost";

/// Most keys that stay published, so that rotating a thousand times leaves a document that
/// verifiers still accept. The oldest go first.
const MOST_PUBLISHED: usize = 10;

/// The keys of one surface.
pub(crate) struct SigningKeys {
    surface: &'static str,
    shared: Arc<SharedKeys>,
    store: Arc<dyn Store>,
    clock: Arc<DevClock>,
    /// Held from reading the keys until the new ring is in use: rotations take turns.
    turn: Mutex<()>,
}

/// What came of a rotation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rotation {
    /// Key id of the key that signs from now on.
    active: String,
    /// Key ids of the keys that only verify.
    retired: Vec<String>,
}

impl SigningKeys {
    /// The keys of the store; a first one is made when it has none.
    pub(crate) async fn open(
        surface: &'static str,
        store: Arc<dyn Store>,
        clock: Arc<DevClock>,
    ) -> anyhow::Result<Self> {
        let mut records = store.read().await?.list_signing_keys(surface).await?;
        if !records.iter().any(is_active) {
            // Made before the transaction begins: nobody waits for a slow machine's key.
            let record = make_key(surface, clock.now()).await?;
            let mut unit = begin_as_server(store.as_ref(), clock.now()).await?;
            unit.save_signing_key(&record).await?;
            unit.commit().await?;
            records.push(record);
        }
        certify_former(store.as_ref(), &mut records, clock.now()).await?;
        let ring = KeyRing::from_records(&records).context("read the signing keys")?;
        Ok(Self {
            surface,
            shared: Arc::new(SharedKeys::new(ring)),
            store,
            clock,
            turn: Mutex::new(()),
        })
    }

    /// The ring that tokens are signed with.
    pub(crate) fn shared(&self) -> &Arc<SharedKeys> {
        &self.shared
    }

    /// Signs with a new key from now on. The old one stays published, so that its tokens verify.
    ///
    /// It runs to its end even when the caller goes away.
    pub(crate) async fn rotate(self: &Arc<Self>) -> anyhow::Result<Rotation> {
        self.rotate_as(None).await
    }

    /// As [`SigningKeys::rotate`], as somebody's act rather than the server's own.
    pub(crate) async fn rotate_as(self: &Arc<Self>, act: Option<Act>) -> anyhow::Result<Rotation> {
        let keys = Arc::clone(self);
        tokio::spawn(async move { keys.rotate_in_turn(act).await })
            .await
            .context("rotate the signing keys")?
    }

    async fn rotate_in_turn(&self, act: Option<Act>) -> anyhow::Result<Rotation> {
        let _turn = self.turn.lock().await;
        let now = self.clock.now();
        let key = make_key(self.surface, now).await?;
        let own = || Act {
            actor: Actor::new(Channel::Server),
            at: now,
            request_id: None,
        };
        let act = act.unwrap_or_else(own);
        let mut unit = Recorded::begin(self.store.as_ref(), act).await?;
        let mut records = unit.list_signing_keys(self.surface).await?;
        retire(unit.as_mut(), &mut records, now).await?;
        unit.save_signing_key(&key).await?;
        unit.commit().await?;
        records.push(key);
        let ring = KeyRing::from_records(&records).context("use the new signing keys")?;
        let active = ring.active_kid().to_owned();
        let published = ring.published().keys();
        let retired = published
            .iter()
            .map(|key| key.key_id().to_owned())
            .filter(|kid| *kid != active)
            .collect();
        self.shared.replace(ring);
        tracing::info!(kid = active, "signing keys rotated");
        Ok(Rotation { active, retired })
    }
}

fn is_active(record: &SigningKeyRecord) -> bool {
    record.state == SigningKeyState::Active
}

/// Retires the active key, and lets the oldest retired ones go where there are too many.
async fn retire(
    unit: &mut dyn UnitOfWork,
    records: &mut [SigningKeyRecord],
    now: Timestamp,
) -> anyhow::Result<()> {
    let kept = records
        .iter()
        .filter(|record| record.state != SigningKeyState::Gone);
    let mut surplus = (kept.count() + 1).saturating_sub(MOST_PUBLISHED);
    records.sort_by_key(|record| record.last_updated);
    for record in records {
        match record.state {
            SigningKeyState::Retired if surplus > 0 => {
                surplus -= 1;
                record.state = SigningKeyState::Gone;
                record.private_key = Vec::new();
                record.certificate = None;
            }
            SigningKeyState::Active => record.state = SigningKeyState::Retired,
            SigningKeyState::Next | SigningKeyState::Retired | SigningKeyState::Gone => continue,
        }
        record.last_updated = now;
        unit.save_signing_key(record).await?;
    }
    Ok(())
}

/// Making an RSA key takes a processor for a noticeable while.
async fn make_key(surface: &'static str, now: Timestamp) -> anyhow::Result<SigningKeyRecord> {
    let state = SigningKeyState::Active;
    let made = tokio::task::spawn_blocking(move || {
        generate(surface, Algorithm::Rs256, RsaBits::B2048, state, now)
    })
    .await
    .context("make a signing key")?;
    let mut record = made.context("make a signing key")?;
    certify(&mut record).await?;
    Ok(record)
}

async fn certify(record: &mut SigningKeyRecord) -> anyhow::Result<()> {
    if let OpenKey::Signs(signer) = PlainKeys.open(record)? {
        record.certificate = Some(certificate(&signer, HOST, record.created).await?);
    }
    Ok(())
}

/// Gives a key that an older version made its certificate.
async fn certify_former(
    store: &dyn Store,
    records: &mut [SigningKeyRecord],
    now: Timestamp,
) -> anyhow::Result<()> {
    if !records.iter().any(SigningKeyRecord::lacks_certificate) {
        return Ok(());
    }
    let mut unit = begin_as_server(store, now).await?;
    for record in records
        .iter_mut()
        .filter(|record| record.lacks_certificate())
    {
        certify(record).await?;
        unit.save_signing_key(record).await?;
    }
    unit.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use portvakt_store_sqlite::SqliteStore;

    use super::*;

    async fn open(folder: &tempfile::TempDir) -> Arc<SigningKeys> {
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let keys = SigningKeys::open(MASKINPORTEN, Arc::new(store), Arc::default()).await;
        Arc::new(keys.unwrap())
    }

    #[tokio::test]
    async fn the_first_key_is_kept_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(&folder).await.shared.current();
        let again = open(&folder).await.shared.current();
        assert_eq!(first.active_kid(), again.active_kid());
    }

    #[tokio::test]
    async fn a_key_without_a_certificate_gets_one_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let keys = open(&folder).await;
        let first = keys.shared.current().document().json.clone();
        assert!(first.contains("x5c"));
        let mut unit = keys.store.begin().await.unwrap();
        let mut records = unit.list_signing_keys(MASKINPORTEN).await.unwrap();
        records[0].certificate = None;
        unit.save_signing_key(&records[0]).await.unwrap();
        unit.commit().await.unwrap();
        // RSASSA-PKCS1-v1_5 has one signature for one text.
        assert_eq!(open(&folder).await.shared.current().document().json, first);
    }

    #[tokio::test]
    async fn however_often_keys_rotate_few_are_published_and_the_last_survive() {
        let folder = tempfile::tempdir().unwrap();
        let keys = open(&folder).await;
        let mut order = vec![keys.shared.current().active_kid().to_owned()];
        for second in 1..=11 {
            let motion = Some(super::super::clock::Motion::By(second));
            keys.clock.change(super::super::clock::ClockChange {
                motion,
                frozen: None,
            });
            order.push(keys.rotate().await.unwrap().active);
        }
        let reopened = open(&folder).await.shared.current();
        let published: Vec<_> = reopened
            .published()
            .keys()
            .iter()
            .map(|key| key.key_id().to_owned())
            .collect();
        assert_eq!(published, order[2..]);
        assert_eq!(reopened.active_kid(), order[11]);
    }
}
