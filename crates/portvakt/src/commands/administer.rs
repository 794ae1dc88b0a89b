//! What every operator act has in common: the store, the moment, one unit of work.

use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::{Clock, SystemClock, Timestamp};
use portvakt_store_sqlite::SqliteStore;

use crate::data_dir::DataDirArgs;

/// Does one act in one unit of work on a registry that exists, and commits it.
pub(crate) async fn write<T>(
    data_dir: &DataDirArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = data_dir.data_dir().open_store().await?;
    let result = act_and_commit(&store, act).await;
    store.close().await;
    result
}

/// As [`write()`]; a registry that does not exist is made first, with what every registry has.
pub(crate) async fn write_new<T>(
    data_dir: &DataDirArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = data_dir.data_dir();
    folder.create()?;
    let store = SqliteStore::open(folder.database()).await?;
    let result = bootstrap_and_act(&store, act).await;
    store.close().await;
    result
}

/// Reads from a registry that exists.
pub(crate) async fn read<T>(
    data_dir: &DataDirArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = data_dir.data_dir().open_store().await?;
    let mut unit = store.read().await?;
    let result = act(unit.as_mut()).await;
    drop(unit);
    store.close().await;
    result
}

/// In two units: what every registry has stays there when the act fails.
async fn bootstrap_and_act<T>(
    store: &SqliteStore,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let operator = OperatorOrganization::default();
    act_and_commit(store, async |unit, now| {
        Ok(bootstrap(unit, &operator, now).await?)
    })
    .await?;
    act_and_commit(store, act).await
}

/// An act that fails is undone as a whole: its unit is dropped without a commit.
async fn act_and_commit<T>(
    store: &SqliteStore,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut unit = store.begin().await?;
    let result = act(unit.as_mut(), SystemClock.now()).await?;
    unit.commit().await?;
    Ok(result)
}
