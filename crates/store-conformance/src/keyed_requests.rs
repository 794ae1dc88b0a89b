//! Requests that are remembered by their idempotency keys.

use portvakt_core::idempotency::{Fingerprint, IdempotencyKey, RememberedRequest};
use portvakt_core::ports::{Listing, StorageError};
use tokio::task::JoinSet;

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, at, client, client_id, orgno};
use crate::{Outcome, StoreFactory};

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("a sample is a key")
}

fn request(client: &str, keep_until: i64) -> RememberedRequest {
    RememberedRequest {
        fingerprint: Fingerprint::of(client.as_bytes()),
        client_id: client_id(client),
        keep_until: at(keep_until),
    }
}

/// What it was, what it made and how long it is kept come back.
pub async fn finds_a_request_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let saved = request("a", 1_700_000_000_123);
    commit!(
        store,
        save_client(&client("a")),
        save_request(orgno(FIRST), &key("k"), &saved, at(1))
    );
    let found = read!(store, find_request(orgno(FIRST), &key("k")));
    assert_eq!(found, Some(saved));
    assert_eq!(read!(store, find_request(orgno(FIRST), &key("K"))), None);
    Ok(())
}

/// The same key of another organization is another key.
pub async fn a_key_is_one_organizations(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (one, other) = (request("a", 10), request("b", 10));
    commit!(
        store,
        save_client(&client("a")),
        save_client(&client("b")),
        save_request(orgno(FIRST), &key("k"), &one, at(1)),
    );
    assert_eq!(read!(store, find_request(orgno(SECOND), &key("k"))), None);
    commit!(store, save_request(orgno(SECOND), &key("k"), &other, at(1)));
    let found = read!(store, find_request(orgno(FIRST), &key("k")));
    assert_eq!(found, Some(one));
    let found = read!(store, find_request(orgno(SECOND), &key("k")));
    assert_eq!(found, Some(other));
    Ok(())
}

/// Nothing of the second transaction is kept.
pub async fn a_key_in_use_is_refused_and_forbids_the_commit(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let saved = request("a", 10);
    commit!(
        store,
        save_client(&client("a")),
        save_request(orgno(FIRST), &key("k"), &saved, at(1))
    );
    let mut unit = store.begin().await?;
    unit.save_client(&client("b")).await?;
    let again = request("b", 20);
    let refused = unit
        .save_request(orgno(FIRST), &key("k"), &again, at(9))
        .await;
    assert!(
        matches!(refused, Err(StorageError::Refused(_))),
        "{refused:?}"
    );
    assert!(unit.commit().await.is_err());
    assert_eq!(read!(store, find_client(&client_id("b"))), None);
    let found = read!(store, find_request(orgno(FIRST), &key("k")));
    assert_eq!(found, Some(saved));
    Ok(())
}

/// From the instant at which it is forgotten, removed or not.
pub async fn a_key_that_has_expired_is_used_again(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let again = request("b", 20);
    commit!(
        store,
        save_client(&client("a")),
        save_client(&client("b")),
        save_request(orgno(FIRST), &key("k"), &request("a", 10), at(1)),
    );
    commit!(store, save_request(orgno(FIRST), &key("k"), &again, at(10)));
    let found = read!(store, find_request(orgno(FIRST), &key("k")));
    assert_eq!(found, Some(again));
    Ok(())
}

/// But it is kept.
pub async fn a_remembered_request_is_no_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let revision = commit!(store, save_client(&client("a")));
    let remembered = commit!(
        store,
        save_request(orgno(FIRST), &key("k"), &request("a", 10), at(1))
    );
    let forgotten = commit!(store, remove_expired_requests(at(10)));
    assert_eq!([remembered, forgotten], [revision; 2]);
    assert_eq!(store.revision().await?, revision);
    assert_eq!(read!(store, find_request(orgno(FIRST), &key("k"))), None);
    Ok(())
}

/// However many there are.
pub async fn removing_forgets_what_has_expired_alone(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_client(&client("a")).await?;
    for number in 0..1001 {
        let key = key(&format!("expired-{number}"));
        let expired = request("a", 10);
        unit.save_request(orgno(FIRST), &key, &expired, at(1))
            .await?;
    }
    let kept = request("a", 11);
    unit.save_request(orgno(FIRST), &key("kept"), &kept, at(1))
        .await?;
    unit.commit().await?;
    let removed = portvakt_core::idempotency::remove_expired(&*store, at(10)).await?;
    assert_eq!(removed, 1001);
    let found = read!(store, find_request(orgno(FIRST), &key("kept")));
    assert_eq!(found, Some(kept));
    let removed = portvakt_core::idempotency::remove_expired(&*store, at(10)).await?;
    assert_eq!(removed, 0);
    Ok(())
}

/// Each makes a client unless the key tells it that another did, in one transaction.
pub async fn of_many_writers_under_one_key_one_makes_something(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let mut writers = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            let id = number.to_string();
            let mut unit = store.begin().await?;
            if unit.find_request(orgno(FIRST), &key("k")).await?.is_none() {
                unit.save_client(&client(&id)).await?;
                unit.save_request(orgno(FIRST), &key("k"), &request(&id, 10), at(1))
                    .await?;
            }
            unit.commit().await.map(|_| ())
        });
    }
    while let Some(joined) = writers.join_next().await {
        joined.expect("a writer does not panic")?;
    }
    let clients = read!(store, list_clients(None, Listing::All));
    assert_eq!(clients.len(), 1);
    let found = read!(store, find_request(orgno(FIRST), &key("k")));
    let found = found.map(|request| request.client_id);
    assert_eq!(found.as_ref(), Some(&clients[0].client_id));
    Ok(())
}
