//! Secrets that are made once.

use portvakt_core::Timestamp;
use portvakt_core::ports::StorageError;

use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

pub(super) async fn keep(
    store: &PostgresStore,
    name: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, StorageError> {
    let mut transaction = store.begin_login().await?;
    let created = now.milliseconds();
    let keep = sqlx::query!(
        "INSERT INTO login_secrets (name, sealed, created) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO NOTHING",
        name,
        sealed,
        created
    );
    answered(keep.execute(&mut *transaction)).await?;
    // A statement of its own, so that it sees what another node has committed meanwhile.
    let kept = sqlx::query_scalar!("SELECT sealed FROM login_secrets WHERE name = $1", name);
    let kept = answered(kept.fetch_one(&mut *transaction)).await?;
    answered(transaction.commit()).await?;
    Ok(kept)
}

pub(super) async fn find(
    store: &PostgresStore,
    name: &str,
) -> Result<Option<Vec<u8>>, StorageError> {
    let find = sqlx::query_scalar!("SELECT sealed FROM login_secrets WHERE name = $1", name);
    answered_soon(find.fetch_optional(&store.readers)).await
}

pub(super) async fn reseal(
    store: &PostgresStore,
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
    let resealed = answered(reseal.execute(&store.logins)).await?;
    Ok(resealed.rows_affected() == 1)
}
