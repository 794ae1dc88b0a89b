//! What every operator act has in common: the store, the moment, one unit of work, the audit log.

use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::audit::{Actor, Channel};
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::{Clock, SystemClock, Timestamp};

use crate::database::{DatabaseArgs, OpenStore};
use crate::recorded;

/// More characters than an account's name has.
const LONGEST_USER_NAME: usize = 64;

/// Does one act in one unit of work on a registry that exists, and commits it.
pub(crate) async fn write<T>(
    database: &DatabaseArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = database.open().await?;
    let result = write_to(&store, act).await;
    store.close().await;
    result
}

/// As [`write()`], on a store that is open.
pub(crate) async fn write_to<T>(
    store: &OpenStore,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    act_and_commit(store.shared().as_ref(), operator(), act).await
}

/// As [`write()`]; a registry that does not exist is made first, with what every registry has.
pub(crate) async fn write_new<T>(
    database: &DatabaseArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let registry = database.registry()?;
    let organization = registry.operator()?;
    let store = registry.open_or_make().await?;
    let result = bootstrap_and_act(store.shared().as_ref(), &organization, act).await;
    store.close().await;
    result
}

/// Reads from a registry that exists.
pub(crate) async fn read<T>(
    database: &DatabaseArgs,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = database.open().await?;
    let result = read_from(store.shared().as_ref(), act).await;
    store.close().await;
    result
}

async fn read_from<T>(
    store: &dyn Store,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut unit = store.read().await?;
    act(unit.as_mut()).await
}

/// In two units: what every registry has stays there when the act fails.
async fn bootstrap_and_act<T>(
    store: &dyn Store,
    organization: &OperatorOrganization,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    act_and_commit(store, Actor::new(Channel::Server), async |unit, now| {
        Ok(bootstrap(unit, organization, now).await?)
    })
    .await?;
    act_and_commit(store, operator(), act).await
}

/// An act that fails is undone as a whole: its unit is dropped without a commit.
async fn act_and_commit<T>(
    store: &dyn Store,
    actor: Actor,
    act: impl AsyncFnOnce(&mut dyn UnitOfWork, Timestamp) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let now = SystemClock.now();
    let mut unit = recorded::begin(store, actor, now).await?;
    let result = act(unit.as_mut(), now).await?;
    unit.commit().await?;
    Ok(result)
}

/// Whoever runs this command, by the name that the environment has for them.
pub(crate) fn operator() -> Actor {
    let name = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|variable| std::env::var(variable).ok().filter(|name| !name.is_empty()));
    let readable = |name: String| {
        let characters = name.chars().filter(|character| !character.is_control());
        characters.take(LONGEST_USER_NAME).collect()
    };
    Actor {
        user: name.map(readable),
        ..Actor::new(Channel::CommandLine)
    }
}
