//! The key of pairwise subjects: made once, sealed under the key-encryption key, never changed.

use anyhow::{Context, bail};
use portvakt_core::login::LoginStore;
use portvakt_core::login::subject::PairwiseKey;
use portvakt_core::signing::{KeySourceError, SealedKeys};
use portvakt_core::{SystemEntropy, Timestamp};
use zeroize::Zeroizing;

const NAME: &str = PairwiseKey::SECRET_NAME;

/// The key of a store. A store without one gets it; one whose key cannot be opened is refused, and
/// nothing is made or changed: every relying party knows people by it.
pub(crate) async fn pairwise_key(
    store: &dyn LoginStore,
    sealing: &SealedKeys,
    now: Timestamp,
) -> anyhow::Result<PairwiseKey> {
    let kept = if let Some(kept) = store.find_secret(NAME).await? {
        kept
    } else {
        let new = PairwiseKey::generate(&SystemEntropy)?;
        let sealed = sealing.seal_secret(NAME, Zeroizing::new(new.expose().to_vec()))?;
        // Another node may have been faster; then its key counts.
        store.keep_secret(NAME, &sealed, now).await?
    };
    opened(sealing, &kept).context("open the key of pairwise subjects")
}

fn opened(sealing: &SealedKeys, kept: &[u8]) -> anyhow::Result<PairwiseKey> {
    let bytes = match sealing.open_secret(NAME, kept) {
        Err(error @ KeySourceError::NotSealed) => {
            bail!("{error}: `portvakt key reseal --to FILE` seals it")
        }
        opened => opened?,
    };
    PairwiseKey::from_bytes(&bytes).context("it is damaged")
}

/// Seals the key under the present key-encryption key, if there is one and it is not. Says whether it
/// did.
pub(crate) async fn reseal_pairwise_key(
    store: &dyn LoginStore,
    sealing: &SealedKeys,
) -> anyhow::Result<bool> {
    let Some(kept) = store.find_secret(NAME).await? else {
        return Ok(false);
    };
    let is_current = sealing.is_current_secret(&kept);
    if is_current.context("open the key of pairwise subjects")? {
        return Ok(false);
    }
    // One that was kept as it is has the length of a key, which nothing that is sealed has.
    let bytes = if kept.len() == PairwiseKey::LENGTH {
        Zeroizing::new(kept.clone())
    } else {
        let opened = sealing.open_secret(NAME, &kept);
        opened.context("open the key of pairwise subjects")?
    };
    let sealed = sealing.seal_secret(NAME, bytes)?;
    let resealed = store.reseal_secret(NAME, &kept, &sealed).await?;
    anyhow::ensure!(
        resealed,
        "somebody else sealed the key of pairwise subjects at the same time: run this again"
    );
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portvakt_core::signing::KeyEncryptionKey;
    use portvakt_store_sqlite::SqliteStore;

    use super::*;

    fn sealing(first: u8) -> SealedKeys {
        let bytes: Vec<u8> = (first..).take(32).collect();
        let key = KeyEncryptionKey::from_bytes(&bytes).unwrap();
        SealedKeys::new(key, Arc::new(SystemEntropy))
    }

    async fn store(folder: &tempfile::TempDir) -> SqliteStore {
        let store = SqliteStore::open(folder.path().join("test.db")).await;
        store.unwrap()
    }

    #[tokio::test]
    async fn the_first_key_stays_and_opens_under_its_own_seal_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let now = Timestamp::from_seconds(1);
        let first = pairwise_key(&store, &sealing(1), now).await.unwrap();
        let again = pairwise_key(&store, &sealing(1), now).await.unwrap();
        assert_eq!(first.expose(), again.expose());
        let kept = store.find_secret(NAME).await.unwrap().unwrap();
        assert!(kept.windows(32).all(|part| part != first.expose()));
        let refused = pairwise_key(&store, &sealing(2), now).await.unwrap_err();
        assert!(format!("{refused:#}").contains("is not configured"));
        assert_eq!(store.find_secret(NAME).await.unwrap(), Some(kept));
    }

    /// A node that is one release behind the one that sealed it.
    #[tokio::test]
    async fn a_key_in_the_form_of_a_later_version_is_neither_opened_nor_sealed_nor_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let now = Timestamp::from_seconds(1);
        let later = br#"{"version":2,"recipients":[]}"#;
        store.keep_secret(NAME, later, now).await.unwrap();
        let opened = pairwise_key(&store, &sealing(1), now).await.map(drop);
        let resealed = reseal_pairwise_key(&store, &sealing(1)).await.map(drop);
        for refused in [opened, resealed] {
            let error = format!("{:#}", refused.unwrap_err());
            assert!(error.contains("start the version that wrote it"), "{error}");
            assert!(!error.contains("portvakt key reseal"), "{error}");
        }
        let kept = store.find_secret(NAME).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&later[..]));
    }

    /// As a development server keeps it.
    #[tokio::test]
    async fn a_key_that_was_kept_as_it_is_opens_once_it_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let now = Timestamp::from_seconds(1);
        assert!(!reseal_pairwise_key(&store, &sealing(1)).await.unwrap());
        let plain = PairwiseKey::generate(&SystemEntropy).unwrap();
        store.keep_secret(NAME, plain.expose(), now).await.unwrap();
        let refused = pairwise_key(&store, &sealing(1), now).await.unwrap_err();
        assert!(format!("{refused:#}").contains("portvakt key reseal"));
        assert!(reseal_pairwise_key(&store, &sealing(1)).await.unwrap());
        assert!(!reseal_pairwise_key(&store, &sealing(1)).await.unwrap());
        let opened = pairwise_key(&store, &sealing(1), now).await.unwrap();
        assert_eq!(opened.expose(), plain.expose());
    }
}
