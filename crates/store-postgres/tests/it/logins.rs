//! Logins beside administration: they never wait for it.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::login::LoginStore;
use portvakt_core::ports::Store;
use portvakt_store_conformance::login::moved;
use tokio::time::timeout;

use crate::place::{Database, organization};

/// A unit of work holds up every other one in the database, for as long as it lives. Whatever a login
/// does, it does meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_for_no_unit_of_work() {
    let database = Database::new();
    let store = database.store().await;
    let mut unit = store.begin().await.unwrap();
    unit.save_organization(&organization()).await.unwrap();
    let logins: Arc<dyn LoginStore> = store.clone();
    let login = async {
        moved::every_kind(&logins).await?;
        moved::moved(&logins).await
    };
    let done = timeout(Duration::from_mins(1), login).await;
    done.expect("the unit still lives").unwrap();
    unit.commit().await.unwrap();
}

/// And it is no change of the registry: nobody's copies are dropped for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_no_revision() {
    let database = Database::new();
    let store = database.store().await;
    let before = store.revision().await.unwrap();
    let logins: Arc<dyn LoginStore> = store.clone();
    moved::every_kind(&logins).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), before);
}
