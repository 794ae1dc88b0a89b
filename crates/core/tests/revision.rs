//! Waiting for a revision: bounded, and over as soon as it is there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::time::Duration;

use portvakt_core::Timestamp;
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::revision::{WaitError, wait_for};
use portvakt_store_sqlite::SqliteStore;

async fn store(folder: &tempfile::TempDir) -> SqliteStore {
    let store = SqliteStore::open(folder.path().join("test.db")).await;
    store.unwrap()
}

async fn change(store: &SqliteStore) -> Revision {
    let mut unit = store.begin().await.unwrap();
    let now = Timestamp::from_seconds(1);
    let organization = Organization {
        orgno: OrgNumber::parse("310420107").unwrap(),
        name: "Fjordetaten".to_owned(),
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_organization(&organization).await.unwrap();
    unit.commit().await.unwrap()
}

#[tokio::test]
async fn what_is_there_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let written = change(&store).await;
    for wanted in [Revision(0), written] {
        let reached = wait_for(&store, wanted, async |_| panic!("no need to wait")).await;
        assert_eq!(reached.unwrap(), written);
    }
}

#[tokio::test]
async fn what_comes_meanwhile_ends_the_wait() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let pauses = RefCell::new(0);
    let pause = async |_: Duration| {
        *pauses.borrow_mut() += 1;
        if *pauses.borrow() == 3 {
            change(&store).await;
        }
    };
    let wanted = Revision(store.revision().await.unwrap().0 + 1);
    assert_eq!(wait_for(&store, wanted, pause).await.unwrap(), wanted);
    assert_eq!(*pauses.borrow(), 3);
}

#[tokio::test]
async fn what_does_not_come_is_given_up_after_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let waited = RefCell::new(Duration::ZERO);
    let pause = async |duration| *waited.borrow_mut() += duration;
    let error = wait_for(&store, Revision(u64::MAX), pause).await;
    assert!(matches!(
        error.unwrap_err(),
        WaitError::NotReached {
            wanted: u64::MAX,
            present: 0
        }
    ));
    assert_eq!(waited.into_inner(), Duration::from_secs(2));
}
