//! Secrets that are made once.

use portvakt_core::Timestamp;
use portvakt_core::ports::StorageError;

use crate::fault::storage_error;
use crate::store::SqliteStore;

pub(super) async fn keep(
    store: &SqliteStore,
    name: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, StorageError> {
    let mut transaction = store.begin_write().await?;
    let created = now.milliseconds();
    let keep = sqlx::query!(
        "INSERT INTO login_secrets (name, sealed, created) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO NOTHING",
        name,
        sealed,
        created
    );
    keep.execute(&mut *transaction)
        .await
        .map_err(storage_error)?;
    let kept = sqlx::query_scalar!("SELECT sealed FROM login_secrets WHERE name = $1", name)
        .fetch_one(&mut *transaction)
        .await
        .map_err(storage_error)?;
    transaction.commit().await.map_err(storage_error)?;
    Ok(kept)
}

pub(super) async fn find(store: &SqliteStore, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
    sqlx::query_scalar!("SELECT sealed FROM login_secrets WHERE name = $1", name)
        .fetch_optional(&store.readers)
        .await
        .map_err(storage_error)
}

pub(super) async fn reseal(
    store: &SqliteStore,
    name: &str,
    former: &[u8],
    sealed: &[u8],
) -> Result<bool, StorageError> {
    let reseal = sqlx::query!(
        "UPDATE login_secrets SET sealed = $1 WHERE name = $2 AND sealed = $3",
        sealed,
        name,
        former
    );
    let resealed = reseal.execute(&store.writer).await.map_err(storage_error)?;
    Ok(resealed.rows_affected() == 1)
}
